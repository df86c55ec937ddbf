"""How far totals may lie from the expected path, learnt from the method's own past errors.

From every past origin the method's total of the next ``n`` days is compared with what came: ``e = actual / expected
- 1``. The 10 % and 90 % quantiles of ``e`` bound the 80 % interval of an ``n``-day total, corrected for
what such errors do not know:

- Origins a day apart share most of their days. ``m`` errors of ``n``-day totals are worth about ``1 + (m - 1) / n``
  independent ones; both sides are widened by the prediction factor of Student's t for that many,
  ``t(0.9, independent - 1) * sqrt(1 + 1 / independent) / z(0.9)``.
- One side is at least half as wide as the other: a year of growth says nothing about a fall.
- Spend that is never negative falls by factors, not by differences: a third of the expected total is as far off as
  three times it. Downwards the width is therefore that of ``expected / actual - 1``, and P10 never reaches zero
  unless totals of zero were met.
- Where fewer than three independent errors exist, the widths of the longest total that has them grow with the
  square root of the length, as those of a level that wanders do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from finopsctl.forecasting.methods import WEEK

if TYPE_CHECKING:
    from datetime import date

    from finopsctl.forecasting.methods import Floats, Integers, Paths

Z90 = 1.2815515655446004
"""The 90 % quantile of the standard normal distribution."""

ORIGINS = 730
"""How many of the latest origins are looked at."""

LEAST_ERRORS = 3
"""Fewer errors than this tell nothing: two equal days would make the third a certainty."""

_NOTHING = 1e-9
"""Of the largest amount: less is rounding, not spend to divide by."""

_ENOUGH = 3.0
_SIDE = 0.5
_EXACT_T90 = np.array([3.0777, 1.8856, 1.6377, 1.5332, 1.4759])


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Relative half-widths of the 80 % interval of the total of the first 1, 2, ... days.

    Args:
        below: From the expected total down to P10, as a share of it.
        above: From the expected total up to P90.
        errors: How many errors the width of each length rests on.
        independent: How many independent ones they are worth.
    """

    below: Floats
    above: Floats
    errors: Integers
    independent: Floats


def errors_of_totals(paths: Floats, values: Floats, origins: Integers) -> Floats:
    """Return actual / expected - 1 of the total of the first 1, 2, ... days from each origin; NaN where not yet known.

    An expected total of zero has no relative error unless the actual one is zero as well.
    """
    actual = actual_days(values, origins, paths.shape[1])
    came, expected = np.cumsum(actual, axis=1), np.cumsum(paths, axis=1)
    return _divided(came - expected, np.abs(expected), came)


def errors_of_days(paths: Floats, values: Floats, origins: Integers) -> Floats:
    """Return (actual - expected) / the path's mean day, for each single day ahead of each origin."""
    actual = actual_days(values, origins, paths.shape[1])
    level = np.broadcast_to(np.abs(paths).mean(axis=1, keepdims=True), paths.shape)
    return _divided(actual - paths, level, actual)


def actual_days(values: Floats, origins: Integers, horizon: int) -> Floats:
    """Return what came on the days ahead of each origin; NaN for days beyond the series."""
    padded = np.concatenate([values, np.full(horizon, np.nan)])
    days: Floats = padded[origins[:, None] + np.arange(horizon)]
    return days


def _divided(error: Floats, size: Floats, actual: Floats) -> Floats:
    """Divide errors by what they are relative to: where that is nothing, 0 if nothing came and unknown if something."""
    largest = max(np.abs(size).max(initial=0.0), np.nan_to_num(np.abs(actual)).max(initial=0.0))
    nothing = _NOTHING * largest
    usable = size > nothing
    return np.where(usable, error / np.where(usable, size, 1.0), np.where(np.abs(actual) <= nothing, 0.0, np.nan))


