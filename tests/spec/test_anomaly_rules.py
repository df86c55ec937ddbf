"""The rules as FinOps guides word them, literally: each fires just beyond its threshold, and not on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from finopsctl.analyses.anomalies.detection import anomalies
from finopsctl.analyses.anomalies.question import AnomalyQuestion
from finopsctl.analyses.anomalies.rules import RULES
from finopsctl.metrics.budgets import Budget
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

if TYPE_CHECKING:
    import polars as pl

FIRST = date(2026, 9, 1)


def series(*amounts: float, **constants: str) -> pl.LazyFrame:
    lines = [f"{FIRST + timedelta(days=at)} 1 {amount}" for at, amount in enumerate(amounts)]
    return ledger("day requests cost\n" + "\n".join(lines), **{"feature": "summaries", "model": "m", **constants})


def fired(rows: pl.LazyFrame, after: int, by: str = "", grain: str = "day", **options: object) -> set[str]:
    """Return the rules that fire on the last of ``after`` days."""
    end = datetime.combine(FIRST + timedelta(days=after), datetime.min.time(), UTC)
    rules = tuple(replace(rule, enabled=True, floor=0.01) for rule in RULES)
    found = anomalies(
        rows,
        AnomalyQuestion(end=end, by=parse(by), grain=grain, last_day_only=True, rules=rules, **options),  # type: ignore[arg-type]
    )
    return {name for names in found.rows["rules"] for name in names}


def test_current_above_mean_plus_three_sigma_of_thirty_days() -> None:
    """30 days of 99 and 101 in turn: mean 100, sigma sqrt(30 / 29) = 1.0171; the limit is 103.05."""
    usual = [99, 101] * 15

    assert "three-sigma" in fired(series(*usual, 103.06), 31)
    assert "three-sigma" not in fired(series(*usual, 103.05), 31)


def test_the_rule_is_also_hourly_and_per_model() -> None:
    lines = ["charge_period_start model requests cost"]
    for at in range(24 * 8):
        moment = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=at)
        lines += [f"{moment:%Y-%m-%dT%H:%M} {name} 1 {9 if name == 'b' and at == 190 else 1}" for name in "ab"]
    question = AnomalyQuestion(end=datetime(2026, 9, 9, tzinfo=UTC), by=parse("model"), grain="hour")
    found = anomalies(ledger("\n".join(lines)), question).rows

    assert found.select("model", "start").rows() == [("b", datetime(2026, 9, 8, 22, tzinfo=UTC))]


@pytest.mark.parametrize(("today", "fires"), [(200.01, True), (200, False)])
def test_a_day_above_twice_the_seven_day_mean(today: float, *, fires: bool) -> None:
    assert ("double-week" in fired(series(*[100] * 7, today), 8)) is fires


@pytest.mark.parametrize(("today", "fires"), [(50.02, True), (50, False)])
def test_one_use_case_above_half_of_the_total_daily_budget(today: float, *, fires: bool) -> None:
    """$3,000 for the 30 days of September is $100 a day."""
    assert ("budget-share" in fired(series(40, today), 2, budgets=(Budget("all", Decimal(3000)),))) is fires


@pytest.mark.parametrize(("dear", "requests", "fires"), [(0.132, 200, True), (0.13, 200, False), (0.132, 199, False)])
def test_p95_request_cost_up_more_than_thirty_percent_week_over_week(
    dear: float, requests: int, *, fires: bool
) -> None:
    """At least 200 requests in either week, all at $0.10 and then at ``dear``; P95 is told apart to half a percent."""
    lines = ["day requests cost"]
    for week, cost in enumerate((0.10, dear)):
        lines += [f"{FIRST + timedelta(days=7 * week + at % 7)} 1 {cost}" for at in range(requests)]

    assert ("p95-cost" in fired(ledger("\n".join(lines), model="m"), 14)) is fires


@pytest.mark.parametrize(("hits", "fires"), [(3199, True), (3200, False)])
def test_cache_hit_rate_down_more_than_twenty_percent_from_its_28_day_baseline(hits: int, *, fires: bool) -> None:
    """40 % of 10,000 requests a day; 32 % is a fifth less."""
    lines = ["day requests cache_hits cost"]
    lines += [f"{FIRST + timedelta(days=at)} 10000 {4000 if at < 28 else hits} 60" for at in range(29)]

    assert ("cache-rate" in fired(ledger("\n".join(lines), record_kind="usage"), 29)) is fires


def test_zero_spend_where_there_normally_is_some() -> None:
    lines = ["day team requests cost"]
    for at in range(29):
        lines += [f"{FIRST + timedelta(days=at)} {team} 1 5" for team in ("a", "b") if team == "a" or at < 28]

    assert fired(ledger("\n".join(lines)), 29, by="team") == {"silence"}


@pytest.mark.parametrize(("each", "fires"), [(10.1, True), (10, False)])
def test_a_feature_that_costs_ten_times_last_week(each: float, *, fires: bool) -> None:
    assert ("ten-fold" in fired(series(*[1] * 7, *[each] * 7), 14)) is fires


@pytest.mark.parametrize(("each", "fires"), [(13.01, True), (13, False)])
def test_spend_up_more_than_thirty_percent_week_over_week(each: float, *, fires: bool) -> None:
    assert ("week-over-week" in fired(series(*[10] * 7, *[each] * 7), 14)) is fires
