"""A reconciliation as a report: what people read first, and every row for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.reconciliation.causes import MATCHED, PRICE, QUANTITY
from finopsctl.analyses.reconciliation.lines import CREDIT, TAX
from finopsctl.ledger.schema import MONEY
from finopsctl.results.report import Column, Long, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from finopsctl.analyses.reconciliation.verdict import Verdict

_SHOWN = 20
_SMALL = Decimal("0.005")
_CENT = Decimal("0.01")
_SAID = {
    "quantity": "Quantity: more or less was used",
    "price": "Price: the unit price differs",
    "missing_in_ledger": "Missing in the ledger",
    "missing_in_invoice": "Missing on the invoice",
    "credit": "Credits and refunds",
    "tax": "Tax",
    "rounding": "Rounding",
    "cutoff": "Day cut-off",
    "unexplained": "Unexplained",
}
_WORDS = {cause: words.partition(":")[0].lower() for cause, words in _SAID.items()}
_LINE = ("provider", "month", "model", "token_class", "project", "service_tier", "meter")
_USUAL = ("provider", "month", "service_tier")  # said elsewhere where all lines have the same
_PARTS = ("by_quantity", "by_price", "by_other")
_SUMMED = ("ledger", "invoice", "difference", *_PARTS)
_OWN_LINE = (CREDIT, TAX)  # lines of an invoice beside those of usage


def tables(
    rows: pl.DataFrame, causes: pl.DataFrame, providers: pl.DataFrame, totals: Mapping[str, Any], currency: str
) -> list[Table]:
    """Return the answer's tables: all rows for programs, then providers, waterfall and the lines that differ."""
    return [
        Table("Rows", rows, _ROW_COLUMNS, machine_only=True),
        Table("Providers", providers, _PROVIDER_COLUMNS, {name: totals[name] for name in _TOTALLED}),
        *([_waterfall(causes, totals)] if causes.filter(pl.col("cause") != MATCHED).height else []),
        *_differences(rows, currency),
    ]


_TOTALLED = ("ledger", "invoice", "difference", "difference_share", "tolerance")
_AMOUNTS = (
    Column("ledger", "Ledger", Unit.USD),
    Column("invoice", "Invoice", Unit.USD),
    Column("difference", "Difference", Unit.USD),
)
_PROVIDER_COLUMNS = (
    Column("provider", "Provider"),
    *_AMOUNTS,
    Column("difference_share", "Of invoice", Unit.SHARE, 1),
    Column("tolerance", "Tolerance", Unit.SHARE, 2),
    Column("status", "Status", Unit.GRADE),
)
_ROW_COLUMNS = (
    Column("model", "Model", null="(all)"),
    Column("token_class", "Class", priority=1, null="(all)"),
    Column("service_tier", "Tier", priority=6, null="(all)"),
    Column("project", "Project", priority=4, null="(all)"),
    Column("provider", "Provider", priority=3),
    Column("month", "Month", priority=2),
    Column("ledger", "Ledger", Unit.USD, 1),
    Column("invoice", "Invoice", Unit.USD, 1),
    Column("difference", "Difference", Unit.USD),
    Column("cause", "Cause"),
    Column("note", "Note", priority=5, null="", long=Long.WRAP),
)
_LINE_COLUMNS = (
    Column("model", "Model", null="(all)"),
    Column("token_class", "Class", priority=1, null="(all)"),
    Column("service_tier", "Tier", priority=9, null="(all)"),
    Column("project", "Project", priority=2, null="(all)"),
    Column("provider", "Provider", priority=3),
    Column("month", "Month", priority=2),
    Column("ledger", "Ledger", Unit.USD, 6),
    Column("invoice", "Invoice", Unit.USD, 6),
    Column("difference", "Difference", Unit.USD),
    Column("by_quantity", "Quantity", Unit.USD, 7, null=""),
    Column("by_price", "Price", Unit.USD, 7, null=""),
    Column("by_other", "Other", Unit.USD, 8, null=""),
    Column("why", "Why", null="", long=Long.WRAP),
)


def _waterfall(causes: pl.DataFrame, totals: Mapping[str, Any]) -> Table:
    """From what the ledger says, cause by cause, to what the invoices say."""
    steps = causes.filter(pl.col("cause") != MATCHED).select(
        step=pl.col("cause").replace(_SAID), amount="difference", rows="rows"
    )
    ends = [
        pl.DataFrame(
            {"step": [title], "amount": [totals[name]], "rows": [None]},
            schema={"step": pl.String, "amount": MONEY, "rows": pl.Int64},
        )
        for title, name in (("Ledger", "ledger"), ("Invoices", "invoice"))
    ]
    columns = (
        Column("step", "From the ledger to the invoices"),
        Column("amount", "Amount", Unit.USD),
        Column("rows", "Lines", Unit.COUNT, 1, null=""),
    )
    return Table("Waterfall", pl.concat([ends[0], steps, ends[1]]), columns)


