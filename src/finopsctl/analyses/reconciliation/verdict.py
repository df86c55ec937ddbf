"""Whether an invoice and the ledger agree: each provider within its tolerance, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import MONEY

if TYPE_CHECKING:
    from finopsctl.analyses.reconciliation.tolerance import Tolerance, Tolerances

PASS, FAIL = "pass", "fail"

_SCHEMA = pl.Schema(
    {
        "provider": pl.String(),
        **dict.fromkeys(("ledger", "invoice", "difference"), MONEY),
        "difference_share": pl.Float64(),
        "tolerance": pl.Float64(),
        "status": pl.String(),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """The figures of every provider, and of all.

    Args:
        providers: provider, ledger, invoice, difference, difference_share (of the invoice), tolerance (likewise),
            status; the largest difference first.
        ledger: What the ledger says.
        invoice: What the invoices say.
        applied: The tolerances that applied, each once.
        allowed: What all of it may be apart.
    """

    providers: pl.DataFrame
    ledger: Decimal
    invoice: Decimal
    applied: tuple[Tolerance, ...]
    allowed: Decimal

    @property
    def difference(self) -> Decimal:
        """What the invoices have more."""
        return self.invoice - self.ledger

    @property
    def within(self) -> bool:
        """Whether every provider is within its tolerance, and so all of them together."""
        return not self.failing and abs(self.difference) <= self.allowed

    @property
    def failing(self) -> list[str]:
        """The providers beyond their tolerance."""
        return self.providers.filter(pl.col("status") == FAIL)["provider"].to_list()

    def totals(self) -> dict[str, Any]:
        """Return the totals of the document; shares are of the invoice, null where it is nothing."""
        return {
            "ledger": self.ledger,
            "invoice": self.invoice,
            "difference": self.difference,
            "difference_share": _share(self.difference, self.invoice),
            "tolerance": _share(self.allowed, abs(self.invoice)),
            "within": self.within,
        }


def verdict_of(rows: pl.DataFrame, tolerances: Tolerances) -> Verdict:
    """Judge the rows of a reconciliation.

    Args:
        rows: provider, ledger, invoice.
        tolerances: Of every provider.
    """
    sums = rows.group_by("provider").agg(pl.col("ledger", "invoice").sum()).sort("provider")
    figures, allowed = [], Decimal(0)
    for provider, ledger, invoice in sums.iter_rows():
        difference, may = invoice - ledger, tolerances.of(provider).allows(invoice)
        allowed += may
        status = PASS if abs(difference) <= may else FAIL
        shares = _share(difference, invoice), _share(may, abs(invoice))
        figures.append((provider, ledger, invoice, difference, *shares, status))
    providers = pl.DataFrame(figures, schema=_SCHEMA, orient="row").sort(
        pl.col("difference").abs(), "provider", descending=[True, False]
    )
    applied = tuple(dict.fromkeys(tolerances.of(provider) for provider in sums["provider"]))
    total: dict[str, Any] = sums.select(pl.col("ledger", "invoice").sum()).row(0, named=True)
    return Verdict(providers, total["ledger"], total["invoice"], applied, allowed)


def _share(part: Decimal, whole: Decimal) -> float | None:
    return float(part / whole) if whole else None
