"""One pass over the ledger: amounts summed by dimensions and by what the rows know.

Rows carry counts, so a rollup is a small ledger: whatever is additive is read from it without touching the rows
again. What a row knows is packed into one integer that is grouped by: that costs next to nothing, where one masked
sum per ratio costs several times the whole pass.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.token_classes import TOKEN_COLUMNS
from finopsctl.metrics.dimensions import named
from finopsctl.metrics.measures import (
    DERIVED_AMOUNTS,
    FACTS,
    METERED,
    REQUESTS,
    SECONDS,
    SPEND,
    TOKENS,
    UNTIMED_REQUESTS,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from finopsctl.metrics.measures import Measure

SUMMED = (SPEND, REQUESTS, TOKENS, METERED, SECONDS, UNTIMED_REQUESTS)
"""The measures that :func:`summed` reads."""

QUALITY_FACTS = (
    *("cost", "no_cost", "no_team", "no_service_tier", "rated", "reported", "requests", "served", "tokens", "usage"),
)
QUALITY_AMOUNTS = ("cost", "requests", *TOKEN_COLUMNS)


def rollup(
    ledger: pl.LazyFrame,
    keys: Mapping[str, pl.Expr],
    measures: Iterable[Measure],
) -> pl.LazyFrame:
    """Sum what ``measures`` need, by ``keys`` and by what the rows know.

    Args:
        ledger: Ledger columns and ``cost``.
        keys: Group keys by the name of their column.
        measures: Decide which amounts and facts are read, besides those of the data-quality figures.

    Returns:
        ``keys``; ``unpriced_model`` (the model of usage without a cost, else null); every amount; ``is_<fact>``;
        ``records``; ``first`` and ``last`` (charge_period_start). Amounts nobody knows are 0: ask ``is_<fact>``.
    """
    wanted = tuple(measures)
    amounts = sorted({a for m in wanted for a in m.amounts} | set(QUALITY_AMOUNTS))
    facts = sorted({f for m in wanted for f in m.facts} | set(QUALITY_FACTS))
    known = reduce(or_, (_bit(FACTS[fact], bit) for bit, fact in enumerate(facts)))
    return (
        ledger.group_by(*named(keys), known=known, unpriced_model=_unpriced_model())
        .agg(
            *(_row_amount(name).sum().alias(name) for name in amounts),
            records=pl.len(),
            first=pl.col("charge_period_start").min(),
            last=pl.col("charge_period_start").max(),
        )
        .with_columns((pl.col("known") & (1 << bit) != 0).alias(f"is_{fact}") for bit, fact in enumerate(facts))
        .drop("known")
    )


def summed(rollup: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Sum a rollup by some of its keys.

    Args:
        rollup: Of :func:`rollup`, with the measures ``SUMMED``.
        names: The keys.

    Returns:
        ``names``; ``spend``, ``requests``, ``tokens``, ``quantity`` (of a meter), ``seconds`` (that requests took) and
        ``untimed`` (requests without latency), each null where no row knows it.
    """
    return rollup.group_by(*names).agg(
        spend=total(SPEND),
        requests=total(REQUESTS).cast(pl.Int64),
        tokens=total(TOKENS).cast(pl.Int64),
        quantity=total(METERED),
        seconds=total(SECONDS),
        untimed=total(UNTIMED_REQUESTS).cast(pl.Int64),
    )


def _bit(fact: pl.Expr, place: int) -> pl.Expr:
    return pl.when(fact).then(pl.lit(1 << place, dtype=pl.UInt32)).otherwise(pl.lit(0, dtype=pl.UInt32))


def _row_amount(name: str) -> pl.Expr:
    return DERIVED_AMOUNTS.get(name, pl.col(name))


def _unpriced_model() -> pl.Expr:
    unpriced = pl.col("cost").is_null() & pl.col("record_kind").is_in(["request", "usage"])
    return pl.when(unpriced).then(pl.col("model").fill_null("(no model)"))
