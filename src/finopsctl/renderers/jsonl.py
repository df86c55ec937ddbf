"""The rows of a report, or of a whole ledger, as JSON Lines: one object a line, written as in the JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.renderers._machine_text import json_lines
from finopsctl.renderers._rows import chunks, first_table

if TYPE_CHECKING:
    from typing import BinaryIO

    import polars as pl

    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report


def render(report: Report, _screen: Screen) -> bytes:
    """Return the first table's rows, one JSON object a line."""
    return first_table(report, write)


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
