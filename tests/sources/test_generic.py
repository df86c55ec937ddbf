"""Files of one's own, by a map: the map is checked when it is read, the values when they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from finopsctl.errors import ConfigError
from finopsctl.sources import generic, source_named
from finopsctl.sources._input import InputFile
from finopsctl.sources._probe import probe
from shared import DATA, needs_shared
from source_rows import detected, read_file

if TYPE_CHECKING:
    from pathlib import Path

AZURE = """
[columns]
charge_period_start = "TIMESTAMP"
input_tokens = "ContextTokens"
output_tokens = "GeneratedTokens"
[constants]
provider = "openai"
model = "gpt-4o"
requests = 1
[options]
tokens = "inclusive"
cost_unit = "usd"
timezone = "UTC"
"""


def _map(columns: dict[str, str], constants: dict[str, Any] | None = None, **options: str) -> generic.ColumnMap:
    document = {"columns": {"charge_period_start": "t", **columns}, "constants": constants or {}, "options": options}
    return generic.column_map(document, "map.toml")


def _read(path: Path, lines: list[dict[str, Any]], mapping: generic.ColumnMap) -> tuple[pl.DataFrame, list[str]]:
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    rows, faults = read_file(path, generic.source(mapping))
    return rows, [reason for _, reason in (*faults.bad_examples, *faults.odd_examples)]


@needs_shared
def test_the_azure_trace_is_read_to_the_last_row(tmp_path: Path) -> None:
    """8,819 requests, 18,059,974 in and 245,896 out; times have 7 digits and no zone, the last line no end."""
    (tmp_path / "map.toml").write_text(AZURE)
    source = generic.source(generic.load_map(tmp_path / "map.toml"))
    rows, faults = read_file(DATA / "azure_llm_2023_code" / "AzureLLMInferenceTrace_code.csv.gz", source)

    assert faults.bad == 0
    assert rows.select(pl.col("requests", "input_tokens", "output_tokens").sum()).row(0) == (8_819, 18_059_974, 245_896)
    assert rows["charge_period_start"].min() == datetime(2023, 11, 16, 18, 17, 3, 979960, tzinfo=UTC)
    assert rows["charge_period_start"].max() == datetime(2023, 11, 16, 19, 14, 19, 928016, tzinfo=UTC)
    assert rows["record_id"].n_unique() == 8_819
    assert set(rows["record_kind"]) == {"request"}


def test_a_dotted_path_reaches_into_nested_json_and_a_dotted_key_is_found_too(tmp_path: Path) -> None:
    mapping = _map({"input_tokens": "usage.in", "cache_read_tokens": "usage.details.cached", "team": "x.team"})
    lines = [{"t": "2026-11-01", "usage": {"in": 100, "details": {"cached": 40}, "text": "kept out"}, "x.team": "a"}]
    rows, _ = _read(tmp_path / "a.jsonl", lines, mapping)

    assert rows.select("input_tokens", "cache_read_tokens", "team").row(0) == (60, 40, "a")


def test_inclusive_totals_are_taken_apart_and_exclusive_ones_are_not(tmp_path: Path) -> None:
    """In 100 with 40 read and 10 written: 50 left. Out 30 with 20 of reasoning: 10 left."""
    columns = {
        "input_tokens": "i",
        "cache_read_tokens": "r",
        "cache_write_tokens": "w",
        "output_tokens": "o",
        "reasoning_tokens": "th",
    }
    lines = [{"t": "2026-11-01", "i": 100, "r": 40, "w": 10, "o": 30, "th": 20}]
    inclusive, _ = _read(tmp_path / "a.jsonl", lines, _map(columns))
    exclusive, _ = _read(tmp_path / "a.jsonl", lines, _map(columns, tokens="exclusive"))

    assert inclusive.select(*columns).row(0) == (50, 40, 10, 10, 20)
    assert exclusive.select(*columns).row(0) == (100, 40, 10, 30, 20)


def test_a_total_below_its_parts_is_remarked_and_never_negative(tmp_path: Path) -> None:
    rows, remarks = _read(
        tmp_path / "a.jsonl",
        [{"t": "2026-11-01", "i": 10, "r": 40}],
        _map({"input_tokens": "i", "cache_read_tokens": "r"}),
    )

    assert rows["input_tokens"].to_list() == [0]
    assert remarks == ["input_tokens: 10 is less than its parts cache_read_tokens = 40"]


@pytest.mark.parametrize(
    ("unit", "amount", "usd"),
    [
        ("usd", "0.000000000001", "0.000000000001"),
        ("cents", "12.5", "0.125"),
        ("micros", 189, "0.000189"),
        ("nanos", "1e3", "0.000001"),
        ("cents", "-0.01", "-0.0001"),
    ],
)
def test_amounts_are_converted_exactly(tmp_path: Path, unit: str, amount: Any, usd: str) -> None:
    rows, _ = _read(
        tmp_path / "a.jsonl", [{"t": "2026-11-01", "c": amount}], _map({"reported_cost": "c"}, cost_unit=unit)
    )

    assert rows["reported_cost"].to_list() == [Decimal(usd)]


def test_times_without_a_zone_are_in_the_maps_zone(tmp_path: Path) -> None:
    """Berlin is UTC+1 in November; a time with a zone and an epoch number need no help."""
    lines = [{"t": t, "n": 1} for t in ("2026-11-02 01:00:00", "2026-11-02T01:00:00+02:00", 1793577600)]
    rows, _ = _read(tmp_path / "a.jsonl", lines, _map({"requests": "n"}, timezone="Europe/Berlin"))

    assert rows["charge_period_start"].to_list() == [
        datetime(2026, 11, 2, tzinfo=UTC),
        datetime(2026, 11, 1, 23, tzinfo=UTC),
        datetime(2026, 11, 2, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%d.%m.%Y %H:%M", "02.11.2026 00:00"),
        ("%d/%m/%Y", "02/11/2026"),
        ("%d.%m.%Y %H:%M %z", "02.11.2026 01:00 +0100"),
    ],
)
def test_a_timestamp_format_says_how_times_are_written(tmp_path: Path, pattern: str, text: str) -> None:
    rows, _ = _read(tmp_path / "a.jsonl", [{"t": text, "n": 1}], _map({"requests": "n"}, timestamp_format=pattern))

    assert rows["charge_period_start"].to_list() == [datetime(2026, 11, 2, tzinfo=UTC)]


def test_values_that_do_not_fit_are_set_aside_naming_both_columns(tmp_path: Path) -> None:
    lines = [{"t": "2026-11-01", "n": 1}, {"t": "soon", "n": 1}, {"t": "2026-11-01", "n": 1.5}]
    rows, reasons = _read(tmp_path / "a.jsonl", lines, _map({"input_tokens": "n"}))

    assert rows.height == 1
    assert reasons == ["charge_period_start (t): 'soon' is not a time", "input_tokens (n): '1.5' is not a whole number"]


def test_flags_count_as_one_and_none_and_named_tags_are_tags(tmp_path: Path) -> None:
    mapping = _map({"requests": "n", "errors": "failed", "tag:zone": "z", "tags": "labels"})
    lines = [
        {"t": "2026-11-01", "n": 1, "failed": True, "z": "eu", "labels": {"a": "1"}},
        {"t": "2026-11-01", "n": 1, "failed": False},
    ]
    rows, _ = _read(tmp_path / "a.jsonl", lines, mapping)

    assert rows.select("errors", "tags").rows() == [(1, '{"a": "1", "zone": "eu"}'), (0, None)]


def test_parquet_is_read_by_the_same_map(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"t": [datetime(2026, 11, 1, tzinfo=UTC)], "u": [{"in": 5}], "c": [0.1]}).write_parquet(path)
    rows, faults = read_file(path, generic.source(_map({"input_tokens": "u.in", "reported_cost": "c"})))

    assert faults.bad == 0
    assert rows.select("input_tokens", "reported_cost").row(0) == (5, Decimal("0.1"))


def test_a_column_that_the_file_lacks_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t,ContextTokens\n2026-11-01,5\n")

    with pytest.raises(ConfigError, match="no column 'ContextToken'") as raised:
        read_file(path, generic.source(_map({"input_tokens": "ContextToken"})))
    assert "ContextTokens" in raised.value.hint


def test_a_map_knows_which_files_it_fits(tmp_path: Path) -> None:
    fits, other = tmp_path / "a.csv", tmp_path / "b.csv"
    fits.write_text("t,n\n2026-11-01,5\n")
    other.write_text("time,n\n2026-11-01,5\n")
    source = generic.source(_map({"input_tokens": "n"}))

    assert [source.score(probe(InputFile(path, path.name))) for path in (fits, other)] == [1.0, 0.0]


def test_without_a_map_nothing_is_taken_for_generic(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t,n\n2026-11-01,5\n")

    assert detected(path) is None
    with pytest.raises(ConfigError, match="needs a map"):
        read_file(path, source_named("generic"))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[columns\n", "no valid TOML", "finopsctl sources generic"),
        ("[column]\n", "unknown table", "'columns'"),
        ("columns = 1\n", r"\[columns\] must be a table", "line of its own"),
        ('[columns]\ninput_token = "x"\n', "'input_token' is no ledger column", "'input_tokens'"),
        ("[columns]\ninput_tokens = 3\n", "must name a column", "Their column"),
        ('[columns]\ninput_tokens = "x"\n', "no column is named for charge_period_start", "Their time column"),
        ('[columns]\ncharge_period_start = "t"\n', "nothing to count", "input_tokens"),
        ('[columns]\nteam = "x"\n[constants]\nteam = "a"\n', "both a column and a constant", "one of the two"),
        ('[constants]\nrequests = "many"\ncharge_period_start = "2026-11-01"\n', "is not a whole number", "Correct"),
        (
            '[columns]\ncharge_period_start="t"\nrequests="n"\n[options]\nzone="UTC"\n',
            "unknown option 'zone'",
            "timezone",
        ),
        (
            '[columns]\ncharge_period_start="t"\nrequests="n"\n[options]\ntokens="both"\n',
            "none of inclusive",
            "one of these",
        ),
        (
            '[columns]\ncharge_period_start="t"\nrequests="n"\n[options]\ncost_unit="eur"\n',
            "none of usd, cents",
            "one of",
        ),
        ('[columns]\ncharge_period_start="t"\nrequests="n"\n[options]\ntimezone="Mars"\n', "unknown time zone", "IANA"),
        (
            '[columns]\ncharge_period_start="t"\nrequests="n"\n[options]\ntimestamp_format="%Q"\n',
            "cannot tell a day",
            "%Y",
        ),
    ],
)
def test_a_broken_map_says_what_and_where(tmp_path: Path, text: str, message: str, hint: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)

    with pytest.raises(ConfigError, match=message) as raised:
        generic.load_map(path)
    assert raised.value.message.startswith(str(path))
    assert hint in raised.value.hint


def test_a_map_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        generic.load_map(tmp_path / "none.toml")
