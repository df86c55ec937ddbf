"""What LiteLLM's request logs have in common: token totals taken apart, labels, providers, tiers.

``prompt_tokens`` and ``completion_tokens`` are totals for every provider: cache reads, cache writes, audio and images
are inside the first, reasoning, audio and images inside the second (``litellm/types/utils.py``, ``Usage``). The token
classes of the ledger are what remains of a total and its parts, so that they add up to the total again.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.sources._litellm_labels import LABEL_TEXTS, LABELS, sorted_labels
from finopsctl.sources._parts import by_distinct, overdrawn
from finopsctl.sources._source import AT, CALL, FLAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COUNT, _TEXT = pl.Int64(), pl.String()

USAGE = pl.Struct(
    {
        "prompt_tokens_details": pl.Struct(
            {
                "cached_tokens": _COUNT,
                "cached_tokens_details": _TEXT,
                "cache_write_tokens": _COUNT,
                "cache_creation_tokens": _COUNT,
                "cache_creation_token_details": pl.Struct({"ephemeral_1h_input_tokens": _COUNT}),
                "audio_tokens": _COUNT,
                "image_tokens": _COUNT,
                "web_search_requests": _COUNT,
            }
        ),
        "completion_tokens_details": pl.Struct(
            {"reasoning_tokens": _COUNT, "audio_tokens": _COUNT, "image_tokens": _COUNT}
        ),
        "cache_read_input_tokens": _COUNT,
        "cache_creation_input_tokens": _COUNT,
        "server_tool_use": _TEXT,
        "service_tier": _TEXT,
        "speed": _TEXT,
        "inference_geo": _TEXT,
    }
)
"""``usage_object``, as far as the ledger needs it."""

BREAKDOWN = pl.Struct({"service_tier": _TEXT, "data_residency": _TEXT, "vertex_location": _TEXT})
"""``cost_breakdown``: the basis LiteLLM priced on."""

PROVIDERS: Mapping[str, str] = {
    **dict.fromkeys(("hosted_vllm", "vllm", "ollama", "ollama_chat", "lm_studio", "llamafile"), "self-hosted"),
    **dict.fromkeys(("xinference", "triton", "petals", "oobabooga", "infinity", "lemonade"), "self-hosted"),
    "docker_model_runner": "self-hosted",
    **dict.fromkeys(("text-completion-openai", "aiohttp_openai"), "openai"),
    **dict.fromkeys(("azure_text", "azure_ai", "azure_speech"), "azure"),
    **dict.fromkeys(("bedrock_converse", "bedrock_mantle", "amazon_nova"), "bedrock"),
    **dict.fromkeys(("sagemaker_chat", "sagemaker_nova"), "sagemaker"),
    **dict.fromkeys(("codestral", "text-completion-codestral"), "mistral"),
    "anthropic_text": "anthropic",
    "vertex_ai_beta": "vertex_ai",
    "gemini": "google",
    "cohere_chat": "cohere",
    "ai21_chat": "ai21",
    "watsonx_text": "watsonx",
    "text-completion-inception": "inception",
}
"""LiteLLM's provider names (``LlmProviders``) that are another name for a provider of the ledger."""

_PREFIXES = frozenset(
    {*PROVIDERS, "openai", "anthropic", "azure", "bedrock", "vertex_ai", "xai", "mistral", "groq", "deepseek"}
    | {"cohere", "voyage", "openrouter", "together_ai", "fireworks_ai"}
)

_TIERS = {
    "default": "standard",
    "on_demand": "standard",
    "not_available": "standard",
    "auto": None,
    "priority_on_demand": "priority",
    "flex_discount": "flex",
}

REQUEST = pl.Schema(
    {
        "id": _TEXT,
        "trace": _TEXT,
        "call": _TEXT,
        "call_type": _TEXT,
        "start": pl.Datetime("us", "UTC"),
        "end": pl.Datetime("us", "UTC"),
        "first_token": pl.Datetime("us", "UTC"),
        "duration_ms": pl.Float64(),
        "status": _TEXT,
        "model": _TEXT,
        "group": _TEXT,
        "first_group": _TEXT,
        "provider": _TEXT,
        "api_base": _TEXT,
        "user": _TEXT,
        "team": _TEXT,
        "key": _TEXT,
        "customer": _TEXT,
        "project": _TEXT,
        "organization": _TEXT,
        "agent": _TEXT,
        "prompt": _COUNT,
        "completion": _COUNT,
        "total": _COUNT,
        "usage": USAGE,
        "more_usage": _TEXT,
        "breakdown": BREAKDOWN,
        "asked_tier": _TEXT,
        "hit": _TEXT,
        "retries": _COUNT,
        "fallbacks": _COUNT,
        "internal": _TEXT,
        "batch_done": _COUNT,
        "batch_failed": _COUNT,
        "limit": _COUNT,
        "cost": pl.Decimal(38, 12),
        "request_tags": _TEXT,
        "free_labels": _TEXT,
        "headers": _TEXT,
    }
)
"""One logged request under names of our own; each log says where it keeps which."""


