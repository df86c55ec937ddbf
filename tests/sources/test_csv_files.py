"""Tests of the CSV reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from finopsctl.errors import SourceError
from finopsctl.sources import Faults, InputFile, probe
from finopsctl.sources._csv import read_csv
from finopsctl.sources._source import AT

if TYPE_CHECKING:
    from pathlib import Path

RAW = pl.Schema({"n": pl.Int64(), "s": pl.String(), "d": pl.Struct({"x": pl.Int64()})})


def read(
    folder: Path, content: str | bytes, null_values: tuple[str, ...] = (), raw: pl.Schema = RAW
) -> tuple[pl.DataFrame, Faults]:
    path = folder / "log.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    file = InputFile(path, "log.csv")
    faults = Faults("log.csv")
    return pl.concat(list(read_csv(file, probe(file), raw, null_values, faults))), faults


def test_rows_are_numbered_as_a_spreadsheet_does(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, "n,s\n1,a\n2,b\n")

    assert frame.select(AT, "n", "s").rows() == [(2, 1, "a"), (3, 2, "b")]


def test_a_column_the_file_lacks_is_unknown_and_one_nobody_asked_for_is_not_read(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, "n,prompt\n1,secret\n")

    assert frame["s"].to_list() == [None]
    assert "prompt" not in frame.columns


@pytest.mark.parametrize(
    "content",
    [
        "s;n\na;1\n",
        "s\tn\na\t1\n",
        "s|n\na|1\n",
        "s,n\r\na,1\r\n",
        "s,n\na,1",
        "\ufeffs,n\na,1\n",
        " s , n \na,1\n",
        '"s","n"\n"a","1"\n',
        "\ns,n\n\na,1\n\n",
    ],
)
def test_dialects(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content)[0].select("n", "s").rows() == [(1, "a")]


def test_commas_quotes_and_line_breaks_stand_in_quotes(tmp_path: Path) -> None:
    assert read(tmp_path, 'n,s\n1,"a,""b""\nc"\n2,d\n')[0]["s"].to_list() == ['a,"b"\nc', "d"]


def test_words_that_mean_null_are_null(tmp_path: Path) -> None:
    frame, faults = read(tmp_path, "n,s\nNULL,NULL\n1,null\n", ("NULL",))

    assert frame.select("n", "s").rows() == [(None, None), (1, "null")]
    assert faults.bad == 0


def test_a_struct_is_json_text(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, 'n,d\n1,"{""x"": ""7""}"\n2,\n')

    assert frame["d"].struct.field("x").to_list() == [7, None]


def test_rows_of_another_width_are_set_aside_and_the_numbers_of_the_others_stay_right(tmp_path: Path) -> None:
    frame, faults = read(tmp_path, "n,s\n1\n2,b\n3,c,d\n4,e\n")

    assert frame.select(AT, "n").rows() == [(3, 2), (5, 4)]
    assert [place for place, _ in faults.bad_examples] == ["log.csv#2", "log.csv#4"]


def test_a_row_that_is_not_utf_8_is_set_aside(tmp_path: Path) -> None:
    frame, faults = read(tmp_path, b"n,s\n1,M\xfcller\n2,M\xc3\xbcller\n")

    assert frame.select("n", "s").rows() == [(2, "Müller")]
    assert faults.bad_examples == [("log.csv#2", "the text is not UTF-8")]


def test_a_row_of_another_width_that_is_not_utf_8_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _, faults = read(tmp_path, b"n,s\n1,M\xfcller,x\n2,b\n")

    assert faults.bad == 1
    assert capfd.readouterr() == ("", "")


def test_an_open_quote_in_a_column_nobody_asked_for_is_still_seen(tmp_path: Path) -> None:
    frame, faults = read(tmp_path, 'n,prompt\n1,a\n2,"b\n3,c\n')

    assert frame["n"].to_list() == [1]
    assert faults.bad_examples == [("log.csv#3", "a quote is never closed and takes in the 2 lines after it")]


def test_a_quote_inside_a_word_opens_nothing(tmp_path: Path) -> None:
    frame, faults = read(tmp_path, 'n,s\n1,5" screen\n2,b\n')

    assert frame["s"].to_list() == ['5" screen', "b"]
    assert faults.bad == 0


def test_a_column_named_twice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="'n' twice"):
        read(tmp_path, "n,n\n1,2\n")
