"""The command tree: one line a command; nothing heavy is imported here."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from finopsctl.cli import (
    anomalies,
    attribution,
    budget,
    cache,
    chargeback,
    check,
    config,
    demo,
    doctor,
    export,
    forecast,
    init,
    inspect,
    kpi,
    normalize,
    pricing,
    recommend,
    reconcile,
    reference,
    report,
    unit_economics,
    variance,
    whatif,
)
from finopsctl.cli.options import shares

app = typer.Typer(
    name="finopsctl",
    help="Answers what finance asks about LLM spend, from gateway logs and provider exports: what, who, why, how long.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_MONEY, _LEVERS = "Where the money goes", "What to do about it"
_REPORTS = "Reports"
_LEDGER, _REFERENCE, _SETUP = "The ledger", "Reference", "Setting up"

app.command("kpi", epilog=kpi.EXAMPLES, rich_help_panel=_MONEY)(shares(kpi.kpi))
app.command("attribution", epilog=attribution.EXAMPLES, rich_help_panel=_MONEY)(shares(attribution.attribution))
app.command("chargeback", epilog=chargeback.EXAMPLES, rich_help_panel=_MONEY)(shares(chargeback.chargeback))
app.command("variance", epilog=variance.EXAMPLES, rich_help_panel=_MONEY)(shares(variance.variance))
app.command("forecast", epilog=forecast.EXAMPLES, rich_help_panel=_MONEY)(shares(forecast.forecast))
app.command("unit-economics", epilog=unit_economics.EXAMPLES, rich_help_panel=_MONEY)(
    shares(unit_economics.unit_economics)
)
app.command("reconcile", epilog=reconcile.EXAMPLES, rich_help_panel=_MONEY)(shares(reconcile.reconcile))
app.add_typer(budget.app, name="budget", rich_help_panel=_MONEY)
app.command("whatif", epilog=whatif.EXAMPLES, rich_help_panel=_LEVERS)(shares(whatif.whatif))
app.command("anomalies", epilog=anomalies.EXAMPLES, rich_help_panel=_LEVERS)(shares(anomalies.anomalies))
app.command("check", epilog=check.EXAMPLES, rich_help_panel=_LEVERS)(shares(check.check))
app.command("recommend", epilog=recommend.EXAMPLES, rich_help_panel=_LEVERS)(shares(recommend.recommend))
app.add_typer(cache.app, name="cache", rich_help_panel=_LEVERS)
app.add_typer(export.app, name="export", rich_help_panel=_LEDGER)
app.command("report", epilog=report.EXAMPLES, rich_help_panel=_REPORTS)(shares(report.report))
app.command("inspect", epilog=inspect.EXAMPLES, rich_help_panel=_LEDGER)(shares(inspect.inspect))
app.command("normalize", epilog=normalize.EXAMPLES, rich_help_panel=_LEDGER)(shares(normalize.normalize))
app.add_typer(pricing.app, name="pricing", rich_help_panel=_LEDGER)
app.command("sources", epilog=reference.SOURCES_EXAMPLES, rich_help_panel=_REFERENCE)(shares(reference.sources))
app.command("kpis", epilog=reference.KPIS_EXAMPLES, rich_help_panel=_REFERENCE)(shares(reference.kpis))
app.command("dimensions", epilog=reference.DIMENSIONS_EXAMPLES, rich_help_panel=_REFERENCE)(
    shares(reference.dimensions)
)
app.command("explain", epilog=reference.EXPLAIN_EXAMPLES, rich_help_panel=_REFERENCE)(shares(reference.explain))
app.command("init", epilog=init.EXAMPLES, rich_help_panel=_SETUP)(init.init)
app.command("demo", epilog=demo.EXAMPLES, rich_help_panel=_SETUP)(shares(demo.demo))
app.command("doctor", epilog=doctor.EXAMPLES, rich_help_panel=_SETUP)(shares(doctor.doctor))
app.add_typer(config.app, name="config", rich_help_panel=_SETUP)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"finopsctl {version('finopsctl')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, metavar="", help="Print the version.")
    ] = False,
) -> None:
    """Take the options that come before the command."""
    del version


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from finopsctl.cli.run import guard

    sys.exit(guard(app, sys.argv[1:]))
