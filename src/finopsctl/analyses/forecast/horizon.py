"""How far a forecast goes: to the end of a calendar period, or a number of days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.period import Period, fiscal_year, month_of, quarter_of, year_holding

if TYPE_CHECKING:
    from collections.abc import Callable

HORIZONS = ("month-end", "quarter-end", "year-end", "30d")
_MOST_DAYS = 1100


@dataclass(frozen=True, slots=True)
class Horizon:
    """The days a forecast is about.

    Args:
        title: What they are called in a sentence.
        first_day: The first of them.
        origin: The first day that is forecast; the days before it have an actual amount.
        after: The first day no longer among them.
    """

    title: str
    first_day: date
    origin: date
    after: date

    @property
    def past(self) -> int:
        """How many of its days have passed."""
        return (self.origin - self.first_day).days

    @property
    def ahead(self) -> int:
        """How many of its days are forecast."""
        return (self.after - self.origin).days


def horizon_of(text: str, origin: date, timezone: str = "UTC", first_month: int = 1) -> Horizon:
    """Read ``month-end``, ``quarter-end``, ``year-end`` or ``30d``.

    A period is the one that holds the origin, the first day to forecast: on the day after a month's last one the
    month-end is that of the new month.

    Args:
        text: What the user asked for.
        origin: The first day not seen.
        timezone: Of the calendar.
        first_month: The month fiscal quarters and years begin with.

    Raises:
        ConfigError: When it is neither.
    """
    if match := re.fullmatch(r"([1-9]\d{0,3})d", text.strip().lower()):
        days = int(match[1])
        if days > _MOST_DAYS:
            raise ConfigError(f"a forecast of {days} days says nothing", f"Ask for at most {_MOST_DAYS}d.")
        return Horizon(f"the {days} days from {origin}", origin, origin, origin + timedelta(days=days))
    periods: dict[str, Callable[[], tuple[Period, str]]] = {
        "month-end": lambda: (month_of(origin, timezone), f"{origin:%B %Y}"),
        "quarter-end": lambda: (quarter_of(origin, timezone, first_month), ""),
        "year-end": lambda: (year_holding(origin, timezone, first_month), ""),
    }
    word = text.strip().lower()
    if word not in periods:
        raise ConfigError(f"unknown horizon '{text}'", f"{nearest(word, HORIZONS)} A number of days is written 30d.")
    period, title = periods[word]()
    return Horizon(
        title or _title(period, word, first_month), period.first_day, origin, period.last_day + timedelta(days=1)
    )


def _title(period: Period, word: str, first_month: int) -> str:
    year = fiscal_year(period.first_day, first_month)
    name = f"{'fiscal ' if first_month > 1 else ''}{year}"
    if word == "year-end":
        return f"the year {name}" if first_month == 1 else name
    quarter = ((period.first_day.month - first_month) % 12) // 3 + 1
    return f"Q{quarter} of {name}"
