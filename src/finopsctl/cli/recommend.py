"""``finopsctl recommend``: what to do about the bill, ranked by money."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finopsctl.cli.options import By, Common, Top
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.recommendations.result import Recommendations

EXAMPLES = """Examples:

  finopsctl recommend sample_data --floor 1

  finopsctl recommend sample_data --month 2026-10 --floor 1 --by team --top 5 -f md
"""

_READING = ("source", "map", "keys", "redact", "litellm_config", "config")
_PERIOD = ("since", "until", "month", "quarter", "last", "as_of")
_MONEY = ("tz", "cost_basis", "prices", "contracts", "budgets", "currency")

Floor = Annotated[
    str | None,
    typer.Option(
        "--floor",
        metavar="AMOUNT",
        help="Leave workloads alone that cost less in 30 days. Default: 500.",
        show_default=False,
    ),
]


ExportScenarios = Annotated[
    Path | None,
    typer.Option(
        "--export-scenarios",
        metavar="FILE",
        help="Write all changes together as a scenario: `whatif --scenarios FILE` then shows the combined saving.",
        show_default=False,
    ),
]


def recommend(
    common: Common,
    *,
    by: By = None,
    top: Top = None,
    floor: Floor = None,
    export_scenarios: ExportScenarios = None,
) -> None:
    """List what to do about the bill, the largest monthly saving first, each with the command that shows its figure.

    A workload is a team's feature unless --by says otherwise. Savings that meet are counted once in the total.
    """
    from finopsctl.cli.amounts import amount
    from finopsctl.cli.run import answer

    least = None if floor is None else amount("--floor", floor)
    target = () if export_scenarios is None else (str(export_scenarios),)
    if common.price_date is not None:
        raise ConfigError(
            "recommendations price each record at its own day, as the commands they name do",
            "Leave --price-date out; `finopsctl whatif --price-date` shows what other prices do.",
        )

    def analyse(books: Books, settings: Settings) -> Recommendations:
        from finopsctl.questions.recommendations import recommendations_of

        found = recommendations_of(books, settings, least, words_of(common) | {"scenarios": target})
        if export_scenarios is not None and found.scenarios:
            _export(export_scenarios, found.scenarios)
        return found

    answer(common, analyse, by=by, top=top)


def _export(path: Path, text: str) -> None:
    from finopsctl.whole_file import write_whole

    try:
        write_whole(path, text.encode())
    except ConfigError as problem:
        raise ConfigError(problem.message, "Name another file with --export-scenarios.") from problem


def words_of(common: Common) -> dict[str, tuple[str, ...]]:
    """Return the inputs and shared options as typed but for filters: ``read`` (what, in which money) and ``period``."""
    found: dict[str, list[str]] = {"read": list(common.inputs or ()), "period": []}
    for names, part in ((_READING, "read"), (_MONEY, "read"), (_PERIOD, "period")):
        for name in names:
            for value in _listed(getattr(common, name)):
                found[part] += [f"--{name.replace('_', '-')}", str(value)]
    return {part: tuple(words) for part, words in found.items()}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - of any option
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
