"""Tests of the JSON readers: chunks, envelopes, and lines that the fast way refuses."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.ledger.schema import MONEY
from finopsctl.sources import Faults, InputFile
from finopsctl.sources._json import line_chunks, read_document, read_lines
from finopsctl.sources._source import AT, BAD

if TYPE_CHECKING:
    from pathlib import Path

RAW = pl.Schema({"n": pl.Int64(), "s": pl.String(), "d": pl.Struct({"x": pl.Int64()}), "m": MONEY})


def put(folder: Path, content: str | bytes) -> InputFile:
    path = folder / "log"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return InputFile(path, "log")


def lines(folder: Path, content: str | bytes, envelope: tuple[str, ...] = ()) -> tuple[pl.DataFrame, Faults]:
    faults = Faults("log")
    frames = list(read_lines(put(folder, content), RAW, envelope, faults))
    return pl.concat(frames), faults


def document(folder: Path, content: str | bytes, envelope: tuple[str, ...] = ("data",)) -> tuple[pl.DataFrame, Faults]:
    faults = Faults("log")
    frames = list(read_document(put(folder, content), RAW, envelope, faults))
    return pl.concat(frames), faults


def test_fields_not_asked_for_are_not_kept(tmp_path: Path) -> None:
    frame, _ = lines(tmp_path, '{"n": 1, "prompt": "secret"}\n')

    assert set(frame.columns) == {*RAW, AT, BAD}
    assert "secret" not in str(frame.to_dicts())


def test_lines_are_numbered_as_an_editor_does(tmp_path: Path) -> None:
    frame, _ = lines(tmp_path, '\n{"n": 1}\n\n \n{"n": 2}')

    assert frame.select("n", AT).rows() == [(1, 2), (2, 5)]


@pytest.mark.parametrize(
    ("text", "value"),
    [('"10"', 10), ("10.0", 10), ("1e1", 10), ("null", None), ('""', None)],
)
def test_a_number_written_otherwise_is_that_number_and_its_neighbours_are_not_touched(
    tmp_path: Path, text: str, value: int | None
) -> None:
    frame, faults = lines(tmp_path, f'{{"n": 1, "s": "a"}}\n{{"n": {text}}}\n{{"n": 3}}\n')

    assert frame["n"].to_list() == [1, value, 3]
    assert faults.bad == 0


def test_a_struct_written_as_text_is_that_struct(tmp_path: Path) -> None:
    frame, faults = lines(tmp_path, '{"d": {"x": 1}}\n{"d": "{\\"x\\": 2}"}\n{"d": []}\n')

    assert frame["d"].struct.field("x").to_list() == [1, 2, None]
    assert faults.bad == 0


def test_text_may_be_any_value(tmp_path: Path) -> None:
    frame, _ = lines(tmp_path, '{"s": {"a":[1]}}\n{"s": 5}\n{"s": "x"}\n')

    assert frame["s"].to_list() == ['{"a": [1]}', "5", "x"]


AWKWARD = {"user": "CORP\\alice", "tab": "a\tb", "quote": '"', "bell": "\x07", "path": "C:\\new\\\\u0041"}


def test_a_backslash_in_an_object_kept_as_text_was_lost_and_its_neighbours_are_not_touched(tmp_path: Path) -> None:
    """Users of a Windows domain lost all tags of their requests: ``CORP\\alice`` came back as no JSON at all."""
    records = [
        {"n": 1, "s": {"a": 1}},
        {"n": 2, "s": AWKWARD},
        {"n": 3, "s": [AWKWARD]},
        {"n": "x"},
        {"n": 5, "s": "\\"},
    ]
    read, faults = lines(tmp_path, "\n".join(map(json.dumps, records)))

    assert read["n"].to_list() == [1, 2, 3, 5]
    assert read[AT].to_list() == [1, 2, 3, 5]
    assert [json.loads(text) for text in read["s"][:3]] == [{"a": 1}, AWKWARD, [AWKWARD]]
    assert read["s"][3] == "\\"
    assert faults.bad == 1


@pytest.mark.parametrize("pages", [1, 2])
def test_a_backslash_in_a_page_of_records_is_kept(tmp_path: Path, pages: int) -> None:
    page = json.dumps({"data": [{"n": 1, "s": AWKWARD}, {"n": 2}]})
    read, _ = lines(tmp_path, "\n".join([page] * pages), ("data",))

    assert read["n"].to_list() == [1, 2] * pages
    assert json.loads(read["s"][0]) == AWKWARD


def test_a_backslash_in_a_document_is_kept(tmp_path: Path) -> None:
    read, _ = document(tmp_path, json.dumps({"data": [{"n": 1, "s": AWKWARD}]}, indent=1))

    assert json.loads(read["s"][0]) == AWKWARD


def test_a_bad_line_does_not_change_how_its_neighbours_read(tmp_path: Path) -> None:
    text = '{"s": {"a":[1,2.5],"b":{"c":null,"d":"\\u00e9"}}}\n'

    assert lines(tmp_path, text + "nonsense\n")[0].equals(lines(tmp_path, text)[0])


def test_an_amount_with_more_digits_than_a_float_holds_keeps_them(tmp_path: Path) -> None:
    frame, _ = lines(tmp_path, '{"m": 123456789.123456789012}\n{"m": "0.000000000001"}\n{"m": 1e-6}\n')

    assert frame["m"].to_list() == [Decimal("123456789.123456789012"), Decimal("1e-12"), Decimal("1e-6")]


def test_a_line_that_fits_nowhere_is_set_aside_with_its_number(tmp_path: Path) -> None:
    frame, faults = lines(tmp_path, '{"n": 1}\nnonsense\n{"n": "x"}\n{"n": 2}\n')

    assert frame["n"].to_list() == [1, 2]
    assert faults.bad_examples[0][0] == "log:2"
    assert faults.bad_examples[1] == ("log:3", "n: 'x' is not a number")


def test_one_page_a_line_is_unfolded_and_its_records_keep_the_lines_number(tmp_path: Path) -> None:
    frame, _ = lines(tmp_path, '{"data": [{"n": 1}, {"n": 2}]}\n{"data": [{"n": 3}]}\n', ("data",))

    assert frame.select("n", AT).rows() == [(1, 1), (2, 1), (3, 2)]


def test_a_word_that_is_no_list_is_no_envelope(tmp_path: Path) -> None:
    frame, _ = lines(tmp_path, '{"n": 1, "data": "x"}\n', ("data",))

    assert frame["n"].to_list() == [1]


@pytest.mark.parametrize(
    "text",
    [
        '[{"n": 1}, {"n": 2}]',
        '{"data": [{"n": 1}, {"n": 2}]}',
        '{"has_more": false,\n "data": [\n {"n":\n 1},\n {"n": 2}]}',
        '{"n": 1}\n{\n"n": 2}',
        '\ufeff[{"n": 1}, {"n": 2}]',
        '{"data": [{"n": 1}]}\n{"data": [{"n": 2}]}',
    ],
)
def test_a_document_is_taken_apart_into_its_records(tmp_path: Path, text: str) -> None:
    frame, faults = document(tmp_path, text)

    assert frame.select("n", AT).rows() == [(1, 1), (2, 2)]
    assert faults.bad == 0


def test_a_document_that_ends_early_says_where_and_that_nothing_follows(tmp_path: Path) -> None:
    frame, faults = document(tmp_path, '{"data": [{"n": 1}, {"n": 2}, {"n"')

    assert frame["n"].to_list() == [1, 2]
    ((place, reason),) = faults.bad_examples
    assert place == "log#3"
    assert "nothing after it is counted" in reason


@pytest.mark.parametrize(
    "text",
    [
        '[{"n": 1}, {"n": NaN}, {"n": 3}]',
        '{"data": [{"n": 1}, {"n": NaN}, {"n": 3}], "has_more": false}',
        '{"data": [{"n": 1}, {"n": NaN}]}\n{"data": [{"n": 3}]}',
    ],
)
def test_an_element_that_is_no_number_costs_only_itself(tmp_path: Path, text: str) -> None:
    frame, faults = document(tmp_path, text)

    assert frame["n"].to_list() == [1, 3]
    assert [place for place, _ in faults.bad_examples] == ["log#2"]


@settings(max_examples=25)
@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30), max_size=12),
    st.integers(1, 40),
)
def test_chunks_are_the_file_cut_at_line_ends(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], size: int
) -> None:
    content = "\n".join(["x", *texts]).encode()
    chunks = list(line_chunks(put(tmp_path_factory.mktemp("chunks"), content), size))

    assert b"".join(chunk.data for chunk in chunks) == content
    assert all(chunk.data.endswith(b"\n") for chunk in chunks[:-1])
    before = b""
    for chunk in chunks:
        assert chunk.first == before.count(b"\n") + 1
        before += chunk.data


@settings(max_examples=25)
@given(
    st.lists(st.fixed_dictionaries({}, optional={"n": st.integers(-(2**62), 2**62), "s": st.text(max_size=9)})),
    st.integers(20, 200),
)
def test_records_do_not_depend_on_the_size_of_the_chunks(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], size: int
) -> None:
    text = "".join(json.dumps(record) + "\n" for record in [{"n": 0}, *records])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("finopsctl.sources._json.line_chunks.__defaults__", (size,))
        frame, faults = lines(tmp_path_factory.mktemp("size"), text)

    assert frame["n"].to_list() == [0, *(record.get("n") for record in records)]
    assert faults.bad == 0
