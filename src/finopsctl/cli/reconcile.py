"""``finopsctl reconcile``: whether the invoices agree with the ledger, and if not, why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import Common
from finopsctl.errors import SourceError

if TYPE_CHECKING:
    from finopsctl.analyses.reconciliation.reconcile import Reconciliation
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.questions.invoices import Sides

EXAMPLES = """Examples:

  finopsctl reconcile sample_data --month 2026-09

  finopsctl reconcile sample_data --month 2026-10 --invoice sample_data/invoices/openai_2026-10.txt \
--invoice-map sample_data/invoices/openai.toml
"""

Invoices = Annotated[
    list[str] | None,
    typer.Option(
        "--invoice",
        metavar="FILE",
        help="What a provider bills: its cost export, FOCUS, or any table with a map. Repeat for several. "
        "Default: cost exports among the inputs that were set aside for their usage.",
        show_default=False,
    ),
]
InvoiceMap = Annotated[
    Path | None,
    typer.Option(
        "--invoice-map",
        metavar="FILE",
        help="Column map (TOML) for an invoice of your own.  [default: --map]",
        show_default=False,
    ),
]
ToleranceOption = Annotated[
    str | None,
    typer.Option(
        "--tolerance",
        metavar="SHARE",
        help="Exit 4 when a provider's invoice is off by more: 1% of it, or an amount (5.00). Default: 1%.",
        show_default=False,
    ),
]


def reconcile(
    common: Common, invoice: Invoices = None, invoice_map: InvoiceMap = None, tolerance: ToleranceOption = None
) -> None:
    """Compare the ledger with invoices: every difference has a cause, and the causes add up to the gap."""
    from finopsctl.cli.run import answer

    opened: list[Sides] = []

    def without_invoices(books: Books, settings: Settings) -> Books:
        from finopsctl.questions.invoices import sides_of

        opened.append(sides_of(books, settings))
        return opened[0].books

    def analyse(books: Books, settings: Settings) -> Reconciliation:
        from finopsctl.questions.reconciliation import reconciliation_of

        return reconciliation_of(opened[0], books, settings)

    result = answer(
        common,
        analyse,
        narrowed=without_invoices,
        invoice=invoice,
        invoice_map=invoice_map,
        tolerance=tolerance,
    )
    _refuse_beyond(result)


def _refuse_beyond(result: Reconciliation) -> None:
    """Raise when the invoices are beyond tolerance, after the report was shown.

    Raises:
        SourceError: Naming the providers.
    """
    if result.verdict.within:
        return
    who = ", ".join(result.verdict.failing) or "all providers together"
    raise SourceError(
        f"the invoices and the ledger are further apart than the tolerance: {who}",
        "The rows name each difference and its cause; --tolerance accepts more.",
    )
