"""The scorecard: every KPI's value worked out by hand, coverage, members, comparison, what is missing."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.analyses.kpi import Scorecard, ScorecardQuestion, scorecard
from finopsctl.errors import ConfigError, SourceError
from finopsctl.ledger.period import parse_month
from finopsctl.metrics.budgets import Alert, Budget
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.dimensions import parse
from finopsctl.metrics.kpi import KpiSettings, UserTypes
from ledgers import ledger

OCTOBER = parse_month("2026-10", "UTC")
MID_OCTOBER = datetime(2026, 10, 16, tzinfo=UTC)


def card(
    table: str, *kpis: str, question: ScorecardQuestion | None = None, by: str = "", **constants: Any
) -> Scorecard:
    asked = replace(question or ScorecardQuestion(), kpis=kpis, by=parse(by))
    return scorecard(ledger(table, **constants), asked)


def row(found: Scorecard, kpi: str, **where: str | None) -> dict[str, Any]:
    rows = [r for r in found.rows.iter_rows(named=True) if r["kpi"] == kpi and all(r[k] == v for k, v in where.items())]
    assert len(rows) == 1, found.rows
    return rows[0]


def value(table: str, kpi: str, **options: Any) -> float | None:
    found: float | None = row(card(table, kpi, **options), kpi, member=None)["value"]
    return found


def test_cost_per_request_counts_requests_not_rows() -> None:
    """1.20 over 100 + 20 requests: 0.01, on target; the average of the two rows' costs would be 0.60."""
    found = row(card("requests cost\n100 1.00\n20 0.20", "cost_per_request"), "cost_per_request")

    assert (found["value"], found["grade"], found["unit"], found["target"]) == (0.01, "ok", "usd", "<= 0.01")
    assert (found["numerator"], found["denominator"]) == (Decimal("1.2"), 120)


def test_usage_without_request_counts_does_not_raise_the_cost_per_request() -> None:
    """1.00 for 100 requests is 0.01; 9.00 without a count would make it 0.10. It rests on 10 % of spend."""
    found = row(card("requests cost\n100 1.00\n- 9.00", "cost_per_request"), "cost_per_request")

    assert (found["value"], found["coverage"]) == (0.01, pytest.approx(0.1))


def test_requests_without_a_price_do_not_lower_the_cost_per_request() -> None:
    assert value("requests cost\n100 1.00\n900 -", "cost_per_request") == 0.01


def test_a_ratio_with_nothing_to_divide_by_is_unknown() -> None:
    found = row(card("requests cost\n0 1.00", "cost_per_request"), "cost_per_request")

    assert (found["value"], found["grade"]) == (None, None)


def test_cost_per_1k_tokens_counts_all_classes_the_provider_served() -> None:
    """0.30 / ((10,000 + 4,000 + 1,000) / 1000) = 0.02; the cached request's tokens were not served."""
    table = """
    model_tier requests cache_hits input_tokens cache_read_tokens output_tokens cost
    premium    1        0          10000        4000              1000          0.30
    premium    1        1          10000        4000              1000          0
    """

    assert value(table, "cost_per_1k_tokens") == pytest.approx(0.02)


def test_cost_per_1k_tokens_is_graded_by_model_tier() -> None:
    """0.02 is what premium costs, and dear for standard."""
    found = card(
        "model_tier input_tokens cost\npremium 1000 0.02\nstandard 1000 0.02", "cost_per_1k_tokens", by="model_tier"
    )

    grades = [row(found, "cost_per_1k_tokens", model_tier=tier)["grade"] for tier in ("premium", "standard")]

    assert grades == ["good", "warning"]


def test_a_bucket_partly_served_from_the_cache_keeps_its_tokens() -> None:
    """3 of 812 requests were cached: the bucket's tokens cannot be told apart and count."""
    table = "record_kind requests cache_hits input_tokens output_tokens\nusage 812 3 1000 500"

    assert value(table, "token_ratio") == 0.5


