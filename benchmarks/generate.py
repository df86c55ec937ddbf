"""Benchmark inputs: seeded spend logs with nested metadata (about 1.7 KB a line) and a large Parquet ledger.

Teams, users and models follow a Zipf-like law, so that groups are as uneven as in a real gateway.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import LEDGER_SCHEMA, MONEY, RECORD_KIND, conform

if TYPE_CHECKING:
    from pathlib import Path

MODELS = (
    ("openai", "gpt-4o-mini", 150, 75, 600),
    ("openai", "gpt-4o", 2500, 1250, 10000),
    ("anthropic", "claude-sonnet-4-5", 3000, 300, 15000),
    ("anthropic", "claude-haiku-4-5", 1000, 100, 5000),
    ("google", "gemini-2.5-flash", 300, 30, 2500),
    ("openai", "gpt-4.1", 2000, 500, 8000),
    ("anthropic", "claude-opus-4-6", 5000, 500, 25000),
    ("openai", "o3", 2000, 500, 8000),
)
"""Provider, model, and USD per billion tokens: input, cache read, output."""

START = datetime(2026, 8, 1, tzinfo=UTC)
DAYS = 90


def spend_logs(path: Path, lines: int, seed: int = 7) -> Path:
    """Write ``lines`` LiteLLM spend logs as JSON lines; keep a file that is already there."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    beside = path.with_suffix(".part")
    with beside.open("w") as sink:
        for number in range(lines):
            sink.write(json.dumps(_line(draw, number, lines), separators=(",", ":")))
            sink.write("\n")
    beside.rename(path)
    return path


