"""What rows cost under a price book, in whole pico-USD, and what the list says of their models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.pricing.contract import apply
from finopsctl.pricing.costing import costed
from finopsctl.pricing.names import price_provider
from finopsctl.pricing.problems import FEE_MISSING
from finopsctl.pricing.timeline import identities

if TYPE_CHECKING:
    from finopsctl.analyses.whatif.levers import Prices
    from finopsctl.pricing.book import PriceBook
    from finopsctl.pricing.resolution import Names, Resolution

_DEPTH = 4
CACHES = ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
"""The classes of tokens that a prompt cache reads and writes."""
_RATE_OF = {"cache_read_tokens": "cache_read", "cache_write_tokens": "cache_write"} | {
    "cache_write_1h_tokens": "cache_write_1h"
}


@dataclass(frozen=True, slots=True)
class Listing:
    """A model in a price list: whose list, under which name, who makes it, what kind, how long a context."""

    provider: str
    name: str
    maker: str
    kind: str | None
    context: int | None


def priced(rows: pl.DataFrame, prices: Prices, basis: str) -> pl.DataFrame:
    """Return ``cost`` (Int128 pico-USD), ``reason`` (why there is none) and ``no_fee`` (a use without a listed fee).

    Args:
        rows: Ledger columns that pricing reads.
        prices: What to price with.
        basis: ``list``, or anything else for the effective cost.
    """
    # Formatting text in a frame of several chunks makes Polars 2.1 panic; one chunk is also quicker to price.
    found = costed(rows.rechunk(), prices.resolver, price_at=prices.at)
    cost = found["list_cost"]
    if basis != "list":
        cost, _ = apply(found, prices.contracts, prices.resolver.lines.rates)
    return pl.DataFrame([cost.cast(pl.Int128).alias("cost"), found["reason"]]).with_columns(
        no_fee=found["assumed"].str.starts_with(FEE_MISSING).fill_null(value=False), free=found["free"]
    )


def adapted(rows: pl.DataFrame, prices: Prices, basis: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rows whose cached tokens without a rate of their own count as uncached input, and what they cost then.

    Beside what :func:`priced` returns of costs stands ``lacks``: which classes of ``CACHES`` that are, as bits.

    Args:
        rows: Ledger columns that pricing reads, of requests on another model than the one that was logged.
        prices: What to price with.
        basis: As :func:`priced` takes it.
    """
    costs = priced(rows, prices, basis).with_columns(lacks=pl.lit(0, dtype=pl.Int8))
    for bit, column in enumerate(CACHES):
        lacking = (costs["reason"] == f"no rate for {_RATE_OF[column]}").fill_null(value=False)
        if not lacking.any():
            continue
        rows = rows.with_columns(uncached(column, lacking))
        again = priced(rows.filter(lacking), prices, basis)
        at = lacking.arg_true()
        costs = costs.with_columns(
            *(costs[name].scatter(at, again[name]) for name in ("cost", "reason", "no_fee")),
            lacks=costs["lacks"] + lacking.cast(pl.Int8) * 2**bit,
        )
    return rows, costs


def without_lacking(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows whose cached tokens of the classes in ``_lacks`` count as uncached input."""
    for bit, column in enumerate(CACHES):
        rows = rows.with_columns(uncached(column, (rows["_lacks"] & 2**bit) > 0))
    return rows


def uncached(column: str, which: pl.Series) -> list[pl.Expr]:
    """Return expressions that count a class of cached tokens as uncached input in some rows."""
    cached = pl.col(column).fill_null(0)
    gains = which & (pl.col(column) > 0).fill_null(value=False)
    return [
        pl.when(gains)
        .then(pl.col("input_tokens").fill_null(0) + cached)
        .otherwise("input_tokens")
        .alias("input_tokens"),
        pl.when(gains).then(pl.lit(0, dtype=pl.Int64)).otherwise(column).alias(column),
    ]


def offered(names: Names, provider: str | None, model: str) -> Resolution | None:
    """Return what a model's name means on a provider's list first, then on any; None: on none."""
    for who in (provider, None):
        found = names.resolve(who, model)
        if found.name is not None:
            return found
    return None


def listing(book: PriceBook, found: Resolution | None) -> Listing | None:
    """Return what the price list says of a resolved name; None where it is on no list."""
    if found is None or found.name is None:
        return None
    provider, name = found.price_provider, found.name
    kind, context = None, None
    for _ in range(_DEPTH):
        prices = book.providers.get(provider)
        if prices is None:
            break
        last = identities(book.providers, provider, name, follow=False)[-1].model
        model = prices.models.get(last)
        if model is None:
            break
        kind, context = kind or model.kind, context or model.context
        if model.like is None:
            break
        provider, _, name = model.like.partition("/")
        if provider not in book.providers or name not in book.providers[provider].known():
            break
    return Listing(found.price_provider, found.name, provider, kind, context)


def same_provider(logged: str | None, listed: str) -> bool:
    """Return whether a row's provider is the one whose list this is."""
    return price_provider(logged) == listed
