"""Shared cost pools: what is spread over owners, by which driver, over whom, and what it costs in a period.

A pool is one of four things. *Charges* of the ledger that fit its conditions leave their owner and are spread
(monitoring, spend that nobody owns). A *platform cost* that no log holds comes on top: so much a calendar month,
pro-rated by day, or a *rate*, so much a request or a second of one, that falls on whoever made the requests.
*Provisioned capacity* (GPUs, provisioned throughput) is paid by the hour, busy or idle: its cost takes the place of the
cost of the records it serves, so that nothing is counted twice. The first pool whose conditions a record fits takes it;
a rate takes no record.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.allocation.conditions import canonical, value
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import TAG, matches, tag_matches
from finopsctl.ledger.period import calendar_start, midnight

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from finopsctl.ledger.period import Period

DRIVERS = ("spend", "tokens", "requests", "usage", "headcount", "fixed", "even")
"""What a pool can be spread by; ``usage`` is the quantity logged in the unit of the pool's capacity."""

OWN_REQUESTS = "own_requests"
"""What a rate falls on: each owner pays for its own requests."""

IDLE = ("visible", "users", "all")
"""What happens to idle capacity: kept apart, spread over the pool's users, or over all owners."""

PICOS = 10**12
"""Pico-units in one unit of a currency."""
_DAY_HOURS = 24


@dataclass(frozen=True, slots=True)
class Capacity:
    """Machines or throughput paid by the hour, busy or idle.

    Args:
        count: How many units.
        price_per_unit_hour: What one of them costs an hour, in the pool's currency.
        unit: What a unit is: GPU, PTU. Hours used are read from quantities logged in ``<unit>-hours``.
        hours_per_day: How long a day they are paid for.
        tokens_per_unit_hour: What one of them can do in an hour: tells the hours used where none are logged.
    """

    count: Decimal
    price_per_unit_hour: Decimal
    unit: str = "GPU"
    hours_per_day: Decimal = Decimal(_DAY_HOURS)
    tokens_per_unit_hour: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """What using a platform costs, in the pool's currency: requests x per_request + seconds x per_second.

    Args:
        per_request: Of each request.
        per_second: Of each second a request took, by its latency.
    """

    per_request: Decimal = Decimal(0)
    per_second: Decimal = Decimal(0)

    def cost(self, requests: int, seconds: Decimal) -> Fraction:
        """Return what that many requests cost that took so long together, unrounded."""
        return requests * Fraction(self.per_request) + Fraction(seconds) * Fraction(self.per_second)


@dataclass(frozen=True, slots=True)
class Pool:
    """One shared cost.

    Args:
        name: What it is called in reports.
        driver: One of ``DRIVERS``; empty: ``spend``, for capacity its usage or tokens.
        when: Which records it is made of, or which ones a capacity serves or a rate applies to: dimension to patterns,
            all must hold.
        cost: What it costs a calendar month, where no log says.
        capacity: What is paid by the hour, where it is that.
        rate: What is paid by use, where it is that.
        measured_on: Which records count for the driver; none: those it serves, of other pools all that are in none.
        shares: By owner, for the driver ``fixed``: fractions that add up to at most 1; the rest is given to nobody.
        only: The owners it is spread over; none: all.
        but_not: Owners it is not spread over.
        idle: One of ``IDLE``.
        start: First day it applies.
        end: First day it no longer applies.
        currency: ISO 4217 code of its cost.
    """

    name: str
    driver: str = ""
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cost: Decimal | None = None
    capacity: Capacity | None = None
    rate: Rate | None = None
    measured_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shares: Mapping[str, Decimal] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    but_not: tuple[str, ...] = ()
    idle: str = "visible"
    start: date | None = None
    end: date | None = None
    currency: str = "USD"

    @property
    def is_charges(self) -> bool:
        """Whether it is made of charges in the ledger, and not of money from outside."""
        return self.cost is None and self.capacity is None and self.rate is None

    def in_currency(self, currency: str, rate: Decimal) -> Pool:
        """Return the pool with its cost in ``currency``, ``rate`` units of it for one of its own."""
        cost, capacity, use = self.cost, self.capacity, self.rate
        return replace(
            self,
            currency=currency,
            cost=None if cost is None else cost * rate,
            capacity=capacity and replace(capacity, price_per_unit_hour=capacity.price_per_unit_hour * rate),
            rate=use and Rate(use.per_request * rate, use.per_second * rate),
        )

    def takes(self, owner: str) -> bool:
        """Whether ``owner`` may be given a part."""
        return (not self.only or owner in self.only) and owner not in self.but_not


@dataclass(frozen=True, slots=True)
class Sharing:
    """What is to be spread, over whom, in which period.

    Args:
        pools: In order: the first that fits a record takes it.
        period: What pools from outside the ledger are pro-rated to.
        headcount: People by owner.
        over: The dimension whose values are the owners.
        currency: ISO 4217 code of amounts, for sentences.
    """

    pools: tuple[Pool, ...]
    period: Period
    headcount: Mapping[str, Decimal] = field(default_factory=dict)
    over: str = "team"
    currency: str = "USD"


