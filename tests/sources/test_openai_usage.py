from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from polars.testing import assert_frame_equal

from report_files import read_content, read_path
from shared import DATA, EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

DAY = 1793577600
"""2026-11-02T00:00:00Z."""


def bucket(*results: dict[str, Any], start: int = DAY, seconds: int = 86400) -> dict[str, Any]:
    return {"object": "bucket", "start_time": start, "end_time": start + seconds, "results": list(results)}


def page(*buckets: dict[str, Any]) -> dict[str, Any]:
    return {"object": "page", "data": list(buckets), "has_more": False, "next_page": None}


def completions(**fields: Any) -> dict[str, Any]:
    return {"object": "organization.usage.completions.result", "num_model_requests": 1, **fields}


@needs_shared
def test_the_documented_completions_result_splits_into_disjoint_classes() -> None:
    """1000 input = 400 text + 50 audio + 50 image uncached, 400 cached, 100 written; 500 output = 400 + 50 + 50."""
    row = read_path(EXAMPLES / "formats/openai_usage_completions.json").row()

    assert {name: row.pop(name) for name in list(row) if name.endswith("_tokens")} == {
        "input_tokens": 400,
        "audio_input_tokens": 50,
        "image_input_tokens": 50,
        "cache_read_tokens": 400,
        "cache_write_tokens": 100,
        "output_tokens": 400,
        "audio_output_tokens": 50,
        "image_output_tokens": 50,
    }
    assert row["requests"] == 5
    assert (row["model"], row["project"], row["api_key"]) == ("gpt-4o-2024-08-06", "proj_test", "key_test")
    assert (row["service_tier"], row["endpoint"], row["record_kind"]) == ("standard", "completions", "usage")
    assert row["charge_period_start"] == datetime(2026, 11, 2, tzinfo=UTC)
    assert row["charge_period_end"] == datetime(2026, 11, 3, tzinfo=UTC)
    assert "reported_cost" not in row


@needs_shared
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("embeddings", {"input_tokens": 16, "requests": 2}),
        ("moderations", {"input_tokens": 16, "requests": 2}),
        ("images", {"consumed_quantity": 2.0, "consumed_unit": "image", "requests": 2}),
        ("audio_speeches", {"consumed_quantity": 45.0, "consumed_unit": "character", "requests": 1}),
        ("audio_transcriptions", {"consumed_quantity": 20.0, "consumed_unit": "second", "requests": 1}),
        ("vector_stores", {"consumed_quantity": 1024.0, "consumed_unit": "vector_store_byte", "requests": 0}),
        ("file_search_calls", {"consumed_quantity": 2.0, "consumed_unit": "file_search", "requests": 0}),
        ("web_search_calls", {"consumed_quantity": 2.0, "consumed_unit": "web_search", "requests": 0}),
        (
            "code_interpreter_sessions",
            {"consumed_quantity": 1.0, "consumed_unit": "code_interpreter_session", "requests": 0},
        ),
    ],
)
def test_every_kind_of_report_is_read(name: str, expected: dict[str, Any]) -> None:
    """The vendor's own example of each kind holds one result; calls of hosted tools are no requests of their own."""
    done = read_path(DATA / f"fixtures/openai/usage_{name}.json")
    row = done.row()

    assert done.source == "openai-usage"
    assert done.faults.bad == done.faults.odd == 0
    measured = ("_tokens", "consumed_quantity", "consumed_unit", "requests")
    assert {field: value for field, value in row.items() if field.endswith(measured)} == expected
    assert row["endpoint"] == {"file_search_calls": "file_searches", "web_search_calls": "web_searches"}.get(name, name)


def test_an_old_payload_takes_cached_and_audio_out_of_the_input(tmp_path: Path) -> None:
    """1000 in = 300 cached + 200 audio + 500 text; 80 out = 30 audio + 50 text; nothing is said about cache writes."""
    old = completions(
        input_tokens=1000, input_cached_tokens=300, input_audio_tokens=200, output_tokens=80, output_audio_tokens=30
    )
    row = read_content(tmp_path, page(bucket(old))).row()

    assert (row["input_tokens"], row["cache_read_tokens"], row["audio_input_tokens"]) == (500, 300, 200)
    assert (row["output_tokens"], row["audio_output_tokens"]) == (50, 30)
    assert "cache_write_tokens" not in row