def spread(errors: Floats, *, step: float = 1.0, by_factors: bool = False) -> Spread | None:
    """Return the half-widths that errors stand for; None with too few of any length.

    Args:
        errors: One row an origin, one column a length; NaN where not yet known.
        step: Days from one origin to the next.
        by_factors: Whether totals fall by factors: those of a series that is never negative.
    """
    count = (~np.isnan(errors)).sum(axis=0)
    if not len(count) or count.max() < LEAST_ERRORS:
        return None
    lengths = np.arange(1, errors.shape[1] + 1)
    independent = np.where(count > 0, 1 + (count - 1) * np.minimum(step / lengths, 1.0), 0.0)
    low, high = column_quantiles(errors, count)
    factor = widening(independent)
    fall = np.maximum(_factors(low) if by_factors else -low, 0.0) * factor
    above = np.maximum(high, 0.0) * factor
    below, above = (
        np.maximum(fall, _SIDE * above),
        np.maximum(above, _SIDE * (_share(fall) if by_factors else fall)),
    )
    found = _continued(Spread(below, above, count, independent), lengths)
    return replace(found, below=_share(found.below)) if by_factors else found


def _factors(errors: Floats) -> Floats:
    """Return expected / actual - 1 for actual / expected - 1; endless where nothing came."""
    left = 1 + errors
    return np.where(left > _NOTHING, 1 / np.where(left > _NOTHING, left, 1.0) - 1, np.inf)


def _share(factors: Floats) -> Floats:
    """Return the share of the expected total that is missing where it is 1 + ``factors`` times the actual one."""
    return 1 - 1 / (1 + factors)


def _continued(known: Spread, lengths: Integers) -> Spread:
    """Replace the widths that rest on too little by those of the longest length with enough, grown by the root."""
    enough = np.flatnonzero(known.independent >= _ENOUGH)
    base = int(enough[-1]) if len(enough) else int(np.argmax(known.independent))
    growth = np.sqrt(lengths / lengths[base])
    beyond = lengths > lengths[base]
    return Spread(
        np.where(beyond, known.below[base] * growth, known.below),
        np.where(beyond, known.above[base] * growth, known.above),
        np.where(beyond, known.errors[base], known.errors),
        np.where(beyond, known.independent[base], known.independent),
    )


def widening(independent: Floats) -> Floats:
    """Return how much wider an interval from this many independent errors has to be than one from endless many."""
    degrees = np.maximum(independent - 1, 1.0)
    factor: Floats = _t90(degrees) * np.sqrt(1 + 1 / np.maximum(independent, 1.0)) / Z90
    return factor


def _t90(degrees: Floats) -> Floats:
    """Return the 90 % quantile of Student's t (Abramowitz and Stegun 26.7.5; tabled where that is not close)."""
    z = Z90
    series = (
        z
        + (z**3 + z) / (4 * degrees)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * degrees**3)
    )
    tabled = np.interp(degrees, np.arange(1, len(_EXACT_T90) + 1), _EXACT_T90)
    quantile: Floats = np.where(degrees <= len(_EXACT_T90), tabled, series)
    return quantile


def column_quantiles(errors: Floats, count: Integers) -> tuple[Floats, Floats]:
    """Return the 10 % and 90 % quantiles of each column, NaN aside; 0 where a column holds nothing."""
    if not len(errors):
        return np.zeros(errors.shape[1]), np.zeros(errors.shape[1])
    ordered = np.sort(errors, axis=0)  # NaN last
    columns = np.arange(errors.shape[1])

    def quantile(share: float) -> Floats:
        place = np.maximum(count - 1, 0) * share
        left = np.floor(place).astype(np.int64)
        right = np.minimum(left + 1, np.maximum(count - 1, 0))
        part = place - left
        between: Floats = ordered[left, columns] * (1 - part) + ordered[right, columns] * part
        return np.where(count > 0, between, 0.0)

    return quantile(0.1), quantile(0.9)


def rolling_errors(
    paths: Paths, first_day: date, values: Floats, origins: Integers, horizon: int
) -> tuple[Floats, Floats]:
    """Return a method's errors of totals and of single days from past origins."""
    expected = paths(first_day, values, origins, horizon)
    return errors_of_totals(expected, values, origins), errors_of_days(expected, values, origins)


def never_negative(values: Floats) -> bool:
    """Return whether no week of a history (the whole of it, if shorter) adds up to less than zero."""
    sums = np.convolve(values, np.ones(min(len(values), WEEK)), mode="valid")
    return bool(sums.min() >= -_NOTHING * np.abs(values).max())
