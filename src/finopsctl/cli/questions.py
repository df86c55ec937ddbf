"""From opened books and settings to the questions the analyses answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.books import PeriodWish, open_books
from finopsctl.books.books import holds_rows
from finopsctl.cli.comparing import PREVIOUS, YEAR_BEFORE, called, is_file, named_period, nothing_before, refuse_overlap
from finopsctl.errors import ConfigError
from finopsctl.ledger.period import day_end, month_of, zone
from finopsctl.ledger.token_classes import TOKEN_CLASSES, TokenClass
from finopsctl.metrics.dimensions import parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from finopsctl.analyses.attribution import Breakdown
    from finopsctl.analyses.kpi import Scorecard
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.ledger.period import Period
    from finopsctl.metrics.outcomes import Asked


def scorecard_of(books: Books, settings: Settings, kpis: tuple[str, ...]) -> Scorecard:
    """Grade the books' period, compared with another one where the settings ask for it.

    Args:
        books: The open books.
        settings: Dimensions, budgets, scales, and what to compare with.
        kpis: Names of the KPIs wanted; empty is all.
    """
    from finopsctl.analyses.kpi import ScorecardQuestion, scorecard
    from finopsctl.cli.limits import kpi_settings_of, seen_until, team_budgets_of

    previous_period, previous = comparison(books, settings.compare)
    question = ScorecardQuestion(
        by=parse(settings.by, settings.fiscal_year_start),
        kpis=kpis,
        period=books.period,
        as_of=seen_until(books),
        previous_period=previous_period,
        timezone=settings.tz,
        basis=books.request.basis,
        currency=books.request.currency,
        settings=kpi_settings_of(books, settings),
        budgets=team_budgets_of(books, settings),
        outcomes=_outcomes_of(books, settings, kpis),
        comparison_rates=_comparison_rates(books, settings),
        duplicates=books.duplicates,
    )
    return scorecard(books.ledger, question, previous=previous, unfiltered=books.within(None))


def breakdown_of(books: Books, settings: Settings, sort: str) -> Breakdown:
    """Break the books' period down by the settings' dimensions (default: team).

    Args:
        books: The open books.
        settings: Dimensions, top, and what to compare with.
        sort: ``spend``, ``change``, ``requests`` or ``tokens``.
    """
    from finopsctl.analyses.attribution import breakdown
    from finopsctl.cli.sharing import sharing_of, without_sharing

    period_before, previous = comparison(books, settings.compare)
    by = parse(settings.by or ("team",), settings.fiscal_year_start)
    sharing, before, said = None, None, without_sharing(books, settings, by)
    if not said:
        sharing = sharing_of(books, settings)
        before = None if previous is None else sharing_of(books, settings, period_before, previous)
    found = breakdown(
        books.ledger,
        by,
        top=settings.top,
        previous=previous,
        sort=sort,
        timezone=settings.tz,
        basis=books.request.basis,
        currency=books.request.currency,
        sharing=sharing,
        sharing_before=before,
        tags=settings.tags,
    )
    compared = "" if period_before is None else called(period_before, settings.fiscal_year_start)
    return replace(found, findings=(*found.findings, *said), compared=compared)


def asked_of(books: Books) -> Asked:
    """Return which part of a table beside the ledger is asked for: that of the period, else of the ledger's days."""
    from finopsctl.books.books import covering
    from finopsctl.metrics.outcomes import Asked

    request = books.request
    return Asked(
        period=books.period or covering(*books.seen, request.timezone),
        named=books.period is not None,
        as_of=books.as_of if request.as_of else None,
        timezone=request.timezone,
        where=request.where,
        first_month=request.fiscal_year_start,
    )


