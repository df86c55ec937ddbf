"""Unit economics: what is divided by what, what is matched and what is not, in figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from finopsctl.analyses.kpi import ScorecardQuestion, scorecard
from finopsctl.analyses.unit_economics import UnitEconomics, UnitQuestion, unit_economics
from finopsctl.analyses.unit_economics.customers import by_day
from finopsctl.errors import ConfigError
from finopsctl.ledger.period import parse_month
from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.metrics.dimensions import parse
from finopsctl.metrics.kpi import KpiSettings
from finopsctl.metrics.outcomes import Asked
from ledgers import ledger

OCTOBER = UnitQuestion(asked=Asked(parse_month("2026-10", "UTC")))
OUTCOME_COLUMNS = {
    "charge_period_start": INSTANT,
    "charge_period_end": INSTANT,
    **dict.fromkeys(("feature", "team", "customer", "trace_id", "currency", "id"), pl.String()),
    "outcomes": pl.Int64(),
    "successes": pl.Int64(),
    "alternative_cost": MONEY,
}
REVENUE_COLUMNS = {
    "charge_period_start": INSTANT,
    "charge_period_end": INSTANT,
    "customer": pl.String(),
    "amount": MONEY,
    "currency": pl.String(),
    "plan": pl.String(),
    "id": pl.String(),
}
SPENT = """
day feature user  customer requests cost
1   ticket  ann   a        1        6.00
2   ticket  ann   a        1        2.00
2   ticket  bob   b        1        2.00
3   report  -     b        1        5.00
4   -       cy    -        1        1.00
"""


def day(number: int) -> datetime:
    return datetime(2026, 10, number, tzinfo=UTC)


def outcomes(*rows: dict[str, Any]) -> pl.DataFrame:
    """Build outcomes of days of October; ``day`` 1 and ``outcomes`` 1 unless given."""
    full = []
    for row in rows:
        start = day(row.pop("day", 1))
        times = {"charge_period_start": start, "charge_period_end": start + timedelta(days=1), "outcomes": 1}
        full.append({**dict.fromkeys(OUTCOME_COLUMNS), **times, **row})
    return pl.DataFrame(full, schema=OUTCOME_COLUMNS)


def revenue(*rows: tuple[str, str, date, date]) -> pl.DataFrame:
    """Build revenue of customer, amount, first day and the day after the last."""
    full = [
        {
            **dict.fromkeys(REVENUE_COLUMNS),
            "customer": who,
            "amount": Decimal(amount),
            "charge_period_start": datetime.combine(start, datetime.min.time(), UTC),
            "charge_period_end": datetime.combine(end, datetime.min.time(), UTC),
        }
        for who, amount, start, end in rows
    ]
    return pl.DataFrame(full, schema=REVENUE_COLUMNS)


def rows(found: UnitEconomics, unit: str, **where: Any) -> list[dict[str, Any]]:
    kept = found.rows.filter(pl.col("unit") == unit)
    for name, value in where.items():
        kept = kept.filter(pl.col(name).eq_missing(value))
    return kept.to_dicts()


def codes(found: UnitEconomics) -> dict[str, Any]:
    return {finding.code: finding.evidence for finding in found.findings}


def test_spend_is_divided_by_distinct_users_and_what_names_none_is_told() -> None:
    """ann 8, bob 2, cy 1: 11 / 3; the report's 5 names no user."""
    found = unit_economics(ledger(SPENT), OCTOBER)
    (row,) = rows(found, "user")

    assert (row["spend"], row["count"], row["cost_per"]) == (Decimal(11), 3, pytest.approx(11 / 3))
    assert found.totals["spend_without_user"] == Decimal(5)
    assert found.totals["spend_of_users"] + found.totals["spend_without_user"] == found.totals["spend"]


def test_the_cost_of_a_user_is_the_figure_of_the_scorecard() -> None:
    (row,) = rows(unit_economics(ledger(SPENT), OCTOBER), "user")
    kpis = scorecard(ledger(SPENT), ScorecardQuestion(kpis=("cost_per_user",), period=OCTOBER.asked.period)).rows

    assert row["cost_per"] == kpis.filter(pl.col("member").is_null())["value"].item()