@pytest.mark.parametrize(
    ("kpi", "expected"),
    [
        ("token_ratio", 600 / 2000),
        ("cache_hit_rate", 1 / 4),
        ("prompt_cache_read_share", 500 / 2000),
        ("success_rate", 3 / 4),
        ("retry_rate", 2 / 4),
        ("fallback_rate", 1 / 4),
        ("cost_per_request", 0.10 / 4),
        ("cost_per_successful_task", 0.10 / 2),
        ("token_efficiency", 2 / 2.6),
        ("unattributed_share", 0.04 / 0.10),
        ("unpriced_share", 0.0),
        ("cost_per_user", 0.06 / 2),
        ("burn_rate", 0.10 / 2),
    ],
)
def test_each_ratio_is_what_its_formula_says(kpi: str, expected: float) -> None:
    """Row 4 was served from the cache: its tokens do not count; its request does. Two days, two named users."""
    header = "day team user requests errors retries fallbacks cache_hits"
    table = f"""
    {header} input_tokens cache_read_tokens output_tokens task_successes cost
    1   a    u1   1        0      2       0         0  500  200  200  1 0.02
    1   a    u2   1        0      1       1         0  500  200  200  0 0.04
    2   -    -    1        1      0       0         0  500  100  200  1 0.04
    2   a    u1   1        0      0       0         1  9000 9000 9000 0 0
    """

    assert value(table, kpi) == pytest.approx(expected)


def test_retried_requests_are_requests_not_attempts() -> None:
    """A bucket of 10 requests with 3 retries: at most 3; one request with 4 retries: 1."""
    assert value("requests retries\n10 3\n1 4", "retry_rate") == pytest.approx(4 / 11)


def test_a_retry_wastes_the_cost_of_its_request_again() -> None:
    """0.02 x 2 + (1.00 / 10) x 3 = 0.34."""
    found = card("requests retries cost\n1 2 0.02\n10 3 1.00\n1 0 5.00", "retry_rate")

    assert row(found, "retry_rate")["usd_effect"] == Decimal("0.34")
    assert "retry_waste" in {f.code for f in found.findings}


def test_without_the_intended_models_price_a_fallback_has_its_own_spend() -> None:
    found = card("requests fallbacks cost\n1 1 0.30\n1 0 0.10", "fallback_rate")

    assert row(found, "fallback_rate")["usd_effect"] == Decimal("0.30")
    assert "not known" in next(f.message for f in found.findings if f.code == "fallback_spend")


def test_with_the_intended_models_price_a_fallback_has_its_difference() -> None:
    """0.30 paid where 0.10 was meant."""
    found = card("requests fallbacks cost intended_cost\n1 1 0.30 0.10\n1 0 0.10 0.10", "fallback_rate")

    assert row(found, "fallback_rate")["usd_effect"] == Decimal("0.20")


def test_quantiles_lie_between_neighbours() -> None:
    """Of 1, 2, 3, 4: position 3 x 0.5 = 1.5 -> 2.5; 3 x 0.95 = 2.85 -> 3.85; buckets and sub-calls do not count."""
    table = "record_kind requests cost\nrequest 1 4\nrequest 1 1\nrequest 1 3\nrequest 1 2\nusage 5 100\nrequest 0 100"
    found = card(table, "cost_per_request_p50", "cost_per_request_p95")

    assert row(found, "cost_per_request_p50")["value"] == 2.5
    assert row(found, "cost_per_request_p95")["value"] == pytest.approx(3.85)


def test_quantiles_have_no_digits_beyond_those_of_money_and_never_cover_more_than_all() -> None:
    """Half way from 0.10 to 0.20 is 0.15, not 0.15000000000000002; the costs add up to all the spend."""
    found = row(card("requests cost\n1 0.1\n1 0.2\n1 0\n1 0.3", "cost_per_request_p50"), "cost_per_request_p50")

    assert (found["value"], found["coverage"]) == (0.15, 1.0)


def test_cost_per_1k_tokens_is_not_off_by_a_rounding() -> None:
    """0.60 for 6,000 tokens is 0.1, not 0.09999999999999999."""
    assert value("input_tokens cost\n6000 0.6", "cost_per_1k_tokens") == 0.1


