"""Range queries of Prometheus over the counters of a LiteLLM proxy (``/api/v1/query_range``): usage between samples.

Format: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries. LiteLLM's counters (their names:
:data:`finopsctl.sources._prometheus_series.MEASURES`) become buckets from one sample to the next; spend, requests and
tokens of one bucket and the same owner and model are one row, so that a cost per request can be told. Tokens of all
input and all output include their details (cached, written, audio; reasoning, audio), which are taken off.

LiteLLM counts requests twice: ``litellm_requests_metric_total`` by model, and as clients made them, without a model,
``litellm_proxy_total_requests_metric_total``. Where an answer has both, the first counts.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._labels import is_private
from finopsctl.sources._litellm import key_name, provider_of
from finopsctl.sources._parts import overdrawn, remainder, tags_json
from finopsctl.sources._prometheus_series import UnreadableAnswerError, answer_of
from finopsctl.sources._source import AT, BAD, FLAG, Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from finopsctl.sources._probe import Probe
    from finopsctl.sources._prometheus_series import Answer

RAW = pl.Schema(
    {
        **dict.fromkeys(("status", "errorType", "error", "query", "data"), pl.String()),
        "warnings": pl.List(pl.String()),
    }
)

_WHO = ("team", "user", "customer", "api_key", "model")
_ALSO = ("provider", "requested_model", "service_tier", "endpoint", "tags")
_COUNTS = (
    *("requests", "errors", "cache_hits", "fallbacks", "all_input", "all_output"),
    *("cache_read_tokens", "cache_write_tokens", "audio_input_tokens", "reasoning_tokens", "audio_output_tokens"),
)
_PLAIN_LABELS = {
    "user": "user",
    "customer": "end_user",
    "model": "model",
    "requested_model": "requested_model",
    "service_tier": "service_tier",
    "endpoint": "route",
}
_OF_COLUMNS = {
    "team": ("team", "team_alias"),
    "api_key": ("hashed_api_key", "api_key_alias"),
    "provider": ("api_provider", "provider"),
    **{column: (label,) for column, label in _PLAIN_LABELS.items()},
}
_NOT_TAGS = frozenset(
    {
        *("__name__", "job", "instance", "pod", "namespace", "container", "node", "service", "cluster", "replica"),
        *("prometheus", "prometheus_replica", "endpoint", "pid", "le", "status", "status_code", "type", "model_id"),
        *("api_base", "client_ip", "user_agent", "user_email", "exception_class", "exception_status", "fallback_model"),
        *("litellm_model_name", *(label for labels in _OF_COLUMNS.values() for label in labels)),
    }
)
_UNKNOWN = frozenset({"", "None"})
_INPUT_PARTS = ("cache_read_tokens", "cache_write_tokens", "audio_input_tokens")
_OUTPUT_PARTS = ("reasoning_tokens", "audio_output_tokens")
_ROWS = pl.Schema(
    {
        AT: pl.Int64(),
        "record_id": pl.String(),
        **dict.fromkeys((*_WHO, *_ALSO), pl.String()),
        "charge_period_start": INSTANT,
        "charge_period_end": INSTANT,
        "reported_cost": MONEY,
        **dict.fromkeys(_COUNTS, pl.Int64()),
        BAD: pl.String(),
        FLAG: pl.String(),
    }
)


def score(look: Probe) -> float:
    """Score by the envelope of an answer: ``status``, and ``data`` with a ``resultType``, or an error."""
    if {"status", "data"} <= look.top and look.has("resultType", "result"):
        return 1.0
    return 0.9 if {"status", "errorType", "error"} <= look.top else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a bucket, owner and model."""
    rows = raw.map_batches(_rows, schema=_ROWS)
    parts = {name: pl.col(name) for name in (*_INPUT_PARTS, *_OUTPUT_PARTS)}
    into = [pl.col(name) for name in _INPUT_PARTS]
    out = [pl.col(name) for name in _OUTPUT_PARTS]
    said = {
        "input": overdrawn("input tokens", pl.col("all_input"), {n: parts[n] for n in _INPUT_PARTS}),
        "output": overdrawn("output tokens", pl.col("all_output"), {n: parts[n] for n in _OUTPUT_PARTS}),
    }
    return rows.with_columns(
        pl.lit("usage").alias("record_kind"),
        remainder(pl.col("all_input"), into).alias("input_tokens"),
        remainder(pl.col("all_output"), out).alias("output_tokens"),
        pl.coalesce(FLAG, *said.values()).alias(FLAG),
    ).drop("all_input", "all_output")


