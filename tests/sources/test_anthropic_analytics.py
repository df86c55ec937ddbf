from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from report_files import read_content, read_path
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path


def page(*buckets: list[dict[str, Any]]) -> dict[str, Any]:
    data = [
        {
            "starting_at": f"2026-11-{day:02}T00:00:00Z",
            "ending_at": f"2026-11-{day + 1:02}T00:00:00Z",
            "results": results,
        }
        for day, results in enumerate(buckets, 1)
    ]
    return {"data": data, "has_more": False, "next_page": None}


def usage(**fields: Any) -> dict[str, Any]:
    return {"uncached_input_tokens": 1, "output_tokens": 1, "product": "chat", "rbac_group_id": None, **fields}


def cost(amount: str, **fields: Any) -> dict[str, Any]:
    return {
        "amount": amount,
        "list_amount": "200.5",
        "currency": "USD",
        "product": "chat",
        "rbac_group_id": None,
        **fields,
    }


@needs_shared
def test_usage_has_requests_and_a_product() -> None:
    """80 uncached, 4,000 read, 900 written, 300 out in 12 requests of claude_code."""
    done = read_path(EXAMPLES / "formats/anthropic_analytics_usage_report.json")
    row = done.row()

    assert done.source == "anthropic-analytics-usage"
    assert (row["input_tokens"], row["cache_read_tokens"], row["cache_write_tokens"], row["output_tokens"]) == (
        80,
        4000,
        900,
        300,
    )
    assert (row["requests"], row["feature"], row["model"]) == (12, "claude_code", "claude-opus-5")


def test_fast_mode_is_a_tier(tmp_path: Path) -> None:
    done = read_content(tmp_path, page([usage(speed="fast"), usage(speed="standard"), usage()]))

    assert done.values("service_tier") == ["fast", None, None]


def test_rows_by_overlapping_groups_are_set_aside_with_the_way_out(tmp_path: Path) -> None:
    """Members of two groups would count twice; the row of members without a group is not the rest either."""
    grouped = [usage(rbac_group_id="rbac_group_a"), usage(rbac_group_id="rbac_group_b"), usage()]
    done = read_content(tmp_path, page(grouped, [usage(uncached_input_tokens=5)]))

    assert done.values("input_tokens") == [5]
    assert done.faults.bad == 3
    assert done.bad[0].endswith("export it again without group_by[]=rbac_group_id")


def test_costs_are_fractional_cents_with_the_list_price_beside_them(tmp_path: Path) -> None:
    """150.25 cents are 1.5025 USD, listed at 200.5 cents = 2.005 USD."""
    done = read_content(tmp_path, page([cost("150.25", cost_type="tokens", model="claude-opus-5", requests=3)]))
    row = done.row()

    assert done.source == "anthropic-analytics-cost"
    assert (row["reported_cost"], row["consumed_unit"], row["feature"]) == (Decimal("1.5025"), "tokens", "chat")
    assert (row["record_kind"], row["requests"]) == ("cost", 3)
    assert json.loads(row["tags"]) == {"list_amount": "2.005"}


def test_costs_by_overlapping_groups_are_set_aside(tmp_path: Path) -> None:
    done = read_content(tmp_path, page([cost("1", rbac_group_id="rbac_group_a"), cost("2")]))

    assert done.rows.is_empty()
    assert done.faults.bad == 2
