"""Tests of rule D: usage and cost of the same traffic are never added."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from book_files import codes, content, opened, total, write
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = EXAMPLES / "formats"
DAY = 1793577600
"""2026-11-02T00:00:00Z."""


def page(kind: str, *results: dict[str, Any], day: int = DAY) -> dict[str, Any]:
    full = [{"object": f"organization.{kind}.result", **result} for result in results]
    bucket = {"object": "bucket", "start_time": day, "end_time": day + 86400, "results": full}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


def saved(path: Path, document: dict[str, Any]) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def usage(path: Path, day: int = DAY) -> Path:
    result = {"input_tokens": 24000, "output_tokens": 0, "num_model_requests": 5, "model": "gpt-4o-2024-08-06"}
    return saved(path, page("usage.completions", result, day=day))


def costs(path: Path) -> Path:
    tokens = {"amount": {"value": 0.06, "currency": "usd"}, "line_item": "gpt-4o-2024-08-06, input", "quantity": 24000}
    searches = {"amount": {"value": 0.05, "currency": "usd"}, "line_item": "web search tool calls", "quantity": 5}
    return saved(path, page("costs", tokens | {"quantity_unit": "tokens"}, searches | {"quantity_unit": "calls"}))


@needs_shared
def test_the_daily_table_of_the_days_in_the_spend_log_is_set_aside() -> None:
    """The log holds 0.011025 of 2 November; the table says 0.11025 for the same day: it is not added."""
    books = opened(FORMATS / "litellm_spendlogs.jsonl", FORMATS / "litellm_daily_team_spend.csv")

    assert total(books) == Decimal("0.011025")
    (aside,) = books.set_aside_summary
    assert (aside["source"], aside["records"], aside["reported_cost"]) == ("litellm-daily-team", 1, Decimal("0.11025"))
    assert books.set_aside is not None
    assert books.set_aside.collect().height == 1
    assert "set_aside" in codes(books)


@needs_shared
def test_the_daily_table_alone_counts() -> None:
    assert total(opened(FORMATS / "litellm_daily_team_spend.csv")) == Decimal("0.11025")


def test_the_cost_of_tokens_is_set_aside_beside_their_usage_and_other_meters_stay(tmp_path: Path) -> None:
    """24,000 x 2.50 / 1M = 0.06 is priced from the usage; of the costs only 0.05 for searches is added."""
    books = opened(usage(tmp_path / "usage.json"), costs(tmp_path / "costs.json"))

    assert total(books) == Decimal("0.11")
    assert [entry["reported_cost"] for entry in books.set_aside_summary] == [Decimal("0.06")]
    assert content(books).filter(source="openai-costs")["reported_cost"].to_list() == [Decimal("0.05")]


def test_costs_of_a_day_without_usage_count(tmp_path: Path) -> None:
    """The usage is of the day after: 0.06 from usage, 0.06 + 0.05 from costs."""
    books = opened(usage(tmp_path / "usage.json", day=DAY + 86400), costs(tmp_path / "costs.json"))

    assert total(books) == Decimal("0.17")
    assert books.set_aside is None


def test_the_order_of_the_files_does_not_decide_what_is_set_aside(tmp_path: Path) -> None:
    one, two = usage(tmp_path / "usage.json"), costs(tmp_path / "costs.json")

    assert content(opened(one, two)).equals(content(opened(two, one)))


def rows(source: str, kind: str, **values: Any) -> dict[str, Any]:
    identity = json.dumps([source, kind, values])
    return {"source": source, "record_kind": kind, "record_id": identity, "reported_cost": "1", **values}


def test_credits_are_never_set_aside(tmp_path: Path) -> None:
    log = write(
        tmp_path / "log.jsonl",
        rows("openai-usage", "usage"),
        rows("openai-costs", "cost"),
        rows("openai-costs", "credit", reported_cost="-0.25"),
    )

    assert total(opened(log)) == Decimal("0.75")


def test_another_provider_of_the_same_family_and_day_is_other_traffic(tmp_path: Path) -> None:
    log = write(
        tmp_path / "log.jsonl",
        rows("litellm", "request"),
        rows("litellm-daily-team", "usage"),
        rows("litellm-daily-team", "usage", provider="anthropic"),
    )

    assert total(opened(log)) == Decimal(2)


def test_of_two_daily_tables_of_one_day_one_counts(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", rows("litellm-daily-team", "usage"), rows("litellm-daily-user", "usage"))

    assert total(opened(log)) == Decimal(1)


def test_two_families_on_one_provider_and_day_both_count_and_raise_a_finding_with_both_amounts(tmp_path: Path) -> None:
    gateway = write(tmp_path / "gateway.jsonl", rows("litellm", "request", reported_cost="3"))
    provider = write(tmp_path / "provider.jsonl", rows("openai-usage", "usage", reported_cost="4"))
    books = opened(gateway, provider)

    assert total(books) == Decimal(7)
    (finding,) = [f for f in books.findings if f.code == "possible_double_count"]
    assert (finding.evidence["litellm"], finding.evidence["openai-admin"]) == (Decimal(3), Decimal(4))
    assert "--where source!=openai-usage" in finding.hint


def test_dropping_one_family_as_the_finding_says_leaves_the_other(tmp_path: Path) -> None:
    gateway = write(tmp_path / "gateway.jsonl", rows("litellm", "request", reported_cost="3"))
    provider = write(tmp_path / "provider.jsonl", rows("openai-usage", "usage", reported_cost="4"))

    assert total(opened(gateway, provider, where=("source!=openai-usage",))) == Decimal(3)


def test_two_families_on_different_days_raise_nothing(tmp_path: Path) -> None:
    log = write(
        tmp_path / "log.jsonl",
        rows("litellm", "request"),
        rows("openai-usage", "usage", charge_period_start="2026-10-02T00:00:00Z"),
    )

    assert codes(opened(log)) == []


def test_a_bill_that_holds_usage_and_fees_of_one_provider_and_day_keeps_both(tmp_path: Path) -> None:
    """A FOCUS bill: 1 for tokens (usage) and 8 for storage without a unit (cost) on one day are 9, not 1."""
    bill = write(tmp_path / "bill.jsonl", rows("focus", "usage"), rows("focus", "cost", reported_cost="8"))

    assert total(opened(bill)) == Decimal(9)


def test_a_cost_line_of_searches_is_set_aside_where_usage_lists_the_searches_with_their_fee(tmp_path: Path) -> None:
    """Usage: 1 in all, of which 0.05 is the fee of 5 searches; the cost line says the same 0.05 again."""
    searches = {"consumed_unit": "web_search", "consumed_quantity": 5}
    priced = {"list_cost": "1", "effective_cost": "1", "list_other_cost": "0.05"}
    log = write(
        tmp_path / "log.jsonl",
        rows("openai-usage", "usage", **searches, **priced),
        rows("openai-costs", "cost", **(searches | {"reported_cost": "0.05"})),
    )

    assert total(opened(log)) == Decimal(1)
