"""Budgets: their current period, and what of them is spent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from finopsctl.errors import ConfigError
from finopsctl.metrics.budgets import (
    Alert,
    Budget,
    budget_usage,
    daily_spend,
    fired,
    plain_period,
    with_figures,
)
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
        ("24h", None, date(2026, 10, 15), 1),
        ("2w", date(2026, 10, 1), date(2026, 10, 15), 14),
        ("1mo", None, date(2026, 10, 1), 31),
        ("3mo", None, date(2026, 10, 1), 92),
        ("month", date(2026, 10, 11), date(2026, 10, 11), 21),
        ("month", date(2026, 12, 11), date(2026, 12, 11), 21),
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


def test_usage_without_any_price_is_not_known_and_no_0() -> None:
    """No record of support has a price; of search one of two has, and counts."""
    table = "day team cost\n1 support -\n15 support -\n1 search -\n15 search 7.00"
    budgets = [Budget(team, Decimal(310), scope={"team": team}) for team in ("support", "search")]
    daily = daily_spend(ledger(table), budgets, AS_OF).collect()
    support, search = with_figures(budget_usage(daily, budgets, AS_OF)).iter_rows(named=True)
    names = ("actual", "whole_days_spend", "last_days_spend", "last_24h_spend", "remaining", "utilization", "burn_rate")

    assert {support[name] for name in (*names, "projected", "days_to_exhaustion", "budget_variance")} == {None}
    assert (search["actual"], search["last_24h_spend"]) == (7, 7)


def test_a_budget_that_starts_later_is_left_out() -> None:
    assert usage(Budget("x", Decimal(5), starts=date(2026, 11, 1))) == {}


def test_alerts_fire_from_their_level_on() -> None:
    """101.5 % of 250,000 has fired 75, 90 and 100."""
    levels = (Alert(1.0), Alert(0.75), Alert(0.9), Alert(1.2))
    budget = Budget("b", Decimal(250_000), alerts=levels)

    assert [a.at for a in fired(budget, 1.0152)] == [0.75, 0.9, 1.0]


def test_a_fiscal_quarter_and_year_begin_with_the_configured_month() -> None:
    """With February first, October is in the quarter August to October of the year February to January."""
    quarter = Budget("q", Decimal(1), "quarter", fiscal_year_start=2).current(AS_OF)
    year = Budget("y", Decimal(1), "year", fiscal_year_start=2).current(AS_OF)

    assert (quarter.first_day, quarter.last_day) == (date(2026, 8, 1), date(2026, 10, 31))
    assert (year.first_day, year.last_day) == (date(2026, 2, 1), date(2027, 1, 31))


def test_periods_of_days_may_be_counted_from_any_day_that_begins_one() -> None:
    """Reset on 1 November: 10-day periods begin on 2, 12 and 22 October."""
    current = Budget("b", Decimal(1), "10d", resets=date(2026, 11, 1)).current(AS_OF)

    assert current.first_day == date(2026, 10, 12)


@pytest.mark.parametrize("period", ["fortnight", "0d", "36h", "2mo", "5y", "-1d", ""])
def test_what_is_no_number_of_whole_days_is_no_period(period: str) -> None:
    assert plain_period(period) is None


def test_a_budget_that_starts_within_the_month_is_planned_for_the_rest_of_it() -> None:
    """From 11 October: 21 days, 5 elapsed, 210 x 5 / 21 = 50; the 100 of 1 October and the 7 of the 9th came before."""
    found = usage(Budget("s", Decimal(210), scope={"team": "support"}, starts=date(2026, 10, 11)))["s"]

    assert (found["actual"], found["days_elapsed"], found["planned"]) == (Decimal("14.000000000001"), 5, Decimal(50))


def test_a_mean_of_seven_days_is_of_as_many_as_the_data_has() -> None:
    """Records since the 13th: (30 + 12) / 3 days."""
    rows = ledger("day team cost\n13 support 30.00\n15 support 12.00")
    budget = Budget("s", Decimal(310), scope={"team": "support"})
    usage = budget_usage(daily_spend(rows, [budget], AS_OF).collect(), [budget], AS_OF)

    assert with_figures(usage)["burn_rate_7d"].to_list() == [14.0]


def test_a_day_on_which_the_clocks_change_is_one_day() -> None:
    """In Berlin October 2026 has an hour more than 31 days: at midnight of the 16th 16 days are left, not 16.04."""
    budget = Budget("b", Decimal(310), timezone="Europe/Berlin")
    as_of = datetime(2026, 10, 15, 22, tzinfo=UTC)  # midnight of the 16th there
    usage = budget_usage(daily_spend(ledger(SPENT), [budget], as_of).collect(), [budget], as_of)

    assert usage.select("days_elapsed", "days_left").row(0) == (15, 16.0)


def test_a_days_bucket_counts_on_its_utc_date_in_every_time_zone() -> None:
    """Seen from midnight of the 15th in New York, the bucket of 15 October has not begun, though its UTC start has."""
    rows = ledger(
        """
        charge_period_start charge_period_end team    cost record_kind
        2026-10-14          2026-10-15        support 1.00 usage
        2026-10-15          2026-10-16        support 2.00 usage
        """
    )
    budget = Budget("b", Decimal(310), timezone="America/New_York")
    as_of = datetime(2026, 10, 15, 4, tzinfo=UTC)
    usage = budget_usage(daily_spend(rows, [budget], as_of).collect(), [budget], as_of)

    assert usage["actual"].to_list() == [Decimal(1)]
