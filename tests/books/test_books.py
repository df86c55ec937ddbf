"""Tests of a question that no record is left for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from book_files import opened, write
from finopsctl.books import PeriodWish
from finopsctl.books.books import refuse_nothing
from finopsctl.books.context import stated
from finopsctl.books.ledger_files import write_parquet
from finopsctl.errors import SourceError
from finopsctl.metrics.quality import quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.results.report import Report

if TYPE_CHECKING:
    from pathlib import Path

ONE_DAY = {"charge_period_start": "2026-10-03T07:00:00Z", "model": "gpt-4o", "input_tokens": 10, "team": "search"}
NOTHING: list[tuple[dict[str, Any], str]] = [
    ({"period": PeriodWish(month="2025-01")}, "no records from 2025-01-01 to 2025-01-31"),
    ({"period": PeriodWish(until="2026-10-02")}, "no records from 2000-01-01 to 2026-10-01"),
    ({"where": ("team=support",)}, "no records where team=support"),
    ({"as_of": "2026-10-01"}, "no records before 2026-10-01"),
]


@pytest.mark.parametrize(("options", "message"), NOTHING)
def test_a_report_of_no_record_is_refused_not_shown_as_zero(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    books = opened(write(tmp_path / "log.jsonl", ONE_DAY), **options)
    quality = quality_of(rollup(books.ledger, {}, ()).collect(), books.request.basis)

    with pytest.raises(SourceError, match=message) as refused:
        stated(Report("kpi", "", (), {}, ()), books, quality)
    assert refused.value.exit_code == 4
    assert refused.value.hint == "They hold records from 2026-10-03 to 2026-10-03."


@pytest.mark.parametrize(("options", "message"), NOTHING)
def test_a_ledger_of_no_record_is_not_written(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        refuse_nothing(opened(write(tmp_path / "log.jsonl", ONE_DAY), **options))


def test_a_ledger_in_place_knows_its_first_and_last_record(tmp_path: Path) -> None:
    """3 to 9 October: until 6 October is 3 days."""
    log = write(tmp_path / "log.jsonl", ONE_DAY, {**ONE_DAY, "charge_period_start": "2026-10-09T00:00:00Z"})
    write_parquet(opened(log).ledger.drop("cost"), tmp_path / "ledger.parquet")
    books = opened(tmp_path / "ledger.parquet", period=PeriodWish(until="2026-10-06"))

    assert books.period is not None
    assert books.period.days == 3
    assert books.ledger.select(pl.len()).collect().item() == 1
