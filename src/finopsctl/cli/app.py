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
    config,
    demo,
    doctor,
    forecast,
    init,
    inspect,
    kpi,
    normalize,
    pricing,
    recommend,
    reconcile,
    reference,
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
app.command("kpi", epilog=kpi.EXAMPLES)(shares(kpi.kpi))
app.command("attribution", epilog=attribution.EXAMPLES)(shares(attribution.attribution))
app.command("chargeback", epilog=chargeback.EXAMPLES)(shares(chargeback.chargeback))
app.command("variance", epilog=variance.EXAMPLES)(shares(variance.variance))
app.command("forecast", epilog=forecast.EXAMPLES)(shares(forecast.forecast))
app.command("anomalies", epilog=anomalies.EXAMPLES)(shares(anomalies.anomalies))
app.command("whatif", epilog=whatif.EXAMPLES)(shares(whatif.whatif))
app.command("recommend", epilog=recommend.EXAMPLES)(shares(recommend.recommend))
app.command("reconcile", epilog=reconcile.EXAMPLES)(shares(reconcile.reconcile))
app.command("normalize", epilog=normalize.EXAMPLES)(shares(normalize.normalize))
app.command("inspect", epilog=inspect.EXAMPLES)(shares(inspect.inspect))
app.command("sources", epilog=reference.SOURCES_EXAMPLES)(shares(reference.sources))
app.command("kpis", epilog=reference.KPIS_EXAMPLES)(shares(reference.kpis))
app.command("dimensions", epilog=reference.DIMENSIONS_EXAMPLES)(shares(reference.dimensions))
app.command("explain", epilog=reference.EXPLAIN_EXAMPLES)(shares(reference.explain))
app.command("unit-economics", epilog=unit_economics.EXAMPLES)(shares(unit_economics.unit_economics))
app.add_typer(budget.app, name="budget")
app.add_typer(cache.app, name="cache")
app.add_typer(pricing.app, name="pricing")
app.add_typer(config.app, name="config")
app.command("init", epilog=init.EXAMPLES)(init.init)
app.command("demo", epilog=demo.EXAMPLES)(shares(demo.demo))
app.command("doctor", epilog=doctor.EXAMPLES)(shares(doctor.doctor))


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