def _line(draw: random.Random, number: int, lines: int) -> dict[str, Any]:
    provider, model, input_rate, cached_rate, output_rate = MODELS[_zipf(draw, len(MODELS))]
    team, user = _zipf(draw, 40), _zipf(draw, 2000)
    prompt, completion = int(draw.lognormvariate(6.8, 1.1)), int(draw.lognormvariate(4.8, 1.0))
    cached = prompt // 2 if draw.random() < 0.3 else 0
    cost = ((prompt - cached) * input_rate + cached * cached_rate + completion * output_rate) / 1e9
    start = START + timedelta(seconds=number * DAYS * 86400 / lines)
    end = start + timedelta(milliseconds=300 + completion * 9)
    key = f"{team * 7919 + user % 5:064x}"
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "text_tokens": prompt - cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "text_tokens": completion, "audio_tokens": 0},
    }
    return {
        "request_id": f"chatcmpl-{number:032x}",
        "call_type": "acompletion",
        "api_key": key,
        "spend": round(cost, 10),
        "total_tokens": prompt + completion,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "startTime": start.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "endTime": end.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "request_duration_ms": 300 + completion * 9,
        "completionStartTime": (start + timedelta(milliseconds=250)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "model": model,
        "model_id": f"dep-{number % 7}",
        "model_group": model,
        "custom_llm_provider": provider,
        "api_base": f"https://api.{provider}.example",
        "user": f"u-{user}",
        "metadata": {
            "user_api_key": key,
            "user_api_key_alias": f"key-{team}-{user % 5}",
            "user_api_key_team_id": f"team-{team}",
            "user_api_key_team_alias": f"Team {team}",
            "user_api_key_project_id": None,
            "user_api_key_org_id": None,
            "user_api_key_user_id": f"u-{user}",
            "spend_logs_metadata": {"feature": f"feature-{team % 12}", "environment": "prod" if user % 9 else "dev"},
            "requester_ip_address": None,
            "status": "success",
            "error_information": None,
            "attempted_retries": int(draw.random() < 0.03),
            "max_retries": 2,
            "attempted_fallbacks": int(draw.random() < 0.01),
            "usage_object": usage,
            "cost_breakdown": {
                "service_tier": None,
                "input_cost": 0.0,
                "output_cost": 0.0,
                "total_cost": round(cost, 10),
            },
            "batch_models": None,
            "litellm_overhead_time_ms": 3.1,
        },
        "cache_hit": "False",
        "cache_key": "Cache OFF",
        "request_tags": ["env:prod", f"feature:feature-{team % 12}"],
        "team_id": f"team-{team}",
        "organization_id": "",
        "end_user": f"customer-{user % 300}",
        "requester_ip_address": None,
        "messages": {},
        "response": {},
        "session_id": f"session-{number // 6:x}",
        "status": "success",
        "proxy_server_request": {},
        "litellm_call_id": f"{number:032x}",
        "created_at": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "updated_at": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _zipf(draw: random.Random, count: int) -> int:
    """Return 0 most often, ``count - 1`` least often."""
    return min(int((count + 1) ** draw.random()) - 1, count - 1)


def ledger_rows(path: Path, rows: int, seed: int = 7) -> Path:
    """Write ``rows`` priced ledger rows as Parquet; keep a file that is already there."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    part = 500_000
    frames = [_rows(min(part, rows - first), first, rows, seed + first) for first in range(0, rows, part)]
    pl.concat(frames).sink_parquet(beside, compression="zstd", row_group_size=part)
    beside.rename(path)
    return path


def _rows(count: int, first: int, total: int, seed: int) -> pl.LazyFrame:
    number = pl.int_range(first, first + count)
    noise = pl.int_range(count)

    def uniform(salt: int) -> pl.Expr:
        return (noise.hash(seed + salt) % 1_000_003).cast(pl.Float64) / 1_000_003

    def zipf(salt: int, size: int) -> pl.Expr:
        return ((size + 1) ** uniform(salt) - 1).cast(pl.Int64).clip(0, size - 1)

    frame = pl.select(
        number=number, model_index=zipf(1, len(MODELS)), team=zipf(2, 40), user=zipf(3, 2000),
        prompt=(uniform(4) * 4000).cast(pl.Int64) + 20, output=(uniform(5) * 700).cast(pl.Int64) + 1, luck=uniform(6),
    ).lazy()  # fmt: skip
    table = pl.DataFrame(
        [(i, p, m, a, c, o) for i, (p, m, a, c, o) in enumerate(MODELS)],
        schema=["model_index", "provider", "model", "input_rate", "cached_rate", "output_rate"],
        orient="row",
    )
    cached = pl.when(pl.col("luck") < 0.3).then(pl.col("prompt") // 2).otherwise(0)
    pico = (pl.col("prompt") - pl.col("cached")) * pl.col("input_rate") + pl.col("cached") * pl.col("cached_rate")
    usd = pl.lit(Decimal("0.000000001"), dtype=MONEY)
    cost = ((pico + pl.col("output") * pl.col("output_rate")).cast(pl.Decimal(38, 0)) * usd).cast(MONEY)
    start = pl.lit(START) + pl.duration(seconds=pl.col("number") * (DAYS * 86400) // total)
    joined = frame.join(table.lazy(), on="model_index", maintain_order="left").with_columns(cached=cached)
    ledger = joined.with_columns(cost=cost).select(
        charge_period_start=start,
        charge_period_end=start + pl.duration(milliseconds=300 + pl.col("output") * 9),
        record_kind=pl.lit("request", dtype=RECORD_KIND),
        record_id=pl.format("chatcmpl-{}", pl.col("number")),
        trace_id=pl.format("session-{}", pl.col("number") // 6),
        environment=pl.when(pl.col("user") % 9 == 0).then(pl.lit("dev")).otherwise(pl.lit("prod")),
        team=pl.when(pl.col("luck") < 0.95).then(pl.format("team-{}", "team")),
        user=pl.format("u-{}", "user"),
        customer=pl.format("customer-{}", pl.col("user") % 300),
        feature=pl.format("feature-{}", pl.col("team") % 12),
        provider="provider",
        model="model",
        requested_model="model",
        canonical_model="model",
        model_tier=pl.lit("standard"),
        service_tier=pl.lit("standard"),
        input_tokens=pl.col("prompt") - pl.col("cached"),
        cache_read_tokens="cached",
        output_tokens="output",
        requests=pl.lit(1, pl.Int64),
        errors=(pl.col("luck") > 0.995).cast(pl.Int64),
        retries=(pl.col("luck") > 0.97).cast(pl.Int64),
        fallbacks=(pl.col("luck") > 0.99).cast(pl.Int64),
        cache_hits=pl.lit(0, pl.Int64),
        latency_ms=(300 + pl.col("output") * 9).cast(pl.Float64),
        reported_cost="cost",
        list_cost="cost",
        effective_cost="cost",
        source=pl.lit("litellm"),
        origin=pl.format("logs.jsonl:{}", "number"),
    )
    assert set(ledger.collect_schema()) <= set(LEDGER_SCHEMA)
    return conform(ledger)


def bucket_rows(path: Path, groups: int = 400, days: int = DAYS) -> Path:
    """Write an hour bucket for every hour of every group as Parquet, one in 500 thirty times as large; keep a file."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    number = pl.int_range(0, groups * days * 24)
    frame = pl.select(
        group=number % groups, hour=number // groups, luck=number.hash(9) % 1000, noise=number.hash(3) % 40
    )
    start = pl.lit(START) + pl.duration(hours=pl.col("hour"))
    requests = (pl.col("noise").cast(pl.Int64) + 20) * pl.when(pl.col("luck") < 2).then(30).otherwise(1)
    mill = pl.lit(Decimal("0.001"), dtype=MONEY)
    cost = ((requests * (pl.col("group") + 1)).cast(pl.Decimal(38, 0)) * mill).cast(MONEY)
    rows = frame.lazy().select(
        charge_period_start=start,
        charge_period_end=start + pl.duration(hours=1),
        record_kind=pl.lit("usage", dtype=RECORD_KIND),
        team=pl.format("team-{}", "group"),
        feature=pl.format("feature-{}", pl.col("group") % 12),
        provider=pl.lit("openai"),
        model=pl.when(pl.col("group") % 3 == 0).then(pl.lit("gpt-4o")).otherwise(pl.lit("gpt-4o-mini")),
        requests=requests,
        input_tokens=requests * 1000,
        output_tokens=requests * 200,
        cache_hits=requests // 10,
        reported_cost=cost,
        list_cost=cost,
        effective_cost=cost,
        source=pl.lit("litellm"),
    )
    conform(rows).sink_parquet(path, compression="zstd")
    return path


def improvable_rows(path: Path, raw: Path) -> Path:
    """Write the rows of :func:`ledger_rows` changed so that every lever has work, unpriced; keep a file.

    Features have long prompts, short ones, long answers or nothing of that; a third of them can wait; eight of a
    hundred requests were retried and three answered from a cache.
    """
    if path.exists():
        return path
    kind, luck = pl.col("feature").str.extract(r"(\d+)$").cast(pl.Int64), pl.col("record_id").hash(1) % 1000
    long, short, wordy = (kind % 4 == rest for rest in (0, 1, 3))
    written = pl.col("output_tokens")
    rows = pl.scan_parquet(raw)
    known = ("model_tier", "canonical_model", "effective_cost", "reported_cost")
    costs = [name for name in rows.collect_schema() if name.startswith("list_") or name in known]
    rows.with_columns(
        input_tokens=pl.when(long).then(pl.col("input_tokens") * 4).when(short).then(pl.col("input_tokens") // 8)
        .otherwise("input_tokens"),
        cache_read_tokens=pl.when(long).then(0).when(short).then(pl.col("cache_read_tokens") // 8)
        .otherwise("cache_read_tokens"),
        output_tokens=pl.when(wordy).then(written * 30).when(short).then(written // 4 + 1).otherwise(written),
        workload=pl.when(kind % 3 == 0).then(pl.lit("batch")),
        retries=(luck >= 920).cast(pl.Int64),
        cache_hits=(luck < 30).cast(pl.Int64),
    ).drop(costs).sink_parquet(path, compression="zstd")  # fmt: skip
    return path
