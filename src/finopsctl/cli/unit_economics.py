"""``finopsctl unit-economics``: what a user, an outcome, a successful task and a customer cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.cli.options import By, Common, FailOn, Outcomes, Revenue, Top

if TYPE_CHECKING:
    from finopsctl.analyses.unit_economics import UnitEconomics
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings

EXAMPLES = """Examples:

  finopsctl unit-economics sample_data --month 2026-10

  finopsctl unit-economics sample_data/litellm_spend_logs_2026-10-01.jsonl --outcomes sample_data/outcomes.csv --by team
"""


def unit_economics(  # noqa: PLR0917 - typer passes them by name
    common: Common,
    by: By = None,
    outcomes: Outcomes = None,
    revenue: Revenue = None,
    top: Top = None,
    fail_on: FailOn = None,
) -> None:
    """Put spend beside what it buys: cost per user, outcome, successful task and customer, and gross margin."""
    from finopsctl.cli.run import answer

    def analyse(books: Books, settings: Settings) -> UnitEconomics:
        from finopsctl.questions.unit_economics import unit_economics_of

        return unit_economics_of(books, settings)

    answer(common, analyse, by=by, outcomes=outcomes, revenue=revenue, top=top, fail_on=fail_on)