def test_quantiles_are_read_for_each_group() -> None:
    found = card("feature requests cost\na 1 1\na 1 3\nb 1 10", "cost_per_request_p50", by="feature")

    assert [row(found, "cost_per_request_p50", feature=f)["value"] for f in ("a", "b")] == [2.0, 10.0]


def test_model_mix_has_a_row_for_each_tier() -> None:
    """65 + 30 + 5 requests: all in their ranges; spend 15 + 45 + 40: too."""
    table = "model_tier requests cost\nbudget 65 15\nstandard 30 45\npremium 5 40"
    found = card(table, "model_mix_requests", "model_mix_spend")

    assert found.rows["grade"].to_list() == ["good"] * 6
    assert row(found, "model_mix_spend", member="premium")["value"] == 0.4


def test_members_are_left_out_when_split_by_something_else() -> None:
    found = card("team provider requests cost\na x 1 1", by="feature")

    assert "provider_distribution" not in found.rows["kpi"].to_list()


def test_members_remain_when_split_by_themselves() -> None:
    found = card("team requests cost\na 1 1\nb 1 3", "team_allocation", by="team")

    assert row(found, "team_allocation", team="b")["value"] == 0.75


def test_a_missing_member_is_a_row_of_its_own() -> None:
    assert row(card("team cost\na 3\n- 1", "team_allocation"), "team_allocation", member=None)["value"] == 0.25


BUDGET = ScorecardQuestion(period=OCTOBER, as_of=MID_OCTOBER, budgets=(Budget("all", Decimal(3100)),))
BUDGET_KPIS = ("budget_utilization", "budget_variance", "days_to_exhaustion", "days_to_exhaustion_7d", "burn_rate")


@pytest.mark.parametrize(
    ("kpi", "expected", "grade"),
    [
        ("budget_utilization", 1800 / 3100, "good"),
        ("budget_variance", (1800 - 1500) / 1500, "warning"),
        ("burn_rate", 120.0, None),
        ("days_to_exhaustion", 1300 / 120, "critical"),
        ("days_to_exhaustion_7d", 1300 / 100, "critical"),
    ],
)
def test_budget_kpis_follow_from_the_spend_to_date(kpi: str, expected: float, grade: str | None) -> None:
    """1,100 + 700 of 3,100 in 15 of 31 days: plan 1,500; 120 a day; the last 7 days 700: 100 a day; 16 days to go."""
    found = (
        row(card("day cost\n3 1100\n12 700\n20 999", *BUDGET_KPIS, question=BUDGET), kpi)
        if kpi != "burn_rate"
        else row(card("day cost\n3 1100\n12 700", *BUDGET_KPIS, question=BUDGET), kpi)
    )

    assert (found["value"], found["grade"]) == (pytest.approx(expected), grade)


def test_a_budget_exactly_on_plan_lasts_its_period_and_is_good() -> None:
    """1,500 of 3,100 in 15 of 31 days: 16 days left at 100 a day, and 16 days to go."""
    found = card("day cost\n3 1500", "days_to_exhaustion", question=BUDGET)

    assert (row(found, "days_to_exhaustion")["value"], row(found, "days_to_exhaustion")["grade"]) == (16, "good")


def test_plain_days_grade_the_same_budget_by_days_alone() -> None:
    question = replace(BUDGET, settings=KpiSettings(bands="plain-days"))

    assert (
        row(card("day cost\n3 1500", "days_to_exhaustion", question=question), "days_to_exhaustion")["grade"]
        == "warning"
    )


def test_an_overspent_budget_has_no_days_left() -> None:
    """253,800 of 250,000: 101.52 % used, 3,800 (1.5 %) over, with the period at its end."""
    question = ScorecardQuestion(period=OCTOBER, as_of=OCTOBER.end, budgets=(Budget("all", Decimal(250_000)),))
    found = card("day cost\n3 253800", *BUDGET_KPIS, question=question)

    assert row(found, "budget_utilization")["value"] == pytest.approx(1.0152)
    assert (row(found, "budget_variance")["numerator"], row(found, "budget_variance")["value"]) == (3800, 0.0152)
    assert (row(found, "days_to_exhaustion")["value"], row(found, "days_to_exhaustion")["grade"]) == (0, "critical")


