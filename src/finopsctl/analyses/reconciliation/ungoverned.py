"""Ungoverned spend: what a provider invoices and the ledger has never seen, by API key and project."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHOWN = 5
_LABELS = {"api_key": "key", "project": "project"}
_WORDS = {**_LABELS, "model": "model", "meter": "meter"}
_HINT = "Route it through the gateway, or name its logs among the inputs."


def owners(rows: pl.LazyFrame) -> pl.DataFrame:
    """Return provider, api_key, project and the amount of each, of usage and cost rows.

    Args:
        rows: Ledger columns and ``cost``.
    """
    charges = rows.filter(pl.col("record_kind") != "credit")
    sums = charges.group_by("provider", *_LABELS).agg(amount=pl.col("cost").sum())
    return sums.sort("provider", *_LABELS).collect(engine="streaming")


def findings(ledger: pl.DataFrame, invoice: pl.DataFrame, rows: pl.DataFrame, currency: str) -> Iterator[Finding]:
    """Yield one finding a provider with invoiced spend that the ledger has never seen.

    Keys and projects are told apart where both sides use the same names, that is, share at least one. Where they do
    not, the amount is what is missing in the ledger, by model.

    Args:
        ledger: :func:`owners` of every row of the ledger.
        invoice: The same of the invoice's compared rows.
        rows: provider, model, meter, difference of what is missing in the ledger.
        currency: Of the amounts.
    """
    for provider in invoice["provider"].unique().sort():
        billed, seen = (side.filter(pl.col("provider") == provider) for side in (invoice, ledger))
        parts = _unseen(billed, seen) or _missing(rows.filter(pl.col("provider") == provider))
        amount = sum((part["amount"] for part in parts), Decimal(0))
        if amount <= 0:
            continue
        named = [_named(part, currency) for part in parts[:_SHOWN]]
        more = f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
        who = f"{', '.join(named)}{more}"
        message = f"{money(amount, currency)} invoiced by {provider} never passed through the ledger: {who}"
        evidence: dict[str, Any] = {"provider": provider, "amount": amount, "parts": parts}
        yield Finding(Severity.WARNING, "ungoverned_spend", message, _HINT, evidence)


def _named(part: Mapping[str, Any], currency: str) -> str:
    name = "of unknown model" if part["name"] is None else f"{_WORDS[part['by']]} {part['name']}"
    return f"{name} {money(part['amount'], currency)}"


def _missing(rows: pl.DataFrame) -> list[dict[str, Any]]:
    is_meter = pl.col("model").is_null() & pl.col("meter").is_not_null()
    by = pl.when(is_meter).then(pl.lit("meter")).otherwise(pl.lit("model"))
    sums = rows.group_by(by=by, name=pl.coalesce("model", "meter")).agg(amount=pl.col("difference").sum())
    found = sums.filter(pl.col("amount") > 0).sort("amount", "by", "name", descending=[True, False, False])
    return list(found.iter_rows(named=True))


def _unseen(billed: pl.DataFrame, seen: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the keys, and for lines without a comparable key the projects, that the ledger has no row of."""
    parts: list[dict[str, Any]] = []
    for by in _LABELS:
        known = seen[by].drop_nulls().unique()
        named = billed.filter(pl.col(by).is_not_null())
        if named.filter(pl.col(by).is_in(known.implode())).is_empty():
            continue  # other names: they tell nothing
        unseen = named.filter(~pl.col(by).is_in(known.implode()))
        sums = unseen.group_by(by).agg(pl.col("amount").sum()).filter(pl.col("amount") > 0)
        parts += ({"by": by, "name": name, "amount": amount} for name, amount in sums.sort(by).iter_rows())
        billed = billed.filter(pl.col(by).is_null())
    return sorted(parts, key=lambda part: (-part["amount"], part["by"], part["name"]))