def test_a_result_without_cache_fields_says_nothing_about_the_cache(tmp_path: Path) -> None:
    row = read_content(tmp_path, page(bucket(completions(input_tokens=10, output_tokens=2)))).row()

    assert row["input_tokens"] == 10
    assert "cache_read_tokens" not in row


def test_more_cached_than_input_is_remarked_and_never_negative(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(bucket(completions(input_tokens=100, input_cached_tokens=150))))

    assert done.values("input_tokens") == [0]
    assert done.values("cache_read_tokens") == [100]
    assert done.faults.odd == 1
    assert "input_tokens: 100 is less than its parts" in done.odd[0]


def test_parts_that_do_not_add_up_to_the_total_are_remarked(tmp_path: Path) -> None:
    """500 uncached + 400 cached + 100 written are 1000, not 1200: the 200 over count as text, so the total holds."""
    uneven = completions(
        input_tokens=1200, input_uncached_tokens=500, input_cached_tokens=400, input_cache_write_tokens=100
    )
    done = read_content(tmp_path, page(bucket(uneven)))

    assert done.values("input_tokens") == [700]
    parts = "input_uncached_tokens + input_cached_tokens + input_cache_write_tokens"
    assert done.odd == [f"input_tokens: 1200 is not its parts {parts} = 1000"]


@pytest.mark.parametrize(
    ("batch", "tier", "expected"),
    [
        (True, "default", "batch"),
        (False, "default", "standard"),
        (False, "flex", "flex"),
        (None, "priority", "priority"),
        (None, "auto", None),
        (None, None, None),
    ],
)
def test_batch_comes_before_the_service_tier(
    tmp_path: Path, *, batch: bool | None, tier: str | None, expected: str | None
) -> None:
    result = completions(input_tokens=1, batch=batch, service_tier=tier)

    assert read_content(tmp_path, page(bucket(result))).values("service_tier") == [expected]


def test_numbers_as_text_or_with_a_decimal_point_are_read(tmp_path: Path) -> None:
    row = read_content(tmp_path, page(bucket(completions(input_tokens="10", output_tokens=20.0)))).row()

    assert (row["input_tokens"], row["output_tokens"]) == (10, 20)


def test_one_bad_result_is_set_aside_and_the_rest_of_its_bucket_counts(tmp_path: Path) -> None:
    results = [completions(input_tokens=n) for n in (5, "many", 10.5, -1, 7)]
    done = read_content(tmp_path, page(bucket(*results)))

    assert done.values("input_tokens") == [5, 7]
    assert done.bad == [
        "result 2: input_tokens: 'many' is not a number",
        "result 3: input_tokens: '10.5' is not a whole number that can be counted",
        "input_tokens: -1 is negative",
    ]
    assert [place for place, _ in done.faults.bad_examples] == ["input:1"] * 3


@pytest.mark.parametrize("extra", ["text", 5, None, [1]])
def test_a_result_that_is_no_object_is_set_aside(tmp_path: Path, extra: object) -> None:
    whole = page(bucket(completions(input_tokens=5)))
    whole["data"][0]["results"].append(extra)
    done = read_content(tmp_path, whole)

    assert done.values("input_tokens") == [5]
    assert len(done.bad) == 1
    assert "an object was expected" in done.bad[0]


def test_empty_buckets_are_no_records(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(bucket(), bucket(completions(input_tokens=5), start=DAY + 86400), bucket()))

    assert done.values("input_tokens") == [5]
    assert done.faults.bad == 0


def test_a_page_of_empty_buckets_is_recognised_and_counts_nothing(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(bucket(), bucket()))

    assert done.source == "openai-usage"
    assert done.rows.is_empty()
    assert done.faults.bad == 0


def test_a_bucket_without_results_is_set_aside(tmp_path: Path) -> None:
    lines = [json.dumps(bucket(completions(input_tokens=5))), '{"start_time":1793577600,"end_time":1793664000}']
    done = read_content(tmp_path, "\n".join(lines))

    assert done.values("input_tokens") == [5]
    assert done.bad == ["it has no list of results"]


def test_a_costs_result_among_usage_is_set_aside_by_name(tmp_path: Path) -> None:
    cost = {"object": "organization.costs.result", "amount": {"value": 1, "currency": "usd"}}
    done = read_content(tmp_path, page(bucket(completions(input_tokens=5), cost)))

    assert done.values("input_tokens") == [5]
    assert done.bad == ["'organization.costs.result' is no usage result: give it as a file of its own"]


