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

    def analyse(books: Books, settings: Settings) -> Chargeback:
        from finopsctl.questions.chargeback import chargeback_of

        return chargeback_of(books, settings)

    def narrowed(books: Books, _settings: Settings) -> Books:
        from finopsctl.questions.chargeback import narrowed

        return narrowed(books)

    result = answer(common, analyse, narrowed, by=by, cost_centres=cost_centres)
    if result.difference:
        raise SourceError(
            f"the charges do not tie to the ledger: {result.difference:f} too much", "Do not book them; report this."
        )
