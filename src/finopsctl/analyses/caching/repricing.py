"""Records that a cache had a part in, priced again as if it had not: by kind of cache and dimensions, exactly.

A record answered by the gateway's response cache costs nothing: it is priced as if the provider had served it. Of one
that used a provider's prompt cache, tokens read and written are priced as input, one after the other:

    gross = cost with reads as input - cost      write premium = cost with reads as input - cost with both as input

so that gross - write premium is what the record would have cost more (or less) without the cache. All input classes
together stay the same, and with them the context band.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.metrics.dimensions import named
from finopsctl.metrics.measures import to_money
from finopsctl.pricing.currency import converted
from finopsctl.pricing.rating import rate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from finopsctl.pricing.contract import Contract
    from finopsctl.pricing.currency import ExchangeRate
    from finopsctl.pricing.models import Resolver

RESPONSE, PROMPT = "response", "prompt"
_BATCH = 100_000
_READ = "cache_read_tokens"
_WRITTEN = ("cache_write_tokens", "cache_write_1h_tokens")
_SUMS = ("gross", "write_premium")
_COUNTS = ("requests", "unpriced", "read_tokens", "written_tokens")
_PRICED = "priced records"


@dataclass(frozen=True, slots=True, eq=False)
class PricesInForce:
    """How the ledger was priced.

    Args:
        resolver: Of the price book.
        price_at: Price everything as of this instant instead of its own.
        contracts: Applied after list price.
        column: Which cost counts: ``effective_cost`` or ``list_cost``.
        currency: That amounts are wanted in.
        rates: From US dollars to it; a record of a day without one is unpriced.
    """

    resolver: Resolver
    price_at: datetime | None = None
    contracts: Sequence[Contract] = ()
    column: str = "effective_cost"
    currency: str = "USD"
    rates: Sequence[ExchangeRate] = ()

    def cost(self, rows: pl.DataFrame) -> pl.Series:
        """Return what records cost, in Int128 pico-units of the currency; null is unpriced."""
        rated = rate(rows, self.resolver, price_at=self.price_at, contracts=self.contracts)
        amounts = rated[self.column]
        if self.currency != "USD":
            dollars = pl.Series(["USD"]).new_from_index(0, rows.height)
            amounts = converted(amounts, dollars, rated["charge_period_start"], self.rates, self.currency)
        return amounts.to_physical()


def was_hit() -> pl.Expr:
    """Whether a record is one request that the gateway's response cache answered."""
    return ((pl.col("record_kind") == "request") & (pl.col("cache_hits") >= 1)).fill_null(value=False)


def used_prompt_cache() -> pl.Expr:
    """Whether a record that reached the provider read from its prompt cache or wrote to it."""
    cached = pl.any_horizontal(pl.col(name) > 0 for name in (_READ, *_WRITTEN)).fill_null(value=False)
    return pl.col("record_kind").is_in(["request", "usage"]) & cached & ~was_hit()


def repriced(ledger: pl.LazyFrame, keys: Mapping[str, pl.Expr], prices: PricesInForce) -> pl.DataFrame:
    """Return what caches saved of the ledger's records before look-ups, by dimensions.

    Args:
        ledger: Ledger rows.
        keys: Dimensions to group by.
        prices: How they are priced; records are read in parts, so that memory does not grow with them.

    Returns:
        ``keys``, ``kind``, ``cache_type``, ``gross`` and ``write_premium`` (Decimal(38, 12); null where nothing
        has a price), ``requests`` (records
        of the response cache: hits), ``unpriced`` (requests without a price), ``read_tokens``, ``written_tokens``.
    """
    wanted = ledger.filter(was_hit() | used_prompt_cache()).select(*LEDGER_SCHEMA, *_aliased(keys))
    parts = [
        _summed(_differences(part, prices), list(keys))
        for part in wanted.collect_batches(chunk_size=_BATCH)
        if part.height
    ]
    if not parts:
        parts = [_summed(_differences(wanted.head(0).collect(), prices), list(keys))]
    groups = [_key(name) for name in keys]
    whole = pl.concat(parts).group_by(*groups, "kind", "cache_type").agg(pl.col(*_SUMS, *_COUNTS, _PRICED).sum())
    known = pl.when(pl.col(_PRICED) > 0)
    return (
        whole.rename({_key(name): name for name in keys})
        .with_columns(known.then(to_money(pl.col(name))).alias(name) for name in _SUMS)
        .drop(_PRICED)
    )


def _key(name: str) -> str:
    """Return the column a dimension is kept in beside ledger columns of the same name."""
    return f"by {name}"


def _aliased(keys: Mapping[str, pl.Expr]) -> list[pl.Expr]:
    return named({_key(name): expr for name, expr in keys.items()})


def _differences(rows: pl.DataFrame, prices: PricesInForce) -> pl.DataFrame:
    """Add kind, gross and write_premium (pico-units; null without a price) to records that a cache had a part in."""
    ledger = rows.select(LEDGER_SCHEMA.names())
    hit = ledger.select(was_hit()).to_series()
    asked = ledger.with_columns(cache_hits=pl.lit(0, dtype=pl.Int64))
    as_it_was = prices.cost(ledger)  # null kinds of tokens stay null: they need no price
    fresh = asked.with_columns(_moved(_READ))
    unread = prices.cost(fresh)
    uncached = prices.cost(fresh.with_columns(_moved(*_WRITTEN)))
    nothing = pl.Series([0], dtype=pl.Int128).new_from_index(0, rows.height)
    return rows.with_columns(
        kind=pl.when(hit).then(pl.lit(RESPONSE)).otherwise(pl.lit(PROMPT)),
        cache_type=pl.when(hit).then("cache_type"),
        gross=(prices.cost(asked) - as_it_was).zip_with(hit, unread - as_it_was),
        write_premium=nothing.zip_with(hit, unread - uncached),
    )


def _moved(*columns: str) -> list[pl.Expr]:
    """Return the columns of records whose tokens of some classes are plain input instead."""
    moved = pl.sum_horizontal(pl.col(name).fill_null(0) for name in columns)
    emptied = [pl.when(pl.col(name).is_not_null()).then(0).cast(pl.Int64).alias(name) for name in columns]
    return [(pl.col("input_tokens").fill_null(0) + moved).alias("input_tokens"), *emptied]


def _summed(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    unpriced = pl.col("gross").is_null() | pl.col("write_premium").is_null()
    prompt, requests = pl.col("kind") == PROMPT, pl.col("requests").fill_null(1)
    written = pl.sum_horizontal(pl.col(name).fill_null(0) for name in _WRITTEN)
    return rows.group_by(*map(_key, names), "kind", "cache_type").agg(
        *(pl.col(name).filter(~unpriced).sum() for name in _SUMS),
        requests=pl.when(prompt).then(requests).otherwise("cache_hits").sum(),
        unpriced=requests.filter(unpriced).sum(),
        **{_PRICED: (~unpriced).sum()},
        read_tokens=pl.col(_READ).fill_null(0).filter(prompt).sum(),
        written_tokens=written.filter(prompt).sum(),
    )
