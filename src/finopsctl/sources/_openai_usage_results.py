"""Results of OpenAI's usage reports, all kinds, brought into disjoint token classes and meters.

``input_tokens`` is everything that went in, of all modalities: uncached, read from and written to the prompt cache.
Newer reports split it twice over, into ``input_uncached_tokens + input_cached_tokens + input_cache_write_tokens``, and
the uncached part into ``input_text_tokens + input_audio_tokens + input_image_tokens``. Older ones give only the cached
and the audio part. Either way the ledger's uncached text input is what is left of the total after the other parts; a
report whose parts do not add up counts by that rule and is remarked on. Reasoning is part of ``output_tokens`` and
not told apart. (https://platform.openai.com/docs/api-reference/usage)

Calls of hosted tools (web and file search, code interpreter) happen within model requests that the completions report
counts, so they add no ``requests``.
"""

from __future__ import annotations

import polars as pl

from finopsctl.sources._buckets import with_tags
from finopsctl.sources._parts import overdrawn, remainder
from finopsctl.sources._source import AT, BAD, FLAG

_TOKENS = (
    "input_tokens",
    "input_uncached_tokens",
    "input_cached_tokens",
    "input_cache_write_tokens",
    "input_text_tokens",
    "input_audio_tokens",
    "input_image_tokens",
    "input_cached_text_tokens",
    "input_cached_audio_tokens",
    "input_cached_image_tokens",
    "output_tokens",
    "output_text_tokens",
    "output_audio_tokens",
    "output_image_tokens",
)
_METERS = {
    "images": ("images", "image"),
    "audio_speeches": ("characters", "character"),
    "audio_transcriptions": ("seconds", "second"),
    "code_interpreter_sessions": ("num_sessions", "code_interpreter_session"),
    "vector_stores": ("usage_bytes", "vector_store_byte"),
    "file_searches": ("num_requests", "file_search"),
    "web_searches": ("num_requests", "web_search"),
}
"""Kind of report: the field of its meter, and the ledger's name of that unit."""

_TOOLS = ("code_interpreter_sessions", "vector_stores", "file_searches", "web_searches")
_METER_FIELDS = tuple(dict.fromkeys(field for field, _ in _METERS.values()))
_COUNTS = (*_TOKENS, "num_model_requests", *_METER_FIELDS)
_TEXTS = (
    "project_id",
    "user_id",
    "user_email",
    "api_key_id",
    "model",
    "service_tier",
    "size",
    "source",
    "vector_store_id",
    "context_level",
    "project_name",
    "organization_id",
)

RESULT = pl.Schema(
    {
        "object": pl.String(),
        **dict.fromkeys(_TEXTS, pl.String()),
        "batch": pl.Boolean(),
        **dict.fromkeys((*_TOKENS, "num_model_requests"), pl.Int64()),
        **dict.fromkeys(_METER_FIELDS, pl.Float64()),
    }
)
"""Fields of one result, of whatever kind."""

TELLING = frozenset({"num_model_requests", "num_sessions", "usage_bytes", "num_requests", "input_cached_tokens"})
"""Fields of which every usage result has at least one."""

MISSING = {
    "model": "group_by[]=model",
    "project": "group_by[]=project_id",
    "user": "group_by[]=user_id",
    "api_key": "group_by[]=api_key_id",
    "service_tier": "group_by[]=batch and group_by[]=service_tier",
    "reported_cost": "not in usage reports: priced from the catalogue, or load the costs report to reconcile",
    "reasoning_tokens": "not told apart from output_tokens: a gateway's log has it",
    "context_band": "not in usage reports: a gateway's log has each request's size",
    "errors": "not in usage reports: a gateway's log has them",
    "latency_ms": "not in usage reports: a gateway's log has it",
}


def usage_rows(results: pl.LazyFrame) -> pl.LazyFrame:
    """Bring usage results to ledger columns.

    Args:
        results: Columns of ``RESULT`` and ``charge_period_start``, ``charge_period_end``, ``AT``, ``BAD``. Results
            with neither a dimension nor a count (days without usage in a CSV) are no records.
    """
    kind = pl.col("object").str.extract(r"^organization\.usage\.(.+)\.result$")
    blank = pl.all_horizontal(pl.col("object", *_TEXTS, *_COUNTS).is_null())
    sorted_out = results.filter(pl.col(BAD).is_not_null() | ~blank).with_columns(
        kind=pl.coalesce(kind, _inferred_kind())
    )
    labels = ("size", "source", "vector_store_id", "context_level", "project_name", "organization_id")
    return with_tags(sorted_out, {name: name for name in labels}).select(
        AT,
        "charge_period_start",
        "charge_period_end",
        "tags",
        "model",
        pl.lit("usage").alias("record_kind"),
        pl.lit("openai").alias("provider"),
        pl.coalesce(BAD, _uncountable()).alias(BAD),
        _unbalanced().alias(FLAG),
        *_tokens(),
        *_meters(),
        pl.when(pl.col("kind").is_in(_TOOLS)).then(0).otherwise(pl.col("num_model_requests")).alias("requests"),
        project="project_id",
        user=pl.coalesce("user_id", "user_email"),
        api_key="api_key_id",
        endpoint="kind",
        service_tier=service_tier(pl.col("service_tier"), pl.col("batch")),
    )


