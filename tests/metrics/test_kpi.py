"""Scales: every edge of every band, and what configuration may change."""

from __future__ import annotations

import polars as pl
import pytest

from finopsctl.errors import ConfigError
from finopsctl.metrics.catalog import KPIS, kpi
from finopsctl.metrics.kpi import KpiSettings, RangeScale, Scale, configured
from finopsctl.metrics.targets import target_text


def grade(scale: Scale | RangeScale | None, value: float | None, **row: str | None) -> str | None:
    assert scale is not None
    frame = pl.DataFrame(
        {"value": [value], **{k: [v] for k, v in row.items()}},
        schema_overrides={"value": pl.Float64, **dict.fromkeys(row, pl.String)},
    )
    found: str | None = frame.select(scale.grade(pl.col("value"))).item()
    return found


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("cost_per_request", 0.004999, "good"),
        ("cost_per_request", 0.005, "ok"),
        ("cost_per_request", 0.01, "ok"),
        ("cost_per_request", 0.010001, "warning"),
        ("cost_per_request", 0.05, "warning"),
        ("cost_per_request", 0.050001, "critical"),
        ("cache_hit_rate", 0.301, "good"),
        ("cache_hit_rate", 0.30, "ok"),
        ("cache_hit_rate", 0.20, "ok"),
        ("cache_hit_rate", 0.199, "warning"),
        ("cache_hit_rate", 0.10, "warning"),
        ("cache_hit_rate", 0.099, "critical"),
        ("budget_utilization", 0.699, "good"),
        ("budget_utilization", 0.70, "warning"),
        ("budget_utilization", 0.90, "warning"),
        ("budget_utilization", 0.901, "critical"),
        ("budget_variance", -0.251, "warning"),
        ("budget_variance", -0.101, "warning"),
        ("budget_variance", -0.10, "good"),
        ("budget_variance", 0.10, "good"),
        ("budget_variance", 0.25, "warning"),
        ("budget_variance", 0.251, "critical"),
        ("days_to_exhaustion", 30.001, "good"),
        ("days_to_exhaustion", 30, "warning"),
        ("days_to_exhaustion", 15, "warning"),
        ("days_to_exhaustion", 14.999, "critical"),
        ("success_rate", 0.999, "good"),
        ("success_rate", 0.9989, "ok"),
        ("success_rate", 0.995, "ok"),
        ("success_rate", 0.99, "warning"),
        ("success_rate", 0.9899, "critical"),
        ("retry_rate", 0.0499, "good"),
        ("retry_rate", 0.05, "warning"),
        ("retry_rate", 0.15, "warning"),
        ("retry_rate", 0.1501, "critical"),
        ("fallback_rate", 0.0199, "good"),
        ("fallback_rate", 0.02, "ok"),
        ("fallback_rate", 0.05, "ok"),
        ("fallback_rate", 0.0501, "warning"),
        ("self_hosted_savings", 0.501, "good"),
        ("self_hosted_savings", 0.5, "warning"),
        ("unattributed_share", 0.0, "good"),
        ("unattributed_share", 0.0001, "warning"),
        ("cost_per_request", None, None),
    ],
)
def test_a_value_gets_the_grade_of_its_band(name: str, value: float | None, word: str | None) -> None:
    assert grade(kpi(name).scale, value) == word


@pytest.mark.parametrize(
    ("name", "column", "key", "value", "word"),
    [
        ("cost_per_1k_tokens", "model_tier", "budget", 0.0002, "good"),
        ("cost_per_1k_tokens", "model_tier", "budget", 0.0011, "warning"),
        ("cost_per_1k_tokens", "model_tier", "premium", 0.03, "good"),
        ("cost_per_1k_tokens", "model_tier", "embedding", 0.03, None),
        ("cost_per_1k_tokens", "model_tier", None, 0.03, None),
        ("model_mix_requests", "member", "standard", 0.35, "good"),
        ("model_mix_spend", "member", "premium", 0.41, "warning"),
        ("provider_distribution", "member", "xai", 0.04, "warning"),
        ("cost_per_outcome", "member", "support-ticket", 0.49, "good"),
        ("cost_per_outcome", "member", "support-ticket", 0.50, "warning"),
        ("cost_per_outcome", "member", "support-ticket", 4.20, "warning"),
        ("cost_per_outcome", "member", "pr-assist", 0.80, "good"),
        ("cost_per_outcome", "member", "poem", 0.80, None),
    ],
)
def test_a_range_grades_the_keys_it_knows(
    name: str, column: str, key: str | None, value: float, word: str | None
) -> None:
    assert grade(kpi(name).scale, value, **{column: key}) == word


def test_token_ratio_is_graded_by_the_configured_class_of_the_feature() -> None:
    settings = KpiSettings(workload_classes={"sum-*": "summarization", "*": "chat"})
    scale = next(k for k in configured(KPIS, settings) if k.name == "token_ratio").scale

    assert [grade(scale, 0.2, feature=f) for f in ("sum-mail", "support", None)] == ["good", "warning", None]


def test_a_feature_without_a_class_has_no_token_ratio_grade() -> None:
    (found,) = configured([kpi("token_ratio")], KpiSettings())

    assert grade(found.scale, 99.0, feature="chat") is None


def test_limits_come_from_configuration() -> None:
    (found,) = configured([kpi("cost_per_request")], KpiSettings(scales={"cost_per_request": [1, 2, 3]}))

    assert grade(found.scale, 0.9) == "good"


def test_whole_scales_come_from_configuration() -> None:
    (found,) = configured([kpi("retry_rate")], KpiSettings(scales={"retry_rate": ["<= 0.5 ok", "critical"]}))

    assert grade(found.scale, 0.5) == "ok"


def test_ranges_come_from_configuration_key_by_key() -> None:
    settings = KpiSettings(ranges={"provider_distribution": {"openai": (0.0, 1.0)}})
    (found,) = configured([kpi("provider_distribution")], settings)

    assert [grade(found.scale, 0.9, member=m) for m in ("openai", "anthropic")] == ["good", "warning"]


@pytest.mark.parametrize(
    "settings",
    [
        KpiSettings(scales={"cost_per_requests": [1]}),
        KpiSettings(scales={"cost_per_request": [1]}),
        KpiSettings(scales={"cost_per_request": ["about 3 good", "ok"]}),
        KpiSettings(scales={"cost_per_request": ["< 3 great", "ok"]}),
        KpiSettings(scales={"model_mix_spend": [1]}),
        KpiSettings(ranges={"cost_per_request": {"x": (0, 1)}}),
        KpiSettings(bands="fancy"),
    ],
)
def test_a_scale_that_makes_no_sense_is_refused(settings: KpiSettings) -> None:
    with pytest.raises(ConfigError):
        configured(KPIS, settings)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cost_per_request", "<= 0.01"),
        ("cache_hit_rate", ">= 20%"),
        ("success_rate", ">= 99.9%"),
        ("budget_variance", "-10% to 10%"),
        ("days_to_exhaustion", "> 30"),
        ("unattributed_share", "0%"),
    ],
)
def test_a_target_is_what_to_aim_at(name: str, text: str) -> None:
    found = kpi(name)
    assert isinstance(found.scale, Scale)

    assert target_text(found, *found.scale.bounds(found.aim)) == text
