"""Who owns what and who pays for what is shared: ``[allocation]``, its rules and pools, and ``[chargeback]``."""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import polars as pl

from finopsctl.allocation import pools as shared_pools
from finopsctl.allocation.conditions import canonical
from finopsctl.allocation.pools import Capacity, Pool, Rate
from finopsctl.allocation.rules import Rule, checked
from finopsctl.config.declarations import key
from finopsctl.config.table_files import refuse_twins
from finopsctl.errors import ConfigError, nearest, reason_of
from finopsctl.pricing.contract import Contract, load

_PLACEHOLDER = Capacity(Decimal(1), Decimal(0))
"""Stands for the capacity of a contract until the contracts are read."""


@dataclass(frozen=True, slots=True)
class RuleTable:
    """``[[allocation.rule]]``: one rule that fills owner dimensions."""

    set: Mapping[str, str] = field(
        metadata=key('Owner dimension = text or template, e.g. { team = "{header:x-team}" }.')
    )
    when: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict,
        metadata=key(
            "Conditions that all must hold: dimension, tag:NAME or header:NAME = pattern or patterns.", separator=""
        ),
    )
    name: str = field(default="", metadata=key("What the rule is called."))
    start: datetime | None = field(default=None, metadata=key("First day (UTC) it applies.", name="from"))
    end: datetime | None = field(default=None, metadata=key("First day (UTC) it no longer applies.", name="to"))
    overwrite: bool = field(default=False, metadata=key("Whether it replaces a value that is already there."))

    def __post_init__(self) -> None:
        checked(self.rule())

    def rule(self) -> Rule:
        """Return the rule the table describes."""
        name = self.name or ", ".join(f"{target} = {value}" for target, value in self.set.items())
        return Rule(name, dict(self.set), dict(self.when), self.start, self.end, self.overwrite)


@dataclass(frozen=True, slots=True)
class CapacityTable:
    """``capacity`` of a pool: what is paid by the hour, busy or idle."""

    count: Decimal = field(metadata=key("How many units.", minimum=0))
    price_per_unit_hour: Decimal = field(metadata=key("What one unit costs an hour.", minimum=0))
    unit: str = field(default="GPU", metadata=key("What a unit is; used hours are read from GPU-hours, PTU-hours ..."))

    def capacity(self, hours_per_day: Decimal, tokens_per_unit_hour: Decimal | None) -> Capacity:
        """Return the capacity the table describes."""
        return Capacity(self.count, self.price_per_unit_hour, self.unit, hours_per_day, tokens_per_unit_hour)


@dataclass(frozen=True, slots=True)
class PoolTable:
    """``[[allocation.pool]]``: one shared cost and how it is spread."""

    name: str = field(metadata=key("What the pool is called in reports."))
    driver: Literal["", "spend", "tokens", "requests", "usage", "headcount", "fixed", "even"] = field(
        default="", metadata=key("What it is spread by: spend, for capacity usage or tokens, unless said otherwise.")
    )
    when: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict,
        metadata=key("Records it is made of, or that its capacity serves: dimension = patterns.", separator=""),
    )
    cost: Decimal | None = field(default=None, metadata=key("What it costs a month, where no log says."))
    capacity: CapacityTable | None = field(
        default=None, metadata=key("What is paid by the hour: { unit, count, price-per-unit-hour }.")
    )
    per_request: Decimal | None = field(
        default=None, metadata=key("What each request costs whoever made it, where no log says.", minimum=0)
    )
    per_second: Decimal | None = field(
        default=None, metadata=key("What each second of a request (latency) costs whoever made it.", minimum=0)
    )
    contract: str | None = field(default=None, metadata=key("Contract (of `contracts`) whose capacity it is."))
    hours_per_day: Decimal = field(default=Decimal(24), metadata=key("Hours a day that capacity is paid for."))
    tokens_per_unit_hour: Decimal | None = field(
        default=None, metadata=key("What one unit can do in an hour, where no log says how long it was used.")
    )
    idle: Literal["visible", "users", "all"] = field(
        default="visible", metadata=key("Idle capacity is kept apart, or spread over its users, or over all.")
    )
    driver_when: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict, metadata=key("Records the driver counts, as in `when`.", separator="")
    )
    shares: Mapping[str, Decimal] = field(
        default_factory=dict, metadata=key("By owner, for the driver fixed: fractions of the pool.", minimum=0)
    )
    only: tuple[str, ...] = field(default=(), metadata=key("Owners it is spread over; none: all."))
    but_not: tuple[str, ...] = field(default=(), metadata=key("Owners it is not spread over.", name="except"))
    start: date | None = field(default=None, metadata=key("First day it applies.", name="from"))
    end: date | None = field(default=None, metadata=key("First day it no longer applies.", name="to"))

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("a pool needs a name", 'Write name = "gateway".')
        if self.contract and self.capacity:
            raise ConfigError("capacity and contract say the same", "Keep one of them.")
        if self.tokens_per_unit_hour is not None and self.tokens_per_unit_hour <= 0:
            raise ConfigError("tokens-per-unit-hour is a positive number", "Leave it out where it is not known.")
        shared_pools.checked(self._pool(_PLACEHOLDER if self.contract else self._own_capacity()))

    def pool(self, contracts: Mapping[str, Contract], currency: str) -> Pool:
        """Return the pool the table describes.

        Args:
            contracts: By id, for a pool that names one.
            currency: That the configuration states amounts in; contracts are in USD.

        Raises:
            ConfigError: When there is no such contract, or it has no capacity.
        """
        if self.contract is None:
            return replace(self._pool(self._own_capacity()), currency=currency)
        found = contracts.get(self.contract)
        if found is None:
            raise ConfigError(f"pool '{self.name}': no contract '{self.contract}'", nearest(self.contract, contracts))
        if found.capacity is None:
            raise ConfigError(f"pool '{self.name}': contract '{self.contract}' has no capacity", "Give it capacity.")
        agreed = found.capacity
        price = CapacityTable(Decimal(agreed.count), agreed.price_per_unit_hour, agreed.unit)
        pool = self._pool(price.capacity(self.hours_per_day, self.tokens_per_unit_hour))
        start, end = (moment.date() if moment else None for moment in (found.start, found.end))
        return replace(
            pool,
            start=max(filter(None, (pool.start, start)), default=None),
            end=min(filter(None, (pool.end, end)), default=None),
        )

    def _own_capacity(self) -> Capacity | None:
        return self.capacity.capacity(self.hours_per_day, self.tokens_per_unit_hour) if self.capacity else None

    def _rate(self) -> Rate | None:
        if self.per_request is None and self.per_second is None:
            return None
        return Rate(self.per_request or Decimal(0), self.per_second or Decimal(0))

    def _pool(self, capacity: Capacity | None) -> Pool:
        return Pool(
            self.name,
            self.driver,
            dict(self.when),
            self.cost,
            capacity,
            self._rate(),
            dict(self.driver_when),
            dict(self.shares),
            self.only,
            self.but_not,
            self.idle,
            self.start,
            self.end,
        )


