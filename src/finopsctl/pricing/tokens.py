"""Tokens times rates and uses times fees, in whole pico-USD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.token_classes import TOKEN_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.ledger.token_classes import TokenClass
    from finopsctl.pricing.models import Resolver

PARTS: tuple[str, ...] = (*dict.fromkeys(c.cost_part for c in TOKEN_CLASSES), "list_other_cost")
"""The ledger columns list_cost is the sum of."""

_SAFE = 2**62
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class TokenCosts:
    """Int128 pico-USD by part, and the first token class that has tokens and no rate (rate key; null: none)."""

    parts: tuple[pl.Series, ...]
    missing: pl.Series


def tokens_cost(rows: pl.DataFrame, rates: pl.DataFrame, line: pl.Series) -> TokenCosts:
    """Multiply each row's token classes with the rates of its price line.

    Args:
        rows: Ledger token columns.
        rates: One row a line, pico-USD per token by rate key.
        line: Each row's line; null: no price, costs 0 here.
    """
    used = _classes_used(rows)
    gathered = rates.select(pl.col([c.rate_key for c in used]).gather(line))
    work = rows.select(c.column for c in used).hstack(gathered)
    wide = pl.Int64() if _bound(work, used) < _SAFE else pl.Int128()
    missing = pl.coalesce(
        pl.lit(None, dtype=pl.String),
        *(pl.when((pl.col(c.column) != 0) & pl.col(c.rate_key).is_null()).then(pl.lit(c.rate_key)) for c in used),
    )
    costs = {
        part: pl.sum_horizontal(
            pl.lit(0, dtype=wide),
            *(
                pl.col(c.column).fill_null(0).cast(wide) * pl.col(c.rate_key).fill_null(0)
                for c in used
                if c.cost_part == part
            ),
        ).cast(pl.Int128)
        for part in PARTS
    }
    found = work.with_columns(missing=missing, **costs) if used else _nothing(rows.height)
    return TokenCosts(tuple(found[part] for part in PARTS), found["missing"])


def _classes_used(rows: pl.DataFrame) -> list[TokenClass]:
    any_tokens = rows.select((pl.col(c.column) != 0).any() for c in TOKEN_CLASSES).row(0) if rows.height else ()
    return [c for c, used in zip(TOKEN_CLASSES, any_tokens, strict=False) if used]


def _bound(work: pl.DataFrame, used: Sequence[TokenClass]) -> int:
    """Return more than any row's cost can be: the sum over classes of most tokens times dearest rate."""
    most = work.select(pl.all().abs().max().fill_null(0)).row(0, named=True) if used else {}
    return sum(int(most[c.column]) * int(most[c.rate_key]) for c in used)


def _nothing(height: int) -> pl.DataFrame:
    zero = pl.Series([0], dtype=pl.Int128).new_from_index(0, height)
    missing = pl.Series("missing", [None], dtype=pl.String).new_from_index(0, height)
    return pl.DataFrame([*(zero.alias(part) for part in PARTS), missing])


def fee_cost(rows: pl.DataFrame, resolver: Resolver) -> pl.Series:
    """Return uses times fee in Int128 pico-USD, null where the row has no meter or no fee is listed for its unit.

    A quantity counts to a millionth of a unit; the product is rounded to whole pico-USD, half to even.
    """
    metered = rows.with_row_index("row").filter(
        pl.col("consumed_quantity").is_finite() & pl.col("consumed_unit").is_not_null()
    )
    none = pl.Series("fee", [None], dtype=pl.Int128).new_from_index(0, rows.height)
    if metered.is_empty():
        return none
    units = [
        (key, unit, resolver.fees.number((key, unit)))
        for key, unit in metered.select("key", "consumed_unit").unique().iter_rows()
    ]
    slots = pl.DataFrame(
        units, schema={"key": pl.Int64, "consumed_unit": pl.String, "fee_slot": pl.Int64}, orient="row"
    )
    metered = metered.join(slots, on=["key", "consumed_unit"], how="left", maintain_order="left")
    which = resolver.fees.at(metered["fee_slot"], metered["at"].dt.epoch("s"))
    micro = (pl.col("consumed_quantity") * _MICRO).round().cast(pl.Int128)
    priced = metered.select(
        "row", fee=divided(micro * resolver.fee_pico.gather(which).cast(pl.Int128), _MICRO)
    ).drop_nulls()
    index = pl.DataFrame({"row": pl.int_range(rows.height, dtype=pl.get_index_type(), eager=True)})
    return index.join(priced, on="row", how="left", maintain_order="left")["fee"]


def divided(amount: pl.Expr, by: int) -> pl.Expr:
    """Divide Int128 by a positive integer, rounding half to even."""
    return divided_by(amount, pl.lit(by, dtype=pl.Int128))


def divided_by(amount: pl.Expr, by: pl.Expr) -> pl.Expr:
    """Divide Int128 by positive Int128, rounding half to even."""
    low = amount // by
    twice = (amount - low * by) * 2
    up = (twice > by) | ((twice == by) & (low % 2 != 0))
    return low + up.cast(pl.Int128)
