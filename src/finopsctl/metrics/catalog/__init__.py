"""The KPI catalogue: one declaration each, from which the scorecard, the documentation and dashboards derive."""

from __future__ import annotations

from finopsctl.errors import ConfigError, nearest
from finopsctl.metrics.catalog import budget, cost_efficiency, data_quality, operations, unit_economics, usage
from finopsctl.metrics.kpi import Kpi

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
