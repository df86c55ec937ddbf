"""A daily series of amounts, without gaps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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

    @classmethod
    def of(cls, amounts: Mapping[date, float], after: date, first: date | None = None) -> Series:
        """Return the days from ``first`` up to ``after``, 0 where there is no amount.

        Args:
            amounts: By day; those outside are left out.
            after: The first day no longer in it.
            first: None: the first day with an amount; without any the series is empty.
        """
        start = first or min(amounts, default=after)
        days = range(max((after - start).days, 0))
        return cls(start, tuple(amounts.get(start + timedelta(days=at), 0.0) for at in days))

    @property
    def after(self) -> date:
        """The first day no longer in it."""
        return self.first_day + timedelta(days=len(self.values))

    @property
    def total(self) -> float:
        """The sum of all days."""
        return math.fsum(self.values)
