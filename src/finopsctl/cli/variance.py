"""``finopsctl variance``: why spend changed, and how it stands against plan and budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common, FailOn, Top
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from finopsctl.analyses.variance import Bridge, BudgetVariance
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings

EXAMPLES = """Examples:

  finopsctl variance sample_data --month 2026-10 --by team

  finopsctl variance sample_data --compare budget --budgets sample_data/budgets.toml
"""

Against = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="WHAT",
        help="previous (default), yoy, a period (2026-09, 2026Q2), budget, or a file: other logs or a plan.",
        rich_help_panel="Which period",
        show_default=False,
    ),
]


def variance(common: Common, by: By = None, compare: Against = None, top: Top = None, fail_on: FailOn = None) -> None:
    """Explain the change in spend by effects that add up: volume, mix, tokens, caches, prices, new models."""
    from finopsctl.cli.run import answer

    def analyse(books: Books, settings: Settings) -> Bridge | BudgetVariance:
        from finopsctl.questions.comparing import BUDGET, PREVIOUS
        from finopsctl.questions.variance import against_budgets, bridge_of

        what = settings.compare or PREVIOUS
        if what == BUDGET:
            return against_budgets(books, settings)
        if fail_on:
            raise ConfigError("a bridge between periods has no grades to fail on", "Add --compare budget.")
        return bridge_of(books, settings, what)

    def narrowed(books: Books, settings: Settings) -> Books:
        from finopsctl.questions.variance import narrowed as last_whole_month

        return last_whole_month(books, settings)

    answer(common, analyse, narrowed, by=by, compare=compare, top=top, fail_on=fail_on)
