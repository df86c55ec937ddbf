"""Money by meter: tokens, and every other unit that is counted (searches, images, seconds, GPU-hours), with quantities.

A record that counts tokens and something else besides, such as a request with web searches, is two lines: its cost is
divided in the proportion of the fees to the rest of its list cost, rounded down for the fees in pico-units (1e-12).
Without a list cost all of it stays with the tokens. Its request belongs to the tokens.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.token_classes import TOKEN_CLASSES, TOKEN_COLUMNS
from finopsctl.metrics.dimensions import METER, TOKENS_METER, own_unit
from finopsctl.metrics.measures import FACTS, to_money
from finopsctl.metrics.token_split import keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNIT, _MAIN, _FEE = "own unit", "main meter", "fee part"  # no ledger column has a blank in its name
_LARGEST_EXACT = 1 << 62  # products of two numbers below it fit 128 bits
_PARTS = (*dict.fromkeys(c.cost_part for c in TOKEN_CLASSES), "list_other_cost")


def spend_by_meter(ledger: pl.LazyFrame, keys: Mapping[str, pl.Expr], meter: pl.Expr) -> pl.LazyFrame:
    """Sum money, requests, tokens and quantities by ``keys`` and meter.

    Args:
        ledger: Ledger columns and ``cost``.
        keys: Group keys by the name of their column.
        meter: The key of the dimension ``meter``: what a record counts in the first place.

    Returns:
        ``keys``, meter (null: a record that counts nothing, such as a tax), spend (Decimal(38, 12)), requests, tokens,
        quantity (Float64, in the meter's own unit), each null where no record knows it. Spends add up to the sum of
        ``cost`` to the last pico-unit.
    """
    grouped = keys_of(keys)
    names = [key.meta.output_name() for key in grouped]
    dims = [pl.col(column).alias(name) for column, name in zip(names, keys, strict=True)]
    nothing = pl.lit(None, dtype=pl.Int64)
    sums = (
        ledger.with_columns(*grouped, own_unit().alias(_UNIT), meter.alias(_MAIN))
        .with_columns(_fee().alias(_FEE))
        .group_by(*names, _UNIT, _MAIN)
        .agg(_sums())
    )
    main = sums.select(
        *dims,
        pl.col(_MAIN).alias(METER),
        _priced(pl.col("cost") - pl.col(_FEE)).alias("spend"),
        "requests",
        "tokens",
        "quantity",
    )
    beside = sums.filter((pl.col(_MAIN) == TOKENS_METER) & pl.col(_UNIT).is_not_null()).select(
        *dims,
        pl.col(_UNIT).alias(METER),
        _priced(pl.col(_FEE)).alias("spend"),
        nothing.alias("requests"),
        nothing.alias("tokens"),
        pl.col("consumed").alias("quantity"),
    )
    return pl.concat([main, beside])


def _sums() -> list[pl.Expr]:
    consumed = pl.col("consumed_quantity")
    counts_tokens = FACTS["tokens"] & FACTS["served"]
    tokens = pl.when(counts_tokens).then(pl.sum_horizontal(TOKEN_COLUMNS))
    quantity = pl.when(FACTS["tokens"] & (pl.col(_MAIN) == TOKENS_METER)).then(tokens.cast(pl.Float64))
    return [
        pl.col("cost").to_physical().sum(),
        pl.col(_FEE).sum(),
        pl.col("cost").count().alias("priced"),
        _known(pl.col("requests")).alias("requests"),
        pl.when(FACTS["tokens"].any()).then(tokens.sum()).alias("tokens"),
        _known(quantity.otherwise(consumed)).alias("quantity"),
        _known(consumed).alias("consumed"),
    ]


def _fee() -> pl.Expr:
    """Return the pico-units of a record's cost that pay for its other unit, where it counts tokens as well."""
    parts = [pl.col(part).to_physical().fill_null(0) for part in _PARTS]
    listed = reduce(add, parts)
    scale = listed.abs() // _LARGEST_EXACT + 1
    fees, whole = parts[-1] // scale, listed // scale
    cost = pl.col("cost").to_physical()
    both = (pl.col(_MAIN) == TOKENS_METER) & pl.col(_UNIT).is_not_null() & (whole > 0) & (fees > 0)
    part = cost // whole * fees + cost % whole * fees // whole
    return pl.when(both.fill_null(value=False)).then(part).otherwise(pl.lit(0, dtype=pl.Int128))


def _known(column: pl.Expr) -> pl.Expr:
    return pl.when(column.count() > 0).then(column.sum())


def _priced(pico: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("priced") > 0).then(to_money(pico))
