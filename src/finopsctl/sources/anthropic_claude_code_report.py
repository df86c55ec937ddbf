"""Anthropic Admin API Claude Code report (``/v1/organizations/usage_report/claude_code``): tokens by person and day.

One record is one actor, day and terminal; each model of its breakdown becomes a row. ``estimated_cost`` is in cents.
For customers billed by usage (``customer_type`` api) it is the reported cost. On a subscription it is notional, since
seats are billed, not tokens: the reported cost is then 0, the row's ``plan`` is "subscription" and the estimate stays
in the tag ``estimated_cost``; the list basis still values its tokens.
(https://platform.claude.com/docs/en/api/admin/claude_code)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._anthropic import PROVIDER
from finopsctl.sources._anthropic_api import HEADERS
from finopsctl.sources._buckets import amount_text, cents, in_buckets, not_an_amount, results_of, with_tags
from finopsctl.sources._paged_call import paged_call
from finopsctl.sources._source import AT, BAD, Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

RAW = pl.Schema(
    {
        "date": INSTANT,
        "actor": pl.Struct({"type": pl.String(), "email_address": pl.String(), "api_key_name": pl.String()}),
        "customer_type": pl.String(),
        "subscription_type": pl.String(),
        "terminal_type": pl.String(),
        "organization_id": pl.String(),
        "model_breakdown": pl.List(pl.String()),
    }
)
_TOKENS = ("input", "output", "cache_read", "cache_creation")
RESULT = pl.Schema(
    {
        "model": pl.String(),
        "tokens": pl.Struct(dict.fromkeys(_TOKENS, pl.Int64())),
        "estimated_cost": pl.Struct({"amount": pl.String(), "currency": pl.String()}),
    }
)


def score(look: Probe) -> float:
    """Score by a breakdown by model beside an actor or the core metrics."""
    if not in_buckets(look, "date", "model_breakdown"):
        return 0.0
    return 1.0 if look.names & {"estimated_cost", "core_metrics", "actor"} else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row for each model of a record; a record without models is no charge."""
    estimate = pl.col("estimated_cost").struct.field("amount")
    rows = results_of(raw, "model_breakdown", RESULT).with_columns(
        estimate=estimate, cost=cents(estimate), subscribed=pl.col("customer_type").str.to_lowercase() == "subscription"
    )
    noted = rows.with_columns(notional=pl.when("subscribed").then(amount_text(pl.col("cost"))))
    labels = {name: name for name in ("terminal_type", "organization_id", "subscription_type")}
    tokens = {name: pl.col("tokens").struct.field(name) for name in _TOKENS}
    return with_tags(noted, labels | {"estimated_cost": "notional"}).select(
        AT,
        "tags",
        "model",
        PROVIDER,
        pl.lit("usage").alias("record_kind"),
        pl.lit("claude_code").alias("feature"),
        pl.coalesce(BAD, not_an_amount("estimated_cost.amount", pl.col("estimate"), pl.col("cost"))).alias(BAD),
        charge_period_start="date",
        charge_period_end=pl.col("date") + pl.duration(days=1),
        user=pl.col("actor").struct.field("email_address"),
        api_key=pl.col("actor").struct.field("api_key_name"),
        plan=pl.when("subscribed").then(pl.lit("subscription")),
        input_tokens=tokens["input"],
        output_tokens=tokens["output"],
        cache_read_tokens=tokens["cache_read"],
        cache_write_tokens=tokens["cache_creation"],
        reported_cost=pl.when("subscribed").then(pl.lit(0, MONEY)).otherwise(pl.col("cost")),
        billing_currency=pl.col("estimated_cost").struct.field("currency").str.to_uppercase(),
    )


SOURCE = Source(
    name="anthropic-claude-code-report",
    title="Anthropic Admin API Claude Code report",
    family="anthropic-admin",
    buckets=True,
    shapes=("json", "jsonl"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export="for day in 2026-11-01 2026-11-02; do  # one call a day\n"
    + paged_call(
        "https://api.anthropic.com/v1/organizations/usage_report/claude_code",
        HEADERS,
        ["limit=1000"],
        "anthropic_claude_code.json",
    ).replace("-sSfG ", '-sSfG -d "starting_at=$day" ')
    + "\ndone",
    envelope=("data",),
    precedence=3,
    missing={
        "requests": "not in this report: Claude Code's own session logs have them",
        "cache_write_1h_tokens": "not told apart from cache_write_tokens: the usage report has both",
        "service_tier": "not in this report: the usage report has it",
        "tasks": "core_metrics (sessions, commits, pull requests) are not read: give outcomes as a table of their own",
        "team": "allocate by user or api_key",
    },
)
