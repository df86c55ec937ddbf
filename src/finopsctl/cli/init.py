"""``finopsctl init``: write a commented configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finopsctl.errors import ConfigError
from finopsctl.whole_file import write_whole

EXAMPLES = """Examples:

  finopsctl init

  finopsctl init --path conf/finopsctl.toml --force
"""

Target = Annotated[
    Path, typer.Option("--path", metavar="PATH", help="File to write, or a folder to write finopsctl.toml into.")
]


def init(
    path: Target = Path("finopsctl.toml"),
    force: Annotated[bool, typer.Option("--force", metavar="", help="Replace a file that is already there.")] = False,
) -> None:
    """Write a finopsctl.toml that explains every setting, all switched off."""
    from finopsctl.config.example import example
    from finopsctl.config.files import FILE_NAME

    target = path / FILE_NAME if path.is_dir() else path
    if target.exists() and not force:
        raise ConfigError(f"{target} is already there", "Replace it with --force, or write elsewhere with --path FILE.")
    write_whole(target, example().encode())
    typer.echo(f"Wrote {target}. Remove the # before a setting to use it; check with: finopsctl config check", err=True)
