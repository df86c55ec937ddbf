from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.sources import SOURCES
from report_files import read_content, read_path
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path


def day(**fields: Any) -> dict[str, Any]:
    return {
        "id": "d1",
        "date": "2026-11-02",
        "api_key": "ab" * 32,
        "model": "gpt-4o",
        "model_group": "gpt-4o",
        "custom_llm_provider": "openai",
        "endpoint": "/chat/completions",
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 200,
        "spend": 1.5,
        "api_requests": 12,
        "successful_requests": 10,
        "failed_requests": 2,
        "total_response_time_ms": 19000,
        "timed_requests": 10,
        **fields,
    }


@needs_shared
def test_a_team_day_is_a_bucket_of_its_requests() -> None:
    """71,000 in less 50,000 read and 20,000 written leave 1,000; 19,000 ms over 10 timed requests are 1,900 each."""
    done = read_path(EXAMPLES / "formats/litellm_daily_team_spend.csv")
    row = done.row()

    assert done.source == "litellm-daily-team"
    assert (row["record_kind"], row["record_id"], row["team"]) == ("usage", "d1", "team-support")
    assert row["charge_period_start"] == datetime(2026, 11, 2, tzinfo=UTC)
    assert row["charge_period_end"] == datetime(2026, 11, 3, tzinfo=UTC)
    assert [row[f"{name}_tokens"] for name in ("input", "cache_read", "cache_write", "output")] == [
        1000,
        50000,
        20000,
        400,
    ]
    assert (row["requests"], row["errors"], row["latency_ms"]) == (12, 2, 1900.0)
    assert row["reported_cost"] == Decimal("0.11025")
    assert (row["model"], row["requested_model"], row["provider"]) == (
        "claude-sonnet-4-5",
        "claude-sonnet",
        "anthropic",
    )
    assert not {"cache_hits", "retries", "reasoning_tokens", "cache_write_1h_tokens"} & set(row)


@pytest.mark.parametrize(
    ("own", "suffix", "column", "value"),
    [
        ("team_id", "team", "team", "x"),
        ("user_id", "user", "user", "x"),
        ("organization_id", "org", "tags", '{"organization":"x"}'),
        ("end_user_id", "end-user", "customer", "x"),
        ("agent_id", "agent", "tags", '{"agent":"x"}'),
        ("tag", "tag", "tags", '{"tag":"x"}'),
        (None, "global", "model", "gpt-4o"),
    ],
)
def test_each_table_is_told_by_its_own_column(
    tmp_path: Path, own: str | None, suffix: str, column: str, value: str
) -> None:
    done = read_content(tmp_path, [day(**({own: "x"} if own else {}))])

    assert done.source == f"litellm-daily-{suffix}"
    assert done.row()[column] == value
    assert done.row()["input_tokens"] == 500


def test_tables_rank_by_what_they_say_and_tags_come_last() -> None:
    daily = [source for source in SOURCES if source.name.startswith("litellm-daily-")]
    ranked = [source.name.removeprefix("litellm-daily-") for source in sorted(daily, key=lambda s: s.precedence)]

    assert ranked == ["team", "user", "org", "end-user", "agent", "global", "tag"]
    assert {source.family for source in daily} == {"litellm"}


def test_reserved_capacity_is_money_of_its_own(tmp_path: Path) -> None:
    """24 h of 2 units at 10 USD an hour: 480 USD without a request."""
    row = read_content(
        tmp_path,
        [day(team_id="x", api_key="__ptu_flat_cost__", spend=0.0, ptu_flat_cost=480.0, api_requests=0)],
    ).row()

    assert (row["record_kind"], row["reported_cost"], row["cost_type"]) == ("cost", Decimal(480), "inference")
    assert not {"requests", "input_tokens", "api_key"} & set(row)


def test_cached_tokens_above_the_prompt_are_remarked_on(tmp_path: Path) -> None:
    done = read_content(tmp_path, "".join(json.dumps(day(team_id="x", prompt_tokens=400)) + "\n" for _ in range(1)))
    row = done.row()

    assert (row["input_tokens"], row["cache_read_tokens"], row["cache_write_tokens"]) == (0, 300, 100)
    assert "prompt_tokens: 400" in done.odd[0]


def test_a_day_without_timed_requests_has_no_latency(tmp_path: Path) -> None:
    assert "latency_ms" not in read_content(tmp_path, [day(team_id="x", timed_requests=0)]).row()
