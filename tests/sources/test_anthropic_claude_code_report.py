from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from report_files import read_content, read_path
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path


def entry(*models: dict[str, Any], **fields: Any) -> dict[str, Any]:
    actor = {"type": "user_actor", "email_address": "dev@example.com"}
    day = "2026-11-02T00:00:00Z"
    return {"date": day, "actor": actor, "customer_type": "api", "model_breakdown": list(models), **fields}


def model(name: str, tokens: int = 1, cents: object = 100) -> dict[str, Any]:
    counts = {"input": tokens, "output": 0, "cache_read": 0, "cache_creation": 0}
    return {"model": name, "tokens": counts, "estimated_cost": {"amount": cents, "currency": "USD"}}


@needs_shared
def test_one_row_holds_a_persons_day_with_one_model() -> None:
    """45,230 in, 12,450 out, 8,790 read, 2,340 written; 186 cents are 1.86 USD."""
    row = read_path(EXAMPLES / "formats/anthropic_claude_code_usage.json").row()

    assert (row["input_tokens"], row["output_tokens"], row["cache_read_tokens"], row["cache_write_tokens"]) == (
        45230,
        12450,
        8790,
        2340,
    )
    assert row["reported_cost"] == Decimal("1.86")
    assert (row["user"], row["feature"], row["model"]) == (
        "dev@example.com",
        "claude_code",
        "claude-sonnet-4-5-20250929",
    )
    assert row["charge_period_start"] == datetime(2026, 11, 2, tzinfo=UTC)
    assert row["charge_period_end"] == datetime(2026, 11, 3, tzinfo=UTC)
    assert "plan" not in row
    assert "requests" not in row


def test_each_model_of_a_day_is_a_row(tmp_path: Path) -> None:
    done = read_content(tmp_path, {"data": [entry(model("a", 5), model("b", 7)), entry(), entry(model("a", 9))]})

    assert list(zip(done.values("model"), done.values("input_tokens"), strict=True)) == [("a", 5), ("b", 7), ("a", 9)]
    assert done.values("origin") == ["input:1", "input:1", "input:1"]


def test_a_subscription_is_not_billed_by_tokens(tmp_path: Path) -> None:
    """250 cents are an estimate of what the API would charge: the reported cost is 0, the estimate stays as a tag."""
    seat = entry(model("a", 5, 250), customer_type="subscription", subscription_type="team")
    row = read_content(tmp_path, {"data": [seat]}).row()

    assert (row["reported_cost"], row["plan"], row["input_tokens"]) == (Decimal(0), "subscription", 5)
    assert json.loads(row["tags"]) == {"estimated_cost": "2.5", "subscription_type": "team"}


def test_an_api_actor_is_named_by_its_key(tmp_path: Path) -> None:
    row = read_content(tmp_path, {"data": [entry(model("a"), actor={"type": "api_actor", "api_key_name": "ci"})]}).row()

    assert row["api_key"] == "ci"
    assert "user" not in row


def test_wrong_numbers_set_one_model_aside(tmp_path: Path) -> None:
    broken = model("c")
    broken["tokens"]["input"] = "x"
    done = read_content(tmp_path, {"data": [entry(model("a", 5), model("b", 6, "nine"), broken)]})

    assert done.values("model") == ["a"]
    assert done.bad == [
        "estimated_cost.amount: 'nine' is not an amount",
        "model_breakdown 3: tokens.input: 'x' is not a number",
    ]
