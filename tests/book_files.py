"""Writes small input files and opens them, so that a test of the books shows its records and little else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.books import Books, Request, open_books
from finopsctl.ledger.schema import LEDGER_SCHEMA

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

USUAL = {"charge_period_start": "2026-10-01T00:00:00Z", "provider": "openai", "requests": 1}
"""A record of the ledger's own format unless it says otherwise."""


def record(**values: Any) -> dict[str, Any]:
    """Return one record in the ledger's own format."""
    return {**USUAL, **values}


def lines(*records: dict[str, Any]) -> str:
    """Return records as JSON lines."""
    return "".join(json.dumps(each) + "\n" for each in records)


def write(path: Path, *records: dict[str, Any]) -> Path:
    """Write records of the ledger's own format as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines(*(record(**each) for each in records)), encoding="utf-8")
    return path


def opened(*inputs: Path | str, **options: Any) -> Books:
    """Open the books on some files."""
    return open_books(Request(tuple(map(str, inputs)), **options))


def total(books: Books, column: str = "cost") -> Decimal:
    """Return the sum of a money column."""
    amount: Decimal = books.ledger.select(pl.col(column).sum()).collect().item()
    return amount


def content(books: Books) -> pl.DataFrame:
    """Return every row, without where it came from, in an order of its own."""
    names = [name for name in LEDGER_SCHEMA if name != "origin"]
    return books.ledger.select(*names, "cost").sort("source", "record_id").collect()


def codes(books: Books) -> list[str]:
    """Return the codes of the findings."""
    return [finding.code for finding in books.findings]
