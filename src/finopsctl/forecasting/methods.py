"""How a daily series may be continued: each method gives the expected path from any day of the history.

An origin ``t`` is how many days are known: a path from ``t`` uses the first ``t`` values and nothing later, so the
same function serves the forecast (the last origin) and the back-test (all the others).

- ``weekday``: level x weekday profile. The profile is the mean of each weekday over the last 8 whole weeks, divided
  by the mean of all seven. The level is the average of three exponential smoothings (10, 20 and 40 % a day) of spend
  over profile, ``sum w y / sum w p`` with ``w = (1 - rate)^age`` over the last 60 days. It stays where it is: a
  straight line through the past was the worst forecast of every real series we tried. With fewer than two whole weeks
  it is the mean of all days.
- ``mean``: the mean of the last 30 days.
- ``burn_rate``: the mean of the current month to date (of at least the last 7 days), what every dashboard draws.
- ``seasonal_naive``: the same weekday of the last week, again and again.
- ``last_7_days``: their mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from finopsctl.errors import ConfigError, nearest
from finopsctl.forecasting.calendar import days_into_month

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Paths = Callable[[date, Floats, Integers, int], Floats]

WEEK = 7
SHORT = 2 * WEEK
"""Days of history below which there is no weekday profile to speak of."""

MEAN_DAYS = 30
"""Days the method ``mean`` looks back."""

_PROFILE_WEEKS = 8
_SPAN = 60
_RATES = (0.1, 0.2, 0.4)


def known_days(values: Floats, origins: Integers, span: int) -> Floats:
    """Return the last ``span`` days before each origin, oldest first; NaN before the series begins."""
    padded = np.concatenate([np.full(span, np.nan), values])
    windows: Floats = np.asarray(sliding_window_view(padded, span))[origins]
    return windows


def weekday_paths(first_day: date, values: Floats, origins: Integers, horizon: int) -> Floats:
    """Return level x weekday profile, one row an origin, one column a day ahead; the mean where history is short."""
    del first_day  # position in the week counted back from the origin is all that matters
    windows = known_days(values, origins, _SPAN)
    return smoothed_paths(windows, origins, horizon)


def smoothed_paths(windows: Floats, origins: Integers, horizon: int) -> Floats:
    """Return level x weekday profile from the known days before each origin."""
    profile = _profiles(windows)
    known = ~np.isnan(windows)
    amounts = np.where(known, windows, 0.0)
    weights_of_days = np.where(known, profile[:, np.arange(-_SPAN, 0) % WEEK], 0.0)
    age = np.arange(_SPAN)[::-1]
    smoothed = [
        (amounts @ weight) / np.maximum(weights_of_days @ weight, np.finfo(float).tiny)
        for weight in ((1.0 - rate) ** age for rate in _RATES)
    ]
    mean = amounts.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    level = np.where(origins < SHORT, mean, np.mean(smoothed, axis=0))
    paths: Floats = level[:, None] * profile[:, np.arange(horizon) % WEEK]
    return paths


def _profiles(windows: Floats) -> Floats:
    """Return each origin's seven weekday weights (mean 1), the weekday of the origin first; 1 where unknown."""
    weeks = windows[:, -WEEK * _PROFILE_WEEKS :].reshape(len(windows), _PROFILE_WEEKS, WEEK)
    whole = np.logical_not(np.isnan(weeks).any(axis=2))
    sums = np.where(whole[:, :, None], weeks, 0.0).sum(axis=1)
    mean = sums.mean(axis=1, keepdims=True)
    usable = (whole.sum(axis=1, keepdims=True) * WEEK >= SHORT) & (mean > 0)
    # Credits can make the sum of a weekday negative; a weight below zero would turn the forecast upside down.
    profile = np.where(usable, np.maximum(sums, 0.0) / np.where(usable, mean, 1.0), 1.0)
    average = profile.mean(axis=1, keepdims=True)
    scaled: Floats = profile / np.where(average > 0, average, 1.0)
    return scaled


def burn_rate_paths(first_day: date, values: Floats, origins: Integers, horizon: int) -> Floats:
    """Return the mean of the month to date at each origin, or of the last 7 days where the month is younger."""
    elapsed = days_into_month(first_day, len(values) + 1)[origins]
    return _flat(_mean_of_last(values, origins, np.maximum(elapsed, WEEK)), horizon)


def mean_paths(first_day: date, values: Floats, origins: Integers, horizon: int) -> Floats:
    """Return the mean of the last 30 days at each origin."""
    del first_day
    return _flat(_mean_of_last(values, origins, np.full(len(origins), MEAN_DAYS)), horizon)


def last_week_paths(first_day: date, values: Floats, origins: Integers, horizon: int) -> Floats:
    """Return the mean of the last 7 days at each origin."""
    del first_day
    return _flat(_mean_of_last(values, origins, np.full(len(origins), WEEK)), horizon)


def seasonal_naive_paths(first_day: date, values: Floats, origins: Integers, horizon: int) -> Floats:
    """Return the last week over and over; the mean while a week is not yet known."""
    week = known_days(values, origins, WEEK)
    paths: Floats = week[:, np.arange(horizon) % WEEK]
    return np.where(np.isnan(paths), mean_paths(first_day, values, origins, horizon), paths)


def _mean_of_last(values: Floats, origins: Integers, spans: Integers) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    begin = np.maximum(origins - spans, 0)
    means: Floats = (sums[origins] - sums[begin]) / np.maximum(origins - begin, 1)
    return means


def _flat(level: Floats, horizon: int) -> Floats:
    return np.repeat(level[:, None], horizon, axis=1)


PATHS: dict[str, Paths] = {
    "weekday": weekday_paths,
    "burn_rate": burn_rate_paths,
    "seasonal_naive": seasonal_naive_paths,
    "mean": mean_paths,
    "last_7_days": last_week_paths,
}
"""The methods that need nothing but numpy, by name."""

TITLES = {
    "weekday": "weekday profile x level",
    "burn_rate": "burn rate of the month to date",
    "seasonal_naive": "last week repeated",
    "mean": "mean of the last 30 days",
    "last_7_days": "mean of the last 7 days",
    "auto_ets": "AutoETS",
}
"""What a method is called in a sentence."""

METHOD_NAMES = ("auto", *TITLES)
"""What ``outlook`` takes for ``method``; ``auto`` is ``weekday``, and the mean where history is short."""


def check_method(name: str) -> None:
    """Refuse a method there is not.

    Raises:
        ConfigError: Naming the nearest one.
    """
    if name not in METHOD_NAMES:
        raise ConfigError(f"unknown forecast method '{name}'", nearest(name, METHOD_NAMES))
