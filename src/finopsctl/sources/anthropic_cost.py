"""Anthropic Admin API cost report (``/v1/organizations/cost_report``): billed money by day, without tokens.

Amounts are decimal text in cents: ``"123.45"`` is 1.2345 USD. Priority tier costs are not in it. Everything but the
amount is null unless the report is grouped by description. ``consumed_unit`` is "tokens" on token lines and the kind
of cost (``web_search``, ``code_execution``, ``session_usage``) on others, null where the report does not say.
(https://platform.claude.com/docs/en/api/admin/cost_report)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.sources._anthropic import PROVIDER, price_terms
from finopsctl.sources._anthropic_api import BUCKETS, billed, monthly_call
from finopsctl.sources._buckets import cents, in_buckets, not_an_amount, results_of, with_tags
from finopsctl.sources._source import AT, BAD, Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

RAW = BUCKETS
_TEXTS = (
    "amount",
    "currency",
    "cost_type",
    "description",
    "token_type",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
    "speed",
    "workspace_id",
)
RESULT = pl.Schema(dict.fromkeys(_TEXTS, pl.String()))
_LABELS = ("description", "token_type")


def score(look: Probe) -> float:
    """Score by an amount and a kind of cost in a bucket's results; the analytics report has list amounts besides."""
    if not in_buckets(look, "starting_at", "results") or not look.has("amount") or look.has("list_amount"):
        return 0.0
    return 1.0 if look.has("cost_type") else 0.7


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a result."""
    results = results_of(raw, "results", RESULT)
    amount = cents(pl.col("amount"))
    return with_tags(results, {name: name for name in _LABELS}).select(
        AT,
        "tags",
        "model",
        PROVIDER,
        pl.coalesce(BAD, not_an_amount("amount", pl.col("amount"), amount)).alias(BAD),
        **billed(amount),
        project="workspace_id",
        **price_terms(pl.col("service_tier")),
    )


SOURCE = Source(
    name="anthropic-cost",
    title="Anthropic Admin API cost report",
    family="anthropic-admin",
    buckets=True,
    shapes=("json", "jsonl"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export=monthly_call(
        "cost_report",
        [
            "limit=31",
            "group_by[]=workspace_id",
            "group_by[]=description",
        ],
        "anthropic_cost.json",
    ),
    envelope=("data",),
    missing={
        "model": "group_by[]=description",
        "consumed_unit": "group_by[]=description",
        "service_tier": "group_by[]=description",
        "context_band": "group_by[]=description",
        "region": "group_by[]=description",
        "project": "group_by[]=workspace_id (null is the default workspace)",
        "api_key": "not in this report: the usage report has it",
        "requests": "not in this report: a gateway's log has them",
        "input_tokens": "not in this report: load the usage report of the same days",
        "output_tokens": "not in this report: load the usage report of the same days",
    },
)