def test_a_budget_over_usage_without_any_price_is_not_0_and_good() -> None:
    """Nothing is known of it: no value, no grade, no coverage, and one finding for all five KPIs."""
    found = card("day requests cost\n3 5 -", *BUDGET_KPIS, question=BUDGET)
    rows = [row(found, kpi) for kpi in BUDGET_KPIS if kpi != "burn_rate"]

    assert {(each["value"], each["grade"], each["coverage"]) for each in rows} == {(None, None, 0.0)}
    assert [f.code for f in found.findings if f.evidence.get("budget") or f.evidence.get("kpi") in BUDGET_KPIS] == [
        "kpi_needs",
        "budget_unpriced",
    ]


def test_a_budget_alert_that_fired_is_a_finding() -> None:
    """85 % of the limit: the 80 % alert has fired, the 95 % alert has not."""
    found = card("day cost\n3 2635", "budget_utilization", question=BUDGET)

    assert [(f.code, f.severity.value, f.evidence["at"]) for f in found.findings] == [("budget_alert", "warning", 0.8)]


@pytest.mark.parametrize(("spent", "severity"), [(2315.7, "warning"), (2821, "critical")])
def test_an_alert_is_as_bad_as_the_grade_of_its_budget(spent: float, severity: str) -> None:
    """The only alert is at 50 %; 74.7 % of 3,100 is to watch, 91 % is critical."""
    budget = Budget("all", Decimal(3100), alerts=(Alert(0.5),))
    found = card(f"day cost\n3 {spent}", "budget_utilization", question=replace(BUDGET, budgets=(budget,)))

    assert row(found, "budget_utilization")["grade"] == severity
    assert [f.severity.value for f in found.findings] == [severity]


def test_kpis_that_lack_the_same_thing_are_one_sentence_on_a_screen() -> None:
    """Four KPIs need budgets (burn rate does not): four findings with one gist."""
    found = card("cost\n1", *BUDGET_KPIS).findings

    assert [(f.code, f.evidence["kpi"]) for f in found] == [("kpi_needs", name) for name in BUDGET_KPIS[:4]]
    assert len({f.gist for f in found}) == 1


def test_budgets_scoped_by_the_dimension_asked_for_have_rows() -> None:
    question = replace(
        BUDGET, budgets=(Budget("s", Decimal(100), scope={"team": "support"}), Budget("all", Decimal(999)))
    )
    found = card("day team cost\n3 support 50\n3 search 9", "budget_utilization", question=question, by="team")

    assert row(found, "budget_utilization")["team"] == "support"
    assert row(found, "budget_utilization")["value"] == 0.5


def test_budgets_look_beyond_the_period_filter() -> None:
    """The ledger holds the 12th only; the month's budget counts the 3rd too."""
    rows = ledger("day cost\n3 1100\n12 700")
    asked = replace(BUDGET, kpis=("budget_utilization",))
    found = scorecard(rows.filter(pl.col("charge_period_start").dt.day() == 12), asked, unfiltered=rows)

    assert row(found, "budget_utilization")["numerator"] == 1800


def test_a_period_without_a_whole_day_is_too_early_to_tell() -> None:
    found = card("day cost\n1T08:00 5", "burn_rate", question=ScorecardQuestion(period=OCTOBER, as_of=OCTOBER.start))

    assert (row(found, "burn_rate")["value"], [f.code for f in found.findings]) == (None, ["too_early"])


def test_users_are_graded_by_what_their_type_costs_in_30_days() -> None:
    """10 days: 1 and 50 requests a day are light (3 + 5 = 4 each, 12 in 30 days), 2,000 a day and 300 (900) power."""
    table = "day user requests cost\n1 a 10 3\n1 b 500 5\n10 c 20000 300"
    found = card(table, "cost_per_user")

    assert (
        row(found, "cost_per_user", member="light")["value"],
        row(found, "cost_per_user", member="light")["grade"],
    ) == (4, "good")
    assert row(found, "cost_per_user", member="power")["grade"] == "good"
    assert row(found, "cost_per_user", member=None)["value"] == pytest.approx(308 / 3)


