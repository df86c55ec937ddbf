from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from polars.testing import assert_frame_equal

from report_files import read_content, read_path
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path


def result(**fields: Any) -> dict[str, Any]:
    return {"uncached_input_tokens": 1, "output_tokens": 1, **fields}


def page(*results: dict[str, Any], day: int = 2) -> dict[str, Any]:
    bucket = {
        "starting_at": f"2026-11-{day:02}T00:00:00Z",
        "ending_at": f"2026-11-{day + 1:02}T00:00:00Z",
        "results": list(results),
    }
    return {"data": [bucket], "has_more": False, "next_page": None}


@needs_shared
def test_the_token_fields_are_disjoint_as_they_come() -> None:
    """1,500 uncached, 200 read, 500 written for 5 minutes and 1,000 for an hour, 500 out, 10 searches; no requests."""
    row = read_path(EXAMPLES / "formats/anthropic_usage_report.json").row()

    assert {name: value for name, value in row.items() if name.endswith("_tokens")} == {
        "input_tokens": 1500,
        "cache_read_tokens": 200,
        "cache_write_tokens": 500,
        "cache_write_1h_tokens": 1000,
        "output_tokens": 500,
    }
    assert (row["consumed_quantity"], row["consumed_unit"]) == (10.0, "web_search")
    assert (row["model"], row["project"], row["api_key"]) == (
        "claude-sonnet-4-5-20250929",
        "wrkspc_test",
        "apikey_test",
    )
    assert (row["service_tier"], row["context_band"], row["region"]) == ("standard", "0-200k", "global")
    assert (row["record_kind"], row["provider"]) == ("usage", "anthropic")
    assert row["charge_period_start"] == datetime(2026, 11, 2, tzinfo=UTC)
    assert row["charge_period_end"] == datetime(2026, 11, 3, tzinfo=UTC)
    assert "requests" not in row
    assert "reported_cost" not in row


@pytest.mark.parametrize(
    ("tier", "speed", "expected"),
    [
        ("standard", None, "standard"),
        ("batch", "standard", "batch"),
        ("priority", None, "priority"),
        ("priority_on_demand", None, "priority"),
        ("flex", None, "flex"),
        ("flex_discount", None, "flex"),
        ("standard", "fast", "fast"),
        (None, None, None),
    ],
)
def test_service_tiers_are_the_ledgers(
    tmp_path: Path, tier: str | None, speed: str | None, expected: str | None
) -> None:
    done = read_content(tmp_path, page(result(service_tier=tier, speed=speed)))

    assert done.values("service_tier") == [expected]


def test_a_region_that_is_not_available_is_not_known(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(*(result(inference_geo=geo) for geo in ("us", "global", "not_available", None))))

    assert done.values("region") == ["us", "global", None, None]


def test_the_longer_context_window_is_a_band_of_its_own(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(*(result(context_window=w) for w in ("0-200k", "200k-1M", None, "1M-2M"))))

    assert done.values("context_band") == ["0-200k", "200k-1M", None, "1M-2M"]


def test_no_searches_is_no_meter(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(result(server_tool_use={"web_search_requests": 0}), result()))

    assert done.values("consumed_unit") == [None, None]


def test_wrong_types_are_brought_right_or_set_aside_alone(tmp_path: Path) -> None:
    done = read_content(
        tmp_path,
        page(
            result(uncached_input_tokens="10"),
            result(uncached_input_tokens=10.0),
            result(uncached_input_tokens="ten"),
            result(uncached_input_tokens=-1),
            result(cache_creation={"ephemeral_5m_input_tokens": "3"}),
        ),
    )

    assert done.values("input_tokens") == [10, 10, 1]
    assert done.values("cache_write_tokens") == [None, None, 3]
    assert done.bad == [
        "result 3: uncached_input_tokens: 'ten' is not a number",
        "input_tokens: -1 is negative",
    ]


def test_an_offset_in_a_bucket_time_is_brought_to_utc(tmp_path: Path) -> None:
    whole = page(result())
    whole["data"][0]["starting_at"] = "2026-11-02T01:00:00+01:00"

    assert read_content(tmp_path, whole).values("charge_period_start") == [datetime(2026, 11, 2, tzinfo=UTC)]


def test_a_page_of_empty_buckets_counts_nothing(tmp_path: Path) -> None:
    done = read_content(tmp_path, page())

    assert done.source == "anthropic-usage"
    assert done.rows.is_empty()
    assert done.faults.bad == 0


def test_a_page_cut_short_gives_the_buckets_before_the_cut(tmp_path: Path) -> None:
    buckets = [page(result(uncached_input_tokens=day), day=day)["data"][0] for day in (2, 3, 4)]
    text = json.dumps({"data": buckets}, indent=1)
    done = read_content(tmp_path, text[: text.rindex("output_tokens")])

    assert done.values("input_tokens") == [2, 3]
    assert done.faults.bad == 1


@pytest.mark.parametrize("how", ["lines", "pages", "array", "gzip"])
def test_every_container_gives_the_same_rows_and_ids(tmp_path: Path, how: str) -> None:
    pages = [page(result(uncached_input_tokens=5), result(model="m")), page(result(output_tokens=9), day=3)]
    buckets = [bucket for each in pages for bucket in each["data"]]
    content = {
        "lines": "\n".join(map(json.dumps, pages)).encode(),
        "pages": "\n".join(json.dumps(each, indent=2) for each in pages).encode(),
        "array": json.dumps(buckets, indent=2).encode(),
        "gzip": gzip.compress(json.dumps({"data": buckets}).encode()),
    }
    one = read_content(tmp_path, {"data": buckets}, "one")
    other = read_content(tmp_path, content[how], "other")

    assert one.rows.height == 3
    assert other.faults.bad == 0
    assert_frame_equal(one.rows.drop("origin"), other.rows.drop("origin"))