def test_an_active_day_is_a_user_and_a_day() -> None:
    """ann on the 1st and 2nd, bob on the 2nd, cy on the 4th: 11 / 4."""
    (row,) = rows(unit_economics(ledger(SPENT), OCTOBER), "active_user_day")

    assert (row["count"], row["cost_per"]) == (4, 2.75)


def test_days_of_users_are_not_known_from_buckets_of_several_days() -> None:
    weekly = ledger(SPENT, record_kind="usage", charge_period_end="2026-10-09")
    found = unit_economics(weekly, OCTOBER)

    assert rows(found, "active_user_day") == []
    assert "user_days_unknown" in codes(found)


def test_users_are_split_by_the_dimensions_asked_for() -> None:
    found = unit_economics(ledger(SPENT), replace(OCTOBER, by=parse("feature")))

    assert {row["feature"]: (row["spend"], row["count"]) for row in rows(found, "user")} == {
        "ticket": (Decimal(10), 2),
        None: (Decimal(1), 1),
    }


def test_the_dearest_hundredth_are_the_users_at_or_above_the_99th_percentile() -> None:
    """201 users spend 1 to 201: position 200 x .99 = 198 is the 199th, 199: three users, 600 of 20,301."""
    table = "user requests cost\n" + "\n".join(f"u{n} 1 {n}" for n in range(1, 202))
    (row,) = rows(unit_economics(ledger(table), OCTOBER), "p99_user")

    assert (row["count"], row["spend"], row["target_low"]) == (3, Decimal(600), 199)
    assert row["share"] == pytest.approx(600 / 20301)


def test_the_99th_percentile_between_two_users_is_linear() -> None:
    """Of 1 and 2 the percentile is 1.99: only the user of 2 is at or above it."""
    (row,) = rows(unit_economics(ledger("user requests cost\na 1 1\nb 1 2"), OCTOBER), "p99_user")

    assert (row["count"], row["target_low"]) == (1, 1.99)


def test_the_dearest_users_come_first_with_their_active_days() -> None:
    found = unit_economics(ledger(SPENT), replace(OCTOBER, top=2))

    assert [(r["user"], r["spend"], r["active_days"]) for r in rows(found, "top_user")] == [
        ("ann", Decimal(8), 2),
        ("bob", Decimal(2), 1),
    ]


WHOLE_OCTOBER = replace(OCTOBER, asked=replace(OCTOBER.asked, as_of=datetime(2026, 11, 1, tzinfo=UTC)))


def test_users_have_a_type_and_being_cheaper_than_expected_is_no_warning() -> None:
    """Over the 31 days of October 3 requests are light; 11 / 3 x 30 / 31 = 3.55 is below the expected 5 to 20."""
    found = unit_economics(ledger(SPENT), WHOLE_OCTOBER)
    (row,) = rows(found, "user_type")

    assert (row["user_type"], row["count"], row["grade"]) == ("light", 3, "ok")
    assert row["spend_30_days"] == pytest.approx(11 / 3 * 30 / 31)
    assert (row["target_low"], row["target_high"]) == (5, 20)
    assert "user_type_over_expected" not in codes(found)


def test_a_type_that_costs_more_than_expected_in_30_days_is_a_warning_with_its_reason() -> None:
    """31.00 over the 31 days of October are 30.00 in 30; 20.00 at most is expected of light users."""
    found = unit_economics(ledger("day user requests cost\n1 ann 1 31.00"), WHOLE_OCTOBER)
    (row,) = rows(found, "user_type")
    said = next(f.message for f in found.findings if f.code == "user_type_over_expected")

    assert row["grade"] == "warning"
    assert said == "A light user costs $30.00 in 30 days; at most $20.00 is expected."