def _outcomes_of(books: Books, settings: Settings, kpis: tuple[str, ...]) -> pl.LazyFrame | None:
    """Return the outcomes of use cases with their spend, where the scorecard has a row for them."""
    table = books.table("outcomes")
    if table is None or (kpis and "cost_per_outcome" not in kpis) or not set(settings.by) <= {"feature", "use_case"}:
        return None
    from finopsctl.metrics.outcomes import choose, spend_of_outcomes

    found = spend_of_outcomes(books.ledger, choose(table, asked_of(books)).rows, (), settings.tz)
    return found.rows.select(found.owner, "outcomes", "spend").lazy()


def span_covered(books: Books) -> tuple[datetime, datetime] | None:
    """Return the days that the records stand for; None without any.

    They begin with the period asked for, else with the first record, and end with the last day that a record covers:
    a bucket of a month covers a month.
    """
    last = pl.max_horizontal("charge_period_start", pl.col("charge_period_end") - timedelta(microseconds=1)).max()
    seen = books.ledger.select(last).collect(engine="streaming").item()
    if seen is None:
        return None
    span, timezone = books.whole_period(), books.request.timezone
    end = max(day_end(seen, timezone), books.as_of) if books.period else day_end(seen, timezone)
    if books.period is not None:
        end = min(end, span.end)
    if books.request.as_of:
        end = min(end, books.as_of)
    return span.start, max(end, span.start)


def in_last_whole_month(books: Books) -> Books:
    """Return the books of the last month that is over; it may hold no records."""
    zone_name = books.request.timezone
    month = month_of((books.as_of - timedelta(microseconds=1)).astimezone(zone(zone_name)).date(), zone_name)
    month = month if month.end <= books.as_of else month.previous()
    return replace(books, request=replace(books.request, period=PeriodWish(month=f"{month.first_day:%Y-%m}")))


def comparison(books: Books, what: str | None) -> tuple[Period | None, pl.LazyFrame | None]:
    """Return the rows to compare with and the period they are of.

    Raises:
        SourceError: When there are none.
        ConfigError: When ``what`` is neither a period nor an input, or a period that shares days with the books'.
    """
    if what is None:
        return None, None
    if is_file(what):
        other = open_books(replace(books.request, inputs=(what,)))
        period, rows = other.period, other.ledger
    else:
        period = _compared_period(books, what)
        refuse_overlap(books.whole_period(), period, books.request.fiscal_year_start)
        rows = books.within(period)
    if not holds_rows(rows):
        raise nothing_before(books, period)
    return period, rows


def _compared_period(books: Books, what: str) -> Period:
    if what == PREVIOUS:
        return books.whole_period().previous()
    if what == YEAR_BEFORE:
        return books.whole_period().year_before()
    return named_period(what, books.request.timezone, books.request.fiscal_year_start)


def _comparison_rates(books: Books, settings: Settings) -> Mapping[str, Decimal] | None:
    """Return the USD per token of the model that self-hosting is compared with, by ledger column."""
    name = settings.self_hosted.compare_with
    if name is None:
        return None
    from finopsctl.books.prices import price_book
    from finopsctl.pricing.views import show

    lines = show(books.price_book or price_book(books.request), name)
    base = (pl.col("service_tier") == "standard") & pl.col("over").is_null() & pl.col("window").is_null()
    current = lines.filter(base & (pl.col("from") <= books.as_of)).sort("from")
    if current.is_empty():
        raise ConfigError(f"self-hosted.compare-with: '{name}' has no price", "See `finopsctl pricing list`.")
    line = current.row(current.height - 1, named=True)
    rates = {c.column: _rate(line, c) for c in TOKEN_CLASSES}
    return {column: Decimal(rate) / 1_000_000 for column, rate in rates.items() if rate is not None}


def _rate(line: Mapping[str, Any], token_class: TokenClass) -> Any:  # noqa: ANN401 - a rate as the catalogue has it
    """Return the rate of a class of tokens, that of the class it bills as where the line has none; 0 is a rate."""
    own = line.get(token_class.rate_key)
    return own if own is not None or not token_class.bills_as else line.get(token_class.bills_as)
