"""What can be compared: the days an invoice is about, for each provider, and the month each of them is billed in.

An invoice of daily lines (every line says its end, a day later at most) covers the days from its first to its last
line. Any other covers the time each line names, or, where a line has only a date, the calendar month of that date. Days
of months that the ledger knows nothing of are left out, unless the period was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.period import calendar_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.ledger.period import Period

_DAY = timedelta(days=1)
_DAILY = timedelta(hours=25)
_CALENDAR = pl.Schema({"provider": pl.String(), "day": pl.Date(), "month": pl.String(), "outside": pl.Boolean()})


@dataclass(frozen=True, slots=True)
class _Span:
    """The days a line of an invoice is about, the last one left out; ``is_daily`` when it names a day or less."""

    start: date
    end: date
    is_daily: bool

    @property
    def label(self) -> str:
        """The month it is billed in: the one it starts in."""
        return f"{self.start:%Y-%m}"

    def days(self) -> Iterator[tuple[date, str]]:
        """Yield its days, each with the month it is billed in."""
        crosses = not self.is_daily and (self.end - _DAY).replace(day=1) > self.start.replace(day=1)
        day = self.start
        while day < self.end:
            yield day, (self.label if crosses and self.start.day != 1 else f"{day:%Y-%m}")
            day += _DAY


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The days that are compared.

    Args:
        calendar: provider, day, month (``2026-10``), outside (the day before or after what was asked for, of a daily
            invoice: not compared, but it shows what was booked a day earlier or later).
        daily: Providers whose invoice is daily.
    """

    calendar: pl.DataFrame
    daily: frozenset[str]

    @property
    def providers(self) -> list[str]:
        """The providers with a day to compare."""
        return sorted(self.calendar.filter(~pl.col("outside"))["provider"].unique())

    def inside(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Return the lines of its days, with ``month`` and ``outside``."""
        return lines.join(self.calendar, on=["provider", "day"], how="inner")

    def beyond(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Return the lines on days it leaves out."""
        return lines.join(self.calendar.filter(~pl.col("outside")), on=["provider", "day"], how="anti")


def scope_of(invoice: pl.LazyFrame, ledger_days: pl.Series, period: Period | None, timezone: str) -> Scope:
    """Return the days to compare.

    Args:
        invoice: The invoice's rows, in ledger columns.
        ledger_days: The days on which the ledger has any record, whoever the provider.
        period: The period asked for; None is everything both know.
        timezone: Zone of day boundaries.
    """
    known = {f"{day:%Y-%m}" for day in ledger_days}
    rows: list[tuple[str, date, str, bool]] = []
    daily: set[str] = set()
    for provider, named in _spans(invoice, timezone).items():
        is_daily = all(span.is_daily for span in named)
        if is_daily:
            daily.add(provider)
            spans = [_Span(min(span.start for span in named), max(span.end for span in named), is_daily=True)]
        else:
            spans = [_month(span.start) if span.is_daily else span for span in named]
        rows += ((provider, *day) for day in _days(spans, period, known, is_daily=is_daily))
    return Scope(pl.DataFrame(rows, schema=_CALENDAR, orient="row").sort("provider", "day"), frozenset(daily))


def days_named(invoice: pl.LazyFrame, timezone: str) -> tuple[date, date]:
    """Return the first and the last day that an invoice's rows are about."""
    spans = [span for named in _spans(invoice, timezone).values() for span in named]
    return min(span.start for span in spans), max(span.end for span in spans) - _DAY


def _days(
    spans: list[_Span], period: Period | None, known: set[str], *, is_daily: bool
) -> Iterator[tuple[date, str, bool]]:
    """Yield day, month and whether it lies outside, each day once: as the first span that holds it says."""
    found: dict[date, tuple[str, bool]] = {}
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if period is None:
            days = list(span.days())
            if known.isdisjoint(f"{day:%Y-%m}" for day, _ in days):
                continue
            kept = [day for day in days if not is_daily or day[1] in known]
            found = {day: (month, False) for day, month in kept} | found
        elif is_daily:
            near = (period.first_day - _DAY, period.last_day + _DAY)
            for day, month in span.days():
                if near[0] <= day <= near[1]:
                    found.setdefault(day, (month, day in near))
        elif period.first_day <= span.start <= period.last_day:
            found = {day: (month, False) for day, month in span.days()} | found
    return ((day, *said) for day, said in found.items())


def _spans(invoice: pl.LazyFrame, timezone: str) -> dict[str, list[_Span]]:
    """Return the distinct spans of every provider's lines; a provider with a line of unknown length has no daily ones.

    A line without an end is about a day only if the others say they are; alone, its date stands for the month.
    """
    start = calendar_start(timezone).dt.convert_time_zone(timezone).dt.date()
    length = pl.col("charge_period_end") - pl.col("charge_period_start")
    end = (pl.col("charge_period_end") - pl.duration(microseconds=1)).dt.date() + pl.duration(days=1)
    named = invoice.select(
        "provider", start=start, end=end, is_daily=(length <= _DAILY).fill_null(value=False), is_open=length.is_null()
    ).unique()
    found: dict[str, list[_Span]] = {}
    for provider, first, last, is_daily, is_open in named.sort("provider", "start", "end").collect().iter_rows():
        if is_open or last <= first:
            span = _month(first)
        else:
            span = _Span(first, first + _DAY if is_daily else last, is_daily=is_daily)
        found.setdefault(provider, []).append(span)
    return found


def _month(day: date) -> _Span:
    """Return the calendar month that holds a day."""
    first = day.replace(day=1)
    return _Span(first, (first + timedelta(days=31)).replace(day=1), is_daily=False)