def first_text(*values: pl.Expr) -> pl.Expr:
    """Return the first value that is neither null nor empty text."""
    return pl.coalesce(*(pl.when(value != "").then(value) for value in values))


def provider_of(provider: pl.Expr, model: pl.Expr) -> pl.Expr:
    """Return the ledger's provider name for LiteLLM's, or for the prefix of a ``provider/model`` name."""
    said = first_text(provider)
    prefix = pl.when(said.is_null()).then(model).str.extract(r"^([a-z0-9_-]+)/")
    known = pl.when(prefix.is_in(list(_PREFIXES))).then(prefix)
    return pl.coalesce(said, known).str.to_lowercase().replace(PROVIDERS)


def litellm_provider_names(provider: str) -> tuple[str, ...]:
    """Return the names LiteLLM may have for a provider of the ledger, that one's own first."""
    return (provider, *sorted(name for name, known in PROVIDERS.items() if known == provider))


def key_name(alias: pl.Expr, digest: pl.Expr) -> pl.Expr:
    """Return the key's alias, else the hash LiteLLM gives; of a secret that was logged as it is, the last 4 signs."""
    shown = first_text(alias, digest)
    secret = pl.when(shown.str.starts_with("sk-")).then(shown)
    return pl.coalesce("sk-..." + secret.str.tail(4), shown)


def to_requests(frame: pl.LazyFrame, fields: Mapping[str, pl.Expr]) -> pl.LazyFrame:
    """Turn logged requests into ledger rows of kind ``request``.

    Args:
        frame: Raw records with ``AT``.
        fields: An expression for names of ``REQUEST``; what a log does not have may be left out.
    """
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in REQUEST.items() if name not in fields]
    lean = frame.select(AT, *(value.alias(name) for name, value in fields.items()), *absent)
    labelled = by_distinct(lean, LABEL_TEXTS, sorted_labels, LABELS)
    for step in _steps():
        labelled = labelled.with_columns(*step)
    call = pl.when(pl.col("call").is_not_null()).then(pl.col("call").hash()).alias(CALL)
    return labelled.select(AT, FLAG, *_ledger_columns(), call)


@cache
def _steps() -> tuple[tuple[pl.Expr, ...], ...]:
    """Return what is added to the requests one after another; built once, for it is used chunk by chunk."""
    return (
        tuple(_reported_parts()),
        tuple(_facts()),
        (_remark(),),
        tuple(without_parts("prompt", ("read", "write", "audio", "image"))),
        tuple(without_parts("completion", ("reasoning", "audio_out", "image_out"))),
    )


@cache
def _ledger_columns() -> tuple[pl.Expr, ...]:
    return (*_who(), *_what(), *_how_much())


def _facts() -> Iterator[pl.Expr]:
    yield (pl.col("status").str.to_lowercase() == "failure").fill_null(value=False).alias("failed")
    hit = pl.col("hit").str.to_lowercase() == "true"
    yield pl.coalesce(pl.when(pl.col("id").str.contains("_cache_hit", literal=True)).then(True), hit).alias("was_hit")
    yield pl.col("id").str.contains(r"-attempt-\d+$").fill_null(value=False).alias("is_attempt")
    batch = pl.col("call_type").is_in(["aretrieve_batch", "retrieve_batch"])
    batch |= pl.col("id").str.ends_with("_batch_cost") | pl.col("batch_done").is_not_null()
    yield batch.fill_null(value=False).alias("is_batch")
    # Old proxies logged Anthropic's prompt without its cached part; then the total tells.
    cached = pl.col("read").fill_null(0) + pl.col("write").fill_null(0)
    outside = (cached > 0) & (pl.col("total") == pl.col("prompt") + pl.col("completion") + cached)
    yield pl.when(outside).then(pl.col("prompt") + cached).otherwise(pl.col("prompt")).alias("prompt")