def test_users_are_counted_once_whatever_they_are_split_by() -> None:
    """ann spends on two use cases; three users cost 11.00 between them, the report's 5.00 names none."""
    charges = ledger(SPENT.replace("report  -     b        1        5.00", "report  ann   b        1        1.00"))
    found = unit_economics(charges, replace(OCTOBER, by=parse("feature")))

    assert sum(row["count"] for row in rows(found, "user")) == 4
    assert found.totals["users"] == 3
    assert found.report().headline == "An active user costs $4.00."


def test_a_cost_below_zero_is_written_like_any_amount() -> None:
    found = unit_economics(ledger("user requests cost\nann 1 -27.50"), OCTOBER)

    assert found.report().headline == "An active user costs -$27.50."


def test_the_cost_of_failed_tasks_stays_in_the_cost_of_the_successful() -> None:
    """4 tasks of 0.30 each, 3 succeed: 1.20 / 3 = 0.40, not 0.30."""
    table = "feature tasks task_successes requests cost\n" + "voice 1 1 1 0.30\n" * 3 + "voice 1 0 1 0.30"
    (row,) = rows(unit_economics(ledger(table), OCTOBER), "successful_task")

    assert (row["spend"], row["count"], row["cost_per"]) == (Decimal("1.20"), 3, pytest.approx(0.40))
    assert row["success_rate"] == 0.75


def test_an_outcome_costs_the_spend_of_its_use_case_over_their_number() -> None:
    """ticket: 10 / 4 outcomes = 2.50; 3 succeed: 3.33 each."""
    table = outcomes({"feature": "ticket", "outcomes": 4, "successes": 3})
    found = unit_economics(ledger(SPENT), OCTOBER, outcomes=table)
    (row,) = rows(found, "outcome")

    assert (row["spend"], row["count"], row["cost_per"]) == (Decimal(10), 4, 2.5)
    assert (row["success_rate"], row["cost_per_success"]) == (0.75, pytest.approx(10 / 3))
    assert (row["joined_by"], row["grade"], row["target_high"]) == ("feature", "warning", 0.5)


def test_spend_without_outcomes_and_outcomes_without_spend_are_both_told() -> None:
    table = outcomes({"feature": "ticket"}, {"feature": "tickets", "outcomes": 7})
    found = unit_economics(ledger(SPENT), OCTOBER, outcomes=table)

    assert codes(found)["outcomes_without_spend"] == {"outcomes": 7, "feature": ["tickets"]}
    assert codes(found)["spend_without_outcomes"] == {"spend": Decimal(6), "feature": ["report", "(untagged)"]}
    assert found.totals["spend_with_outcomes"] + found.totals["spend_without_outcomes"] == found.totals["spend"]
    said = next(f.message for f in found.findings if f.code == "outcomes_without_spend")
    assert said == "1 use case with 7 outcomes has no spend: tickets."
    (lost,) = rows(found, "outcome", feature="tickets")
    assert (lost["spend"], lost["cost_per"]) == (None, None)


TRACED = """
day feature trace_id requests cost
1   agent   t1       1        1.00
1   agent   t2       1        2.00
1   agent   t3       1        3.00
1   -       t4       1        4.00
1   -       t5       1        0.50
1   -       -        1        0.25
"""


def test_an_outcome_that_names_a_trace_belongs_where_the_trace_spent() -> None:
    """t1 and t2 are agent; the use case costs all of 6.00, of which 3.00 is linked to an outcome."""
    table = outcomes({"trace_id": "t1", "successes": 1}, {"trace_id": "t2", "successes": 0})
    (row,) = rows(unit_economics(ledger(TRACED), OCTOBER, outcomes=table), "outcome")

    assert (row["feature"], row["joined_by"]) == ("agent", "trace_id")
    assert (row["spend"], row["linked_spend"], row["count"]) == (Decimal(6), Decimal(3), 2)


