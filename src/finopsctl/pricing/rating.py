"""Usage times dated price: list cost, its parts, and effective cost, exact to the pico-dollar.

For every record: its name, region and service tier lead to a slot of the price book; the version in force at
``charge_period_start``; inside it the clock window; inside that the context band by all input tokens together. Then
``cost = sum(tokens x rate)`` over the token classes, in integers: Int64 where the largest possible sum stays below
2^62, else Int128. What has no price stays null, and says why.

Buckets (kind ``usage`` with other than one request, or more than one request) cannot choose a band: ``context_band``
if the source gives it, else the lowest; they count as ``band_unknown`` where their tokens reach a dearer band at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import LEDGER_SCHEMA, MONEY
from finopsctl.pricing import problems as notes
from finopsctl.pricing.contract import apply
from finopsctl.pricing.costing import costed, service_tier
from finopsctl.pricing.explain import explain
from finopsctl.pricing.lookup import MAX_CONTEXT
from finopsctl.pricing.problems import Tally
from finopsctl.pricing.tokens import PARTS, tokens_cost

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from finopsctl.pricing.contract import Contract
    from finopsctl.pricing.models import Resolver

__all__ = ["Rated", "Tally", "explain", "rate", "rated", "service_tier", "unpriced"]


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """A chunk of the ledger with its costs, and what was met on the way."""

    frame: pl.DataFrame
    tally: Tally


def rate(
    frame: pl.DataFrame, resolver: Resolver, *, price_at: datetime | None = None, contracts: Sequence[Contract] = ()
) -> pl.DataFrame:
    """Return ``frame`` with canonical_model, model_tier, service_tier, the list costs and effective_cost filled.

    Args:
        frame: Ledger rows, all ledger columns present.
        resolver: Of the price book; kept across chunks.
        price_at: Price everything as of this instant instead of its own.
        contracts: Applied to the list cost in order; without any, effective cost is list cost.
    """
    return rated(frame, resolver, price_at=price_at, contracts=contracts).frame


def rated(
    frame: pl.DataFrame, resolver: Resolver, *, price_at: datetime | None = None, contracts: Sequence[Contract] = ()
) -> Rated:
    """Do what ``rate`` does and also say what could not be priced and what was assumed."""
    rows = costed(frame, resolver, price_at=price_at)
    effective, on_capacity = apply(rows, contracts, resolver.lines.rates)
    out = frame.with_columns(
        rows["canonical"].alias("canonical_model"),
        rows["tier"].alias("model_tier"),
        rows["service_tier"],
        *(rows[name].reinterpret(dtype=MONEY).alias(name) for name in ("list_cost", *PARTS)),
        effective.reinterpret(dtype=MONEY).alias("effective_cost"),
    )
    return Rated(out.select(LEDGER_SCHEMA.names()), _tally(rows, resolver, on_capacity))


def unpriced(frame: pl.DataFrame, resolver: Resolver, *, price_at: datetime | None = None) -> pl.DataFrame:
    """Return what has no list price: provider, model, service_tier, reason, records, requests, tokens; most first."""
    return notes.problems(costed(frame, resolver, price_at=price_at), "reason")


def _tally(rows: pl.DataFrame, resolver: Resolver, on_capacity: pl.Series) -> Tally:
    requests = pl.col("requests").fill_null(1)
    assumed = pl.col("service_tier").is_null() & (pl.col("list_cost") > 0)
    tier, band, capacity = rows.select(
        tier=requests.filter(assumed).sum(),
        band=(pl.col("band_unknown") & pl.col("list_cost").is_not_null()).sum(),
        capacity=requests.filter(on_capacity).sum(),
    ).row(0)
    return Tally(
        unpriced=notes.problems(rows, "reason"),
        assumed=notes.problems(rows, "assumed"),
        standard_tier_assumed=tier,
        band_unknown=band,
        band_at_stake=_at_stake(rows, resolver),
        capacity_requests=capacity,
    )


def _at_stake(rows: pl.DataFrame, resolver: Resolver) -> Decimal:
    unknown = rows.filter(pl.col("band_unknown") & pl.col("list_cost").is_not_null())
    highest = resolver.lines.line(unknown["group"], pl.Series([MAX_CONTEXT]).new_from_index(0, unknown.height))
    dearest = tokens_cost(unknown.drop(PARTS), resolver.lines.rates, highest)
    more = pl.select(pl.sum_horizontal(*dearest.parts) - pl.sum_horizontal(*(unknown[name] for name in PARTS))).sum()
    stake: Decimal = more.to_series().reinterpret(dtype=MONEY).item()
    return stake
