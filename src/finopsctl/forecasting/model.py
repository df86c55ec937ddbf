"""A method fitted to a series: its path, and the spread that its own past errors give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from finopsctl.forecasting.methods import MEAN_DAYS, PATHS, SHORT, TITLES, WEEK
from finopsctl.forecasting.month_end import WIDTHS, factors, month_end_paths
from finopsctl.forecasting.spread import (
    ORIGINS,
    Spread,
    actual_days,
    column_quantiles,
    never_negative,
    rolling_errors,
    spread,
    widening,
)

if TYPE_CHECKING:
    from finopsctl.forecasting.methods import Floats, Integers, Paths
    from finopsctl.forecasting.series import Series

_MONTH_END_GAIN = 0.01  # of the daily error: less is not worth a more complicated model
_PLENTY = 3 * SHORT


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One method on one series.

    Args:
        name: The method's name.
        title: What it is called in a sentence.
        path: The expected amount of each day ahead.
        spread: Of totals, relative; None with too few past errors.
        day_below: From each day's expected amount down to its P10.
        day_above: From it up to P90.
        notes: What the choice of method has to say for itself.
    """

    name: str
    title: str
    path: Floats
    spread: Spread | None
    day_below: Floats
    day_above: Floats
    notes: tuple[str, ...] = ()


def fitted(series: Series, horizon: int, method: str) -> Fit:
    """Fit a method to a series that holds at least one day."""
    if method == "auto_ets":
        from finopsctl.forecasting.ets import ets_fit

        return ets_fit(series, horizon)
    name, paths, title, notes = chosen(series, horizon, method)
    values = np.asarray(series.values, dtype=float)
    path = paths(series.first_day, values, np.array([len(values)]), horizon)[0]
    totals, days = rolling_errors(paths, series.first_day, values, past_origins(len(values)), horizon)
    below, above = day_widths(days, path)
    by_factors = never_negative(values)
    return Fit(name, title, path, spread(totals, by_factors=by_factors), below, above, notes)


def past_origins(count: int) -> Integers:
    """Return the origins with at least one later day that are worth learning from.

    From six weeks on only those with the two weeks a weekday profile takes; in a fortnight or more also the ones that
    knew a week; in less all of them.
    """
    first = SHORT if count >= _PLENTY else WEEK if count >= SHORT else 1
    return np.arange(max(first, count - ORIGINS), count)


def chosen(series: Series, horizon: int, method: str) -> tuple[str, Paths, str, tuple[str, ...]]:
    """Return the name, path function, title and notes of the method to use."""
    count = len(series.values)
    if method not in ("auto", "weekday"):
        title = f"mean of {_days(count)}" if method == "mean" and count < MEAN_DAYS else TITLES[method]
        return method, PATHS[method], title, ()
    if count < SHORT:
        return "weekday", PATHS["weekday"], f"mean of {_days(count)}", ()
    width, factor = _month_end(series, horizon) if method == "auto" else (0, 1.0)
    if width:
        days = "day" if width == 1 else f"{width} days"
        note = f"the last {days} of a month cost {factor:.2f} times what their weekdays say"
        return "weekday", month_end_paths(width), f"{TITLES['weekday']} x month-end effect", (note,)
    return "weekday", PATHS["weekday"], TITLES["weekday"], ()


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _month_end(series: Series, horizon: int) -> tuple[int, float]:
    """Return how many last days of the month have a factor of their own, and the factor; 0 where none helps."""
    values = np.asarray(series.values, dtype=float)
    origins = past_origins(len(values))
    actual = actual_days(values, origins, horizon)
    now = np.array([len(values)])
    best, least, found = 0, _daily_error(PATHS["weekday"], series, origins, actual) * (1 - _MONTH_END_GAIN), 1.0
    for width in WIDTHS:
        factor = float(factors(series.first_day, values, now, width)[0])
        if factor == 1.0:
            continue
        error = _daily_error(month_end_paths(width), series, origins, actual)
        if error < least:
            best, least, found = width, error, factor
    return best, found


def _daily_error(paths: Paths, series: Series, origins: Integers, actual: Floats) -> float:
    expected = paths(series.first_day, np.asarray(series.values, dtype=float), origins, actual.shape[1])
    return float(np.nansum(np.abs(expected - actual)))


def day_widths(errors: Floats, path: Floats) -> tuple[Floats, Floats]:
    """Return how far single days may lie below and above a path, from the errors of single days."""
    count = (~np.isnan(errors)).sum(axis=0)
    low, high = column_quantiles(errors, count)
    level = np.abs(path).mean()
    factor = widening(np.maximum(count, 1).astype(float))
    below, above = np.maximum(-low, 0.0) * factor, np.maximum(high, 0.0) * factor
    enough = np.flatnonzero(count > 0)
    if len(enough) and enough[-1] + 1 < len(path):
        # Days further ahead than any past error are at least as uncertain as the furthest that has one.
        last = enough[-1]
        growth = np.sqrt(np.arange(1, len(path) + 1) / (last + 1))
        beyond = np.arange(len(path)) > last
        below = np.where(beyond, below[: last + 1].max() * growth, below)
        above = np.where(beyond, above[: last + 1].max() * growth, above)
    return below * level, above * level
