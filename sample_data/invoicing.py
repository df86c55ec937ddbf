"""What OpenAI bills for October, as accounts payable has it: a table of their own, read through ``openai.toml``."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from company import LIST_PRICES, between, usd
from gateway import DAYS
from gateway_files import csv_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from gateway import Call

BYPASS = ("gpt-4.1-mini", Decimal("0.40"), Decimal("1.60"))
"""A model the gateway does not offer: somebody kept a key of his own. USD per 1M tokens, input and output."""
_DIGITS = Decimal("0.0001")
_OUTAGE_CREDIT, _SALES_TAX = Decimal("-0.50"), Decimal("0.0225")


def openai_invoice(rng: Random, calls: Iterable[Call]) -> str:
    """Return the bill's lines: tokens by day, model and kind at list price, amounts to four digits.

    It differs from the gateway's log as bills do: gpt-5.6-luna is cheaper than the gateway believes, a retried call is
    billed for the prompt of its first attempt too, a model was called past the gateway, and there are a service
    credit and a tax.
    """
    tokens = Counter[tuple[date, str, str]]()
    for call in calls:
        if call.provider != "openai" or call.hit or call.failed:
            continue
        name = f"{call.model} batch" if call.batch else call.model
        day = call.at.date()
        tokens[day, name, "input"] += call.fresh * (2 if call.retries and not call.batch else 1)
        tokens[day, name, "cached input"] += call.read
        tokens[day, name, "output"] += call.output
    rows = [*_used(tokens), *_bypass(rng)]
    total = sum((Decimal(row["Amount"]) for row in rows), Decimal(0))
    rows.append(_line(DAYS[-1], "", "Service credit for the outage of 14 October", "", _OUTAGE_CREDIT))
    rows.append(_line(DAYS[-1], "", "Sales tax 2.25 %", "", (total + _OUTAGE_CREDIT) * _SALES_TAX))
    return csv_text(rows)


def _used(tokens: Counter[tuple[date, str, str]]) -> Iterator[dict[str, Any]]:
    for (day, name, kind), count in sorted(tokens.items()):
        rates = LIST_PRICES[name]
        rate = {"input": rates.input, "cached input": rates.cache_read, "output": rates.output}[kind]
        if count:
            model, _, tier = name.partition(" ")
            yield _line(day, model, f"{kind} tokens", str(count), usd([(count, rate)])) | {"Tier": tier}


def _bypass(rng: Random) -> Iterator[dict[str, Any]]:
    name, read_rate, written_rate = BYPASS
    for day in DAYS:
        if day.weekday() in (0, 3):
            read, written = between(rng, 180_000, 720_000), between(rng, 15_000, 90_000)
            yield _line(day, name, "input tokens", str(read), usd([(read, read_rate)]))
            yield _line(day, name, "output tokens", str(written), usd([(written, written_rate)]))


def _line(day: date, model: str, text: str, tokens: str, amount: Decimal) -> dict[str, Any]:
    return {
        "From": day.isoformat(),
        "To": (day + timedelta(days=1)).isoformat(),
        "Model": model,
        "Tier": "",
        "Item": text,
        "Tokens": tokens,
        "Amount": f"{amount.quantize(_DIGITS):f}",
    }
