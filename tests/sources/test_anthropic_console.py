from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from report_files import read_content, read_path
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

COST = "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type"
TOKENS_2025 = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count"
)


@needs_shared
def test_token_rows_are_disjoint_classes_of_a_day() -> None:
    """Sonnet: 100,000 in, 2,500 written, 40,000 read, 5,000 out, 10 searches. Haiku in batch: 50,000 in, 2,000 out."""
    done = read_path(EXAMPLES / "formats/anthropic_console_tokens.csv")

    assert done.source == "anthropic-console-tokens"
    assert done.values("input_tokens") == [100000, 50000]
    assert done.values("cache_write_tokens") == [2500, 0]
    assert done.values("cache_write_1h_tokens") == [0, 0]
    assert done.values("cache_read_tokens") == [40000, 0]
    assert done.values("output_tokens") == [5000, 2000]
    assert done.values("consumed_quantity") == [10.0, None]
    assert done.values("consumed_unit") == ["web_search", None]
    assert done.values("service_tier") == ["standard", "batch"]
    assert done.values("context_band") == ["0-200k", "0-200k"]
    assert done.values("region") == [None, None]
    assert done.values("api_key") == ["support-bot-prod", "nightly-enrich"]
    assert done.values("project") == ["Default", "Batch"]
    assert done.values("charge_period_end") == [datetime(2026, 11, 3, tzinfo=UTC)] * 2


def test_files_of_2025_without_context_region_and_speed_are_read(tmp_path: Path) -> None:
    row = read_content(
        tmp_path, f"{TOKENS_2025}\n2025-03-01,claude-3-5-haiku-20241022,k,w,standard,10,0,0,5,2,0\n"
    ).row()

    assert (row["input_tokens"], row["cache_read_tokens"], row["output_tokens"]) == (10, 5, 2)
    assert "context_band" not in row


@needs_shared
def test_cost_rows_are_dollars_of_a_model_known_by_its_display_name() -> None:
    """0.30 USD of uncached input of Claude Sonnet 4.5."""
    row = read_path(EXAMPLES / "formats/anthropic_console_cost.csv").row()

    assert row["reported_cost"] == Decimal("0.30")
    assert (row["model"], row["consumed_unit"], row["context_band"]) == ("claude-sonnet-4-5", "tokens", "0-200k")
    assert json.loads(row["tags"]) == {"model_name": "Claude Sonnet 4.5", "token_type": "input_no_cache"}
    assert (row["record_kind"], row["billing_currency"]) == ("cost", "USD")


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("Claude Haiku 4.5", "claude-haiku-4-5"),
        ("Claude 3.5 Haiku", "claude-3-5-haiku"),
        ("claude-opus-5", "claude-opus-5"),
        ("", None),
    ],
)
def test_display_names_become_ids(tmp_path: Path, name: str, model: str | None) -> None:
    done = read_content(tmp_path, f"{COST}\n2026-11-02,{name},Default,k,standard,> 200k,output,1.5,token\n")

    assert done.values("model") == [model]
    assert done.values("context_band") == ["200k-1M"]


def test_web_search_is_a_meter_and_negative_money_a_credit(tmp_path: Path) -> None:
    rows = ["2026-11-02,,Default,k,,,,0.10,web_search", "2026-11-02,Claude Opus 5,Default,k,,,output,-2,token"]
    done = read_content(tmp_path, "\n".join([COST, *rows]))

    assert done.values("consumed_unit") == ["web_search", "tokens"]
    assert done.values("record_kind") == ["cost", "credit"]


def test_a_cost_that_is_no_amount_is_set_aside(tmp_path: Path) -> None:
    row = "2026-11-02,Claude Opus 5,Default,k,,,output,{},token"
    done = read_content(tmp_path, "\n".join([COST, row.format("abc"), row.format("1")]))

    assert done.values("reported_cost") == [Decimal(1)]
    assert done.bad == ["cost_usd: 'abc' is not an amount"]
