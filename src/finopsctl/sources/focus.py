"""FOCUS cost and usage exports, 1.0 to 1.4 (https://focus.finops.org), as CSV or Parquet; and LiteLLM's own.

Every charge of the file is kept, whatever the service, so that its sums are the invoice's. ``BilledCost`` is the
reported cost, exact to 12 decimals (a value with more is rounded half to even); ``EffectiveCost`` and ``ListCost`` are
kept where the billing currency is USD, the ledger's currency for them.

- **Provider**: ``ServiceProviderName`` (1.3 on), else ``ProviderName``; AWS charges of Amazon Bedrock are ``bedrock``,
  Google's of Vertex AI ``vertex_ai`` and of the Gemini API ``google``; other services keep ``aws``, ``azure``, ``gcp``.
- **Kind**: a ``Usage`` charge in tokens whose class the SKU tells is ``usage``; other usage and purchases are ``cost``;
  credits, taxes, adjustments and corrections of earlier charges are ``credit`` (the tag ``charge_category`` tells a tax
  from a credit). A prepaid token pack is a purchase;
  the usage that draws on it is billed 0 and carries its worth as effective cost.
- **Tokens**: ``ConsumedQuantity`` in ``Tokens``, ``1000 Tokens``, ``1M tokens`` ...; the class is told by the first of
  ``SkuMeter``, ``SkuPriceDetails``, ``ChargeDescription`` that names one. In a purchase ``Token`` is a currency.
- **Dates**: ISO 8601, or month/day/year as in the specification's own examples. The text ``NULL`` is null.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import MONEY
from finopsctl.ledger.token_classes import TOKEN_CLASSES
from finopsctl.sources._focus_meter import model_name, service_tier, token_class, token_factor, words
from finopsctl.sources._labels import labels_in, merged_tags
from finopsctl.sources._parts import by_distinct, tags_json
from finopsctl.sources._source import AT, BAD, FLAG, Source
from finopsctl.sources._typed import instant, why_not

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

_NEEDED = ("BilledCost", "ChargePeriodStart", "ChargeCategory")
_RAW = pl.Schema(
    {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost"), MONEY),
        **dict.fromkeys(("ConsumedQuantity", "PricingQuantity"), pl.Float64()),
        **dict.fromkeys(
            (
                *("ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ChargeClass", "ChargeDescription"),
                *("BillingCurrency", "ConsumedUnit", "PricingUnit", "ServiceProviderName", "ProviderName"),
                *("ServiceName", "ServiceCategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SubAccountId"),
                *("SubAccountName", "RegionId", "ResourceId", "ResourceName", "Tags"),
            ),
            pl.String(),
        ),
    }
)
_LITELLM_RAW = pl.Schema({**_RAW, **dict.fromkeys(("BillingAccountId", "BillingAccountName"), pl.String())})
_MANY = 1e18
"""A quantity beyond this is no count that can be held; cut to it, it is set aside as implausible."""

_CREDITS = ("credit", "refund", "tax", "adjustment")
_CATEGORIES = ("usage", "purchase", *_CREDITS)
_US_DATES = ("%m/%d/%y", "%m/%d/%Y")
_DIMENSIONS = {
    "team": ("team", "teamname", "teamalias", "xteam"),
    "environment": ("environment", "env", "stage"),
    "feature": ("feature", "usecase"),
    "customer": ("customer", "tenant"),
    "user": ("user", "userid"),
}
_COST_TYPES = {
    "ai and machine learning": "api",
    "storage": "storage",
    "databases": "storage",
    "networking": "network",
    "management and governance": "monitoring",
}
_PROVIDERS = (
    (("aws", "amazon"), "aws"),
    (("microsoft", "azure"), "azure"),
    (("google", "gcp"), "gcp"),
)


def _is_focus(look: Probe) -> bool:
    return look.has(*_NEEDED)


def _is_litellm(look: Probe) -> bool:
    """Whether the export is LiteLLM's: it has no SKU columns, and its billing accounts are virtual keys."""
    if not _is_focus(look) or look.has("SkuId") or not look.has("BillingAccountType", "ServiceSubcategory"):
        return False
    return all(record.get("BillingAccountType") == "API Key" for record in look.records)


def _period(name: str) -> tuple[pl.Expr, pl.Expr]:
    """Return a date column as an instant, and why it is none where it is none."""
    text = pl.col(name).str.strip_chars()
    # "4/1/26": one or two digits a part; a four-digit year would be cut short by %y, a two-digit one misread by %Y.
    short, long = text.str.contains(r"^\d{1,2}/\d{1,2}/\d{2}$"), text.str.contains(r"^\d{1,2}/\d{1,2}/\d{4}$")
    days = [
        pl.when(is_it).then(text).str.to_date(pattern, strict=False).cast(pl.Datetime("us"))
        for is_it, pattern in zip((short, long), _US_DATES, strict=True)
    ]
    value = pl.coalesce(*(day.dt.replace_time_zone("UTC") for day in days), instant(text))
    return value, why_not(name, text, value, "a time")


