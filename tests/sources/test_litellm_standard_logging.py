from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from report_files import read_content, read_path
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path


def payload(**fields: Any) -> dict[str, Any]:
    return {
        "id": "r-1",
        "trace_id": "tr-1",
        "session_id": "s-1",
        "call_type": "acompletion",
        "response_cost": 0.5,
        "status": "success",
        "custom_llm_provider": "openai",
        "total_tokens": 120,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "startTime": 1793610904.12,
        "endTime": 1793610906.02,
        "completionStartTime": 1793610904.7,
        "model_map_information": {"model_map_key": "gpt-4o", "model_map_value": None},
        "model": "gpt-4o",
        "metadata": {},
        "cache_hit": None,
        "saved_cache_cost": 0.0,
        "request_tags": [],
        "messages": [{"role": "user", "content": "a secret plan"}],
        "response": {"choices": []},
        "model_parameters": {},
        "hidden_params": {},
        **fields,
    }


@needs_shared
def test_the_example_is_one_request_with_its_header_as_a_tag() -> None:
    """1793610904.12 is 2026-11-02 09:15:04.12 UTC; 1.9 s in all, 0.58 s to the first token.

    7,100 in: 5,000 read, 1,500 + 500 written, 100 others.
    """
    done = read_path(EXAMPLES / "formats/litellm_standard_logging.jsonl")
    row = done.row()

    assert done.source == "litellm-standard-logging"
    assert row["charge_period_start"] == datetime(2026, 11, 2, 9, 15, 4, 120_000, tzinfo=UTC)
    assert (row["latency_ms"], row["time_to_first_token_ms"]) == (1900.0, 580.0)
    assert row["reported_cost"] == Decimal("0.011025")
    assert [row[f"{name}_tokens"] for name in ("input", "cache_read", "cache_write", "cache_write_1h", "output")] == [
        100,
        5000,
        1500,
        500,
        40,
    ]
    assert (row["team"], row["user"], row["customer"], row["api_key"]) == (
        "Customer Support",
        "u-17",
        "acme-corp",
        "support-bot-prod",
    )
    assert (row["feature"], row["environment"], json.loads(row["tags"])) == (
        "ticket_reply",
        "prod",
        {"x-team": "customer-support"},
    )
    assert (row["trace_id"], row["cache_hits"]) == ("tr-1", 0)


@needs_shared
def test_the_request_has_the_id_of_its_spend_log() -> None:
    logged = read_path(EXAMPLES / "formats/litellm_spendlogs.jsonl").values("record_id")

    assert read_path(EXAMPLES / "formats/litellm_standard_logging.jsonl").row()["record_id"] == logged[0]


def test_one_object_a_file_may_be_written_over_many_lines(tmp_path: Path) -> None:
    done = read_content(tmp_path, json.dumps(payload(), indent=2))

    assert done.row()["reported_cost"] == Decimal("0.5")
    assert done.faults.bad == 0


def test_older_versions_write_times_as_text(tmp_path: Path) -> None:
    times = {
        "startTime": "2026-11-02 09:15:04.120000",
        "endTime": "2026-11-02 09:15:06.020000",
        "completionStartTime": "2026-11-02 09:15:04.700000",
    }
    lines = "".join(json.dumps(record) + "\n" for record in (payload(), payload(id="r-2", **times)))
    done = read_content(tmp_path, lines)

    assert done.rows.drop("record_id", "origin").n_unique() == 1


def test_limits_and_tiers_come_from_the_parameters_and_nothing_else_does(tmp_path: Path) -> None:
    asked = {"max_completion_tokens": 512, "service_tier": "flex", "temperature": 0.5, "user": "x"}
    row = read_content(tmp_path, payload(model_parameters=asked)).row()

    assert (row["max_output_tokens"], row["service_tier"]) == (512, "flex")
    assert "secret plan" not in str(row)


def test_hits_are_booleans_here(tmp_path: Path) -> None:
    lines = "".join(
        json.dumps(payload(id=f"r-{hit}", cache_hit=hit, response_cost=0.0)) + "\n" for hit in (True, False, None)
    )

    assert read_content(tmp_path, lines).values("cache_hits") == [1, 0, None]


def test_a_batch_and_its_creation_do_not_share_an_id(tmp_path: Path) -> None:
    created = payload(id="batch_1", call_type="acreate_batch", response_cost=0.0)
    fetched = payload(id="batch_1", call_type="aretrieve_batch", response_cost=4.0)
    done = read_content(tmp_path, json.dumps(created) + "\n" + json.dumps(fetched) + "\n")

    assert done.values("record_id") == ["batch_1", "batch_1_batch_cost"]
    assert done.values("service_tier") == [None, "batch"]
