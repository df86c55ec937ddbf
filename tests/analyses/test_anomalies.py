"""Anomalies: each rule on numbers worked out by hand, episodes, contributors, causes, what was not judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from finopsctl.analyses.anomalies.detection import anomalies
from finopsctl.analyses.anomalies.question import AnomalyQuestion, rule_named
from finopsctl.analyses.anomalies.rules import RULES, Rule
from finopsctl.errors import ConfigError, SourceError
from finopsctl.ledger.period import between
from finopsctl.metrics.budgets import Budget
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

if TYPE_CHECKING:
    from finopsctl.analyses.anomalies.result import Anomalies

FIRST = date(2026, 9, 1)


def days(*amounts: float | None, first: date = FIRST, team: str = "search", **more: Any) -> pl.LazyFrame:
    """Return one record a day with these costs; None is a day without a record."""
    lines = ["day team cost"]
    lines += [
        f"{first + timedelta(days=at)} {team} {amount}" for at, amount in enumerate(amounts) if amount is not None
    ]
    return ledger("\n".join(lines), **{"requests": 1, "feature": "answers", "model": "m", **more})


def only(*names: str, **thresholds: Any) -> tuple[Rule, ...]:
    """Return these rules alone, with these thresholds."""
    return tuple(
        replace(rule, enabled=True, **thresholds) if rule.name in names else replace(rule, enabled=False)
        for rule in RULES
    )


def found(rows: pl.LazyFrame, end: str = "2026-11-01", by: str = "team", **options: Any) -> Anomalies:
    moment = datetime.fromisoformat(end).replace(tzinfo=UTC)
    return anomalies(rows, AnomalyQuestion(end=moment, by=parse(by), **options))


def codes(result: Anomalies) -> list[str]:
    return [finding.code for finding in result.findings]


def test_a_flat_series_has_no_anomalies() -> None:
    result = found(days(*[10] * 40), "2026-10-11")

    assert result.rows.is_empty()
    assert (
        result.report().headline
        == "No anomalies from 1 September to 10 October: 1 of 1 group had the history to be judged."
    )


def test_a_day_above_mean_and_three_sigma_is_an_episode_with_expected_value_and_score() -> None:
    """Ten days of 9 and 11 in turn: mean 10, sigma sqrt(10 / 9) = 1.054; 14 is 3.79 sigmas above."""
    result = found(days(*[9, 11] * 5, 14), "2026-09-12", rules=only("three-sigma"))
    row = result.rows.row(0, named=True)

    assert (row["start"], row["end"]) == (date(2026, 9, 11), date(2026, 9, 12))
    assert (row["value"], row["expected"], row["excess"]) == (Decimal(14), Decimal(10), Decimal(4))
    assert row["score"] == pytest.approx(4 / (10 / 9) ** 0.5)
    assert (row["rule"], row["history"], row["severity"]) == ("three-sigma", 10, "warning")


def test_a_day_within_three_sigma_is_none() -> None:
    """13 is 2.85 sigmas above."""
    assert found(days(*[9, 11] * 5, 13), "2026-09-12", rules=only("three-sigma")).rows.is_empty()


def test_the_baseline_is_thirty_days_and_not_more() -> None:
    """Forty days at 100, then thirty at 10: 30 is far above them whatever was before."""
    result = found(days(*[100] * 40, *[10] * 30, 30), "2026-11-15", rules=only("three-sigma"))

    assert result.rows["expected"].to_list() == [Decimal(10)]


def test_what_is_less_than_the_floor_is_no_alert() -> None:
    rows = days(*[0.10] * 10, 0.90)

    assert found(rows, "2026-09-12", rules=only("three-sigma")).rows.is_empty()
    assert found(rows, "2026-09-12", rules=only("three-sigma", floor=0.5)).rows.height == 1


def test_a_group_younger_than_the_minimum_history_is_not_judged_and_that_is_said() -> None:
    """Four days before the jump; five are needed."""
    result = found(days(*[10] * 4, 90), "2026-09-06", rules=only("three-sigma"))

    assert result.rows.is_empty()
    assert (
        result.report().headline
        == "Nothing could be judged from 1 September to 5 September: there is too little history."
    )
    assert "short_history" in codes(result)
    assert found(days(*[10] * 5, 90), "2026-09-07", rules=only("three-sigma")).rows["excess"].to_list() == [80]


def test_a_day_above_twice_the_mean_of_seven_is_double_week() -> None:
    """Seven days of 10: 20 is not above 2 x 10, 20.01 is."""
    assert found(days(*[10] * 7, 20), "2026-09-09", rules=only("double-week")).rows.is_empty()
    assert found(days(*[10] * 7, 20.01), "2026-09-09", rules=only("double-week")).rows["score"][0] == pytest.approx(
        2.001
    )


def test_a_job_of_every_tuesday_is_no_news() -> None:
    """1 September 2026 is a Tuesday: 50 then and 1 else, mean of 7 days 8, and each Tuesday as the last."""
    assert found(days(*[50, 1, 1, 1, 1, 1, 1] * 4), rules=only("double-week")).rows.is_empty()


def test_a_feature_that_costs_ten_times_last_week_is_told_once() -> None:
    """Seven days of 1, then of 12: the week's sum passes 10 x 7 = 70 on its sixth day.

    After k days of 12 the last 7 days hold 12 k + 7 - k and the 7 before 7: 11 k + 7 > 70 from k = 6 on.
    """
    result = found(days(*[1] * 14, *[12] * 7), "2026-09-22", rules=only("ten-fold"))
    row = result.rows.row(0, named=True)

    assert result.rows.height == 1
    assert (row["start"], row["end"]) == (date(2026, 9, 14), date(2026, 9, 21))
    assert (row["value"], row["expected"]) == (Decimal(73), Decimal(7))


def test_a_week_thirty_percent_above_the_last_is_told_where_days_do_not_scatter() -> None:
    """Seven days of 10, then of 13.5: the week is above 1.3 x 70 = 91 on its seventh day with 94.5."""
    steady = found(days(*[10] * 7, *[13.5] * 7), "2026-09-15", rules=only("week-over-week"))
    scattered = found(days(*[1, 19] * 7, *[1, 26] * 3, 26), "2026-09-22", rules=only("week-over-week"))

    assert (steady.rows["value"][0], steady.rows["expected"][0]) == (Decimal("94.5"), Decimal(70))
    assert scattered.rows.is_empty()


def test_a_feature_above_half_of_the_days_budget_is_told() -> None:
    """$300 for September's 30 days is $10 a day: half of it is $5, and answers cost $6.50 on the 3rd."""
    budget = Budget("all", Decimal(300))
    result = found(days(2, 2, 6.5), "2026-09-04", rules=only("budget-share"), budgets=(budget,))
    row = result.rows.row(0, named=True)

    assert (row["value"], row["expected"], row["excess"]) == (Decimal("6.5"), Decimal(5), Decimal("1.5"))
    assert row["score"] == pytest.approx(0.65)


