"""What pools are spread by: the keys the ledger is summed by, and how much of a driver each owner has."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.allocation.conditions import canonical, value
from finopsctl.allocation.pools import PICOS, counts, fits
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from finopsctl.allocation.pools import Rate, Sharing
    from finopsctl.allocation.portions import Portion

OWNER, POOL, MEASURED, CREDIT, METER = "_owner", "_pool", "_measured", "_credit", "_meter"
KEYS = (OWNER, POOL, MEASURED, CREDIT, METER)
"""Keys the ledger is summed by before cost can be shared."""

Key = tuple[str | None, ...]

_MOST_POOLS = 60
_WHOLE = frozenset({"tokens", "requests"})


@dataclass(frozen=True, slots=True)
class Holding:
    """What an owner has of a driver.

    Args:
        amount: In the driver's unit.
        groups: By what its part is divided over the groups of the answer: whole numbers, none below zero.
    """

    amount: Fraction
    groups: Mapping[Key, int]


def keys(sharing: Sharing) -> dict[str, pl.Expr]:
    """Return what the ledger must be summed by so that cost can be shared, beside the dimensions of the answer.

    Raises:
        ConfigError: For an unknown dimension, or more pools than can be told apart.
    """
    pools = sharing.pools
    if len(pools) > _MOST_POOLS:
        raise ConfigError(f"{len(pools)} pools are too many", f"At most {_MOST_POOLS} can be spread at a time.")
    timezone = sharing.period.timezone
    nothing, zero = pl.lit(None, pl.Int32), pl.lit(0, pl.Int64)
    fitting = [
        pl.when(fits(pool, timezone)).then(pl.lit(index, pl.Int32))
        for index, pool in enumerate(pools)
        if pool.when and pool.rate is None
    ]
    chosen = pl.coalesce(*fitting, nothing)
    bits = [
        pl.when(fits(pool, timezone) if pool.rate else counts(pool)).then(pl.lit(1 << index, pl.Int64)).otherwise(zero)
        for index, pool in enumerate(pools)
        if pool.measured_on or pool.rate
    ]
    metered = any(pool.capacity is not None for pool in pools)
    return {
        OWNER: value(canonical(sharing.over)),
        POOL: chosen,
        MEASURED: pl.sum_horizontal(*bits, zero),
        CREDIT: pl.col("record_kind") == "credit",
        METER: pl.when(chosen.is_not_null()).then(pl.col("consumed_unit")) if metered else pl.lit(None, pl.String),
    }


def is_direct() -> pl.Expr:
    """Return whether a summed row's cost stays with its owner: no pool takes it and no capacity stands for it."""
    return pl.col(POOL).is_null()


def is_hours(unit: pl.Expr, name: str) -> pl.Expr:
    """Return whether a meter counts hours of the unit ``name``: ``GPU-hours``, ``gpu_hours``."""
    plain = unit.str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")
    word = "".join(letter for letter in name.lower() if letter.isalnum())
    return plain.is_in([f"{word}hours", f"{word}hour", f"{word}hrs", f"{word}h"]).fill_null(value=False)


def holdings(portion: Portion, frame: pl.DataFrame, dims: Sequence[str], sharing: Sharing) -> dict[str | None, Holding]:
    """Return how much of the driver each owner has; the owner None stands for what is given to nobody.

    An owner's amount does not depend on what else the answer is split by: corrections below zero lower it, while within
    the owner they count as nothing.
    """
    if portion.pool.rate is not None:
        return _own_requests(portion, portion.pool.rate, frame, dims)
    charges = [index for index, pool in enumerate(sharing.pools) if pool.is_charges]
    groups = _groups(portion, frame, dims, charges)
    pool, driver = portion.pool, portion.driver
    wanted: dict[str | None, Fraction] = {}
    if driver == "headcount":
        wanted |= {owner: Fraction(people) for owner, people in sharing.headcount.items()}
    elif driver == "fixed":
        wanted |= {None: 1 - Fraction(sum(pool.shares.values()))}
        wanted |= {owner: Fraction(part) for owner, part in pool.shares.items()}
    elif driver == "even":
        wanted |= dict.fromkeys(groups, Fraction(1))
    else:
        scale = 1 if driver in _WHOLE else PICOS
        wanted |= {owner: Fraction(max(sum(weights.values()), 0), scale) for owner, weights in groups.items()}
    place = [canonical(sharing.over) == name for name in dims]
    taking = {owner: amount for owner, amount in wanted.items() if owner is None or pool.takes(owner)}
    return {owner: Holding(amount, _within(owner, groups.get(owner or ""), place)) for owner, amount in taking.items()}


