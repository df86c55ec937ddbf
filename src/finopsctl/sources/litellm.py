"""LiteLLM spend logs: the ``LiteLLM_SpendLogs`` table as JSON lines, JSON array, API pages or Postgres CSV.

One record is one request (``litellm/proxy/schema.prisma``, ``litellm/proxy/_types.py``: ``SpendLogsMetadata``). A
request that the response cache answered keeps its token counts and has spend 0. Older dumps lack the later columns, and
an operator can drop keys of ``metadata``: every field is read by name and may be missing.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._litellm import BREAKDOWN, USAGE, first_text, key_name, to_requests
from finopsctl.sources._source import RANK, Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

_COUNT, _TEXT = pl.Int64(), pl.String()

_METADATA = pl.Struct(
    {
        "user_api_key_alias": _TEXT,
        "user_api_key_team_id": _TEXT,
        "user_api_key_team_alias": _TEXT,
        "user_api_key_project_id": _TEXT,
        "user_api_key_project_alias": _TEXT,
        "user_api_key_user_id": _TEXT,
        "user_api_key_org_id": _TEXT,
        "spend_logs_metadata": _TEXT,
        "requester_custom_headers": _TEXT,
        "status": _TEXT,
        "attempted_retries": _COUNT,
        "attempted_fallbacks": _COUNT,
        "original_model_group": _TEXT,
        "usage_object": USAGE,
        "additional_usage_values": _TEXT,
        "cost_breakdown": BREAKDOWN,
        "batch_successful_requests": _COUNT,
        "batch_failed_requests": _COUNT,
        "internal_call_origin": _TEXT,
        "litellm_call_id": _TEXT,
    }
)

RAW = pl.Schema(
    {
        "request_id": _TEXT,
        "call_type": _TEXT,
        "api_key": _TEXT,
        "spend": MONEY,
        "total_tokens": _COUNT,
        "prompt_tokens": _COUNT,
        "completion_tokens": _COUNT,
        "startTime": INSTANT,
        "endTime": INSTANT,
        "request_duration_ms": pl.Float64(),
        "completionStartTime": INSTANT,
        "model": _TEXT,
        "model_group": _TEXT,
        "custom_llm_provider": _TEXT,
        "api_base": _TEXT,
        "user": _TEXT,
        "metadata": _METADATA,
        "cache_hit": _TEXT,
        "request_tags": _TEXT,
        "team_id": _TEXT,
        "organization_id": _TEXT,
        "end_user": _TEXT,
        "session_id": _TEXT,
        "status": _TEXT,
        "agent_id": _TEXT,
        "litellm_call_id": _TEXT,
        "proxy_server_request": pl.Struct(
            {"max_tokens": _COUNT, "max_completion_tokens": _COUNT, "max_output_tokens": _COUNT, "service_tier": _TEXT}
        ),
    }
)


def _score(look: Probe) -> float:
    if look.has("request_id", "spend", "call_type", "startTime") and not look.has("response_cost", "hidden_params"):
        return 0.95
    return 0.0


@cache
def _fields() -> dict[str, pl.Expr]:
    """Return where this log keeps what a request is described by."""
    meta, body = pl.col("metadata").struct, pl.col("proxy_server_request").struct
    fallbacks = meta["attempted_fallbacks"]
    return {
        "id": pl.col("request_id"),
        "trace": pl.col("session_id"),
        "call": first_text(pl.col("litellm_call_id"), meta["litellm_call_id"]),
        "call_type": pl.col("call_type"),
        "start": pl.col("startTime"),
        "end": pl.col("endTime"),
        "first_token": pl.col("completionStartTime"),
        "duration_ms": pl.col("request_duration_ms"),
        "status": first_text(pl.col("status"), meta["status"]),
        "model": pl.col("model"),
        "group": pl.col("model_group"),
        "first_group": pl.when(fallbacks.is_null() | (fallbacks > 0)).then(meta["original_model_group"]),
        "provider": pl.col("custom_llm_provider"),
        "api_base": pl.col("api_base"),
        "user": first_text(pl.col("user"), meta["user_api_key_user_id"]),
        "team": first_text(meta["user_api_key_team_alias"], pl.col("team_id"), meta["user_api_key_team_id"]),
        "key": key_name(meta["user_api_key_alias"], pl.col("api_key")),
        "customer": pl.col("end_user"),
        "project": first_text(meta["user_api_key_project_alias"], meta["user_api_key_project_id"]),
        "organization": first_text(pl.col("organization_id"), meta["user_api_key_org_id"]),
        "agent": pl.col("agent_id"),
        "prompt": pl.col("prompt_tokens"),
        "completion": pl.col("completion_tokens"),
        "total": pl.col("total_tokens"),
        "usage": meta["usage_object"],
        "more_usage": meta["additional_usage_values"],
        "breakdown": meta["cost_breakdown"],
        "asked_tier": body["service_tier"],
        "hit": pl.col("cache_hit"),
        "retries": meta["attempted_retries"],
        "fallbacks": fallbacks,
        "internal": meta["internal_call_origin"],
        "batch_done": meta["batch_successful_requests"],
        "batch_failed": meta["batch_failed_requests"],
        "limit": pl.coalesce(body["max_completion_tokens"], body["max_output_tokens"], body["max_tokens"]),
        "cost": pl.col("spend"),
        "request_tags": pl.col("request_tags"),
        "free_labels": meta["spend_logs_metadata"],
        "headers": meta["requester_custom_headers"],
    }


def _to_ledger(frame: pl.LazyFrame) -> pl.LazyFrame:
    # Of a request found in several logs this one says the most: retries and fallbacks are only here.
    return to_requests(frame, _fields()).with_columns(pl.lit(1, pl.Int64).alias(RANK))


EXPORT = """\
# every column, straight from the proxy's database (prompts and responses are in the table, and are not read):
psql "$DATABASE_URL" -c "\\copy (SELECT * FROM \\"LiteLLM_SpendLogs\\" WHERE \\"startTime\\" >= '2026-10-01' \
AND \\"startTime\\" < '2026-11-01') TO 'spend_logs.csv' CSV HEADER"

