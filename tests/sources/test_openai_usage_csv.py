from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from report_files import read_content

if TYPE_CHECKING:
    from pathlib import Path

HEADER = (
    "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,"
    "service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens,input_text_tokens,"
    "output_text_tokens,input_cached_text_tokens,input_audio_tokens,input_cached_audio_tokens,output_audio_tokens,"
    "input_image_tokens,input_cached_image_tokens,output_image_tokens"
)
TIMES = "1793577600,1793664000,2026-11-02T00:00:00+00:00,2026-11-03T00:00:00+00:00"
COUNTS = "59200.0,10646.0,5760.0,53440.0,53440.0,10646.0,5760.0,0.0,0.0,0.0,0.0,0.0,0.0"
ROW = f"{TIMES},proj_a,10.0,user_a,key_a,gpt-4o-2024-08-06,FALSE,default,{COUNTS}"
BLANK = TIMES + "," * 20


def test_a_row_is_read_as_the_usage_api_would_be(tmp_path: Path) -> None:
    """59,200 in = 5,760 cached + 53,440 uncached text; 10 requests; the day's other row is blank and no record."""
    done = read_content(tmp_path, f"{HEADER}\n{BLANK}\n{ROW}")
    row = done.row()

    assert done.source == "openai-usage-csv"
    assert done.faults.bad == done.faults.odd == 0
    assert (row["input_tokens"], row["cache_read_tokens"], row["output_tokens"], row["requests"]) == (
        53440,
        5760,
        10646,
        10,
    )
    assert (row["audio_input_tokens"], row["image_output_tokens"]) == (0, 0)
    assert (row["project"], row["user"], row["api_key"], row["model"]) == (
        "proj_a",
        "user_a",
        "key_a",
        "gpt-4o-2024-08-06",
    )
    assert (row["service_tier"], row["endpoint"], row["origin"]) == ("standard", "completions", "input#3")
    assert row["charge_period_start"] == datetime(2026, 11, 2, tzinfo=UTC)


def test_tabs_between_the_columns_are_as_good_as_commas(tmp_path: Path) -> None:
    done = read_content(tmp_path, f"{HEADER}\n{ROW}".replace(",", "\t"))

    assert done.values("input_tokens") == [53440]


def test_equal_dimensions_twice_on_a_day_both_count(tmp_path: Path) -> None:
    done = read_content(tmp_path, "\n".join([HEADER, ROW, ROW, ROW.replace("10.0", "11.0")]))

    assert done.values("requests") == [10, 10, 11]
    assert done.rows["record_id"].n_unique() == 3


def test_times_may_come_as_text_only(tmp_path: Path) -> None:
    text = (
        "start_time_iso,end_time_iso,model,num_model_requests,characters\n2026-11-02T00:00:00,2026-11-03,tts-1,2,45\n"
    )
    row = read_content(tmp_path, text).row()

    assert (row["charge_period_start"], row["charge_period_end"]) == (
        datetime(2026, 11, 2, tzinfo=UTC),
        datetime(2026, 11, 3, tzinfo=UTC),
    )
    assert (row["endpoint"], row["consumed_quantity"], row["consumed_unit"]) == ("audio_speeches", 45.0, "character")


def test_searches_are_told_apart_by_the_model_requests_beside_them(tmp_path: Path) -> None:
    header = "start_time,end_time,start_time_iso,num_requests,num_model_requests"
    text = f"{header}\n1793577600,1793664000,2026-11-02,4,3\n1793577600,1793664000,2026-11-02,5,\n"
    done = read_content(tmp_path, text)

    assert done.values("consumed_unit") == ["web_search", "file_search"]
    assert done.values("requests") == [0, 0]


def test_a_count_that_is_no_number_is_set_aside(tmp_path: Path) -> None:
    done = read_content(tmp_path, "\n".join([HEADER, ROW.replace("59200.0", "n/a"), ROW]))

    assert done.rows.height == 1
    assert done.bad == ["input_tokens: 'n/a' is not a whole number"]
