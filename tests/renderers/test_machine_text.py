"""Numbers, times and text as machines read them."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.renderers import csv, jsonl
from finopsctl.renderers._machine_text import encode, number

MONEY = pl.Decimal(38, 12)
PICO = st.integers(-(10**37), 10**37).map(lambda pico: Decimal(pico).scaleb(-12))


def lines_of(frame: pl.DataFrame | pl.LazyFrame) -> list[str]:
    sink = io.BytesIO()
    jsonl.write(frame, sink)
    return sink.getvalue().decode().split("\n")[:-1]


def undo(text: str) -> str:
    """Take away what escaping put in front, as whoever reads a ledger back does."""
    is_escaped = text.startswith("'") and text.lstrip("'")[:1] in set("=+-@\t\r") and text.lstrip("'")
    return text[1:] if is_escaped else text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.100000000000"), "0.1"),
        (Decimal("5.000"), "5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.000"), "0"),
        (Decimal(100), "100"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
        (1.5e16, "15000000000000000"),
        (-0.0, "0"),
        (5.0, "5"),
        (10**20, "100000000000000000000"),
        (float("nan"), "null"),
        (float("-inf"), "null"),
    ],
)
def test_numbers_are_plain_and_short(value: Any, text: str) -> None:
    assert number(value) == text


def test_moments_are_told_in_utc() -> None:
    paris = datetime(2026, 10, 1, 2, 0, tzinfo=timezone(timedelta(hours=2)))

    assert encode(paris) == '"2026-10-01T00:00:00Z"'
    assert encode(datetime(2026, 10, 1, 0, 0, 0, 250_000, tzinfo=UTC)) == '"2026-10-01T00:00:00.250Z"'


def test_bytes_of_a_file_name_that_are_no_text_stay_json() -> None:
    assert json.loads(encode("logs/\udcff")) == "logs/\udcff"
    assert encode("logs/\udcff").isascii()


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.none() | st.text(st.characters(exclude_categories=["Cs"])),
            st.none() | PICO,
            st.none() | st.floats(),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(lambda t: t.replace(tzinfo=UTC)),  # noqa: DTZ001
            st.none() | st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=2),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_expressions_and_single_values_are_written_alike(rows: list[tuple[Any, ...]]) -> None:
    schema = {
        'na"me': pl.String(),
        "spend": MONEY,
        "share": pl.Float64(),
        "requests": pl.Int64(),
        "at": pl.Datetime("us", "UTC"),
        "list": pl.List(pl.String()),
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")

    assert lines_of(frame) == [encode(dict(zip(schema, row, strict=True))) for row in rows]


@settings(max_examples=25)
@given(st.lists(PICO, min_size=1), st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_digit_survives(amounts: list[Decimal], ratios: list[float]) -> None:
    spend = lines_of(pl.DataFrame({"x": pl.Series(amounts, dtype=MONEY)}))
    share = lines_of(pl.DataFrame({"x": pl.Series(ratios, dtype=pl.Float64)}))

    assert [json.loads(line, parse_float=Decimal, parse_int=Decimal)["x"] for line in spend] == amounts
    assert [float(json.loads(line, parse_float=str, parse_int=str)["x"]) for line in share] == ratios
    assert not any("e" in line.replace('"x"', "").lower() for line in spend + share)


def test_json_escapes_what_a_terminal_would_obey_or_hide() -> None:
    (line,) = lines_of(pl.DataFrame({"team": ["\x1b[2J\x7f\x9b\u202e日本"]}))

    assert line == r'{"team":"\u001b[2J\u007f\u009b\u202e日本"}'


def test_a_lazy_frame_is_written_in_order() -> None:
    frame = pl.DataFrame({"x": range(50_001)})
    sink = io.BytesIO()

    assert jsonl.write(frame.lazy(), sink) == 50_001
    assert sink.getvalue() == b"".join(b'{"x":%d}\n' % row for row in range(50_001))


@settings(max_examples=25)
@given(st.lists(st.text("'=+-@\t\r\nab,\"", max_size=6), min_size=1))
def test_escaped_formulas_can_be_taken_back_and_never_run(names: list[str]) -> None:
    escaped = pl.DataFrame({"name": names}).select(csv.escape_formulas(pl.col("name")))["name"].to_list()

    assert list(map(undo, escaped)) == names
    assert not any(text[:1] in set("=+-@\t\r") and text for text in escaped)


def test_csv_leaves_numbers_alone_and_tells_null_from_empty() -> None:
    frame = pl.DataFrame(
        {"team": ["=x", None, ""], "spend": pl.Series([Decimal("-3.100"), None, Decimal(5)], dtype=MONEY)}
    )
    sink = io.BytesIO()
    csv.write(frame, sink)

    assert sink.getvalue() == b'team,spend\n\'=x,-3.1\n,\n"",5\n'


def test_an_empty_csv_still_has_its_header() -> None:
    sink = io.BytesIO()
    csv.write(pl.LazyFrame(schema={"team": pl.String, "spend": MONEY}), sink)

    assert sink.getvalue() == b"team,spend\n"