def test_what_makes_a_user_heavy_comes_from_configuration() -> None:
    question = ScorecardQuestion(settings=KpiSettings(user_types=UserTypes(1, 2, 1000)))

    assert row(card("user requests cost\na 3 1", "cost_per_user", question=question), "cost_per_user", member="heavy")


RATES = {"input_tokens": Decimal("0.0000025"), "output_tokens": Decimal("0.00001")}


def test_self_hosting_saves_against_the_api_price_of_the_same_tokens() -> None:
    """1M in x 2.50 + 1M out x 10.00 = 12.50 at the API; machines 4.00 + operations 1.00: 60 % saved."""
    table = """
    record_kind provider    model_tier  cost_type input_tokens output_tokens cost
    usage       self-hosted self-hosted -         1000000      1000000       4.00
    cost        self-hosted -           other     -            -             1.00
    usage       openai      standard    api       1000000      1000000       12.50
    """
    found = card(table, "self_hosted_savings", question=ScorecardQuestion(comparison_rates=RATES))

    assert (row(found, "self_hosted_savings")["value"], row(found, "self_hosted_savings")["grade"]) == (0.6, "good")


def test_a_token_class_the_api_has_no_price_for_leaves_the_saving_unknown() -> None:
    table = "provider input_tokens audio_input_tokens cost\nself-hosted 1000 1000 1"

    assert value(table, "self_hosted_savings", question=ScorecardQuestion(comparison_rates=RATES)) is None


def test_self_hosted_savings_say_what_they_need() -> None:
    found = card("provider cost\nself-hosted 1", "self_hosted_savings")

    assert [(f.code, "compare-with" in f.message) for f in found.findings] == [("kpi_needs", True)]


def test_cost_per_outcome_is_graded_by_its_use_case() -> None:
    """420 for 100 tickets is 4.20, a warning; 80 for 100 pull requests 0.80, good."""
    outcomes = pl.LazyFrame({"feature": ["support-ticket", "pr-assist"], "outcomes": [100, 100]})
    found = card(
        "feature cost\nsupport-ticket 420\npr-assist 80\nchat 7",
        "cost_per_outcome",
        question=ScorecardQuestion(outcomes=outcomes),
    )

    cells = [row(found, "cost_per_outcome", member=f) for f in ("support-ticket", "pr-assist")]

    assert [(c["value"], c["grade"]) for c in cells] == [(4.2, "warning"), (0.8, "good")]


def test_failed_tasks_stay_in_the_cost_of_successful_ones() -> None:
    """0.02 + 0.06 for one success; rows without a known outcome are left out."""
    found = row(
        card("task_successes cost\n1 0.02\n0 0.06\n- 0.08", "cost_per_successful_task"), "cost_per_successful_task"
    )

    assert (found["value"], found["coverage"]) == (0.08, pytest.approx(0.5))


def test_the_share_of_duplicates_is_of_all_records_read() -> None:
    """1 dropped beside 3 kept."""
    assert value("cost\n1\n1\n1", "duplicate_share", question=ScorecardQuestion(duplicates=1)) == 0.25


def test_duplicates_that_were_not_checked_are_unknown() -> None:
    assert value("cost\n1", "duplicate_share") is None


def test_a_comparison_gives_points_for_fractions_and_a_share_for_amounts() -> None:
    """Success 1.0 after 0.5: +0.5; cost per request 0.03 after 0.02: +50 %."""
    question = ScorecardQuestion(kpis=("success_rate", "cost_per_request"))
    now, before = ledger("requests errors cost\n1 0 0.03"), ledger("requests errors cost\n2 1 0.04")
    found = scorecard(now, question, previous=before)

    assert (row(found, "success_rate")["previous"], row(found, "success_rate")["change"]) == (0.5, 0.5)
    assert row(found, "cost_per_request")["change"] == pytest.approx(0.5)