# or page by page through the API (at most 1,000 rows a page; one file a page, or one page a line):
curl -s -H "Authorization: Bearer $LITELLM_MASTER_KEY" "$LITELLM_URL/spend/logs/v2?\
start_date=2026-10-01%2000:00:00&end_date=2026-11-01%2000:00:00&page=1&page_size=1000" > spend_logs_1.json

# or at most 10,000 rows at once, the end date's own day left out:
curl -s -H "Authorization: Bearer $LITELLM_MASTER_KEY" \
"$LITELLM_URL/spend/logs?start_date=2026-10-01&end_date=2026-11-01&summarize=false" > spend_logs.json
"""

SOURCE = Source(
    name="litellm",
    title="LiteLLM spend logs (LiteLLM_SpendLogs: JSON lines, API pages, Postgres CSV)",
    family="litellm",
    shapes=("jsonl", "json", "csv", "parquet"),
    raw=RAW,
    score=_score,
    to_ledger=_to_ledger,
    export=EXPORT,
    envelope=("data",),
    missing={
        "tasks": "the proxy does not know how a task ended",
        "cache_type": "add cache_type to spend_logs_metadata where a semantic cache is used",
        "max_output_tokens": "general_settings.store_prompts_in_spend_logs: true (only the limit is read)",
        "feature": 'send metadata.tags ["feature:..."] or metadata.spend_logs_metadata {"feature": ...}',
        "environment": 'send metadata.tags ["env:..."] or metadata.spend_logs_metadata {"environment": ...}',
        "customer": "send the user field of the request, or the header x-litellm-end-user-id",
        "team": "create keys in teams: /key/generate with team_id",
        "service_tier": "newer versions of LiteLLM log it in metadata.cost_breakdown",
    },
)


def _summary_score(look: Probe) -> float:
    return 0.9 if look.has("startTime", "spend", "users", "models") and not look.has("request_id") else 0.0


SUMMARY = Source(
    name="litellm-summary",
    title="LiteLLM /spend/logs summary (daily totals; cannot be counted)",
    family="litellm",
    shapes=("json", "jsonl"),
    raw=pl.Schema({"startTime": INSTANT, "spend": MONEY}),
    score=_summary_score,
    to_ledger=lambda frame: frame,
    export=EXPORT,
    refusal=(
        "this is the /spend/logs summary: a day's spend by user, model and key, without requests or tokens",
        "Ask /spend/logs for rows with summarize=false, or use /spend/logs/v2 (see `finopsctl sources litellm`).",
    ),
)
