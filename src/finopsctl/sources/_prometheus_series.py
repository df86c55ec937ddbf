"""Series of a Prometheus answer: what each counts, for whom, and by how much it rose between samples.

A raw counter only rises; where it is lower than before, its process began anew and the new value is all that was added
(https://prometheus.io/docs/concepts/metric_types/#counter). What a series held at its first sample is not known to be
of the range asked for and counts as nothing, as in Prometheus itself. A gap between samples is one long bucket.

The result of ``increase(x[1h])`` or ``rate(x[1h])`` has no name, so the answer has to carry its query. Its value is for
the span that ends at its time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from finopsctl.ledger.schema import MONEY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEASURES: Mapping[str, str] = {
    "litellm_spend_metric": "reported_cost",
    "litellm_spend": "reported_cost",
    "litellm_requests_metric": "requests",
    "litellm_requests": "requests",
    "litellm_proxy_total_requests_metric": "client_requests",
    "litellm_proxy_failed_requests_metric": "errors",
    "litellm_cache_hits_metric": "cache_hits",
    "litellm_cache_hits": "cache_hits",
    "litellm_deployment_successful_fallbacks": "fallbacks",
    "litellm_total_tokens_metric": "all_tokens",
    "litellm_input_tokens_metric": "all_input",
    "litellm_output_tokens_metric": "all_output",
    "litellm_input_cached_tokens_metric": "cache_read_tokens",
    "litellm_provider_cache_read_input_tokens_metric": "provider_cache_read",
    "litellm_input_cache_creation_tokens_metric": "cache_write_tokens",
    "litellm_input_audio_tokens_metric": "audio_input_tokens",
    "litellm_output_reasoning_tokens_metric": "reasoning_tokens",
    "litellm_output_audio_tokens_metric": "audio_output_tokens",
}
"""LiteLLM's counters without ``_total``, and two generic names, each with what it counts."""

