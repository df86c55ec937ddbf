"""The rows of a report as Parquet (zstd), every column with its type; the file's metadata says where they come from."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.renderers._machine_text import encode, schema_of

if TYPE_CHECKING:
    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report

LEVEL = 3
"""The zstd level; fixed, so that the same rows give the same bytes."""


def render(report: Report, _screen: Screen) -> bytes:
    """Return the first table's rows as a Parquet file.

    Its key-value metadata holds ``finopsctl.schema`` (as in the JSON document), ``finopsctl.context`` (the keys before
    ``rows``) and ``finopsctl.totals``, both as JSON text.
    """
    sink = io.BytesIO()
    frame = report.tables[0].frame if report.tables else pl.DataFrame()
    metadata = {
        "finopsctl.schema": schema_of(report),
        "finopsctl.context": encode(report.context.header),
        "finopsctl.totals": encode(report.totals),
    }
    frame.write_parquet(sink, compression="zstd", compression_level=LEVEL, metadata=metadata)
    return sink.getvalue()