def test_a_trace_without_a_use_case_takes_that_of_its_outcome() -> None:
    """t4 is told to be of review: 4.00 moves there; t5 names none and stands for its own 0.50."""
    table = outcomes({"trace_id": "t4", "feature": "review"}, {"trace_id": "t5"})
    found = unit_economics(ledger(TRACED), OCTOBER, outcomes=table)

    assert {row["feature"]: row["spend"] for row in rows(found, "outcome")} == {
        "review": Decimal(4),
        None: Decimal("0.50"),
    }
    assert found.totals["spend_without_outcomes"] == Decimal("6.25")


def test_a_trace_that_no_record_has_is_told() -> None:
    found = unit_economics(ledger(TRACED), OCTOBER, outcomes=outcomes({"trace_id": "t9", "feature": "agent"}))

    assert codes(found)["outcome_traces_unknown"] == {"outcomes": 1}
    assert rows(found, "outcome")[0]["spend"] == Decimal(6)


def test_outcomes_of_teams_join_teams_where_no_use_case_is_shared() -> None:
    table = outcomes({"feature": "unheard-of", "team": "support", "outcomes": 5})
    (row,) = rows(unit_economics(ledger("team requests cost\nsupport 1 10"), OCTOBER, outcomes=table), "outcome")

    assert (row["team"], row["cost_per"], row["joined_by"]) == ("support", 2, "team")


def test_outcomes_are_split_by_team_where_only_one_team_spends_on_them() -> None:
    """The file names no team; ticket is support's alone."""
    charges = ledger("feature team requests cost\nticket support 1 10\nreport finance 1 5")
    question = replace(OCTOBER, by=parse("team,model"))
    found = unit_economics(charges, question, outcomes=outcomes({"feature": "ticket", "outcomes": 2}))

    assert [(r["team"], r["cost_per"]) for r in rows(found, "outcome")] == [("support", 5)]
    assert codes(found)["outcomes_not_split"] == {"by": ["model"]}


def test_outcomes_are_split_by_day() -> None:
    """ticket spends 6.00 on the 1st and 4.00 on the 2nd; the 2nd has no outcome."""
    question = replace(OCTOBER, by=parse("day"))
    found = unit_economics(ledger(SPENT), question, outcomes=outcomes({"feature": "ticket", "outcomes": 3}))

    assert [(r["day"], r["cost_per"]) for r in rows(found, "outcome")] == [("2026-10-01", 2)]
    assert found.totals["spend_without_outcomes"] == Decimal(10)


def test_net_value_is_what_the_useful_outcomes_would_have_cost_less_the_spend() -> None:
    """8 useful tickets at 6.50 by hand are 52; 10 spent: 42 net, 4.2 times the spend, earned back by 10 / 6.50."""
    table = outcomes({"feature": "ticket", "outcomes": 10, "successes": 8, "alternative_cost": Decimal("6.50")})
    (row,) = rows(unit_economics(ledger(SPENT), OCTOBER, outcomes=table), "outcome")

    assert (row["net_value"], row["roi"]) == (Decimal(42), pytest.approx(4.2))
    assert row["saving_per_success"] == pytest.approx(6.50 - 10 / 8)
    assert row["break_even_count"] == pytest.approx(10 / 6.5)


def test_what_costs_more_than_its_alternative_is_a_finding() -> None:
    """2 tickets at 1.00 by hand are 2; 10 spent: 8 lost."""
    table = outcomes({"feature": "ticket", "outcomes": 2, "alternative_cost": Decimal(1)})
    found = unit_economics(ledger(SPENT), OCTOBER, outcomes=table)

    assert codes(found)["outcome_dearer_than_alternative"] == {"feature": "ticket", "net_value": Decimal(-8)}


def test_targets_come_from_the_settings() -> None:
    question = replace(OCTOBER, settings=KpiSettings(outcome_targets={"tick*": 3.0}))
    (row,) = rows(
        unit_economics(ledger(SPENT), question, outcomes=outcomes({"feature": "ticket", "outcomes": 4})), "outcome"
    )

    assert (row["grade"], row["target_high"]) == ("good", 3)


