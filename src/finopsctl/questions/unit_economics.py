"""What unit economics is asked: dimensions, targets, free plans, and the tables of outcomes and revenue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.analyses import unit_economics as analysis
from finopsctl.metrics.dimensions import parse
from finopsctl.questions.limits import kpi_settings_of
from finopsctl.questions.spans import asked_of

if TYPE_CHECKING:
    from finopsctl.analyses.unit_economics import UnitEconomics
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings


def unit_economics_of(books: Books, settings: Settings) -> UnitEconomics:
    """Answer from opened books and settings.

    Args:
        books: The open books; outcomes and revenue are among their side tables.
        settings: Dimensions, targets, free plans, the lowest margin, how many of the dearest users.
    """
    wanted = settings.unit_economics
    question = analysis.UnitQuestion(
        by=parse(settings.by, settings.fiscal_year_start),
        asked=asked_of(books),
        basis=books.request.basis,
        currency=books.request.currency,
        settings=kpi_settings_of(books, settings),
        free_plans=wanted.free_plans,
        margin_floor=wanted.margin_floor,
        top=settings.top or analysis.UnitQuestion().top,
    )
    return analysis.unit_economics(
        books.ledger, question, outcomes=books.table("outcomes"), revenue=books.table("revenue")
    )
