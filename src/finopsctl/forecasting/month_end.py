"""The month-end effect: how much more (or less) the last days of a month cost than the weekday model expects.

For each past month the ratio of actual to expected spend of its last ``width`` days, forecast from the day before
them. The factor is the mean ratio, applied only where at least ``MONTHS`` months show it and the mean lies more than
three standard errors from 1; whether it stays is decided by the back-test of the daily path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from finopsctl.forecasting.calendar import days_left_in_month
from finopsctl.forecasting.methods import _SPAN, known_days, smoothed_paths, weekday_paths

if TYPE_CHECKING:
    from datetime import date

    from finopsctl.forecasting.methods import Floats, Integers, Paths

MONTHS = 6
"""How many months must show the effect before it is believed."""

WIDTHS = (1, 3, 5)
"""How many last days of the month are tried."""

_STANDARD_ERRORS = 3.0


def month_end_paths(width: int) -> Paths:
    """Return the weekday method with the last ``width`` days of each month scaled by their factor."""

    def paths(first_day: date, values: Floats, origins: Integers, horizon: int) -> Floats:
        factor = factors(first_day, values, origins, width)
        left = days_left_in_month(first_day, len(values) + horizon)
        past = known_days(left[: len(values)].astype(float), origins, _SPAN) < width
        windows = known_days(values, origins, _SPAN) / np.where(past, factor[:, None], 1.0)
        ahead = left[origins[:, None] + np.arange(horizon)] < width
        return smoothed_paths(windows, origins, horizon) * np.where(ahead, factor[:, None], 1.0)

    return paths


def factors(first_day: date, values: Floats, origins: Integers, width: int) -> Floats:
    """Return the factor known at each origin; 1 where too few months show one."""
    left = days_left_in_month(first_day, len(values))
    starts = np.flatnonzero(left == width - 1)
    starts = starts[(starts >= 2 * 7) & (starts + width <= len(values))]
    if len(starts) < MONTHS:
        return np.ones(len(origins))
    expected = weekday_paths(first_day, values, starts, width).sum(axis=1)
    actual = np.array([values[start : start + width].sum() for start in starts])
    usable = expected > 0
    starts, ratios = starts[usable], actual[usable] / expected[usable]
    count = np.arange(1, len(ratios) + 1)
    mean = np.cumsum(ratios) / count
    variance = np.maximum(np.cumsum(ratios**2) / count - mean**2, 0.0) * count / np.maximum(count - 1, 1)
    shown = (count >= MONTHS) & (np.abs(mean - 1) > _STANDARD_ERRORS * np.sqrt(variance / count)) & (mean > 0)
    known = np.searchsorted(starts + width, origins, side="right")
    by_months: Floats = np.concatenate([[1.0], np.where(shown, mean, 1.0)])
    found: Floats = by_months[known]
    return found