def test_outcomes_outside_the_period_are_left_out_and_told() -> None:
    table = outcomes({"feature": "ticket", "outcomes": 5}, {"feature": "ticket", "outcomes": 7, "day": 9})
    week = replace(OCTOBER.asked, as_of=day(8))
    found = unit_economics(ledger(SPENT), replace(OCTOBER, asked=week), outcomes=table)

    assert [row["count"] for row in rows(found, "outcome")] == [5]
    assert codes(found)["outcomes_elsewhere"] == {"outcomes": 7}


def test_outcomes_of_a_month_cannot_be_cut_to_a_week() -> None:
    table = outcomes({"feature": "ticket", "outcomes": 5, "charge_period_end": datetime(2026, 11, 1, tzinfo=UTC)})
    found = unit_economics(ledger(SPENT), replace(OCTOBER, asked=replace(OCTOBER.asked, as_of=day(8))), outcomes=table)

    assert rows(found, "outcome") == []
    assert codes(found)["outcomes_straddle"] == {"outcomes": 5}


def test_outcomes_of_a_month_count_whole_where_no_period_is_asked_for() -> None:
    table = outcomes({"feature": "ticket", "outcomes": 5, "charge_period_end": datetime(2026, 11, 1, tzinfo=UTC)})
    asked = Asked(replace(parse_month("2026-10", "UTC"), end=day(5)), named=False)

    assert rows(unit_economics(ledger(SPENT), UnitQuestion(asked=asked), outcomes=table), "outcome")[0]["count"] == 5


def test_filters_that_outcomes_cannot_answer_are_told() -> None:
    asked = replace(OCTOBER.asked, where=("feature=ticket", "model=gpt-4o"))
    table = outcomes({"feature": "ticket"}, {"feature": "report"})
    found = unit_economics(ledger(SPENT), replace(OCTOBER, asked=asked), outcomes=table)

    assert [row["feature"] for row in rows(found, "outcome")] == ["ticket"]
    assert codes(found)["outcomes_not_filtered"] == {"where": ["model=gpt-4o"]}


def test_spend_long_before_the_first_outcome_is_told() -> None:
    """Outcomes from the 20th on; 10.00 of ticket was spent more than a week before."""
    found = unit_economics(ledger(SPENT), OCTOBER, outcomes=outcomes({"feature": "ticket", "day": 20}))

    assert codes(found)["outcomes_cover_less"] == {"spend": Decimal(10)}


NOVEMBER = date(2026, 11, 1)
FIRST = date(2026, 10, 1)


def test_gross_margin_is_what_is_left_of_revenue() -> None:
    """a pays 20 and costs 8: 12 left, 60 %; b pays 5 and costs 7: -2, -40 %."""
    paid = revenue(("a", "20", FIRST, NOVEMBER), ("b", "5", FIRST, NOVEMBER))
    found = unit_economics(ledger(SPENT), OCTOBER, revenue=paid)

    said = {r["customer"]: (r["spend"], r["revenue"], r["margin"], r["grade"]) for r in rows(found, "customer")}
    assert said == {
        "a": (Decimal(8), Decimal(20), pytest.approx(0.6), "good"),
        "b": (Decimal(7), Decimal(5), pytest.approx(-0.4), "critical"),
        None: (Decimal(1), None, None, None),
    }
    assert found.totals["margin"] == pytest.approx(10 / 25)
    assert codes(found)["negative_margin"] == {"customers": ["b"]}


def test_the_margin_names_its_cover_and_what_is_left_after_all_spend() -> None:
    """25 paid and 15 spent by customers: 40 %, of 15 / 16 of spend; (25 - 16) / 25 = 36 % after all spend."""
    paid = revenue(("a", "20", FIRST, NOVEMBER), ("b", "5", FIRST, NOVEMBER))
    found = unit_economics(ledger(SPENT), OCTOBER, revenue=paid)
    table = next(table for table in found.report().for_people if table.title == "Customers")

    assert found.report().headline.endswith(
        "customers leave a gross margin of 40.0% on the 93.8% of spend that names one (36.0% after all spend)."
    )
    assert table.totals == {
        "spend": Decimal(16),
        "revenue": Decimal(25),
        "gross_profit": Decimal(9),
        "margin": pytest.approx(0.36),
        "requests": 5,
    }


