"""Half-open periods and the calendar: what ``--since``, ``--month``, ``--last`` and words such as ``mtd`` stand for.

A day begins at midnight in the period's time zone. A record that covers a day or more (a daily bucket of an export)
keeps its UTC calendar date in every time zone, since its hours are not known.

Quarters and years are fiscal ones: the year begins with the month ``first_month`` (1, the default, is the calendar
year) and is called by the calendar year it ends in. With October first, fiscal year 2027 is October 2026 to September
2027 and 2027Q1 is October to December 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from finopsctl.errors import ConfigError

JANUARY = 1
WORDS = ("today", "yesterday", "wtd", "mtd", "qtd", "ytd")
_DAY = timedelta(days=1)
_YEARS = range(1900, 2200)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` up to but not including ``end``.

    Args:
        start: First instant, in UTC.
        end: First instant no longer in it, in UTC.
        timezone: IANA name of the zone whose midnights bound days.
        unit: ``month``, ``quarter``, ``year``, ``day`` when it is one of those whole; else ``span``.
    """

    start: datetime
    end: datetime
    timezone: str = "UTC"
    unit: str = "span"

    @property
    def first_day(self) -> date:
        """The first calendar day, in the period's zone."""
        return self.start.astimezone(zone(self.timezone)).date()

    @property
    def days(self) -> int:
        """How many calendar days it spans, in the period's zone (a day begun counts)."""
        return (self.last_day - self.first_day).days + 1

    @property
    def last_day(self) -> date:
        """The last calendar day, in the period's zone."""
        return (self.end - timedelta(microseconds=1)).astimezone(zone(self.timezone)).date()

    def holds(self) -> pl.Expr:
        """Return the condition that a ledger row falls into the period."""
        start = calendar_start(self.timezone)
        return (start >= self.start) & (start < self.end)

    def previous(self) -> Period:
        """Return the period of the same kind before this one: the month before a month, else as many days before."""
        tz = self.timezone
        if self.unit in _MONTHS:
            return between(_months_later(self.first_day, -_MONTHS[self.unit]), self.first_day, tz, self.unit)
        if _is_midnight(self.start, tz) and _is_midnight(self.end, tz):
            return between(self.first_day - timedelta(days=self.days), self.first_day, tz)
        return Period(self.start - (self.end - self.start), self.start, tz)

    def year_before(self) -> Period:
        """Return the same calendar period one year earlier (29 February becomes 28 February)."""
        end_day = self.end.astimezone(zone(self.timezone))
        start_day = self.start.astimezone(zone(self.timezone))
        return Period(_year_before(start_day), _year_before(end_day), self.timezone, self.unit)


def calendar_start(timezone: str = "UTC") -> pl.Expr:
    """Return the instant that places a ledger row in the calendar of ``timezone``.

    That is ``charge_period_start``, but for buckets of a day or more the midnight in ``timezone`` of their UTC date.
    """
    start = pl.col("charge_period_start")
    if timezone == "UTC":
        return start
    shifted = (
        start.dt.replace_time_zone(None)
        .dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
    )
    return pl.when(is_day_bucket()).then(pl.coalesce(shifted, start)).otherwise(start)


def is_day_bucket() -> pl.Expr:
    """Return the condition that a ledger row covers a day or more."""
    return (pl.col("charge_period_end") - pl.col("charge_period_start") >= _DAY).fill_null(value=False)


