"""The fleet and its parts forecast apart, and made to agree.

The fleet's path is the better one (its noise averages out), so the parts are scaled to it, day by day. Amounts are
rounded to whole micro-units (1e-6) of the currency, what rounding leaves over goes to the day's largest part, so the
parts of a day add up to the fleet and the days to the total, exactly. P10 and P90 keep their relative distance from
P50, as far as the interval of the whole leaves room (``bounds``); they do not add up over parts, since parts are not
all low on the same day.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from finopsctl.analyses.forecast.bounds import Bounds, Interval, inside, left_by
from finopsctl.forecasting import Outlook, Series, outlook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

MICRO = 1_000_000
OTHER = "other"
"""The column that marks the part which stands for all others."""

RECENT_DAYS = 28
"""The days that tell how spend is shared today."""

OWN_MODELS = 300
"""How many of the largest parts are forecast on their own; the rest share one forecast."""

WEEK = 7
_LOW, _HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One part, or the fleet.

    Args:
        key: The values of its dimensions.
        series: Its days.
        outlook: Its forecast, at least a week long.
        micro: The expected amount of each day of the horizon, in whole micro-units, scaled to the fleet.
        week: The same of the week that ends with the horizon, or of the first one ahead where it is shorter.
        monthly: Thirty times the mean day of that week, in whole micro-units; the parts' add up to the fleet's.
        begun: What is spent of the first day already, in whole micro-units: the least it can end at.
        factor: What scaling made of its own total; None where its own forecast is zero.
        pooled: Whether it shares its forecast with others.
        bounds: What the whole's interval leaves it.
    """

    key: tuple[str | None, ...]
    series: Series
    outlook: Outlook
    micro: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    week: NDArray[np.int64] = field(default_factory=lambda: np.zeros(WEEK, dtype=np.int64))
    monthly: int = 0
    begun: int = 0
    factor: float | None = 1.0
    pooled: bool = False
    bounds: Bounds = field(default_factory=Bounds)

    @property
    def expected(self) -> Decimal:
        """The expected total of the days ahead."""
        return decimal_of(int(self.micro.sum()))

    def total(self, quantile: float, days: int | None = None) -> Decimal | None:
        """Return a quantile of the total of the first days ahead (None: all), scaled to the fleet, or None."""
        days = len(self.micro) if days is None else days
        own = self.outlook.total(quantile, days)
        middle = self.outlook.total(0.5, days)
        if days == 0:
            return Decimal(0)
        if own is None or middle is None or self.pooled:
            return None
        expected = decimal_of(int(self.micro[:days].sum()))
        found = expected + decimal_of(round((own - middle) * (self.factor or 1.0) * MICRO))
        found = max(found, decimal_of(self.begun)) if self.begun > 0 else found
        found = max(found, Decimal(0)) if own >= 0 else found  # rounding must not take it below zero
        if days != len(self.micro) or quantile not in (_LOW, _HIGH):
            return found
        low, _, high = inside((found, expected, found), self.bounds.total)
        return low if quantile == _LOW else high

    def on(self, index: int) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
        """Return P10, P50 and P90 of one day ahead; P50 scaled to the fleet, the others at their distance from it."""
        found = self.outlook
        if not found.known:
            return None, None, None
        expected = decimal_of(int(self.micro[index]))
        bounds = self._bound(index, found.p10[index]), expected, self._bound(index, found.p90[index])
        return inside(bounds, self.bounds.of_day(index))

    def _bound(self, index: int, bound: float | None) -> Decimal | None:
        expected = self.outlook.expected[index]
        if bound is None or expected is None or self.pooled:
            return None
        moved = int(self.micro[index]) + round((bound - expected) * (self.factor or 1.0) * MICRO)
        moved = max(moved, self.begun) if index == 0 and self.begun > 0 else moved
        return decimal_of(max(moved, 0) if min(self.series.values) >= 0 else moved)

    def run_rate(self) -> Decimal | None:
        """Return thirty times the mean expected day of the week that ends with the horizon; None without history."""
        return decimal_of(self.monthly) if self.outlook.known else None


def decimal_of(micro: int) -> Decimal:
    """Return whole micro-units as an amount."""
    return Decimal(micro).scaleb(-6)


def forecast_fleet(series: Series, days: int, method: str, begun: int = 0) -> Part:
    """Forecast the whole.

    Args:
        series: Its whole days.
        days: How many to forecast.
        method: The forecast method.
        begun: What is spent of the first day to forecast, in whole micro-units.
    """
    found = outlook(series, max(days, WEEK), method=method)
    micro = _path(found)
    if begun > 0:
        micro[0] = max(micro[0], begun)
    week = _last_week(micro, days)
    return Part((), series, found, micro[:days], week, _a_month(week), begun)


def _path(found: Outlook) -> NDArray[np.int64]:
    """Return the expected days of a forecast, in whole micro-units."""
    micro: NDArray[np.int64] = np.rint(np.array([amount or 0.0 for amount in found.expected]) * MICRO).astype(np.int64)
    return micro


def _last_week(path: NDArray[np.int64], days: int) -> NDArray[np.int64]:
    """Return the week that ends after so many days of a path, or its first one."""
    end = max(days, WEEK)
    return path[..., end - WEEK : end]


def _a_month(week: NDArray[np.int64]) -> int:
    """Return thirty mean days of a week, in whole micro-units."""
    return round(Fraction(30 * int(week.sum()), WEEK))


