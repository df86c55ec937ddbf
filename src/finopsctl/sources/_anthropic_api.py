"""What the JSON reports of Anthropic's APIs share: buckets of results, token fields, and how they are fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT
from finopsctl.sources._anthropic import meter, record_kind
from finopsctl.sources._paged_call import paged_call
from finopsctl.sources._source import FLAG

if TYPE_CHECKING:
    from collections.abc import Iterable

BUCKETS = pl.Schema({"starting_at": INSTANT, "ending_at": INSTANT, "results": pl.List(pl.String())})
"""The fields of a bucket."""

USAGE = {
    **dict.fromkeys(("uncached_input_tokens", "cache_read_input_tokens", "output_tokens"), pl.Int64()),
    "cache_creation": pl.Struct({"ephemeral_5m_input_tokens": pl.Int64(), "ephemeral_1h_input_tokens": pl.Int64()}),
    "server_tool_use": pl.Struct({"web_search_requests": pl.Int64()}),
}
"""The fields of a result that count tokens (disjoint as they come) and web searches."""

HEADERS = ("x-api-key: $ANTHROPIC_ADMIN_KEY", "anthropic-version: 2023-06-01")
_MONTH = ("starting_at=2026-11-01T00:00:00Z", "ending_at=2026-12-01T00:00:00Z", "bucket_width=1d")


def counted(results: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``web_searches``, ``cache_write_tokens`` and ``cache_write_1h_tokens`` to results with the fields USAGE."""
    return results.with_columns(
        web_searches=pl.col("server_tool_use").struct.field("web_search_requests"),
        cache_write_tokens=pl.col("cache_creation").struct.field("ephemeral_5m_input_tokens"),
        cache_write_1h_tokens=pl.col("cache_creation").struct.field("ephemeral_1h_input_tokens"),
    )


def billed(amount: pl.Expr) -> dict[str, pl.Expr]:
    """Return what a result with ``currency`` and ``cost_type`` says as a line of money.

    Args:
        amount: What was billed, in the unit of the currency; null is remarked on.
    """
    return {
        "record_kind": record_kind(amount),
        FLAG: pl.when(amount.is_null()).then(pl.lit("it has no amount")),
        "cost_type": pl.lit("api"),
        "charge_period_start": pl.col("starting_at"),
        "charge_period_end": pl.col("ending_at"),
        "reported_cost": amount,
        "billing_currency": pl.col("currency").str.to_uppercase(),
        "consumed_unit": meter(pl.col("cost_type")),
    }


def monthly_call(report: str, parameters: Iterable[str], target: str) -> str:
    """Return the shell commands that fetch a month of a report, by day.

    Args:
        report: Its path below ``/v1/organizations/``.
        parameters: ``name=value``, besides those of the month.
        target: The file that takes the pages.
    """
    url = f"https://api.anthropic.com/v1/organizations/{report}"
    return paged_call(url, HEADERS, [*_MONTH, *parameters], target)
