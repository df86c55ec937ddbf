"""The two sides of a reconciliation out of the books: what was invoiced, and the ledger without it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.books import PeriodWish, open_books
from finopsctl.books.cost import with_cost
from finopsctl.errors import ConfigError, SourceError
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from finopsctl.books import Books, Request
    from finopsctl.config.settings import Settings

_MONEY = ["cost", "credit"]
_SAID = frozenset({"set_aside", "possible_double_count"})


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """What is compared.

    Args:
        books: The ledger's books, without files that are an invoice.
        ledger: The ledger's rows of any period, filtered, without those of an invoice.
        invoice: The invoice's rows, likewise.
        findings: What a reader must know about the invoices.
    """

    books: Books
    ledger: pl.LazyFrame
    invoice: pl.LazyFrame
    findings: tuple[Finding, ...] = ()


def sides_of(books: Books, settings: Settings) -> Sides:
    """Return the ledger and the invoices the settings name, else those set aside among the inputs.

    Raises:
        ConfigError: When there is neither, or nothing but the invoice itself.
        SourceError: When an invoice cannot be read, or is in a currency without a rate.
    """
    return _named(books, settings) if settings.invoice else _among_inputs(books)


def _named(books: Books, settings: Settings) -> Sides:
    request = _billing(books.request, settings.invoice, settings.invoice_map or settings.map)
    try:
        invoices = open_books(request)
    except SourceError as problem:
        raise SourceError(problem.message, problem.hint.replace("--map ", "--invoice-map ")) from problem
    books = _without(books, {_resolved(entry.path) for entry in invoices.inputs})
    rows = invoices.rows
    aside = _shadowed(invoices)
    if invoices.set_aside is not None and aside:
        providers = sorted({str(entry["provider"]) for entry in invoices.set_aside_summary if _is_money(entry)})
        kept = rows.filter(~pl.col("provider").is_in(providers) | pl.col("record_kind").is_in(_MONEY))
        lines = invoices.set_aside.filter(pl.col("record_kind").is_in(_MONEY))
        rows = with_cost(pl.concat([kept.drop("cost"), lines]), invoices.request)
    told = [finding for finding in invoices.findings if finding.code not in _SAID]
    names = [f"{i.path} ({i.source}, {counted(i.records or 0, 'line')})" for i in invoices.inputs]
    evidence = [{"path": i.path, "source": i.source, "records": i.records} for i in invoices.inputs]
    said = Finding(Severity.INFO, "invoices", f"Invoiced: {', '.join(names)}", "", {"invoices": evidence})
    return Sides(books, books.within(None), _converted(invoices, rows), (*told, said))


def _among_inputs(books: Books) -> Sides:
    """Take the cost lines that finer records of the same traffic shadow, with what else their reports say."""
    sources = _shadowed(books)
    if books.set_aside is None or not sources:
        raise ConfigError(
            "there is no invoice to compare with",
            "Name one with --invoice FILE, or give a provider's cost export beside its usage export.",
        )
    is_invoice = pl.col("source").is_in(sources) & pl.col("record_kind").is_in(_MONEY)
    lines = pl.concat([books.set_aside.filter(is_invoice), books.rows.filter(is_invoice).drop("cost")])
    rows = with_cost(lines, _billing(books.request, books.request.inputs, None))
    message = f"Invoiced: the cost lines of {' and '.join(sources)} among the inputs"
    said = Finding(Severity.INFO, "invoices", message, "", {"invoices": [{"source": name} for name in sources]})
    ledger = replace(books, rows=books.rows.filter(~is_invoice))
    return Sides(books, ledger.within(None), _converted(books, rows), (said,))


def _shadowed(books: Books) -> list[str]:
    """Return the sources of cost lines that were set aside."""
    return sorted({str(entry["source"]) for entry in books.set_aside_summary if _is_money(entry)})


def _is_money(entry: object) -> bool:
    return isinstance(entry, dict) and entry["record_kind"] in _MONEY


def _billing(request: Request, inputs: Iterable[str], column_map: Path | None) -> Request:
    """Return the request that opens invoices: what they say counts, and prices of ours only where they say nothing."""
    return replace(
        request,
        inputs=tuple(inputs),
        source=None,
        column_map=column_map,
        period=PeriodWish(),
        cost_basis="auto",
        price_date=None,
        prices=None,
        contracts=None,
        litellm_config=None,
        outcomes=None,
        revenue=None,
    )


def _without(books: Books, invoices: set[Path]) -> Books:
    """Open the books again without the files that are an invoice, if they hold any."""
    kept = [entry.path for entry in books.inputs if _resolved(entry.path) not in invoices]
    if len(kept) == len(books.inputs):
        return books
    if not kept:
        raise ConfigError(
            "the inputs hold nothing but the invoice itself", "Give the gateway's logs or the usage export as inputs."
        )
    return open_books(replace(books.request, inputs=tuple(kept)))


def _resolved(path: str) -> Path:
    return Path(path).expanduser().resolve()


def _converted(books: Books, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the invoice's rows that pass the filters; an amount in a currency without a rate stops the work."""
    currency = books.request.currency
    lost = (
        rows.filter(pl.col("reported_cost").is_not_null() & pl.col("cost").is_null())
        .select(pl.col("billing_currency").unique().sort())
        .collect()["billing_currency"]
        .to_list()
    )
    if lost:
        raise SourceError(
            f"the invoice is in {', '.join(lost)}, and there is no rate to {currency}",
            f"Add [[exchange-rate]] tables to the configuration, or report in {lost[0]}: --currency {lost[0]}.",
        )
    return replace(books, rows=rows).within(None)
