"""A daily series of amounts, without gaps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Series:
    """One amount per calendar day.

    Args:
        first_day: The day of the first value.
        values: One amount a day in a row; a day without spend is 0, the days before there was any are left out.

    Raises:
        ValueError: When a value is no finite number.
    """

    first_day: date
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.values)):
            raise ValueError("a daily series holds finite numbers only")

    @property
    def after(self) -> date:
        """The first day no longer in it."""
        return self.first_day + timedelta(days=len(self.values))

    @property
    def total(self) -> float:
        """The sum of all days."""
        return math.fsum(self.values)