def test_a_margin_on_all_spend_needs_no_cover() -> None:
    found = unit_economics(
        ledger("customer requests cost\na 1 5"), OCTOBER, revenue=revenue(("a", "20", FIRST, NOVEMBER))
    )

    assert found.report().headline == "Customers leave a gross margin of 75.0%."


def test_the_plan_of_a_customer_is_that_of_its_records_where_revenue_names_none() -> None:
    charges = ledger("plan customer requests cost\nfree a 1 3\npro b 1 5\nfree b 1 1\n- c 1 2")
    found = unit_economics(charges, OCTOBER)

    assert {r["customer"]: r["plan"] for r in rows(found, "customer")} == {"a": "free", "b": "free, pro", "c": None}


def test_the_spend_of_customers_and_of_nobody_is_all_spend() -> None:
    found = unit_economics(ledger(SPENT), OCTOBER)

    assert found.totals["spend_of_customers"] + found.totals["spend_without_customer"] == found.totals["spend"]
    assert sum(row["spend"] for row in rows(found, "customer")) == Decimal(16)


def test_a_margin_below_the_floor_is_a_warning() -> None:
    found = unit_economics(
        ledger(SPENT), replace(OCTOBER, margin_floor=0.7), revenue=revenue(("a", "20", FIRST, NOVEMBER))
    )

    assert codes(found)["thin_margin"] == {"customers": ["a"]}


def test_revenue_without_usage_and_usage_without_revenue_are_both_told() -> None:
    found = unit_economics(
        ledger(SPENT), OCTOBER, revenue=revenue(("a", "20", FIRST, NOVEMBER), ("z", "9", FIRST, NOVEMBER))
    )

    assert codes(found)["revenue_without_usage"] == {"customers": ["z"], "revenue": Decimal(9)}
    assert codes(found)["usage_without_revenue"] == {"customers": ["b"], "spend": Decimal(7)}
    assert found.totals["revenue_without_usage"] == Decimal(9)


def test_revenue_of_a_quarter_counts_by_the_days_of_the_month() -> None:
    """92 over the 92 days of October to December: 31 in October."""
    found = unit_economics(ledger(SPENT), OCTOBER, revenue=revenue(("a", "92", FIRST, date(2027, 1, 1))))

    assert rows(found, "customer", customer="a")[0]["revenue"] == Decimal(31)
    assert codes(found)["revenue_prorated"] == {"amounts": 1}


def test_revenue_counts_whole_where_no_period_is_asked_for() -> None:
    asked = Asked(replace(parse_month("2026-10", "UTC"), end=day(5)), named=False)
    paid = revenue(("a", "92", FIRST, date(2027, 1, 1)), ("a", "50", date(2026, 9, 1), FIRST))
    found = unit_economics(ledger(SPENT), UnitQuestion(asked=asked), revenue=paid)

    assert rows(found, "customer", customer="a")[0]["revenue"] == Decimal(92)
    assert codes(found)["revenue_longer"] == {"amounts": 1}
    assert codes(found)["revenue_elsewhere"] == {"amounts": 1}


def test_the_days_of_an_amount_add_up_to_it() -> None:
    """0.000000000010 over 3 days: 4, 3 and 3 pico-units."""
    days = by_day(revenue(("a", "0.00000000001", FIRST, date(2026, 10, 4))))

    assert days["pico"].to_list() == [4, 3, 3]
    assert days["charge_period_start"].dt.day().to_list() == [1, 2, 3]


