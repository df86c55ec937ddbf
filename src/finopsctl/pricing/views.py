"""A price book as tables for people: what is listed, one model's price lines, what differs between two books."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import PricingError, nearest
from finopsctl.ledger.schema import MONEY, constant
from finopsctl.pricing.book import RATE_KEYS

if TYPE_CHECKING:
    from finopsctl.pricing.book import PriceBook

_LINE = ["provider", "model", "service_tier", "from", "over", "window"]


def show(book: PriceBook, model: str) -> pl.DataFrame:
    """Return the price lines of every model called ``model``: an id, an alias, another name, or ``provider/name``.

    Columns: provider, model, service_tier, from, over (the line holds above this many input tokens; null: from 0),
    window, the rates in USD per 1M tokens (Decimal; null: not sold), source, checked.

    Raises:
        PricingError: no provider lists such a name; the hint names the nearest one.
    """
    wanted = _targets(book, model)
    if not wanted:
        known = [name for prices in book.providers.values() for name in prices.known()]
        raise PricingError(f"no price lists a model '{model}'", hint=nearest(model, known))
    chosen = pl.DataFrame(sorted(wanted), schema=["provider", "model"], orient="row")
    return _per_mtok(book.prices.join(chosen, on=["provider", "model"], how="semi"))


def listing(book: PriceBook) -> pl.DataFrame:
    """Return one row per model: provider, model, kind, tier, context, like, service_tiers, since, lines, checked."""
    described = pl.DataFrame(
        [(m.provider, m.id, m.kind, m.tier, m.context, m.like) for m in book.models],
        schema={
            "provider": pl.String,
            "model": pl.String,
            "kind": pl.String,
            "tier": pl.String,
            "context": pl.Int64,
            "like": pl.String,
        },
        orient="row",
    )
    priced = book.prices.group_by("provider", "model").agg(
        service_tiers=pl.col("service_tier").unique().sort().str.join(", "),
        since=pl.col("from").min(),
        lines=pl.len(),
        checked=pl.col("checked").max(),
    )
    return described.join(priced, on=["provider", "model"], how="left").sort("provider", "model")


def diff(a: PriceBook, b: PriceBook) -> pl.DataFrame:
    """Return the price lines that differ between two books.

    Columns: change (added, removed, changed), provider, model, service_tier, from, over, window, rate, before, after
    (USD per 1M tokens): one row per rate that differs.
    """
    before, after = (_long(_per_mtok(book.prices)) for book in (a, b))
    joined = before.join(after, on=[*_LINE, "rate"], how="full", coalesce=True, nulls_equal=True, suffix="_after")
    changed = joined.rename({"price": "before", "price_after": "after"}).filter(
        pl.col("before").ne_missing(pl.col("after"))
    )
    change = (
        pl.when(pl.col("before").is_null())
        .then(pl.lit("added"))
        .when(pl.col("after").is_null())
        .then(pl.lit("removed"))
        .otherwise(pl.lit("changed"))
    )
    return changed.select(change.alias("change"), *_LINE, "rate", "before", "after").sort(
        *_LINE, "rate", nulls_last=True
    )


def _targets(book: PriceBook, name: str) -> set[tuple[str, str]]:
    found = set()
    for provider, prices in book.providers.items():
        for wanted in {name, name.removeprefix(f"{provider}/")}:
            if wanted in prices.aliases:
                found |= {(provider, model) for _, model in prices.aliases[wanted].segments}
            found |= {(provider, m.id) for m in prices.models.values() if wanted == m.id or wanted in m.match}
    return found


def _per_mtok(prices: pl.DataFrame) -> pl.DataFrame:
    usd = [(pl.col(key).cast(MONEY) * constant(Decimal("0.000001"))).cast(MONEY).alias(key) for key in RATE_KEYS]
    over = pl.when(pl.col("min_ctx") > 0).then(pl.col("min_ctx") - 1)
    return prices.select(
        "provider", "model", "service_tier", "from", over.alias("over"), "window", *usd, "source", "checked"
    ).sort("provider", "model", "service_tier", "from", "over", "window", nulls_last=False)


def _long(shown: pl.DataFrame) -> pl.DataFrame:
    return shown.unpivot(RATE_KEYS, index=_LINE, variable_name="rate", value_name="price").drop_nulls("price")
