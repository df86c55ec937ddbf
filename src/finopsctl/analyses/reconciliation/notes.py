"""What a reader of a reconciliation must know besides its figures: a word on each row, and what was not compared."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.reconciliation.lines import USAGE
from finopsctl.ledger.schema import PICO, amount_of
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import SYMBOLS, counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from finopsctl.analyses.reconciliation.causes import Entry
    from finopsctl.analyses.reconciliation.pairs import Side
    from finopsctl.analyses.reconciliation.scope import Scope

Sides = tuple[pl.DataFrame, pl.DataFrame]
"""Lines of the ledger and of the invoice."""

_MILLION = 1_000_000
_SHOWN = 4


def note(entry: Entry, currency: str) -> str | None:  # noqa: PLR0911 - one answer a cause
    """Return what explains an entry in a few words; None where its cause says it all."""
    ledger, invoice = entry.month.ledger, entry.month.invoice
    unit = entry.pair.key["meter"] or "tokens"
    match entry.cause:
        case "quantity":
            return f"{_number(invoice.quantity)} {unit} billed, {_number(ledger.quantity)} in the ledger"
        case "price":
            return _prices(ledger, invoice, str(unit), currency)
        case "missing_in_ledger" if ledger.lines:
            return _never_seen(invoice)
        case "missing_in_invoice" if invoice.lines:
            return "on days without any line on the invoice"
        case "cutoff":
            return "booked on the other side of the month's edge"
        case "unexplained" if invoice.quantity is None:
            return "the invoice gives no quantities"
        case "unexplained" if ledger.quantity is None:
            return "the ledger gives no quantities"
        case "credit" | "tax" | "rounding":
            return invoice.text or ledger.text or None
    return None


def _never_seen(invoice: Side) -> str:
    reasons = {
        "on days without any record in the ledger": invoice.lost,
        "of keys or projects without any record in the ledger": invoice.unseen,
    }
    return " and ".join(reason for reason, amount in reasons.items() if amount > 0)


def _prices(ledger: Side, invoice: Side, unit: str, currency: str) -> str:
    if ledger.unpriced and not ledger.amount:
        return "the ledger has no price for it"
    if not ledger.quantity or not invoice.quantity:
        return "at list price the ledger's usage costs what is invoiced"
    per = (_MILLION, f"1M {unit}") if unit == "tokens" else (1, unit)
    billed, ours = (_unit_price(side, per[0], currency) for side in (invoice, ledger))
    some = f"; {counted(ledger.unpriced, 'record')} without a price" if ledger.unpriced else ""
    return f"{billed} per {per[1]} billed, {ours} in the ledger{some}"


def _unit_price(side: Side, per: int, currency: str) -> str:
    price = Decimal(side.amount) * PICO / Decimal(str(side.quantity)) * per
    digits = max(2, 2 - price.adjusted()) if price else 2
    text = f"{price:,.{digits}f}"
    while text[-1] == "0" and len(text.partition(".")[2]) > 2:
        text = text[:-1]
    return f"{SYMBOLS.get(currency, f'{currency} ')}{text}"


def _number(quantity: float | None) -> str:
    return "?" if quantity is None else f"{quantity:,.15g}".removesuffix(".0")


def findings(compared: Sides, beyond: Sides, days: pl.DataFrame, scope: Scope, currency: str) -> Iterator[Finding]:
    """Yield what was not compared, which days one side lacks, and what the ledger has no price for.

    Args:
        compared: The lines of ledger and invoice inside the scope.
        beyond: Their lines on other days.
        days: provider, day, amount of the whole ledger.
        scope: The days compared.
        currency: Of the amounts.
    """
    yield from _beyond(beyond, currency)
    yield from _lost_days(compared, scope, currency)
    yield from _unpriced(*compared, currency)
    others = days.filter(~pl.col("provider").is_in(scope.providers))
    spend = others.group_by("provider").agg(pl.col("amount").sum()).filter(pl.col("amount") > 0).sort("provider")
    if spend.height:
        total = sum(spend["amount"].to_list(), Decimal(0))
        names = spend["provider"].to_list()
        message = (
            f"{money(total, currency)} of the ledger is of providers without an invoice here: {some_of(names, _SHOWN)}"
        )
        yield Finding(Severity.INFO, "not_invoiced", message, "", {"providers": names, "amount": total})


def _beyond(beyond: Sides, currency: str) -> Iterator[Finding]:
    told = (
        ("invoice", "ledger_not_covered", "of the invoice", "on days outside the ledger or the period"),
        ("ledger", "invoice_not_covered", "of the ledger", "on days the invoice is not about"),
    )
    for lines, (side, code, whose, when) in zip(reversed(beyond), told, strict=True):
        for (provider,), group in lines.filter(pl.col("amount") != 0).group_by(["provider"], maintain_order=True):
            amount = amount_of(int(group["amount"].sum()))
            days = group["day"].sort().to_list()
            span = f"{days[0]} to {days[-1]}"
            message = f"{money(amount, currency)} {whose} ({provider}, {span}) is {when} and not compared"
            severity = Severity.WARNING if side == "invoice" else Severity.INFO
            yield Finding(severity, code, message, "", {"provider": provider, "amount": amount, "days": span})


def _lost_days(compared: Sides, scope: Scope, currency: str) -> Iterator[Finding]:
    """Yield, for daily invoices, the days that have amounts on the invoice and no record in the ledger."""
    ledger, invoice = (
        side.filter(pl.col("provider").is_in(sorted(scope.daily)) & (pl.col("nature") == USAGE) & ~pl.col("outside"))
        for side in compared
    )
    lost = invoice.filter(pl.col("amount") > 0).join(ledger, on=["provider", "day"], how="anti")
    for (provider,), group in lost.group_by(["provider"], maintain_order=True):
        days = group["day"].unique().sort().to_list()
        amount = amount_of(int(group["amount"].sum()))
        message = f"{provider}: the ledger has no record on {_spans(days)}, where {money(amount, currency)} is invoiced"
        last = ledger.filter(pl.col("provider") == provider)["day"].max()
        hint = "Look for the logs of these days."
        if last is not None and days[0] > last:
            hint = f"Look for the logs of these days; --until {min(days)} compares what is there."
        yield Finding(
            Severity.WARNING,
            "days_without_records",
            message,
            hint,
            {"provider": provider, "days": days, "amount": amount},
        )


def _unpriced(ledger: pl.DataFrame, invoice: pl.DataFrame, currency: str) -> Iterator[Finding]:
    keys = ["provider", "model"]
    unpriced = ledger.filter((pl.col("unpriced") > 0) & ~pl.col("outside"))
    records = unpriced.group_by(keys).agg(pl.col("unpriced").max())
    billed = invoice.filter(~pl.col("outside")).group_by(keys).agg(pl.col("amount").sum())
    both = records.join(billed, on=keys, how="inner", nulls_equal=True).sort(keys)
    for provider, model, _, amount in both.iter_rows():
        money_ = amount_of(int(amount))
        message = (
            f"{provider}/{model}: the ledger has usage without a price, where {money(money_, currency)} is invoiced"
        )
        hint = "Add its price with --prices DIR; until then it is a price difference."
        evidence: dict[str, Any] = {"provider": provider, "model": model, "amount": money_}
        yield Finding(Severity.WARNING, "unpriced_ledger", message, hint, evidence)


def _spans(days: Sequence[date]) -> str:
    """Write days as spans: ``2026-10-01 to 2026-10-03, 2026-10-18``."""
    spans: list[list[date]] = []
    for day in days:
        if spans and (day - spans[-1][1]).days == 1:
            spans[-1][1] = day
        else:
            spans.append([day, day])
    return some_of([f"{first}" if first == last else f"{first} to {last}" for first, last in spans], _SHOWN)
