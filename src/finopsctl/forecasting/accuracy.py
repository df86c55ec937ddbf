"""The back-test: how far each method would have been off on this very series, and how honest its intervals were.

From every past day with at least a week known, each method forecasts the total of the next ``horizon`` days. WAPE =
sum of absolute errors / sum of actual totals. Coverage = the share of those totals that fell into the 80 % interval
the method would have given on that day, from the errors it knew by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from finopsctl.forecasting.methods import PATHS, SHORT, TITLES, WEEK
from finopsctl.forecasting.model import chosen, past_origins
from finopsctl.forecasting.spread import actual_days, errors_of_totals, never_negative, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.forecasting.methods import Integers, Paths
    from finopsctl.forecasting.series import Series

COMPARED = ("auto", "burn_rate", "seasonal_naive", "mean", "last_7_days")
"""The methods a back-test compares, ours first."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How one method did.

    Args:
        method: Its name; ``auto`` is ours.
        title: What it is called in a sentence.
        wape: Sum of absolute errors of the totals / sum of the actual totals; None without an origin or spend.
        coverage: Share of totals inside the 80 % interval known at the time; None without one.
        origins: How many totals were forecast.
        judged: How many of them had an interval.
    """

    method: str
    title: str
    wape: float | None
    coverage: float | None
    origins: int
    judged: int


def backtest(
    series: Series, horizon: int, methods: Sequence[str] = COMPARED, *, coverage: bool = True
) -> tuple[Accuracy, ...]:
    """Return how each method did on totals of ``horizon`` days, from all origins with two weeks known.

    Too short a series gives rows with 0 origins, not an error.

    Args:
        series: The days known.
        horizon: Days in a total.
        methods: Names of methods; ``auto`` is ours.
        coverage: Whether to judge the intervals too, which takes most of the time.
    """
    origins = np.arange(SHORT, len(series.values) - horizon + 1)
    return tuple(_accuracy(name, series, origins, horizon, coverage=coverage) for name in methods)


def _accuracy(name: str, series: Series, origins: Integers, horizon: int, *, coverage: bool) -> Accuracy:
    values = np.asarray(series.values, dtype=float)
    if not len(origins):
        return Accuracy(name, TITLES.get(name, "ours"), None, None, 0, 0)
    paths, title = PATHS.get(name), TITLES.get(name, "")
    if paths is None:
        _, paths, title, _ = chosen(series, horizon, name)
    expected = paths(series.first_day, values, origins, horizon).sum(axis=1)
    actual = actual_days(values, origins, horizon).sum(axis=1)
    whole = float(np.abs(actual).sum())
    wape = float(np.abs(actual - expected).sum()) / whole if whole else None
    inside, judged = _coverage(paths, series, origins, horizon) if coverage else (None, 0)
    return Accuracy(name, title, wape, inside, len(origins), judged)


def _coverage(paths: Paths, series: Series, origins: Integers, horizon: int) -> tuple[float | None, int]:
    """Return the share of totals inside their interval, and of how many."""
    values = np.asarray(series.values, dtype=float)
    before = np.arange(WEEK, int(origins[-1]) + 1)
    errors = errors_of_totals(paths(series.first_day, values, before, horizon), values, before)
    lengths, by_factors = np.arange(1, horizon + 1), never_negative(values)
    inside = judged = 0
    for origin in origins:
        used = past_origins(int(origin)) - before[0]
        known = before[used, None] + lengths <= origin
        past = np.where(known, errors[used], np.nan)
        width = spread(past, by_factors=by_factors) if len(past) else None
        error = errors[origin - before[0], -1]
        if width is None or np.isnan(error):
            continue
        judged += 1
        inside += bool(-width.below[-1] <= error <= width.above[-1])
    return (inside / judged if judged else None), judged
