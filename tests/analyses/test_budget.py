"""Where budgets stand and where their periods end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from finopsctl.analyses.budget import BudgetQuestion, BudgetStanding, project, status
from finopsctl.metrics.budgets import Alert, Budget
from finopsctl.metrics.kpi import KpiSettings
from finopsctl.results.finding import Severity
from ledgers import ledger

DASH = "\N{EN DASH}"
MID = datetime(2026, 10, 16, tzinfo=UTC)

SPENT = """
day team    cost
1   support 100.00
9   support 7.00
15  support 14.00
15  search  50.00
16  support 999.00
"""


def asked(*budgets: Budget, as_of: datetime = MID, **more: Any) -> BudgetQuestion:
    return BudgetQuestion(budgets, as_of, **more)


def team(name: str, limit: int, **more: Any) -> Budget:
    return Budget(name, Decimal(limit), scope={"team": name}, **more)


def row(standing: BudgetStanding, name: str) -> dict[str, Any]:
    return standing.rows.row(by_predicate=pl.col("budget") == name, named=True)


def codes(standing: BudgetStanding) -> list[str]:
    return [finding.code for finding in standing.findings]


def daily(amount: str, days: int, start: date = date(2026, 10, 1), name: str = "support") -> pl.LazyFrame:
    lines = [f"{start + timedelta(days=n)} {name} {amount}" for n in range(days)]
    return ledger("\n".join(["charge_period_start team cost", *lines]))


def test_the_rows_have_the_keys_of_the_documents_contract() -> None:
    keys = (
        "team budget period_start period_end limit actual remaining utilization burn_rate burn_rate_7d burn_rate_24h "
        "projected projected_p10 projected_p50 projected_p90 overrun_probability days_to_exhaustion exhaustion_date "
        "days_to_exhaustion_7d status alerts"
    )

    assert set(keys.split()) <= set(status(ledger(SPENT), asked(team("support", 310))).rows.columns)


def test_a_straight_line_continues_the_burn_to_date() -> None:
    """$400 on each of 15 days of November: $6,000 of $10,000, $12,000 by month end, 10 days left."""
    rows = daily("400", 15, date(2026, 11, 1))
    found = row(status(rows, asked(team("support", 10_000), as_of=datetime(2026, 11, 16, tzinfo=UTC))), "support")

    assert (found["actual"], found["remaining"], found["burn_rate"]) == (6000, 4000, 400.0)
    assert (found["projected"], found["days_to_exhaustion"]) == (12_000.0, 10.0)
    assert found["exhaustion_date"] == date(2026, 11, 26)
    assert (found["period_start"], found["period_end"]) == (date(2026, 11, 1), date(2026, 12, 1))


def test_the_paces_of_seven_days_and_of_one_are_shown_beside_the_burn_to_date() -> None:
    """121 in 15 days; 7 + 14 from the 9th to the 15th; 14 on the 15th."""
    found = row(status(ledger(SPENT), asked(team("support", 310))), "support")

    assert found["burn_rate"] == Decimal("8.066667")
    assert (found["burn_rate_7d"], found["burn_rate_24h"]) == (3.0, 14.0)
    assert found["days_to_exhaustion_7d"] == 189 / 3


def test_spend_of_the_last_24_hours_is_counted_by_the_hour() -> None:
    """Seen from noon of the 16th: what was spent since noon of the 15th."""
    rows = ledger("day team cost\n15T11:00 support 1.00\n15T13:00 support 2.00\n16T11:00 support 4.00")
    found = row(status(rows, asked(team("support", 310), as_of=MID + timedelta(hours=12))), "support")

    assert found["burn_rate_24h"] == 6.0


def test_a_team_is_exhausted_on_the_day_its_spend_reached_the_limit() -> None:
    """100 on the 1st, 107 on the 9th, 121 on the 15th."""
    found = row(status(ledger(SPENT), asked(team("support", 107))), "support")

    assert (found["status"], found["remaining"], found["days_to_exhaustion"]) == ("exhausted", -14, 0.0)
    assert found["exhaustion_date"] == date(2026, 10, 9)


@pytest.mark.parametrize(
    ("limit", "grade", "why"),
    [
        (2000, "good", "6 % used, 232 days left"),
        (280, "good", "43 % used and it lasts 19.7 days of the 16 left"),
        (240, "critical", "50 % used, 14.8 days left of 16: under 15"),
        (160, "critical", "76 % used, a warning, and 4.8 days left, critical"),
        (121, "exhausted", "all of it"),
    ],
)
def test_the_status_is_the_worse_of_the_share_used_and_the_days_left(limit: int, grade: str, why: str) -> None:
    assert row(status(ledger(SPENT), asked(team("support", limit))), "support")["status"] == grade, why


def test_configuration_moves_the_bands_of_the_status() -> None:
    """39 % used is good, and a warning where warnings begin at 30 %."""
    strict = KpiSettings(scales={"budget_utilization": (0.3, 0.9)})
    usual = row(status(ledger(SPENT), asked(team("support", 310))), "support")
    moved = row(status(ledger(SPENT), asked(team("support", 310), settings=strict)), "support")

    assert (usual["status"], moved["status"]) == ("good", "warning")


def test_plain_day_bands_call_a_budget_exactly_on_plan_urgent_in_the_second_half_of_a_month() -> None:
    """$10 a day of $310: on the 18th it lasts 14 days, as long as the month."""
    rows, when = daily("10", 17), datetime(2026, 10, 18, tzinfo=UTC)
    usual = status(rows, asked(team("support", 310), as_of=when))
    plain = status(rows, asked(team("support", 310), as_of=when, settings=KpiSettings(bands="plain-days")))

    assert (row(usual, "support")["status"], row(plain, "support")["status"]) == ("good", "critical")


def test_the_worst_budget_comes_first() -> None:
    found = status(ledger(SPENT), asked(team("search", 2000), team("support", 100), Budget("all", Decimal(230))))

    assert found.rows["budget"].to_list() == ["support", "all", "search"]
    assert {name: found.totals[name] for name in ("budgets", "exhausted", "critical", "good")} == {
        "budgets": 3,
        "exhausted": 1,
        "critical": 1,
        "good": 1,
    }


def test_a_budget_without_spend_is_a_row_that_lasts_for_ever() -> None:
    found = row(status(ledger(SPENT), asked(team("data", 5), team("support", 310))), "data")

    assert (found["actual"], found["utilization"], found["status"]) == (0, 0.0, "good")
    assert (found["days_to_exhaustion"], found["exhaustion_date"]) == (None, None)


def test_before_the_first_whole_day_it_is_too_early() -> None:
    """Noon of 1 October: 100 spent, no whole day over; 100 of 1000 says nothing yet."""
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    found = row(project(ledger(SPENT), asked(team("support", 1000), as_of=noon)), "support")

    assert (found["status"], found["actual"]) == ("too_early", 100)
    assert (found["burn_rate"], found["projected"], found["days_to_exhaustion"]) == (None, None, None)


def test_a_budget_that_starts_later_is_too_early_and_said_to_start() -> None:
    found = status(ledger(SPENT), asked(team("support", 310, starts=date(2027, 1, 15))))

    assert row(found, "support")["status"] == "too_early"
    assert row(found, "support")["period_start"] == date(2027, 1, 15)
    assert "budget_not_begun" in codes(found)


def test_a_limit_of_nothing_is_kept_until_something_is_spent() -> None:
    found = status(ledger(SPENT), asked(team("support", 0), team("data", 0)))
    support, data = row(found, "support"), row(found, "data")

    assert (support["status"], support["utilization"], support["days_to_exhaustion"]) == ("exhausted", None, 0.0)
    assert [alert["at"] for alert in support["alerts"]] == [0.8, 0.95]
    assert (data["status"], data["alerts"]) == ("good", [])


def test_credits_that_exceed_the_spend_burn_nothing() -> None:
    found = row(status(ledger("day team cost\n3 support -5.00"), asked(team("support", 310))), "support")

    assert (found["actual"], found["remaining"], found["days_to_exhaustion"]) == (-5, 315, None)


def test_alerts_name_their_actions_and_the_finding_says_what_to_do() -> None:
    """121 of 130 is 93.1 %."""
    ladder = (Alert(0.75, "optimize"), Alert(0.9, "freeze"), Alert(1.0, "approval"))
    found = status(ledger(SPENT), asked(team("support", 130, alerts=ladder)))
    (alert,) = [finding for finding in found.findings if finding.code == "budget_alert"]

    assert row(found, "support")["alerts"] == [{"at": 0.75, "action": "optimize"}, {"at": 0.9, "action": "freeze"}]
    assert alert.message == "Budget support is 93.1% used ($121.00): the alerts at 75% and 90% have fired."
    assert (alert.hint, alert.severity) == ("75%: optimize; 90%: freeze", Severity.CRITICAL)


def test_spend_that_no_budget_covers_is_a_finding_with_the_amount() -> None:
    found = status(ledger(SPENT), asked(team("support", 310)))
    (uncovered,) = [finding for finding in found.findings if finding.code == "spend_without_budget"]

    assert found.totals["uncovered"] == 50
    assert uncovered.message == ("$50.00 spent since 2026-10-01 is in no budget, most of it by team search ($50.00).")
    assert "spend_without_budget" not in codes(status(ledger(SPENT), asked(Budget("all", Decimal(1)))))


def test_a_budget_of_an_unknown_team_names_the_nearest() -> None:
    found = status(ledger(SPENT), asked(team("suport", 310)))
    (unmatched,) = [finding for finding in found.findings if finding.code == "budget_unmatched"]

    assert unmatched.message == "Budget suport counts nothing: no record has the team 'suport'."
    assert unmatched.hint == "Did you mean 'support'?"


def test_data_that_begins_inside_the_period_and_ends_before_as_of_is_said() -> None:
    """The first record is of the 9th, the newest of the 15th; asked as of the 20th."""
    rows = ledger("day team cost\n9 support 7.00\n15 support 14.00")
    found = status(rows, asked(team("support", 310), as_of=datetime(2026, 10, 20, tzinfo=UTC)))

    assert {"period_not_covered", "no_recent_data"} <= set(codes(found))


def test_a_budget_may_be_scoped_by_several_dimensions_and_globs() -> None:
    rows = ledger("day team model cost\n1 a gpt-4o 1.00\n1 a claude 2.00\n1 b gpt-5 4.00")
    one = Budget("a on gpt", Decimal(10), scope={"team": "a", "model": "gpt-*"})
    found = status(rows, asked(one, Budget("gpt", Decimal(10), scope={"model": "gpt-*"})))

    assert (row(found, "a on gpt")["actual"], row(found, "gpt")["actual"]) == (1, 5)
    assert (row(found, "gpt")["team"], row(found, "a on gpt")["model"]) == (None, "gpt-*")


def test_the_days_of_a_budget_are_those_of_its_time_zone() -> None:
    """20:00 UTC of 30 September is 1 October in Kolkata."""
    rows = ledger("charge_period_start team cost\n2026-09-30T20:00 support 5.00\n2026-09-30T10:00 support 7.00")
    budget = team("support", 310, timezone="Asia/Kolkata")
    found = row(status(rows, asked(budget, as_of=datetime(2026, 10, 1, 18, 30, tzinfo=UTC))), "support")

    assert (found["actual"], found["period_start"], found["burn_rate"]) == (5, date(2026, 10, 1), 5.0)


def test_a_forecast_of_level_spend_ends_where_the_line_does() -> None:
    """$10 on every day since July: $310 at the end of October, and no doubt about it."""
    found = row(project(daily("10", 107, date(2026, 7, 1)), asked(team("support", 300))), "support")

    assert found["projected"] == pytest.approx(310)
    assert found["projected_p50"] == pytest.approx(310, rel=0.01)
    assert found["projected_p10"] <= found["projected_p50"] <= found["projected_p90"]
    assert found["overrun_probability"] > 0.9
    assert found["exhaustion_date_p50"] == date(2026, 10, 31)


def test_the_forecast_learns_from_the_days_before_the_period() -> None:
    """Weekdays $10, weekends nothing: from Friday 16 October on 11 weekdays are left; the line knows of no weekends."""
    start = date(2026, 7, 6)
    days = [start + timedelta(days=n) for n in range(102)]
    lines = [f"{day} support {10 if day.weekday() < 5 else 0}" for day in days]
    rows = ledger("\n".join(["charge_period_start team cost", *lines]))
    found = row(project(rows, asked(team("support", 300))), "support")

    assert found["actual"] == 110
    assert found["projected_p50"] == pytest.approx(110 + 11 * 10, rel=0.05)


def test_one_day_of_data_gives_a_straight_line_and_a_forecast_without_odds() -> None:
    found = row(
        project(daily("10", 1), asked(team("support", 300), as_of=datetime(2026, 10, 2, tzinfo=UTC))), "support"
    )

    assert found["projected"] == pytest.approx(310)
    assert found["projected_p50"] == pytest.approx(310)
    assert (found["projected_p10"], found["overrun_probability"]) == (None, None)


def test_at_the_end_of_its_period_a_budget_ends_at_what_was_spent() -> None:
    found = row(
        project(daily("10", 31), asked(team("support", 300), as_of=datetime(2026, 11, 1, tzinfo=UTC))), "support"
    )

    assert (found["projected_p10"], found["projected_p50"], found["projected_p90"]) == (310.0, 310.0, 310.0)
    assert found["overrun_probability"] == 1.0


def test_a_number_of_days_without_a_first_day_looks_back_and_says_so() -> None:
    found = project(daily("10", 60, date(2026, 8, 17)), asked(team("support", 1000, period="30d")))

    assert (row(found, "support")["actual"], row(found, "support")["projected"]) == (300, 300.0)
    assert "budget_looks_back" in codes(found)


@pytest.mark.parametrize("period", ["30d", "7d"])
def test_a_budget_that_looks_back_has_no_projection(period: str) -> None:
    """It has no end: neither P10 = P50 = P90 = what was spent nor odds of 0 or 1."""
    found = project(daily("9", 15), asked(Budget("b", Decimal(10), period)))
    of_the_end = [
        name for name in found.rows.columns if name.startswith(("projected_p", "overrun", "exhaustion_date_"))
    ]

    assert len(of_the_end) == 6
    assert [row(found, "b")[name] for name in of_the_end] == [None] * 6
    assert "budget_looks_back" in codes(found)


def test_a_limit_that_p50_just_reaches_is_not_exhausted_by_the_noise_of_adding_floats() -> None:
    """31 days at $0.10 are the limit of $3.10 (in floats 3.1000000000000014): nothing is left, nothing over."""
    found = row(project(daily("0.1", 15), asked(Budget("support", Decimal("3.1")))), "support")

    assert float(found["projected_p50"]) == 3.1
    assert (found["exhaustion_date_p50"], found["overrun_probability"]) == (None, 0.0)


def on_a_part_day(today: str) -> dict[str, Any]:
    """Spend $10 on each of 11 days and something on the 12th by 15:00, of a limit of $620 for 31 days."""
    rows = pl.concat([daily("10", 11), ledger(f"charge_period_start team cost\n2026-10-12T09:00 support {today}")])
    budget = Budget("support", Decimal(620), scope={"team": "support"})
    return row(project(rows, asked(budget, as_of=datetime(2026, 10, 12, 15, tzinfo=UTC))), "support")


def test_on_a_part_day_the_burn_rate_is_of_whole_days_and_the_amount_so_far_reaches_as_of() -> None:
    """$116 so far; $110 / 11 = $10 a day, not $116 / 11; 20 days more: $310; plan 620 x 11 / 31 = 220, half of it."""
    found = on_a_part_day("6")

    assert (found["actual"], found["remaining"]) == (Decimal(116), Decimal(504))
    assert (found["burn_rate"], float(found["projected"]), found["budget_variance"]) == (10.0, 310.0, -0.5)
    assert float(found["projected_p50"]) == 310.0


def test_a_part_day_that_has_spent_more_than_a_day_counts_with_what_it_has_spent() -> None:
    """$110, $25 and 19 x $10: $325."""
    found = on_a_part_day("25")

    assert float(found["projected"]) == float(found["projected_p50"]) == 325.0


def test_a_budget_that_has_not_begun_has_no_pace_at_all() -> None:
    found = row(status(daily("10", 15), asked(Budget("fut", Decimal(5), starts=date(2026, 12, 1)))), "fut")

    assert [found[name] for name in ("burn_rate", "burn_rate_7d", "burn_rate_24h")] == [None, None, None]


def test_the_headline_names_the_worst_budget() -> None:
    ended = status(ledger(SPENT), asked(team("support", 107), team("search", 2000))).report().headline
    burns = status(
        daily("400", 15, date(2026, 11, 1)), asked(team("support", 10_000), as_of=datetime(2026, 11, 16, tzinfo=UTC))
    )

    assert ended == "Budget support has spent $121.00 of $107.00; it ran out on 2026-10-09. Of 2 budgets: 1 exhausted."
    assert burns.report().headline == (
        "Budget support has spent $6,000.00 of $10,000.00; at $400.00 a day it runs out in 10 days, on 2026-11-26."
    )


def test_the_projections_headline_shows_the_line_beside_the_forecast() -> None:
    said = project(daily("10", 107, date(2026, 7, 1)), asked(team("support", 300))).report().headline

    assert "a straight line ends at $310.00, the forecast at $310.00" in said
    assert "the odds of an overrun are" in said


def test_quality_is_of_the_periods_and_of_everything_where_the_team_has_no_rows() -> None:
    """Of four rows before the 16th, three are of support; a filter that leaves none falls back on all."""
    rows = ledger(SPENT)
    of_team = rows.filter(pl.col("team") == "data")

    assert status(rows, asked(team("support", 310))).quality.records == 4
    assert status(of_team, asked(team("data", 5), is_filtered=True), unfiltered=rows).quality.records == 4


def test_amounts_of_a_standing_are_exact_to_a_millionth() -> None:
    """$1 in 15 days is $0.066667 a day, and $2.066672 after 16 more at that rate, rounded."""
    rows = ledger("day team cost\n15 support 1.00")
    found = row(project(rows, asked(team("support", 310))), "support")

    assert found["burn_rate"] == Decimal("0.066667")
    assert found["projected"] == Decimal("2.066667")
    assert isinstance(found["projected_p50"], Decimal)


@pytest.mark.parametrize(
    ("limit", "expected", "why"),
    [
        (309, "critical", "P50 is $310"),
        (311, "good", "every day was $10: it ends at $310 for sure"),
    ],
)
def test_a_projection_above_the_limit_is_critical(limit: int, expected: str, why: str) -> None:
    """$10 on each of 15 days: half is used, and what is left lasts 15.9 days of 16: at worst a warning before."""
    found = project(daily("10", 107, date(2026, 7, 1)), asked(team("support", limit)))

    assert row(found, "support")["status"] == expected, why
    assert ("budget_overrun" in codes(found)) == (expected == "critical")


def uneven() -> pl.LazyFrame:
    """Return 107 days from 1 July 2026 of $5 to $15: October is expected to end near $310, give or take."""
    lines = [f"{date(2026, 7, 1) + timedelta(days=n)} support {5 + n * 7 % 11}" for n in range(107)]
    return ledger("\n".join(["charge_period_start team cost", *lines]))


def test_odds_of_an_overrun_are_graded_by_the_thresholds_of_the_configuration() -> None:
    usual = row(project(uneven(), asked(team("support", 340))), "support")
    odds = usual["overrun_probability"]
    strict = project(uneven(), asked(team("support", 340), settings=KpiSettings(overrun=(odds / 3, odds / 2))))
    easy = project(uneven(), asked(team("support", 340), settings=KpiSettings(overrun=(0.99, 1.0))))
    watched = project(uneven(), asked(team("support", 340), settings=KpiSettings(overrun=(odds / 2, 0.99))))

    assert usual["projected_p50"] < 340
    assert [row(each, "support")["status"] for each in (strict, watched, easy)] == ["critical", "warning", "good"]
    (why,) = [finding for finding in watched.findings if finding.code == "budget_overrun"]
    assert why.severity is Severity.WARNING
    assert f"the odds of more than $340.00 are {odds:.0%}" in why.message
    assert row(status(uneven(), asked(team("support", 340))), "support")["status"] == "good"


def test_a_status_that_no_alert_explains_is_explained() -> None:
    """121 of 240 are used, and at $8.07 a day $119 last 14.8 days of 16."""
    found = status(ledger(SPENT), asked(team("support", 240)))
    (why,) = [finding for finding in found.findings if finding.code == "budget_status"]

    assert why.message == "Budget support: at $8.07 a day what is left lasts 14 days, to 2026-10-30."
    assert why.severity is Severity.CRITICAL


def test_a_budget_of_which_most_days_have_no_data_is_not_called_good() -> None:
    """The newest record is of the 6th: 9 of the 15 days before the 16th are silent, 5 of the 11 before the 12th."""
    rows = ledger("day team cost\n1 support 1.00\n6 support 1.00")
    late = status(rows, asked(team("support", 310)))
    early = status(rows, asked(team("support", 310), as_of=datetime(2026, 10, 12, tzinfo=UTC)))

    assert row(late, "support")["status"] == "no_data"
    assert late.totals["no_data"] == 1
    assert late.report().headline == (
        "Budget support has spent $2.00 of $310.00, but there is no data for most of its days."
    )
    assert row(early, "support")["status"] == "good"


def test_a_budget_over_usage_without_any_price_is_not_0_and_good() -> None:
    """Five records of support, none of them priced: what is spent is not known, nor anything that rests on it."""
    rows = ledger("day team cost\n" + "\n".join(f"{day} support -\n{day} search 10.00" for day in range(11, 16)))
    question = asked(team("support", 310), team("search", 310))

    for standing in (status(rows, question), project(rows, question)):
        found = row(standing, "support")
        figures = ("actual", "remaining", "utilization", "burn_rate", "burn_rate_7d", "burn_rate_24h", "projected")
        assert {found[name] for name in (*figures, "projected_p50", "overrun_probability", "days_to_exhaustion")} == {
            None
        }
        assert (found["status"], found["alerts"], found["exhaustion_date"]) == ("no_data", [], None)
        assert standing.totals["no_data"] == 1
        assert "budget_unpriced" in codes(standing)
        assert standing.report().headline == (
            "What budget support has spent of $310.00 is not known: none of its records has a price. "
            "Of 2 budgets: 1 without data."
        )
        assert row(standing, "search")["actual"] == 50


def test_a_budget_with_some_prices_counts_what_is_priced() -> None:
    found = row(status(ledger("day team cost\n14 support -\n15 support 2.00"), asked(team("support", 310))), "support")

    assert found["actual"] == 2


def test_a_budget_without_any_records_has_spent_0() -> None:
    found = row(status(ledger(SPENT), asked(team("nobody", 310))), "nobody")

    assert (found["actual"], found["status"]) == (0, "good")


def test_a_budget_without_data_has_no_forecast_of_0() -> None:
    """Nothing is recorded from the 7th to the 15th: what would the forecast be of?"""
    rows = ledger("day team cost\n1 support 1.00\n6 support 1.00")
    found = row(project(rows, asked(team("support", 310))), "support")

    assert found["status"] == "no_data"
    assert {found[f"projected_p{share}"] for share in (10, 50, 90)} == {None}
    assert (found["overrun_probability"], found["exhaustion_date_p50"], found["exhaustion_date_p90"]) == (None,) * 3


def test_a_team_that_spends_nothing_while_others_do_is_not_without_data() -> None:
    none_of_it = ledger(SPENT).filter(pl.col("team") == "data")
    question = asked(team("data", 5), is_filtered=True, data_end=date(2026, 10, 15))

    assert row(status(none_of_it, question, unfiltered=ledger(SPENT)), "data")["status"] == "good"


def test_a_budget_that_looks_back_says_what_the_window_used() -> None:
    """Three days of data in a window of seven: $45 of $50, $15 a day."""
    found = status(daily("15", 3, date(2026, 10, 13)), asked(team("support", 50, period="7d")))

    assert found.report().headline == "Budget support: the last 7 days used $45.00 of $50.00 (90.0%)."
    assert row(found, "support")["burn_rate"] == row(found, "support")["burn_rate_7d"] == 15
    assert shown(found, "exhaustion_date") == shown(found, "days_to_exhaustion") == [DASH]


def shown(standing: BudgetStanding, column: str) -> list[str | None]:
    return list(standing.report().tables[0].row_texts[column])


def test_days_beyond_the_period_are_shown_as_after_it_and_kept_for_programs() -> None:
    """$10 a day of $700: what is left lasts 55 days, and the period 16."""
    found = status(daily("10", 15), asked(team("support", 700)))

    assert shown(found, "exhaustion_date") == ["after the period"]
    assert shown(found, "days_to_exhaustion") == [DASH]
    assert row(found, "support")["days_to_exhaustion"] == 55
    assert row(found, "support")["exhaustion_date"] == date(2026, 12, 10)


def test_days_inside_the_period_are_whole_days() -> None:
    """$10 a day of $286: what is left lasts 13.6 days."""
    found = status(daily("10", 15), asked(team("support", 286)))

    assert shown(found, "days_to_exhaustion") == ["13 days"]
    assert shown(found, "exhaustion_date") == [None]


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (400, "Budget support has spent $310.00 of $400.00 and closed 22.5% under."),
        (310, "Budget support has spent $310.00 of $310.00; it ran out on 2026-10-31 and closed exactly on its limit."),
        (248, "Budget support has spent $310.00 of $248.00; it ran out on 2026-10-25 and closed 25.0% over."),
    ],
)
def test_a_period_that_is_over_is_said_to_have_closed(limit: int, said: str) -> None:
    end = datetime(2026, 11, 1, tzinfo=UTC)
    found = status(daily("10", 31), asked(team("support", limit), as_of=end))

    assert found.report().headline == said
    assert shown(found, "days_to_exhaustion") == [DASH]


def test_a_line_of_a_bill_is_data_of_all_its_days() -> None:
    """One line of 1 to 31 October, seen on the 16th."""
    rows = ledger(
        "charge_period_start charge_period_end record_kind team cost\n2026-10-01 2026-11-01 cost support 31.00"
    )

    assert row(status(rows, asked(team("support", 310))), "support")["status"] == "good"
