"""Anthropic Console cost export (CSV): billed dollars by day, model, key and class of tokens, without token counts.

Unlike the Admin API it prints dollars, and models by display name: ``Claude Sonnet 4.5`` becomes the id
``claude-sonnet-4-5`` and stays as the tag ``model_name``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._anthropic import PROVIDER, meter, model_id, price_terms, record_kind
from finopsctl.sources._buckets import with_tags
from finopsctl.sources._source import AT, FLAG, Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

_TEXTS = (
    "model",
    "workspace",
    "api_key",
    "usage_type",
    "context_window",
    "token_type",
    "cost_type",
    "inference_geo",
    "speed",
)
RAW = pl.Schema({"usage_date_utc": INSTANT, **dict.fromkeys(_TEXTS, pl.String()), "cost_usd": MONEY})


def score(look: Probe) -> float:
    """Score by the date column beside the cost column."""
    return 1.0 if look.has("usage_date_utc", "cost_usd", "model") else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a row."""
    return with_tags(raw, {"model_name": "model", "token_type": "token_type"}).select(
        AT,
        "tags",
        "api_key",
        PROVIDER,
        record_kind(pl.col("cost_usd")),
        pl.when(pl.col("cost_usd").is_null()).then(pl.lit("it has no cost_usd")).alias(FLAG),
        pl.lit("api").alias("cost_type"),
        charge_period_start="usage_date_utc",
        charge_period_end=pl.col("usage_date_utc") + pl.duration(days=1),
        model=model_id(pl.col("model")),
        project="workspace",
        reported_cost="cost_usd",
        consumed_unit=meter(pl.col("cost_type")),
        **price_terms(pl.col("usage_type")),
    )


SOURCE = Source(
    name="anthropic-console-cost",
    title="Anthropic Console cost export (CSV)",
    family="anthropic-admin",
    buckets=True,
    shapes=("csv", "parquet"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export="platform.claude.com > Analytics > Cost > Export, by day, all models, keys and workspaces",
    precedence=1,
    missing={
        "requests": "not in this export: a gateway's log has them",
        "input_tokens": "not in this export: load the token export of the same days",
        "output_tokens": "not in this export: load the token export of the same days",
        "user": "not in this export",
    },
)
