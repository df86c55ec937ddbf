"""Opened books: the ledger of a period, lazily, with the facts every report states about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.books.cost import table_in_currency
from finopsctl.errors import SourceError
from finopsctl.ledger.period import Period, calendar_start, day_end, midnight, parse_instant, zone
from finopsctl.metrics.where import condition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from finopsctl.books.request import Request
    from finopsctl.books.stated_prices import StatedPrices
    from finopsctl.pricing.book import PriceBook
    from finopsctl.results.finding import Finding


@dataclass(frozen=True, slots=True)
class InputSummary:
    """What was read from one file.

    Args:
        path: As the user wrote it.
        source: Name of the source it was read as.
        records: Ledger rows it gave, duplicates included; None for a Parquet ledger scanned in place, until counted.
        bad: Records set aside.
        duplicates: Rows of it dropped since another row stands for the same record.
    """

    path: str
    source: str
    records: int | None
    bad: int = 0
    duplicates: int | None = 0


@dataclass(frozen=True, eq=False)
class Books:
    """A ledger and its provenance.

    Args:
        request: What was asked for.
        rows: Every row that counts, in ledger columns plus ``cost`` (the basis asked for; null is unpriced).
        price_book: The prices in force; None when nothing had to be priced.
        inputs: One entry a file.
        findings: What reading, de-duplicating and pricing noticed.
        set_aside: Rows that stand for traffic counted elsewhere; None without any.
        set_aside_summary: One entry a source and kind of those.
        side_tables: Tables beside the ledger found among the inputs or named (LiteLLM's teams, keys and budgets;
            outcomes; revenue), by side-table name.
        bad_lines: How many records could not be counted.
        duplicates: How many rows were dropped as duplicates; None when that was not checked.
        band_unknown: Buckets priced in the lowest context band for want of knowing theirs; None when not computed.
        stated_prices: What ledgers used in place say of the prices they hold; None: nothing, or not in place.
        unconverted: Rows whose cost is in a currency without a rate to the report's.
        price_problems: What has no list price and why: provider, model, service_tier, reason, records, requests,
            tokens. None when nothing was priced.
        day_buckets: Whether a record covers a day or more (looked for only where the time zone makes it matter).
        earliest: First ``charge_period_start``, where reading told it (see ``seen``).
        latest: Last one, where reading told it.
    """

    request: Request
    rows: pl.LazyFrame
    price_book: PriceBook | None
    inputs: tuple[InputSummary, ...]
    findings: tuple[Finding, ...] = ()
    set_aside: pl.LazyFrame | None = None
    set_aside_summary: tuple[Mapping[str, Any], ...] = ()
    side_tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    bad_lines: int = 0
    duplicates: int | None = None
    band_unknown: int | None = None
    stated_prices: StatedPrices | None = None
    unconverted: int = 0
    price_problems: pl.DataFrame | None = None
    day_buckets: bool = False
    earliest: datetime | None = None
    latest: datetime | None = None

    @property
    def as_of(self) -> datetime:
        """The first instant not seen: as asked, or the end of the last day (in the time zone) that holds a row.

        Raises:
            SourceError: When there are no rows to tell it from.
        """
        request = self.request
        if request.as_of:
            return parse_instant(request.as_of, request.timezone)
        return day_end(self.seen[1], request.timezone)

    @cached_property
    def seen(self) -> tuple[datetime, datetime]:
        """The first and the last ``charge_period_start`` of all rows, read from a ledger in place when it is asked for.

        Raises:
            SourceError: When there are no rows.
        """
        ends = self.earliest, self.latest
        if ends[1] is None:
            start = pl.col("charge_period_start")
            ends = self.rows.select(a=start.min(), b=start.max()).collect(engine="streaming").row(0)
        if ends[0] is None or ends[1] is None:
            raise SourceError("the inputs hold no records", "Run `finopsctl inspect` on them to see what they are.")
        return ends[0], ends[1]

    @property
    def period(self) -> Period | None:
        """The period asked for; None is everything the inputs hold."""
        wish = self.request.period
        earliest = self.seen[0] if wish.until and not wish.since else None
        now = self.as_of if wish.needs_now else None
        return wish.resolve(now, self.request.timezone, earliest, self.request.fiscal_year_start)

    @property
    def ledger(self) -> pl.LazyFrame:
        """The rows of the period that pass the filters."""
        return self.within(self.period)

    def within(self, period: Period | None) -> pl.LazyFrame:
        """Return the rows of ``period`` (None: all) that pass the filters and lie before ``--as-of`` where given."""
        rows = self.rows
        if self.request.as_of:
            rows = rows.filter(calendar_start(self.request.timezone) < self.as_of)
        if period is not None:
            rows = rows.filter(period.holds())
        filters = condition(self.request.where, self.request.timezone, self.request.fiscal_year_start)
        return rows if filters is None else rows.filter(filters)

    def table(self, name: str) -> pl.DataFrame | None:
        """Return a table beside the ledger, its amounts in the report's currency; None when there is none.

        Args:
            name: For example ``outcomes`` or ``revenue``; a file found among the inputs and one named count together.
        """
        found = self.side_tables.get(name)
        return None if found is None else table_in_currency(found, self.request)

    def whole_period(self) -> Period:
        """Return the period asked for, or the whole days from the first to the last row.

        Raises:
            SourceError: When there are no rows to tell it from.
        """
        period = self.period
        if period is not None:
            return period
        start = calendar_start(self.request.timezone)
        first, last = (
            self.within(None).select(start.min().alias("a"), start.max().alias("b")).collect(engine="streaming").row(0)
        )
        if first is None:
            raise SourceError("nothing is left of the inputs after the filters", "Loosen --where or the period.")
        return covering(first, last, self.request.timezone)


def nothing_asked_for(books: Books) -> SourceError:
    """Return the error for a question that no record is left for: not in the period, or not past the filters."""
    try:
        period, seen = books.period, covering(*books.seen, books.request.timezone)
    except SourceError as nothing:
        return nothing
    span = f" from {period.first_day} to {period.last_day}" if period else ""
    span += f" before {books.request.as_of}" if books.request.as_of else ""
    where = f" where {' and '.join(books.request.where)}" if books.request.where else ""
    return SourceError(
        f"the inputs hold no records{span}{where}", f"They hold records from {seen.first_day} to {seen.last_day}."
    )


def holds_rows(rows: pl.LazyFrame) -> bool:
    """Return whether a part of the ledger holds any record; it reads no more than it must to tell."""
    return not rows.select("record_id").head(1).collect(engine="streaming").is_empty()


def refuse_nothing(books: Books) -> None:
    """Raise when no record is in the period and passes the filters.

    Raises:
        SourceError: Saying what the inputs hold.
    """
    if not holds_rows(books.ledger):
        raise nothing_asked_for(books)


def covering(first: datetime, last: datetime, timezone: str) -> Period:
    """Return the whole days that hold both instants."""
    return Period(midnight(first.astimezone(zone(timezone)).date(), timezone), day_end(last, timezone), timezone)
