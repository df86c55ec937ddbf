"""A reconciliation as a report: what people read first, and every row for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.reconciliation.causes import MATCHED
from finopsctl.ledger.schema import MONEY
from finopsctl.results.report import Column, Long, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from finopsctl.analyses.reconciliation.tolerance import Tolerance
    from finopsctl.analyses.reconciliation.verdict import Verdict

_SHOWN = 20
_SMALL = Decimal("0.005")
_OFTEN_EMPTY = ("service_tier", "token_class", "project", "note")
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


def tables(rows: pl.DataFrame, causes: pl.DataFrame, providers: pl.DataFrame, totals: Mapping[str, Any]) -> list[Table]:
    """Return the answer's tables: all rows for programs, then providers, waterfall and largest differences."""
    return [
        Table("Rows", rows, _ROW_COLUMNS, machine_only=True),
        Table("Providers", providers, _PROVIDER_COLUMNS, {name: totals[name] for name in _TOTALLED}),
        *([_waterfall(causes, totals)] if causes.filter(pl.col("cause") != MATCHED).height else []),
        *_differences(rows),
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
        Column("rows", "Rows", Unit.COUNT, 1, null=""),
    )
    return Table("Waterfall", pl.concat([ends[0], steps, ends[1]]), columns)


def _differences(rows: pl.DataFrame) -> list[Table]:
    """Return the largest differences; those beyond the first twenty, or below half a cent, are one row."""
    differing = rows.filter(pl.col("cause") != MATCHED)
    if differing.is_empty():
        return []
    large = min(_SHOWN, max(1, differing.filter(pl.col("difference").abs() >= _SMALL).height))
    shown, rest = differing.head(large), differing.slice(large)
    if rest.height:
        sums = rest.select(pl.col("ledger", "invoice", "difference").sum(), other=pl.lit(rest.height, dtype=pl.Int64))
        shown = pl.concat([shown, sums], how="diagonal")
    named = shown.with_columns(pl.coalesce("model", "meter").alias("model"))
    empty = {name for name in _OFTEN_EMPTY if named[name].null_count() == named.height}
    return [Table("Differences", named, tuple(c for c in _ROW_COLUMNS if c.name not in empty))]


def headline(verdict: Verdict, causes: pl.DataFrame, currency: str) -> str:
    """Return one sentence: how far apart they are, whether that is too far, and the largest cause."""
    invoice, ledger = money(verdict.invoice, currency), money(verdict.ledger, currency)
    apart = causes.filter(pl.col("cause") != MATCHED)
    if apart.is_empty():
        return f"The invoices and the ledger agree on {invoice}, line by line."
    gap, share = verdict.difference, verdict.totals()["difference_share"]
    of = "" if share is None else f" ({abs(share):.1%})"
    said = f"The invoices say {invoice}, the ledger {ledger}: {money(abs(gap), currency)}{of} apart, {_judged(verdict)}"
    first = apart.sort(pl.col("difference").abs(), descending=True, maintain_order=True).row(0, named=True)
    cause = _SAID[first["cause"]].partition(":")[0].lower()
    return f"{said}; the largest cause is {cause}: {money(first['difference'], currency)}."


def _judged(verdict: Verdict) -> str:
    own = verdict.providers["tolerance"].n_unique() > 1
    what = "their tolerances" if own else f"the tolerance of {_written(verdict.usual)}"
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


def _written(tolerance: Tolerance) -> str:
    return str(tolerance)