def _months(weeks: NDArray[np.int64], fleet: int) -> list[int]:
    """Return thirty mean days of each part, which add up to the fleet's: the largest takes what rounding leaves."""
    found = [_a_month(week) for week in weeks]
    largest = max(range(len(found)), key=lambda at: abs(found[at]))
    found[largest] += fleet - sum(found)
    return found


def forecast_parts(
    series: Sequence[tuple[tuple[str | None, ...], Series]],
    fleet: Part,
    method: str,
    begun: Mapping[tuple[str | None, ...], int] | None = None,
) -> tuple[Part, ...]:
    """Forecast each part and scale them to the fleet.

    Args:
        series: The key and the days of every part.
        fleet: The forecast of their sum.
        method: The forecast method.
        begun: By key, what is spent of the first day to forecast, in whole micro-units.
    """
    if not series:
        return ()
    days = len(fleet.micro)
    span = len(fleet.outlook.days)
    ranked = sorted(series, key=lambda item: (-abs(recent_spend(item[1])), tuple(value or "" for value in item[0])))
    outlooks = [outlook(each, span, method=method) for _, each in ranked[:OWN_MODELS]]
    rest = [recent_spend(each) for _, each in ranked[OWN_MODELS:]]
    paths = [[amount or 0.0 for amount in found.expected] for found in outlooks]
    if rest:
        shared = outlook(_sum([each for _, each in ranked[OWN_MODELS:]]), span, method=method)
        whole = sum(rest)
        outlooks += [shared] * len(rest)
        paths += [[(amount or 0.0) * (part / whole if whole else 0.0) for amount in shared.expected] for part in rest]
    own = np.array(paths, dtype=float).reshape(len(ranked), span)
    recent = np.array([recent_spend(each) for _, each in ranked])
    micro = reconciled(own, _path(fleet.outlook), recent)
    factors = [_factor(own[at, :days], micro[at, :days]) for at in range(len(ranked))]
    spent = np.array([(begun or {}).get(key, 0) for key, _ in ranked], dtype=np.int64)
    if fleet.begun > 0 and days:
        micro[:, 0] = _at_least(micro[:, 0], spent, int(fleet.micro[0]))
    months = _months(_last_week(micro, days), fleet.monthly)
    parts = tuple(
        Part(
            key,
            each,
            found,
            micro[at, :days],
            _last_week(micro[at], days),
            months[at],
            int(spent[at]),
            factors[at],
            pooled=at >= OWN_MODELS,
        )
        for at, ((key, each), found) in enumerate(zip(ranked, outlooks, strict=True))
    )
    return _bounded(parts, fleet)


def _bounded(parts: tuple[Part, ...], fleet: Part) -> tuple[Part, ...]:
    """Return the parts with the bounds that the interval of the whole leaves them."""
    ends = [_ends(part) for part in (fleet, *parts)]
    totals = left_by(ends[0], ends[1:])
    days = [left_by(fleet.on(at), [part.on(at) for part in parts]) for at in range(len(fleet.micro))]
    return tuple(
        replace(part, bounds=Bounds(totals[at], tuple(day[at] for day in days))) for at, part in enumerate(parts)
    )


def _ends(part: Part) -> Interval:
    return part.total(_LOW), part.expected, part.total(_HIGH)


def _at_least(day: NDArray[np.int64], spent: NDArray[np.int64], whole: int) -> NDArray[np.int64]:
    """Return a day's parts with none below what it has spent, adding up to ``whole``, which is no less than they spent.

    What is above is cut in proportion, or raised for a whole that was raised itself.
    """
    above = np.maximum(day - spent, 0)
    room, rest = int(above.sum()), whole - int(spent.sum())
    shares = above / room if room else np.full(len(day), 1 / len(day))
    found: NDArray[np.int64] = spent + np.floor(shares * rest).astype(np.int64)
    found[int(np.argmax(shares))] += whole - int(found.sum())
    return found


def reconciled(own: NDArray[np.float64], fleet: NDArray[np.int64], recent: NDArray[np.float64]) -> NDArray[np.int64]:
    """Scale the parts' paths to the fleet's, in whole micro-units that add up to it on every day.

    Args:
        own: One row a part, one column a day.
        fleet: The fleet's days, in micro-units.
        recent: What each part spent lately: how a day is shared on which no part expects anything.
    """
    sums = own.sum(axis=0)
    usable = sums > 0
    lately = np.maximum(recent, 0.0)
    even = lately / lately.sum() if lately.sum() > 0 else np.full(len(own), 1 / max(len(own), 1))
    shares = np.where(usable, own / np.where(usable, sums, 1.0), even[:, None])
    micro = np.rint(shares * fleet).astype(np.int64)
    largest = np.argmax(np.abs(shares), axis=0) if len(own) else np.zeros(0, dtype=np.int64)
    micro[largest, np.arange(len(fleet))] += fleet - micro.sum(axis=0)
    return micro


def _factor(own: NDArray[np.float64], micro: NDArray[np.int64]) -> float | None:
    before = float(own.sum())
    if before == 0:
        return None
    return float(micro.sum()) / MICRO / before


def recent_spend(series: Series) -> float:
    """Return the spend of the last days of a series."""
    return float(sum(series.values[-RECENT_DAYS:]))


def _sum(series: Sequence[Series]) -> Series:
    first = min(each.first_day for each in series)
    after = max(each.after for each in series)
    values = np.zeros((after - first).days)
    for each in series:
        start = (each.first_day - first).days
        values[start : start + len(each.values)] += each.values
    return Series(first, tuple(values.tolist()))
