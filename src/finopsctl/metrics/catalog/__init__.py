"""The KPI catalogue: one declaration each, from which the scorecard, the documentation and dashboards derive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, nearest
from finopsctl.metrics.catalog import budget, cost_efficiency, data_quality, operations, unit_economics, usage
from finopsctl.metrics.explain import explanation, kpi_list
from finopsctl.metrics.kpi import KpiSettings, configured

if TYPE_CHECKING:
    from finopsctl.metrics.kpi import Kpi
    from finopsctl.results.report import Report

KPIS: tuple[Kpi, ...] = (
    *cost_efficiency.KPIS,
    *budget.KPIS,
    *usage.KPIS,
    *operations.KPIS,
    *unit_economics.KPIS,
    *data_quality.KPIS,
)
"""Every KPI, in the order of the scorecard."""


def kpi(name: str) -> Kpi:
    """Return the KPI called ``name``; ConfigError names the nearest one when there is none."""
    by_name = {k.name: k for k in KPIS}
    if name not in by_name:
        raise ConfigError(f"unknown KPI '{name}'", hint=nearest(name, by_name))
    return by_name[name]


def catalogue(settings: KpiSettings | None = None) -> Report:
    """List every KPI, with the scales of ``settings`` (None: the defaults)."""
    return kpi_list(configured(KPIS, settings or KpiSettings()))


def explain(name: str, settings: KpiSettings | None = None) -> Report:
    """Explain one KPI, with the scales of ``settings``; ConfigError names the nearest one when there is none."""
    asked = kpi(name)
    graded = configured(KPIS, settings or KpiSettings())
    return explanation(next(k for k in graded if k.name == asked.name))
