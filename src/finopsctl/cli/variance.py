"""``finopsctl variance``: why spend changed, and how it stands against plan and budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common, FailOn, Top
from finopsctl.errors import ConfigError, SourceError

if TYPE_CHECKING:
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

    Raises:
        SourceError: When the inputs hold no whole month, and it is not known what to compare.
    """
    if settings.compare == _BUDGET or books.period is not None:
        return books
    from finopsctl.books.books import holds_rows
    from finopsctl.cli.comparing import is_file, no_whole_month
    from finopsctl.cli.questions import in_last_whole_month

    there = in_last_whole_month(books)
    if is_file(settings.compare):
        return there if holds_rows(there.ledger) else books
    if there.period is None or books.seen[0] >= there.period.end:
        raise no_whole_month(books)
    return there


def _against_budgets(books: Books, settings: Settings) -> BudgetVariance:
    from finopsctl.analyses.variance import budget_variance
    from finopsctl.cli.limits import budgets_of, kpi_settings_of, seen_until
    from finopsctl.metrics.budget_choice import chosen
    from finopsctl.metrics.dimensions import parse

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


def _bridge(books: Books, settings: Settings, what: str) -> Bridge:
    from finopsctl.analyses.variance import BridgeQuestion, Periods, bridge
    from finopsctl.books.books import refuse_nothing
    from finopsctl.cli.comparing import is_file
    from finopsctl.cli.questions import comparison
    from finopsctl.metrics.dimensions import parse

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
    from finopsctl.results.finding import Finding, Severity

    named = (settings.since, settings.until, settings.month, settings.quarter, settings.last)
    if any(named) or books.period is None:
        return ()
    message = f"No period is named: {_called(now, books)} is the last whole month of the inputs."
    return (Finding(Severity.INFO, "period_chosen", message, "Name another with --month, --last or --since."),)


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


def _from_file(books: Books, what: str) -> tuple[Period | None, pl.LazyFrame, tuple[Finding, ...]]:
    """Return a file's rows of the same period, else all it holds, and what was wrong with it.

    Without a period it is not known how many days the rows stand for.

    Raises:
        SourceError: When there are none.
    """
    from finopsctl.books import open_books
    from finopsctl.books.books import holds_rows
    from finopsctl.results.finding import Severity

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
    from finopsctl.ledger.period import zone

    end = min(period.end, books.as_of).astimezone(zone(period.timezone)).date()
    return max((end - period.first_day).days, 0)


def _is_whole(period: Period, books: Books) -> bool:
    """Return whether it is a month, a quarter or a year that is over."""
    return period.unit in {"month", "quarter", "year"} and period.end <= books.as_of


def _called(period: Period, books: Books) -> str:
    """Return what a period is called; one that is not over yet says ``so far``."""
    from finopsctl.cli.comparing import called

    so_far = "" if period.end <= books.as_of else " so far"
    return f"{called(period, books.request.fiscal_year_start)}{so_far}"
