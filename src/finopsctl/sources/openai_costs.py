"""OpenAI costs API pages (``/v1/organization/costs``): billed money by day, without tokens or requests.

One page, several pages in a row or one a line, the bare ``data`` array, or one bucket a line. Amounts come as numbers
and, in some exports, as text (``"0E-6176"`` included). How a line's text is read:
:mod:`finopsctl.sources._openai_cost_lines`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._buckets import in_buckets, listed, results_of
from finopsctl.sources._openai_cost_lines import MISSING, TEXTS, cost_rows
from finopsctl.sources._openai_usage_results import TELLING
from finopsctl.sources._paged_call import paged_call
from finopsctl.sources._source import BAD, Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

# ``value`` is no field of a bucket; as money, numbers of that name keep all their digits on the way into ``results``.
RAW = pl.Schema({"start_time": INSTANT, "end_time": INSTANT, "value": MONEY, "results": pl.List(pl.String())})
RESULT = pl.Schema(
    {
        "object": pl.String(),
        "amount": pl.Struct({"value": pl.String(), "currency": pl.String()}),
        **dict.fromkeys(TEXTS, pl.String()),
        "quantity": pl.Float64(),
    }
)


def score(look: Probe) -> float:
    """Score by the kind that a result names, else by an amount of a value and a currency beside a line item."""
    if not in_buckets(look, "start_time", "results"):
        return 0.0
    kinds = {str(result.get("object")) for result in listed(look, "results")}
    if "organization.costs.result" in kinds:
        return 1.0
    if look.names & TELLING:
        return 0.0
    return 0.9 if look.has("amount", "value", "currency") else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a result."""
    times = raw.drop("value").rename({"start_time": "charge_period_start", "end_time": "charge_period_end"})
    kind = pl.col("object")
    foreign = pl.format("'{}' is no costs result: give it as a file of its own", kind)
    lines = results_of(times, "results", RESULT).with_columns(
        pl.coalesce(BAD, pl.when(kind != "organization.costs.result").then(foreign)).alias(BAD),
        amount=pl.col("amount").struct.field("value"),
        currency=pl.col("amount").struct.field("currency"),
    )
    return cost_rows(lines)


SOURCE = Source(
    name="openai-costs",
    title="OpenAI costs API pages",
    family="openai-admin",
    buckets=True,
    shapes=("json", "jsonl"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export=paged_call(
        "https://api.openai.com/v1/organization/costs",
        ["Authorization: Bearer $OPENAI_ADMIN_KEY"],
        [
            "start_time=1793491200",
            "end_time=1796083200",
            "bucket_width=1d",
            "limit=180",
            *(f"group_by[]={name}" for name in ("line_item", "project_id", "api_key_id")),
        ],
        "openai_costs.json",
    )
    + "\n# 2026-11-01 to 2026-12-01",
    envelope=("data",),
    missing=MISSING,
)
