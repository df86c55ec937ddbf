"""What OpenAI's dashboard exports (CSV) share: a bucket's times, as numbers, as text, or both."""

from __future__ import annotations

import polars as pl

from finopsctl.ledger.schema import INSTANT
from finopsctl.sources._source import BAD

TIMES = dict.fromkeys(("start_time", "end_time", "start_time_iso", "end_time_iso"), INSTANT)
"""The fields of a row that say when; ``*_iso`` in words, the others in seconds."""


def timed(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``charge_period_start`` and ``charge_period_end``, and ``BAD``, which no flat row is yet."""
    return raw.with_columns(
        pl.lit(None, pl.String).alias(BAD),
        charge_period_start=pl.coalesce("start_time", "start_time_iso"),
        charge_period_end=pl.coalesce("end_time", "end_time_iso"),
    )
