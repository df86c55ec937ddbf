"""The rows of a report, or of a whole ledger, as JSON Lines: one object a line, written as in the JSON document."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.renderers._machine_text import json_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report

CHUNK_ROWS = 20_000
"""Rows turned into text at a time: bounds memory, whatever the ledger's size."""


def render(report: Report, _screen: Screen) -> bytes:
    """Return the first table's rows, one JSON object a line."""
    sink = io.BytesIO()
    if report.tables:
        write(report.tables[0].frame, sink)
    return sink.getvalue()


def write(frame: pl.DataFrame | pl.LazyFrame, sink: BinaryIO) -> int:
    """Write rows to ``sink`` as they are computed, in order; return how many there were.

    A lazy frame is never held as a whole. What ``sink.write`` raises (a closed pipe) passes through.
    """
    written = 0
    for batch in chunks(frame):
        if batch.width and batch.height:
            text: str = json_lines(batch).str.join("\n").item()
            sink.write(f"{text}\n".encode())
            written += batch.height
    return written


def chunks(frame: pl.DataFrame | pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield the rows of a frame in order, at most :data:`CHUNK_ROWS` at a time."""
    if isinstance(frame, pl.DataFrame):
        yield from frame.iter_slices(CHUNK_ROWS)
        return
    for batch in frame.collect_batches(chunk_size=CHUNK_ROWS, maintain_order=True):
        yield from batch.iter_slices(CHUNK_ROWS)