def test_a_result_that_counts_nothing_is_set_aside(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(bucket({"object": "organization.usage.completions.result", "model": "gpt-4o"})))

    assert done.rows.is_empty()
    assert done.bad == ["it counts nothing"]


def test_hourly_and_minute_buckets_keep_their_bounds(tmp_path: Path) -> None:
    """23:00 to 24:00 and 23:59 to 24:00 on 2 November end at the first instant of the 3rd."""
    hour = bucket(completions(input_tokens=1), start=DAY + 23 * 3600, seconds=3600)
    minute = bucket(completions(input_tokens=2), start=DAY + 86340, seconds=60)
    done = read_content(tmp_path, page(hour, minute))

    assert done.values("charge_period_start") == [
        datetime(2026, 11, 2, 23, tzinfo=UTC),
        datetime(2026, 11, 2, 23, 59, tzinfo=UTC),
    ]
    assert done.values("charge_period_end") == [datetime(2026, 11, 3, tzinfo=UTC)] * 2


TWO_PAGES = (
    page(
        bucket(
            completions(input_tokens=1000, input_cached_tokens=400, model="a"), completions(input_tokens=5, model="b")
        ),
        bucket(),
    ),
    page(bucket(completions(input_tokens=7, model="é | 'x'"), start=DAY + 86400)),
)
BUCKETS = [one for each in TWO_PAGES for one in each["data"]]


@pytest.mark.parametrize(
    "content",
    [
        "".join(json.dumps(each, indent=4) for each in TWO_PAGES),
        "\n".join(json.dumps(each) for each in TWO_PAGES) + "\n",
        json.dumps(BUCKETS),
        json.dumps(BUCKETS, indent=1, ensure_ascii=False),
        "\n".join(json.dumps(each) for each in BUCKETS),
        "\r\n".join(json.dumps(each) for each in TWO_PAGES),
        b"\xef\xbb\xbf" + json.dumps(page(*BUCKETS)).encode(),
        gzip.compress(json.dumps(page(*BUCKETS)).encode()),
        '{"object": "page", "data": [\n' + ",\n".join(json.dumps(each) for each in BUCKETS) + '\n], "has_more": false}',
    ],
    ids=["pages", "page lines", "array", "pretty array", "buckets", "crlf", "bom", "gzip", "bucket lines in a page"],
)
def test_every_container_gives_the_same_rows_and_ids(tmp_path: Path, content: str | bytes) -> None:
    one = read_content(tmp_path, page(*BUCKETS), "one")
    other = read_content(tmp_path, content, "other")

    assert one.rows.height == 3
    assert other.faults.bad == 0
    assert_frame_equal(one.rows.drop("origin"), other.rows.drop("origin"))


def test_rows_of_page_lines_name_the_line_of_their_page(tmp_path: Path) -> None:
    done = read_content(tmp_path, "\n".join(json.dumps(each) for each in TWO_PAGES))

    assert done.values("origin") == ["input:1", "input:1", "input:2"]


def test_equal_results_of_one_file_both_count_and_differ_in_id(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(bucket(completions(input_tokens=5), completions(input_tokens=5))))

    assert done.rows["record_id"].n_unique() == 2


def test_a_page_cut_short_gives_the_buckets_before_the_cut_and_one_bad_record(tmp_path: Path) -> None:
    text = json.dumps(
        page(*[bucket(completions(input_tokens=n + 1), start=DAY + 86400 * n) for n in range(3)]), indent=2
    )
    done = read_content(tmp_path, text[: text.rindex('"input_tokens"')])

    assert done.values("input_tokens") == [1, 2]
    assert len(done.bad) == 1
    assert done.bad[0].startswith("the document is cut or malformed here")


def test_a_second_page_cut_short_keeps_the_whole_first_page(tmp_path: Path) -> None:
    text = "".join(json.dumps(each, indent=2) for each in (*TWO_PAGES, TWO_PAGES[1]))
    done = read_content(tmp_path, text[:-20])

    assert done.values("input_tokens") == [600, 5, 7, 7]
    assert done.faults.bad == 1


def test_a_bucket_larger_than_the_first_look_is_recognised(tmp_path: Path) -> None:
    """2,000 results of about 100 bytes each: 200 kB in one bucket, beyond the 64 KiB that detection reads."""
    done = read_content(tmp_path, page(bucket(*[completions(input_tokens=1, model=f"m{n}") for n in range(2000)])))

    assert done.source == "openai-usage"
    assert done.rows["input_tokens"].sum() == 2000
