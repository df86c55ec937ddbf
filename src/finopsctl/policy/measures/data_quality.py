"""How far the figures can be trusted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.config.policy_kinds import KpiRule
from finopsctl.metrics.dimensions import dimension, parse
from finopsctl.policy.desk import sums
from finopsctl.policy.measured import Group, Measured
from finopsctl.policy.measures import kpi

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from finopsctl.books import Books
    from finopsctl.config.policy import Rule
    from finopsctl.config.policy_kinds import DataQualityRule
    from finopsctl.policy.desk import Desk

_KPIS = {"unpriced": "unpriced_share", "duplicates": "duplicate_share"}
_DAY = timedelta(days=1)


def measure(desk: Desk, rule: Rule, ask: DataQualityRule) -> Measured:
    """Return the figure; of a share by group where asked."""
    if ask.measure in _KPIS:
        return kpi.measure(desk, rule, KpiRule(_KPIS[ask.measure], ask.by))
    books = desk.books_of(rule)
    if ask.measure == "unattributed":
        return _unattributed(books, ask)
    return Measured((_of_inputs(books, ask.measure, desk.now),))


def _unattributed(books: Books, ask: DataQualityRule) -> Measured:
    """Return the share of spend without a value of the dimension."""
    of = dimension(ask.of, books.request.fiscal_year_start)
    by = [d for d in parse(ask.by, books.request.fiscal_year_start) if d.name != of.name]
    names = [d.name for d in by]
    unowned = pl.col("spend").filter(pl.col(of.name).is_null()).sum()
    rows = (
        sums(books, (*by, of))
        .with_columns(all=pl.lit(1))
        .group_by(*(names or ["all"]))
        .agg(unowned=unowned, spend=pl.col("spend").sum())
        .sort("unowned", *names, descending=[True, *(False for _ in names)], nulls_last=True)
    )
    if rows.is_empty():
        return Measured.nothing("no record is in its period and passes its filters")
    return Measured([_share(row, names) for row in rows.iter_rows(named=True)])


def _share(row: Mapping[str, Any], names: list[str]) -> Group:
    dims = {name: row[name] for name in names}
    if not row["spend"]:
        return Group(dims, None, "nothing is spent")
    return Group(dims, float(row["unowned"] / row["spend"]))


def _of_inputs(books: Books, measure: str, now: datetime) -> Group:
    """Return a figure of all that was read, whatever the period and the filters."""
    if measure == "bad-lines":
        return Group({}, books.bad_lines)
    if measure == "unconverted":
        return Group({}, books.unconverted)
    if measure == "age":
        return Group({}, max((now - books.seen[1]) / _DAY, 0.0))
    read = [summary.records for summary in books.inputs]
    lines = sum(records or 0 for records in read) + books.bad_lines
    if None in read or not lines:
        return Group({}, None, "how many records there are was not counted")
    return Group({}, books.bad_lines / lines)
