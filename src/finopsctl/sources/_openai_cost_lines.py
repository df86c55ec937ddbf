"""Lines of OpenAI's costs report, and what their free text says: model, meter, service tier.

A line of model tokens reads ``[prefix | ]model[ modality], [cached ]input|output[, long context]``, for example
``gpt-4o-2024-08-06, cached input``, ``priority | gpt-5.6-sol, output, long context``, ``evals | gpt-4o, output`` or
``gpt-image-2.5-flare image, output``; a hosted tool's line has words of its own: ``web search tool calls``,
``assistants api | file search``, ``code interpreter sessions``. Every token line gets ``consumed_unit`` "tokens" and
every line of another meter that meter's name, which is how a bill's tool lines stay when usage of the same day is
loaded too; a text that says neither leaves it null. Amounts are decimal, kept to 1e-12 (the exports print up to
thirty decimals) and rounded half to even. (https://platform.openai.com/docs/api-reference/usage/costs)
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

import polars as pl

from finopsctl.sources._buckets import not_an_amount, with_tags
from finopsctl.sources._parts import by_distinct
from finopsctl.sources._source import AT, BAD, FLAG
from finopsctl.sources._typed import money

TEXTS = (
    "line_item",
    "quantity_unit",
    "project_id",
    "project_name",
    "user_id",
    "user_email",
    "api_key_id",
    "organization_id",
    "organization_name",
    "api_source",
)
"""Text fields of one line."""

MISSING = {
    "model": "group_by[]=line_item",
    "consumed_unit": "group_by[]=line_item",
    "project": "group_by[]=project_id",
    "api_key": "group_by[]=api_key_id",
    "requests": "not in costs: load the usage reports of the same days (the costs are then set aside for them)",
    "input_tokens": "not in costs: load the usage reports of the same days",
    "output_tokens": "not in costs: load the usage reports of the same days",
}

_UNITS = {
    "tokens": ("tokens", 1.0),
    "1000_tokens": ("tokens", 1000.0),
    "duration_seconds": ("second", 1.0),
    "duration_minutes": ("second", 60.0),
    "duration_hours": ("second", 3600.0),
    "gibibyte_hours": ("gibibyte_hour", 1.0),
    "images": ("image", 1.0),
    "characters": ("character", 1.0),
}
_METERS = (
    ("web search", "web_search"),
    ("file search storage", "file_search_storage"),
    ("vector storage", "file_search_storage"),
    ("vector store", "file_search_storage"),
    ("file search", "file_search"),
    ("code interpreter", "code_interpreter_session"),
    ("container", "code_interpreter_session"),
)
_TIERS = {"batch", "flex", "priority", "scale"}
_TOKEN_WORDS = re.compile(r"\b(input|output|cached?|tokens?)\b")
_CREDIT_WORDS = re.compile(r"\b(credits?|refunds?|discounts?|adjustments?|tax|vat)\b")
_NAME = re.compile(r"(\S+?)(?: (?:text|audio|image|tokens))?")


@dataclass(frozen=True, slots=True)
class CostLine:
    """What a line's text and unit say; the fields are ledger columns, ``scale`` turns its quantity into the unit."""

    model: str | None
    consumed_unit: str | None
    scale: float
    service_tier: str | None
    context_band: str | None
    workload: str | None
    cost_type: str
    is_credit: bool


_PARSED = pl.Schema(
    {
        "model": pl.String(),
        "consumed_unit": pl.String(),
        "scale": pl.Float64(),
        "service_tier": pl.String(),
        "context_band": pl.String(),
        "workload": pl.String(),
        "cost_type": pl.String(),
        "is_credit": pl.Boolean(),
    }
)


def parse_line(line_item: str | None, quantity_unit: str | None) -> CostLine:
    """Read one ``line_item`` text, with the unit of its quantity where that is given."""
    text = (line_item or "").strip()
    *prefixes, head = [part.strip() for part in text.split("|")]
    name, *segments = [part.strip() for part in head.split(",")]
    words = " ".join(segments).lower().replace("_", " ")
    tier = next((prefix.lower() for prefix in prefixes if prefix.lower() in _TIERS), None)
    named = _NAME.fullmatch(name)
    # Without a class of tokens after it, a single word is a model only when it looks like one: "gpt-4o", not "tokens".
    model = named.group(1) if named and (segments or any(letter.isdigit() for letter in name)) else None
    unit, scale = _unit(head.lower(), words, (quantity_unit or "").strip().lower())
    return CostLine(
        model=model,
        consumed_unit=unit,
        scale=scale,
        service_tier=tier,
        context_band="long context" if "long context" in words else None,
        workload="eval" if any(prefix.lower() == "evals" for prefix in prefixes) else None,
        cost_type=_cost_type(unit, words),
        is_credit=bool(_CREDIT_WORDS.search(text.lower())),
    )


def _unit(head: str, words: str, quantity_unit: str) -> tuple[str | None, float]:
    unit, scale = _UNITS.get(quantity_unit, (None, 1.0))
    if "training" in words or head.endswith("training"):
        return ("training_token", scale) if unit in ("tokens", None) else ("training_" + unit, scale)
    if unit is not None:
        return unit, scale
    if meter := next((meter for phrase, meter in _METERS if phrase in head), None):
        return meter, 1.0
    return ("tokens", 1.0) if _TOKEN_WORDS.search(words) or _TOKEN_WORDS.search(head.replace("_", " ")) else (None, 1.0)


def _cost_type(unit: str | None, words: str) -> str:
    if (unit or "").startswith("training_") or "training" in words:
        return "training"
    return "storage" if unit in ("file_search_storage", "gibibyte_hour") else "api"


def cost_rows(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Bring cost lines to ledger columns.

    Args:
        lines: Columns ``TEXTS``, ``amount`` and ``currency`` (text), ``quantity`` (Float64),
            ``charge_period_start``, ``charge_period_end``, ``AT`` and ``BAD``. Lines with no value at all (days
            without costs in a CSV) are no records.
    """
    blank = pl.all_horizontal(pl.col(*TEXTS, "amount", "currency", "quantity").is_null())
    given = lines.filter(pl.col(BAD).is_not_null() | ~blank)
    parsed = by_distinct(given, ("line_item", "quantity_unit"), lambda *texts: asdict(parse_line(*texts)), _PARSED)
    labels = ("line_item", "project_name", "organization_id", "organization_name", "api_source")
    amount = money(pl.col("amount"))
    return with_tags(parsed, {name: name for name in labels}).select(
        AT,
        "charge_period_start",
        "charge_period_end",
        "tags",
        "model",
        "service_tier",
        "context_band",
        "workload",
        "cost_type",
        "consumed_unit",
        pl.lit("openai").alias("provider"),
        pl.coalesce(BAD, not_an_amount("amount", pl.col("amount"), amount)).alias(BAD),
        _no_amount().alias(FLAG),
        pl.when(pl.col("is_credit") | (amount < 0))
        .then(pl.lit("credit"))
        .otherwise(pl.lit("cost"))
        .alias("record_kind"),
        project="project_id",
        user=pl.coalesce("user_id", "user_email"),
        api_key="api_key_id",
        reported_cost=amount,
        billing_currency=pl.col("currency").str.strip_chars().str.to_uppercase(),
        consumed_quantity=pl.when(pl.col("consumed_unit").is_not_null()).then(pl.col("quantity") * pl.col("scale")),
    )


def _no_amount() -> pl.Expr:
    absent = pl.col("amount").is_null() | (pl.col("amount").str.strip_chars() == "")
    return pl.when(absent).then(pl.lit("it has no amount"))
