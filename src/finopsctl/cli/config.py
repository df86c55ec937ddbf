"""``finopsctl config``: what the settings are, where they come from, and whether they make sense."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import Common
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from finopsctl.config.settings import Settings
    from finopsctl.results.finding import Finding
    from finopsctl.results.report import Report

app = typer.Typer(help="Show and check the configuration.", no_args_is_help=True)

EXAMPLES_SHOW = """Examples:

  finopsctl config show --origin

  FINOPSCTL_TZ=Asia/Kolkata finopsctl config show --origin -f json
"""
EXAMPLES_CHECK = """Examples:

  finopsctl config check

  finopsctl config check --config finopsctl.toml -f json
"""
EXAMPLES_SCHEMA = """Examples:

  finopsctl config schema

  finopsctl config schema -o finopsctl.schema.json
"""

Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Configuration file.", show_default=False)
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format", "-f", metavar="FORMAT", help="table, md, csv, json, jsonl or parquet.", show_default=False
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.", show_default=False)
]


@app.command("show", epilog=EXAMPLES_SHOW)
def show(
    origin: Annotated[bool, typer.Option("--origin", metavar="", help="Say where each value comes from.")] = False,
    config: Config = None,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
) -> None:
    """Show every setting in force."""
    from finopsctl.cli import run

    common = Common(config=config, format=format, output=output)
    settings = run.settings_for(common)
    run.show(_settings_report(settings, with_origin=origin), settings, common)


@app.command("check", epilog=EXAMPLES_CHECK)
def check(config: Config = None, format: Format = None, output: Output = None) -> None:  # noqa: A002 - the option's name
    """Say what is wrong or doubtful; exit 2 when a command could not run with it."""
    import os

    from finopsctl.cli import run
    from finopsctl.config import checking
    from finopsctl.config.settings import Settings
    from finopsctl.results.finding import Severity

    settings, findings = checking.check(config=config, environ=os.environ, start=Path.cwd())
    chosen = Settings(format=format or (settings.format if settings else None))
    run.show(_check_report(settings, findings), chosen, Common(config=config, format=format, output=output))
    errors = sum(finding.severity is Severity.CRITICAL for finding in findings)
    if errors:
        raise ConfigError(
            f"the configuration has {errors} error{'' if errors == 1 else 's'}", "Correct what is listed."
        )


@app.command("schema", epilog=EXAMPLES_SCHEMA)
def schema(output: Output = None) -> None:
    """Print the JSON Schema of finopsctl.toml, for editors."""
    from finopsctl.config.schema import json_schema_text
    from finopsctl.whole_file import write_whole

    if output is not None:
        write_whole(output, json_schema_text().encode())
    else:
        typer.echo(json_schema_text(), nl=False)


def _settings_report(settings: Settings, *, with_origin: bool) -> Report:
    import polars as pl

    from finopsctl.config.schema import rows, toml
    from finopsctl.results.report import Column, Report, Table

    found = rows(settings)
    texts = [(key, toml(value) or None, origin) for key, value, origin in found]
    frame = pl.DataFrame(texts, schema={"key": pl.String, "value": pl.String, "origin": pl.String}, orient="row")
    columns = (Column("key", "Key"), Column("value", "Value"), Column("origin", "Origin"))
    given = sum(origin != "default" for _, _, origin in found)
    headline = f"{len(found)} settings, {given} of them given and the others at their defaults."
    shown = Table("Settings", frame if with_origin else frame.drop("origin"), columns if with_origin else columns[:2])
    return Report("config-show", headline, (shown,))


def _check_report(settings: Settings | None, findings: tuple[Finding, ...]) -> Report:
    import polars as pl

    from finopsctl.results.report import Column, Report, Table
    from finopsctl.results.units import Unit
    from finopsctl.results.wording import counted

    places = [str(origin) for origin in settings.origins.values()] if settings else []
    rows = [(place, places.count(place)) for place in dict.fromkeys(places)]
    frame = pl.DataFrame(rows, schema={"origin": pl.String, "keys": pl.Int64}, orient="row")
    table = Table("Read from", frame, (Column("origin", "Read from"), Column("keys", "Keys", Unit.COUNT)))
    read = f"Settings come from {counted(len(rows), 'place')}" if rows else "No setting could be read"
    if not rows and not findings:
        return Report("config-check", "Nothing is configured: every setting is at its default.", ())
    found = counted(len(findings), "finding") if findings else "no findings"
    return Report("config-check", f"{read}: {found}.", (table,) if rows else (), findings=findings)
