"""``finopsctl budget``: limits against spend, where their periods end, and the same limits for the gateway."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import Common, FailOn, examples, shares
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from finopsctl.analyses.budget import BudgetStanding
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings

app = typer.Typer(
    help="Budgets against spend: what is used, how fast it burns, where the period ends, what the gateway enforces.",
    no_args_is_help=True,
)

Team = Annotated[
    str | None,
    typer.Option(
        "--team", metavar="TEAM", help="Only this team's budgets: short for --where team=TEAM.", show_default=False
    ),
]
All = Annotated[
    bool,
    typer.Option(
        "--all", metavar="", help="The gateway's budgets, too, where the configuration has one for the same scope."
    ),
]


@shares
def status(common: Common, team: Team = None, everything: All = False, fail_on: FailOn = None) -> None:
    """Show what of each budget is spent, how fast it burns, and which alerts have fired; the worst first."""
    _answer(common, team, fail_on, everything=everything, is_projection=False)


@shares
def project(common: Common, team: Team = None, everything: All = False, fail_on: FailOn = None) -> None:
    """Project where each budget's period ends: the straight line of its burn rate beside a forecast with odds."""
    _answer(common, team, fail_on, everything=everything, is_projection=True)


def export(
    to: Annotated[str, typer.Option("--to", metavar="GATEWAY", help="Whose configuration to write: litellm.")],
    budgets: Annotated[
        Path | None,
        typer.Option(
            "--budgets", metavar="FILE", help="File of budgets (TOML, one budget table each).", show_default=False
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Configuration file.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.", show_default=False)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="No notes on standard error.")] = False,
) -> None:
    """Write the configured budgets as YAML for the gateway that enforces them.

    For LiteLLM: `litellm_settings` and `router_settings` go into the proxy's config.yaml; limits of teams, keys, users
    and customers are listed as the requests that set them. What LiteLLM cannot enforce is listed as a comment.
    """
    import os
    import sys

    from finopsctl.config import settings as configuration
    from finopsctl.errors import nearest
    from finopsctl.exporters.litellm_budgets import exported
    from finopsctl.whole_file import write_whole

    if to != "litellm":
        raise ConfigError(f"budgets cannot be written for '{to}'", nearest(to, ["litellm"]))
    settings = configuration.load(config=config, environ=os.environ, start=Path.cwd(), flags={"budgets": budgets})
    found = settings.all_budgets()
    if not found:
        from finopsctl.questions.budgets import no_budgets

        raise no_budgets()
    from finopsctl.cli.run import one_line

    document, left_out = exported(found)
    if not quiet:
        for finding in left_out:
            typer.echo(one_line(f"{finding.severity}: {finding.message}"), err=True)
    if output is not None:
        write_whole(output, document.encode())
    else:
        sys.stdout.buffer.write(document.encode())


def _answer(common: Common, team: str | None, fail_on: str | None, *, everything: bool, is_projection: bool) -> None:
    from finopsctl.cli.run import answer

    def analyse(books: Books, settings: Settings) -> BudgetStanding:
        from finopsctl.questions.budgets import standing_of

        return standing_of(books, settings, everything=everything, is_projection=is_projection)

    def narrowed(books: Books, settings: Settings) -> Books:
        from finopsctl.questions.budgets import until

        return until(books, settings)

    asked = common if team is None else replace(common, where=[*(common.where or ()), f"team={team}"])
    answer(asked, analyse, narrowed, fail_on=fail_on)


app.command(
    "status",
    epilog=examples(
        "budget status sample_data --budgets sample_data/budgets.toml",
        "budget status sample_data --as-of 2026-10-16 --fail-on critical",
    ),
)(status)
app.command(
    "project",
    epilog=examples(
        "budget project sample_data --budgets sample_data/budgets.toml --as-of 2026-10-16",
        "budget project sample_data --team support --as-of 2026-10-16 -f json",
    ),
)(project)
app.command(
    "export",
    epilog=examples(
        "budget export --to litellm --budgets sample_data/budgets.toml",
        "budget export --to litellm --budgets sample_data/budgets.toml -o litellm-budgets.yaml",
    ),
)(export)
