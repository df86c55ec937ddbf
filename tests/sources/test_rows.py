"""Tests of the last step of every reader: implausible records are set aside, the rest become ledger rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.sources import CALL, RANK
from finopsctl.sources._rows import MAX_AMOUNT, MAX_COUNT
from report_files import FileRead, read_content

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "charge_period_start,requests,input_tokens,reported_cost,team\n"


def rows(folder: Path, *lines: str) -> FileRead:
    return read_content(folder, HEAD + "".join(f"{line}\n" for line in lines), "log.csv")


def test_rows_have_the_ledgers_columns_a_rank_and_the_request_they_belong_to(tmp_path: Path) -> None:
    assert rows(tmp_path, "2026-10-01,1,5,0.1,a").rows.schema == {
        **LEDGER_SCHEMA,
        RANK: pl.Int64,
        CALL: pl.UInt64,
    }


def test_every_row_says_where_it_stood(tmp_path: Path) -> None:
    read = rows(tmp_path, "2026-10-01,1,5,0.1,a", "x,1,5,0.1,a", "2026-10-02,1,5,0.1,a")

    assert read.values("origin") == ["log.csv#2", "log.csv#4"]
    assert read.faults.bad_examples == [("log.csv#3", "charge_period_start: 'x' is not a time")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",1,5,0.1,a", "it has no time"),
        ("1999-12-31,1,5,0.1,a", "its time 1999-12-31 00:00:00.000000+00:00 is not plausible"),
        ("2101-01-01,1,5,0.1,a", "its time 2101-01-01 00:00:00.000000+00:00 is not plausible"),
        ("2026-10-01,1,-5,0.1,a", "input_tokens: -5 is negative"),
        ("2026-10-01,-1,5,0.1,a", "requests: -1 is negative"),
        (f"2026-10-01,1,{MAX_COUNT + 1},0.1,a", f"input_tokens: {MAX_COUNT + 1} is not plausible"),
        (f"2026-10-01,1,5,{MAX_AMOUNT + 1},a", f"reported_cost: {MAX_AMOUNT + 1}.000000000000 is not plausible"),
        (f"2026-10-01,1,5,-{MAX_AMOUNT + 1},a", f"reported_cost: -{MAX_AMOUNT + 1}.000000000000 is not plausible"),
    ],
)
def test_an_implausible_record_is_set_aside_with_the_reason(tmp_path: Path, line: str, reason: str) -> None:
    read = rows(tmp_path, "2026-10-01,1,5,0.1,a", line)

    assert (read.rows.height, read.faults.bad, read.bad) == (1, 1, [reason])


def test_a_credit_may_be_negative(tmp_path: Path) -> None:
    assert rows(tmp_path, "2026-10-01,0,0,-5,a").faults.bad == 0


def test_equal_records_without_an_id_are_told_apart_in_their_file(tmp_path: Path) -> None:
    """The first has the hash of its content, the second that hash and -1."""
    line = "2026-10-01,1,5,0.1,a"
    first, second, other = rows(tmp_path, line, line, "2026-10-01,1,6,0.1,a").values("record_id")

    assert second == f"{first}-1"
    assert other not in {first, second}


def test_the_id_of_a_record_does_not_depend_on_its_place(tmp_path: Path) -> None:
    one, two = "2026-10-01,1,5,0.1,a", "2026-10-01,1,6,0.1,a"

    assert rows(tmp_path, one, two).values("record_id") == rows(tmp_path, two, one).values("record_id")[::-1]


def test_a_currency_is_in_capitals(tmp_path: Path) -> None:
    read = read_content(tmp_path, "charge_period_start,reported_cost,billing_currency\n2026-10-01,1,eur\n", "log.csv")

    assert read.values("billing_currency") == ["EUR"]
