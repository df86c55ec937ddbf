"""Tests of the look at the start of a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from finopsctl.errors import SourceError
from finopsctl.sources import InputFile, Probe, probe

if TYPE_CHECKING:
    from pathlib import Path


def look(folder: Path, content: str | bytes) -> Probe:
    path = folder / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return probe(InputFile(path, "file"))


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        ('{"a": 1}\n{"a": 2}\n', "jsonl"),
        ('{"a": 1}', "jsonl"),
        ('\n\n{"a": 1}\n{"a": 2', "jsonl"),
        ('{"a": 1}\n{"a":\nx\n', "jsonl"),
        ('42\n{"a": 1}\n{"a": 2}\n', "jsonl"),
        ('<html>\n{"a": 1}\n{"a": 2}\n', "jsonl"),
        ('[{"a": 1}, {"a": 2}]', "json"),
        ('[\n{"a": 1}\n]', "json"),
        ('{\n "data": [\n  {"a": 1}\n ]\n}', "json"),
        ('[{"a": 1}, {"a"', "json"),
        ("a,b\n1,2\n", "csv"),
        ("a;b\n1;2\n", "csv"),
        ("a\tb\n", "csv"),
        ('"a","b"\n"[1]","{}"\n', "csv"),
    ],
)
def test_the_container_is_told_by_content(tmp_path: Path, content: str, shape: str) -> None:
    assert look(tmp_path, content).shape == shape


def test_a_single_line_longer_than_the_look_is_still_one_record(tmp_path: Path) -> None:
    long = json.dumps({"prompt": "x" * 300_000, "model": "m"})

    assert look(tmp_path, long + "\n" + long).records[0]["model"] == "m"


def test_keys_at_any_depth_are_seen_and_records_are_parsed(tmp_path: Path) -> None:
    seen = look(tmp_path, '{"outer": {"inner": 1}}\n')

    assert seen.has("outer", "inner")
    assert seen.any_record("outer")
    assert not seen.any_record("inner")


def test_the_elements_of_a_documents_list_are_its_records(tmp_path: Path) -> None:
    seen = look(tmp_path, json.dumps({"object": "page", "data": [{"a": 1}, {"b": 2}]}, indent=1))

    assert seen.records == ({"a": 1}, {"b": 2})
    assert seen.top == {"object", "data"}


def test_the_header_of_a_csv_is_its_names(tmp_path: Path) -> None:
    seen = look(tmp_path, b'\xef\xbb\xbf"when" ; who\r\n2026-10-01;"a;b"\r\n')

    assert seen.names == {"when", "who"}
    assert seen.delimiter == ";"
    assert seen.records == ({"when": "2026-10-01", "who": "a;b"},)


def test_the_columns_of_a_parquet_file_are_its_names(tmp_path: Path) -> None:
    path = tmp_path / "file"
    pl.DataFrame({"a": [1], "b": [{"c": 2}]}).write_parquet(path)
    seen = probe(InputFile(path, "file"))

    assert seen.shape == "parquet"
    assert seen.names == {"a", "b"}


def test_names_in_another_alphabet_are_no_binary_data(tmp_path: Path) -> None:
    assert look(tmp_path, "チーム,金額\n検索,1\n").names == {"チーム", "金額"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff\xfea\x00,\x00", "UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-be"), "UTF-16"),
        (b"a,b\n1,\x00\n", "binary"),
        (bytes(range(128, 256)), "binary"),
        (b"<!doctype html>", "web page"),
        (b"{not json", "no JSON"),
        (b"prose without any delimiter", "no known format"),
    ],
)
def test_what_is_no_data_is_refused_with_the_reason(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        look(tmp_path, content)