def service_tier(tier: pl.Expr, batch: pl.Expr) -> pl.Expr:
    """Return the ledger's service tier: ``default`` is standard, ``auto`` says nothing, ``batch`` goes first."""
    named = pl.when(tier == "default").then(pl.lit("standard")).when(tier != "auto").then(tier)
    return pl.when(batch).then(pl.lit("batch")).otherwise(named)


def _inferred_kind() -> pl.Expr:
    """Return the kind of a result that does not name it (a CSV row), by the fields it has."""
    search = pl.coalesce(
        pl.when(pl.col("num_model_requests").is_not_null() | pl.col("context_level").is_not_null()).then(
            pl.lit("web_searches")
        ),
        pl.lit("file_searches"),
    )
    told = [
        pl.when(pl.col(field).is_not_null()).then(pl.lit(kind))
        for kind, (field, _) in _METERS.items()
        if field != "num_requests"
    ]
    return pl.coalesce(
        *told,
        pl.when(pl.col("num_requests").is_not_null()).then(search),
        pl.when(pl.col("output_tokens").is_not_null()).then(pl.lit("completions")),
    )


def _total() -> pl.Expr:
    parts = [pl.col(f"input_{part}_tokens") for part in ("cached", "cache_write")]
    told = pl.col("input_uncached_tokens") + pl.sum_horizontal(*(part.fill_null(0) for part in parts))
    return pl.coalesce("input_tokens", told)


def _tokens() -> list[pl.Expr]:
    cached = pl.when(pl.col("input_cached_tokens") > _total()).then(_total()).otherwise(pl.col("input_cached_tokens"))
    others = [cached, *(pl.col(f"input_{part}_tokens") for part in ("cache_write", "audio", "image"))]
    spoken = [pl.col(f"output_{part}_tokens") for part in ("audio", "image")]
    return [
        remainder(_total(), others).alias("input_tokens"),
        cached.alias("cache_read_tokens"),
        pl.col("input_cache_write_tokens").alias("cache_write_tokens"),
        pl.col("input_audio_tokens").alias("audio_input_tokens"),
        pl.col("input_image_tokens").alias("image_input_tokens"),
        remainder(pl.col("output_tokens"), spoken).alias("output_tokens"),
        pl.col("output_audio_tokens").alias("audio_output_tokens"),
        pl.col("output_image_tokens").alias("image_output_tokens"),
    ]


def _meters() -> list[pl.Expr]:
    quantity, unit = pl.lit(None, pl.Float64), pl.lit(None, pl.String)
    for kind, (field, name) in _METERS.items():
        measured = (pl.col("kind") == kind) & pl.col(field).is_not_null()
        quantity = pl.when(measured).then(pl.col(field)).otherwise(quantity)
        unit = pl.when(measured).then(pl.lit(name)).otherwise(unit)
    return [quantity.alias("consumed_quantity"), unit.alias("consumed_unit")]


def _uncountable() -> pl.Expr:
    foreign = pl.col("object").str.starts_with("organization.") & ~pl.col("object").str.starts_with(
        "organization.usage."
    )
    return pl.coalesce(
        pl.when(foreign).then(pl.format("'{}' is no usage result: give it as a file of its own", "object")),
        pl.when(pl.all_horizontal(pl.col(*_COUNTS).is_null())).then(pl.lit("it counts nothing")),
        *(
            pl.when(pl.col(field) < 0).then(pl.format("{}: {} is negative", pl.lit(field), pl.col(field)))
            for field in _COUNTS
        ),
    )


def _unbalanced() -> pl.Expr:
    """Return the remark on a result whose token counts do not add up, else null."""

    def parts(*names: str) -> dict[str, pl.Expr]:
        return {name: pl.col(name) for name in names}

    uncached = parts("input_cached_tokens", "input_cache_write_tokens", "input_audio_tokens", "input_image_tokens")
    return pl.coalesce(
        overdrawn("input_tokens", _total(), uncached),
        overdrawn("output_tokens", pl.col("output_tokens"), parts("output_audio_tokens", "output_image_tokens")),
        _uneven("input_tokens", "input_uncached_tokens", "input_cached_tokens", "input_cache_write_tokens"),
        _uneven("input_uncached_tokens", "input_text_tokens", "input_audio_tokens", "input_image_tokens"),
        _uneven(
            "input_cached_tokens", "input_cached_text_tokens", "input_cached_audio_tokens", "input_cached_image_tokens"
        ),
        _uneven("output_tokens", "output_text_tokens", "output_audio_tokens", "output_image_tokens"),
    )


def _uneven(total: str, first: str, *others: str) -> pl.Expr:
    """Return the remark where ``first`` is given and the parts are not the whole."""
    whole = pl.sum_horizontal(pl.col(first, *others).fill_null(0))
    text = pl.format(
        "{}: {} is not its parts {} = {}", pl.lit(total), pl.col(total), pl.lit(" + ".join((first, *others))), whole
    )
    return pl.when(pl.col(first).is_not_null() & (whole != pl.col(total))).then(text)