def test_the_published_average_of_table_rows_is_no_daily_average() -> None:
    """Two rows of 10 and 20 on day 1 and one of 30 on day 2: 60 over 2 days is 30 a day; AVG(total_cost) says 20."""
    assert value("day cost\n1 10\n1 20\n2 30", "burn_rate") == 30


def test_a_worked_request_costs_0_0084() -> None:
    """450 x 0.00001 + 125 x 0.00003 + 0.0001 + 0.00005 = 0.0084; half a million of them 4,200."""
    assert value("requests cost\n500000 4200", "cost_per_request") == 0.0084


def test_every_kpi_has_a_row_even_on_the_barest_ledger() -> None:
    found = card("cost\n1")

    assert set(found.rows["kpi"]) == {k.name for k in KPIS}


def test_an_empty_ledger_has_a_scorecard_of_unknowns() -> None:
    found = scorecard(ledger("cost\n1").head(0), ScorecardQuestion())

    assert found.rows["value"].is_null().all()
    assert found.report().headline == "Nothing to grade: no KPI with a scale has a value."


@pytest.mark.parametrize("by", ["token_class", "hour"])
def test_what_cannot_be_split_is_refused(by: str) -> None:
    with pytest.raises((ConfigError, SourceError)):
        card("record_kind cost\nusage 1", by=by, charge_period_end=datetime(2026, 10, 2, tzinfo=UTC))


def test_an_unknown_kpi_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown KPI 'cpr'"):
        card("cost\n1", "cpr")


_CELL = st.one_of(st.just("-"), st.integers(0, 9).map(str))
_MONEY = st.one_of(st.just("-"), st.decimals(0, 10, places=12).map(lambda d: f"{d:f}"))
_ROW = st.tuples(st.sampled_from(["a", "b", "-"]), st.sampled_from(["u", "v", "-"]), _CELL, _CELL, _CELL, _CELL, _MONEY)


@settings(max_examples=25, deadline=None)
@given(st.lists(_ROW, min_size=1, max_size=10), st.sampled_from(["", "team", "user,team"]), st.integers())
def test_the_order_of_the_rows_changes_nothing(rows: list[tuple[str, ...]], by: str, seed: int) -> None:
    header = "team user requests errors retries input_tokens cost"
    tables = ["\n".join([header, *map(" ".join, each)]) for each in (rows, random.Random(seed).sample(rows, len(rows)))]
    first, second = (card(table, by=by).rows for table in tables)

    assert first.equals(second)


def test_budgets_come_in_the_order_they_are_given() -> None:
    budgets = tuple(Budget(name, Decimal(limit)) for name, limit in (("z", 1), ("a", 900), ("m", 5)))
    found = card("day cost\n3 1", "budget_utilization", "days_to_exhaustion", question=replace(BUDGET, budgets=budgets))

    assert found.rows["member"].to_list() == ["z", "a", "m"] * 2


def test_members_that_are_dimensions_already_need_no_column() -> None:
    names = [c.name for c in card("team cost\na 1", "team_allocation", by="team").report().tables[0].columns]

    assert names[:3] == ["title", "team", "value"]


def test_a_null_member_is_named_in_the_column_of_members() -> None:
    found = card("team cost\n- 1", "team_allocation", "cost_per_1k_tokens")

    assert row(found, "team_allocation")["title"] == "Team allocation"
    assert found.report().tables[0].row_nulls == {"member": ["(untagged)", ""]}


def test_the_report_shows_members_and_what_changed() -> None:
    asked = ScorecardQuestion(kpis=("team_allocation", "cost_per_request"))
    found = scorecard(ledger("team requests cost\na 1 1"), asked, previous=ledger("team requests cost\na 1 2")).report()

    assert [c.name for c in found.tables[0].columns] == [
        "title", "member", "value", "previous", "change", "target", "coverage", "usd_effect", "grade",
    ]  # fmt: skip
