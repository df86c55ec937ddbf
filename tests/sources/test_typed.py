"""Tests of values brought to their types: nothing is rounded, cut or guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._source import AT, BAD
from finopsctl.sources._typed import coerce, from_text, instant, money

AT_NOON = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


def read(text: str | None, dtype: pl.DataType) -> tuple[Any, str | None]:
    """Return the value read from one CSV field, and the reason when there is none."""
    frame = pl.DataFrame({AT: [2], "x": [text]}, schema={AT: pl.Int64, "x": pl.String})
    row = from_text(frame, pl.Schema({"x": dtype})).row(0, named=True)
    return row["x"], row[BAD]


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01T12:00:00Z",
        "2026-10-01T12:00:00.000000Z",
        "2026-10-01T14:00:00+02:00",
        "2026-10-01 14:00:00+0200",
        "2026-10-01 12:00:00",
        "2026-10-01T12:00",
        "1790856000",
        "1790856000.0",
        "1790856000000",
        "1790856000000000",
        "1790856000000000000",
        " 2026-10-01T12:00:00Z ",
    ],
)
def test_one_instant_in_every_spelling(text: str) -> None:
    assert read(text, INSTANT) == (AT_NOON, None)


@pytest.mark.parametrize("text", ["2026-10-01", "20261001", "2026/10/01"])
def test_a_date_is_its_midnight(text: str) -> None:
    assert read(text, INSTANT)[0] == datetime(2026, 10, 1, tzinfo=UTC)


def test_a_time_without_a_zone_is_in_the_zone_that_is_named() -> None:
    frame = pl.DataFrame({"x": ["2026-10-01 14:00:00"]})

    assert frame.select(instant(pl.col("x"), naive="Europe/Berlin")).item() == AT_NOON


def test_times_of_several_spellings_stand_in_one_column() -> None:
    texts = ["2026-10-01T12:00:00Z", "2026-10-01 12:00:00", "1790856000", "nonsense", None]
    frame = pl.DataFrame({AT: range(5), "x": texts})
    typed = from_text(frame, pl.Schema({"x": INSTANT}))

    assert typed["x"].to_list() == [AT_NOON, AT_NOON, AT_NOON, None, None]
    assert typed[BAD].to_list() == [None, None, None, "x: 'nonsense' is not a time", None]


@pytest.mark.parametrize("text", ["0", "-1", "12", "99999999", "1e30", "2026-13-01", "2026-02-30", "25:00", "now"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert read(text, INSTANT) == (None, f"x: '{text}' is not a time")


@settings(max_examples=25)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_a_time_is_read_to_the_microsecond(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)

    assert read(moment.isoformat(), INSTANT)[0] == moment
    assert read(moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), INSTANT)[0] == moment
    assert read(str((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)), INSTANT)[0] == moment


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0.1", "0.1"),
        ("1.5e-7", "0.00000015"),
        ("1E+2", "100"),
        ("-0.25", "-0.25"),
        (" 3 ", "3"),
        (".5", "0.5"),
        ("100000000.000000000001", "100000000.000000000001"),
    ],
)
def test_an_amount_is_read_to_its_last_digit(text: str, amount: str) -> None:
    assert read(text, MONEY) == (Decimal(amount), None)


@pytest.mark.parametrize("text", ["NaN", "inf", "1e30", "$5", "1,000", "--1", "0x10", "five"])
def test_what_is_no_amount_is_none(text: str) -> None:
    assert read(text, MONEY) == (None, f"x: '{text}' is not an amount")


@settings(max_examples=25)
@given(st.decimals(-(10**12), 10**12, places=12, allow_nan=False))
def test_every_amount_with_twelve_decimals_is_read_exactly(amount: Decimal) -> None:
    frame = pl.DataFrame({"x": [str(amount), f"{amount:E}"]})

    assert frame.select(money(pl.col("x"))).to_series().to_list() == [amount, amount]


@pytest.mark.parametrize(("text", "number"), [("10", 10), ("10.0", 10), ("1e3", 1000), ("-7", -7), (" 4 ", 4)])
def test_a_whole_number_may_be_written_as_another_number(text: str, number: int) -> None:
    assert read(text, pl.Int64()) == (number, None)


@pytest.mark.parametrize("text", ["10.5", "1e30", "NaN", "ten", "9223372036854775808", "1 000"])
def test_a_number_that_is_not_whole_is_not_rounded(text: str) -> None:
    assert read(text, pl.Int64()) == (None, f"x: '{text}' is not a whole number")


@pytest.mark.parametrize("text", [None, "", "   "])
@pytest.mark.parametrize("dtype", [pl.Int64(), pl.Float64(), pl.Boolean(), pl.String(), MONEY, INSTANT])
def test_an_empty_field_is_unknown_and_no_fault(text: str | None, dtype: pl.DataType) -> None:
    assert read(text, dtype) == (None, None)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("T", True), ("1", True), ("No", False), ("FALSE", False)])
def test_true_and_false_in_every_spelling(text: str, *, value: bool) -> None:
    assert read(text, pl.Boolean()) == (value, None)


def test_a_number_that_is_not_finite_is_none() -> None:
    assert read("inf", pl.Float64())[0] is None
    assert read("maybe", pl.Boolean())[1] == "x: 'maybe' is not true or false"


def test_the_first_reason_of_a_row_is_given() -> None:
    frame = pl.DataFrame({AT: [2], "a": ["x"], "b": ["y"]})
    typed = from_text(frame, pl.Schema({"a": pl.Int64(), "b": pl.Int64()}))

    assert typed[BAD].to_list() == ["a: 'x' is not a whole number"]


NESTED = pl.Struct({"n": pl.Int64(), "who": pl.String(), "list": pl.List(pl.Int64())})


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"n": 1}, {"n": 1, "who": None, "list": None}),
        ({"n": "2", "who": {"x": 1}}, {"n": 2, "who": '{"x": 1}', "list": None}),
        ('{"n": 3.0, "list": ["1", 2]}', {"n": 3, "who": None, "list": [1, 2]}),
        ({"list": {}}, {"n": None, "who": None, "list": None}),
        ([], None),
        ("", None),
        ("null", None),
        (None, None),
    ],
)
def test_a_struct_may_come_as_json_text_and_its_numbers_as_text(value: Any, result: Any) -> None:
    assert coerce(value, NESTED, "x") == result


def test_json_text_in_a_cell_keeps_backslashes_of_objects_inside_and_its_neighbours_are_read_as_before() -> None:
    """The ``metadata`` of LiteLLM's CSV: two plain cells around one of a Windows user, and one that is no JSON."""
    awkward = {"user": "CORP\\alice", "tab": "a\tb"}
    cells = ['{"n": 1}', json.dumps({"n": 2, "who": awkward}), "{", '{"who": {"x": 1}}']
    typed = from_text(pl.DataFrame({"m": cells, AT: [1, 2, 3, 4]}), pl.Schema({"m": NESTED}))
    first, second, third, fourth = typed["m"].to_list()

    assert first == {"n": 1, "who": None, "list": None}
    assert (second["n"], json.loads(second["who"])) == (2, awkward)
    assert third is None
    assert json.loads(fourth["who"]) == {"x": 1}
    assert [reason is None for reason in typed[BAD]] == [True, True, False, True]


@pytest.mark.parametrize("value", [1, "{", [1], True, {"n": "x"}, {"n": True}, {"list": 3}, {"n": 2**70}])
def test_what_does_not_fit_a_struct_names_the_field(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^x"):
        coerce(value, NESTED, "x")


@settings(max_examples=25)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
                    max_leaves=6))  # fmt: skip
def test_any_json_value_is_read_or_refused_with_a_reason(value: Any) -> None:
    text = json.dumps(value)
    for dtype in (pl.Int64(), pl.Float64(), pl.Boolean(), MONEY, INSTANT, NESTED):
        read_value, reason = read(text, dtype)

        assert read_value is None or reason is None
