"""Anthropic analytics cost report (``/v1/organizations/analytics/cost_report``): money by product.

``amount`` is decimal text in cents after discounts and before credits, ``list_amount`` the same at list price (kept as
the tag ``list_amount``, in dollars). A report grouped by ``rbac_group_id`` is refused: groups overlap, so its rows add
up to more than the total. (https://platform.claude.com/docs/en/api/admin/analytics)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.sources._anthropic import PROVIDER, price_terms
from finopsctl.sources._anthropic_api import BUCKETS, billed, monthly_call
from finopsctl.sources._anthropic_groups import overlapping
from finopsctl.sources._buckets import amount_text, cents, in_buckets, not_an_amount, results_of, with_tags
from finopsctl.sources._source import AT, BAD, Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

RAW = BUCKETS
_LABELS = ("token_type", "slack_channel_id", "claude_tag_category")
_TEXTS = (
    "amount",
    "list_amount",
    "currency",
    "cost_type",
    "product",
    "model",
    "context_window",
    "inference_geo",
    "speed",
    "rbac_group_id",
    "claude_tag_user_id",
    *_LABELS,
)
RESULT = pl.Schema({**dict.fromkeys(_TEXTS, pl.String()), "requests": pl.Int64()})


def score(look: Probe) -> float:
    """Score by an amount beside a list amount in a bucket's results."""
    return 1.0 if in_buckets(look, "starting_at", "results") and look.has("amount", "list_amount") else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a result."""
    amount = cents(pl.col("amount"))
    results = results_of(raw, "results", RESULT).with_columns(listed=amount_text(cents(pl.col("list_amount"))))
    labels = {name: name for name in _LABELS} | {"list_amount": "listed"}
    return with_tags(results, labels).select(
        AT,
        "tags",
        "model",
        "requests",
        PROVIDER,
        pl.coalesce(BAD, overlapping(), not_an_amount("amount", pl.col("amount"), amount)).alias(BAD),
        **billed(amount),
        feature="product",
        user="claude_tag_user_id",
        **price_terms(),
    )


SOURCE = Source(
    name="anthropic-analytics-cost",
    title="Anthropic analytics cost report",
    family="anthropic-admin",
    buckets=True,
    shapes=("json", "jsonl"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export=monthly_call(
        "analytics/cost_report",
        [
            *(f"group_by[]={name}" for name in ("product", "model", "cost_type", "token_type")),
        ],
        "anthropic_analytics_cost.json",
    ),
    envelope=("data",),
    precedence=2,
    missing={
        "model": "group_by[]=model",
        "feature": "group_by[]=product",
        "consumed_unit": "group_by[]=cost_type",
        "requests": "null when grouped by cost_type or token_type",
        "team": "not by group_by[]=rbac_group_id, since groups overlap: allocate by feature",
        "input_tokens": "not in this report: load the analytics usage report",
        "output_tokens": "not in this report: load the analytics usage report",
    },
)
