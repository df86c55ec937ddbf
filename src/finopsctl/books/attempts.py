"""Attempts of one client request that were logged as records of their own: the request counts once.

A gateway that retries, or falls back to another model, may log every failed attempt beside the answer. Of the records
of one request the last stands for it; failures before it are no requests and no errors, for the client never saw
them. What they cost stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.sources import CALL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_COUNTS = ("requests", "errors", "retries", "fallbacks")


def failed_calls(rows: pl.DataFrame) -> pl.Series:
    """Return the requests (``CALL``) that have a failed record among ledger rows."""
    return rows.filter(_failed() & pl.col(CALL).is_not_null())[CALL].unique()


def _failed() -> pl.Expr:
    """Tell a failed request from an answered one, and from a batch some of whose requests failed."""
    return ((pl.col("requests") == 1) & (pl.col("errors") == 1)).fill_null(value=False)


def settle(parts: Sequence[Path], calls: pl.Series) -> int:
    """Take the counts off failed attempts in Parquet files of ledger rows with ``CALL``; return how many there are.

    Args:
        parts: The files; those that hold attempts are rewritten.
        calls: The requests to look at.
    """
    if calls.is_empty():
        return 0
    found = pl.concat(_records(path, index, calls) for index, path in enumerate(parts))
    last = ("end", "charge_period_start", "failed", "record_id")
    ordered = found.sort(last, descending=[True, True, False, True])
    lost = ordered.filter((pl.int_range(pl.len()).over(CALL) > 0) & pl.col("failed"))
    for (index,), rows in lost.group_by("part"):
        assert isinstance(index, int)
        _take_counts(parts[index], rows["row"])
    return lost.height


def _records(path: Path, index: int, calls: pl.Series) -> pl.DataFrame:
    of_calls = pl.scan_parquet(path).with_row_index("row").filter(pl.col(CALL).is_in(calls.implode()))
    return of_calls.select(
        CALL,
        "row",
        "charge_period_start",
        "record_id",
        end=pl.coalesce("charge_period_end", "charge_period_start"),
        part=pl.lit(index, pl.Int32),
        failed=_failed(),
    ).collect(engine="streaming")


def _take_counts(path: Path, rows: pl.Series) -> None:
    frame = pl.read_parquet(path).with_row_index("row")
    attempt = pl.col("row").is_in(rows.implode())
    frame.with_columns(pl.when(attempt).then(pl.lit(0, pl.Int64)).otherwise(name).alias(name) for name in _COUNTS).drop(
        "row"
    ).write_parquet(path, compression="lz4")