def test_without_a_budget_of_everything_the_share_is_not_judged_and_that_is_said() -> None:
    result = found(days(2, 2, 6.5), "2026-09-04", rules=only("budget-share"))

    assert "rule_not_judged" in codes(result)


def hits(rate: int, count: int, at: int) -> str:
    """Return a day's bucket of 100 requests, ``rate`` of them hits; each served one costs 10 cents."""
    return f"{FIRST + timedelta(days=at)} {count} {rate} {(count - rate) / 10}"


def cached(*rates: int) -> pl.LazyFrame:
    lines = ["day requests cache_hits cost", *(hits(rate, 100, at) for at, rate in enumerate(rates))]
    return ledger("\n".join(lines), record_kind="usage", team="search")


def test_a_cache_hit_rate_that_falls_by_a_fifth_and_beyond_chance_is_told_with_what_it_cost() -> None:
    """40 % for 20 days, then 10 %: 30 hits of 100 missed at $0.10 each: $3.00."""
    row = found(cached(*[40] * 20, 10), "2026-09-22", rules=only("cache-rate")).rows.row(0, named=True)

    assert (row["value"], row["expected"], row["excess"]) == (Decimal("0.1"), Decimal("0.4"), Decimal(3))
    assert (row["cause"], row["measure"]) == ("cache_rate", "cache_hit_rate")
    assert row["contributors"][0]["excess"] == Decimal(3)


def test_a_fall_that_chance_explains_is_none() -> None:
    """30 of 100 instead of 40 is 25 % less, and 2.04 sigmas: sqrt(.4 x .6 / 100) = 0.049."""
    assert found(cached(*[40] * 20, 30), "2026-09-22", rules=only("cache-rate")).rows.is_empty()


