"""The call event: one flat record a request, as an application logs it itself; read without a map.

Fields: ``timestamp`` (or ``ts``), ``use_case``, ``team``, ``user_id``, ``model``, ``input_tokens``, ``output_tokens``,
``cache_read_tokens``, ``cost_usd``, ``task_success``, and optionally ``env``. Cache reads stand beside input, not in
it. Fields named as a ledger column are that column; any other becomes a tag, save those that hold prompts, responses,
addresses or secrets. A record with ``task_success`` is a task with a known outcome.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.sources._labels import extra_fields, merged_tags
from finopsctl.sources._source import AT, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.sources._probe import Probe

_TIMES = ("timestamp", "ts")
_TELLING = ("use_case", "task_success", "cost_usd", "cache_read_tokens")
# Ledger column: the names it goes by, the ledger's own last; the first that is there and not null counts.
_ALIASES = {
    "charge_period_start": _TIMES,
    "charge_period_end": ("end_timestamp",),
    "record_id": ("request_id", "event_id", "id"),
    "environment": ("env",),
    "user": ("user_id",),
    "feature": ("use_case",),
    "customer": ("customer_id", "tenant", "tenant_id"),
    "project": ("project_id",),
    "reported_cost": ("cost_usd",),
}
# Written by the ledger or known by its own name only in a ledger.
_NOT_READ = ("record_kind", "source", "origin", "canonical_model", "model_tier", "list_cost", "effective_cost")


def _fields() -> dict[str, tuple[str, ...]]:
    """Return every ledger column that an event may fill and the fields it is read from."""
    columns = (n for n in LEDGER_SCHEMA if n not in _NOT_READ and not n.startswith("list_"))
    return {name: (*_ALIASES.get(name, ()), name) for name in columns}


_RAW = pl.Schema(
    {
        **{field: LEDGER_SCHEMA[name] for name, fields in _fields().items() for field in fields},
        "task_success": pl.Boolean(),
    }
)


def _score(look: Probe) -> float:
    """Return 0.9 for records with a time, a model, both token counts and a field that only such events have."""

    def has(*names: str) -> bool:
        return look.has(*names) if look.shape in ("csv", "parquet") else look.any_record(*names)

    found = any(has(time, "model", "input_tokens", "output_tokens", told) for time in _TIMES for told in _TELLING)
    return 0.9 if found else 0.0


def _adapt(look: Probe) -> Source:
    extras = extra_fields(look, _RAW.names())
    return replace(
        SOURCE,
        raw=pl.Schema({**_RAW, **dict.fromkeys(extras, pl.String())}),
        to_ledger=lambda frame: _to_ledger(frame, extras),
        adapt=None,
    )


def _to_ledger(frame: pl.LazyFrame, extras: Sequence[str] = ()) -> pl.LazyFrame:
    columns = {name: pl.coalesce(*fields) for name, fields in _fields().items()}
    known = pl.col("task_success").is_not_null()
    columns |= {
        "requests": pl.col("requests").fill_null(1),
        "record_kind": pl.when(pl.col("requests").ne(1)).then(pl.lit("usage")).otherwise(pl.lit("request")),
        "tasks": pl.coalesce("tasks", pl.when(known).then(1)),
        "task_successes": pl.coalesce("task_successes", pl.col("task_success").cast(pl.Int64)),
        "tags": merged_tags([pl.col("tags", *extras)], "tags"),
    }
    return frame.select(AT, **columns)


SOURCE = Source(
    name="event",
    title="Call events an application logs itself (timestamp, use_case, team, user_id, model, tokens, cost_usd)",
    family="event",
    shapes=("csv", "jsonl", "json", "parquet"),
    raw=_RAW,
    score=_score,
    to_ledger=_to_ledger,
    export=(
        "SELECT ts, env, team, use_case, user_id, model, input_tokens, output_tokens, cache_read_tokens, cost_usd,"
        " task_success FROM llm_calls    -- as CSV, JSON lines or Parquet"
    ),
    adapt=_adapt,
    missing={
        "retries": "log a field retries",
        "errors": "log a field errors (1 for a failed call)",
        "latency_ms": "log a field latency_ms",
        "service_tier": "log a field service_tier (standard, batch, flex, priority)",
        "cache_write_tokens": "log a field cache_write_tokens",
        "provider": "log a field provider",
    },
)
