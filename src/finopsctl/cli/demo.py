"""``finopsctl demo``: the sample company, and what to try on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from finopsctl.cli.options import Common, Display
from finopsctl.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = """Examples:

  finopsctl demo

  finopsctl demo -f json
"""
_TRY = (
    "attribution {data} --by team,model",
    "attribution {data} --by team --last 7d --compare previous",
    "variance {data} --month 2026-10",
    "budget status {data} --budgets {data}/budgets.toml",
    "forecast {data} --by team",
    "whatif {data} --swap gpt-4o=gpt-4o-mini",
    "inspect {data}",
    "explain cost_per_request",
)


def demo(display: Display) -> None:
    """Print the scorecard of the sample company, and commands to try on it."""
    from dataclasses import asdict

    from finopsctl.cli.kpi import kpi

    folder = sample_folder()
    budgets = folder / "budgets.toml"
    kpi(Common(**asdict(display), inputs=[str(folder)], budgets=budgets if budgets.exists() else None))
    if not display.quiet:
        typer.echo("\nTry next:", err=True)
        for line in _TRY:
            typer.echo(f"  finopsctl {line.format(data=folder)}", err=True)


def sample_folder() -> Path:
    """Return where the sample data lies: inside the installed package, else beside the source tree.

    Raises:
        SourceError: When this installation came without it.
    """
    from pathlib import Path

    package = Path(__file__).resolve().parents[1]
    for folder in (package / "data" / "sample_data", package.parents[1] / "sample_data"):
        if folder.is_dir():
            return folder
    raise SourceError("this installation came without the sample data", "Reinstall finopsctl.")
