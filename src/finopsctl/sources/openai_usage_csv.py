"""OpenAI dashboard usage export (CSV): the usage API's fields, flattened to one row a result.

Counts may be written as ``10.0``, truth as ``FALSE``; a day without usage is a row of its times only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.sources._openai_csv import TIMES, timed
from finopsctl.sources._openai_usage_results import MISSING, RESULT, TELLING, usage_rows
from finopsctl.sources._source import Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

RAW = pl.Schema({**TIMES, **RESULT})


def score(look: Probe) -> float:
    """Score by a bucket's times beside a usage count."""
    if look.shape in {"json", "jsonl"} or look.has("amount_value"):
        return 0.0
    if not look.names & (TELLING - {"input_cached_tokens"}):
        return 0.0
    if look.has("start_time_iso"):
        return 1.0
    return 0.9 if look.has("start_time", "end_time") else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a result."""
    return usage_rows(timed(raw))


SOURCE = Source(
    name="openai-usage-csv",
    title="OpenAI dashboard usage export (CSV)",
    family="openai-admin",
    buckets=True,
    shapes=("csv", "parquet"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export="platform.openai.com/usage > Export > Usage data, daily, grouped by model, project, user and API key",
    precedence=1,
    missing=MISSING,
)
