"""Figures of unit economics that the specification prints: each reproduced, with its verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from finopsctl.analyses.unit_economics import UnitQuestion, unit_economics
from finopsctl.ledger.schema import INSTANT, MONEY
from ledgers import ledger

COLUMNS = {
    "charge_period_start": INSTANT,
    "charge_period_end": INSTANT,
    **dict.fromkeys(("feature", "team", "customer", "trace_id", "currency", "id"), pl.String()),
    "outcomes": pl.Int64(),
    "successes": pl.Int64(),
    "alternative_cost": MONEY,
}
DAY = datetime(2026, 10, 1, tzinfo=UTC)


def one(feature: str, spend: str, outcomes: int, **more: Any) -> dict[str, Any]:
    """Return the row of one use case."""
    said = {"charge_period_start": DAY, "charge_period_end": DAY + timedelta(days=1), "feature": feature, **more}
    table = pl.DataFrame([{**dict.fromkeys(COLUMNS), **said, "outcomes": outcomes}], schema=COLUMNS)
    charges = ledger(f"feature requests cost\n{feature} 1 {spend}")
    found = unit_economics(charges, UnitQuestion(), outcomes=table).rows.filter(pl.col("unit") == "outcome")
    return found.row(0, named=True)


@pytest.mark.parametrize(
    ("feature", "spend", "each", "target", "grade"),
    [
        ("support-ticket", "4200", 4.20, 0.50, "warning"),
        ("pr-review", "800", 0.80, 2.00, "good"),
        ("support-ticket", "499", 0.499, 0.50, "good"),
        ("support-ticket", "500", 0.50, 0.50, "warning"),
        ("article-draft", "1100", 1.10, 1.00, "warning"),
        ("quarterly-report", "4990", 4.99, 5.00, "good"),
    ],
)
def test_an_outcome_is_graded_against_its_target(
    feature: str, spend: str, each: float, target: float, grade: str
) -> None:
    """4.20 USD per resolved ticket against a target below 0.50 is a warning; 0.80 per PR below 2.00 is good."""
    row = one(feature, spend, 1000)

    assert (row["cost_per"], row["target_high"], row["grade"]) == (each, target, grade)


def test_a_resolved_ticket_breaks_even_against_what_a_human_costs() -> None:
    """1,000 tickets cost 4,200; 700 are resolved, each 12.00 by hand: 6.00 each, 4,200 net, earned back from 350 on."""
    row = one("support-ticket", "4200", 1000, successes=700, alternative_cost=Decimal(12))

    assert row["cost_per_success"] == 6
    assert (row["net_value"], row["break_even_count"], row["roi"]) == (Decimal(4200), 350, 1)


def test_a_document_pays_by_volume() -> None:
    """90.00 of spend against 1.50 a document by hand: 60 documents are the break-even, 50 lose 15.00."""
    row = one("invoice-reading", "90", 50, alternative_cost=Decimal("1.50"))

    assert (row["break_even_count"], row["net_value"]) == (60, Decimal(-15))


def test_failed_tasks_stay_in_the_numerator() -> None:
    """10 tasks of 0.10, 8 succeed: 1.00 / 8 = 0.125 each; the 0.10 of an attempt would hide the failures."""
    table = "feature tasks task_successes requests cost\n" + "f 1 1 1 0.10\n" * 8 + "f 1 0 1 0.10\n" * 2
    found = unit_economics(ledger(table), UnitQuestion()).rows.filter(pl.col("unit") == "successful_task")

    assert found.select("spend", "count", "cost_per", "success_rate").row(0) == (Decimal(1), 8, 0.125, 0.8)


def test_an_assistant_costs_so_much_per_developer_and_day() -> None:
    """Two developers, three days of use between them, 6.00: 2.00 per developer and day."""
    table = "day feature user requests cost\n1 code ann 5 3.00\n2 code ann 5 1.00\n2 code bob 5 2.00"
    found = unit_economics(ledger(table), UnitQuestion()).rows.filter(pl.col("unit") == "active_user_day")

    assert found.select("count", "cost_per").row(0) == (3, 2)
