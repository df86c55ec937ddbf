"""Words that Anthropic's reports share, brought to the ledger's: service tier, context window, region, meters.

The Admin API (https://platform.claude.com/docs/en/api/admin) and the console's CSV exports say the same things in
different words; ``0-200k`` and ``≤ 200k`` are one context band.
"""

from __future__ import annotations

import polars as pl

PROVIDER = pl.lit("anthropic").alias("provider")
WEB_SEARCH = "web_search"

_TIERS = {"priority_on_demand": "priority", "flex_discount": "flex"}
_BANDS = {"≤200k": "0-200k", "<=200k": "0-200k", ">200k": "200k-1M", "≤1m": "200k-1M"}
_METERS = {"token": "tokens", "tokens": "tokens"}


def price_terms(tier: pl.Expr | None = None) -> dict[str, pl.Expr]:
    """Return what the price of tokens depends on beside the model: ``service_tier``, ``context_band``, ``region``.

    Args:
        tier: The service tier as reported; None where a report has none. The columns ``speed``, ``context_window`` and
            ``inference_geo`` must be there.
    """
    return {
        "service_tier": _service_tier(pl.lit(None, pl.String) if tier is None else tier, pl.col("speed")),
        "context_band": _context_band(pl.col("context_window")),
        "region": _region(pl.col("inference_geo")),
    }


def meter(cost_type: pl.Expr) -> pl.Expr:
    """Return the unit a cost line is metered in: ``tokens`` for token lines, else the kind of cost as reported."""
    return _word(cost_type).replace(_METERS)


def model_id(name: pl.Expr) -> pl.Expr:
    """Return the model id of a display name (``Claude Sonnet 4.5`` is ``claude-sonnet-4-5``); ids stay as they are."""
    slug = name.str.strip_chars().str.to_lowercase().str.replace_all(r"[\s.]+", "-")
    return pl.when(name.str.contains(r"\s")).then(slug).otherwise(name)


def record_kind(amount: pl.Expr) -> pl.Expr:
    """Return ``credit`` for money given back, else ``cost``."""
    return pl.when(amount < 0).then(pl.lit("credit")).otherwise(pl.lit("cost")).alias("record_kind")


def searches(count: pl.Expr) -> list[pl.Expr]:
    """Return the web search meter of a row; none where there were no searches."""
    some = count > 0
    return [
        pl.when(some).then(count.cast(pl.Float64)).alias("consumed_quantity"),
        pl.when(some).then(pl.lit(WEB_SEARCH)).alias("consumed_unit"),
    ]


def negative(names: list[str]) -> pl.Expr:
    """Return why a row with a negative count in one of ``names`` is bad, else null."""
    return pl.coalesce(
        *(pl.when(pl.col(n) < 0).then(pl.format("{}: {} is negative", pl.lit(n), pl.col(n))) for n in names)
    )


def _service_tier(tier: pl.Expr, speed: pl.Expr) -> pl.Expr:
    """Return the ledger's service tier; fast mode has rates of its own and is the tier ``fast``."""
    named = _word(tier)
    return pl.when(_word(speed) == "fast").then(pl.lit("fast")).otherwise(named.replace(_TIERS))


def _context_band(window: pl.Expr) -> pl.Expr:
    """Return the context band: ``0-200k``, ``200k-1M``, or what else the report says."""
    compact = window.str.replace_all(r"\s", "").str.to_lowercase()
    return pl.when(compact.is_in(list(_BANDS))).then(compact.replace(_BANDS)).otherwise(window)


def _region(inference_geo: pl.Expr) -> pl.Expr:
    """Return where inference ran; ``not_available`` says nothing."""
    return pl.when(_word(inference_geo) != "not_available").then(_word(inference_geo))


def _word(text: pl.Expr) -> pl.Expr:
    plain = text.str.strip_chars().str.to_lowercase()
    return pl.when(plain != "").then(plain)
