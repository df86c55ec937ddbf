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
        return unit_economics_of(books, settings)

    answer(common, analyse, by=by, outcomes=outcomes, revenue=revenue, top=top, fail_on=fail_on)


def unit_economics_of(books: Books, settings: Settings) -> UnitEconomics:
    """Answer from opened books and settings.

    Args:
        books: The open books; outcomes and revenue are among their side tables.
        settings: Dimensions, targets, free plans, the lowest margin, how many of the dearest users.
    """
    from finopsctl.analyses import unit_economics as analysis
    from finopsctl.cli.limits import kpi_settings_of
    from finopsctl.cli.questions import asked_of
    from finopsctl.metrics.dimensions import parse

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
