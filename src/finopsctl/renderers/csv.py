r"""The rows of a report, or of a whole ledger, as CSV: UTF-8, LF, a header of snake_case names, full precision.

Spreadsheets run text that starts with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return as a formula. Such text
gets one apostrophe in front, numbers are left alone; text that already has apostrophes before such a character gets
one more, so that taking one away gives back what was there: ``^'+[=+\-@\t\r]`` loses its first apostrophe when the
ledger is read again. Lists are JSON text. Null is an empty field, empty text is ``""``. A file or pipe gets names as
they are; on a terminal, which they could steer, control characters are spelled out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.renderers._machine_text import as_text, is_text
from finopsctl.renderers._rows import chunks, first_table
from finopsctl.renderers._visible import visible

if TYPE_CHECKING:
    from typing import BinaryIO

    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report

FORMULA = r"^('*[=+\-@\t\r])"
"""Text that a spreadsheet would run, or that looks like an escaped one."""


def render(report: Report, screen: Screen) -> bytes:
    """Return the first table's rows as CSV."""
    document = first_table(report, write)
    if screen.width is None:
        return document
    return "\n".join(visible(line) for line in document.decode().split("\n")).encode()


def write(frame: pl.DataFrame | pl.LazyFrame, sink: BinaryIO) -> int:
    """Write rows to ``sink`` as they are computed, in order, below a header; return how many there were.

    A lazy frame is never held as a whole. What ``sink.write`` raises (a closed pipe) passes through.
    """
    schema = frame.collect_schema()
    if not schema:
        return 0
    fields = [_field(name, dtype) for name, dtype in schema.items()]
    sink.write(pl.DataFrame(schema=dict.fromkeys(schema, pl.String)).write_csv().encode())
    written = 0
    for batch in chunks(frame):
        sink.write(batch.select(fields).write_csv(include_header=False).encode())
        written += batch.height
    return written


def escape_formulas(text: pl.Expr) -> pl.Expr:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    return text.str.replace(FORMULA, "'${1}")


def _field(name: str, dtype: pl.DataType) -> pl.Expr:
    text = as_text(name, dtype).alias(name)
    return escape_formulas(text) if is_text(dtype) else text
