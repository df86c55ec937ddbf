"""Portions of pools: how much money there is to spread, and of capacity how much was used and how much lay idle.

    used part = cost x min(hours used, hours paid) / hours paid        idle part = cost - used part

Hours used are those logged (``consumed_quantity`` in ``<unit>-hours``), else tokens / what a unit can do in an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from finopsctl.allocation.drivers import METER, POOL, is_hours, is_measured
from finopsctl.allocation.pools import OWN_REQUESTS, PICOS, Capacity, Pool, Rate, Sharing, capacity_hours, cost_in
from finopsctl.ledger.schema import amount_of
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money

SHARED, IDLE_PART = "shared", "idle"

_UNITS = {"tokens": "Tokens", "requests": "Requests", "headcount": "Heads", "fixed": "Share", "even": "Owners"}


@dataclass(frozen=True, slots=True)
class Portion:
    """Money to spread: all of a pool, or the used or the idle part of a capacity.

    Args:
        index: The pool's place.
        pool: The pool.
        part: ``SHARED`` or ``IDLE``.
        amount: In pico-units.
        driver: What it is spread by.
        everywhere: Whether that is measured on all records, and not only on those the capacity serves.
        kept: Whether it is kept apart and spread over nobody.
    """

    index: int
    pool: Pool
    part: str
    amount: int
    driver: str
    everywhere: bool = False
    kept: bool = False

    def unit(self, currency: str) -> str:
        """Return what the driver's quantity counts."""
        if self.driver == "usage" and self.pool.capacity is not None:
            return f"{self.pool.capacity.unit}-Hours"
        return _UNITS.get(self.driver, currency)


def portions_of(index: int, pool: Pool, frame: pl.DataFrame, sharing: Sharing) -> tuple[list[Portion], list[Finding]]:
    """Return what there is to spread of one pool, and what a reader must know about it.

    Args:
        index: The pool's place.
        pool: The pool.
        frame: As of :func:`finopsctl.allocation.shared_cost.share`, ``spend`` without nulls.
        sharing: What is to be spread.
    """
    if pool.rate is not None:
        return _rated(index, pool, pool.rate, frame.filter(is_measured(index)))
    own = frame.filter(pl.col(POOL) == index)
    if pool.capacity is not None:
        return _capacity(index, pool, pool.capacity, own, sharing)
    driver = pool.driver or "spend"
    if not pool.is_charges:
        return [Portion(index, pool, SHARED, _pico(cost_in(pool, sharing.period)), driver)], []
    if own.is_empty():
        message = f"No record fits the pool '{pool.name}'."
        return [], [Finding(Severity.INFO, "pool_empty", message, evidence={"pool": pool.name})]
    return [Portion(index, pool, SHARED, int(spend_of(own) * PICOS), driver)], []


def _rated(index: int, pool: Pool, rate: Rate, own: pl.DataFrame) -> tuple[list[Portion], list[Finding]]:
    """Return what the requests a rate applies to cost, and how many of them no time is known of."""
    cost = _pico(rate.cost(int(own["requests"].sum() or 0), Decimal(own["seconds"].sum() or 0)))
    untimed = int(own["untimed"].sum() or 0)
    said = []
    if untimed and rate.per_second:
        message = (
            f"'{pool.name}' charges no seconds for {counted(untimed, 'request')}: how long they took is not known."
        )
        evidence = {"pool": pool.name, "requests": untimed}
        said = [Finding(Severity.WARNING, "latency_unknown", message, "Log latency_ms.", evidence)]
    return [Portion(index, pool, SHARED, cost, OWN_REQUESTS)] if cost else [], said


def _capacity(
    index: int, pool: Pool, capacity: Capacity, own: pl.DataFrame, sharing: Sharing
) -> tuple[list[Portion], list[Finding]]:
    """Divide a capacity's cost into what was used and what lay idle."""
    hours, whole = capacity_hours(pool, sharing.period), _pico(cost_in(pool, sharing.period))
    logged = own.filter(is_hours(pl.col(METER), capacity.unit))["quantity"].sum()
    driver = pool.driver or ("usage" if logged else "tokens")
    used = _hours_used(capacity, float(logged or 0), int(own["tokens"].sum() or 0))
    everywhere = "tokens" if driver == "usage" else driver  # other machines log no hours of this one
    if not hours:
        return [], []
    if used is None:
        message = f"How many hours of '{pool.name}' were used is not known: all of its cost is shared as used."
        hint = "Log GPU-hours (consumed_quantity), or give the pool tokens-per-unit-hour."
        evidence: dict[str, Any] = {"pool": pool.name}
        found = Finding(Severity.INFO, "idle_unknown", message, hint, evidence)
        return [Portion(index, pool, SHARED, whole, driver)], [found]
    busy = min(used, hours)
    charged = round(whole * busy / hours)
    to_all = pool.idle == "all"
    portions = [
        Portion(index, pool, SHARED, charged, driver),
        Portion(
            index, pool, IDLE_PART, whole - charged, everywhere if to_all else driver, to_all, pool.idle == "visible"
        ),
    ]
    said = [_idleness(pool, capacity, (used, hours), whole - charged, sharing.currency)]
    return [portion for portion in portions if portion.amount], said


def _hours_used(capacity: Capacity, logged: float, tokens: int) -> Fraction | None:
    if logged:
        return Fraction(logged)
    if capacity.tokens_per_unit_hour is None:
        return None
    return tokens / Fraction(capacity.tokens_per_unit_hour)


def _idleness(
    pool: Pool, capacity: Capacity, hours: tuple[Fraction, Fraction], idle_cost: int, currency: str
) -> Finding:
    used, paid = hours
    evidence = {"pool": pool.name, "used_hours": float(used), "paid_hours": float(paid), "idle": amount_of(idle_cost)}
    unit = f"{capacity.unit}-hours"
    if used > paid:
        message = f"'{pool.name}' served {float(used):,.1f} {unit} but is paid for {float(paid):,.1f}."
        return Finding(Severity.WARNING, "over_capacity", message, "Check its count and throughput.", evidence)
    idle = paid - used
    fate = {"visible": "kept apart", "users": "spread over its users", "all": "spread over all"}[pool.idle]
    message = (
        f"'{pool.name}' was idle for {float(idle):,.1f} of {float(paid):,.1f} {unit} ({float(idle / paid):.1%}): "
        f"{money(amount_of(idle_cost), currency)}, {fate}."
    )
    return Finding(Severity.INFO, "idle_capacity", message, evidence=evidence)


def spend_of(frame: pl.DataFrame) -> Decimal:
    """Return the spend of summed rows."""
    return Decimal(frame["spend"].sum() or 0)


def _pico(amount: Fraction) -> int:
    """Round to whole pico-units, half to even."""
    return round(amount * PICOS)
