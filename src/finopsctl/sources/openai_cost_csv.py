"""OpenAI dashboard cost export (CSV): the costs API's lines, flattened, with names of projects and organization.

A day without costs is a row of its times only and no record. How a line's text is read:
:mod:`finopsctl.sources._openai_cost_lines`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.sources._openai_cost_lines import MISSING, TEXTS, cost_rows
from finopsctl.sources._openai_csv import TIMES, timed
from finopsctl.sources._source import Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

RAW = pl.Schema(
    {
        **TIMES,
        "amount_value": pl.String(),
        "amount_currency": pl.String(),
        "quantity": pl.Float64(),
        **dict.fromkeys(TEXTS, pl.String()),
    }
)


def score(look: Probe) -> float:
    """Score by an amount's value and currency beside a bucket's times."""
    if not look.has("amount_value"):
        return 0.0
    return 1.0 if look.has("amount_currency") and look.names & {"start_time", "start_time_iso"} else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a line."""
    return cost_rows(timed(raw.rename({"amount_value": "amount", "amount_currency": "currency"})))


SOURCE = Source(
    name="openai-cost-csv",
    title="OpenAI dashboard cost export (CSV)",
    family="openai-admin",
    buckets=True,
    shapes=("csv", "parquet"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export="platform.openai.com/usage > Export > Cost data, daily, grouped by line item, project and API key",
    precedence=1,
    missing=MISSING,
)
