"""Tests of the Parquet reader: columns of other types come through text, by the rules for text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from finopsctl.errors import UnreadableError
from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources import InputFile
from finopsctl.sources._parquet import read_parquet
from finopsctl.sources._source import AT, BAD

if TYPE_CHECKING:
    from pathlib import Path

MIDNIGHT = datetime(2026, 10, 1, tzinfo=UTC)


def read(folder: Path, values: list[Any], dtype: pl.DataType, stored: pl.DataType | None = None) -> pl.DataFrame:
    path = folder / "x.parquet"
    pl.DataFrame({"x": pl.Series(values, dtype=stored)}).write_parquet(path)
    return pl.concat(list(read_parquet(InputFile(path, "x.parquet"), pl.Schema({"x": dtype}))))


@pytest.mark.parametrize(
    ("value", "stored", "dtype", "result"),
    [
        (7, pl.Int32(), pl.Int64(), 7),
        (7.0, pl.Float64(), pl.Int64(), 7),
        ("7", pl.String(), pl.Int64(), 7),
        (Decimal("7.00"), pl.Decimal(10, 2), pl.Int64(), 7),
        (Decimal("0.25"), pl.Decimal(10, 2), MONEY, Decimal("0.25")),
        (0.1, pl.Float64(), MONEY, Decimal("0.1")),
        ("1e-6", pl.String(), MONEY, Decimal("0.000001")),
        (3, pl.Int64(), MONEY, Decimal(3)),
        (date(2026, 10, 1), pl.Date(), INSTANT, MIDNIGHT),
        (MIDNIGHT, pl.Datetime("ns", "UTC"), INSTANT, MIDNIGHT),
        (MIDNIGHT.replace(tzinfo=None), pl.Datetime("ms"), INSTANT, MIDNIGHT),
        (MIDNIGHT, pl.Datetime("us", "Europe/Berlin"), INSTANT, MIDNIGHT),
        ("2026-10-01T00:00:00Z", pl.String(), INSTANT, MIDNIGHT),
        (1790812800, pl.Int64(), INSTANT, MIDNIGHT),
        ({"k": 1}, pl.Struct({"k": pl.Int64()}), pl.String(), '{"k":1}'),
        (5, pl.Int64(), pl.String(), "5"),
        (True, pl.Boolean(), pl.Boolean(), True),
        ("support", pl.Categorical(), pl.String(), "support"),
    ],
)
def test_a_column_of_another_type_is_brought_to_the_declared_one(
    tmp_path: Path, value: Any, stored: pl.DataType, dtype: pl.DataType, result: Any
) -> None:
    frame = read(tmp_path, [value, None], dtype, stored)

    assert frame["x"].to_list() == [result, None]
    assert frame[BAD].to_list() == [None, None]


def test_a_value_that_does_not_fit_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    frame = read(tmp_path, [1.0, 1.5, float("nan"), None], pl.Int64(), pl.Float64())

    assert frame["x"].to_list() == [1, None, None, None]
    assert frame[BAD].to_list() == [None, "x: '1.5' is not a whole number", "x: 'NaN' is not a whole number", None]


def test_rows_are_numbered_from_1(tmp_path: Path) -> None:
    assert read(tmp_path, [5, 6], pl.Int64())[AT].to_list() == [1, 2]


def test_a_column_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pl.DataFrame({"y": [1]}).write_parquet(path)
    (frame,) = read_parquet(InputFile(path, "x.parquet"), pl.Schema({"x": pl.Int64(), "y": pl.Int64()}))

    assert frame.select("x", "y").rows() == [(None, 1)]


def test_a_file_damaged_between_its_ends_is_an_error_and_not_a_shorter_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pl.DataFrame({"x": range(10_000)}).write_parquet(path)
    data = path.read_bytes()
    path.write_bytes(data[:8] + bytes(255 - byte for byte in data[8:2000]) + data[2000:])
    with pytest.raises(UnreadableError, match=r"x\.parquet: .*damaged"):
        list(read_parquet(InputFile(path, "x.parquet"), pl.Schema({"x": pl.Int64()})))
