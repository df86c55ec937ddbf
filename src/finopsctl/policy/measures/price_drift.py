"""How far reported cost is from our list price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.price_audit import audit
from finopsctl.metrics.where import matches
from finopsctl.policy.measured import Group, Measured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.config.policy import Rule
    from finopsctl.config.policy_kinds import PriceDriftRule
    from finopsctl.policy.desk import Desk


def measure(desk: Desk, rule: Rule, ask: PriceDriftRule) -> Measured:
    """Return the differences of each group, whatever their sign, as a share of its list price."""
    books = desk.books_of(rule)
    compared = audit(books.ledger, books.request.basis).rows.filter(pl.col("difference").is_not_null())
    if ask.models:
        compared = compared.filter(matches(pl.col("model"), ask.models))
    if compared.is_empty():
        return Measured.nothing("no record has both a reported cost and a list price")
    wanted = pl.col("cause").is_in(list(ask.causes)) if ask.causes else pl.lit(value=True)
    off = pl.when(wanted).then(pl.col("difference").abs()).sum()
    by: list[str] = list(ask.by)
    rows = (
        compared.with_columns(all=pl.lit(1))
        .group_by(*(by or ["all"]))
        .agg(off=off, list=pl.col("list").sum())
        .sort("off", *by, descending=[True, *(False for _ in by)], nulls_last=True)
    )
    counting = rows.filter(pl.col("off") >= ask.floor)
    groups = [_group(row, ask) for row in counting.iter_rows(named=True)]
    return Measured(groups, rows.height - counting.height)


def _group(row: Mapping[str, Any], ask: PriceDriftRule) -> Group:
    dims: dict[str, str | None] = {name: row[name] for name in ask.by}
    if row["list"]:
        return Group(dims, float(row["off"] / row["list"]))
    if not row["off"]:
        return Group(dims, 0.0)
    return Group(dims, None, "cost is reported for what is free at list price", is_beyond=True)