@dataclass(frozen=True, slots=True)
class AllocationTable:
    """``[allocation]``: who owns what."""

    rule: tuple[RuleTable, ...] = field(default=(), metadata=key("Rules, the first that matches decides."))
    over: str = field(
        default="team", metadata=key("Dimension whose values shared cost is spread over.", check=canonical)
    )
    headcount: Mapping[str, Decimal] = field(
        default_factory=dict, metadata=key("People by owner, for the driver headcount.", minimum=0)
    )
    pool: tuple[PoolTable, ...] = field(
        default=(), metadata=key("Shared costs, the first that fits a record takes it.")
    )


@dataclass(frozen=True, slots=True)
class ChargebackTable:
    """``[chargeback]``: what finance needs to book a charge."""

    cost_centres: Mapping[str, str] = field(
        default_factory=dict, metadata=key("Cost centre of each owner, where no file names them.")
    )


def pools_of(table: AllocationTable, contracts: Path | None, currency: str) -> tuple[Pool, ...]:
    """Return the pools of the configuration, with the capacity of the contracts they name.

    Args:
        table: ``[allocation]``.
        contracts: The contracts file.
        currency: That the configuration states amounts in.

    Raises:
        ConfigError: When two pools share a name, or one names a contract that cannot be used.
        PricingError: When the contracts file cannot be read.
    """
    refuse_twins((pool.name for pool in table.pool), "pools")
    wanting = next((pool for pool in table.pool if pool.contract), None)
    if wanting is not None and contracts is None:
        raise ConfigError(f"pool '{wanting.name}' names a contract, but no contracts are", "Add --contracts FILE.")
    agreed = {contract.id: contract for contract in load(contracts)} if wanting is not None and contracts else {}
    return tuple(pool.pool(agreed, currency) for pool in table.pool)


def cost_centres_of(path: Path) -> dict[str, str]:
    """Read a CSV of owners and their cost centres: the first two columns, below a header.

    Raises:
        ConfigError: When it cannot be read, has fewer columns, or gives an owner two cost centres.
    """
    hint = "Write a header and one line each: team,cost_centre."
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except OSError as problem:
        raise ConfigError(f"{path}: {reason_of(problem)}", hint) from problem
    except pl.exceptions.PolarsError as problem:
        raise ConfigError(f"{path}: not a CSV of cost centres: {problem}".splitlines()[0], hint) from problem
    if frame.width < 2:
        raise ConfigError(f"{path}: only one column", hint)
    found: dict[str, str] = {}
    for owner, centre in frame.select(frame.columns[:2]).drop_nulls().iter_rows():
        if found.setdefault(owner, centre) != centre:
            raise ConfigError(f"{path}: '{owner}' has two cost centres", "Keep one line of it.")
    return found
