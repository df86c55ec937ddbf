"""The catalogue: what is in it, and that it explains itself."""

from __future__ import annotations

import re

import pytest

from finopsctl.errors import ConfigError
from finopsctl.metrics.catalog import KPIS, catalogue, explain, kpi

NAMES = (
    "cost_per_request cost_per_request_p50 cost_per_request_p95 cost_per_request_p99 cost_per_trace_p50 "
    "cost_per_trace_p95 cost_per_trace_p99 cost_per_1k_tokens token_ratio cache_hit_rate prompt_cache_read_share "
    "budget_utilization burn_rate days_to_exhaustion days_to_exhaustion_7d budget_variance "
    "model_mix_requests model_mix_spend team_allocation provider_distribution success_rate retry_rate "
    "fallback_rate cost_per_user self_hosted_savings cost_per_outcome cost_per_successful_task token_efficiency "
    "unattributed_share unpriced_share duplicate_share"
)
RECORDING_RULES = {
    "aigateway:cost_per_request:1h",
    "aigateway:cost_per_1k_tokens:1h",
    "aigateway:budget_utilization:team",
    "aigateway:daily_spend:model",
    "aigateway:cache_hit_rate:1h",
    "aigateway:token_ratio:1h",
}


def test_every_kpi_is_declared_once() -> None:
    assert [k.name for k in KPIS] == NAMES.split()


def test_every_recording_rule_has_its_kpi_and_its_query() -> None:
    assert {k.record for k in KPIS if k.record and k.promql} == RECORDING_RULES


def test_every_kpi_has_a_query_or_the_reason_why_metrics_cannot_tell_it() -> None:
    assert [k.name for k in KPIS if not k.promql and not k.promql_note] == []


def test_no_quotient_of_a_query_divides_by_what_may_be_zero() -> None:
    """What is divided by is a positive number or stands in a comparison that leaves zero out, or counts above zero."""
    bare = re.compile(r"/ (?!7 > 0|\((?:sum|max) |\((?:sum|max)\(|on \(\)|count\()")

    assert [k.name for k in KPIS if bare.search(k.promql)] == []


def test_every_unit_is_one_of_the_documented_ones() -> None:
    assert {k.json_unit for k in KPIS} <= {"usd", "ratio", "days", "usd_per_day", "count"}


def test_an_unknown_kpi_names_the_nearest_one() -> None:
    with pytest.raises(ConfigError) as caught:
        kpi("cost_per_requests")

    assert "cost_per_request" in caught.value.hint


@pytest.mark.parametrize("name", NAMES.split())
def test_every_kpi_explains_its_formula_and_what_it_needs(name: str) -> None:
    said = dict(explain(name).tables[0].frame.iter_rows())

    assert {"question", "formula", "unit", "needs"} <= said.keys()


def test_the_list_has_a_row_for_every_kpi() -> None:
    assert catalogue().tables[0].frame["kpi"].to_list() == NAMES.split()
