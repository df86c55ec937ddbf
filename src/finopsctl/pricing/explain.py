"""Why a record costs what it does: the price line used, and tokens times rate for every class."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsctl.ledger.token_classes import TOKEN_CLASSES
from finopsctl.pricing.contract import apply
from finopsctl.pricing.costing import costed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import polars as pl

    from finopsctl.pricing.contract import Contract
    from finopsctl.pricing.models import Resolver

_PICO = Decimal("1e-12")
_PER_MTOK = Decimal("1e-6")


def explain(
    frame: pl.DataFrame, resolver: Resolver, *, price_at: datetime | None = None, contracts: Sequence[Contract] = ()
) -> list[dict[str, Any]]:
    """Explain the price of every row of ``frame`` (ledger columns; meant for a few rows).

    Returns one dict a row: ``record`` (its id, time, provider, model, region, service_tier, requests), ``price`` (the
    line used: provider, model, service_tier, from, over, window, rates in USD per 1M tokens, source, checked; None
    when unpriced), ``parts`` ({token_class, tokens, rate per 1M, cost} and, for a fee, {unit, quantity, cost}),
    ``list_cost``, ``effective_cost`` (Decimal USD or None), ``reason`` (why it has no list cost).
    """
    rows = costed(frame, resolver, price_at=price_at)
    effective, _ = apply(rows, contracts, resolver.lines.rates)
    return [
        _explained(record, row, cost, resolver)
        for record, row, cost in zip(frame.iter_rows(named=True), rows.iter_rows(named=True), effective, strict=True)
    ]


def _explained(
    record: Mapping[str, Any], row: Mapping[str, Any], effective: int | None, resolver: Resolver
) -> dict[str, Any]:
    shown = ("record_id", "charge_period_start", "provider", "model", "region", "service_tier", "requests", "origin")
    return {
        "record": {key: record[key] for key in shown},
        "price": _price(row, resolver),
        "parts": _parts(row, resolver),
        "list_cost": _usd(row["list_cost"]),
        "effective_cost": _usd(effective),
        "reason": row["reason"] or ("served from the response cache, or failed: costs 0" if row["free"] else None),
    }


def _price(row: Mapping[str, Any], resolver: Resolver) -> dict[str, Any] | None:
    if row["line"] is None or row["reason"] is not None:
        return None
    line = resolver.lines.lines[row["line"]]
    version = resolver.lines.versions[row["version"]]
    return {
        "provider": row["price_provider"],
        "model": row["listed_as"],
        "priced_as": f"{version.provider}/{version.model}",
        "service_tier": version.service_tier,
        "from": version.start,
        "over": line.min_ctx - 1 if line.min_ctx else None,
        "window": line.window and line.window.partition(":")[2],
        "rates": {key: rate * _PER_MTOK for key, rate in line.rates.items()},
        "source": line.source,
        "checked": line.checked,
    }


def _parts(row: Mapping[str, Any], resolver: Resolver) -> list[dict[str, Any]]:
    if row["reason"] is not None or row["free"]:
        return []
    parts: list[dict[str, Any]] = []
    if row["line"] is not None:
        rates = resolver.lines.rates.row(row["line"], named=True)
        for token_class in TOKEN_CLASSES:
            tokens, rate = row[token_class.column], rates[token_class.rate_key]
            if tokens and rate is not None:
                cost = tokens * rate * _PICO
                parts.append(
                    {"token_class": token_class.rate_key, "tokens": tokens, "rate": rate * _PER_MTOK, "cost": cost}
                )
    if row["fee"] is not None:
        parts.append({"unit": row["consumed_unit"], "quantity": row["consumed_quantity"], "cost": row["fee"] * _PICO})
    return parts


def _usd(pico: int | None) -> Decimal | None:
    return None if pico is None else pico * _PICO
