"""Anthropic Admin API usage report (``/v1/organizations/usage_report/messages``): buckets of tokens.

All token fields are disjoint as they come. There is no request count and no money; web searches are a meter of the
row they belong to. A null dimension is not grouped by, or is the default workspace or the console.
(https://platform.claude.com/docs/en/api/admin/usage_report)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.sources._anthropic import PROVIDER, negative, price_terms, searches
from finopsctl.sources._anthropic_api import BUCKETS, USAGE, counted, monthly_call
from finopsctl.sources._buckets import in_buckets, results_of, with_tags
from finopsctl.sources._source import AT, BAD, Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

RAW = BUCKETS
_DIMENSIONS = (
    "api_key_id",
    "workspace_id",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
    "speed",
    "account_id",
    "service_account_id",
)
RESULT = pl.Schema(
    {
        **dict.fromkeys(_DIMENSIONS, pl.String()),
        **USAGE,
    }
)
ANALYTICS = frozenset({"product", "rbac_group_id", "slack_channel_id", "claude_tag_category", "list_amount"})
"""Fields that only the analytics reports have."""


def score(look: Probe) -> float:
    """Score by the uncached input of a bucket's results; analytics reports have fields of their own besides.

    A page of empty buckets could be of any report; it is taken as this one, since it counts nothing either way.
    """
    if not in_buckets(look, "starting_at", "results") or look.names & ANALYTICS or look.has("amount"):
        return 0.0
    if look.has("uncached_input_tokens"):
        return 1.0
    return 0.6 if look.has("ending_at") else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a result."""
    results = counted(results_of(raw, "results", RESULT))
    return with_tags(results, {"service_account_id": "service_account_id"}).select(
        AT,
        "tags",
        "model",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
        PROVIDER,
        pl.lit("usage").alias("record_kind"),
        pl.coalesce(BAD, negative(["web_searches"]), _uncountable()).alias(BAD),
        *searches(pl.col("web_searches")),
        charge_period_start="starting_at",
        charge_period_end="ending_at",
        input_tokens="uncached_input_tokens",
        cache_read_tokens="cache_read_input_tokens",
        project="workspace_id",
        api_key="api_key_id",
        user=pl.coalesce("account_id", "service_account_id"),
        **price_terms(pl.col("service_tier")),
    )


def _uncountable() -> pl.Expr:
    counts = ("uncached_input_tokens", "cache_read_input_tokens", "output_tokens", "cache_write_tokens")
    nothing = pl.all_horizontal(pl.col(*counts, "cache_write_1h_tokens", "web_searches").is_null())
    return pl.when(nothing).then(pl.lit("it counts nothing"))


_GROUPS = ["model", "api_key_id", "workspace_id", "service_tier", "context_window", "inference_geo"]
SOURCE = Source(
    name="anthropic-usage",
    title="Anthropic Admin API usage report (messages)",
    family="anthropic-admin",
    buckets=True,
    shapes=("json", "jsonl"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export=monthly_call(
        "usage_report/messages",
        [
            "limit=31",
            *(f"group_by[]={name}" for name in _GROUPS),
        ],
        "anthropic_usage.json",
    ),
    envelope=("data",),
    missing={
        "model": "group_by[]=model",
        "project": "group_by[]=workspace_id (null is the default workspace)",
        "api_key": "group_by[]=api_key_id (null is the console)",
        "user": "group_by[]=account_id",
        "service_tier": "group_by[]=service_tier, and group_by[]=speed for fast mode",
        "context_band": "group_by[]=context_window",
        "region": "group_by[]=inference_geo",
        "requests": "not in this report: a gateway's log has them",
        "reported_cost": "not in this report: priced from the catalogue, or load the cost report to reconcile",
        "reasoning_tokens": "not told apart from output_tokens",
        "errors": "not in this report: a gateway's log has them",
        "latency_ms": "not in this report: a gateway's log has it",
    },
)
