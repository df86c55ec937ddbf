"""Tests of input files: what a name stands for, and how its bytes are had."""

from __future__ import annotations

import gzip
import io
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from finopsctl.errors import SourceError, UnreadableError
from finopsctl.sources import InputFile, expand
from finopsctl.sources._input import guarded, is_data_name

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b'{"a": 1}\n' * 1000


def put(path: Path, content: bytes = b"{}") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(tmp_path: Path, *inputs: str | Path) -> list[str]:
    scratch = tmp_path / ".scratch"
    scratch.mkdir(exist_ok=True)
    return [file.name.removeprefix(f"{tmp_path}/") for file in expand(map(str, inputs), scratch)]


@pytest.mark.parametrize(
    "pack", [lambda data: data, gzip.compress, lambda data: pa.compress(data, "zstd", asbytes=True)]
)
def test_bytes_come_decompressed_whatever_the_name(tmp_path: Path, pack: object) -> None:
    path = put(tmp_path / "log", pack(TEXT))  # type: ignore[operator]
    with guarded(InputFile(path, "log")) as stream:
        assert stream.read() == TEXT


def test_gzip_files_in_a_row_are_one_file(tmp_path: Path) -> None:
    """`cat a.gz b.gz > c.gz` is what log rotation does."""
    path = put(tmp_path / "log.gz", gzip.compress(b"a\n") + gzip.compress(b"b\n"))

    assert InputFile(path, "log").head() == b"a\nb\n"


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    assert InputFile(put(tmp_path / "log", b"\xef\xbb\xbf{}"), "log").head() == b"{}"


def test_a_damaged_container_is_said_with_the_files_name(tmp_path: Path) -> None:
    path = put(tmp_path / "log.gz", gzip.compress(TEXT)[:-9])
    with (
        pytest.raises(UnreadableError, match=r"^mine\.gz: .*cut short or damaged"),
        guarded(InputFile(path, "mine.gz")) as stream,
    ):
        stream.read()


def test_a_file_that_vanished_is_said_and_no_bug(tmp_path: Path) -> None:
    file = InputFile(tmp_path / "gone", "gone")
    for ask in (file.is_parquet, file.head):
        with pytest.raises(UnreadableError, match="gone: no such file"):
            ask()


@pytest.mark.parametrize(
    ("name", "is_data"),
    [
        ("a.jsonl", True),
        ("A.JSON", True),
        ("a.csv.gz", True),
        ("a.log.zst", True),
        ("a.parquet", True),
        ("a.txt", False),
        ("a.gz", False),
        (".a.jsonl", False),
        ("README.md", False),
        ("jsonl", False),
    ],
)
def test_what_is_read_of_a_folder_is_told_by_its_ending(name: str, *, is_data: bool) -> None:
    assert is_data_name(name) is is_data


def test_a_folder_stands_for_its_data_files_in_order(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a/z.csv", "a/y.json.gz", "c.txt", ".d/e.jsonl"):
        put(tmp_path / "top" / name)

    assert names(tmp_path, tmp_path / "top") == ["top/b.jsonl", "top/a/y.json.gz", "top/a/z.csv"]


def test_a_file_that_two_inputs_name_is_read_once(tmp_path: Path) -> None:
    path = put(tmp_path / "top" / "a.jsonl")
    (tmp_path / "link.jsonl").symlink_to(path)

    assert names(tmp_path, path, path.parent, tmp_path / "link.jsonl") == ["top/a.jsonl"]


def test_only_what_the_user_named_counts_as_named(tmp_path: Path) -> None:
    path = put(tmp_path / "top" / "a.jsonl")
    (named,) = expand([str(path)], tmp_path)
    (found,) = expand([str(path.parent)], tmp_path)
    (matched,) = expand([f"{path.parent}/*"], tmp_path)

    assert (named.named, found.named, matched.named) == (True, False, False)


def test_a_name_with_brackets_is_a_file_before_it_is_a_pattern(tmp_path: Path) -> None:
    assert names(tmp_path, put(tmp_path / "a[1].jsonl")) == ["a[1].jsonl"]


def test_a_pattern_reaches_below_folders(tmp_path: Path) -> None:
    put(tmp_path / "x" / "y" / "a.jsonl")

    assert names(tmp_path, tmp_path / "**" / "*.jsonl") == ["x/y/a.jsonl"]


def test_standard_input_is_read_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT)))
    (file,) = expand(["-"], tmp_path)

    assert file.name == "-"
    assert file.head() == file.head() == TEXT


@pytest.mark.parametrize("text", ["no-such", "no*such", "a\0b", "x" * 5000])
def test_what_is_not_there_is_an_input_problem(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError):
        names(tmp_path, text)
