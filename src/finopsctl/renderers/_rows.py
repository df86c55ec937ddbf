"""What the formats that hold nothing but rows have in common: the rows of an answer, and of a ledger of any size."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from finopsctl.results.report import Report

CHUNK_ROWS = 20_000
"""Rows turned into text at a time: bounds memory, whatever the ledger's size."""


def first_table(report: Report, write: Callable[[pl.DataFrame, BinaryIO], object]) -> bytes:
    """Return what ``write`` makes of the rows of a report's first table; nothing for a report without tables."""
    sink = io.BytesIO()
    if report.tables:
        write(report.tables[0].frame, sink)
    return sink.getvalue()


def chunks(frame: pl.DataFrame | pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield the rows of a frame in order, at most :data:`CHUNK_ROWS` at a time; a lazy one is never held as a whole."""
    if isinstance(frame, pl.DataFrame):
        yield from frame.iter_slices(CHUNK_ROWS)
        return
    for batch in frame.collect_batches(chunk_size=CHUNK_ROWS, maintain_order=True):
        yield from batch.iter_slices(CHUNK_ROWS)