def zone(name: str) -> ZoneInfo:
    """Return the time zone called ``name``.

    Raises:
        ConfigError: When there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, IsADirectoryError) as problem:
        raise ConfigError(f"unknown time zone '{name}'", "Use an IANA name such as Europe/Berlin or UTC.") from problem


def midnight(day: date, timezone: str) -> datetime:
    """Return the instant a day begins, in UTC."""
    return datetime.combine(day, time(), zone(timezone)).astimezone(UTC)


def between(first: date, after: date, timezone: str, unit: str = "span") -> Period:
    """Return the period of whole days from ``first`` up to but not including ``after``."""
    return Period(midnight(first, timezone), midnight(after, timezone), timezone, unit)


def month_of(day: date, timezone: str) -> Period:
    """Return the calendar month that holds ``day``."""
    first = day.replace(day=1)
    return between(first, (first + timedelta(days=31)).replace(day=1), timezone, "month")


def quarter_of(day: date, timezone: str, first_month: int = JANUARY) -> Period:
    """Return the quarter that holds ``day``, of a year that begins with the month ``first_month``."""
    first = _months_later(day.replace(day=1), -((day.month - first_month) % 3))
    return between(first, _months_later(first, 3), timezone, "quarter")


def fiscal_year(day: date, first_month: int = JANUARY) -> int:
    """Return the name of the fiscal year that holds ``day``: the calendar year it ends in."""
    return day.year + (first_month != JANUARY and day.month >= first_month)


def year_of(year: int, timezone: str, first_month: int = JANUARY) -> Period:
    """Return the fiscal year that is called ``year``, after the calendar year it ends in."""
    first = date(year if first_month == JANUARY else year - 1, first_month, 1)
    return between(first, _months_later(first, 12), timezone, "year")


def year_holding(day: date, timezone: str, first_month: int = JANUARY) -> Period:
    """Return the fiscal year that holds ``day``."""
    return year_of(fiscal_year(day, first_month), timezone, first_month)


def parse_instant(text: str, timezone: str) -> datetime:
    """Read an ISO date or instant; without a zone it is in ``timezone``.

    Raises:
        ConfigError: When it is neither.
    """
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError as problem:
        raise ConfigError(
            f"'{text}' is no date or time", "Write 2026-11-01, 20261101 or 2026-11-01T09:00:00Z."
        ) from problem
    return (value if value.tzinfo else value.replace(tzinfo=zone(timezone))).astimezone(UTC)


def parse_month(text: str, timezone: str) -> Period:
    """Read ``2026-10``."""
    match = re.fullmatch(r"(\d{4})-?(\d{2})", text.strip())
    if not match or int(match[1]) not in _YEARS or not 1 <= int(match[2]) <= 12:
        raise ConfigError(f"'{text}' is no month", "Write it as 2026-10.")
    return month_of(date(int(match[1]), int(match[2]), 1), timezone)


def parse_quarter(text: str, timezone: str, first_month: int = JANUARY) -> Period:
    """Read ``2026Q3`` or ``2026-Q3``, with or without ``FY`` before it: a quarter of the fiscal year 2026."""
    match = re.fullmatch(r"(?:FY)?(\d{4})-?Q([1-4])", text.strip(), re.IGNORECASE)
    if not match or int(match[1]) not in _YEARS:
        raise ConfigError(f"'{text}' is no quarter", "Write it as 2026Q3.")
    year = year_of(int(match[1]), timezone, first_month)
    return quarter_of(_months_later(year.first_day, 3 * (int(match[2]) - 1)), timezone, first_month)


def parse_last(text: str, until: datetime, timezone: str) -> Period:
    """Read ``30d``, ``12w`` or ``3m``: that long before ``until``, whole days."""
    match = re.fullmatch(r"([1-9]\d{0,3})([dwm])", text.strip().lower())
    if not match:
        raise ConfigError(f"'{text}' is no length of time", "Write days, weeks or months: 30d, 12w, 3m.")
    count, after = int(match[1]), _day_after(until, timezone)
    if match[2] == "m":
        return between(_months_later(after, -count), after, timezone)
    return between(after - timedelta(days=count * (7 if match[2] == "w" else 1)), after, timezone)


def parse_word(word: str, until: datetime, timezone: str, first_month: int = JANUARY) -> Period:
    """Read today, yesterday, wtd, mtd, qtd or ytd (of fiscal years), seen from just before ``until``."""
    after = _day_after(until, timezone)
    today = after - _DAY
    starts = {
        "today": today,
        "wtd": today - timedelta(days=today.weekday()),
        "mtd": today.replace(day=1),
        "qtd": quarter_of(today, timezone, first_month).first_day,
        "ytd": year_holding(today, timezone, first_month).first_day,
    }
    if word == "yesterday":
        return between(today - _DAY, today, timezone, "day")
    if word not in starts:
        raise ConfigError(f"'{word}' is no period", f"Use one of {', '.join(WORDS)}.")
    return between(starts[word], after, timezone, "day" if word == "today" else "span")


def day_start(moment: datetime, timezone: str) -> datetime:
    """Return the start of the calendar day that holds ``moment``, in UTC."""
    return midnight(moment.astimezone(zone(timezone)).date(), timezone)


def day_end(moment: datetime, timezone: str) -> datetime:
    """Return the end of the calendar day that holds ``moment``, in UTC."""
    return midnight(moment.astimezone(zone(timezone)).date() + _DAY, timezone)


def _day_after(until: datetime, timezone: str) -> date:
    return (until - timedelta(microseconds=1)).astimezone(zone(timezone)).date() + _DAY


def _months_later(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    length = ((first + timedelta(days=31)).replace(day=1) - first).days
    return first.replace(day=min(day.day, length))


def _year_before(moment: datetime) -> datetime:
    try:
        earlier = moment.replace(year=moment.year - 1)
    except ValueError:  # 29 February
        earlier = moment.replace(year=moment.year - 1, day=28)
    return earlier.astimezone(UTC)


def _is_midnight(moment: datetime, timezone: str) -> bool:
    return moment.astimezone(zone(timezone)).time() == time()