def _differences(rows: pl.DataFrame, currency: str) -> list[Table]:
    """Return the lines that differ most; those beyond the first twenty, or below half a cent, are one row."""
    lines = _lines(rows.filter(pl.col("cause") != MATCHED))
    if lines.is_empty():
        return []
    large = min(_SHOWN, max(1, lines.filter(pl.col("size") >= _SMALL).height))
    shown, rest = lines.head(large), lines.slice(large)
    why = [_why(line, currency) for line in shown.iter_rows(named=True)]
    shown = shown.with_columns(why=pl.Series(why, dtype=pl.String))
    if rest.height:
        sums = rest.select(*map(_known, _SUMMED), other=pl.lit(rest.height, dtype=pl.Int64))
        shown = pl.concat([shown, sums], how="diagonal")
    alike = {name for name in _USUAL if lines[name].drop_nulls().n_unique() <= 1}
    empty = {name for name in ("token_class", "project", *_PARTS) if lines[name].null_count() == lines.height}
    return [Table("Differences", shown, tuple(c for c in _LINE_COLUMNS if c.name not in alike | empty))]


def _lines(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per line of an invoice, its causes side by side, the largest difference first."""
    cause, difference = pl.col("cause"), pl.col("difference")
    parts = {
        "by_quantity": cause == QUANTITY,
        "by_price": cause == PRICE,
        "by_other": ~cause.is_in([QUANTITY, PRICE]),
    }
    named = rows.with_columns(
        pl.coalesce("model", "meter").alias("model"),
        pl.col("token_class").str.replace_all("_", " "),
        own_line=pl.when(cause.is_in(_OWN_LINE)).then(cause),
    )
    lines = named.group_by([*_LINE, "own_line"], maintain_order=True).agg(
        pl.col("ledger", "invoice", "difference").sum(),
        *(pl.when(mine.any()).then(difference.filter(mine).sum()).alias(name) for name, mine in parts.items()),
        size=difference.abs().max(),
        causes=pl.struct("cause", "difference", "note"),
    )
    money_columns = pl.col("ledger", "invoice", "difference", *_PARTS).cast(MONEY)
    is_small = pl.col("size") < _SMALL
    ordered = lines.sort(is_small, difference.abs(), *_LINE, descending=[False, True, *(False for _ in _LINE)])
    return ordered.with_columns(money_columns)


def _known(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).cast(MONEY).alias(name)


def _why(line: Mapping[str, Any], currency: str) -> str:
    """Say what a line's difference is due to; of several causes, how much each is."""
    causes = sorted(line["causes"], key=lambda part: -abs(part["difference"]))
    said = []
    for part in causes:
        words = _WORDS[part["cause"]]
        if len(causes) > 1 and abs(part["difference"]) >= _CENT:
            words += f" {'+' if part['difference'] > 0 else ''}{money(part['difference'], currency)}"
        said.append(f"{words}: {part['note']}" if part["note"] else words)
    return "; ".join(said)


def headline(verdict: Verdict, causes: pl.DataFrame, currency: str) -> str:
    """Return one sentence: how far apart they are, whether that is too far, and the largest cause."""
    invoice, ledger = money(verdict.invoice, currency), money(verdict.ledger, currency)
    apart = causes.filter(pl.col("cause") != MATCHED)
    if apart.is_empty():
        return f"The invoices and the ledger agree on {invoice}, line by line."
    gap, share = verdict.difference, verdict.totals()["difference_share"]
    of = "" if share is None else f" ({abs(share):,.1%})"
    said = f"The invoices say {invoice}, the ledger {ledger}: {money(abs(gap), currency)}{of} apart, {_judged(verdict)}"
    first = apart.sort(pl.col("difference").abs(), descending=True, maintain_order=True).row(0, named=True)
    cause = _SAID[first["cause"]].partition(":")[0].lower()
    return f"{said}; the largest cause is {cause}: {money(first['difference'], currency)}."


def _judged(verdict: Verdict) -> str:
    what = "their tolerances" if len(verdict.applied) > 1 else f"the tolerance of {verdict.applied[0]}"
    if verdict.within:
        return f"within {what}"
    failing = verdict.failing
    if not failing or len(failing) == verdict.providers.height:
        return f"beyond {what}"
    return (
        f"{', '.join(failing)} beyond {what}"
        if len(failing) <= 3
        else f"{counted(len(failing), 'provider')} beyond {what}"
    )
