"""Figures of the FinOps literature on budget variance, cost types and business units: reproduced, or refuted."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from book_files import opened
from finopsctl.analyses.attribution import breakdown
from finopsctl.analyses.variance import BudgetVariance, budget_variance
from finopsctl.metrics.budgets import Alert, Budget, budget_usage, daily_spend, fired, with_figures
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

END = datetime(2026, 11, 1, tzinfo=UTC)

LINES = """charge_period_start,record_kind,provider,cost_type,line,reported_cost
2026-10-01,cost,self-hosted,training,training,8100
2026-10-01,cost,self-hosted,inference,inference,32400
2026-10-01,cost,openai,api,openai,180000
2026-10-01,cost,anthropic,api,anthropic,25000
2026-10-01,cost,aws,storage,artifacts,1500
2026-10-01,cost,aws,storage,training data,800
2026-10-01,cost,aws,storage,logs,400
2026-10-01,cost,aws,network,transfer,1500
2026-10-01,cost,aws,network,cdn,530
2026-10-01,cost,datadog,monitoring,datadog,2000
2026-10-01,cost,sentry,monitoring,sentry,570
"""


def spent(amount: str, limit: int = 100) -> BudgetVariance:
    """Return a month's budget after ``amount`` was spent in all of it."""
    return budget_variance(ledger(f"cost\n{amount}"), [Budget("all", Decimal(limit))], END)


def by(books: pl.LazyFrame, name: str) -> dict[str, Decimal]:
    return dict(breakdown(books, parse(name)).rows.select(name, "spend").iter_rows())


def test_253800_spent_of_250000_is_3800_or_1_5_percent_over_and_on_track() -> None:
    """253,800 / 250,000 = 101.52 % used; 3,800 / 250,000 = 1.52 %, within 10 %."""
    row = spent("253800", 250_000).rows.row(0, named=True)

    assert row["change"] == Decimal(3800)
    assert round(row["variance"], 3) == 0.015
    assert (row["grade"], row["band"]) == ("good", "on track")


def test_alerts_at_75_90_and_100_percent_have_all_fired_at_101_5() -> None:
    levels = {0.75: "optimize", 0.9: "freeze non-critical spending", 1.0: "executive approval"}
    budget = Budget("all", Decimal(250_000), alerts=tuple(Alert(at, action) for at, action in levels.items()))
    daily = daily_spend(ledger("cost\n253800"), [budget], END).collect()
    used = with_figures(budget_usage(daily, [budget], END))["utilization"][0]

    assert round(used, 3) == 1.015
    assert [alert.action for alert in fired(budget, used)] == list(levels.values())


@pytest.mark.parametrize(
    ("amount", "grade", "band"),
    [
        ("74.99", "warning", "under-utilized"),
        ("75", "warning", "under plan"),
        ("89.99", "warning", "under plan"),
        ("90", "good", "on track"),
        ("100", "good", "on track"),
        ("110", "good", "on track"),
        ("110.01", "warning", "over"),
        ("125", "warning", "over"),
        ("125.01", "critical", "significant overrun"),
    ],
)
def test_an_edge_of_a_band_belongs_to_the_milder_side(amount: str, grade: str, band: str) -> None:
    """Of a plan of 100: within 10 % on track, to 25 % over or under plan, beyond an overrun or under-utilized."""
    row = spent(amount).rows.row(0, named=True)

    assert (row["grade"], row["band"]) == (grade, band)


def test_the_lines_of_a_cost_table_add_up_to_252800_and_not_to_the_253800_printed_below_them(tmp_path: Path) -> None:
    """40,500 compute + 205,000 API + 2,700 storage + 2,030 network + 2,570 monitoring = 252,800; 1,000 is missing."""
    path = tmp_path / "lines.csv"
    path.write_text(LINES)
    rows = opened(path).ledger
    types = by(rows, "cost_type")
    compute = types["training"] + types["inference"]

    assert compute == Decimal(40_500)
    assert {name: int(types[name]) for name in ("api", "storage", "network", "monitoring")} == {
        "api": 205_000,
        "storage": 2_700,
        "network": 2_030,
        "monitoring": 2_570,
    }
    assert breakdown(rows, parse("cost_type")).totals["spend"] == Decimal(252_800) != Decimal(253_800)
    assert (round(100 * compute / 252_800), round(100 * types["api"] / 252_800)) == (16, 81)


def test_the_lines_below_the_types_are_what_the_types_add_up(tmp_path: Path) -> None:
    """API: OpenAI 180,000 + Anthropic 25,000; storage: artifacts 1,500 + training data 800 + logs 400."""
    path = tmp_path / "lines.csv"
    path.write_text(LINES)
    rows = breakdown(opened(path).ledger, parse("cost_type,tag:line")).rows
    storage = rows.filter(rows["cost_type"] == "storage")

    assert dict(storage.select("tag:line", "spend").iter_rows()) == {
        "artifacts": Decimal(1500),
        "training data": Decimal(800),
        "logs": Decimal(400),
    }
    assert by(opened(path).ledger, "provider")["openai"] == Decimal(180_000)


def test_business_units_spend_100800_27000_and_126000(tmp_path: Path) -> None:
    """126,000 + 100,800 + 27,000 = 253,800: 49.6, 39.7 and 10.6 %."""
    path = tmp_path / "units.csv"
    path.write_text(
        "charge_period_start,record_kind,business_unit,reported_cost\n"
        "2026-10-01,cost,engineering,100800\n"
        "2026-10-01,cost,marketing,27000\n"
        "2026-10-01,cost,operations,126000\n"
    )
    found = breakdown(opened(path).ledger, parse("tag:business_unit"))

    assert found.totals["spend"] == Decimal(253_800)
    assert found.rows["tag:business_unit"].to_list() == ["operations", "engineering", "marketing"]
    assert [round(100 * share, 1) for share in found.rows["share"]] == [49.6, 39.7, 10.6]
