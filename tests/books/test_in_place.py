"""Tests of Parquet ledgers used where they lie."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from book_files import codes, content, opened, total, write
from finopsctl.books import in_place
from finopsctl.books.ledger_files import write_parquet
from finopsctl.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

GPT_4O = {"model": "gpt-4o", "input_tokens": 1_000_000}
"""Lists at 2.50 in October 2026."""


def normalized(path: Path, *records: dict[str, Any]) -> Path:
    """Write a ledger as `normalize` does."""
    books = opened(write(path.with_suffix(".jsonl"), *records))
    write_parquet(books.ledger.drop("cost"), path)
    return path


def record(number: int, **values: Any) -> dict[str, Any]:
    return {"record_id": f"r{number}", **GPT_4O, **values}


def test_one_ledger_gives_what_it_was_written_from_and_says_it_was_not_checked(tmp_path: Path) -> None:
    path = normalized(tmp_path / "a.parquet", record(1), record(2))
    books = opened(path)

    assert total(books) == Decimal(5)
    assert content(books).equals(content(opened(tmp_path / "a.jsonl")))
    assert books.duplicates is None
    assert [(i.records, i.duplicates) for i in books.inputs] == [(2, None)]


def test_strict_checks_the_one_ledger(tmp_path: Path) -> None:
    path = normalized(tmp_path / "a.parquet", record(1), record(2))
    assert opened(path, strict=True).duplicates == 0

    rows = pl.read_parquet(path)
    pl.concat([rows, rows.head(1)]).write_parquet(path)
    with pytest.raises(SourceError, match="1 records stand in it twice"):
        opened(path, strict=True)


def test_a_copy_of_a_ledger_is_dropped_whole(tmp_path: Path) -> None:
    one = normalized(tmp_path / "a.parquet", record(1), record(2))
    shutil.copy(one, tmp_path / "b.parquet")
    books = opened(one, tmp_path / "b.parquet")

    assert total(books) == Decimal(5)
    assert books.duplicates == 2
    assert [i.duplicates for i in books.inputs] == [0, 2]
    assert codes(books) == ["duplicates"]


def test_ledgers_without_a_record_in_common_are_used_in_place(tmp_path: Path) -> None:
    one = normalized(tmp_path / "a.parquet", record(1))
    two = normalized(tmp_path / "b.parquet", record(2))
    books = opened(one, two)

    assert total(books) == Decimal(5)
    assert books.duplicates == 0
    assert books.price_book is None


def test_records_that_stand_in_two_ledgers_count_once(tmp_path: Path) -> None:
    one = normalized(tmp_path / "a.parquet", record(1), record(2))
    two = normalized(tmp_path / "b.parquet", record(2), record(3))
    books = opened(one, two)

    assert total(books) == Decimal("7.5")
    assert books.duplicates == 1
    assert content(books)["record_id"].to_list() == ["r1", "r2", "r3"]


def test_of_overlapping_ledgers_the_more_complete_record_counts(tmp_path: Path) -> None:
    one = normalized(tmp_path / "a.parquet", record(1, input_tokens=10))
    two = normalized(tmp_path / "b.parquet", record(1, input_tokens=2_000_000))

    assert total(opened(one, two)) == Decimal(5)
    assert total(opened(two, one)) == Decimal(5)


def test_a_ledger_that_lacks_columns_is_priced(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    pl.DataFrame({"charge_period_start": ["2026-10-01"], "provider": ["openai"], "requests": [1], "model": ["gpt-4o"],
                  "input_tokens": [1_000_000]}).write_parquet(path)  # fmt: skip
    books = opened(path)

    assert total(books, "list_cost") == Decimal("2.5")
    assert books.price_book is not None


def test_named_prices_price_a_ledger_again(tmp_path: Path) -> None:
    """2.50 becomes 7.00 a million."""
    path = normalized(tmp_path / "a.parquet", record(1))
    prices = tmp_path / "prices"
    prices.mkdir()
    rates = 'rates = [{ from = 2020-01-01, service_tier = "standard", input = 7, output = 8 }]'
    text = f'schema = 1\nprovider = "openai"\n[[model]]\nid = "gpt-4o"\n{rates}\n'
    (prices / "openai.toml").write_text(text, encoding="utf-8")

    assert total(opened(path)) == Decimal("2.5")
    assert total(opened(path, prices=prices)) == Decimal(7)


def test_a_price_date_prices_a_ledger_again(tmp_path: Path) -> None:
    """gpt-4o listed at 5.00 a million input tokens when it came out in May 2024."""
    path = normalized(tmp_path / "a.parquet", record(1))

    assert total(opened(path, price_date="2024-06-01")) == Decimal(5)


def test_costs_that_a_ledger_carries_stay_unless_prices_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", record(1, list_cost="9", effective_cost="8"))

    assert total(opened(path), "list_cost") == Decimal(9)
    assert total(opened(path)) == Decimal(8)
    assert total(opened(path, price_date="2026-10-01")) == Decimal("2.5")


def test_a_ledger_in_another_currency_is_not_added_silently(tmp_path: Path) -> None:
    path = normalized(
        tmp_path / "a.parquet",
        {"record_id": "a", "record_kind": "cost", "reported_cost": "3", "billing_currency": "eur"},
        {"record_id": "b", "record_kind": "cost", "reported_cost": "4"},
    )
    books = opened(path)

    assert total(books) == Decimal(4)
    assert books.unconverted == 1


def test_another_billing_currency_in_any_ledger_is_noticed(tmp_path: Path) -> None:
    from finopsctl.sources import InputFile

    one = normalized(tmp_path / "a.parquet", record(1))
    two = normalized(tmp_path / "b.parquet", record(2, billing_currency="EUR"))

    assert not in_place.bills_otherwise([InputFile(one, "a")], "USD")
    assert in_place.bills_otherwise([InputFile(one, "a"), InputFile(two, "b")], "USD")


def test_a_ledger_and_the_log_it_was_made_from_count_once(tmp_path: Path) -> None:
    """The log's records have no ids of their own: the ledger keeps those they were given."""
    log = write(tmp_path / "a.jsonl", GPT_4O, GPT_4O)
    write_parquet(opened(log).ledger.drop("cost"), tmp_path / "a.parquet")

    assert total(opened(log, tmp_path / "a.parquet")) == Decimal(5)


def test_a_ledger_with_two_sources_of_one_family_is_settled_with_others(tmp_path: Path) -> None:
    """The request of the day in one ledger sets aside the day's bucket in the other."""
    one = normalized(tmp_path / "a.parquet", record(1, source="litellm"))
    two = normalized(tmp_path / "b.parquet", record(2, source="litellm-daily-team", record_kind="usage"))

    assert total(opened(one, two)) == Decimal("2.5")
