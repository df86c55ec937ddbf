"""The rules file: valid to Prometheus, and its figures those worked out by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from exporters.promtools import alert, checked, evaluates, kpis, needs_promtool, value
from finopsctl.exporters.dialects import GENERIC, LITELLM, dialect_named
from finopsctl.exporters.prometheus_rules import record_name, rules
from finopsctl.metrics.kpi import KpiSettings
from metrics.test_kpi_catalog import RECORDING_RULES

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.exporters.dialects import Dialect

REAL = re.compile(r"litellm_\w+")
OURS = {
    "litellm_spend_metric_total",
    "litellm_proxy_total_requests_metric_total",
    "litellm_proxy_failed_requests_metric_total",
    "litellm_requests_metric_total",
    "litellm_total_tokens_metric_total",
    "litellm_input_tokens_metric_total",
    "litellm_output_tokens_metric_total",
    "litellm_input_cached_tokens_metric_total",
    "litellm_cache_hits_metric_total",
    "litellm_deployment_total_requests_total",
    "litellm_deployment_successful_fallbacks_total",
    "litellm_team_max_budget_metric",
    "litellm_remaining_team_budget_metric",
    "litellm_team_budget_remaining_hours_metric",
}
"""Series that LiteLLM defines (litellm/types/integrations/prometheus.py), as Prometheus scrapes them."""

TEAM = 'team="t-1",team_alias="support"'
BUSY = {
    f'litellm_spend_metric_total{{model="big",api_provider="openai",user="u-1",{TEAM}}}': "0+0.375x90",
    'litellm_spend_metric_total{model="small",api_provider="xai",user="u-2",team="None",team_alias="None"}': (
        "0+0.125x90"
    ),
    f'litellm_proxy_total_requests_metric_total{{requested_model="big",{TEAM}}}': "0+8x90",
    f'litellm_requests_metric_total{{model="big",{TEAM}}}': "0+6x90",
    f'litellm_requests_metric_total{{model="small",{TEAM}}}': "0+2x90",
    f'litellm_cache_hits_metric_total{{model="big",{TEAM}}}': "0+1x90",
    f'litellm_total_tokens_metric_total{{model="big",{TEAM}}}': "0+1000x90",
    f'litellm_input_tokens_metric_total{{model="big",{TEAM}}}': "0+800x90",
    f'litellm_output_tokens_metric_total{{model="big",{TEAM}}}': "0+200x90",
    f'litellm_input_cached_tokens_metric_total{{model="big",{TEAM}}}': "0+400x90",
    f'litellm_deployment_total_requests_total{{requested_model="big",{TEAM}}}': "0+10x90",
    f"litellm_team_max_budget_metric{{{TEAM}}}": "432+0x90",
    f"litellm_remaining_team_budget_metric{{{TEAM}}}": "108+0x90",
    'litellm_remaining_team_budget_metric{team="t-2",team_alias="free"}': "+Inf+0x90",
}
"""A minute of it: 0.50 USD, 8 requests of clients, 1 of them from the cache, 1,000 tokens. It begins at 0."""


def written(dialect: Dialect = LITELLM, settings: KpiSettings | None = None, **more: bool) -> str:
    return rules(kpis(settings), (), dialect, **more)[0]


def every_rule(document: str) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(document)["groups"] for rule in group["rules"]]


@needs_promtool
@pytest.mark.parametrize("dialect", [LITELLM, GENERIC], ids=lambda dialect: dialect.name)
def test_prometheus_finds_every_rule_valid_and_none_twice(dialect: Dialect, tmp_path: Path) -> None:
    assert "SUCCESS" in checked(written(dialect), tmp_path)


@pytest.mark.parametrize("dialect", [LITELLM, GENERIC], ids=lambda dialect: dialect.name)
def test_the_shared_rules_are_the_first_group_evaluated_each_minute(dialect: Dialect) -> None:
    first = yaml.safe_load(written(dialect))["groups"][0]

    assert (first["name"], first["interval"]) == ("finops-recording-rules", "1m")
    assert {rule["record"] for rule in first["rules"]} == RECORDING_RULES


def test_only_series_that_litellm_has_are_asked_for() -> None:
    asked = {name for rule in every_rule(written()) for name in REAL.findall(rule["expr"])}

    assert asked <= OURS


def test_the_generic_names_are_asked_for_and_none_of_litellms_own() -> None:
    asked = {name for rule in every_rule(written(GENERIC)) for name in REAL.findall(rule["expr"])}

    assert asked == {
        *("litellm_spend_total", "litellm_requests_total", "litellm_tokens_total", "litellm_cache_hits_total"),
        *("litellm_team_spend_total", "litellm_team_budget_total", "litellm_fallback_requests_total"),
        "litellm_retries_total",
    }


def test_a_kpi_is_recorded_or_listed_at_the_head_with_the_reason() -> None:
    document = written()
    recorded = {rule.get("record") for rule in every_rule(document)}
    head = document.partition("groups:")[0]

    for kpi in kpis():
        assert (record_name(kpi) in recorded) != (f"# {kpi.name}: {kpi.promql_note}" in head), kpi.name


@needs_promtool
def test_the_six_rules_say_what_is_worked_out_by_hand(tmp_path: Path) -> None:
    """60 minutes: 30 / 480 = 0.0625 a request, 1000 * 30 / 60,000 = 0.5 for 1k tokens, 60 / 480 hits, 12,000 / 48,000.

    324 of 432 are spent: 0.75. The day has had that hour: 60 * 0.375 = 22.5 and 60 * 0.125 = 7.5.
    """
    team = "{" + TEAM.replace(",", ", ") + "}"
    evaluates(
        written(),
        tmp_path,
        "1m",
        BUSY,
        value("aigateway:cost_per_request:1h", "60m", ("aigateway:cost_per_request:1h", 0.0625)),
        value("aigateway:cost_per_1k_tokens:1h", "60m", ("aigateway:cost_per_1k_tokens:1h", 0.5)),
        value("aigateway:cache_hit_rate:1h", "60m", ("aigateway:cache_hit_rate:1h", 0.125)),
        value("aigateway:token_ratio:1h", "60m", ("aigateway:token_ratio:1h", 0.25)),
        value("aigateway:budget_utilization:team", "60m", (f"aigateway:budget_utilization:team{team}", 0.75)),
        value(
            "aigateway:daily_spend:model",
            "60m",
            ('aigateway:daily_spend:model{model="big"}', 22.5),
            ('aigateway:daily_spend:model{model="small"}', 7.5),
        ),
    )


@needs_promtool
def test_the_six_rules_say_the_same_in_generic_names(tmp_path: Path) -> None:
    """The same hour: 0.0625, 0.5, 0.125, 0.25; of a budget of 4,000 the team has spent 2,920: 0.73."""
    series = {
        'litellm_spend_total{model="big",team="support"}': "0+0.5x60",
        'litellm_requests_total{model="big",team="support",status="success"}': "0+8x60",
        'litellm_tokens_total{model="big",type="input"}': "0+800x60",
        'litellm_tokens_total{model="big",type="output"}': "0+200x60",
        "litellm_cache_hits_total": "0+1x60",
        'litellm_team_spend_total{team="support"}': "2920+0x60",
        'litellm_team_budget_total{team="support"}': "4000+0x60",
    }
    evaluates(
        written(GENERIC),
        tmp_path,
        "1m",
        series,
        value("aigateway:cost_per_request:1h", "60m", ("aigateway:cost_per_request:1h", 0.0625)),
        value("aigateway:cost_per_1k_tokens:1h", "60m", ("aigateway:cost_per_1k_tokens:1h", 0.5)),
        value("aigateway:cache_hit_rate:1h", "60m", ("aigateway:cache_hit_rate:1h", 0.125)),
        value("aigateway:token_ratio:1h", "60m", ("aigateway:token_ratio:1h", 0.25)),
        value("aigateway:budget_utilization:team", "60m", ('aigateway:budget_utilization:team{team="support"}', 0.73)),
        value("aigateway:daily_spend:model", "60m", ('aigateway:daily_spend:model{model="big"}', 30)),
        value("finopsctl:days_to_exhaustion:24h", "60m", ('finopsctl:days_to_exhaustion:24h{team="support"}', 36)),
    )


@needs_promtool
def test_kpis_say_what_is_worked_out_by_hand(tmp_path: Path) -> None:
    """A day of one hour: 30 USD, 22.50 of the team's; 108 left at 22.50 a day is 4.8 days; no limit, no answer.

    A quarter of the spend has no team; 3/4 of requests are big; half of the input came from the prompt cache; 10
    deployment calls for 8 requests are 0.25 too many; nothing failed; two users spent 30: 15 each.
    """
    team = "{" + TEAM.replace(",", ", ") + "}"
    evaluates(
        written(),
        tmp_path,
        "1m",
        BUSY,
        value("finopsctl:burn_rate:24h", "60m", ("finopsctl:burn_rate:24h", 30)),
        value("finopsctl:days_to_exhaustion:24h", "60m", (f"finopsctl:days_to_exhaustion:24h{team}", 4.8)),
        value("finopsctl:unattributed_share:24h", "60m", ("finopsctl:unattributed_share:24h", 0.25)),
        value(
            "finopsctl:model_mix_requests:24h",
            "60m",
            ('finopsctl:model_mix_requests:24h{model="big"}', 0.75),
            ('finopsctl:model_mix_requests:24h{model="small"}', 0.25),
        ),
        value(
            "finopsctl:provider_distribution:24h",
            "60m",
            ('finopsctl:provider_distribution:24h{api_provider="openai"}', 0.75),
            ('finopsctl:provider_distribution:24h{api_provider="xai"}', 0.25),
        ),
        value("finopsctl:prompt_cache_read_share:24h", "60m", ("finopsctl:prompt_cache_read_share:24h", 0.5)),
        value("finopsctl:retry_rate:1h", "60m", ("finopsctl:retry_rate:1h", 0.25)),
        value("finopsctl:success_rate:5m", "60m", ("finopsctl:success_rate:5m", 1)),
        value("finopsctl:fallback_rate:1h", "60m", ("finopsctl:fallback_rate:1h", 0)),
        value("finopsctl:cost_per_user:30d", "60m", ("finopsctl:cost_per_user:30d", 15)),
    )


@needs_promtool
def test_an_idle_gateway_has_no_ratios_and_raises_no_alarm(tmp_path: Path) -> None:
    """Nothing rose for an hour: no quotient is zero, infinite or not a number; it is absent."""
    idle = {name: f"{values.split('+')[0]}+0x180" for name, values in BUSY.items() if "Inf" not in values}
    queries = [kpi for kpi in kpis() if kpi.promql and kpi.name not in {"budget_utilization", "burn_rate"}]
    evaluates(
        written(),
        tmp_path,
        "1m",
        idle,
        *(value(record_name(kpi), "60m") for kpi in queries),
        *(alert("Finops" + "".join(p.capitalize() for p in kpi.name.split("_")), "60m") for kpi in queries),
    )


@needs_promtool
def test_a_metric_that_is_not_there_gives_nothing_rather_than_zero(tmp_path: Path) -> None:
    evaluates(
        written(),
        tmp_path,
        "1m",
        {"litellm_proxy_total_requests_metric_total": "0+8x60"},
        value("aigateway:cache_hit_rate:1h", "60m"),
        value("aigateway:cost_per_request:1h", "60m"),
        value("finopsctl:burn_rate:24h", "60m"),
        value("finopsctl:unattributed_share:24h", "60m"),
    )


@needs_promtool
def test_an_alert_fires_after_its_time_with_value_severity_and_words(tmp_path: Path) -> None:
    """0.03125 USD a request is between 0.01 and 0.05: a warning, half an hour after it began."""
    series = {"litellm_spend_metric_total": "0+0.03125x90", "litellm_proxy_total_requests_metric_total": "0+1x90"}
    said = {
        "summary": "Cost per request: 0.031250 USD",
        "description": "What does one request cost? Here: warning, that is above 0.01, at most 0.05. "
        "finopsctl explain cost_per_request",
    }
    evaluates(
        written(),
        tmp_path,
        "1m",
        series,
        alert("FinopsCostPerRequest", "20m"),
        alert("FinopsCostPerRequest", "60m", ({"severity": "warning", "kpi": "cost_per_request"}, said)),
    )


@needs_promtool
def test_thresholds_are_those_of_the_configured_scale(tmp_path: Path) -> None:
    """With limits of 0.001, 0.002 and 0.03 the same 0.03125 is critical."""
    series = {"litellm_spend_metric_total": "0+0.03125x90", "litellm_proxy_total_requests_metric_total": "0+1x90"}
    said = {
        "summary": "Cost per request: 0.031250 USD",
        "description": "What does one request cost? Here: critical, that is above 0.03. "
        "finopsctl explain cost_per_request",
    }
    evaluates(
        written(settings=KpiSettings(scales={"cost_per_request": [0.001, 0.002, 0.03]})),
        tmp_path,
        "1m",
        series,
        alert("FinopsCostPerRequest", "60m", ({"severity": "critical", "kpi": "cost_per_request"}, said)),
    )


@needs_promtool
def test_a_budget_that_lasts_until_it_is_reset_is_no_alarm_unless_days_alone_count(tmp_path: Path) -> None:
    """Less than 15 days left since minute 20, and reset in 24 hours: fine by the period, critical by days alone."""
    series = BUSY | {f"litellm_team_budget_remaining_hours_metric{{{TEAM}}}": "24+0x90"}
    labels = {"severity": "critical", "kpi": "days_to_exhaustion", "team": "t-1", "team_alias": "support"}
    said = {
        "summary": "Days to exhaustion of support: 4.8 days",
        "description": "How long does the budget last at this pace? Here: critical, that is below 15. "
        "finopsctl explain days_to_exhaustion",
    }

    evaluates(written(), tmp_path, "1m", series, alert("FinopsDaysToExhaustion", "60m"))
    evaluates(
        written(period_aware=False), tmp_path, "1m", series, alert("FinopsDaysToExhaustion", "60m", (labels, said))
    )


def test_every_alert_has_a_severity_a_waiting_time_and_words() -> None:
    alerts = [rule for rule in every_rule(written()) if "alert" in rule]

    assert alerts
    assert all(rule["labels"]["severity"] in {"warning", "critical"} and rule["for"] for rule in alerts)
    assert all({"summary", "description"} <= rule["annotations"].keys() for rule in alerts)


def test_the_same_question_gives_the_same_bytes() -> None:
    assert written() == written()


def test_unknown_names_name_the_nearest() -> None:
    with pytest.raises(Exception, match="unknown names 'litelm'") as raised:
        dialect_named("litelm")

    assert "litellm" in raised.value.hint  # type: ignore[attr-defined]
