"""Spend against the plan to date: what adds up, what a limit of nothing means, and what a part day is compared with."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from finopsctl.analyses.variance import BudgetVariance, budget_variance
from finopsctl.metrics.budgets import Budget
from ledgers import ledger

MID = datetime(2026, 10, 16, 12, tzinfo=UTC)

SPENT = """
day team    cost
1   support 100.00
15  search  50.00
16  support 7.00
"""


def compared(*budgets: Budget) -> BudgetVariance:
    return budget_variance(ledger(SPENT), budgets, MID)


def by_team(name: str, limit: int, team: str) -> Budget:
    return Budget(name, Decimal(limit), scope={"team": team})


def test_totals_of_budgets_that_do_not_overlap_are_baseline_actual_and_change() -> None:
    """$310 and $62 for 31 days, 15 are over: planned $150 and $30; spent $100 and $50: $30 under."""
    totals = compared(by_team("a", 310, "support"), by_team("b", 62, "search")).totals

    assert (totals["baseline"], totals["actual"], totals["change"]) == (Decimal(180), Decimal(150), Decimal(-30))
    assert (totals["budgets"], totals["not_added"]) == (2, None)


@pytest.mark.parametrize(
    "other",
    [
        Budget("all", Decimal(100)),
        Budget("glob", Decimal(100), scope={"team": "s*"}),
        Budget("model", Decimal(100), scope={"model": "m"}),
        Budget("both", Decimal(100), scope={"team": "search", "model": "m"}),
        Budget("same", Decimal(100), scope={"team": "support"}),
    ],
)
def test_totals_of_budgets_that_may_overlap_are_unknown_and_say_why(other: Budget) -> None:
    totals = compared(by_team("a", 310, "support"), other).totals

    assert (totals["baseline"], totals["actual"], totals["change"]) == (None, None, None)
    assert totals["not_added"]


def test_a_zero_limit_that_was_spent_is_critical() -> None:
    """There is no plan to be a share of, so the variance is unknown; --fail-on must see it all the same."""
    found = compared(by_team("nothing", 0, "support")).rows.row(0, named=True)

    assert (found["actual"], found["variance"], found["grade"]) == (Decimal(107), None, "critical")


def test_a_zero_limit_of_which_nothing_was_spent_has_no_grade() -> None:
    assert compared(by_team("nothing", 0, "nobody")).rows["grade"].to_list() == [None]


def test_the_spend_of_a_part_day_is_not_held_against_the_plan_of_whole_days() -> None:
    """The $7 of the morning of the 16th wait for that day's plan: 100 - 150 = -50, a third under."""
    found = compared(by_team("a", 310, "support")).rows.row(0, named=True)

    assert (found["baseline"], found["actual"], found["change"]) == (Decimal(150), Decimal(100), Decimal(-50))
    assert found["variance"] == pytest.approx(-1 / 3)


def test_spend_on_a_limit_of_zero_is_over_and_not_without_a_plan() -> None:
    """Whatever is spent is more than nothing; there is no percentage of a plan of 0."""
    found = compared(Budget("none", Decimal(0)))
    row = found.rows.row(0, named=True)

    assert (row["variance"], row["grade"], row["band"]) == (None, "critical", "over a limit of 0")
    assert found.report().headline == "1 budget over plan; none: over a limit of 0."


def test_usage_without_any_price_is_not_100_percent_under_plan() -> None:
    rows = ledger("day team cost\n1 support -\n2 support -\n2 search 5.00")
    found = budget_variance(rows, [by_team("a", 310, "support"), by_team("b", 62, "search")], MID)
    unknown = found.rows.row(1, named=True)

    assert (unknown["budget"], unknown["band"]) == ("a", "no price")
    assert {unknown[name] for name in ("actual", "change", "variance", "grade")} == {None}
    assert (found.totals["actual"], found.totals["not_added"]) == (None, "what is spent of a budget is not known")
    assert [finding.code for finding in found.findings] == ["budget_unpriced"]
    assert found.report().headline.startswith("1 budget under plan, 1 without a price;")
