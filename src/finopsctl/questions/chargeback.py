"""What the finance file is asked: a whole month, whose cost, shared by which pools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from finopsctl.allocation.conditions import canonical
from finopsctl.allocation.pools import Sharing
from finopsctl.analyses.chargeback import ChargebackQuestion
from finopsctl.analyses.chargeback import chargeback as charged
from finopsctl.books.books import holds_rows, refuse_nothing
from finopsctl.metrics.dimensions import parse
from finopsctl.questions.sharing import refuse_owner_filters, sharing_of
from finopsctl.questions.spans import in_last_whole_month

if TYPE_CHECKING:
    from finopsctl.analyses.chargeback import Chargeback
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings


def narrowed(books: Books) -> Books:
    """Return the books of the last whole month where no period is named; a log that holds none is taken whole."""
    if books.period is not None:
        return books
    there = in_last_whole_month(books)
    return there if holds_rows(there.ledger) else books


def chargeback_of(books: Books, settings: Settings) -> Chargeback:
    """Return what each owner is charged for the books' period.

    Raises:
        ConfigError: When a filter leaves owners out, or a pool cannot be used.
        SourceError: When no record is in the period.
    """
    refuse_owner_filters(books, settings)
    refuse_nothing(books)
    period = books.whole_period()
    sharing = sharing_of(books, settings, period)
    over = canonical(settings.allocation.over)
    question = ChargebackQuestion(
        period=period,
        by=parse(settings.by or (over,), settings.fiscal_year_start),
        sharing=sharing or Sharing((), period, over=over, currency=settings.currency),
        cost_centres=settings.all_cost_centres(Path()),
        as_of=books.as_of,
        basis=books.request.basis,
        currency=books.request.currency,
    )
    return charged(books.ledger, question)
