"""What reconciliation is asked: two sides, tolerances, prepaid credit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.analyses.reconciliation.reconcile import Terms, reconcile
from finopsctl.config.origin import Layer
from finopsctl.questions.limits import rate_of_own

if TYPE_CHECKING:
    from finopsctl.analyses.reconciliation.prepaid import Prepaid
    from finopsctl.analyses.reconciliation.reconcile import Reconciliation
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.questions.invoices import Sides


def reconciliation_of(sides: Sides, books: Books, settings: Settings) -> Reconciliation:
    """Return every difference between the ledger and the invoices, with its cause.

    Args:
        sides: Of :func:`finopsctl.questions.invoices.sides_of`.
        books: The ledger's books.
        settings: Tolerances and prepaid credit.
    """
    is_given = settings.origin("tolerance").layer in (Layer.FLAG, Layer.ENVIRONMENT)
    terms = Terms(
        period=books.period,
        timezone=settings.tz,
        tolerances=settings.reconcile.tolerances(settings.tolerance, is_given=is_given),
        basis=books.request.basis,
        currency=books.request.currency,
        prepaid=tuple(_converted(table.credit(), books, settings) for table in settings.prepaid),
    )
    result = reconcile(sides.ledger, sides.invoice, terms)
    return replace(result, findings=(*result.findings, *sides.findings))


def _converted(credit: Prepaid, books: Books, settings: Settings) -> Prepaid:
    """Return a credit in the report's currency, at the rate of the last day seen."""
    if settings.own_currency == books.request.currency:
        return credit
    return replace(credit, amount=credit.amount * rate_of_own(books, settings))
