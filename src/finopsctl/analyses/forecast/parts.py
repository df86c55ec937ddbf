"""The fleet and its parts forecast apart, and made to agree.

The fleet's path is the better one (its noise averages out), so the parts are scaled to it, day by day. Amounts are
rounded to whole micro-units (1e-6) of the currency, what rounding leaves over goes to the day's largest part, so the
parts of a day add up to the fleet and the days to the total, exactly. P10 and P90 keep their relative distance from
P50; they do not add up over parts, since parts are not all low on the same day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from finopsctl.forecasting import Outlook, Series, outlook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MICRO = 1_000_000
OTHER = "other"
"""The column that marks the part which stands for all others."""

RECENT_DAYS = 28
"""The days that tell how spend is shared today."""

OWN_MODELS = 300
"""How many of the largest parts are forecast on their own; the rest share one forecast."""

WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One part, or the fleet.

    Args:
        key: The values of its dimensions.
        series: Its days.
        outlook: Its forecast, at least a week long.
        micro: The expected amount of each day of the horizon, in whole micro-units, scaled to the fleet.
        factor: What scaling made of its own total; None where its own forecast is zero.
        recent: Its spend of the last days.
        pooled: Whether it shares its forecast with others.
    """

    key: tuple[str | None, ...]
    series: Series
    outlook: Outlook
    micro: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    factor: float | None = 1.0
    recent: float = 0.0
    pooled: bool = False

    @property
    def expected(self) -> Decimal:
        """The expected total of the days ahead."""
        return decimal_of(int(self.micro.sum()))

    def total(self, quantile: float) -> Decimal | None:
        """Return a quantile of the total of the days ahead, scaled to the fleet; None without an interval."""
        days = len(self.micro)
        own = self.outlook.total(quantile, days)
        middle = self.outlook.total(0.5, days)
        if days == 0:
            return Decimal(0)
        if own is None or middle is None or self.pooled:
            return None
        found = self.expected + decimal_of(round((own - middle) * (self.factor or 1.0) * MICRO))
        return max(found, Decimal(0)) if own >= 0 else found  # rounding must not take it below zero

    def on(self, index: int) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
        """Return P10, P50 and P90 of one day ahead; P50 scaled to the fleet, the others at their distance from it."""
        found = self.outlook
        if not found.known:
            return None, None, None
        expected = decimal_of(int(self.micro[index]))
        return self._bound(index, found.p10[index]), expected, self._bound(index, found.p90[index])

    def _bound(self, index: int, bound: float | None) -> Decimal | None:
        expected = self.outlook.expected[index]
        if bound is None or expected is None or self.pooled:
            return None
        moved = int(self.micro[index]) + round((bound - expected) * (self.factor or 1.0) * MICRO)
        return decimal_of(max(moved, 0) if min(self.series.values) >= 0 else moved)

    def run_rate(self) -> Decimal | None:
        """Return thirty times the mean expected day of the week that ends with the horizon."""
        path = self.outlook.expected
        if not self.outlook.known:
            return None
        end = max(len(self.micro), WEEK)
        week = [amount for amount in path[end - WEEK : end] if amount is not None]
        return decimal_of(round(30 * sum(week) / len(week) * (1.0 if self.factor is None else self.factor) * MICRO))


def decimal_of(micro: int) -> Decimal:
    """Return whole micro-units as an amount."""
    return Decimal(micro).scaleb(-6)


def forecast_fleet(series: Series, days: int, method: str) -> Part:
    """Forecast the whole."""
    found = outlook(series, max(days, WEEK), method=method)
    path = np.array([0.0 if amount is None else amount for amount in found.expected[:days]])
    micro = np.rint(path * MICRO).astype(np.int64)
    return Part((), series, found, micro, recent=recent_spend(series))


def forecast_parts(
    series: Sequence[tuple[tuple[str | None, ...], Series]], fleet: Part, method: str
) -> tuple[Part, ...]:
    """Forecast each part and scale them to the fleet.

    Args:
        series: The key and the days of every part.
        fleet: The forecast of their sum.
        method: The forecast method.
    """
    if not series:
        return ()
    days = len(fleet.micro)
    span = len(fleet.outlook.days)
    ranked = sorted(series, key=lambda item: (-abs(recent_spend(item[1])), tuple(value or "" for value in item[0])))
    outlooks = [outlook(each, span, method=method) for _, each in ranked[:OWN_MODELS]]
    rest = [recent_spend(each) for _, each in ranked[OWN_MODELS:]]
    paths = [[amount or 0.0 for amount in found.expected[:days]] for found in outlooks]
    if rest:
        shared = outlook(_sum([each for _, each in ranked[OWN_MODELS:]]), span, method=method)
        whole = sum(rest)
        outlooks += [shared] * len(rest)
        paths += [
            [(amount or 0.0) * (part / whole if whole else 0.0) for amount in shared.expected[:days]] for part in rest
        ]
    own = np.array(paths, dtype=float).reshape(len(ranked), days)
    recent = np.array([recent_spend(each) for _, each in ranked])
    micro = reconciled(own, fleet.micro, recent)
    return tuple(
        Part(key, each, found, micro[at], _factor(own[at], micro[at]), float(recent[at]), pooled=at >= OWN_MODELS)
        for at, ((key, each), found) in enumerate(zip(ranked, outlooks, strict=True))
    )


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


def filled(amounts: dict[date, float], after: date, first: date | None = None) -> Series:
    """Return the days from ``first`` (None: the first one with an amount) up to ``after``, 0 where there is none."""
    start = first or min(amounts, default=after)
    return Series(start, tuple(amounts.get(start + timedelta(days=at), 0.0) for at in range((after - start).days)))
