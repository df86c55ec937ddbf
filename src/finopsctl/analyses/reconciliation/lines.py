"""Ledger rows as lines that can be compared: one per provider, day, model, meter, class of tokens and project.

Both sides come in ledger columns. Usage with tokens has its cost split by token class, in proportion to its list cost.
A line of money says its class, if at all, in words (``gpt-4o-2024-08-06, cached input``), and so it says that it is a
tax, a credit or a rounding. Fees and meters other than tokens belong to no model: a provider bills them apart.
"""

from __future__ import annotations

import json
import re
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.period import calendar_start
from finopsctl.ledger.token_classes import TOKEN_CLASSES, TOKEN_COLUMNS
from finopsctl.metrics.dimensions import named
from finopsctl.metrics.token_split import OTHER, spend_by_class
from finopsctl.sources._focus_meter import token_class

if TYPE_CHECKING:
    from collections.abc import Mapping

STANDARD = "standard"
"""The service tier of what names none."""

USAGE, CREDIT, TAX, ROUNDING = "usage", "credit", "tax", "rounding"
"""What a line is for; all but usage are causes of their own."""

PLACES = ("provider", "day", "nature", "model", "listed", "meter", "service_tier", "token_class", "project")
"""What tells one line from another: ``listed`` is whether the price catalogue knows the model."""

LINES = pl.Schema(
    {
        "provider": pl.String(),
        "day": pl.Date(),
        "nature": pl.String(),
        "model": pl.String(),
        "listed": pl.Boolean(),
        "meter": pl.String(),
        "service_tier": pl.String(),
        "token_class": pl.String(),
        "project": pl.String(),
        "amount": pl.Int128(),
        "quantity": pl.Float64(),
        "unmeasured": pl.Int64(),
        "lines": pl.Int64(),
        "unpriced": pl.Int64(),
        "text": pl.String(),
    }
)
"""``amount``: pico-units; ``quantity``: tokens, or the meter's units; ``unmeasured``: lines of money without one;
``lines``: records behind it; ``unpriced``: records without a cost; ``text``: what a credit or tax is called."""

_CLASS_NAMES = {c.column: c.rate_key for c in TOKEN_CLASSES}
_CLASS_TEXTS = ("token_type", "line_item", "meter", "sku_meter", "charge", "description", "sku")
_WORDS = {
    ROUNDING: re.compile(r"\brounding\b"),
    TAX: re.compile(r"\b(tax|taxes|vat|gst|hst|mwst|iva|tva|sales tax|umsatzsteuer|mehrwertsteuer)\b"),
    CREDIT: re.compile(
        r"\b(credits?|refunds?|discounts?|adjustments?|rebates?|promotions?|promotional|write-?offs?|gutschrift)\b"
    ),
}
_NATURE_OF_CATEGORY = {"tax": TAX, "credit": CREDIT, "refund": CREDIT}  # of FOCUS; an adjustment can be any
_TEXTS = 3
_NO_CACHE = re.compile(r"(?i)no[\s_-]?cach(e|ed|ing)")
_SAID = pl.Schema({"said_class": pl.String(), "said_nature": pl.String(), "text": pl.String()})


def lines_of(rows: pl.LazyFrame, timezone: str, *, billed: bool) -> pl.DataFrame:
    """Return the lines of one side.

    Args:
        rows: Ledger columns and ``cost``.
        timezone: Zone of day boundaries.
        billed: Whether they are an invoice's: then a record without tokens is a line of money whatever its kind.

    Returns:
        Columns ``LINES``, sorted.
    """
    has_tokens = reduce(add, (pl.col(name).fill_null(0) for name in TOKEN_COLUMNS)) > 0
    given_back = (pl.col("cost") < 0).fill_null(value=False) & pl.col("model").is_null()
    is_money = ~has_tokens & (billed | pl.col("record_kind").is_in(["cost", "credit"]) | given_back)
    marked = rows.with_columns(
        day=calendar_start(timezone).dt.convert_time_zone(timezone).dt.date(),
        known_model=pl.coalesce("canonical_model", pl.col("model").str.to_lowercase()),
        listed=pl.col("canonical_model").is_not_null(),
        tier=pl.coalesce("service_tier", pl.lit(STANDARD)).replace("default", STANDARD),
        is_money=is_money,
    )
    parts = [
        _usage(marked.filter(~pl.col("is_money"))),
        _money(marked.filter(pl.col("is_money"))),
    ]
    return (
        pl.concat(parts)
        .group_by(PLACES)
        .agg(
            pl.col("amount", "unmeasured", "lines", "unpriced").sum(),
            pl.col("quantity").sum(),
            pl.col("text").drop_nulls().unique().sort().head(_TEXTS).str.join("; "),
        )
        .select(LINES.names())
        .cast(LINES)
        .sort(PLACES)
    )


def _usage(rows: pl.LazyFrame) -> pl.DataFrame:
    """Split usage over its classes of tokens; fees become lines of their meter."""
    joined, names = _by_class(rows)
    has_tokens = pl.col("tokens").sum().over(names) > 0
    is_fee = pl.col("token_class").eq_missing(OTHER) | (pl.col("token_class").is_null() & ~has_tokens)
    is_meter = is_fee & pl.col("unit").is_not_null()
    return joined.select(
        "provider",
        "day",
        pl.lit(USAGE).alias("nature"),
        pl.when(~is_meter).then("model").alias("model"),
        (pl.col("listed") & ~is_meter).alias("listed"),
        pl.when(is_meter).then("unit").alias("meter"),
        pl.when(~is_meter).then("tier").alias("service_tier"),
        pl.when(is_meter).then(pl.lit(OTHER)).otherwise("token_class").alias("token_class"),
        "project",
        pl.col("spend").fill_null(0).to_physical().cast(pl.Int128).alias("amount"),
        pl.when(is_meter).then("used").otherwise(pl.col("tokens").cast(pl.Float64)).alias("quantity"),
        unmeasured=pl.when(is_meter).then(pl.col("measured") == 0).otherwise(~has_tokens).cast(pl.Int64),
        lines=pl.col("records").cast(pl.Int64),
        unpriced=pl.col("unpriced").cast(pl.Int64),
        text=pl.lit(None, pl.String),
    ).cast(LINES)


