"""``finopsctl sources | kpis | dimensions | explain``: what there is to read, to measure and to group by."""

from __future__ import annotations

from typing import Annotated

import typer

from finopsctl.cli.options import Display

SOURCES_EXAMPLES = """Examples:

  finopsctl sources

  finopsctl sources litellm
"""
KPIS_EXAMPLES = """Examples:

  finopsctl kpis

  finopsctl kpis -f json
"""
DIMENSIONS_EXAMPLES = """Examples:

  finopsctl dimensions

  finopsctl attribution sample_data --by month,team
"""
EXPLAIN_EXAMPLES = """Examples:

  finopsctl explain cost_per_request

  finopsctl explain days_to_exhaustion
"""

Name = Annotated[
    str | None, typer.Argument(metavar="NAME", help="One source: what it reads and the command that exports it.")
]
KpiName = Annotated[str, typer.Argument(metavar="KPI", help="Name of a KPI (see `finopsctl kpis`).")]


def sources(display: Display, name: Name = None) -> None:
    """List what can be read, or print the exact command that exports one source."""
    from finopsctl.cli.run import show_reference
    from finopsctl.sources.catalogue import one_source, source_list

    show_reference(one_source(name) if name else source_list(), display)


def kpis(display: Display) -> None:
    """List every KPI: what it asks, its formula and its target."""
    from finopsctl.cli.run import show_reference
    from finopsctl.metrics.catalog import catalogue

    show_reference(catalogue(), display)


def dimensions(display: Display) -> None:
    """List what `--by` and `--where` understand."""
    from finopsctl.cli.run import show_reference
    from finopsctl.metrics.dimensions import catalogue

    show_reference(catalogue(), display)


def explain(display: Display, kpi: KpiName) -> None:
    """Explain one KPI: formula, fields, grades, target."""
    from finopsctl.cli.run import show_reference
    from finopsctl.metrics.catalog import explain as explained

    show_reference(explained(kpi), display)