def checked(pool: Pool) -> Pool:
    """Return ``pool`` unchanged when it can be used.

    Raises:
        ConfigError: For a pool that is nothing or two things at once, an unknown dimension or driver, shares that do
            not fit, owners both named and excluded, or dates that exclude everything.
    """
    kinds = {"a monthly cost": pool.cost, "capacity": pool.capacity, "a rate": pool.rate}
    given = [kind for kind, value in kinds.items() if value is not None]
    if len(given) > 1:
        raise ConfigError(f"it is {given[0]} and {given[1]} at once", "Make two pools of it.")
    if pool.is_charges and not pool.when:
        raise ConfigError(
            "it is made of nothing", "Give it when = { ... }, cost = 1200 a month, capacity, or per-request = 0.00005."
        )
    if pool.cost is not None and pool.when:
        raise ConfigError(
            "a monthly cost is not in the ledger: 'when' has nothing to choose",
            "driver-when says which records its driver counts.",
        )
    if pool.capacity is not None and not pool.when:
        raise ConfigError("capacity serves records: which?", 'For example when = { provider = "self-hosted" }.')
    if pool.capacity is not None and not (pool.capacity.count > 0 and 0 < pool.capacity.hours_per_day <= _DAY_HOURS):
        raise ConfigError("a capacity has units, paid for up to 24 hours a day", "Write count = 4.")
    if pool.idle not in IDLE:
        raise ConfigError(f"unknown way with idle capacity '{pool.idle}'", nearest(pool.idle, IDLE))
    for name in (*pool.when, *pool.measured_on):
        canonical(name)
    if pool.start and pool.end and pool.start >= pool.end:
        raise ConfigError(f"it ends ({pool.end}) before it starts ({pool.start})", "'to' is exclusive.")
    _check_driver(pool)
    return pool


def _check_driver(pool: Pool) -> None:
    if pool.rate is not None and (pool.driver or pool.measured_on or pool.shares or pool.only or pool.but_not):
        raise ConfigError(
            "a rate falls on whoever made the requests: it has no driver, shares, 'only' or 'except'",
            "Choose the requests with 'when'.",
        )
    if pool.driver and pool.driver not in DRIVERS:
        raise ConfigError(f"unknown driver '{pool.driver}'", nearest(pool.driver, DRIVERS))
    if pool.driver == "usage" and pool.capacity is None:
        raise ConfigError("only capacity is spread by usage", "Use tokens, requests or spend.")
    if bool(pool.shares) != (pool.driver == "fixed"):
        raise ConfigError(
            "the driver 'fixed' and shares go together", "Write driver = 'fixed' and shares = { support = 0.6 }."
        )
    if (whole := sum(pool.shares.values())) > 1:
        raise ConfigError(f"shares add up to {whole}, more than 1", "Write 0.5 for half; the rest is given to nobody.")
    if pool.only and pool.but_not:
        raise ConfigError("'only' and 'except' do not go together", "Keep one of them.")
    outside = sorted(owner for owner in pool.shares if not pool.takes(owner))
    if outside:
        raise ConfigError(f"'{outside[0]}' has a share and is left out", "Remove the share or the exclusion.")


def fits(pool: Pool, timezone: str) -> pl.Expr:
    """Return whether a ledger row is one the pool is made of or serves; never null."""
    at = calendar_start(timezone)
    holds = [_holds(pool.when)]
    if pool.start is not None:
        holds.append(at >= midnight(pool.start, timezone))
    if pool.end is not None:
        holds.append(at < midnight(pool.end, timezone))
    return pl.all_horizontal(holds)


def counts(pool: Pool) -> pl.Expr:
    """Return whether a ledger row fits what the pool's driver is measured on; never null."""
    return _holds(pool.measured_on)


def _holds(when: Mapping[str, tuple[str, ...]]) -> pl.Expr:
    tests = [_fits(canonical(name), patterns) for name, patterns in when.items()]
    return pl.all_horizontal(tests) if tests else pl.lit(value=True)


def _fits(name: str, patterns: tuple[str, ...]) -> pl.Expr:
    if name.startswith(TAG):
        return tag_matches(name.removeprefix(TAG), patterns)
    return matches(value(name), patterns)


def cost_in(pool: Pool, period: Period) -> Fraction:
    """Return what a pool from outside the ledger costs in ``period``, unrounded, in the report's currency.

    A month's cost is the same for each of its days: cost / days of the month, for the days that count.
    """
    if pool.capacity is not None:
        return capacity_hours(pool, period) * Fraction(pool.capacity.price_per_unit_hour)
    first, after = _days(pool, period)
    whole = Fraction(0)
    while pool.cost is not None and first < after:
        length = monthrange(first.year, first.month)[1]
        next_month = first.replace(day=1) + timedelta(days=length)
        whole += Fraction(pool.cost) * (min(after, next_month) - first).days / length
        first = next_month
    return whole


def capacity_hours(pool: Pool, period: Period) -> Fraction:
    """Return the unit-hours paid for in ``period``: units x hours a day x days."""
    if pool.capacity is None:
        return Fraction(0)
    first, after = _days(pool, period)
    days = max((after - first).days, 0)
    return Fraction(pool.capacity.count) * Fraction(pool.capacity.hours_per_day) * days


def _days(pool: Pool, period: Period) -> tuple[date, date]:
    """Return the first day of ``period`` that the pool applies to, and the day after the last one."""
    first, after = period.first_day, period.last_day + timedelta(days=1)
    return max(first, pool.start or first), min(after, pool.end or after)
