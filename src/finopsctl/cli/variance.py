"""``finopsctl variance``: why spend changed, and how it stands against plan and budget."""

from __future__ import annotations

from calendar import month_name
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common, FailOn, Top
from finopsctl.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from finopsctl.analyses.variance import Bridge, BudgetVariance
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.ledger.period import Period
    from finopsctl.results.finding import Finding

EXAMPLES = """Examples:

  finopsctl variance sample_data --month 2026-10 --by team

  finopsctl variance sample_data --compare budget --budgets sample_data/budgets.toml
"""

_BUDGET = "budget"
Against = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="WHAT",
        help="previous (default), yoy, a period (2026-09, 2026Q2), budget, or a file: other logs or a plan.",
        rich_help_panel="Which period",
        show_default=False,
    ),
]


def variance(common: Common, by: By = None, compare: Against = None, top: Top = None, fail_on: FailOn = None) -> None:
    """Explain the change in spend by effects that add up: volume, mix, tokens, caches, prices, new models."""
    from finopsctl.cli.run import answer

    def analyse(books: Books, settings: Settings) -> Bridge | BudgetVariance:
        what = settings.compare or "previous"
        if what == _BUDGET:
            return _against_budgets(books, settings)
        if fail_on:
            raise ConfigError("a bridge between periods has no grades to fail on", "Add --compare budget.")
        return _bridge(books, settings, what)

    answer(common, analyse, narrowed, by=by, compare=compare, top=top, fail_on=fail_on)


def narrowed(books: Books, settings: Settings) -> Books:
    """Return the books of the last whole month where no period is named.

    Budgets have periods of their own. Compared with a file, a log of less than a month is taken whole.
    """
    if settings.compare == _BUDGET or books.period is not None:
        return books
    from finopsctl.books import PeriodWish

    month = _last_whole_month(books.as_of, settings.tz)
    there = replace(books, request=replace(books.request, period=PeriodWish(month=f"{month.first_day:%Y-%m}")))
    return there if not _is_file(settings.compare) or _holds_rows(there.ledger) else books


def _against_budgets(books: Books, settings: Settings) -> BudgetVariance:
    from finopsctl.analyses.variance import budget_variance
    from finopsctl.metrics.budget_choice import chosen
    from finopsctl.metrics.dimensions import parse

    budgets, partial = chosen(settings.all_budgets(Path()), books.request.where)
    as_of = min(books.as_of, books.period.end) if books.period else books.as_of
    return budget_variance(
        books.within(None),
        budgets,
        as_of,
        partial=partial,
        by=parse(settings.by, settings.fiscal_year_start),
        settings=settings.kpi_settings(),
        basis=books.request.basis,
        currency=books.request.currency,
    )


def _bridge(books: Books, settings: Settings, what: str) -> Bridge:
    from finopsctl.analyses.variance import BridgeQuestion, Periods, bridge
    from finopsctl.books.books import refuse_nothing
    from finopsctl.cli.questions import comparison
    from finopsctl.metrics.dimensions import parse

    refuse_nothing(books)
    now = books.whole_period()
    is_file = _is_file(what)
    then, before, noticed = _from_file(books, what) if is_file else (*comparison(books, what), ())
    label = Path(what).name if is_file else _called(then, books)
    assert before is not None
    days = (1, 1) if then is None else (_days(then, books), _days(now, books))
    question = BridgeQuestion(
        by=parse(settings.by, settings.fiscal_year_start),
        timezone=settings.tz,
        basis=books.request.basis,
        currency=books.request.currency,
        periods=Periods(label, _called(now, books), days),
        top=settings.top,
    )
    found = bridge(before, books.ledger, question)
    late = () if is_file or then is None else _begins_late(books, then, label)
    return replace(found, findings=(*late, *found.findings, *noticed))


def _begins_late(books: Books, then: Period, label: str) -> tuple[Finding, ...]:
    """Say when the inputs begin only after the baseline does: what came before is missing, not zero."""
    from finopsctl.ledger.period import zone
    from finopsctl.results.finding import Finding, Severity
    from finopsctl.results.wording import counted

    first = books.seen[0].astimezone(zone(then.timezone)).date()
    missing = (first - then.first_day).days
    if missing <= 0:
        return ()
    message = f"The inputs begin on {first}, {counted(missing, 'day')} into {label}: the days before count as unspent."
    severity = Severity.WARNING if missing * 10 >= then.days else Severity.INFO
    return (Finding(severity, "baseline_begins_late", message, evidence={"first_day": first}),)


def _last_whole_month(as_of: datetime, timezone: str) -> Period:
    from finopsctl.ledger.period import month_of, zone

    month = month_of((as_of - timedelta(microseconds=1)).astimezone(zone(timezone)).date(), timezone)
    return month if month.end <= as_of else month.previous()


def _is_file(what: str | None) -> bool:
    return what not in (None, "previous", "yoy", _BUDGET) and Path(str(what)).exists()


def _from_file(books: Books, what: str) -> tuple[Period | None, pl.LazyFrame, tuple[Finding, ...]]:
    """Return a file's rows of the same period, else all it holds, and what was wrong with it.

    Without a period it is not known how many days the rows stand for.

    Raises:
        SourceError: When there are none.
    """
    from finopsctl.books import open_books
    from finopsctl.results.finding import Severity

    other = open_books(replace(books.request, inputs=(what,)))
    noticed = tuple(finding for finding in other.findings if finding.severity is not Severity.INFO)
    same = other.within(books.period)
    if books.period is not None and _holds_rows(same):
        return books.period, same, noticed
    rows = other.within(None)
    if not _holds_rows(rows):
        raise SourceError(f"{what} holds nothing to compare with", "Loosen --where, or see `finopsctl inspect` on it.")
    return None, rows, noticed


def _holds_rows(rows: pl.LazyFrame) -> bool:
    return not rows.select("record_id").head(1).collect(engine="streaming").is_empty()


def _days(period: Period, books: Books) -> int:
    """Return how many of a period's days are over."""
    from finopsctl.ledger.period import zone

    end = min(period.end, books.as_of).astimezone(zone(period.timezone)).date()
    return max((end - period.first_day).days, 0)


def _called(period: Period | None, books: Books) -> str:
    """Return ``October 2026``, ``2026Q4``, or first and last day; a period not over yet says ``so far``."""
    from finopsctl.ledger.period import JANUARY, fiscal_year

    if period is None:
        return "the baseline"
    first, start = period.first_day, books.request.fiscal_year_start
    year = f"{'' if start == JANUARY else 'FY'}{fiscal_year(first, start)}"
    names = {
        "month": f"{month_name[first.month]} {first.year}",
        "quarter": f"{year}Q{(first.month - start) % 12 // 3 + 1}",
        "year": year,
    }
    span = str(first) if period.days == 1 else f"{first}/{period.last_day}"
    return names.get(period.unit, span) + ("" if period.end <= books.as_of else " so far")
