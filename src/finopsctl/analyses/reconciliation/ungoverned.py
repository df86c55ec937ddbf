"""Ungoverned spend: what a provider invoices and the ledger has never seen, by API key and project."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import money, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
        parts = _summed(_unseen(billed, seen)) or _missing(rows.filter(pl.col("provider") == provider))
        amount = sum((part["amount"] for part in parts), Decimal(0))
        if amount <= 0:
            continue
        who = some_of([_named(part, currency) for part in parts])
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


def unseen(ledger: pl.DataFrame, invoice: pl.DataFrame) -> pl.DataFrame:
    """Return the owners on the invoice that the ledger has no row of.

    Args:
        ledger: :func:`owners` of every row of the ledger.
        invoice: The same of the invoice's compared rows.

    Returns:
        Rows of ``invoice`` with ``by`` and ``name``, what they are not known by: their key or their project.
    """
    return pl.concat(
        _unseen(invoice.filter(pl.col("provider") == provider), ledger.filter(pl.col("provider") == provider))
        for provider in invoice["provider"].unique().sort()
    )


def _unseen(billed: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Return the keys, and for lines without a comparable key the projects, that the ledger has no row of."""
    found = [billed.clear().with_columns(by=pl.lit(""), name=pl.lit(""))]
    for by in _LABELS:
        known = seen[by].drop_nulls().unique()
        named = billed.filter(pl.col(by).is_not_null())
        if named.filter(pl.col(by).is_in(known.implode())).is_empty():
            continue  # other names: they tell nothing
        strange = named.filter(~pl.col(by).is_in(known.implode()))
        marked = strange.with_columns(by=pl.lit(by), name=pl.col(by))
        found.append(marked.filter(pl.col("amount").sum().over("name") > 0))
        billed = billed.filter(pl.col(by).is_null())
    return pl.concat(found)


def _summed(owners: pl.DataFrame) -> list[dict[str, Any]]:
    """Return by, name and amount of each, the largest first."""
    sums = owners.group_by("by", "name").agg(pl.col("amount").sum())
    return list(sums.sort("amount", "by", "name", descending=[True, False, False]).iter_rows(named=True))
