"""``finopsctl kpi``: the scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common, Compare, FailOn, Outcomes

if TYPE_CHECKING:
    from finopsctl.analyses.kpi import Scorecard
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings

EXAMPLES = """Examples:

  finopsctl kpi sample_data

  finopsctl kpi sample_data --by team --kpi cost_per_request --kpi cache_hit_rate --last 7d --compare previous
"""

Kpis = Annotated[
    list[str] | None,
    typer.Option(
        "--kpi", metavar="NAME", help="Only this KPI; repeat for more (see `finopsctl kpis`).", show_default=False
    ),
]


def kpi(  # noqa: PLR0917 - typer passes them by name
    common: Common,
    by: By = None,
    kpis: Kpis = None,
    compare: Compare = None,
    outcomes: Outcomes = None,
    fail_on: FailOn = None,
) -> None:
    """Grade the ledger: value, grade, target and change of every KPI."""
    from finopsctl.cli.run import answer

    def analyse(books: Books, settings: Settings) -> Scorecard:
        from finopsctl.questions.scorecard import scorecard_of

        return scorecard_of(books, settings, tuple(kpis or ()))

    answer(common, analyse, by=by, compare=compare, outcomes=outcomes, fail_on=fail_on)
