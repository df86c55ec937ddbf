"""Anthropic Console token export (CSV): tokens by day, model, key and workspace; all token columns are disjoint.

Files of 2025 lack the columns ``context_window``, ``inference_geo`` and ``speed``. Keys and workspaces are named as the
console shows them, not by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT
from finopsctl.sources._anthropic import PROVIDER, negative, price_terms, searches
from finopsctl.sources._source import AT, BAD, Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

_TEXTS = ("model_version", "api_key", "workspace", "usage_type", "context_window", "inference_geo", "speed")
_COUNTS = {
    "usage_input_tokens_no_cache": "input_tokens",
    "usage_input_tokens_cache_write_5m": "cache_write_tokens",
    "usage_input_tokens_cache_write_1h": "cache_write_1h_tokens",
    "usage_input_tokens_cache_read": "cache_read_tokens",
    "usage_output_tokens": "output_tokens",
}
RAW = pl.Schema(
    {
        "usage_date_utc": INSTANT,
        **dict.fromkeys(_TEXTS, pl.String()),
        **dict.fromkeys((*_COUNTS, "web_search_count"), pl.Int64()),
    }
)


def score(look: Probe) -> float:
    """Score by the date column beside the token columns."""
    return 1.0 if look.has("usage_date_utc", "usage_output_tokens", "usage_input_tokens_no_cache") else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a row."""
    return raw.select(
        AT,
        "api_key",
        PROVIDER,
        pl.lit("usage").alias("record_kind"),
        negative(["web_search_count"]).alias(BAD),
        *(pl.col(name).alias(column) for name, column in _COUNTS.items()),
        *searches(pl.col("web_search_count")),
        charge_period_start="usage_date_utc",
        charge_period_end=pl.col("usage_date_utc") + pl.duration(days=1),
        model="model_version",
        project="workspace",
        **price_terms(pl.col("usage_type")),
    )


SOURCE = Source(
    name="anthropic-console-tokens",
    title="Anthropic Console token export (CSV)",
    family="anthropic-admin",
    buckets=True,
    shapes=("csv", "parquet"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export="platform.claude.com > Analytics > Usage > Export, by day, all models, keys and workspaces",
    precedence=1,
    missing={
        "requests": "not in this export: a gateway's log has them",
        "user": "not in this export: the usage report grouped by account_id has it",
        "reported_cost": "not in this export: priced from the catalogue, or load the cost export to reconcile",
        "reasoning_tokens": "not told apart from output_tokens",
    },
)