def test_the_dearest_requests_of_a_week_are_compared_with_the_week_before() -> None:
    """40 requests a day, 10 % of them at $0.20 and then at $0.30: P95 up 50 %; 280 requests each week.

    The 28 dear ones cost 10 cents more each: $2.80 of excess in the week.
    """
    dear = [0.20] * 7 + [0.30] * 7
    lines = ["day cost"]
    for at, amount in enumerate(dear):
        lines += [f"{FIRST + timedelta(days=at)} {amount}"] * 4 + [f"{FIRST + timedelta(days=at)} 0.01"] * 36
    rows = ledger("\n".join(lines), requests=1, team="search")
    result = found(rows, "2026-09-15", rules=only("p95-cost"))
    row = result.rows.row(0, named=True)

    assert (row["value"], row["expected"]) == (Decimal("0.3"), Decimal("0.2"))
    assert found(rows, "2026-09-15", rules=only("p95-cost", min_requests=281)).rows.is_empty()


def test_a_team_that_falls_silent_while_its_source_goes_on_is_told() -> None:
    """Four weeks of $5 a day, then two days without a record: $10 are missing."""
    both = pl.concat([days(*[5] * 28), days(*[5] * 30, team="other")])
    row = found(both, "2026-10-01", rules=only("silence")).rows.row(0, named=True)

    assert (row["team"], row["start"], row["end"]) == ("search", date(2026, 9, 29), date(2026, 10, 1))
    assert (row["value"], row["expected"], row["excess"]) == (Decimal(0), Decimal(10), Decimal(-10))
    assert row["cause"] == "silence"


def test_a_team_is_not_silent_while_its_source_has_no_records_at_all() -> None:
    both = pl.concat([days(*[5] * 28), days(*[5] * 30, team="other", source="elsewhere")])

    assert found(both, "2026-10-01", rules=only("silence")).rows.is_empty()


def test_a_filter_does_not_hide_that_the_source_goes_on() -> None:
    both = pl.concat([days(*[5] * 28), days(*[5] * 30, team="other")])
    question = AnomalyQuestion(end=datetime(2026, 10, 1, tzinfo=UTC), rules=only("silence"))
    filtered = both.filter(pl.col("team") == "search")

    assert anomalies(filtered, question, unfiltered=both).rows.height == 1


def test_what_is_missing_on_a_last_day_that_may_not_be_over_is_not_told() -> None:
    both = pl.concat([days(*[5] * 28), days(*[5] * 29, team="other")])
    result = found(both, "2026-09-30", rules=only("silence"), is_complete=False)

    assert result.rows.is_empty()
    assert "last_day_open" in codes(result)


def test_a_day_without_any_record_is_a_gap_and_no_silence() -> None:
    result = found(days(*[5] * 30, None, *[5] * 3), "2026-10-05", rules=only("silence", "three-sigma"))

    assert result.rows.is_empty()
    assert "days_without_records" in codes(result)


def test_alerts_within_a_day_of_each_other_are_one_episode_whose_expectation_is_that_of_its_start() -> None:
    """Days of 10, then 90, 10, 95: one episode of three days, $195 against 3 x $10."""
    rows = found(days(*[10] * 20, 90, 10, 195), "2026-09-24", rules=only("three-sigma")).rows

    assert rows.select("start", "end", "value", "expected").rows() == [
        (date(2026, 9, 21), date(2026, 9, 24), Decimal(295), Decimal(30))
    ]


def test_alerts_two_days_apart_are_two_episodes() -> None:
    rows = found(days(*[10] * 20, 90, 10, 10, 395), "2026-09-25", rules=only("three-sigma")).rows

    assert rows.height == 2


def test_an_episode_is_called_after_the_first_rule_and_names_all() -> None:
    row = found(days(*[10] * 20, 90), "2026-09-22").rows.row(0, named=True)

    assert (row["rule"], row["rules"]) == ("three-sigma", ["three-sigma", "double-week"])


def test_contributors_are_the_parts_whose_excess_adds_up_to_it() -> None:
    """answers with m goes from 8 to 80, drafts with n from 2 to 10: 72 and 8 of 80."""
    rows = pl.concat(
        [days(*[8] * 20, 80), days(*[2] * 20, 10, feature="drafts", model="n")],
    )
    result = found(rows, "2026-09-22", rules=only("three-sigma"))

    assert result.rows["contributors"].to_list()[0] == [
        {"feature": "answers", "model": "m", "excess": Decimal(72)},
        {"feature": "drafts", "model": "n", "excess": Decimal(8)},
    ]
    assert result.report().headline == (
        "1 critical episode: search spent $90.00 on 21 September against $10.00 expected; "
        "answers with m made 90% of it."
    )


