"""Anthropic analytics usage report (``/v1/organizations/analytics/usage_report``): tokens and requests by product.

Like the Admin API's usage report, with requests and the product (chat, claude_code, cowork ...) instead of keys and
workspaces. A report grouped by ``rbac_group_id`` is refused: groups overlap, so its rows add up to more than the
total. Spans of code execution are counted as requests of rows without a product.
(https://platform.claude.com/docs/en/api/admin/analytics)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.sources._anthropic import PROVIDER, negative, price_terms, searches
from finopsctl.sources._anthropic_api import BUCKETS, USAGE, counted, monthly_call
from finopsctl.sources._anthropic_groups import overlapping
from finopsctl.sources._buckets import in_buckets, results_of, with_tags
from finopsctl.sources._source import AT, BAD, Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

RAW = BUCKETS
_LABELS = ("slack_channel_id", "claude_tag_category")
_TEXTS = (
    "product",
    "model",
    "context_window",
    "inference_geo",
    "speed",
    "rbac_group_id",
    "claude_tag_user_id",
    *_LABELS,
)
RESULT = pl.Schema(
    {
        **dict.fromkeys(_TEXTS, pl.String()),
        "requests": pl.Int64(),
        **USAGE,
    }
)


def score(look: Probe) -> float:
    """Score by the uncached input of a bucket's results beside the product or a group."""
    if not in_buckets(look, "starting_at", "results") or not look.has("uncached_input_tokens"):
        return 0.0
    return 1.0 if look.names & {"product", "rbac_group_id", "slack_channel_id", "claude_tag_category"} else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a result."""
    results = counted(results_of(raw, "results", RESULT))
    return with_tags(results, {name: name for name in _LABELS}).select(
        AT,
        "tags",
        "model",
        "requests",
        "output_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        PROVIDER,
        pl.lit("usage").alias("record_kind"),
        pl.coalesce(BAD, overlapping(), negative(["web_searches"])).alias(BAD),
        *searches(pl.col("web_searches")),
        charge_period_start="starting_at",
        charge_period_end="ending_at",
        input_tokens="uncached_input_tokens",
        cache_read_tokens="cache_read_input_tokens",
        feature="product",
        user="claude_tag_user_id",
        **price_terms(),
    )


SOURCE = Source(
    name="anthropic-analytics-usage",
    title="Anthropic analytics usage report",
    family="anthropic-admin",
    buckets=True,
    shapes=("json", "jsonl"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export=monthly_call(
        "analytics/usage_report",
        [
            *(f"group_by[]={name}" for name in ("product", "model", "context_window", "inference_geo", "speed")),
        ],
        "anthropic_analytics_usage.json",
    ),
    envelope=("data",),
    precedence=2,
    missing={
        "model": "group_by[]=model",
        "feature": "group_by[]=product",
        "context_band": "group_by[]=context_window",
        "region": "group_by[]=inference_geo",
        "service_tier": "group_by[]=speed tells fast mode; batch only in the usage report",
        "team": "not by group_by[]=rbac_group_id, since groups overlap: allocate by feature",
        "api_key": "not in this report: the usage report has it",
        "project": "not in this report: the usage report has workspaces",
        "reported_cost": "not in this report: load the analytics cost report to reconcile",
    },
)
