"""The ledger read back: from CSV, JSON lines and Parquet, complete or with the least columns."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from finopsctl.ledger.schema import COST_TYPES, INSTANT, LEDGER, LEDGER_SCHEMA, MONEY, RECORD_KINDS, conform
from finopsctl.renderers import csv as csv_file
from finopsctl.renderers import jsonl as jsonl_file
from finopsctl.sources import ledger
from finopsctl.sources._parts import tags_json
from source_rows import detected, read_file

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def _save(frame: pl.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return path
    with path.open("wb") as sink:
        (csv_file if path.suffix == ".csv" else jsonl_file).write(frame, sink)
    return path


def _csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# Control characters other than tab and line ends have no form that all three containers keep.
_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\t\n'=+-@"), min_size=1, max_size=12)
_WORDS = _TEXT.filter(lambda text: bool(text.strip()) and "\r" not in text)
_AMOUNTS = st.decimals(Decimal("-1e9"), Decimal("1e9"), places=12)
_VALUES: dict[Any, st.SearchStrategy[Any]] = {
    pl.String(): _WORDS,
    pl.Int64(): st.integers(0, 10**13),
    pl.Float64(): st.floats(0, 1e12),
    MONEY: _AMOUNTS,
    INSTANT: st.integers(0, 10**15).map(lambda micros: FIRST + timedelta(microseconds=micros)),
}
_NEVER_NULL = {
    "charge_period_start": _VALUES[INSTANT],
    "record_kind": st.sampled_from(RECORD_KINDS),
    "cost_type": st.none() | st.sampled_from(COST_TYPES),
    "provider": _WORDS,
    "billing_currency": st.sampled_from(("USD", "EUR")),
    "source": st.sampled_from(("litellm", "focus")),
    "origin": st.sampled_from(("a.jsonl:1", "-:7")),
    "record_id": _WORDS,
    # As sources write them; labels that carry secrets or addresses are left out, so tags may come to nothing.
    "tags": st.dictionaries(_WORDS, _WORDS, min_size=1, max_size=3).map(tags_json),
}
_ROW = st.fixed_dictionaries(
    {c.name: st.none() | _VALUES[c.dtype] for c in LEDGER if c.name not in _NEVER_NULL} | _NEVER_NULL
)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
@given(rows=st.lists(_ROW, min_size=1, max_size=4))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_ledger_read_back_is_the_same_ledger(tmp_path: Path, name: str, rows: list[dict[str, Any]]) -> None:
    written = pl.DataFrame(rows, schema=LEDGER_SCHEMA)
    path = _save(written, tmp_path / name)
    read, faults = read_file(path)

    assert detected(path) == "ledger"
    assert faults.bad_examples == []
    assert_frame_equal(read.drop("__rank", "__call"), written)


def test_the_least_ledger_is_a_time_and_a_count(tmp_path: Path) -> None:
    """Two rows: dates are midnight UTC, each row is one request, the provider is not known."""
    path = _csv(tmp_path / "l.csv", "charge_period_start,input_tokens\n2026-11-01,10\n2026-11-02T00:00:00+01:00,20\n")
    rows, faults = read_file(path)
    names = ("charge_period_start", "record_kind", "requests", "input_tokens", "output_tokens", "provider")

    assert faults.bad == 0
    assert rows.select(names).rows() == [
        (FIRST, "request", 1, 10, None, "unknown"),
        (datetime(2026, 11, 1, 23, tzinfo=UTC), "request", 1, 20, None, "unknown"),
    ]
    assert rows["origin"].to_list() == ["l.csv#2", "l.csv#3"]
    assert rows["record_id"].n_unique() == 2


def test_a_row_with_an_end_is_a_bucket_unless_it_is_one_request(tmp_path: Path) -> None:
    text = (
        "charge_period_start,charge_period_end,requests,record_kind\n"
        "2026-11-01,2026-11-02,12,\n"
        "2026-11-01,2026-11-02,,\n"
        "2026-11-01,2026-11-02,1,\n"
        "2026-11-01,,12,\n"
        "2026-11-01,,,Cost\n"
    )
    rows, _ = read_file(_csv(tmp_path / "l.csv", text))

    assert rows.select("record_kind", "requests").rows() == [
        ("usage", 12),
        ("usage", None),
        ("request", 1),
        ("request", 12),
        ("cost", None),
    ]


def test_an_unknown_kind_is_set_aside_with_its_row(tmp_path: Path) -> None:
    rows, faults = read_file(
        _csv(tmp_path / "l.csv", "charge_period_start,requests,record_kind\n2026-11-01,1,refund\n")
    )

    assert rows.height == 0
    assert faults.bad_examples == [("l.csv#2", "record_kind: 'refund' is none of request, usage, cost, credit")]


@pytest.mark.parametrize("amount", ["0.1", 0.1, Decimal("0.10"), Decimal("0.1000000000000")])
def test_money_may_be_text_float_or_decimal(tmp_path: Path, amount: Any) -> None:
    path = tmp_path / "l.parquet"
    pl.DataFrame({"charge_period_start": [date(2026, 11, 1)], "reported_cost": [amount]}).write_parquet(path)
    read, _ = read_file(path)
    scanned = ledger.scan(path).collect()

    assert read["reported_cost"].to_list() == scanned["reported_cost"].to_list() == [Decimal("0.100000000000")]


def test_amounts_with_more_digits_than_a_float_keep_them_all(tmp_path: Path) -> None:
    """1234567.123456789012 has 19 digits; a float would end in ...456789."""
    path = tmp_path / "l.jsonl"
    path.write_text('{"charge_period_start": "2026-11-01", "reported_cost": 1234567.123456789012, "team": "a"}\n')

    assert read_file(path)[0]["reported_cost"].to_list() == [Decimal("1234567.123456789012")]


def test_further_columns_become_tags_but_prompts_and_addresses_do_not(tmp_path: Path) -> None:
    lines = [
        {
            "charge_period_start": "2026-11-01",
            "requests": 1,
            "tags": {"b": "2"},
            "squad": "x",
            "prompt": "secret words",
        },
        {
            "charge_period_start": "2026-11-01",
            "requests": 1,
            "squad": None,
            "messages": ["secret"],
            "client_ip": "10.0.0.1",
        },
        {"charge_period_start": "2026-11-01", "requests": 1, "tags": "free text"},
    ]
    path = tmp_path / "l.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    rows, _ = read_file(path)

    assert rows["tags"].to_list() == ['{"b": "2", "squad": "x"}', None, '{"tags": "free text"}']


def test_text_escaped_against_spreadsheets_is_what_it_was(tmp_path: Path) -> None:
    header = "charge_period_start,requests,reported_cost,team,user,squad"
    text = f"{header}\n2026-11-01,1,-5,'=1+1,''-x,'@y\n2026-11-01,1,-5,'a,it's,\n"
    rows, _ = read_file(_csv(tmp_path / "l.csv", text))

    assert rows.select("team", "user", "tags").rows() == [("=1+1", "'-x", '{"squad": "@y"}'), ("'a", "it's", None)]
    assert rows["reported_cost"].sum() == -10


def test_json_lines_are_not_unescaped(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text(json.dumps({"charge_period_start": "2026-11-01", "requests": 1, "team": "'=x"}))

    assert read_file(path)[0]["team"].to_list() == ["'=x"]


def test_source_and_origin_stay_what_the_first_reader_wrote(tmp_path: Path) -> None:
    text = "charge_period_start,requests,source,origin,record_id\n2026-11-01,1,litellm,a.jsonl:3,r1\n2026-11-01,1,,,\n"
    rows, _ = read_file(_csv(tmp_path / "l.csv", text))

    assert rows.select("source", "origin").rows() == [("litellm", "a.jsonl:3"), ("ledger", "l.csv#3")]
    assert rows["record_id"][0] == "r1"


def _parquet(path: Path) -> Path:
    conform(
        pl.LazyFrame(
            {
                "charge_period_start": [START, START + timedelta(hours=1)],
                "team": ["a", "b"],
                "requests": [1, 1],
                "record_kind": ["request", "request"],
                "reported_cost": [Decimal("0.1"), Decimal("0.2")],
                "record_id": ["x", "y"],
            }
        )
    ).sink_parquet(path)
    return path


def test_a_ledger_that_normalize_wrote_is_scanned_as_it_is(tmp_path: Path) -> None:
    path = _parquet(tmp_path / "l.parquet")
    plan = ledger.scan(path).group_by("team").agg(pl.col("reported_cost").sum()).explain()

    assert ledger.is_exact(path)
    assert "cast" not in plan
    assert f"PROJECT 2/{len(LEDGER)} COLUMNS" in plan
    assert ledger.scan(path).collect_schema() == LEDGER_SCHEMA


def test_a_ledger_of_other_types_is_scanned_into_the_ledgers(tmp_path: Path) -> None:
    """Local times without a zone are UTC, milliseconds and floats fit, the further column is a tag."""
    path = tmp_path / "l.parquet"
    frame = pl.DataFrame(
        {
            "charge_period_start": pl.Series([FIRST.replace(tzinfo=None)], dtype=pl.Datetime("ms")),
            "input_tokens": pl.Series([7.0]),
            "output_tokens": pl.Series([3], dtype=pl.Int32),
            "reported_cost": ["1e-7"],
            "team": pl.Series(["a"], dtype=pl.Categorical),
            "squad": [5],
        }
    )
    frame.write_parquet(path)
    scanned = ledger.scan(path)
    row = scanned.collect().row(0, named=True)

    assert not ledger.is_exact(path)
    assert scanned.collect_schema() == LEDGER_SCHEMA
    assert (row["charge_period_start"], row["input_tokens"], row["output_tokens"]) == (FIRST, 7, 3)
    assert (row["reported_cost"], row["team"], row["tags"]) == (Decimal("1e-7"), "a", '{"squad": "5"}')
    assert (row["record_kind"], row["requests"], row["source"]) == ("request", 1, "ledger")


def test_a_scan_reads_no_column_that_is_not_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "l.parquet"
    frame = pl.DataFrame(
        {"charge_period_start": [date(2026, 11, 1)], "requests": [1], "reported_cost": [0.1], "squad": ["x"]}
    )
    frame.write_parquet(path)
    plan = ledger.scan(path).select(pl.col("reported_cost").sum()).explain()

    assert "PROJECT 1/4 COLUMNS" in plan


def test_equal_rows_of_a_scan_have_ids_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "l.parquet"
    pl.DataFrame({"charge_period_start": [date(2026, 11, 1)] * 3, "requests": [1, 1, 2]}).write_parquet(path)

    assert ledger.scan(path).select(pl.col("record_id").n_unique()).collect().item() == 3


def test_a_time_alone_is_no_ledger(tmp_path: Path) -> None:
    assert detected(_csv(tmp_path / "l.csv", "charge_period_start,team\n2026-11-01,a\n")) is None


def test_money_for_something_of_a_cost_type_is_no_request(tmp_path: Path) -> None:
    """Storage of a day: a line of money. A call that says its cost type too is still one request."""
    text = "charge_period_start,cost_type,reported_cost,model\n2026-11-01,Storage,12.50,\n2026-11-01,api,0.10,gpt-4o\n"
    rows, faults = read_file(_csv(tmp_path / "l.csv", text))

    assert faults.bad == 0
    assert rows.select("record_kind", "requests", "cost_type").rows() == [
        ("cost", None, "storage"),
        ("request", 1, "api"),
    ]


def test_amounts_alone_are_money_and_count_no_request(tmp_path: Path) -> None:
    """Nothing in the file counts usage: a line is what a day cost, not a request. A trace makes it one."""
    csv = _csv(tmp_path / "l.csv", "charge_period_start,model,reported_cost\n2026-11-01,gpt-4o,2\n")
    lines = tmp_path / "l.jsonl"
    lines.write_text('{"charge_period_start": "2026-11-01", "model": "gpt-4o", "reported_cost": 2}\n')
    parquet = tmp_path / "l.parquet"
    pl.DataFrame({"charge_period_start": [date(2026, 11, 1)], "reported_cost": [2.0]}).write_parquet(parquet)
    traced = _csv(tmp_path / "t.csv", "charge_period_start,trace_id,reported_cost\n2026-11-01,t,2\n")

    for rows in (read_file(csv)[0], read_file(lines)[0], read_file(parquet)[0], ledger.scan(parquet).collect()):
        assert rows.select("record_kind", "requests").rows() == [("cost", None)]
    assert read_file(traced)[0].select("record_kind", "requests").rows() == [("request", 1)]


def test_an_unknown_cost_type_is_a_bad_line_that_names_the_known_ones(tmp_path: Path) -> None:
    text = "charge_period_start,cost_type,reported_cost\n2026-11-01,gpu,12.50\n2026-11-01,network,1\n"
    rows, faults = read_file(_csv(tmp_path / "l.csv", text))

    assert (rows.height, faults.bad) == (1, 1)
    assert "cost_type: 'gpu' is none of api, training, inference, storage" in str(faults.bad_examples[0])
