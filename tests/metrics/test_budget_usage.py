"""Budgets: their current period, and what of them is spent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from finopsctl.errors import ConfigError
from finopsctl.metrics.budgets import Alert, Budget, budget_usage, daily_spend, fired
from ledgers import ledger

AS_OF = datetime(2026, 10, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "starts", "first", "days"),
    [
        ("month", None, date(2026, 10, 1), 31),
        ("quarter", None, date(2026, 10, 1), 92),
        ("year", None, date(2026, 1, 1), 365),
        ("30d", None, date(2026, 9, 16), 30),
        ("30d", date(2026, 9, 1), date(2026, 10, 1), 30),
        ("7d", date(2026, 10, 1), date(2026, 10, 15), 7),
    ],
)
def test_the_current_period_holds_the_instant_before_as_of(
    period: str, starts: date | None, first: date, days: int
) -> None:
    current = Budget("b", Decimal(1), period, starts=starts).current(AS_OF)

    assert (current.first_day, current.days) == (first, days)


def test_as_of_at_a_months_end_reports_the_whole_month() -> None:
    current = Budget("b", Decimal(1)).current(datetime(2026, 11, 1, tzinfo=UTC))

    assert current.first_day == date(2026, 10, 1)


def test_an_unknown_period_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown period 'fortnight'"):
        Budget("b", Decimal(1), "fortnight").current(AS_OF)


SPENT = """
day team    cost
1   support 100.00
9   support 7.00
15  support 14.000000000001
15  search  50.00
16  support 999.00
"""


def usage(*budgets: Budget) -> dict[str, dict[str, object]]:
    daily = daily_spend(ledger(SPENT), budgets, AS_OF).collect()
    return {row["budget"]: row for row in budget_usage(daily, budgets, AS_OF).iter_rows(named=True)}


def test_a_budget_counts_the_spend_of_its_scope_before_as_of() -> None:
    """100 + 7 + 14.000000000001; the 999 of the 16th is not seen yet."""
    found = usage(Budget("s", Decimal(310), scope={"team": "supp*"}), Budget("all", Decimal(1000)))

    assert found["s"]["actual"] == Decimal("121.000000000001")
    assert found["all"]["actual"] == Decimal("171.000000000001")


def test_the_plan_to_date_is_the_limit_per_day_elapsed() -> None:
    """310 for 31 days: 10 a day, 15 days elapsed."""
    found = usage(Budget("s", Decimal(310), scope={"team": "support"}))

    assert (found["s"]["planned"], found["s"]["days_elapsed"]) == (Decimal(150), 15)


def test_the_last_seven_days_are_the_9th_to_the_15th() -> None:
    found = usage(Budget("s", Decimal(310), scope={"team": "support"}))

    assert found["s"]["last_days_spend"] == Decimal("21.000000000001")


def test_a_budget_without_spend_has_spent_nothing() -> None:
    assert usage(Budget("x", Decimal(5), scope={"team": "nobody"}))["x"]["actual"] == 0


def test_a_budget_that_starts_later_is_left_out() -> None:
    assert usage(Budget("x", Decimal(5), starts=date(2026, 11, 1))) == {}


def test_alerts_fire_from_their_level_on() -> None:
    """101.5 % of 250,000 has fired 75, 90 and 100."""
    levels = (Alert(1.0), Alert(0.75), Alert(0.9), Alert(1.2))
    budget = Budget("b", Decimal(250_000), alerts=levels)

    assert [a.at for a in fired(budget, 1.0152)] == [0.75, 0.9, 1.0]
