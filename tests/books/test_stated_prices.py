"""What a ledger on disk says of the prices it was priced with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from book_files import opened, write
from finopsctl.books.context import context
from finopsctl.books.ledger_files import write_parquet, write_partitions
from finopsctl.books.request import Request
from finopsctl.books.stated_prices import KEY, metadata_of
from finopsctl.metrics.quality import quality_of
from finopsctl.metrics.rollup import rollup

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from finopsctl.books.books import Books

BUCKET = {
    "charge_period_end": "2026-10-02T00:00:00Z",
    "record_kind": "usage",
    "requests": 5,
    "model": "gpt-5.4",
    "input_tokens": 9_000_000,
}


def normalized(path: Path, *records: dict[str, Any], **options: Any) -> Path:
    books = opened(write(path.with_suffix(".jsonl"), *records), **options)
    write_parquet(books.ledger.drop("cost"), path, metadata_of(books))
    return path


def header(books: Books) -> Mapping[str, Any]:
    quality = quality_of(rollup(books.ledger, {}, ()).collect(), books.request.basis)
    return context(books, quality).header


def test_a_ledger_in_place_says_which_prices_it_holds(tmp_path: Path) -> None:
    path = normalized(tmp_path / "ledger.parquet", {"model": "gpt-4o", "input_tokens": 1})
    first, again = opened(tmp_path / "ledger.jsonl"), opened(path)

    assert again.price_book is None
    assert header(again)["price_book"] == header(first)["price_book"] != None  # noqa: E711


def test_a_ledger_in_place_says_how_many_buckets_have_an_unknown_context_band(tmp_path: Path) -> None:
    path = normalized(tmp_path / "ledger.parquet", BUCKET)

    assert opened(tmp_path / "ledger.jsonl").band_unknown == 1
    assert header(opened(path))["data_quality"]["band_unknown"] == 1


def test_buckets_of_a_filtered_ledger_are_not_counted(tmp_path: Path) -> None:
    """The count is of all that was read; of part of it, it would say too much."""
    path = normalized(tmp_path / "ledger.parquet", BUCKET, {"team": "a"}, where=("team=a",))

    assert header(opened(path))["data_quality"]["band_unknown"] is None
    assert header(opened(path))["price_book"] is not None


def test_ledgers_of_one_catalogue_add_up_and_of_two_say_nothing(tmp_path: Path) -> None:
    one = normalized(tmp_path / "a.parquet", {**BUCKET, "record_id": "a"})
    two = normalized(tmp_path / "b.parquet", {**BUCKET, "record_id": "b"})
    other = tmp_path / "c.parquet"
    said = {"version": "another", "checked": None, "band_unknown": 0}
    row = pl.read_parquet(one).with_columns(record_id=pl.lit("c"))
    row.write_parquet(other, metadata={KEY: json.dumps(said)})

    assert header(opened(one, two))["data_quality"]["band_unknown"] == 2
    assert header(opened(one, other))["price_book"] is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": "x"}', '{"version": "x", "checked": 5, "band_unknown": 0}']
)
def test_metadata_that_is_damaged_says_nothing(tmp_path: Path, text: str) -> None:
    path = normalized(tmp_path / "ledger.parquet", BUCKET)
    pl.read_parquet(path).write_parquet(path, metadata={KEY: text})

    assert header(opened(path))["price_book"] is None


def test_a_ledger_of_a_ledger_says_the_same(tmp_path: Path) -> None:
    first = opened(normalized(tmp_path / "a.parquet", BUCKET))
    write_parquet(first.ledger.drop("cost"), tmp_path / "b.parquet", metadata_of(first))

    assert opened(tmp_path / "b.parquet").stated_prices == first.stated_prices is not None


def test_a_partitioned_ledger_says_which_prices_it_holds(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", {"charge_period_start": "2026-09-03T00:00:00Z"}, {"record_id": "b"})
    assert list(write_partitions(Request((str(log),)), tmp_path / "ledger"))
    books = opened(tmp_path / "ledger")

    assert header(books)["price_book"] == header(opened(log))["price_book"]
    assert books.band_unknown is None
