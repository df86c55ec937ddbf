"""The value of a KPI, by group and by the members it has of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.books.books import holds_rows
from finopsctl.metrics.catalog import kpi as kpi_named
from finopsctl.metrics.dimensions import parse
from finopsctl.policy.desk import above
from finopsctl.policy.measured import UNPRICED, Group, Measured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.kpi import Scorecard
    from finopsctl.books import Books
    from finopsctl.config.policy import Rule
    from finopsctl.config.policy_kinds import KpiRule
    from finopsctl.policy.desk import Desk


def measure(desk: Desk, rule: Rule, ask: KpiRule) -> Measured:
    """Return the KPI's rows of the scorecard."""
    found = desk.scorecard(rule, ask)
    rows = found.rows.filter(pl.col("kpi") == ask.kpi)
    by = parse(ask.by, desk.settings.fiscal_year_start)
    books = desk.books_of(rule)
    if rows.is_empty():
        return Measured.nothing(_nothing(ask, books))
    kept = above(ask.floor, books, by)
    names = [d.name for d in by]
    groups = [_group(row, names, ask, found) for row in rows.iter_rows(named=True)]
    counting = [each for each in groups if kept is None or tuple(each.dims.get(name) for name in names) in kept]
    return Measured(counting, len(groups) - len(counting))


def _group(row: Mapping[str, Any], names: list[str], ask: KpiRule, found: Scorecard) -> Group:
    dims = {name: row[name] for name in names}
    if row["member_of"] is not None:
        dims[row["member_of"]] = row["member"]
    return Group(dims, row["value"], "" if row["value"] is not None else _why(row, ask, found))


def _why(row: Mapping[str, Any], ask: KpiRule, found: Scorecard) -> str:
    """Return why a KPI has no value: what it needs, or that it is too early to tell."""
    unpriced = {finding.evidence["budget"] for finding in found.findings if finding.code == "budget_unpriced"}
    if row["member"] in unpriced:
        return UNPRICED
    codes = {finding.code for finding in found.findings if finding.evidence.get("kpi") == ask.kpi}
    if "too_early" in codes:
        return "nothing burns yet, or the period has no whole day yet"
    needs = kpi_named(ask.kpi).needs
    return f"it needs {needs}" if needs else "the group lacks what it is made of"


def _nothing(ask: KpiRule, books: Books) -> str:
    if not holds_rows(books.ledger):
        return "no record is in its period and passes its filters"
    return f"the KPI cannot be split by {', '.join(ask.by)}"
