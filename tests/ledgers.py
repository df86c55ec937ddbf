"""Builds small ledgers out of text tables, so that a test shows the rows it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from finopsctl.ledger.schema import LEDGER_SCHEMA, MONEY, RECORD_KIND, conform

_UNKNOWN = {"-", "null"}
_EXTRA = {"cost": MONEY, "intended_cost": MONEY}
_DTYPES = {**LEDGER_SCHEMA, **_EXTRA}
_START = datetime(2026, 10, 1, tzinfo=UTC)


def ledger(table: str, **constants: Any) -> pl.LazyFrame:
    """Build a ledger with ``cost`` from a whitespace-separated table whose first line names the columns.

    ``-`` is null. ``day`` is a day of October 2026 (``3`` or ``3T14:30``) and sets charge_period_start; without it
    rows start on 1 October. ``record_kind`` is ``request`` unless given; ``requests`` is not: say so in the table.
    ``reported_cost`` follows ``cost`` unless given. ``constants`` are columns with one value for all rows.
    """
    lines = [line.split() for line in table.strip().splitlines()]
    header, rows = lines[0], lines[1:]
    names = [*header, *constants]
    records = [{n: _value(n, word) for n, word in zip(names, [*row, *constants.values()], strict=True)} for row in rows]
    for record in records:
        record.setdefault("record_kind", "request")
        record.setdefault("charge_period_start", _instant(record.pop("day", None)))
        record.setdefault("reported_cost", record.get("cost"))
        record.setdefault("source", "test")
    schema = {n: dtype for n, dtype in _DTYPES.items() if any(n in r for r in records)}
    frame = pl.DataFrame(records, schema={**schema, "record_kind": RECORD_KIND}).lazy()
    kept = [name for name in _EXTRA if name in schema]
    both = pl.concat([conform(frame), frame.select(kept)], how="horizontal")
    return both if "cost" in kept else both.with_columns(cost=pl.col("reported_cost"))


def _value(name: str, word: Any) -> Any:
    if not isinstance(word, str):
        return word
    if word in _UNKNOWN:
        return None
    dtype = _DTYPES.get(name)
    if dtype == MONEY:
        return Decimal(word)
    if dtype == pl.Int64:
        return int(word)
    if dtype == pl.Float64:
        return float(word)
    return _instant(word) if isinstance(dtype, pl.Datetime) else word


def _instant(word: str | None) -> datetime:
    if word is None:
        return _START
    if "-" in word:
        return datetime.fromisoformat(word).replace(tzinfo=UTC)
    day, _, clock = word.partition("T")
    return datetime.fromisoformat(f"2026-10-{int(day):02d}T{clock or '00:00'}").replace(tzinfo=UTC)