def _reported_parts() -> Iterator[pl.Expr]:
    """The parts of both totals as the log states them."""
    usage = pl.col("usage").struct
    inside, out = usage["prompt_tokens_details"].struct, usage["completion_tokens_details"].struct
    more = pl.when(pl.col("usage").is_null() & (pl.col("more_usage") != "{}")).then(pl.col("more_usage"))
    inner, outer = "$.prompt_tokens_details.", "$.completion_tokens_details."
    yield pl.max_horizontal(
        inside["cached_tokens"],
        usage["cache_read_input_tokens"],
        _count_in(more, "$.cache_read_input_tokens"),
    ).alias("read")
    yield pl.max_horizontal(
        inside["cache_write_tokens"],
        inside["cache_creation_tokens"],
        usage["cache_creation_input_tokens"],
        _count_in(more, "$.cache_creation_input_tokens"),
    ).alias("write")
    hour = "cache_creation_token_details.ephemeral_1h_input_tokens"
    yield pl.coalesce(
        inside["cache_creation_token_details"].struct["ephemeral_1h_input_tokens"], _count_in(more, inner + hour)
    ).alias("write_1h")
    cached_audio = _count_in(inside["cached_tokens_details"], "$.audio_tokens").fill_null(0)
    audio = pl.coalesce(inside["audio_tokens"], _count_in(more, inner + "audio_tokens"))
    yield pl.max_horizontal(audio - cached_audio, pl.when(audio.is_not_null()).then(0)).alias("audio")
    yield pl.coalesce(inside["image_tokens"], _count_in(more, inner + "image_tokens")).alias("image")
    for name in ("reasoning", "audio", "image"):
        stated = pl.coalesce(out[f"{name}_tokens"], _count_in(more, f"{outer}{name}_tokens"))
        yield stated.alias(f"{name}_out" if name != "reasoning" else name)
    yield pl.coalesce(
        _count_in(usage["server_tool_use"], "$.web_search_requests"), inside["web_search_requests"]
    ).alias("searches")


def _count_in(text: pl.Expr, path: str) -> pl.Expr:
    return text.str.json_path_match(path).cast(pl.Float64, strict=False).cast(_COUNT, strict=False)


def _remark() -> pl.Expr:
    """Return what is said of a total that is less than its parts."""
    named_in = {_PART_NAMES[name]: pl.col(name) for name in ("read", "write", "audio", "image")}
    named_out = {_PART_NAMES[name]: pl.col(name) for name in ("reasoning", "audio_out", "image_out")}
    return pl.coalesce(
        overdrawn("prompt_tokens", pl.col("prompt"), named_in),
        overdrawn("completion_tokens", pl.col("completion"), named_out),
    ).alias(FLAG)


_PART_NAMES = {
    "read": "cache_read",
    "write": "cache_write",
    "audio": "audio_input",
    "image": "image_input",
    "reasoning": "reasoning",
    "audio_out": "audio_output",
    "image_out": "image_output",
}


def without_parts(total: str, parts: tuple[str, ...]) -> Iterator[pl.Expr]:
    """Yield ``total`` less its ``parts`` and, under their names, what of each part fits into it, in this order.

    The results add up to the total; parts of an unknown total stay as they are.
    """
    whole, before = pl.col(total), pl.lit(0, _COUNT)
    for name in parts:
        room, part = whole - before, pl.col(name)
        yield pl.when(part > room).then(pl.max_horizontal(room, 0)).otherwise(part).alias(name)
        before = before + part.fill_null(0)
    # A negative total stays as it is, to be set aside.
    yield pl.when(whole < 0).then(whole).when(whole < before).then(0).otherwise(whole - before).alias(total)


def _who() -> Iterator[pl.Expr]:
    yield pl.col("id").alias("record_id")
    yield pl.col("trace").alias("trace_id")
    yield from (pl.col(name) for name in ("team", "user", "tags"))
    yield from (pl.col(f"label_{name}").alias(name) for name in ("environment", "feature", "prompt_version", "plan"))
    yield first_text(pl.col("customer"), pl.col("label_customer")).alias("customer")
    yield first_text(pl.col("project"), pl.col("label_project")).alias("project")
    yield pl.coalesce("label_workload", pl.when("is_batch").then(pl.lit("batch"))).alias("workload")
    yield pl.col("key").alias("api_key")


