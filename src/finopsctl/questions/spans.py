"""The stretches of time that questions are about: the period asked for, what records cover, what to compare with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.books import PeriodWish, open_books
from finopsctl.books.books import covering, holds_rows
from finopsctl.ledger.period import day_end, month_of, zone
from finopsctl.metrics.outcomes import Asked
from finopsctl.questions.comparing import (
    PREVIOUS,
    YEAR_BEFORE,
    is_file,
    named_period,
    nothing_before,
    refuse_overlap,
)

if TYPE_CHECKING:
    from datetime import datetime

    from finopsctl.books import Books
    from finopsctl.ledger.period import Period


def asked_of(books: Books) -> Asked:
    """Return which part of a table beside the ledger is asked for: that of the period, else of the ledger's days."""
    request = books.request
    return Asked(
        period=books.period or covering(*books.seen, request.timezone),
        named=books.period is not None,
        as_of=books.as_of if request.as_of else None,
        timezone=request.timezone,
        where=request.where,
        first_month=request.fiscal_year_start,
    )


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
