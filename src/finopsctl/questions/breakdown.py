"""What the breakdown of spend is asked: dimensions, shared cost, and what to compare with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.analyses.attribution import breakdown
from finopsctl.metrics.dimensions import parse
from finopsctl.questions.comparing import called
from finopsctl.questions.sharing import sharing_of, without_sharing
from finopsctl.questions.spans import comparison

if TYPE_CHECKING:
    from finopsctl.analyses.attribution import Breakdown
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings


def breakdown_of(books: Books, settings: Settings, sort: str) -> Breakdown:
    """Break the books' period down by the settings' dimensions (default: team).

    Args:
        books: The open books.
        settings: Dimensions, top, and what to compare with.
        sort: ``spend``, ``change``, ``requests`` or ``tokens``.
    """
    period_before, previous = comparison(books, settings.compare)
    by = parse(settings.by or ("team",), settings.fiscal_year_start)
    sharing, before, said = None, None, without_sharing(books, settings, by)
    if not said:
        sharing = sharing_of(books, settings)
        before = None if previous is None else sharing_of(books, settings, period_before, previous)
    found = breakdown(
        books.ledger,
        by,
        top=settings.top,
        previous=previous,
        sort=sort,
        timezone=settings.tz,
        basis=books.request.basis,
        currency=books.request.currency,
        sharing=sharing,
        sharing_before=before,
        tags=settings.tags,
    )
    compared = "" if period_before is None else called(period_before, settings.fiscal_year_start)
    return replace(found, findings=(*found.findings, *said), compared=compared)
