"""Which days of a series are the last of their month."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def days_left_in_month(first_day: date, count: int) -> NDArray[np.int64]:
    """Return for ``count`` days from ``first_day`` how many days of the month follow: 0 on its last day."""
    days = np.datetime64(first_day, "D") + np.arange(count)
    next_month = (days.astype("datetime64[M]") + 1).astype("datetime64[D]")
    left: NDArray[np.int64] = (next_month - days).astype(np.int64) - 1
    return left


def days_into_month(first_day: date, count: int) -> NDArray[np.int64]:
    """Return for ``count`` days from ``first_day`` how many days of the month have passed: 0 on its first day."""
    days = np.datetime64(first_day, "D") + np.arange(count)
    into: NDArray[np.int64] = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    return into


def days_from(first: date, count: int) -> tuple[date, ...]:
    """Return ``count`` days in a row."""
    return tuple(first + timedelta(days=index) for index in range(count))
