"""LiteLLM's ``LiteLLM_Daily*Spend`` tables: one UTC day of one team (user, tag ...), key, model and endpoint a row.

Every table is the same spend rolled up by another key (``litellm/proxy/schema.prisma``,
``litellm/proxy/db/db_spend_update_writer.py``), so only one of them counts: they rank by how much they say about who
spent. The tag table comes last: a request with two tags is in two of its rows. Cache tokens are inside
``prompt_tokens``; reasoning, cache lifetimes, retries and cache hits are not in these tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._litellm import first_text, key_name, provider_of, without_parts
from finopsctl.sources._parts import overdrawn
from finopsctl.sources._source import AT, FLAG, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from finopsctl.sources._probe import Probe

_COUNT, _TEXT = pl.Int64(), pl.String()

_RAW = {
    "id": _TEXT,
    "date": INSTANT,
    "api_key": _TEXT,
    "model": _TEXT,
    "model_group": _TEXT,
    "custom_llm_provider": _TEXT,
    "endpoint": _TEXT,
    "prompt_tokens": _COUNT,
    "completion_tokens": _COUNT,
    "cache_read_input_tokens": _COUNT,
    "cache_creation_input_tokens": _COUNT,
    "spend": MONEY,
    "api_requests": _COUNT,
    "failed_requests": _COUNT,
    "total_response_time_ms": pl.Float64(),
    "timed_requests": _COUNT,
    "ptu_flat_cost": MONEY,
}

_TABLES: tuple[tuple[str, str, str, str], ...] = (
    ("team", "LiteLLM_DailyTeamSpend", "team_id", "team"),
    ("user", "LiteLLM_DailyUserSpend", "user_id", "user"),
    ("org", "LiteLLM_DailyOrganizationSpend", "organization_id", "organization"),
    ("end-user", "LiteLLM_DailyEndUserSpend", "end_user_id", "customer"),
    ("agent", "LiteLLM_DailyAgentSpend", "agent_id", "agent"),
    ("global", "LiteLLM_DailyGlobalSpend", "", ""),
    ("tag", "LiteLLM_DailyTagSpend", "tag", "tag"),
)
"""Suffix of the source's name, table, its own column, what that is in the ledger; in the order in which they count."""

_OWN_COLUMNS = tuple(column for _, _, column, _ in _TABLES if column)
_RESERVED_CAPACITY = "__ptu_flat_cost__"


def _score(own: str) -> Callable[[Probe], float]:
    def score(look: Probe) -> float:
        names = look.top if look.shape != "json" or not look.records else frozenset(look.records[0])
        if not names >= {"date", "api_requests", "successful_requests", "prompt_tokens"}:
            return 0.0
        found = [column for column in _OWN_COLUMNS if column in names]
        return 0.95 if found == ([own] if own else []) else 0.0

    return score


def _to_ledger(own: str, becomes: str) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    def to_ledger(frame: pl.LazyFrame) -> pl.LazyFrame:
        rows = frame.select(AT, *_shared(), *_named(own, becomes))
        return rows.with_columns(without_parts("input_tokens", ("cache_read_tokens", "cache_write_tokens")))

    return to_ledger


def _shared() -> Iterator[pl.Expr]:
    # Provisioned throughput is booked under a key of its own: money of another meter, without requests.
    reserved = pl.col("api_key") == _RESERVED_CAPACITY
    kind = pl.when(reserved).then(pl.lit("cost")).otherwise(pl.lit("usage"))
    yield pl.col("id").alias("record_id")
    yield kind.alias("record_kind")
    yield pl.col("date").alias("charge_period_start")
    yield pl.col("date").dt.offset_by("1d").alias("charge_period_end")
    yield pl.when(~reserved).then(key_name(pl.lit(None, _TEXT), pl.col("api_key"))).alias("api_key")
    yield provider_of(pl.col("custom_llm_provider"), pl.col("model")).alias("provider")
    yield pl.col("model")
    yield first_text(pl.col("model_group")).alias("requested_model")
    yield pl.col("endpoint")
    reads, writes = pl.col("cache_read_input_tokens"), pl.col("cache_creation_input_tokens")
    for name, value in (
        ("input_tokens", pl.col("prompt_tokens")),
        ("cache_read_tokens", reads),
        ("cache_write_tokens", writes),
        ("output_tokens", pl.col("completion_tokens")),
        ("requests", pl.col("api_requests")),
        ("errors", pl.col("failed_requests")),
    ):
        yield pl.when(~reserved).then(value).alias(name)
    timed = pl.col("timed_requests")
    yield pl.when(timed > 0).then(pl.col("total_response_time_ms") / timed).alias("latency_ms")
    flat = pl.col("ptu_flat_cost")
    yield pl.when(flat != 0).then(flat + pl.col("spend").fill_null(0)).otherwise(pl.col("spend")).alias("reported_cost")
    yield pl.when(reserved).then(pl.lit("inference")).alias("cost_type")
    yield overdrawn("prompt_tokens", pl.col("prompt_tokens"), {"cache_read": reads, "cache_write": writes}).alias(FLAG)


def _named(own: str, becomes: str) -> Iterator[pl.Expr]:
    """Yield the table's own column: a ledger column, or a label where the ledger has none for it."""
    if becomes in ("team", "user", "customer"):
        yield first_text(pl.col(own)).alias(becomes)
    elif becomes:
        label = pl.struct(first_text(pl.col(own)).alias(becomes)).struct.json_encode()
        yield pl.when(pl.col(own) != "").then(label).alias("tags")


_EXPORT = """\
psql "$DATABASE_URL" -c "\\copy (SELECT * FROM \\"{table}\\" WHERE date >= '2026-10-01' AND date < '2026-11-01') \
TO '{file}.csv' CSV HEADER"
"""


def _source(position: int, suffix: str, table: str, own: str, becomes: str) -> Source:
    return Source(
        name=f"litellm-daily-{suffix}",
        title=f"LiteLLM daily spend ({table})",
        family="litellm",
        shapes=("csv", "json", "jsonl", "parquet"),
        raw=pl.Schema(_RAW | ({own: _TEXT} if own else {})),
        score=_score(own),
        to_ledger=_to_ledger(own, becomes),
        export=_EXPORT.format(table=table, file=table.lower()),
        envelope=("data",),
        precedence=position,
        missing={
            "retries": "only the spend logs carry attempted_retries",
            "fallbacks": "only the spend logs carry attempted_fallbacks",
            "cache_hits": "the daily tables do not count them; the spend logs do",
            "reasoning_tokens": "the daily tables do not split output; the spend logs do",
            "cache_write_1h_tokens": "the daily tables do not split writes by lifetime; the spend logs do",
            "feature": "labels are in the spend logs only",
            "environment": "labels are in the spend logs only",
        },
    )


SOURCES: tuple[Source, ...] = tuple(_source(position, *table) for position, table in enumerate(_TABLES))
