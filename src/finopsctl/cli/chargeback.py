"""``finopsctl chargeback``: the finance file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common

if TYPE_CHECKING:
    from finopsctl.analyses.chargeback import Chargeback
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings

EXAMPLES = """Examples:

  finopsctl chargeback sample_data --month 2026-10 --config sample_data/finopsctl.example.toml

  finopsctl chargeback sample_data --month 2026-10 --keys sample_data/keys.toml -f csv
"""

CostCentres = Annotated[
    Path | None,
    typer.Option(
        "--cost-centres",
        metavar="FILE",
        help="CSV of owners and cost centres; else the table chargeback.cost-centres of the configuration.",
        rich_help_panel="Which cost",
        show_default=False,
    ),
]


def chargeback(common: Common, by: By = None, cost_centres: CostCentres = None) -> None:
    """Write the finance file: what each team is charged for a month, direct, shared and credits, tied to the ledger.

    Without a period it is the last whole month. Showback, for the teams themselves, is `finopsctl attribution`.
    """
    from finopsctl.cli.run import answer
    from finopsctl.errors import SourceError

    result = answer(common, _analyse, lambda books, _: _narrowed(books), by=by, cost_centres=cost_centres)
    if result.difference:
        raise SourceError(
            f"the charges do not tie to the ledger: {result.difference:f} too much", "Do not book them; report this."
        )


def _analyse(books: Books, settings: Settings) -> Chargeback:
    from finopsctl.allocation.conditions import canonical
    from finopsctl.allocation.pools import Sharing
    from finopsctl.analyses.chargeback import ChargebackQuestion
    from finopsctl.analyses.chargeback import chargeback as charged
    from finopsctl.books.books import refuse_nothing
    from finopsctl.cli.sharing import refuse_owner_filters, sharing_of
    from finopsctl.metrics.dimensions import parse

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


def _narrowed(books: Books) -> Books:
    """Return the books of the last whole month where no period is named; a log that holds none is taken whole."""
    from finopsctl.books.books import holds_rows
    from finopsctl.cli.questions import in_last_whole_month

    if books.period is not None:
        return books
    there = in_last_whole_month(books)
    return there if holds_rows(there.ledger) else books
