"""What variance is asked: which periods, files or budgets are compared, and what a reader must know of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from finopsctl.analyses.variance import BridgeQuestion, Periods, bridge, budget_variance
from finopsctl.books import open_books
from finopsctl.books.books import holds_rows, refuse_nothing
from finopsctl.errors import SourceError
from finopsctl.ledger.period import zone
from finopsctl.metrics.budget_choice import chosen
from finopsctl.metrics.dimensions import parse
from finopsctl.questions.comparing import BUDGET, called, is_file, no_whole_month
from finopsctl.questions.limits import budgets_of, kpi_settings_of, seen_until
from finopsctl.questions.spans import comparison, in_last_whole_month
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    import polars as pl

    from finopsctl.analyses.variance import Bridge, BudgetVariance
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.ledger.period import Period


def narrowed(books: Books, settings: Settings) -> Books:
    """Return the books of the last whole month where no period is named.

    Budgets have periods of their own. Compared with a file, a log of less than a month is taken whole.

    Raises:
        SourceError: When the inputs hold no whole month, and it is not known what to compare.
    """
    if settings.compare == BUDGET or books.period is not None:
        return books
    there = in_last_whole_month(books)
    if is_file(settings.compare):
        return there if holds_rows(there.ledger) else books
    if there.period is None or books.seen[0] >= there.period.end:
        raise no_whole_month(books)
    return there


def against_budgets(books: Books, settings: Settings) -> BudgetVariance:
    """Return actual spend against what budgets allow so far."""
    budgets, noticed = budgets_of(books, settings)
    wanted, partial = chosen(budgets, books.request.where)
    found = budget_variance(
        books.within(None),
        wanted,
        seen_until(books),
        partial=partial,
        by=parse(settings.by, settings.fiscal_year_start),
        settings=kpi_settings_of(books, settings),
        basis=books.request.basis,
        currency=books.request.currency,
        top=settings.top,
    )
    return replace(found, findings=(*found.findings, *noticed))


def bridge_of(books: Books, settings: Settings, what: str) -> Bridge:
    """Return why spend changed.

    Args:
        books: The open books, of the period that is explained.
        settings: Dimensions and top.
        what: ``previous``, ``yoy``, a period or a file to compare with.

    Raises:
        SourceError: When there is nothing to compare with.
    """
    refuse_nothing(books)
    now = books.whole_period()
    from_file = is_file(what)
    then, before, noticed = _from_file(books, what) if from_file else (*comparison(books, what), ())
    label = Path(what).name if from_file or then is None else _called(then, books)
    assert before is not None
    days = (1, 1) if then is None else (_days(then, books), _days(now, books))
    whole = then is not None and all(_is_whole(period, books) for period in (then, now)) and then.unit == now.unit
    question = BridgeQuestion(
        by=parse(settings.by, settings.fiscal_year_start),
        timezone=settings.tz,
        basis=books.request.basis,
        currency=books.request.currency,
        periods=Periods(label, _called(now, books), days, "Compared" if from_file else "Previous", whole),
        top=settings.top,
    )
    found = bridge(before, books.ledger, question)
    late = () if from_file or then is None else _begins_late(books, then, label)
    return replace(found, findings=(*late, *_chosen(now, books, settings), *found.findings, *noticed))


def _chosen(now: Period, books: Books, settings: Settings) -> tuple[Finding, ...]:
    """Say which period was taken where none is named."""
    named = (settings.since, settings.until, settings.month, settings.quarter, settings.last)
    if any(named) or books.period is None:
        return ()
    message = f"No period is named: {_called(now, books)} is the last whole month of the inputs."
    return (Finding(Severity.INFO, "period_chosen", message, "Name another with --month, --last or --since."),)


def _begins_late(books: Books, then: Period, label: str) -> tuple[Finding, ...]:
    """Say when the inputs begin only after the baseline does: what came before is missing, not zero."""
    first = books.seen[0].astimezone(zone(then.timezone)).date()
    missing = (first - then.first_day).days
    if missing <= 0:
        return ()
    message = f"The inputs begin on {first}, {counted(missing, 'day')} into {label}: the days before count as unspent."
    severity = Severity.WARNING if missing * 10 >= then.days else Severity.INFO
    return (Finding(severity, "baseline_begins_late", message, evidence={"first_day": first}),)


def _from_file(books: Books, what: str) -> tuple[Period | None, pl.LazyFrame, tuple[Finding, ...]]:
    """Return a file's rows of the same period, else all it holds, and what was wrong with it.

    Without a period it is not known how many days the rows stand for.

    Raises:
        SourceError: When there are none.
    """
    other = open_books(replace(books.request, inputs=(what,)))
    noticed = tuple(finding for finding in other.findings if finding.severity is not Severity.INFO)
    same = other.within(books.period)
    if books.period is not None and holds_rows(same):
        return books.period, same, noticed
    rows = other.within(None)
    if not holds_rows(rows):
        raise SourceError(f"{what} holds nothing to compare with", "Loosen --where, or see `finopsctl inspect` on it.")
    return None, rows, noticed


def _days(period: Period, books: Books) -> int:
    """Return how many of a period's days are over."""
    end = min(period.end, books.as_of).astimezone(zone(period.timezone)).date()
    return max((end - period.first_day).days, 0)


def _is_whole(period: Period, books: Books) -> bool:
    """Return whether it is a month, a quarter or a year that is over."""
    return period.unit in {"month", "quarter", "year"} and period.end <= books.as_of


def _called(period: Period, books: Books) -> str:
    """Return what a period is called; one that is not over yet says ``so far``."""
    so_far = "" if period.end <= books.as_of else " so far"
    return f"{called(period, books.request.fiscal_year_start)}{so_far}"
