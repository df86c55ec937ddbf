"""What a scenario changes: one frozen value per lever, each limited to some records where it says so.

Levers act in a fixed order, whatever the order they are written in: giving up the gateway's response cache, trimming
the prompt, routing and swapping models (in the order given, each on what the one before it left), output cap, prompt
caching, service tier, prices of the scenario, success rates, retries, and hits of a response cache at the end. Filters
and models to leave mean the request as it was logged, but for swaps: a swap sees the model that the swap before it
chose.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from finopsctl.pricing.contract import Contract
    from finopsctl.pricing.models import Resolver

_ONE, _ZERO = Decimal(1), Decimal(0)


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """What one side is priced with.

    Args:
        resolver: Of a price book.
        at: Price everything as of this instant; None: each record at its own.
        contracts: Applied to the list cost in order.
    """

    resolver: Resolver
    at: datetime | None = None
    contracts: Sequence[Contract] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A factor that is known or lies in a range; ``low`` equals ``high`` where it is known."""

    low: Decimal
    high: Decimal

    @property
    def middle(self) -> Decimal:
        """The mean of both ends."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True)
class Move:
    """Requests that go to another model: a swap (``models`` says which leave) or a routing rule.

    Args:
        target: Where to, as a logged name or ``provider/model``.
        models: Globs on model, requested model or canonical model; none: any.
        share: Of the requests, by a hash of their id; of aggregated records, by splitting them.
        where: Filters as in ``--where``.
        max_input_tokens: Only requests of at most so many input tokens.
        min_input_tokens: Only requests of at least so many.
    """

    target: str
    models: tuple[str, ...] = ()
    share: Decimal = _ONE
    where: tuple[str, ...] = ()
    max_input_tokens: int | None = None
    min_input_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """Another service tier, where the price list has one: batch, flex, priority."""

    name: str
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trim:
    """Shorter prompts: ``share`` of the text input goes, or what is beyond ``tokens`` a request."""

    share: Decimal = _ZERO
    tokens: int | None = None
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``tokens`` of output (reasoning included) a request."""

    tokens: int
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prefix:
    """Provider prompt caching of requests without any yet: shares of their uncached input read and written.

    ``read`` None: the share that requests of the same ledger read that do cache. ``write`` None: all the rest, where
    writing has a price of its own. ``off``: no shares, but the caches there are given up, their tokens plain input.
    """

    read: Decimal | None
    write: Decimal | None = None
    where: tuple[str, ...] = ()
    off: bool = False


@dataclass(frozen=True, slots=True)
class Hits:
    """A response cache: the share ``rate`` of requests is served from it, look-ups cost ``lookup`` USD each.

    Look-ups are charged on hits, or with ``on_all`` on every request. ``off``: the cache there is given up instead:
    what it answered goes to the provider, and the look-ups of today are on the side of today alone.
    """

    rate: Decimal
    lookup: Decimal = _ZERO
    on_all: bool = False
    where: tuple[str, ...] = ()
    off: bool = False


@dataclass(frozen=True, slots=True)
class Retries:
    """Another retry rate: ``kept`` of today's retries remain; 0 removes them."""

    kept: Decimal
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SelfHost:
    """A model on one's own machines.

    Args:
        cost_per_hour: Of one node (its GPUs together), USD.
        tokens_per_second: Output tokens a busy node writes a second.
        utilization: Share of the hours it is busy.
        overhead: Operations on top, as a share of the cost.
        where: Which requests would move to it.
        models: Globs on the models that would; none: any that write output.
    """

    cost_per_hour: Decimal
    tokens_per_second: Decimal
    utilization: Decimal = _ONE
    overhead: Decimal = _ZERO
    where: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """A named set of levers.

    Args:
        name: What reports call it.
        routes: First matching rule with room in its share wins; applied before swaps.
        swaps: In order.
        token_factors: Tokens the new model counts for the same text, per token logged, by model as ``target`` says it.
        output_factors: Output the new model writes per token the old one wrote.
        success_rates: Share of tasks a model solves, by glob.
        keep_cache: Prompt caches stay as they were after a move to another maker.
        prices: The scenario's own; None: the baseline's.
    """

    name: str = ""
    routes: tuple[Move, ...] = ()
    swaps: tuple[Move, ...] = ()
    tiers: tuple[Tier, ...] = ()
    trims: tuple[Trim, ...] = ()
    caps: tuple[Cap, ...] = ()
    prefixes: tuple[Prefix, ...] = ()
    hits: tuple[Hits, ...] = ()
    retries: tuple[Retries, ...] = ()
    token_factors: Mapping[str, Span] = field(default_factory=lambda: MappingProxyType({}))
    output_factors: Mapping[str, Span] = field(default_factory=lambda: MappingProxyType({}))
    success_rates: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    keep_cache: bool = False
    self_host: SelfHost | None = None
    prices: Prices | None = None

    @property
    def moves(self) -> tuple[Move, ...]:
        """Routing rules, then swaps."""
        return (*self.routes, *self.swaps)

    @property
    def ranged(self) -> bool:
        """Whether a factor is a range, so that the saving has a band."""
        spans = (*self.token_factors.values(), *self.output_factors.values())
        return any(span.low != span.high for span in spans)

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        levers = (*self.moves, *self.tiers, *self.trims, *self.caps, *self.prefixes, *self.hits, *self.retries)
        return not levers and self.prices is None and self.self_host is None
