"""``finopsctl attribution``: who spent it, on what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common, Compare, Top

if TYPE_CHECKING:
    from finopsctl.analyses.attribution import Breakdown
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings

EXAMPLES = """Examples:

  finopsctl attribution sample_data --by team,model --top 10

  finopsctl attribution sample_data --by token_class --where provider=anthropic
"""

Sort = Annotated[
    str,
    typer.Option(
        "--sort",
        metavar="WHAT",
        help="spend, change (up or down, in money; needs --compare), requests or tokens.",
        show_default=True,
    ),
]
Tags = Annotated[
    str | None,
    typer.Option(
        "--tags",
        metavar="WAY",
        help="Of a tag with several values: count the first (the default), or split evenly among them.",
        show_default=False,
    ),
]


def attribution(
    common: Common,
    by: By = None,
    *,
    top: Top = None,
    compare: Compare = None,
    sort: Sort = "spend",
    tags: Tags = None,
) -> None:
    """Break spend down by any dimensions, in amounts that add up to the total to the last digit (showback).

    Shared cost that the configuration spreads is shown beside direct cost; `finopsctl chargeback` is for finance.
    """
    from finopsctl.cli.run import answer

    def analyse(books: Books, settings: Settings) -> Breakdown:
        from finopsctl.questions.breakdown import breakdown_of

        return breakdown_of(books, settings, sort)

    answer(common, analyse, by=by, compare=compare, top=top, tags=tags)
