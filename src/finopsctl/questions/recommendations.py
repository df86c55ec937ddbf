"""What recommendations are asked: workloads, thresholds, prices, and what other analyses show of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.analyses.budget import status
from finopsctl.analyses.price_audit import audit
from finopsctl.analyses.whatif import Prices
from finopsctl.books import PeriodWish
from finopsctl.books.books import refuse_nothing
from finopsctl.books.prices import Pricer
from finopsctl.errors import ConfigError
from finopsctl.metrics.budget_choice import chosen
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.dimensions import parse
from finopsctl.metrics.kpi import RangeScale, configured
from finopsctl.pricing.currency import ExchangeRate
from finopsctl.questions.caching import at_our_prices, savings_of
from finopsctl.questions.limits import budget_question, budgets_of, kpi_settings_of, rate_of_own, seen_until
from finopsctl.questions.spans import span_covered
from finopsctl.recommendations.question import RecommendQuestion, Shown
from finopsctl.recommendations.recommend import recommend

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from finopsctl.analyses.budget import BudgetStanding
    from finopsctl.analyses.caching import CacheSavings
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.metrics.dimensions import Dimension
    from finopsctl.recommendations.question import Thresholds
    from finopsctl.recommendations.result import Recommendations

_WORKLOAD = ("team", "feature")


def recommendations_of(
    books: Books, settings: Settings, floor: Decimal | None, words: Mapping[str, tuple[str, ...]]
) -> Recommendations:
    """Answer from opened books and settings.

    Args:
        books: The open books.
        settings: Dimensions, thresholds, budgets.
        floor: Instead of the configured one; None: that.
        words: What the commands it names repeat of the command line: ``read`` (inputs and how they are priced),
            ``period``, and ``scenarios`` (the file that all changes together are written to).

    Raises:
        ConfigError: When the reported cost is asked for.
    """
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
        scenario_file=next(iter(words.get("scenarios", ())), None),
    )
    shown = Shown(_cache(books, settings, by), audit(books.ledger, request.basis), _standing(books, settings))
    return recommend(books.ledger, question, shown)


def _as_of(books: Books, words: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the end of the period for commands about budgets, which have periods of their own."""
    return ("--as-of", seen_until(books).isoformat()) if words["period"] else ()


def _prices(books: Books) -> Prices:
    pricer = Pricer.of(books.request)
    return Prices(pricer.resolver, pricer.price_at, pricer.contracts)


def _thresholds(books: Books, settings: Settings, floor: Decimal | None) -> Thresholds:
    """Return the thresholds, those in money in the report's currency."""
    found = settings.recommend.thresholds()
    if settings.own_currency != books.request.currency:
        rate = rate_of_own(books, settings)
        each = found.cost_per_request * float(rate)
        found = replace(found, floor=found.floor * rate, cost_per_request=each)
    return found if floor is None else replace(found, floor=floor)


def _output_ratios(books: Books, settings: Settings) -> dict[str, float]:
    """Return the highest expected output per input token of each feature (glob) that has a class."""
    scale = next(k.scale for k in configured(KPIS, kpi_settings_of(books, settings)) if k.name == "token_ratio")
    if not isinstance(scale, RangeScale):
        return {}
    highest = {glob: scale.ranges[name][1] for glob, name in settings.workloads.items() if name in scale.ranges}
    return {glob: most for glob, most in highest.items() if most is not None}


def _cache(books: Books, settings: Settings, by: tuple[Dimension, ...]) -> CacheSavings:
    """Return what caches saved by workload, provider and model."""
    names = [d.name for d in by]
    dims = (*names, *(name for name in ("provider", "model") if name not in names))
    return savings_of(at_our_prices(books, settings), replace(settings, by=dims))


def _standing(books: Books, settings: Settings) -> BudgetStanding | None:
    """Return where budgets stand at the end of the period; None where there are none to speak of."""
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