def _rows(documents: pl.DataFrame) -> pl.DataFrame:
    parts = [_ROWS.to_frame()]
    for document in documents.iter_rows(named=True):
        at = document[AT]
        try:
            answer = _answer(document)
        except UnreadableAnswerError as why:
            parts.append(_refused(at, [str(why)]))
            continue
        warned = [f"Prometheus warns: {text[:200]}" for text in document["warnings"] or ()]
        parts += [_refused(at, answer.bad), _buckets(answer, at, [*answer.remarks, *warned])]
    return pl.concat(parts, how="diagonal").select(_ROWS.names())


def _answer(document: Mapping[str, Any]) -> Answer:
    if document["status"] == "error" or document["data"] is None:
        raise UnreadableAnswerError(_said(document))
    return answer_of(document["data"], document["query"])


def _said(document: Mapping[str, Any]) -> str:
    words = [text for text in (document["errorType"], document["error"]) if text]
    return f"Prometheus answered with an error: {': '.join(words)[:200]}" if words else "it holds no data"


def _refused(at: int, reasons: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame({AT: [at] * len(reasons), BAD: list(reasons)}, schema={AT: pl.Int64, BAD: pl.String})


def _buckets(answer: Answer, at: int, remarks: Sequence[str]) -> pl.DataFrame:
    """Return the rows of one answer: rises added up by owner, model and bucket, one column a measure."""
    series = _series(answer)
    if series.is_empty():
        return _ROWS.to_frame()
    rises = answer.rises.join(series, on="series", how="inner")
    found = [_merged(group, group["kinds"][0]) for group in rises.partition_by("kinds", maintain_order=True)]
    if not found:
        return _ROWS.to_frame()
    rows = pl.concat(found, how="diagonal").sort("start", "end", *_WHO, *_ALSO, nulls_last=True)
    counted = [pl.col(name).round(0).cast(pl.Int64) for name in _COUNTS if name in rows.columns]
    moments = {"charge_period_start": "start", "charge_period_end": "end"}
    placed = rows.with_columns(
        pl.lit(at, pl.Int64).alias(AT),
        *counted,
        *(pl.from_epoch(pl.col(name), "us").dt.replace_time_zone("UTC").alias(to) for to, name in moments.items()),
    )
    remark = "; ".join(remarks) or None
    first = pl.int_range(pl.len()) == 0
    return placed.select(pl.all().exclude("start", "end")).with_columns(
        pl.when(first).then(pl.lit(remark, pl.String)).alias(FLAG)
    )


def _series(answer: Answer) -> pl.DataFrame:
    """Return each series that counts: its measure, its ledger columns, and which labels series like it have."""
    measures = answer.measures
    present = set(measures.values())
    rows = [
        {"series": number, "measure": measure, **_columns(labels)}
        for number, labels in answer.labels.items()
        for measure in _counted(measures[number], labels, present)
    ]
    schema = pl.Schema(
        {"series": pl.Int64(), "measure": pl.String(), **dict.fromkeys((*_WHO, *_ALSO, *_RAW_PAIRS), pl.String())}
    )
    frame = pl.DataFrame(rows, schema=schema)
    named = frame.with_columns(
        key_name(pl.col("key_alias"), pl.col("key_hash")).alias("api_key"),
        provider_of(pl.col("provider"), pl.col("model")).alias("provider"),
    ).drop(_RAW_PAIRS)
    # Measures that know the same owners are parts of one row; others are rows of their own.
    kinds = {m: "".join("x" if named.filter(pl.col("measure") == m)[w].is_not_null().any() else "-" for w in _WHO)
             for m in named["measure"].unique()}  # fmt: skip
    return named.with_columns(pl.col("measure").replace_strict(kinds, return_dtype=pl.String).alias("kinds"))


_RAW_PAIRS = ("key_alias", "key_hash")


def _counted(measure: str, labels: Mapping[str, str], present: set[str]) -> list[str]:
    """Return as what a series counts among the measures present: requests by model win over those of clients."""
    if measure == "client_requests":
        counts = [] if "requests" in present else ["requests"]
        failed = labels.get("status_code", "2")[:1] not in {"2", "", "N"} and "errors" not in present
        return [*counts, "errors"] if failed else counts
    if measure == "requests":
        return ["requests", "errors"] if labels.get("status", "success") != "success" else ["requests"]
    if measure == "provider_cache_read":
        return [] if "cache_read_tokens" in present else ["cache_read_tokens"]
    return [] if measure == "all_tokens" else [measure]


def _columns(labels: Mapping[str, str]) -> dict[str, str | None]:
    known = {name: text for name, text in labels.items() if text not in _UNKNOWN}
    tags = {
        name.removeprefix("tag_").removeprefix("metadata_"): text
        for name, text in known.items()
        if name not in _NOT_TAGS and not is_private(name)
    }
    return {
        **{column: known.get(label) for column, label in _PLAIN_LABELS.items()},
        "team": known.get("team_alias") or known.get("team"),
        "provider": known.get("api_provider") or known.get("provider"),
        "key_alias": known.get("api_key_alias"),
        "key_hash": known.get("hashed_api_key"),
        "tags": tags_json(tags),
    }


def _merged(rises: pl.DataFrame, kinds: str) -> pl.DataFrame:
    """Return one row a bucket and owner with a column for each measure; what not all of them know is no key."""
    measures = sorted(set(rises["measure"]))
    shared = [
        name
        for name in _ALSO
        if all(rises.filter(pl.col("measure") == measure)[name].is_not_null().any() for measure in measures)
    ]
    keys = [*(name for name, mark in zip(_WHO, kinds, strict=True) if mark == "x"), *shared]
    # A provider that only some measures name is that of the row as long as there is but one.
    only = [pl.when(pl.col(name).drop_nulls().n_unique() == 1).then(pl.col(name).drop_nulls().first()).alias(name)
            for name in _ALSO if name == "provider" and name not in shared]  # fmt: skip
    sums = [
        pl.when((pl.col("measure") == measure).any())
        .then(pl.col("amount").filter(pl.col("measure") == measure).sum())
        .alias(measure)
        for measure in measures
    ]
    rows = rises.group_by("start", "end", *keys).agg(*only, *sums)
    some = rows.filter(pl.any_horizontal(pl.col(measure).fill_null(0) != 0 for measure in measures))
    absent = [pl.lit(None, pl.String).alias(name) for name in (*_WHO, *_ALSO) if name not in some.columns]
    full = some.with_columns(absent)
    identity = full.select("start", "end", *_WHO, *_ALSO)
    ids = [blake2b(json.dumps([measures, row]).encode(), digest_size=12).hexdigest() for row in identity.iter_rows()]
    return full.with_columns(pl.Series("record_id", ids, dtype=pl.String))


_EXPORT = """\
curl -sG "$PROMETHEUS/api/v1/query_range" \\
  --data-urlencode 'query={__name__=~"litellm_(spend|requests|(input|output|input_cached)_tokens)_metric_total"}' \\
  --data-urlencode start=2026-10-01T00:00:00Z --data-urlencode end=2026-11-01T00:00:00Z \\
  --data-urlencode step=1h -o prometheus.json
# Spend, requests and tokens in one answer, so that a row knows its cost and its requests; at most 11,000 steps.
# Or let finopsctl ask: finopsctl kpi prometheus:https://prometheus.example:9090 --month 2026-10"""

SOURCE = Source(
    name="prometheus",
    title="Prometheus range queries over LiteLLM's metrics (estimates)",
    family="litellm",
    shapes=("json", "jsonl"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export=_EXPORT,
    precedence=20,
    verbatim=True,
    missing={
        "model": "litellm_proxy_total_requests_metric_total has none: export litellm_requests_metric_total too",
        "requests": "export litellm_requests_metric_total in the same query",
        "reported_cost": "export litellm_spend_metric_total in the same query",
        "output_tokens": "export litellm_input_tokens_metric_total and litellm_output_tokens_metric_total; a total "
        "does not say which is which",
        "retries": "LiteLLM counts none; the spend logs carry attempted_retries",
        "cache_write_1h_tokens": "metrics do not split writes by lifetime; the spend logs do",
        "feature": "labels are in the spend logs only",
        "trace_id": "metrics know no traces; the spend logs do",
    },
    caution="an estimate from counters, not a bill: what a series counted before its first sample, or between its last "
    "one and a restart, is lost; increase() extrapolates. Spend logs or an invoice tell the amount",
)