_GENERIC_TOKENS = {"input": "all_input", "prompt": "all_input", "output": "all_output", "completion": "all_output"}
_LABELS = "[a-zA-Z_][a-zA-Z0-9_]*"
_QUERY = re.compile(
    rf"(?:sum\s*(?:(?:by|without)\s*\([^)]*\)\s*)?\(\s*)?"
    rf"(?P<function>increase|rate)\s*\(\s*(?P<name>{_LABELS})\s*(?:\{{.*\}})?\s*\[(?P<window>(?:\d+[smhdw])+)\]\s*\)"
    r"\s*\)?(?:\s*(?:by|without)\s*\([^)]*\))?",
    re.DOTALL,
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class UnreadableAnswerError(Exception):
    """An answer that holds nothing that can be counted; the text says why."""


class _Data(msgspec.Struct):
    kind: str = msgspec.field(default="", name="resultType")
    result: list[msgspec.Raw] = []


class _Result(msgspec.Struct):
    metric: dict[str, str] = {}
    values: list[tuple[float, str]] | None = None
    value: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query was, where its answer carries it.

    Args:
        name: The counter that a function was applied to.
        seconds: The span each value is for.
        per_second: Whether a value is a rate, to be multiplied by the span.
    """

    name: str
    seconds: int
    per_second: bool

    @classmethod
    def of(cls, query: str) -> Asked | None:
        """Read ``increase(x[1h])`` or ``rate(x[1h])``, summed or not; None for any other query."""
        found = _QUERY.fullmatch(query.strip())
        if found is None:
            return None
        parts = re.findall(r"(\d+)([smhdw])", found["window"])
        seconds = sum(int(count) * _SECONDS[unit] for count, unit in parts)
        return cls(found["name"], seconds, found["function"] == "rate")


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What an answer holds.

    Args:
        labels: Those of each series that counts something, by its number.
        measures: What each of them counts.
        rises: Columns series, start, end (microseconds since 1970), amount (MONEY): by how much each rose.
        bad: Why a series or a sample cannot be counted.
        remarks: What is odd about those that can.
    """

    labels: Mapping[int, Mapping[str, str]]
    measures: Mapping[int, str]
    rises: pl.DataFrame
    bad: Sequence[str]
    remarks: Sequence[str]


def answer_of(data: str | None, query: str | None) -> Answer:
    """Read the ``data`` of an answer.

    Args:
        data: Its JSON text: ``resultType`` and ``result``.
        query: The query it answers, where the answer carries it.

    Raises:
        UnreadableAnswerError: For an answer of another kind, or a query that cannot be counted.
    """
    kind, results = _results(data)
    asked = Asked.of(query) if query else None
    if kind == "vector" and asked is None:
        raise UnreadableAnswerError("one moment of a counter tells no usage: ask api/v1/query_range")
    labels: dict[int, Mapping[str, str]] = {}
    measures: dict[int, str] = {}
    samples: dict[int, list[tuple[float, str]]] = {}
    bad: list[str] = []
    for number, raw in enumerate(results, 1):
        try:
            result = msgspec.json.decode(raw, type=_Result)
            measures[number] = _measure(result.metric, asked)
        except (msgspec.DecodeError, UnreadableAnswerError, RecursionError) as problem:
            bad.append(f"result {number}: {problem}")
            continue
        labels[number] = result.metric
        samples[number] = result.values or ([result.value] if result.value else [])
    read, lost = _typed(samples)
    rises, remarks = _of_function(read, asked) if asked else _of_counters(read)
    return Answer(labels, measures, rises, [*bad, *lost], remarks)


def _results(data: str | None) -> tuple[str, list[msgspec.Raw]]:
    try:
        found = msgspec.json.decode(data or "null", type=_Data)
    except (msgspec.DecodeError, RecursionError):
        raise UnreadableAnswerError("it has no list of results") from None
    if found.kind not in {"matrix", "vector"}:
        raise UnreadableAnswerError(f"its result is a {found.kind[:40] or 'nothing'}, not a matrix")
    return found.kind, found.result


def _measure(metric: Mapping[str, str], asked: Asked | None) -> str:
    """Return what a series counts.

    Raises:
        UnreadableAnswerError: When its name, or that in its query, is none that is known.
    """
    name = asked.name if asked else metric.get("__name__")
    if not name:
        raise UnreadableAnswerError(
            "it has no metric name, as the answer of a function: put the query beside the data, "
            "e.g. with jq --arg q \"$QUERY\" '. + {query: $q}'"
        )
    plain = name.removesuffix("_total")
    if plain == "litellm_tokens" and metric.get("type") in _GENERIC_TOKENS:
        return _GENERIC_TOKENS[metric["type"]]
    if plain not in MEASURES:
        raise UnreadableAnswerError(f"'{name[:80]}' is no counter of spend, requests or tokens that is known")
    return MEASURES[plain]


def _typed(samples: Mapping[int, list[tuple[float, str]]]) -> tuple[pl.DataFrame, list[str]]:
    """Return all samples (series, at, value) in order, and why some are left out."""
    frame = pl.DataFrame(
        {
            "series": [number for number, own in samples.items() for _ in own],
            "at": [at for own in samples.values() for at, _ in own],
            "text": [text for own in samples.values() for _, text in own],
        },
        schema={"series": pl.Int64, "at": pl.Float64, "text": pl.String},
    ).select(
        "series",
        (pl.col("at") * 1_000_000).round().cast(pl.Int64).alias("at"),
        "text",
        pl.col("text").str.strip_chars().cast(MONEY, strict=False).alias("value"),
    )
    is_bad = pl.col("value").is_null() | (pl.col("value") < 0)
    lost = [
        f"result {number}: the sample at {_moment(at)} is '{text[:40]}', no amount"
        for number, at, text in frame.filter(is_bad).select("series", "at", "text").iter_rows()
    ]
    return frame.filter(~is_bad).sort("series", "at").drop("text"), lost


def _moment(at: int) -> str:
    found = pl.select(pl.from_epoch(pl.lit(at), "us").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).item()
    return str(found)


def _of_counters(samples: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    before = pl.col("value").shift(1).over("series")
    rises = samples.with_columns(start=pl.col("at").shift(1).over("series"), before=before)
    first, step = samples["at"].min(), rises.select((pl.col("at") - pl.col("start")).min()).item()
    late = rises.filter(pl.col("start").is_null() & (pl.col("at") > first)).height if first is not None else 0
    known = rises.drop_nulls("start")
    resets = known.filter(pl.col("value") < pl.col("before")).height
    gaps = known.filter(pl.col("at") - pl.col("start") > step).height if step else 0
    remarks = []
    if late:
        remarks.append(f"series that begin within the range: {late}; what each held at its first sample is not counted")
    if resets:
        remarks.append(f"counters that fell, as after a restart: {resets}; each is counted from 0 again")
    if gaps:
        remarks.append(f"gaps without samples: {gaps}; what was added in each is one bucket")
    rose = pl.when(pl.col("value") < pl.col("before")).then("value").otherwise(pl.col("value") - pl.col("before"))
    return known.select("series", "start", pl.col("at").alias("end"), rose.alias("amount")), remarks


def _of_function(samples: pl.DataFrame, asked: Asked) -> tuple[pl.DataFrame, list[str]]:
    window = asked.seconds * 1_000_000
    step = samples.select((pl.col("at") - pl.col("at").shift(1).over("series")).min()).item()
    if step is not None and step < window:
        raise UnreadableAnswerError(
            f"its spans of {asked.seconds} s overlap at steps of {step // 1_000_000} s: ask with step={asked.seconds}"
        )
    amount = pl.col("value")
    if asked.per_second:
        amount = (amount.cast(pl.Float64) * asked.seconds).round(12).cast(MONEY)
    remarks = ["each value is extrapolated to the ends of its span, as increase() and rate() do"]
    if step is not None and step > window:
        remarks.append(f"what happened between spans of {asked.seconds} s, {step // 1_000_000} s apart, is not counted")
    rises = samples.select(
        "series", (pl.col("at") - window).alias("start"), pl.col("at").alias("end"), amount.alias("amount")
    )
    return rises, remarks