@pytest.mark.parametrize(
    ("last", "cause", "change"),
    [
        ("50 5000 50", "volume", "requests 5x"),
        ("10 5000 50", "tokens_per_request", "tokens per request 5x"),
        ("10 1000 50", "price", "cost per token 5x"),
    ],
)
def test_the_cause_is_the_factor_that_moved_most(last: str, cause: str, change: str) -> None:
    """Ten requests of 100 tokens at $0.01 a token cost $10 a day."""
    lines = ["day requests input_tokens cost", *(f"{FIRST + timedelta(days=at)} 10 1000 10" for at in range(10))]
    rows = ledger("\n".join([*lines, f"2026-09-11 {last}"]), record_kind="usage", team="search")
    row = found(rows, "2026-09-12", rules=only("three-sigma")).rows.row(0, named=True)

    assert (row["cause"], row["change"]) == (cause, change)


def test_by_the_hour_the_rule_looks_at_hours() -> None:
    """Eight days of $0.50 an hour, then $9.00 at 05:00."""
    lines = ["charge_period_start cost"]
    lines += [f"{datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=at):%Y-%m-%dT%H:%M} 0.50" for at in range(192)]
    rows = ledger("\n".join([*lines, "2026-09-09T05:00 9"]), requests=1, team="search")
    result = found(rows, "2026-09-09T06:00", grain="hour", rules=only("three-sigma"))

    assert result.rows["start"].to_list() == [datetime(2026, 9, 9, 5, tzinfo=UTC)]
    assert "from 9 September 05:00 to 06:00" in result.report().headline


def test_hours_and_days_are_those_of_the_time_zone_across_a_change_of_clocks() -> None:
    """1 November 2026, 06:00 UTC, is 01:00 for the second time in New York."""
    lines = ["charge_period_start cost"]
    lines += [f"{datetime(2026, 10, 24, tzinfo=UTC) + timedelta(hours=at):%Y-%m-%dT%H:%M} 0.50" for at in range(198)]
    rows = ledger("\n".join([*lines, "2026-11-01T06:00 9"]), requests=1, team="search")
    november = between(date(2026, 11, 1), date(2026, 12, 1), "America/New_York")
    result = found(rows, "2026-11-01T07:00", grain="hour", timezone="America/New_York", period=november)

    assert [moment.astimezone(UTC).hour for moment in result.rows["start"]] == [6]


def test_seasonal_profiles_need_eight_weeks_and_else_the_trailing_mean_stands() -> None:
    """Mondays cost 50, other days 5; a Monday of 50 is usual once there are 8 of them."""
    rules = only("three-sigma", "seasonal")
    short = found(days(*[5] * 6, *[50, 5, 5, 5, 5, 5, 5] * 4), rules=rules)
    long = found(
        days(*[5] * 6, *[50, 5, 5, 5, 5, 5, 5] * 10),
        "2026-12-01",
        rules=rules,
        period=between(date(2026, 11, 3), date(2026, 12, 1), "UTC"),
    )

    assert any("8 cycles" in finding.message for finding in short.findings)
    assert long.rows.is_empty()


def test_history_before_the_period_counts_but_is_not_told() -> None:
    rows = days(*[10] * 10, 90, *[10] * 25, 90)
    october = between(date(2026, 10, 1), date(2026, 11, 1), "UTC")

    assert found(rows, period=october, rules=only("three-sigma")).rows["start"].to_list() == [date(2026, 10, 7)]


def test_a_daily_run_tells_only_what_touches_the_last_day() -> None:
    rows = days(*[10] * 10, 90, *[10] * 25, 90)

    assert found(rows, "2026-10-08", last_day_only=True, rules=only("three-sigma")).rows.height == 1
    assert found(rows, "2026-10-07", last_day_only=True, rules=only("three-sigma")).rows.is_empty()


def test_a_record_of_a_month_is_left_out_and_told() -> None:
    line = ledger(
        "charge_period_start charge_period_end record_kind cost\n2026-09-01 2026-10-01 cost 30", team="search"
    )
    result = found(pl.concat([days(*[10] * 20), line]), "2026-10-01")

    assert result.rows.is_empty()
    assert "longer_than_grain" in codes(result)


def test_records_that_cannot_be_placed_in_an_hour_are_refused_when_there_are_no_others() -> None:
    line = ledger("charge_period_start charge_period_end record_kind cost\n2026-09-01 2026-09-02 usage 30")

    with pytest.raises(SourceError, match="one hour"):
        found(line, by="", grain="hour")


def test_dimensions_of_the_calendar_are_refused() -> None:
    with pytest.raises(ConfigError, match="day cannot be a group"):
        found(days(1), by="day")


def test_an_unknown_rule_names_the_nearest() -> None:
    with pytest.raises(ConfigError) as refused:
        rule_named("three-sigmas")

    assert "three-sigma" in refused.value.hint
