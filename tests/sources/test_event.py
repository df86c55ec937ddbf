"""Call events: read without a map, cache reads beside input, outcomes counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from shared import EXAMPLES, needs_shared
from source_rows import detected, read_file

if TYPE_CHECKING:
    from pathlib import Path

EVENT: dict[str, Any] = {
    "timestamp": "2026-11-02T09:15:04Z",
    "use_case": "ticket_reply",
    "team": "support",
    "user_id": "u1",
    "model": "gpt-4o-mini",
    "input_tokens": 820,
    "output_tokens": 110,
    "cache_read_tokens": 500,
    "cost_usd": 0.000189,
    "task_success": True,
}


def _lines(path: Path, *events: dict[str, Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
    return path


@needs_shared
def test_the_example_is_one_event() -> None:
    """820 in, 110 out, no cache reads, 0.000189 USD, one task that succeeded."""
    path = EXAMPLES / "formats" / "generic.csv"
    rows, faults = read_file(path)
    names = ("environment", "team", "feature", "user", "model", "input_tokens", "output_tokens", "cache_read_tokens")

    assert (detected(path), faults.bad) == ("event", 0)
    assert rows.select(names).rows() == [("prod", "support", "ticket_reply", "acme-corp", "gpt-4o-mini", 820, 110, 0)]
    assert rows.select("reported_cost", "requests", "tasks", "task_successes").row(0) == (Decimal("0.000189"), 1, 1, 1)


def test_cache_reads_stand_beside_input(tmp_path: Path) -> None:
    rows, _ = read_file(_lines(tmp_path / "e.jsonl", EVENT))

    assert rows.select("input_tokens", "cache_read_tokens").row(0) == (820, 500)


def test_lines_a_document_and_parquet_give_the_same_rows(tmp_path: Path) -> None:
    document, parquet = tmp_path / "e.json", tmp_path / "e.parquet"
    document.write_text(json.dumps([EVENT, EVENT]))
    pl.DataFrame([EVENT, EVENT]).write_parquet(parquet)
    paths = [_lines(tmp_path / "e.jsonl", EVENT, EVENT), document, parquet]
    frames = [read_file(path)[0].drop("origin") for path in paths]

    assert [detected(path) for path in paths] == ["event"] * 3
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])
    assert frames[0]["record_id"].n_unique() == 2


def test_an_outcome_not_told_is_no_task(tmp_path: Path) -> None:
    events = [{**EVENT, "task_success": value} for value in (True, False, None, "yes", 0)]
    rows, _ = read_file(_lines(tmp_path / "e.jsonl", *events))

    assert rows.select("tasks", "task_successes").rows() == [(1, 1), (1, 0), (None, None), (1, 1), (1, 0)]


def test_an_unknown_cost_is_not_zero(tmp_path: Path) -> None:
    rows, _ = read_file(_lines(tmp_path / "e.jsonl", {**EVENT, "cost_usd": None}))

    assert rows["reported_cost"].to_list() == [None]


def test_further_fields_are_ledger_columns_by_name_or_tags(tmp_path: Path) -> None:
    event = {**EVENT, "latency_ms": 12.5, "request_id": "r1", "squad": "x", "experiment": 7, "prompt": "secret"}
    rows, _ = read_file(_lines(tmp_path / "e.jsonl", event))

    assert rows.select("latency_ms", "record_id", "tags").row(0) == (12.5, "r1", '{"experiment": "7", "squad": "x"}')


@pytest.mark.parametrize("name", ["timestamp", "ts"])
def test_the_time_goes_by_either_name(tmp_path: Path, name: str) -> None:
    event = {name: "2026-11-02T00:00:00+01:00", **{key: value for key, value in EVENT.items() if key != "timestamp"}}
    rows, _ = read_file(_lines(tmp_path / "e.jsonl", event))

    assert rows["charge_period_start"].to_list() == [datetime(2026, 11, 1, 23, tzinfo=UTC)]


def test_an_event_without_time_or_with_negative_tokens_is_set_aside(tmp_path: Path) -> None:
    events = [EVENT, {**EVENT, "timestamp": None}, {**EVENT, "input_tokens": -1}, {**EVENT, "cost_usd": "free"}]
    rows, faults = read_file(_lines(tmp_path / "e.jsonl", *events))

    assert rows.height == 1
    assert sorted(faults.bad_examples) == [
        ("e.jsonl:2", "it has no time"),
        ("e.jsonl:3", "input_tokens: -1 is negative"),
        ("e.jsonl:4", "cost_usd: 'free' is not an amount"),
    ]


def test_tokens_alone_are_no_event(tmp_path: Path) -> None:
    path = _lines(tmp_path / "e.jsonl", {"timestamp": 1, "model": "m", "input_tokens": 1, "output_tokens": 1})

    assert detected(path) is None


def test_csv_rows_that_are_not_utf_8_are_set_aside_whether_whole_or_malformed(tmp_path: Path) -> None:
    """Row 3 has a Latin-1 letter; row 4 has one, and a field too many."""
    head = b"ts,use_case,team,model,input_tokens,output_tokens\n"
    good = b"2026-11-02T00:00:00Z,reply,support,gpt-4o,1,1\n"
    path = tmp_path / "e.csv"
    path.write_bytes(head + good + good.replace(b"support", b"b\xfcro") + good.replace(b"support", b"b\xfcro,x"))
    rows, faults = read_file(path)

    assert rows["team"].to_list() == ["support"]
    assert sorted(faults.bad_examples) == [
        ("e.csv#3", "the text is not UTF-8"),
        ("e.csv#4", "7 fields where the header has 6"),
    ]
