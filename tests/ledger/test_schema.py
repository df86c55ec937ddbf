"""Tests of the ledger's columns."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from finopsctl.ledger.schema import LEDGER, LEDGER_SCHEMA, MONEY, conform

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def test_conform_gives_every_column_in_the_declared_order_and_type() -> None:
    frame = conform(pl.LazyFrame({"output_tokens": [3], "charge_period_start": [NOON]})).collect()

    assert frame.schema == LEDGER_SCHEMA
    assert frame["output_tokens"].to_list() == [3]


def test_a_column_the_source_lacks_is_unknown_and_not_zero() -> None:
    frame = conform(pl.LazyFrame({"charge_period_start": [NOON]})).collect()

    assert frame["input_tokens"].to_list() == [None]
    assert frame["reported_cost"].to_list() == [None]


def test_provider_and_currency_have_a_value_even_where_the_source_is_silent() -> None:
    frame = conform(pl.LazyFrame({"provider": [None, "", "openai"], "billing_currency": ["EUR", None, ""]})).collect()

    assert frame["provider"].to_list() == ["unknown", "unknown", "openai"]
    assert frame["billing_currency"].to_list() == ["EUR", "USD", "USD"]


def test_empty_text_is_null() -> None:
    assert conform(pl.LazyFrame({"team": ["", " a ", None]})).collect()["team"].to_list() == [None, " a ", None]


def test_a_column_the_ledger_does_not_know_is_dropped_unless_asked_for() -> None:
    frame = pl.LazyFrame({"team": ["a"], "prompt": ["secret"], "rank": [1]})

    assert "prompt" not in conform(frame).collect_schema()
    assert conform(frame, pl.col("rank")).collect()["rank"].to_list() == [1]


def test_a_value_that_does_not_fit_its_type_is_an_error_and_not_a_null() -> None:
    with pytest.raises(pl.exceptions.PolarsError):
        conform(pl.LazyFrame({"input_tokens": ["ten"]})).collect()


def test_money_holds_a_pico_dollar_beside_a_hundred_million_dollars() -> None:
    """100,000,000.000000000001 + 0.000000000001 = 100,000,000.000000000002, which no float can tell."""
    amounts = pl.Series([Decimal("100000000.000000000001"), Decimal("0.000000000001")], dtype=MONEY)

    assert amounts.sum() == Decimal("100000000.000000000002")


def test_every_column_is_declared_once_and_says_what_it_means() -> None:
    names = [column.name for column in LEDGER]

    assert len(names) == len(set(names))
    assert all(column.meaning and column.role in {"dimension", "measure", "detail"} for column in LEDGER)