def _by_class(rows: pl.LazyFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the spend and tokens of each class beside the counts of its group, and the names of the groups' keys."""
    keys = {
        "provider": pl.col("provider"),
        "day": pl.col("day"),
        "model": pl.col("known_model"),
        "listed": pl.col("listed"),
        "unit": pl.when(pl.col("consumed_unit") != "tokens").then("consumed_unit"),
        "tier": pl.col("tier"),
        "project": pl.col("project"),
    }
    names = list(keys)
    counts = rows.group_by(named(keys)).agg(
        used=pl.col("consumed_quantity").sum(),
        measured=pl.col("consumed_quantity").count(),
        records=pl.len(),
        unpriced=(pl.col("cost").is_null() & pl.col("record_kind").is_in(["request", "usage"])).sum(),
    )
    split, totals = pl.collect_all([spend_by_class(rows, keys), counts], engine="streaming")
    return split.join(totals, on=names, how="left", nulls_equal=True), names


def _money(rows: pl.LazyFrame) -> pl.DataFrame:
    """Return lines of money, told apart by what their texts say."""
    sums = _with_words(_added_up(rows))
    given_back = pl.col("sign").fill_null(value=False) & ((pl.col("kind") == "cost") | pl.col("known_model").is_null())
    nature = (
        pl.when((pl.col("kind") == "credit") | pl.col("known_model").is_null())
        .then("said_nature")
        .fill_null(pl.when((pl.col("kind") == "credit") | given_back).then(pl.lit(CREDIT)).otherwise(pl.lit(USAGE)))
    )
    is_usage = pl.col("nature") == USAGE
    meter = pl.when((pl.col("consumed_unit") != "tokens") & pl.col("known_model").is_null()).then("consumed_unit")
    own_class = pl.when(pl.col("meter").is_not_null()).then(pl.lit(OTHER)).otherwise("said_class")
    return (
        sums.with_columns(nature=nature, meter=meter)
        .select(
            "provider",
            "day",
            "nature",
            pl.when(is_usage).then("known_model").alias("model"),
            (pl.col("listed") & is_usage).alias("listed"),
            pl.when(is_usage).then("meter").alias("meter"),
            pl.when(is_usage & pl.col("meter").is_null()).then("tier").alias("service_tier"),
            pl.when(is_usage).then(own_class).alias("token_class"),
            pl.when(is_usage).then("project").alias("project"),
            "amount",
            "quantity",
            "unmeasured",
            "lines",
            "unpriced",
            pl.when(~is_usage).then("text").alias("text"),
        )
        .cast(LINES)
    )


def _added_up(rows: pl.LazyFrame) -> pl.DataFrame:
    """Add up lines of money by all that tells them apart, the sign and the texts included."""
    kind = pl.col("record_kind").cast(pl.String)
    keys = ("provider", "day", "known_model", "listed", "tier", "consumed_unit", "project", "tags", "cost_type")
    return (
        rows.with_columns(kind=kind, sign=pl.col("cost") < 0)
        .group_by(*keys, "kind", "sign")
        .agg(
            amount=pl.col("cost").to_physical().cast(pl.Int128).sum(),
            quantity=pl.col("consumed_quantity").sum(),
            unmeasured=(pl.col("consumed_quantity").is_null() & (pl.col("cost") != 0).fill_null(value=False)).sum(),
            lines=pl.len(),
            unpriced=pl.col("cost").is_null().sum(),
        )
        .collect(engine="streaming")
    )


def _with_words(sums: pl.DataFrame) -> pl.DataFrame:
    """Add what the texts of each line say (columns ``_SAID``); each distinct pair of texts is read once."""
    told = sums.select("tags", "cost_type").unique()
    said = pl.DataFrame([_said(*texts) for texts in told.iter_rows()], schema=_SAID)
    return sums.join(pl.concat([told, said], how="horizontal"), on=["tags", "cost_type"], how="left", nulls_equal=True)


def _said(tags: str | None, cost_type: str | None) -> dict[str, Any]:
    """Read the texts of a line of money: class of tokens, and whether it is a tax, a credit or a rounding."""
    labels: Mapping[str, Any] = json.loads(tags) if tags else {}
    texts = {name.lower(): str(value) for name, value in labels.items() if isinstance(value, str | int | float)}
    category = texts.pop("charge_category", "")
    spoken = " ".join([*texts.values(), category, cost_type or ""]).lower().replace("_", " ")
    said_nature = next((nature for nature, words in _WORDS.items() if words.search(spoken)), None)
    classes = (_class_in(texts[name]) for name in _CLASS_TEXTS if name in texts)
    named = next((texts[name] for name in ("line_item", "description", "charge") if name in texts), None)
    return {
        "said_class": next((found for found in classes if found), None),
        "said_nature": _NATURE_OF_CATEGORY.get(category, said_nature),
        "text": named or cost_type,
    }


def _class_in(text: str) -> str | None:
    """Return the class of tokens a text names; input that is said not to be cached is plain input."""
    column = token_class(_NO_CACHE.sub("", text))
    return _CLASS_NAMES[column] if column else None
