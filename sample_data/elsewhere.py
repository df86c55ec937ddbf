"""October beside the gateway: the robots' own call events, finance's Azure bill, and the kiosks' export."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from company import CUSTOMERS, LIST_PRICES, Rates, between, digest, pick, usd
from gateway_files import csv_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

DAYS = tuple(date(2026, 10, day) for day in range(1, 32))
CHATTY_SINCE = date(2026, 10, 17)
"""The voice assistant gets prompt v2: longer, and it succeeds less often."""
PREVIEW = "mistral-brioche-preview"
"""A private preview that no price list has, and for which nothing is reported."""
KIOSK_ZONE = ZoneInfo("Europe/Berlin")


def voice_events(rng: Random) -> str:
    """Return the voice assistant's call events: it talks to Mistral itself and knows whether it was understood."""
    rows = [row for day in DAYS for row in _voice_day(rng, day)]
    return csv_text(rows)


def _voice_day(rng: Random, day: date) -> Iterator[dict[str, Any]]:
    is_chatty = day >= CHATTY_SINCE
    for number in range(between(rng, 3, 4) if day.weekday() >= 5 else between(rng, 5, 7)):
        at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC) + timedelta(seconds=between(rng, 0, 28_000))
        is_preview = number == 0 and day.day % 4 == 0
        read = 2048 if rng.random() < 0.5 else 0
        fresh = between(rng, 3500, 8000) if is_chatty else between(rng, 1800, 4500)
        output = between(rng, 60, 420)
        customer = pick(rng, tuple(CUSTOMERS))
        yield {
            "ts": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "event_id": f"evt-{digest(f'voice {at}', 12)}",
            "env": "prod",
            "team": "shopfloor",
            "use_case": "voice_assistant",
            "user_id": pick(rng, ("u-51", "u-52", "u-53", "u-54")),
            "customer": customer,
            "plan": CUSTOMERS[customer],
            "provider": "mistral",
            "model": PREVIEW if is_preview else "mistral-medium-3-5",
            "prompt_version": "v2" if is_chatty else "v1",
            "input_tokens": fresh,
            "output_tokens": output,
            "cache_read_tokens": read,
            "cost_usd": "" if is_preview else _text(_voice_cost(fresh, read, output)),
            "task_success": "true" if rng.random() < (0.72 if is_chatty else 0.9) else "false",
            "latency_ms": between(rng, 350, 2600),
        }


def _voice_cost(fresh: int, read: int, output: int) -> Decimal:
    rates = LIST_PRICES["mistral-medium-3-5"]
    return usd([(fresh, rates.input), (read, rates.cache_read), (output, rates.output)])


def azure_bill(rng: Random) -> str:
    """Return a FOCUS export: finance matches invoices with gpt-4o on Azure; what runs beside it is other cost types."""
    rates = LIST_PRICES["gpt-4o"]
    rows = []
    for day in DAYS:
        if day.weekday() < 5:
            rows.append(_tokens(day, "input", between(rng, 90_000, 260_000), rates))
            rows.append(_tokens(day, "output", between(rng, 6_000, 18_000), rates))
        rows += [_other(day, line) for line in _BESIDE]
    credit = _other(DAYS[-1], ("AI and Machine Learning", "Azure OpenAI", "Start-up credit", -2.5, ""))
    rows.append(credit | {"ChargeCategory": "Credit", "ChargeFrequency": "One-Time", "ConsumedQuantity": ""})
    return csv_text(rows)


_BESIDE = (
    ("Databases", "Azure AI Search", "Invoice index", 0.245, "Hours"),
    ("Management and Governance", "Log Analytics", "Ingested logs", 0.11, "GB"),
    ("Networking", "Bandwidth", "Outbound data", 0.0125, "GB"),
)
"""What a day costs besides tokens: category, service, what for, USD, unit."""


def _tokens(day: date, direction: str, tokens: int, rates: Rates) -> dict[str, Any]:
    cost = _text(usd([(tokens, rates.input if direction == "input" else rates.output)]))
    return _charge(day, cost) | {
        "ChargeDescription": f"gpt-4o {direction} tokens, global",
        "ConsumedQuantity": tokens,
        "ConsumedUnit": "Tokens",
        "PricingQuantity": _text(Decimal(tokens) / 1000),
        "PricingUnit": "1000 Tokens",
        "RegionId": "global",
        "ResourceId": "/accounts/crumbworth-openai/deployments/invoices",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "Azure OpenAI",
        "ServiceSubcategory": "Generative AI",
        "SkuId": f"gpt-4o-0806-{direction}",
        "SkuMeter": f"{direction} tokens",
        "SkuPriceDetails": '{"ModelName": "gpt-4o-2024-08-06"}',
        "Tags": '{"team": "finance", "env": "prod", "use_case": "invoice_matching"}',
    }


def _other(day: date, line: tuple[str, str, str, float, str]) -> dict[str, Any]:
    category, service, what, cost, unit = line
    return _charge(day, str(cost)) | {
        "ChargeDescription": what,
        "ConsumedQuantity": 24 if unit == "Hours" else 1,
        "ConsumedUnit": unit,
        "RegionId": "westeurope",
        "ServiceCategory": category,
        "ServiceName": service,
        "SkuId": service.lower().replace(" ", "-"),
        "Tags": '{"team": "finance", "env": "prod"}',
    }


def _charge(day: date, cost: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), cost),
        "BillingAccountId": "0000-sample",
        "BillingAccountName": "Crumbworth Robotics",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-10-01T00:00:00Z",
        "BillingPeriodEnd": "2026-11-01T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day + timedelta(days=1)}T00:00:00Z",
        "InvoiceIssuerName": "Microsoft",
        "PricingCategory": "Standard",
        "ProviderName": "Microsoft",
        "PublisherName": "Microsoft",
        "SubAccountId": "sub-finance",
        "SubAccountName": "finance-erp",
    }


def kiosk_export(rng: Random) -> str:
    """Return a table no tool knows by itself: semicolons, local times, cents; ``kiosk_calls.toml`` maps it."""
    rates = LIST_PRICES["command-a-03-2025"]
    rows = []
    for day in DAYS:
        for _ in range(2):
            at = datetime(day.year, day.month, day.day, between(rng, 6, 17), between(rng, 0, 59), tzinfo=KIOSK_ZONE)
            read, written = between(rng, 700, 2600), between(rng, 100, 500)
            rows.append(
                {
                    "Time": at.strftime("%d.%m.%Y %H:%M"),
                    "Bakery": pick(rng, tuple(CUSTOMERS)),
                    "Screen": pick(rng, ("allergens", "menu", "order_status")),
                    "Prompt tokens": read,
                    "Answer tokens": written,
                    "Cost (cents)": _text(usd([(read, rates.input), (written, rates.output)]) * 100),
                }
            )
    return csv_text(rows, ";")


def _text(amount: Decimal) -> str:
    """Return plain digits without trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