def is_measured(index: int) -> pl.Expr:
    """Return whether a summed row is one that the pool in that place is measured on."""
    return pl.col(MEASURED) & (1 << index) != 0


def _own_requests(portion: Portion, rate: Rate, frame: pl.DataFrame, dims: Sequence[str]) -> dict[str | None, Holding]:
    """Return what the requests of each owner cost at a rate; those without an owner are given to nobody."""
    used = [pl.col("requests").sum(), pl.col("seconds").sum()]
    names = [pl.col(name).alias(f"by:{name}") for name in dims]
    costs: dict[str | None, dict[Key, Fraction]] = defaultdict(dict)
    for owner, *group, requests, seconds in (
        frame.filter(is_measured(portion.index)).group_by(OWNER, *names).agg(used).iter_rows()
    ):
        costs[owner][tuple(group)] = rate.cost(requests, seconds)
    return {
        owner: Holding(sum(groups.values(), Fraction(0)), _above({key: round(c * PICOS) for key, c in groups.items()}))
        for owner, groups in costs.items()
    }


def _within(owner: str | None, groups: Mapping[Key, int] | None, place: Sequence[bool]) -> Mapping[Key, int]:
    """Return by what to divide an owner's part: the weights above zero of its groups, else evenly.

    An owner without any group gets one of its own: its name where ``place`` says the answer shows owners, else unknown.
    """
    if not groups:
        return {tuple(owner if here else None for here in place): 1}
    return _above(groups)


def _above(weights: Mapping[Key, int]) -> Mapping[Key, int]:
    """Return the weights above zero; without any, equal ones."""
    return {key: weight for key, weight in weights.items() if weight > 0} or dict.fromkeys(weights, 1)


def _groups(
    portion: Portion, frame: pl.DataFrame, dims: Sequence[str], charges: Sequence[int]
) -> dict[str, dict[Key, int]]:
    """Return the driver's amount by owner and group, over the records it is measured on; money in pico-units.

    Where the driver is no amount of records (headcount, fixed, even) it is their spend.
    """
    pool, served = portion.pool, portion.pool.capacity is not None and not portion.everywhere
    scope = pl.col(POOL) == portion.index if served else ~pl.col(POOL).is_in(charges).fill_null(value=False)
    amount = portion.driver if portion.driver in _WHOLE else "spend"
    if portion.driver == "usage" and pool.capacity is not None:
        amount = "quantity"
        scope &= is_hours(pl.col(METER), pool.capacity.unit)
    if pool.measured_on:
        scope &= is_measured(portion.index)
    if amount == "spend":
        scope &= ~pl.col(CREDIT)
    names = [pl.col(name).alias(f"by:{name}") for name in dims]
    total = pl.col(amount).sum() if amount in _WHOLE else pl.col(amount).sum().to_physical()
    summed = frame.filter(scope & pl.col(OWNER).is_not_null()).group_by(OWNER, *names).agg(total)
    found: dict[str, dict[Key, int]] = defaultdict(dict)
    for owner, *group, weight in summed.iter_rows():
        if pool.takes(owner):
            found[owner][tuple(group)] = weight or 0
    return dict(found)
