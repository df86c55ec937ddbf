"""LiteLLM's StandardLoggingPayload, as its S3, GCS, Azure and generic loggers write it: one request a file or a line.

Fields: ``litellm/types/utils.py``, ``StandardLoggingPayload``. Times are epoch seconds (older versions: text). Token
totals and the cache follow the rules of the spend logs; ``id`` is the spend log's ``request_id``, so that a request
found in both counts once.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._litellm import BREAKDOWN, USAGE, first_text, key_name, to_requests
from finopsctl.sources._source import Source

if TYPE_CHECKING:
    from polars.expr.struct import ExprStructNameSpace

    from finopsctl.sources._probe import Probe

_COUNT, _TEXT = pl.Int64(), pl.String()

_METADATA = pl.Struct(
    {
        "user_api_key_hash": _TEXT,
        "user_api_key_alias": _TEXT,
        "user_api_key_team_id": _TEXT,
        "user_api_key_team_alias": _TEXT,
        "user_api_key_project_id": _TEXT,
        "user_api_key_project_alias": _TEXT,
        "user_api_key_user_id": _TEXT,
        "user_api_key_org_id": _TEXT,
        "user_api_key_end_user_id": _TEXT,
        "team_alias": _TEXT,
        "team_id": _TEXT,
        "spend_logs_metadata": _TEXT,
        "requester_custom_headers": _TEXT,
        "usage_object": USAGE,
        "attempted_retries": _COUNT,
        "attempted_fallbacks": _COUNT,
        "original_model_group": _TEXT,
        "internal_call_origin": _TEXT,
    }
)

RAW = pl.Schema(
    {
        "id": _TEXT,
        "trace_id": _TEXT,
        "session_id": _TEXT,
        "litellm_call_id": _TEXT,
        "call_type": _TEXT,
        "response_cost": MONEY,
        "cost_breakdown": BREAKDOWN,
        "status": _TEXT,
        "custom_llm_provider": _TEXT,
        "total_tokens": _COUNT,
        "prompt_tokens": _COUNT,
        "completion_tokens": _COUNT,
        "startTime": INSTANT,
        "endTime": INSTANT,
        "completionStartTime": INSTANT,
        "model": _TEXT,
        "model_group": _TEXT,
        "api_base": _TEXT,
        "metadata": _METADATA,
        "cache_hit": _TEXT,
        "request_tags": _TEXT,
        "end_user": _TEXT,
        "model_parameters": pl.Struct(
            {"max_tokens": _COUNT, "max_completion_tokens": _COUNT, "max_output_tokens": _COUNT, "service_tier": _TEXT}
        ),
        "hidden_params": pl.Struct({"batch_successful_requests": _COUNT, "batch_failed_requests": _COUNT}),
    }
)


def _score(look: Probe) -> float:
    if look.has("response_cost", "call_type", "startTime") and (
        look.has("model_map_information") or look.has("hidden_params", "saved_cache_cost")
    ):
        return 0.95
    return 0.0


def _call(meta: ExprStructNameSpace) -> pl.Expr:
    """Return what the attempts of one client request have in common.

    The router logs each failed attempt. In the proxy all share the call id, and a session or the client's own tracing
    may set the trace id of many requests; in the library each attempt has a call id, and the trace id is drawn for the
    request unless a session sets it.
    """
    in_proxy = first_text(meta["user_api_key_hash"]).is_not_null()
    own_trace = pl.when(pl.col("trace_id").ne_missing(pl.col("session_id"))).then(pl.col("trace_id"))
    return first_text(pl.when(in_proxy).then(pl.col("litellm_call_id")).otherwise(own_trace))


@cache
def _fields() -> dict[str, pl.Expr]:
    """Return where this log keeps what a request is described by."""
    meta, asked, hidden = (pl.col(name).struct for name in ("metadata", "model_parameters", "hidden_params"))
    fallbacks = meta["attempted_fallbacks"]
    # The spend logs tell the bill of a batch from the call that created it by this ending.
    own_id = first_text(pl.col("id"), pl.col("litellm_call_id"))
    of_batch = (pl.col("call_type") == "aretrieve_batch") & ~own_id.str.ends_with("_batch_cost")
    team = ("user_api_key_team_alias", "team_alias", "user_api_key_team_id", "team_id")
    return {
        "id": pl.when(of_batch).then(own_id + "_batch_cost").otherwise(own_id),
        "trace": first_text(pl.col("trace_id"), pl.col("session_id")),
        "call": _call(meta),
        "call_type": pl.col("call_type"),
        "start": pl.col("startTime"),
        "end": pl.col("endTime"),
        "first_token": pl.col("completionStartTime"),
        "status": pl.col("status"),
        "model": pl.col("model"),
        "group": pl.col("model_group"),
        "first_group": pl.when(fallbacks.is_null() | (fallbacks > 0)).then(meta["original_model_group"]),
        "provider": pl.col("custom_llm_provider"),
        "api_base": pl.col("api_base"),
        "user": meta["user_api_key_user_id"],
        "team": first_text(*(meta[name] for name in team)),
        "key": key_name(meta["user_api_key_alias"], meta["user_api_key_hash"]),
        "customer": first_text(pl.col("end_user"), meta["user_api_key_end_user_id"]),
        "project": first_text(meta["user_api_key_project_alias"], meta["user_api_key_project_id"]),
        "organization": meta["user_api_key_org_id"],
        "prompt": pl.col("prompt_tokens"),
        "completion": pl.col("completion_tokens"),
        "total": pl.col("total_tokens"),
        "usage": meta["usage_object"],
        "breakdown": pl.col("cost_breakdown"),
        "asked_tier": asked["service_tier"],
        "hit": pl.col("cache_hit"),
        "retries": meta["attempted_retries"],
        "fallbacks": fallbacks,
        "internal": meta["internal_call_origin"],
        "batch_done": hidden["batch_successful_requests"],
        "batch_failed": hidden["batch_failed_requests"],
        "limit": pl.coalesce(asked["max_completion_tokens"], asked["max_output_tokens"], asked["max_tokens"]),
        "cost": pl.col("response_cost"),
        "request_tags": pl.col("request_tags"),
        "free_labels": meta["spend_logs_metadata"],
        "headers": meta["requester_custom_headers"],
    }


def _to_ledger(frame: pl.LazyFrame) -> pl.LazyFrame:
    return to_requests(frame, _fields())


SOURCE = Source(
    name="litellm-standard-logging",
    title="LiteLLM StandardLoggingPayload (S3, GCS, Azure and generic loggers)",
    family="litellm",
    shapes=("jsonl", "json", "parquet"),
    raw=RAW,
    score=_score,
    to_ledger=_to_ledger,
    export="""\
# config.yaml of the proxy: every request as an object in a bucket (S3; gcs_bucket and azure_storage write the same)
litellm_settings:
  callbacks: ["s3_v2"]
  s3_callback_params:
    s3_bucket_name: my-llm-logs
    s3_region_name: eu-central-1
  turn_off_message_logging: true    # prompts and responses stay out of the bucket (they would not be read anyway)

aws s3 sync s3://my-llm-logs/2026-10-01 logs/2026-10-01
""",
    missing={
        "retries": "only the spend logs carry attempted_retries",
        "fallbacks": "only the spend logs carry attempted_fallbacks",
        "tasks": "the proxy does not know how a task ended",
        "cache_type": "add cache_type to spend_logs_metadata where a semantic cache is used",
        "feature": 'send metadata.tags ["feature:..."] or metadata.spend_logs_metadata {"feature": ...}',
        "environment": 'send metadata.tags ["env:..."] or metadata.spend_logs_metadata {"environment": ...}',
        "customer": "send the user field of the request, or the header x-litellm-end-user-id",
        "team": "create keys in teams: /key/generate with team_id",
    },
)