def _to_ledger(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return one ledger row a charge."""
    metered = by_distinct(
        frame, ("ConsumedUnit", "PricingUnit", "SkuMeter", "SkuPriceDetails", "ChargeDescription"), _meter, _METER
    )
    owned = by_distinct(metered, ("Tags",), _owner, _OWNER)
    named = by_distinct(owned, ("ServiceProviderName", "ProviderName", "ServiceName"), _provider, _PROVIDER)
    start, no_start = _period("ChargePeriodStart")
    end, no_end = _period("ChargePeriodEnd")
    category = _category()
    tokens = (pl.coalesce("ConsumedQuantity", "PricingQuantity") * pl.col("__factor")).round().clip(-_MANY, _MANY)
    counted = (category == "usage") & pl.col("__class").is_not_null() & (tokens >= 0)
    corrected = pl.col("ChargeClass").str.to_lowercase() == "correction"
    kind = (
        pl.when(category.is_in(_CREDITS) | corrected)
        .then(pl.lit("credit"))
        .when(counted)
        .then(pl.lit("usage"))
        .otherwise(pl.lit("cost"))
    )
    is_usage = kind == "usage"
    return named.select(
        AT,
        pl.coalesce(no_start, no_end).alias(BAD),
        _oddity(category).alias(FLAG),
        **_dimensions(),
        **_money(is_usage),
        **{
            c.column: pl.when(is_usage & (pl.col("__class") == c.column)).then(tokens).cast(pl.Int64)
            for c in TOKEN_CLASSES
        },
        charge_period_start=start,
        charge_period_end=end,
        record_kind=kind,
        model=pl.when(is_usage).then("__model"),
        service_tier=pl.when(is_usage).then("__tier"),
        consumed_quantity=pl.when(~is_usage).then("ConsumedQuantity"),
        consumed_unit=pl.when(~is_usage & pl.col("ConsumedQuantity").is_not_null()).then("ConsumedUnit"),
    )


def _category() -> pl.Expr:
    return pl.col("ChargeCategory").str.strip_chars().str.to_lowercase()


def _dimensions() -> dict[str, pl.Expr]:
    labels = {"service": "ServiceName", "resource": "ResourceId", "sku": "SkuId", "charge": "ChargeDescription"}
    tags = [pl.col("__labels"), *(pl.col(column).alias(tag) for tag, column in labels.items())]
    tags.append(pl.when(_category().is_in(_CREDITS)).then(_category()).alias("charge_category"))
    category = pl.col("ServiceCategory").str.to_lowercase()
    cost_type = category.replace_strict(_COST_TYPES, default=pl.lit("other"), return_dtype=pl.String)
    return {
        **{name: pl.col(f"__{name}") for name in _DIMENSIONS},
        "project": pl.coalesce("SubAccountName", "SubAccountId"),
        "region": pl.col("RegionId"),
        "provider": pl.col("__provider"),
        "cost_type": pl.when(category.is_not_null()).then(cost_type),
        "tags": merged_tags(tags, "__labels"),
    }


def _money(is_usage: pl.Expr) -> dict[str, pl.Expr]:
    """Return the costs; a charge of one token class has its whole list cost in that class's part."""
    currency = pl.col("BillingCurrency").str.strip_chars().str.to_uppercase()
    in_usd = currency.fill_null("USD") == "USD"
    list_cost = pl.when(in_usd).then("ListCost")
    parts: dict[str, list[str]] = {}
    for token_class_ in TOKEN_CLASSES:
        parts.setdefault(token_class_.cost_part, []).append(token_class_.column)
    parts["list_other_cost"] = []
    return {
        "reported_cost": pl.col("BilledCost"),
        "effective_cost": pl.when(in_usd).then("EffectiveCost"),
        "list_cost": list_cost,
        **{
            part: pl.when(is_usage & list_cost.is_not_null()).then(
                pl.when(pl.col("__class").is_in(columns)).then(list_cost).otherwise(pl.lit(0).cast(MONEY))
            )
            for part, columns in parts.items()
        },
        "billing_currency": currency,
    }


def _oddity(category: pl.Expr) -> pl.Expr:
    strange = pl.format("ChargeCategory: '{}' is none that FOCUS knows; counted as cost", pl.col("ChargeCategory"))
    foreign = pl.format("effective and list cost in {} are left out", pl.col("BillingCurrency"))
    is_foreign = pl.col("BillingCurrency").str.strip_chars().str.to_uppercase() != "USD"
    has_more = pl.any_horizontal(pl.col("EffectiveCost", "ListCost").is_not_null())
    return (
        pl.when(category.is_not_null() & ~category.is_in(_CATEGORIES))
        .then(strange)
        .when(is_foreign & has_more)
        .then(foreign)
    )


_METER = pl.Schema({"__factor": pl.Float64(), "__class": pl.String(), "__model": pl.String(), "__tier": pl.String()})


def _meter(
    unit: str | None, priced_in: str | None, meter: str | None, details: str | None, text: str | None
) -> dict[str, Any]:
    factor = token_factor(unit or priced_in)
    told = token_class(meter, details, text) if factor else None
    if told is None:
        return dict.fromkeys(_METER)
    tier = service_tier(meter, details, text)
    return {"__factor": factor, "__class": told, "__model": model_name(details, text, meter), "__tier": tier}


_OWNER = pl.Schema({**{f"__{name}": pl.String() for name in _DIMENSIONS}, "__labels": pl.String()})


def _owner(tags: str | None) -> dict[str, Any]:
    """Take the tags that name a dimension out of the tags."""
    labels = labels_in(tags if tags is None or tags.lstrip()[:1] in ("{", "[") else f"{{{tags}}}")
    labels = {"tags": tags} if set(labels) == {"tags"} else labels
    found: dict[str, Any] = dict.fromkeys(_OWNER)
    for name, keys in _DIMENSIONS.items():
        for key, value in labels.items():
            if re.sub(r"[^a-z]", "", key.lower()) in keys and isinstance(value, str) and value.strip():
                found[f"__{name}"] = value.strip()
                labels = {k: v for k, v in labels.items() if k != key}
                break
    found["__labels"] = tags_json(labels)
    return found


_PROVIDER = pl.Schema({"__provider": pl.String()})


def _provider(newer: str | None, older: str | None, service: str | None) -> dict[str, Any]:
    name = newer or older
    if not name:
        return {"__provider": None}
    found, sold = words(name), words(service or "")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    provider = next((known for marks, known in _PROVIDERS if found.intersection(marks)), slug)
    if provider == "aws" and "bedrock" in sold:
        provider = "bedrock"
    elif provider == "gcp" and "vertex" in sold:
        provider = "vertex_ai"
    elif provider == "gcp" and sold & {"gemini", "generative"}:
        provider = "google"
    return {"__provider": provider}


def _litellm_to_ledger(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return one bucket a virtual key, model and day: requests and spend, no tokens."""
    owned = by_distinct(frame, ("Tags",), _litellm_labels, _LITELLM_LABELS)
    start, no_start = _period("ChargePeriodStart")
    end, no_end = _period("ChargePeriodEnd")
    return owned.select(
        AT,
        pl.coalesce(no_start, no_end).alias(BAD),
        charge_period_start=start,
        charge_period_end=end,
        record_kind=pl.lit("usage"),
        team=pl.coalesce("SubAccountName", "SubAccountId"),
        user=pl.col("__user"),
        api_key=pl.coalesce("BillingAccountName", "BillingAccountId"),
        provider=pl.col("ProviderName"),
        model=pl.coalesce("ResourceId", "ChargeDescription"),
        requested_model=pl.col("ServiceName"),
        requests=pl.when(pl.col("ConsumedUnit") == "Requests").then(
            pl.col("ConsumedQuantity").round().clip(-_MANY, _MANY).cast(pl.Int64)
        ),
        reported_cost=pl.col("BilledCost"),
        billing_currency=pl.col("BillingCurrency"),
        tags=pl.col("__labels"),
    )


_LITELLM_LABELS = pl.Schema({"__user": pl.String(), "__labels": pl.String()})
_LITELLM_KNOWN = ("team_id", "team_alias", "api_key_alias", "model", "model_group", "custom_llm_provider")


def _litellm_labels(tags: str | None) -> dict[str, Any]:
    labels = labels_in(tags)
    user = labels.pop("user_email", None) or labels.get("user_id")
    labels.pop("user_id", None)
    kept = {key: value for key, value in labels.items() if key not in _LITELLM_KNOWN}
    return {"__user": str(user) if user else None, "__labels": tags_json(kept)}


SOURCE = Source(
    name="focus",
    title="FOCUS 1.0-1.4 cost and usage export",
    family="focus",
    shapes=("csv", "parquet"),
    raw=_RAW,
    score=lambda look: 0.9 if _is_focus(look) else 0.0,
    to_ledger=_to_ledger,
    export=(
        "aws bcm-data-exports create-export --export file://export.json    # SELECT * FROM FOCUS_1_2_AWS\n"
        "az costmanagement export create --type FocusCost ...    # Azure: Cost Management > Exports\n"
        "bq extract PROJECT:DATASET.focus_view gs://BUCKET/focus-*.csv    # Google Cloud: its FOCUS view"
    ),
    null_values=("NULL",),
    missing={
        "requests": "a bill counts no requests: load the gateway's logs beside it",
        "user": "a bill names no users: load the gateway's logs beside it",
        "latency_ms": "load the gateway's logs beside it",
    },
)

LITELLM = Source(
    name="litellm-focus",
    title="LiteLLM's FOCUS export (requests and spend a key, model and day)",
    family="litellm",
    shapes=("csv", "parquet"),
    raw=_LITELLM_RAW,
    score=lambda look: 0.95 if _is_litellm(look) else 0.0,
    to_ledger=_litellm_to_ledger,
    export=(
        'litellm --config config.yaml    # with litellm_settings: {callbacks: ["focus"]} and FOCUS_PROVIDER=s3'
        " FOCUS_FORMAT=csv FOCUS_FREQUENCY=daily in the environment"
    ),
    precedence=20,
    null_values=("NULL",),
    missing={
        "input_tokens": "LiteLLM's FOCUS export has no tokens: export the spend logs or the daily tables instead",
        "output_tokens": "as input_tokens",
    },
)
