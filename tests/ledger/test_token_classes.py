"""Tests of the token classes."""

from __future__ import annotations

import polars as pl

from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.ledger.token_classes import INPUT_COLUMNS, OUTPUT_COLUMNS, TOKEN_CLASSES, TOKEN_COLUMNS


def test_every_token_column_of_the_ledger_belongs_to_exactly_one_class() -> None:
    columns = [
        name
        for name, dtype in LEDGER_SCHEMA.items()
        if name.endswith("_tokens") and dtype == pl.Int64 and name != "max_output_tokens"
    ]

    assert sorted(columns) == sorted(c.column for c in TOKEN_CLASSES)


def test_input_and_output_classes_are_disjoint_and_together_all_of_them() -> None:
    assert not set(INPUT_COLUMNS) & set(OUTPUT_COLUMNS)
    assert set(INPUT_COLUMNS) | set(OUTPUT_COLUMNS) == set(TOKEN_COLUMNS)


def test_the_cost_of_every_class_goes_to_a_part_of_list_cost() -> None:
    assert all(c.cost_part in LEDGER_SCHEMA for c in TOKEN_CLASSES)


def test_only_reasoning_and_images_may_be_billed_as_another_class() -> None:
    """Audio or cache tokens without a rate of their own leave a record unpriced instead."""
    assert {c.rate_key: c.bills_as for c in TOKEN_CLASSES if c.bills_as} == {
        "image_input": "input",
        "reasoning": "output",
    }
