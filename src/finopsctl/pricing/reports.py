"""Prices as reports: the catalogue, one model's history, differences, an update's plan, one record's arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.pricing.book import RATE_KEYS
from finopsctl.pricing.differences import described, flat
from finopsctl.pricing.lint import lint
from finopsctl.pricing.views import diff, listing, show
from finopsctl.results.report import Column, Long, Report, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from finopsctl.pricing.book import PriceBook
    from finopsctl.pricing.update import Update

_LINE = (
    Column("provider", "Provider"),
    Column("model", "Model"),
    Column("service_tier", "Tier"),
    Column("from", "From", Unit.DATE),
    Column("over", "Over tokens", Unit.COUNT, 1, null=""),
    Column("window", "Window", priority=1, null=""),
)
_RATE_TITLES = {"cache_write_1h": "1h write", "cache_read": "Cache read", "cache_write": "Cache write"}


def listing_report(book: PriceBook) -> Report:
    """Return every model of the catalogue: provider, model, kind, tier, service tiers, since when."""
    columns = (
        Column("provider", "Provider"),
        Column("model", "Model"),
        Column("kind", "Kind", priority=3),
        Column("tier", "Class", priority=1),
        Column("service_tiers", "Service tiers", priority=2),
        Column("since", "Priced since", Unit.DATE, 1),
        Column("lines", "Lines", Unit.COUNT, 4),
        Column("like", "Same as", priority=3, null=""),
    )
    frame = listing(book)
    providers = frame["provider"].n_unique()
    headline = f"{frame.height} models of {providers} providers, version {book.version}, checked {book.checked}."
    return Report("pricing-list", headline, (Table("Models", frame, columns),), _version(book))


def model_report(book: PriceBook, name: str) -> Report:
    """Return the dated price lines of one model, in USD per 1M tokens.

    Raises:
        PricingError: When no provider lists such a name.
    """
    frame = show(book, name)
    sold = [key for key in RATE_KEYS if frame[key].null_count() < frame.height]
    rates = tuple(Column(key, _RATE_TITLES.get(key, key.replace("_", " ").capitalize()), Unit.PRICE) for key in sold)
    line = [column for column in _LINE if column.priority == 0 or frame[column.name].null_count() < frame.height]
    columns = (*line, *rates, Column("source", "Source", priority=4), Column("checked", "Checked", Unit.DATE, 3))
    headline = f"{name}: {counted(frame.height, 'price line')}, USD per 1M tokens."
    return Report("pricing-show", headline, (Table("Prices", frame, columns),), _version(book))


def difference_report(before: PriceBook, after: PriceBook) -> Report:
    """Return the price lines that differ between two books, one row a rate."""
    frame = diff(before, after)
    rates = (Column("before", "Before", Unit.PRICE), Column("after", "After", Unit.PRICE))
    columns = (Column("change", "Change"), *_LINE, Column("rate", "Rate"), *rates)
    rates_differ = counted(frame.height, "rate differs", "rates differ")
    headline = f"{rates_differ} between {before.version} and {after.version} (USD per 1M tokens)."
    return Report("pricing-diff", headline, (Table("Differences", frame, columns),))


def lint_report(book: PriceBook) -> Report:
    """Return what is odd about the prices."""
    findings = lint(book)
    rows = [{"severity": f.severity.value, "code": f.code, "message": f.message} for f in findings]
    schema = {"severity": pl.String, "code": pl.String, "message": pl.String}
    columns = (Column("severity", "Severity"), Column("code", "Code"), Column("message", "What", long=Long.WRAP))
    headline = (
        f"{counted(len(findings), 'remark')} on {len(book.models)} models."
        if findings
        else f"{len(book.models)} models, nothing odd."
    )
    return Report("pricing-lint", headline, (Table("Remarks", pl.DataFrame(rows, schema), columns),), _version(book))


def update_report(update: Update, *, written: bool) -> Report:
    """Return what another list would add to ours, and what was not taken over and why."""
    rows = [
        {
            "change": change.kind,
            "provider": change.provider,
            "model": change.model,
            "service_tier": change.lines[0].service_tier,
            "from": change.lines[0].start,
            "rates": described(flat(change.before), flat(change.lines)),
        }
        for change in update.changes
    ]
    schema: dict[str, Any] = {
        "change": pl.String, "provider": pl.String, "model": pl.String, "service_tier": pl.String,
        "from": INSTANT, "rates": pl.String,
    }  # fmt: skip
    columns = (Column("change", "Change"), *_LINE[:4], Column("rates", "USD per 1M tokens", long=Long.WRAP))
    verb = "added" if written else "to add; nothing is written"
    compared = counted(update.compared, "model")
    headline = f"{counted(len(rows), 'change')} {verb}: {compared} of {update.source} compared on {update.as_of}."
    table = Table("Changes", pl.DataFrame(rows, pl.Schema(schema), orient="row"), columns)
    return Report("pricing-update", headline, (table,), {"compared": update.compared}, update.findings)


def explanation_report(explained: Sequence[Mapping[str, Any]]) -> Report:
    """Return the arithmetic of some records: the price line used, and tokens times rate for every class."""
    first = explained[0]
    rows = [{"record_id": e["record"]["record_id"], "model": e["record"]["model"], **e} for e in explained]
    parts = [
        {"record_id": e["record"]["record_id"], "class": p.get("token_class") or p.get("unit"),
         "quantity": float(p.get("tokens") or p.get("quantity") or 0), "rate": p.get("rate"), "cost": p["cost"]}
        for e in explained for p in e["parts"]
    ]  # fmt: skip
    schema: dict[str, Any] = {
        "record_id": pl.String,
        "class": pl.String,
        "quantity": pl.Float64,
        "rate": MONEY,
        "cost": MONEY,
    }
    summary = Table(
        "Records",
        pl.DataFrame(rows, infer_schema_length=None, strict=False),
        (
            Column("record_id", "Record"),
            Column("model", "Model"),
            Column("list_cost", "List cost", Unit.PRICE),
            Column("effective_cost", "Effective", Unit.PRICE),
            Column("reason", "Why unpriced", null=""),
        ),
    )
    arithmetic = Table(
        "Parts",
        pl.DataFrame(parts, pl.Schema(schema), orient="row"),
        (
            Column("record_id", "Record", priority=1),
            Column("class", "Class"),
            Column("quantity", "Quantity", Unit.COUNT),
            Column("rate", "USD per 1M", Unit.PRICE),
            Column("cost", "Cost", Unit.PRICE),
        ),
    )
    return Report("pricing-explain", _sentence(first), (summary, arithmetic))


def _sentence(explained: Mapping[str, Any]) -> str:
    record, price = explained["record"], explained["price"]
    if price is None:
        return f"{record['provider']}/{record['model']} is not priced by its tokens: {explained['reason']}."
    since = price["from"].date()
    name = f"{record['provider']}/{record['model']}"
    return f"{name} is priced as {price['priced_as']}, {price['service_tier']}, at prices since {since}."


def _version(book: PriceBook) -> Mapping[str, Any]:
    return {"version": book.version, "checked": book.checked}