def test_customers_are_split_by_month_with_the_revenue_of_each() -> None:
    table = "day customer requests cost\n2026-10-05 a 1 2.00\n2026-11-05 a 1 3.00"
    paid = revenue(("a", "10", FIRST, NOVEMBER), ("a", "20", NOVEMBER, date(2026, 12, 1)))
    asked = Asked(replace(parse_month("2026-10", "UTC"), end=datetime(2026, 12, 1, tzinfo=UTC)))
    found = unit_economics(ledger(table), UnitQuestion(by=parse("month"), asked=asked), revenue=paid)

    assert {r["month"]: (r["spend"], r["revenue"]) for r in rows(found, "customer")} == {
        "2026-10": (Decimal(2), Decimal(10)),
        "2026-11": (Decimal(3), Decimal(20)),
    }


def test_revenue_without_a_period_is_said_to_be_in_no_month_when_split_by_month() -> None:
    paid = revenue(("a", "10", FIRST, NOVEMBER)).with_columns(
        charge_period_start=pl.lit(None, INSTANT), charge_period_end=pl.lit(None, INSTANT)
    )
    by_month = UnitQuestion(by=parse("month"), asked=OCTOBER.asked)
    found = unit_economics(ledger("day customer requests cost\n5 a 1 2.00"), by_month, revenue=paid)
    said = next(finding.message for finding in found.findings if finding.code == "revenue_undated")

    assert said == "1 amount of revenue is without a period: counted in full, in a row without a month."
    assert {r["month"]: r["revenue"] for r in rows(found, "customer")} == {"2026-10": None, None: Decimal(10)}


def test_free_plans_are_told_by_globs_and_by_the_plan_of_the_revenue_file() -> None:
    """free-trial 3, and c, whose plan only revenue tells, 2: 5 of 10, by 2 customers and 2 users."""
    charges = ledger("plan customer user requests cost\nfree-trial a u1 1 3\npro b u2 1 5\n- c u3 1 2")
    paid = revenue(("c", "0", FIRST, NOVEMBER)).with_columns(plan=pl.lit("free"))
    found = unit_economics(charges, OCTOBER, revenue=paid)

    assert (found.totals["free_tier_spend"], found.totals["free_tier_share"]) == (Decimal(5), 0.5)
    assert [(r["count"], r["cost_per"]) for r in rows(found, "free_customer")] == [(2, 2.5)]
    assert [(r["count"], r["cost_per"]) for r in rows(found, "free_user")] == [(2, 2.5)]


def test_without_plans_free_tier_exposure_is_not_known() -> None:
    assert unit_economics(ledger(SPENT), OCTOBER).totals["free_tier_share"] is None


def test_what_is_missing_is_asked_for() -> None:
    found = unit_economics(ledger(SPENT), OCTOBER)

    assert [f.evidence["needs"] for f in found.findings if f.code == "unit_needs"] == ["outcomes", "revenue"]


def test_a_ledger_without_users_customers_or_cost_still_has_an_answer() -> None:
    found = unit_economics(ledger("model requests cost\ngpt 1 -"), OCTOBER)

    assert rows(found, "user") == []
    assert found.report().headline == "No cost per unit: no record has a known cost."


def test_units_are_not_split_by_token_class() -> None:
    with pytest.raises(ConfigError, match="token_class"):
        unit_economics(ledger(SPENT), replace(OCTOBER, by=parse("token_class")))


def test_people_see_one_table_a_question_and_programs_all_rows_in_one() -> None:
    table = outcomes({"feature": "ticket"})
    report = unit_economics(
        ledger(SPENT), OCTOBER, outcomes=table, revenue=revenue(("a", "20", FIRST, NOVEMBER))
    ).report()

    assert report.tables[0].machine_only
    assert report.tables[0].frame["unit"].unique().len() > 4
    assert [t.title for t in report.for_people] == ["Units", "Outcomes", "Customers", "Types of users", "Users"]


def test_usage_of_which_nothing_is_priced_does_not_cost_zero() -> None:
    found = unit_economics(ledger("user requests input_tokens cost\nann 1 10 -"), question=OCTOBER)

    assert (found.totals["spend"], found.totals["spend_without_customer"]) == (None, None)
    assert found.report().headline == "No cost per unit: no record has a known cost."