def _what() -> Iterator[pl.Expr]:
    usage, basis = pl.col("usage").struct, pl.col("breakdown").struct
    yield pl.lit("request").alias("record_kind")
    yield pl.col("start").alias("charge_period_start")
    yield pl.col("end").alias("charge_period_end")
    yield pl.col("call_type").alias("endpoint")
    yield provider_of(pl.col("provider"), pl.col("model")).alias("provider")
    yield pl.col("model")
    yield first_text(pl.col("first_group"), pl.col("group")).alias("requested_model")
    stated = first_text(basis["service_tier"], usage["service_tier"], pl.col("asked_tier")).str.to_lowercase()
    yield (
        pl.when("is_batch")
        .then(pl.lit("batch"))
        .when(usage["speed"] == "fast")
        .then(pl.lit("fast"))
        .otherwise(stated.replace(_TIERS))
        .alias("service_tier")
    )
    geo = usage["inference_geo"]
    geo = pl.when(geo != "not_available").then(geo)
    # bedrock-runtime.us-east-1.amazonaws.com, us-central1-aiplatform.googleapis.com
    amazon = pl.col("api_base").str.extract(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com")
    google = pl.col("api_base").str.extract(r"//([a-z]+-[a-z]+\d+)-aiplatform\.")
    yield first_text(basis["data_residency"], basis["vertex_location"], geo, amazon, google).alias("region")
    yield pl.when("was_hit").then(pl.col("label_cache_type")).alias("cache_type")


def _how_much() -> Iterator[pl.Expr]:
    yield pl.col("prompt").alias("input_tokens")
    yield pl.col("read").alias("cache_read_tokens")
    hour = pl.when(pl.col("write_1h") > pl.col("write")).then(pl.col("write")).otherwise(pl.col("write_1h"))
    yield (pl.col("write") - hour.fill_null(0)).alias("cache_write_tokens")
    yield hour.alias("cache_write_1h_tokens")
    yield pl.col("audio").alias("audio_input_tokens")
    yield pl.col("image").alias("image_input_tokens")
    yield pl.col("completion").alias("output_tokens")
    yield pl.col("reasoning").alias("reasoning_tokens")
    yield pl.col("audio_out").alias("audio_output_tokens")
    yield pl.col("image_out").alias("image_output_tokens")
    searched = pl.col("searches") > 0
    yield pl.when(searched).then(pl.col("searches").cast(pl.Float64)).alias("consumed_quantity")
    yield pl.when(searched).then(pl.lit("web_search")).alias("consumed_unit")
    # A failed attempt that cost something has a record beside its request's: <id>-attempt-0.
    internal = (pl.col("internal") != "").fill_null(value=False) | pl.col("is_attempt")
    of_batch = pl.col("batch_done").is_not_null() | pl.col("batch_failed").is_not_null()
    in_batch = pl.col("batch_done").fill_null(0) + pl.col("batch_failed").fill_null(0)
    yield pl.when(internal).then(0).when(of_batch).then(in_batch).otherwise(1).alias("requests")
    errors = pl.when(of_batch).then(pl.col("batch_failed").fill_null(0)).otherwise(pl.col("failed").cast(_COUNT))
    yield pl.when(internal).then(0).otherwise(errors).alias("errors")
    yield pl.when("is_attempt").then(0).otherwise("retries").alias("retries")
    yield pl.when("is_attempt").then(0).otherwise((pl.col("fallbacks") > 0).cast(_COUNT)).alias("fallbacks")
    yield pl.col("was_hit").cast(_COUNT).alias("cache_hits")
    yield pl.col("limit").alias("max_output_tokens")
    took = (pl.col("end") - pl.col("start")).dt.total_microseconds() / 1000
    waited = (pl.col("first_token") - pl.col("start")).dt.total_microseconds() / 1000
    yield pl.when(~pl.col("is_batch")).then(pl.coalesce(took, "duration_ms")).alias("latency_ms")
    # Without a stream LiteLLM writes the end of the request as the time of the first token.
    yield pl.when((waited >= 0) & (pl.col("first_token") < pl.col("end"))).then(waited).alias("time_to_first_token_ms")
    yield pl.col("cost").alias("reported_cost")
