"""Claude Code session logs: ``~/.claude/projects/**/*.jsonl`` (also ``~/.config/claude/projects``).

Lines of many kinds; those of type ``assistant`` with ``message.usage`` are charges, and so are the messages that
``agent_progress`` lines carry for a sub-agent. ``claude -p --output-format stream-json`` prints the same lines in
snake case. One API message is written as several lines, one a content block, all with the same ``message.id`` and
with ``output_tokens`` growing: the last one is the bill. A resumed session repeats its history in a new file, and a
side chain may repeat a message of the main chain under another ``requestId``; both carry the message's own id, so
that id is the record's id and a line of the main chain ranks above one of a side chain.

``input_tokens``, ``cache_read_input_tokens`` and ``cache_creation_input_tokens`` are disjoint
(https://docs.claude.com/en/api/messages); ``cache_creation`` splits the last by lifetime, 5 minutes and 1 hour, and is
not added to it. ``output_tokens`` contains thinking, split off where ``output_tokens_details`` says how much. Messages
of the model ``<synthetic>`` were never sent. Of the working directory only its own name is kept, as the project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._labels import merged_tags
from finopsctl.sources._parts import overdrawn, remainder
from finopsctl.sources._source import AT, BAD, FLAG, RANK, Source
from finopsctl.sources._typed import from_text, instant

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

_USAGE = pl.Struct(
    {
        "input_tokens": pl.Int64(),
        "output_tokens": pl.Int64(),
        "output_tokens_details": pl.Struct({"thinking_tokens": pl.Int64()}),
        "cache_creation_input_tokens": pl.Int64(),
        "cache_read_input_tokens": pl.Int64(),
        "cache_creation": pl.Struct({"ephemeral_5m_input_tokens": pl.Int64(), "ephemeral_1h_input_tokens": pl.Int64()}),
        "service_tier": pl.String(),
        "inference_geo": pl.String(),
        "speed": pl.String(),
        "server_tool_use": pl.Struct({"web_search_requests": pl.Int64()}),
    }
)
_MESSAGE = pl.Struct({"id": pl.String(), "model": pl.String(), "usage": _USAGE})
_PROGRESS = pl.Struct(
    {
        "message": pl.Struct(
            {"type": pl.String(), "timestamp": pl.String(), "requestId": pl.String(), "message": _MESSAGE}
        )
    }
)
# Other lines hold anything under `message` and `data`: both are taken as text, and only those with usage are opened.
_RAW = pl.Schema(
    {
        "type": pl.String(),
        "timestamp": INSTANT,
        "sessionId": pl.String(),
        "session_id": pl.String(),
        "requestId": pl.String(),
        "request_id": pl.String(),
        "isSidechain": pl.Boolean(),
        "parent_tool_use_id": pl.String(),
        "cwd": pl.String(),
        "gitBranch": pl.String(),
        "version": pl.String(),
        "costUSD": MONEY,
        "message": pl.String(),
        "data": pl.String(),
    }
)
_OPENED = pl.Schema({"message": _MESSAGE, "data": _PROGRESS})
_NO_GEO = ("", "not_available")
_SYNTHETIC = "<synthetic>"


def _score(look: Probe) -> float:
    """Return how surely this is a session: assistant messages with usage, or keys that only session lines share."""
    if any(_has_usage(record) for record in look.records):
        return 0.95
    if look.has("sessionId", "parentUuid") or look.has("session_id", "parent_tool_use_id"):
        return 0.9
    return 0.6 if look.has("leafUuid", "summary") or look.has("messageId", "snapshot", "isSnapshotUpdate") else 0.0


def _has_usage(record: dict[str, Any]) -> bool:
    message = record.get("message")
    return record.get("type") == "assistant" and isinstance(message, dict) and isinstance(message.get("usage"), dict)


def _to_ledger(frame: pl.LazyFrame) -> pl.LazyFrame:
    counted = pl.col("message").str.contains('"usage"', literal=True) & (pl.col("type") == "assistant")
    carried = pl.col("data").str.contains('"usage"', literal=True) & pl.col("data").str.contains(
        '"agent_progress"', literal=True
    )
    lines = frame.with_columns(
        message=pl.when(counted).then(pl.col("message")), data=pl.when(carried).then(pl.col("data"))
    ).filter(pl.any_horizontal(pl.col("message", "data").is_not_null()))
    opened = pl.Schema({**lines.collect_schema(), **_OPENED, BAD: pl.String()})
    return _charges(lines.map_batches(_open, schema=opened))


def _open(lines: pl.DataFrame) -> pl.DataFrame:
    typed = from_text(lines.select(AT, *_OPENED), _OPENED)
    return lines.with_columns(typed.select(*_OPENED, BAD)).select(*lines.columns, BAD)


def _charges(lines: pl.LazyFrame) -> pl.LazyFrame:
    inner = pl.col("data").struct.field("message")
    own, carried = pl.col("message"), inner.struct.field("message")
    flat = lines.with_columns(
        __message=pl.coalesce(own, carried),
        __request=pl.coalesce("requestId", "request_id", inner.struct.field("requestId")),
        __time=pl.coalesce(instant(inner.struct.field("timestamp")), "timestamp"),
        __side=pl.coalesce("isSidechain", pl.col("parent_tool_use_id").is_not_null()) | own.is_null(),
    )
    message = pl.col("__message")
    usage = message.struct.field("usage")
    answered = own.is_not_null() | inner.struct.field("type").fill_null("assistant").eq("assistant")
    sent = message.struct.field("model").ne_missing(_SYNTHETIC) & usage.is_not_null() & answered
    return flat.filter(pl.col(BAD).is_not_null() | sent).select(
        AT,
        BAD,
        **_identity(message),
        **_tokens(usage),
        **_circumstances(usage),
        reported_cost="costUSD",
    )


def _identity(message: pl.Expr) -> dict[str, pl.Expr]:
    """Return who, when and which message. Ids that the API gives are unique; those of other servers may repeat."""
    name, request = message.struct.field("id"), pl.col("__request")
    tags = [pl.col("gitBranch").alias("git_branch"), pl.col("version")]
    reseller = (
        pl.when(name.str.starts_with("msg_bdrk_")).then(pl.lit("bedrock")).when(name.str.starts_with("msg_vrtx_"))
    )
    return {
        "charge_period_start": pl.col("__time"),
        "record_kind": pl.lit("request"),
        "record_id": pl.when(name.str.starts_with("msg_"))
        .then(name)
        .otherwise(pl.concat_str(name, request, separator=":", ignore_nulls=True).replace("", None)),
        RANK: pl.when(pl.col("__side").fill_null(value=False)).then(0).otherwise(1),
        "trace_id": pl.coalesce("sessionId", "session_id"),
        "project": pl.col("cwd").str.strip_chars_end("/\\").str.extract(r"([^/\\]+)$"),
        "provider": reseller.then(pl.lit("vertex_ai")).otherwise(pl.lit("anthropic")),
        "model": message.struct.field("model"),
        "requests": pl.lit(1),
        "tags": merged_tags(tags, None),
    }


def _tokens(usage: pl.Expr) -> dict[str, pl.Expr]:
    written, lifetime = usage.struct.field("cache_creation_input_tokens"), usage.struct.field("cache_creation")
    short = lifetime.struct.field("ephemeral_5m_input_tokens")
    long = lifetime.struct.field("ephemeral_1h_input_tokens")
    output = usage.struct.field("output_tokens")
    thinking = usage.struct.field("output_tokens_details").struct.field("thinking_tokens")
    return {
        "input_tokens": usage.struct.field("input_tokens"),
        "cache_read_tokens": usage.struct.field("cache_read_input_tokens"),
        "cache_write_tokens": pl.coalesce(remainder(written, [long]), short),
        "cache_write_1h_tokens": long,
        "output_tokens": remainder(output, [thinking]),
        "reasoning_tokens": thinking,
        FLAG: pl.coalesce(
            overdrawn("cache_creation_input_tokens", written, {"ephemeral_5m": short, "ephemeral_1h": long}),
            overdrawn("output_tokens", output, {"thinking_tokens": thinking}),
        ),
    }


def _circumstances(usage: pl.Expr) -> dict[str, pl.Expr]:
    tier = usage.struct.field("service_tier")
    place = usage.struct.field("inference_geo")
    searches = usage.struct.field("server_tool_use").struct.field("web_search_requests")
    searched = searches > 0
    return {
        "service_tier": pl.when(usage.struct.field("speed") == "fast").then(pl.lit("fast")).otherwise(tier),
        "region": pl.when(~place.is_in(_NO_GEO)).then(place),
        "consumed_quantity": pl.when(searched).then(searches.cast(pl.Float64)),
        "consumed_unit": pl.when(searched).then(pl.lit("web_search")),
    }


SOURCE = Source(
    name="claude-code",
    title="Claude Code session logs",
    family="claude-code",
    shapes=("jsonl", "json"),
    raw=_RAW,
    score=_score,
    to_ledger=_to_ledger,
    export="cp -r ~/.claude/projects claude-logs/    # or read them where they are: finopsctl kpi ~/.claude/projects",
    missing={
        "reported_cost": "session logs carry tokens only (old ones costUSD); the price catalogue prices them",
        "team": "map the project or user to a team in the configuration",
        "user": "keep each user's logs in files of their own and name the user by an allocation rule",
        "errors": "failed calls are not logged with usage",
        "latency_ms": "not logged",
    },
)
