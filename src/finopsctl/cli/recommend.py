"""``finopsctl recommend``: what to do about the bill, ranked by money."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finopsctl.cli.options import By, Common, Top
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from decimal import Decimal

    from finopsctl.analyses.budget import BudgetStanding
    from finopsctl.analyses.caching import CacheSavings
    from finopsctl.analyses.whatif import Prices
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.metrics.dimensions import Dimension
    from finopsctl.recommendations.question import Thresholds
    from finopsctl.recommendations.result import Recommendations

EXAMPLES = """Examples:

  finopsctl recommend sample_data --floor 1

  finopsctl recommend sample_data --month 2026-10 --floor 1 --by team --top 5 -f md
"""

_READING = ("source", "map", "keys", "redact", "litellm_config", "config")
_PERIOD = ("since", "until", "month", "quarter", "last", "as_of")
_MONEY = ("tz", "cost_basis", "prices", "contracts", "budgets", "currency")
_WORKLOAD = ("team", "feature")

Floor = Annotated[
    str | None,
    typer.Option(
        "--floor",
        metavar="AMOUNT",
        help="Leave workloads alone that cost less in 30 days. Default: 500.",
        show_default=False,
    ),
]


def recommend(common: Common, *, by: By = None, top: Top = None, floor: Floor = None) -> None:
    """List what to do about the bill, the largest monthly saving first, each with the command that shows its figure.

    A workload is a team's feature unless --by says otherwise. Savings that meet are counted once in the total.
    """
    from finopsctl.cli.amounts import amount
    from finopsctl.cli.run import answer

    least = None if floor is None else amount("--floor", floor)
    if common.price_date is not None:
        raise ConfigError(
            "recommendations price each record at its own day, as the commands they name do",
            "Leave --price-date out; `finopsctl whatif --price-date` shows what other prices do.",
        )

    def analyse(books: Books, settings: Settings) -> Recommendations:
        return recommendations_of(books, settings, least, words_of(common))

    answer(common, analyse, by=by, top=top)


def recommendations_of(
    books: Books, settings: Settings, floor: Decimal | None, words: dict[str, tuple[str, ...]]
) -> Recommendations:
    """Answer from opened books and settings.

    Args:
        books: The open books.
        settings: Dimensions, thresholds, budgets.
        floor: Instead of the configured one; None: that.
        words: Of :func:`words_of`.

    Raises:
        ConfigError: When the reported cost is asked for.
    """
    from finopsctl.analyses.price_audit import audit
    from finopsctl.books.books import refuse_nothing
    from finopsctl.cli.questions import span_covered
    from finopsctl.metrics.dimensions import parse
    from finopsctl.pricing.currency import ExchangeRate
    from finopsctl.recommendations.question import RecommendQuestion, Shown
    from finopsctl.recommendations.recommend import recommend as recommended

    if settings.cost_basis == "reported":
        raise ConfigError(
            "savings are worked out from prices, which no source reports", "Use --cost-basis effective or list."
        )
    refuse_nothing(books)
    by = parse(settings.by or _WORKLOAD, settings.fiscal_year_start)
    request = books.request
    # Filters of the configuration, too: one on the command line takes their place.
    read = (*words["read"], *(word for text in settings.where for word in ("--where", text)))
    question = RecommendQuestion(
        by=by,
        prices=_prices(books),
        thresholds=_thresholds(books, settings, floor),
        output_ratios=_output_ratios(books, settings),
        lookup=settings.lookup_cost,
        lookup_on_all=settings.lookup_on == "all",
        span=span_covered(books),
        timezone=settings.tz,
        first_month=settings.fiscal_year_start,
        basis="list" if request.cost_basis == "list" else "effective",
        cost_basis=request.basis,
        currency=request.currency,
        rates=tuple(ExchangeRate(*entry) for entry in request.exchange_rates),
        top=settings.top,
        words=(*read, *words["period"]),
        budget_words=(*read, *_as_of(books, words)),
    )
    shown = Shown(_cache(books, settings, by), audit(books.ledger, request.basis), _standing(books, settings))
    return recommended(books.ledger, question, shown)


def words_of(common: Common) -> dict[str, tuple[str, ...]]:
    """Return the inputs and shared options as typed but for filters: ``read`` (what, in which money) and ``period``."""
    found: dict[str, list[str]] = {"read": list(common.inputs or ()), "period": []}
    for names, part in ((_READING, "read"), (_MONEY, "read"), (_PERIOD, "period")):
        for name in names:
            for value in _listed(getattr(common, name)):
                found[part] += [f"--{name.replace('_', '-')}", str(value)]
    return {part: tuple(words) for part, words in found.items()}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - of any option
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _as_of(books: Books, words: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the end of the period for commands about budgets, which have periods of their own."""
    from finopsctl.cli.limits import seen_until

    return ("--as-of", seen_until(books).isoformat()) if words["period"] else ()


def _prices(books: Books) -> Prices:
    from finopsctl.analyses.whatif import Prices
    from finopsctl.books.prices import Pricer

    pricer = Pricer.of(books.request)
    return Prices(pricer.resolver, pricer.price_at, pricer.contracts)


def _thresholds(books: Books, settings: Settings, floor: Decimal | None) -> Thresholds:
    """Return the thresholds, those in money in the report's currency."""
    from finopsctl.cli.limits import rate_of_own

    found = settings.recommend.thresholds()
    if settings.own_currency != books.request.currency:
        rate = rate_of_own(books, settings)
        each = found.cost_per_request * float(rate)
        found = replace(found, floor=found.floor * rate, cost_per_request=each)
    return found if floor is None else replace(found, floor=floor)


def _output_ratios(books: Books, settings: Settings) -> dict[str, float]:
    """Return the highest expected output per input token of each feature (glob) that has a class."""
    from finopsctl.cli.limits import kpi_settings_of
    from finopsctl.metrics.catalog import KPIS
    from finopsctl.metrics.kpi import RangeScale, configured

    scale = next(k.scale for k in configured(KPIS, kpi_settings_of(books, settings)) if k.name == "token_ratio")
    if not isinstance(scale, RangeScale):
        return {}
    highest = {glob: scale.ranges[name][1] for glob, name in settings.workloads.items() if name in scale.ranges}
    return {glob: most for glob, most in highest.items() if most is not None}


def _cache(books: Books, settings: Settings, by: tuple[Dimension, ...]) -> CacheSavings:
    """Return what caches saved by workload, provider and model."""
    from finopsctl.cli.cache import at_our_prices, savings_of

    names = [d.name for d in by]
    dims = (*names, *(name for name in ("provider", "model") if name not in names))
    return savings_of(at_our_prices(books, settings), replace(settings, by=dims))


def _standing(books: Books, settings: Settings) -> BudgetStanding | None:
    """Return where budgets stand at the end of the period; None where there are none to speak of."""
    from finopsctl.analyses.budget import status
    from finopsctl.books import PeriodWish
    from finopsctl.cli.limits import budget_question, budgets_of, seen_until
    from finopsctl.metrics.budget_choice import chosen

    if books.period is not None:
        at = seen_until(books).isoformat()
        books = replace(books, request=replace(books.request, period=PeriodWish(), as_of=at))
    budgets, _ = budgets_of(books, settings)
    try:
        wanted, partial = chosen(budgets, settings.where)
    except ConfigError:  # the filters ask for a team that has no budget
        return None
    wanted = tuple(budget for budget in wanted if budget.name not in partial)
    if not wanted:
        return None
    return status(books.within(None), budget_question(books, settings, wanted))
