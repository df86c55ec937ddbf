"""Money by token class: each row's cost divided in proportion to the parts of its list cost, exactly.

The ledger knows five parts of a row's list cost, and finer classes of tokens. Within a part: a class that is alone
takes it all; text and image input, and output and reasoning, share by tokens, since they bill alike; 5-minute and
1-hour cache writes share by tokens times 5 and 8, the ratio of 1.25x and 2x the input price; audio (and generated
images) beside text cannot be told apart by the part alone, and is folded into ``input`` and ``output``. A part
without tokens is its first class's. Fees are the class ``other``.

A row's cost is then split over the classes: floor in pico-units (1e-12), the remainder goes to the class with the
largest list cost. Without a list cost there is nothing to split by: class null.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.token_classes import TOKEN_CLASSES
from finopsctl.metrics.measures import FACTS, to_money

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER = "other"
"""The class of fees per use."""

_WEIGHTS = {"cache_write": 5, "cache_write_1h": 8, "audio_input": 0, "audio_output": 0, "image_output": 0}
_PARTS = tuple(dict.fromkeys(c.cost_part for c in TOKEN_CLASSES))
_CLASSES = (*(c.rate_key for c in TOKEN_CLASSES), OTHER)
_LARGEST_EXACT = 1 << 62  # products of two numbers below it fit 128 bits


def spend_by_class(ledger: pl.LazyFrame, keys: Mapping[str, pl.Expr]) -> pl.LazyFrame:
    """Sum money and tokens by ``keys`` and token class.

    Args:
        ledger: Ledger columns and ``cost``.
        keys: Group keys by the name of their column.

    Returns:
        ``keys``, token_class (null: not split), spend (Decimal(38, 12)), tokens. Spends add up to the sum of ``cost``
        to the last pico-unit, tokens to those the provider served.
    """
    split = _with_class_spend(ledger.with_columns(keys_of(keys)))
    sums = split.group_by([_key(name) for name in keys] or pl.lit(0).alias("all")).agg(
        *(to_money(pl.col(_spend(name)).sum()).alias(_spend(name)) for name in (*_CLASSES, None)),
        *(pl.col(c.column).filter(FACTS["served"]).sum() for c in TOKEN_CLASSES),
        *(pl.col(_spend(name)).count().alias(f"rows_{name}") for name in (*_CLASSES, None)),
    )
    each = pl.concat_list(_one_class(name) for name in (*_CLASSES, None)).alias("each")
    rows = sums.select(*(pl.col(_key(name)).alias(name) for name in keys), each).explode("each").unnest("each")
    return rows.filter("there").drop("there")


def keys_of(keys: Mapping[str, pl.Expr]) -> list[pl.Expr]:
    """Return the group keys under names that collide with no ledger column."""
    return [expr.alias(_key(name)) for name, expr in keys.items()]


def _key(name: str) -> str:
    return f"by {name}"


def _spend(name: str | None) -> str:
    return f"spend {name}"


def _one_class(name: str | None) -> pl.Expr:
    """Return the sums of one class, and whether it is ``there``: whether it has any."""
    column = {c.rate_key: c.column for c in TOKEN_CLASSES}.get(name or "")
    tokens = pl.col(column) if column else pl.lit(0, dtype=pl.Int64)
    there = (tokens != 0) | (pl.col(_spend(name)) != 0) | ((pl.col(f"rows_{name}") > 0) if name is None else False)
    return pl.struct(token_class=pl.lit(name, dtype=pl.String), spend=pl.col(_spend(name)), tokens=tokens, there=there)


def _with_class_spend(ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Add, per row, the pico-units of each class; null for all but ``not split`` where there is no list cost."""
    listed = reduce(add, (pl.col(f"share {name}") for name in _CLASSES))
    cost = pl.col("cost").to_physical()
    splittable = (pl.col("all listed") > 0).fill_null(value=False)
    whole, rest = cost // pl.col("all listed"), cost % pl.col("all listed")
    parts = {
        name: pl.when(splittable).then(
            whole * pl.col(f"share {name}") + rest * pl.col(f"share {name}") // pl.col("all listed")
        )
        for name in _CLASSES
    }
    left = cost - reduce(add, (pl.col(_spend(name)) for name in _CLASSES))
    nothing = (pl.col("cost") == 0) & ~splittable
    return (
        _with_listed(ledger)
        .with_columns((pl.col(f"listed {name}") // pl.col("scale")).alias(f"share {name}") for name in _CLASSES)
        .with_columns(listed.alias("all listed"))
        .with_columns(expr.alias(_spend(name)) for name, expr in parts.items())
        .with_columns(pl.when(splittable).then(left).alias("left"))
        .with_columns(_largest().alias("largest"))
        .with_columns(
            *(
                (pl.col(_spend(name)) + pl.when(pl.col("largest") == name).then("left").otherwise(0)).alias(
                    _spend(name)
                )
                for name in _CLASSES
            ),
            pl.when(~splittable & ~nothing).then(cost).alias(_spend(None)),
        )
    )


def _largest() -> pl.Expr:
    """Return the name of the class with the largest list cost, the first of equal ones."""
    most = pl.max_horizontal(f"share {name}" for name in _CLASSES)
    return pl.coalesce(pl.when(pl.col(f"share {name}") == most).then(pl.lit(name)) for name in _CLASSES)


def _with_listed(ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Add the list cost of each class in pico-units; ``scale`` divides it where 128 bits would overflow."""
    listed = [expr.alias(f"listed {name}") for name, expr in _listed().items()]
    total = pl.sum_horizontal(pl.col(p).to_physical().fill_null(0).abs() for p in (*_PARTS, "list_other_cost"))
    return ledger.with_columns(*listed, (total // _LARGEST_EXACT + 1).alias("scale"))


def _listed() -> dict[str, pl.Expr]:
    found: dict[str, pl.Expr] = {}
    for part in _PARTS:
        classes = [c for c in TOKEN_CLASSES if c.cost_part == part]
        cost = pl.col(part).to_physical().fill_null(0)
        weights = {c.rate_key: _weight(c.column, c.rate_key) for c in classes}
        weighed = reduce(add, weights.values())
        shares = {name: pl.when(weighed > 0).then(cost * weight // weighed) for name, weight in weights.items()}
        first, *others = shares
        alone = _alone({c.rate_key: c.column for c in classes}, weighed)
        for name in others:
            found[name] = pl.coalesce(shares[name], pl.when(alone == name).then(cost), pl.lit(0, dtype=pl.Int128))
        found[first] = cost - reduce(add, (found[name] for name in others), pl.lit(0, dtype=pl.Int128))
    found[OTHER] = pl.col("list_other_cost").to_physical().fill_null(0)
    return found


def _weight(column: str, name: str) -> pl.Expr:
    return pl.col(column).fill_null(0).cast(pl.Int128) * _WEIGHTS.get(name, 1)


def _alone(columns: Mapping[str, str], weighed: pl.Expr) -> pl.Expr:
    """Return the first class with tokens where no class of the part weighs anything."""
    present = pl.coalesce(pl.when(pl.col(column) > 0).then(pl.lit(name)) for name, column in columns.items())
    return pl.when(weighed == 0).then(present)
