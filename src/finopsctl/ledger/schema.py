"""Every ledger column, declared once, and the function that brings any frame into that shape.

Names follow FOCUS (https://focus.finops.org) in snake_case where FOCUS has the concept. Null means the source does
not say; 0 means the source says none.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from finopsctl.ledger.token_classes import TOKEN_CLASSES

MONEY = pl.Decimal(38, 12)
"""Money at rest and in results: exact to one pico-unit (1e-12) of its currency."""

PICO = Decimal("1e-12")
"""The smallest amount of money."""

INSTANT = pl.Datetime("us", "UTC")
"""A moment, in UTC."""

RECORD_KINDS = ("request", "usage", "cost", "credit")
RECORD_KIND = pl.Enum(RECORD_KINDS)

COST_TYPES = ("api", "training", "inference", "storage", "network", "monitoring", "other")
"""What a charge can be for."""


def amount_of(pico: int) -> Decimal:
    """Return whole pico-units as money, exactly."""
    return Decimal(pico).scaleb(-12)


def constant(amount: Decimal | int | None) -> pl.Expr:
    """Return an amount as a money constant of an expression.

    It goes by way of its text: Polars loads numpy, a tenth of a second, to turn Decimal objects into a column.
    """
    return pl.lit(None if amount is None else f"{amount}", dtype=pl.String).cast(MONEY)


@dataclass(frozen=True, slots=True, eq=False)
class LedgerColumn:
    """One ledger column.

    Args:
        name: Column name.
        dtype: Polars type.
        meaning: One line for the documentation.
        unit: What a value counts; empty for text.
        null: What null means ("never" when it cannot be).
        focus: The FOCUS column of the same concept, where there is one.
        role: ``dimension`` may be grouped and filtered by; ``measure`` is summed; ``detail`` is neither.
    """

    name: str
    dtype: pl.DataType
    meaning: str
    unit: str = ""
    null: str = "not said"
    focus: str = ""
    role: str = "detail"


def _text(name: str, meaning: str, *, focus: str = "", null: str = "not said", role: str = "dimension") -> LedgerColumn:
    return LedgerColumn(name, pl.String(), meaning, null=null, focus=focus, role=role)


def _count(name: str, meaning: str, unit: str = "count", focus: str = "") -> LedgerColumn:
    return LedgerColumn(name, pl.Int64(), meaning, unit, focus=focus, role="measure")


def _usd(name: str, meaning: str, null: str = "unpriced", focus: str = "") -> LedgerColumn:
    return LedgerColumn(name, MONEY, meaning, "USD", null, focus, "measure")


_TOKEN_MEANING = {
    "input_tokens": "uncached text input, tool-use prompt included",
    "cache_read_tokens": "read from the provider's prompt cache",
    "cache_write_tokens": "written to the prompt cache, 5-minute or unknown lifetime",
    "cache_write_1h_tokens": "written to the prompt cache, 1-hour lifetime",
    "audio_input_tokens": "uncached audio input",
    "image_input_tokens": "uncached image input",
    "output_tokens": "visible output (reasoning included where the source does not split it)",
    "reasoning_tokens": "thinking, outside output_tokens",
    "audio_output_tokens": "audio output",
    "image_output_tokens": "image output",
}

LEDGER: tuple[LedgerColumn, ...] = (
    LedgerColumn("charge_period_start", INSTANT, "request start or bucket start", "UTC", "never", "ChargePeriodStart"),
    LedgerColumn(
        "charge_period_end", INSTANT, "request end or bucket end, exclusive", "UTC", "not said", "ChargePeriodEnd"
    ),
    LedgerColumn(
        "record_kind",
        RECORD_KIND,
        "request; usage (aggregated); cost (money without usage); credit (credit, refund, tax, adjustment)",
        null="never",
        focus="ChargeCategory",
        role="dimension",
    ),
    _text(
        "record_id",
        "the source's own id, or a hash of the record; used to count nothing twice",
        null="never",
        role="detail",
    ),
    _text("trace_id", "groups retries, fallbacks, an agent's task, a session"),
    _text("environment", "deployment environment: prod, dev ..."),
    _text("team", "owning team"),
    _text("user", "the person or service that asked"),
    _text("customer", "end user or tenant it was done for"),
    _text("project", "project or product", focus="SubAccountName"),
    _text("feature", "use case"),
    _text("endpoint", "API endpoint or call type"),
    _text("workload", "workload class: interactive, batch, eval, agent ..."),
    _text("api_key", "key alias, else the hash the source gives; never a secret"),
    _text("tags", "all other labels, a JSON object with sorted keys", focus="Tags", role="detail"),
    _text(
        "provider",
        "who bills: openai, anthropic, google, vertex_ai, bedrock, azure, self-hosted ...",
        focus="ServiceProviderName",
        null='"unknown"',
    ),
    _text("model", "as billed or served, raw", null="cost lines only"),
    _text("requested_model", "as asked for: alias or model group; another than model means routed or fallen back"),
    _text("canonical_model", "resolved through the price catalogue", null="unknown model"),
    _text("model_tier", "budget, standard, premium, self-hosted, embedding", null="unknown model"),
    _text("service_tier", "standard, batch, flex, priority ...", null="priced as standard, and counted"),
    _text("region", "region, global, data zone", focus="RegionId"),
    *(_count(c.column, _TOKEN_MEANING[c.column], "tokens") for c in TOKEN_CLASSES),
    LedgerColumn(
        "consumed_quantity",
        pl.Float64(),
        "non-token meter: images, seconds, characters, searches, GPU-hours",
        "consumed_unit",
        focus="ConsumedQuantity",
    ),
    _text("consumed_unit", "unit of consumed_quantity", focus="ConsumedUnit", role="detail"),
    _count("requests", "client requests; 0 for a gateway's own sub-calls"),
    _count("errors", "requests that failed"),
    _count("retries", "attempts beyond the first"),
    _count("fallbacks", "requests served by another model group"),
    _count("cache_hits", "requests served by the gateway's response cache; their tokens are what was saved"),
    _count("tasks", "tasks with a known outcome"),
    _count("task_successes", "tasks that succeeded"),
    LedgerColumn("max_output_tokens", pl.Int64(), "the request's output limit, where logged", "tokens"),
    LedgerColumn("latency_ms", pl.Float64(), "duration; mean on buckets", "ms"),
    LedgerColumn("time_to_first_token_ms", pl.Float64(), "time to first token; mean on buckets", "ms"),
    LedgerColumn(
        "reported_cost",
        MONEY,
        "what the source says was spent",
        "billing_currency",
        "none reported",
        "BilledCost",
        "measure",
    ),
    _usd(
        "list_cost",
        "tokens times the list price at charge_period_start; 0 when served from the response cache",
        focus="ListCost",
    ),
    _usd("list_input_cost", "part of list_cost: uncached input"),
    _usd("list_cache_read_cost", "part of list_cost: cache reads"),
    _usd("list_cache_write_cost", "part of list_cost: cache writes"),
    _usd("list_output_cost", "part of list_cost: output and reasoning"),
    _usd("list_other_cost", "part of list_cost: fees per use"),
    _usd("effective_cost", "after contract prices, discounts and uplifts", focus="EffectiveCost"),
    _text("cost_type", ", ".join(COST_TYPES)),
    _text("prompt_version", "prompt variant"),
    _text("cache_type", "exact or semantic: the gateway cache that served it"),
    _text("plan", "customer plan, e.g. free"),
    _text("context_band", "the long-context band a bucket was billed in", role="detail"),
    _text(
        "billing_currency", "ISO 4217 code the source billed in", null='"USD"', focus="BillingCurrency", role="detail"
    ),
    _text("source", "reader that produced the record", null="never"),
    _text("origin", "file:line or file#row", null="never", role="detail"),
)

LEDGER_SCHEMA = pl.Schema({c.name: c.dtype for c in LEDGER})

_DEFAULTS = {"provider": "unknown", "billing_currency": "USD"}


def conform(frame: pl.LazyFrame, *extra: pl.Expr) -> pl.LazyFrame:
    """Bring ``frame`` into the ledger's columns, order and types.

    Missing columns become null (``provider`` "unknown", ``billing_currency`` "USD"); columns the ledger does not
    know are dropped unless ``extra`` names them; empty text is null. Values that do not fit a column's type raise
    polars' error: sources hand over values that were checked on the way in.
    """
    present = set(frame.collect_schema().names())
    return frame.select(*(_column(c, present=c.name in present) for c in LEDGER), *extra)


def _column(column: LedgerColumn, *, present: bool) -> pl.Expr:
    default = _DEFAULTS.get(column.name)
    if not present:
        return pl.lit(default, dtype=column.dtype).alias(column.name)
    value = pl.col(column.name).cast(column.dtype)
    if column.dtype == pl.String:
        value = pl.when(value != "").then(value)
    return value.fill_null(default) if default else value
