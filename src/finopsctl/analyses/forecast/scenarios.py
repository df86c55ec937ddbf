"""Scenarios: what the forecast becomes if prices, users or plans change on a date.

A scenario is laid over the baseline's expected days. The day's amount is divided over groups (the parts, and the
values its filters name) by their share of recent spend; each change then multiplies the groups it matches:

    amount(group, day) = baseline(part, day) x share of the group in its part x product of multipliers

    multiplier of a change = 1 before its date, else factor x (1 + growth) ^ ((days since its date) / 30)

An amount a day is added afterwards. Relative distances of P10 and P90 from the expected total stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from finopsctl.analyses.forecast.parts import MICRO, RECENT_DAYS, WEEK, Part, decimal_of
from finopsctl.metrics.where import matches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

_MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changes.

    Args:
        starts: The first day it holds; None: the first day forecast.
        ends: The first day it no longer holds; None: it stays.
        where: Dimension to texts and globs, all of which must match; none: everything.
        factor: What matching spend is multiplied by: 0.8 for prices down 20 %.
        growth_per_month: Growth in 30 days, compounding daily from its date.
        add_per_day: Added to each day, in the report's currency.
    """

    starts: date | None = None
    ends: date | None = None
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    factor: float = 1.0
    growth_per_month: float = 0.0
    add_per_day: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named set of changes."""

    name: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """What a scenario makes of the forecast.

    Args:
        scenario: Its name; None is the baseline.
        part: The part; the fleet has an empty key.
        future: The expected total of the days ahead.
        low: Its P10, None without an interval.
        high: Its P90.
        run_rate: Thirty times the mean day of the horizon's last week.
    """

    scenario: str | None
    part: tuple[str | None, ...]
    future: Decimal
    low: Decimal | None
    high: Decimal | None
    run_rate: Decimal | None


def dimensions_of(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    """Return the dimensions that scenarios filter by, each once."""
    return tuple(dict.fromkeys(name for s in scenarios for change in s.changes for name in change.where))


def overlays(
    scenarios: Sequence[Scenario], groups: pl.DataFrame, parts: Sequence[Part], names: Sequence[str]
) -> tuple[tuple[Overlay, ...], tuple[str, ...]]:
    """Lay scenarios over a forecast.

    Args:
        scenarios: In the order shown.
        groups: Recent spend by the dimensions of parts and filters: their columns, and ``spend``.
        parts: The parts that make the fleet; the fleet itself where there are no dimensions. At least one.
        names: The dimensions of the parts.

    Returns:
        One entry for each scenario and part, and what is doubtful about them, as sentences.
    """
    found: list[Overlay] = []
    doubts: list[str] = []
    first = parts[0].outlook.days[0]
    for scenario in scenarios:
        masks = [_mask(change, groups) for change in scenario.changes]
        doubts += [
            f"scenario '{scenario.name}': {_filter(change)} matches no spend of the last {RECENT_DAYS} days"
            for change, mask in zip(scenario.changes, masks, strict=True)
            if change.where and not groups.filter(mask)["spend"].sum()
        ]
        doubts += [
            f"scenario '{scenario.name}': a change of {change.starts} counts from {first}, the first day forecast"
            for change in scenario.changes
            if change.starts is not None and change.starts < first
        ]
        found += [_overlay(scenario, part, groups, masks, names) for part in parts]
    return tuple(found), tuple(doubts)


def baseline(part: Part) -> Overlay:
    """Return the forecast as it stands."""
    return Overlay(None, part.key, part.expected, part.total(0.1), part.total(0.9), part.run_rate())


def _mask(change: Change, groups: pl.DataFrame) -> NDArray[np.bool_]:
    return _all(groups, [matches(pl.col(name), texts) for name, texts in change.where.items()])


def _all(groups: pl.DataFrame, tests: Sequence[pl.Expr]) -> NDArray[np.bool_]:
    """Return which groups pass every test."""
    if not tests:
        return np.ones(groups.height, dtype=bool)
    return groups.select(pl.all_horizontal(tests)).to_series().to_numpy().astype(bool)


def _filter(change: Change) -> str:
    return " and ".join(f"{name} = {', '.join(texts)}" for name, texts in change.where.items())


def _overlay(
    scenario: Scenario, part: Part, groups: pl.DataFrame, masks: Sequence[NDArray[np.bool_]], names: Sequence[str]
) -> Overlay:
    mine = _of_part(groups, part, names)
    weights = _shares(groups["spend"], mine)
    days = len(part.micro)
    path = np.concatenate([part.micro, part.week[min(days, WEEK) :]]) / MICRO  # a short horizon is made up to a week
    multiplier = np.ones((len(weights), len(path)))
    added = np.zeros(len(path))
    for change, hit in zip(scenario.changes, masks, strict=True):
        effect, extra = _effect(change, part.outlook.days)
        multiplier[hit] *= effect
        added += extra * _part_of_added(groups["spend"], hit, mine, change)
    after = path * (weights @ multiplier if weights.sum() else 1.0) + added
    week = slice(max(days, WEEK) - WEEK, None)
    future = float(after[:days].sum())
    future = max(future, part.begun / MICRO) if part.begun > 0 else future
    before = float(path[:days].sum())
    ratio = float((after - added)[:days].sum()) / before if before else 1.0
    low, high = part.total(0.1), part.total(0.9)
    amount = decimal_of(round(future * MICRO))
    return Overlay(
        scenario.name,
        part.key,
        amount,
        None if low is None else amount - _scaled(part.expected - low, ratio),
        None if high is None else amount + _scaled(high - part.expected, ratio),
        decimal_of(part.monthly + round(30 * float((after - path)[week].mean()) * MICRO))
        if part.outlook.known
        else None,
    )


def _scaled(amount: Decimal, ratio: float) -> Decimal:
    return decimal_of(round(float(amount) * ratio * MICRO))


def _of_part(groups: pl.DataFrame, part: Part, names: Sequence[str]) -> NDArray[np.bool_]:
    pairs = zip(names, part.key, strict=True) if part.key else ()
    return _all(groups, [pl.col(name).eq_missing(pl.lit(value, dtype=pl.String)) for name, value in pairs])


def _shares(spend: pl.Series, mine: NDArray[np.bool_]) -> NDArray[np.float64]:
    amounts = np.where(mine, spend.cast(pl.Float64).fill_null(0.0).to_numpy(), 0.0)
    whole = amounts.sum()
    shares: NDArray[np.float64] = amounts / whole if whole else np.zeros(len(amounts))
    return shares


def _part_of_added(spend: pl.Series, hit: NDArray[np.bool_], mine: NDArray[np.bool_], change: Change) -> float:
    """Return the share of an added amount that goes to a part: its share of what the change matches."""
    if not change.add_per_day:
        return 0.0
    amounts = np.where(hit, spend.cast(pl.Float64).fill_null(0.0).to_numpy(), 0.0)
    whole = float(amounts.sum())
    return float(amounts[mine].sum()) / whole if whole else float(mine.all())


def _effect(change: Change, days: Sequence[date]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the multiplier and the added amount of a change on each day."""
    start = max(change.starts or days[0], days[0])
    since = np.array([(day - start) // timedelta(days=1) for day in days], dtype=float)
    holds = since >= 0
    if change.ends is not None:
        holds &= np.array([day < change.ends for day in days])
    multiplier = change.factor * (1 + change.growth_per_month) ** (since / _MONTH_DAYS)
    return np.where(holds, multiplier, 1.0), np.where(holds, change.add_per_day, 0.0)
