"""``finopsctl export``: files for the programs that watch: Prometheus' rules, Grafana's dashboard, OpenMetrics."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common, examples, shares
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from finopsctl.config.settings import Settings
    from finopsctl.metrics.kpi import Kpi
    from finopsctl.results.finding import Finding

app = typer.Typer(
    help="Files for other programs: alert rules for Prometheus, a dashboard for Grafana, figures as OpenMetrics.",
    no_args_is_help=True,
)

Names = Annotated[
    str,
    typer.Option(
        "--names",
        metavar="NAMES",
        help="What the gateway's series are called: litellm (its own names) or generic (litellm_spend_total ...). "
        "Default: litellm.",
        show_default=False,
    ),
]
Budgets = Annotated[
    Path | None,
    typer.Option(
        "--budgets", metavar="FILE", help="File of budgets (TOML, one budget table each).", show_default=False
    ),
]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Configuration file.", show_default=False)
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.", show_default=False)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="No notes on standard error.")]


def prometheus_rules(
    names: Names = "litellm",
    budgets: Budgets = None,
    config: Config = None,
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Write recording and alert rules for Prometheus (YAML).

    Every KPI that a LiteLLM proxy's metrics can tell is recorded; alerts come from the scales that grade
    `finopsctl kpi` and from the levels of the configured budgets. What the metrics cannot tell is listed at the head.
    """
    from finopsctl.exporters.dialects import dialect_named
    from finopsctl.exporters.prometheus_rules import rules

    dialect = dialect_named(names)
    settings = _settings(config, budgets)
    aware = settings.kpi.bands == "period-aware"
    document, found = rules(_kpis(settings), settings.all_budgets(), dialect, period_aware=aware)
    if not quiet:
        _note(found)
    _put(document.encode(), output)


def grafana(
    names: Names = "litellm",
    budgets: Budgets = None,
    config: Config = None,
    output: Output = None,
) -> None:
    """Write a dashboard for Grafana (JSON): spend, budgets, models, teams, tokens, and a panel for every KPI.

    Its data source is chosen on the dashboard. Thresholds are those of the configured scales. The budgets it shows are
    those of the file of rules (`export prometheus-rules` with the same budgets), else those of the gateway.
    """
    from finopsctl.exporters.dialects import dialect_named
    from finopsctl.exporters.grafana import dashboard

    dialect = dialect_named(names)
    settings = _settings(config, budgets)
    _put(dashboard(_kpis(settings), settings.all_budgets(), dialect).encode(), output)


def openmetrics(common: Common, by: By = None) -> None:
    """Write KPIs, spend and budgets as gauges (OpenMetrics) for a scrape or the textfile collector.

    KPIs are those of `finopsctl kpi`, --by included; spend, requests and tokens are by --by, else by team and model.
    Grades are numbers: 0 good, 1 ok, 2 warning, 3 critical, 4 exhausted. What is unknown is absent.
    """
    from finopsctl.cli.exposition import metrics_of
    from finopsctl.cli.run import books_for, note_findings, settings_for

    if common.format not in {None, "openmetrics"}:
        raise ConfigError(f"openmetrics is not written as {common.format}", "Leave out -f.")
    settings = settings_for(common, by=by)
    books = books_for(settings, common)
    document = metrics_of(books, settings)
    note_findings(books, common)
    _put(document, common.output)


def _settings(config: Path | None, budgets: Path | None) -> Settings:
    import os

    from finopsctl.config import settings as configuration

    return configuration.load(config=config, environ=os.environ, start=Path.cwd(), flags={"budgets": budgets})


def _kpis(settings: Settings) -> tuple[Kpi, ...]:
    from finopsctl.metrics.catalog import KPIS
    from finopsctl.metrics.kpi import configured

    return configured(KPIS, settings.kpi_settings())


def _note(found: Iterable[Finding]) -> None:
    from finopsctl.cli.run import one_line

    for finding in found:
        typer.echo(one_line(f"{finding.severity}: {finding.message}"), err=True)


def _put(document: bytes, output: Path | None) -> None:
    from finopsctl.whole_file import write_whole

    if output is not None:
        write_whole(output, document)
        return
    sys.stdout.buffer.write(document)
    sys.stdout.buffer.flush()


app.command(
    "prometheus-rules",
    epilog=examples(
        "export prometheus-rules --budgets sample_data/budgets.toml -o finops-rules.yml",
        "export prometheus-rules --config sample_data/finopsctl.example.toml --names generic",
    ),
)(prometheus_rules)
app.command(
    "grafana",
    epilog=examples(
        "export grafana -o finops-dashboard.json",
        "export grafana --budgets sample_data/budgets.toml --config sample_data/finopsctl.example.toml",
    ),
)(grafana)
app.command(
    "openmetrics",
    epilog=examples(
        "export openmetrics sample_data --month 2026-10 -o finops.prom",
        "export openmetrics sample_data --by team --budgets sample_data/budgets.toml",
    ),
)(shares(openmetrics))
