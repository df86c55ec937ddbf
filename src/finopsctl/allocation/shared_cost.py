"""Shared cost: money spread over owners in proportion to a driver, whole pico-units, nothing lost.

Each owner gets the whole pico-units of its proportional part; those left over go to the largest remainders, of equal
ones to the first name. Parts therefore add up to the pool, whatever its sign, in any order of the owners. A pool is
first spread over owners; within an owner it is spread over whatever else the figures are split by, in proportion to the
same driver.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.allocation.drivers import OWNER, POOL, holdings, is_direct
from finopsctl.allocation.pools import OWN_REQUESTS, PICOS
from finopsctl.allocation.portions import IDLE_PART, portions_of, spend_of
from finopsctl.ledger.schema import MONEY, PICO, amount_of, constant
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal
    from fractions import Fraction

    from finopsctl.allocation.drivers import Key
    from finopsctl.allocation.pools import Sharing
    from finopsctl.allocation.portions import Portion

KEPT = "kept"
"""The column that tells a row of money that nobody gets from the others."""

_UNIT = constant(PICO)
_SCHEMA = {
    "pool": pl.String(),
    "part": pl.String(),
    "allocated": pl.Boolean(),
    "amount": pl.Int128(),
    "driver": pl.String(),
    "ratio": pl.Int128(),
    "quantity": pl.Float64(),
    "unit": pl.String(),
}


@dataclass(frozen=True, slots=True, eq=False)
class SharedCost:
    """Pools, spread.

    Args:
        rows: The dimensions; ``pool``; ``part`` (shared, or idle capacity); ``allocated`` (false: given to nobody);
            ``amount``; ``driver``; ``ratio`` (of the pool's part, fractions that add up to 1 exactly); ``quantity`` (of
            the driver) and ``unit``.
        moved: Charges of the ledger that left their owner.
        replaced: Charges of the ledger that a capacity's cost stands for.
        outside: Cost that no log holds.
        findings: What a reader must know.
    """

    rows: pl.DataFrame
    moved: Decimal
    replaced: Decimal
    outside: Decimal
    findings: tuple[Finding, ...]


def spread(amount: int, weights: Mapping[Key, Fraction | int]) -> dict[Key, int]:
    """Divide a whole number in proportion to ``weights``, which are not negative: parts that add up to it exactly.

    Without any weight above zero nothing can be said: the answer is empty.
    """
    above = {key: weight for key, weight in weights.items() if weight > 0}
    if len(above) < 2:
        return dict.fromkeys(above, amount)
    scale = lcm(*(weight.denominator for weight in above.values()))
    whole = {key: int(weight * scale) for key, weight in above.items()}
    total, size, sign = sum(whole.values()), abs(amount), -1 if amount < 0 else 1
    parts = {key: divmod(size * weight, total) for key, weight in whole.items()}
    left = size - sum(part for part, _ in parts.values())
    favoured = _largest({key: remainder for key, (_, remainder) in parts.items()}, left)
    return {key: sign * (part + (key in favoured)) for key, (part, _) in parts.items()}


def _largest(remainders: Mapping[Key, int], count: int) -> set[Key]:
    """Return the keys of the largest values, of equal ones the first names."""
    if not count:
        return set()
    least = sorted(remainders.values(), reverse=True)[count - 1]
    found = {key for key, remainder in remainders.items() if remainder > least}
    equal = sorted((key for key, remainder in remainders.items() if remainder == least), key=_order)
    return found | set(equal[: count - len(found)])


def share(measured: pl.DataFrame, dims: Sequence[str], sharing: Sharing) -> SharedCost:
    """Spread the pools.

    Args:
        measured: The ledger, summed by ``dims`` and :func:`finopsctl.allocation.drivers.keys`: ``spend`` (money, null
            where nothing is priced), ``requests``, ``tokens``, ``quantity`` (of the meter), ``seconds`` and ``untimed``
            (:func:`finopsctl.metrics.rollup.summed`). Dimensions are text.
        dims: What the answer is split by.
        sharing: What is to be spread.
    """
    frame = measured.with_columns(pl.col("spend").fill_null(0))
    portions: list[Portion] = []
    findings: list[Finding] = []
    for index, pool in enumerate(sharing.pools):
        more, said = portions_of(index, pool, frame, sharing)
        portions += more
        findings += said
    parts = [part for portion in portions for part in _parts(portion, frame, dims, sharing)]
    rows = pl.DataFrame(parts, {**dict.fromkeys(dims, pl.String()), **_SCHEMA}, orient="row").with_columns(
        (pl.col(name).cast(pl.Decimal(38, 0)) * _UNIT).cast(MONEY) for name in ("amount", "ratio")
    )
    serving = [index for index, pool in enumerate(sharing.pools) if pool.capacity is not None]
    replaced = spend_of(frame.filter(pl.col(POOL).is_in(serving)))
    moved = spend_of(frame.filter(~is_direct())) - replaced
    outside = amount_of(sum(portion.amount for portion in portions if not portion.pool.is_charges))
    kept = [portion.pool.name for portion in portions if portion.kept]
    findings += _given_to_nobody(rows, kept, sharing)
    if any(portion.driver == "headcount" for portion in portions):
        findings += _headless(frame, sharing)
    return SharedCost(rows, moved, replaced, outside, tuple(findings))


def direct_and_shared(measured: pl.DataFrame, spread: SharedCost, dims: Sequence[str]) -> pl.DataFrame:
    """Put each group's direct cost and its part of the shared cost side by side.

    Args:
        measured: As given to :func:`share`.
        spread: What came out.
        dims: As given to :func:`share`.

    Returns:
        ``dims``; ``kept`` (in a further row of money that nobody gets: why, ``idle`` or ``shared``); ``direct`` (null
        where nothing is priced); ``shared``; ``requests``, ``tokens``; ``spend``, their sum.
    """
    own = measured.group_by(dims).agg(
        *(pl.when(pl.col(n).is_not_null().any()).then(pl.col(n).sum()).alias(n) for n in ("requests", "tokens")),
        direct=pl.when(pl.col("spend").is_not_null().any()).then(pl.col("spend").filter(is_direct()).sum()),
        seen=pl.lit(value=True),
    )
    amount = pl.col("amount").sum().alias("shared")
    given = spread.rows.filter("allocated").group_by(dims).agg(amount)
    kept = spread.rows.filter(~pl.col("allocated")).group_by(pl.col("part").alias(KEPT)).agg(amount)
    joined = own.join(given, on=dims, how="full", nulls_equal=True, coalesce=True)
    unseen = pl.col("seen").is_null()
    own_amounts = ("direct", "requests", "tokens")
    zeros = [pl.when(unseen).then(0).otherwise(n).cast(joined.schema[n]).alias(n) for n in own_amounts]
    rows = joined.with_columns(*zeros, pl.lit(None, dtype=pl.String).alias(KEPT))
    more = kept.filter(pl.col("shared") != 0).with_columns(direct=pl.lit(0).cast(joined.schema["direct"]))
    both = pl.concat([rows, more], how="diagonal").with_columns(pl.col("shared").fill_null(0))
    nothing_known = pl.col("direct").is_null() & (pl.col("shared") == 0)
    spend = pl.when(~nothing_known).then(pl.col("direct").fill_null(0) + pl.col("shared"))
    return both.select(*dims, KEPT, "direct", "shared", "requests", "tokens", spend=spend)


def tie(ledger: Decimal, spread: SharedCost, total: Decimal, currency: str) -> Finding:
    """Say how ``total``, the sum of what was shown, comes from the ledger and from outside, and that it does.

    Args:
        ledger: Cost in the ledger.
        spread: What was spread.
        total: What all rows of the answer add up to.
        currency: Of the amounts.
    """
    difference = total - (ledger - spread.replaced + spread.outside)
    steps = [f"The ledger's {money(ledger, currency)}"]
    if spread.replaced:
        steps.append(f"minus {money(spread.replaced, currency)} that capacity stands for")
    if spread.outside:
        steps.append(f"plus {money(spread.outside, currency)} that no log holds")
    end = "difference 0." if not difference else f"the difference is {difference:f}."
    verb = " is" if len(steps) == 1 else ", is"
    message = f"{', '.join(steps)}{verb} the {money(total, currency)} shown: {end}"
    amounts = {"ledger": ledger, "replaced": spread.replaced, "outside": spread.outside, "total": total}
    severity = Severity.CRITICAL if difference else Severity.INFO
    return Finding(severity, "ties_to_ledger", message, evidence={**amounts, "difference": difference})


def _parts(portion: Portion, frame: pl.DataFrame, dims: Sequence[str], sharing: Sharing) -> list[tuple[Any, ...]]:
    """Return what each owner and group gets of a portion, as rows of :class:`SharedCost`; money in pico-units."""
    pool, part, driver, unit = portion.pool.name, portion.part, portion.driver, portion.unit(sharing.currency)
    nobody: Key = (None,) * len(dims)
    held = {} if portion.kept else holdings(portion, frame, dims, sharing)
    owners: dict[Key, Fraction] = {(owner,): holding.amount for owner, holding in held.items()}
    amounts, ratios = spread(portion.amount, owners), spread(PICOS, owners)
    if not amounts:
        return [(*nobody, pool, part, False, portion.amount, driver, PICOS, 0.0, unit)]
    found: list[tuple[Any, ...]] = []
    for (owner,), amount in amounts.items():
        groups = held[owner].groups if owner is not None else {nobody: 1}
        shares, quantity = spread(ratios[owner,], groups), float(held[owner].amount / sum(groups.values()))
        found += [
            (
                *group,
                pool,
                part,
                owner is not None,
                each,
                driver,
                shares[group],
                round(quantity * groups[group], 9),
                unit,
            )
            for group, each in spread(amount, groups).items()
        ]
    return found


def _given_to_nobody(rows: pl.DataFrame, kept: Sequence[str], sharing: Sharing) -> list[Finding]:
    """Say which pools, or parts of them, nobody gets; idle capacity that is kept apart on purpose says so itself."""
    on_purpose = pl.col("pool").is_in(kept) & (pl.col("part") == IDLE_PART)
    lost = rows.filter(~pl.col("allocated") & ~on_purpose & (pl.col("amount") != 0))
    summed = lost.group_by("pool", "driver", maintain_order=True).agg(pl.col("amount").sum())
    return [_unallocated(name, driver, amount, sharing) for name, driver, amount in summed.iter_rows()]


def _unallocated(name: str, driver: str, amount: Decimal, sharing: Sharing) -> Finding:
    why = {
        "fixed": "its shares do not add up to 1",
        OWN_REQUESTS: f"these requests have no {sharing.over}",
    }.get(driver, f"no {sharing.over} it may go to has any {driver}")
    message = f"{money(amount, sharing.currency)} of '{name}' is given to nobody: {why}."
    hint = "Choose another driver, or widen driver-when, only or except."
    if driver == OWN_REQUESTS:
        hint = "Assign them with allocation rules."
    return Finding(Severity.WARNING, "pool_unallocated", message, hint, {"pool": name, "amount": amount})


def _headless(frame: pl.DataFrame, sharing: Sharing) -> list[Finding]:
    by_heads = [pool for pool in sharing.pools if pool.driver == "headcount"]
    owners = frame.filter(~is_direct() | (pl.col("spend") != 0))[OWNER].drop_nulls().unique().sort()
    meant = [owner for owner in owners if any(pool.takes(owner) for pool in by_heads)]
    missing = [owner for owner in meant if owner not in sharing.headcount]
    if not missing:
        return []
    message = f"Headcount gives nothing to {counted(len(missing), sharing.over)} without any: {some_of(missing)}."
    hint = "Add them to [allocation.headcount]."
    return [Finding(Severity.WARNING, "no_headcount", message, hint, {"owners": missing})]


def _order(key: Key) -> tuple[tuple[bool, str], ...]:
    return tuple((name is not None, name or "") for name in key)
