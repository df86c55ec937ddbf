"""``finopsctl anomalies``: when spend was not as usual, who made it, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common

if TYPE_CHECKING:
    from finopsctl.analyses.anomalies.result import Anomalies
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings

EXAMPLES = """Examples:

  finopsctl anomalies sample_data --month 2026-10 --by team

  finopsctl anomalies sample_data --by team,feature --as-of 2026-10-23 --fail-on critical
"""

_LIMITS = ("anomaly", "warning", "critical")

Grain = Annotated[
    str, typer.Option("--grain", metavar="GRAIN", help="day, or hour (only for records of an hour or less).")
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="WHAT",
        help="Exit 3 on an episode: anomaly (any), warning or critical.",
        rich_help_panel="What comes out",
        show_default=False,
    ),
]


def anomalies(common: Common, by: By = None, *, grain: Grain = "day", fail_on: FailOn = None) -> None:
    """Find days (hours) on which spend was not as usual: episodes with what was expected, who made them and why.

    What the inputs hold before the period is the history it is judged by. With --as-of only episodes that touch the
    last day before it are told, for a daily run.
    """
    from finopsctl.analyses.anomalies.question import check_grain
    from finopsctl.cli.run import answer
    from finopsctl.errors import ConfigError, nearest

    check_grain(grain)  # said before the work, not after it
    if fail_on is not None and fail_on not in _LIMITS:
        raise ConfigError(f"unknown limit '{fail_on}' for --fail-on", nearest(fail_on, _LIMITS))

    def analyse(books: Books, settings: Settings) -> Anomalies:
        from finopsctl.questions.anomalies import anomalies_of

        return anomalies_of(books, settings, grain)

    # Any episode is a warning at least.
    check(answer(common, analyse, by=by), fail_on)


def check(found: Anomalies, limit: str | None) -> None:
    """Raise when an episode is as bad as ``limit`` says.

    Raises:
        ThresholdError: Naming the worst of them.
    """
    from finopsctl.errors import ThresholdError
    from finopsctl.results.wording import counted

    if limit is None:
        return
    failing = [e for e in found.episodes if limit != "critical" or e.severity == "critical"]
    if failing:
        kind = "critical episode" if limit == "critical" else "episode"
        names = ", ".join(dict.fromkeys(f"{e.start:%Y-%m-%d} {found.name(e)}" for e in failing[:5]))
        raise ThresholdError(f"{counted(len(failing), kind)}: {names}")
