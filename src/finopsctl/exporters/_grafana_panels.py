"""Panels of a Grafana dashboard: what a panel holds, by kind, and where it stands.

Fields: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ and the options
of each kind of panel in Grafana's own schemas. A grid is 24 columns wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finopsctl.exporters._grading import spans
from finopsctl.metrics.kpi import Scale
from finopsctl.results.units import Grade, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from finopsctl.metrics.kpi import RangeScale

WIDTH = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
UNITS = {
    Unit.USD: "currencyUSD",
    Unit.UNIT_PRICE: "currencyUSD",
    Unit.USD_PER_DAY: "currencyUSD",
    Unit.RATIO: "percentunit",
    Unit.FACTOR: "none",
    Unit.DAYS: "d",
    Unit.TOKENS: "short",
}
_COLORS = {Grade.GOOD: "green", Grade.OK: "light-green", Grade.WARNING: "orange", Grade.CRITICAL: "red"}
_DECIMALS = {Unit.UNIT_PRICE: 4, Unit.USD: 2, Unit.USD_PER_DAY: 2, Unit.RATIO: 1, Unit.DAYS: 1}


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel before it has a place.

    Args:
        kind: ``stat``, ``gauge``, ``bargauge``, ``piechart``, ``timeseries``.
        title: Its heading.
        queries: Pairs of a query and the legend of its series.
        unit: What its values count.
        width: Columns of the grid.
        height: Rows of the grid.
        scale: Whose grades colour its values.
        description: What a reader must know.
        bars: Whether a time series is drawn as stacked bars, one an hour.
    """

    kind: str
    title: str
    queries: Sequence[tuple[str, str]]
    unit: Unit
    width: int
    height: int = 8
    scale: Scale | RangeScale | None = None
    description: str = ""
    bars: bool = False


def placed(panels: Iterable[Panel], first_id: int, top: int) -> Iterator[dict[str, Any]]:
    """Yield panels in rows from left to right, each with a number and a place no other one has."""
    x, y, tallest = 0, top, 0
    for number, panel in enumerate(panels, first_id):
        if x + panel.width > WIDTH:
            x, y, tallest = 0, y + tallest, 0
        yield _written(panel, number, {"h": panel.height, "w": panel.width, "x": x, "y": y})
        x, tallest = x + panel.width, max(tallest, panel.height)


def _written(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    is_moment = panel.kind != "timeseries"
    targets = [_target(expr, legend, "ABCDEFGH"[at], is_moment) for at, (expr, legend) in enumerate(panel.queries)]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
        "datasource": DATASOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
        **({"interval": "1h"} if panel.bars else {}),
    }


def _target(expr: str, legend: str, letter: str, is_moment: bool) -> dict[str, Any]:  # noqa: FBT001 - one of two kinds
    return {
        "refId": letter,
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": expr,
        "legendFormat": legend,
        "instant": is_moment,
        "range": not is_moment,
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    found: dict[str, Any] = {"unit": UNITS.get(panel.unit, "short"), "thresholds": thresholds(panel.scale)}
    if panel.unit in _DECIMALS:
        found["decimals"] = _DECIMALS[panel.unit]
    found["color"] = {"mode": "thresholds" if isinstance(panel.scale, Scale) else "palette-classic"}
    if panel.kind == "gauge":
        found |= {"min": 0, "max": 1}
    if panel.kind == "timeseries":
        found["custom"] = _BARS if panel.bars else _LINES
    return found


def thresholds(scale: Scale | RangeScale | None) -> dict[str, Any]:
    """Return a scale as steps of colour; a value on a step has the colour that begins there."""
    if not isinstance(scale, Scale):
        return {"mode": "absolute", "steps": [{"color": "green", "value": None}]}
    found = sorted(
        ((span.low, _COLORS[grade]) for grade, span in spans(scale) if not span.is_empty), key=lambda s: s[0]
    )
    steps = [{"color": color, "value": None if at == 0 else low} for at, (low, color) in enumerate(found)]
    return {"mode": "absolute", "steps": steps}


_CALCULATED = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_TOOLTIP = {"mode": "multi", "sort": "desc"}
_OPTIONS: dict[str, dict[str, Any]] = {
    "stat": {
        "reduceOptions": _CALCULATED,
        "orientation": "auto",
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "auto",
    },
    "gauge": {
        "reduceOptions": _CALCULATED,
        "orientation": "auto",
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
    },
    "bargauge": {
        "reduceOptions": _CALCULATED,
        "orientation": "horizontal",
        "displayMode": "basic",
        "valueMode": "color",
        "showUnfilled": True,
        "minVizWidth": 8,
        "minVizHeight": 16,
    },
    "piechart": {
        "reduceOptions": _CALCULATED,
        "pieType": "donut",
        "legend": {"displayMode": "table", "placement": "right", "showLegend": True, "values": ["value", "percent"]},
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "timeseries": {"legend": _LEGEND, "tooltip": _TOOLTIP},
}
_LINES = {
    "drawStyle": "line",
    "lineWidth": 2,
    "fillOpacity": 10,
    "showPoints": "never",
    "spanNulls": False,
    "stacking": {"mode": "none", "group": "A"},
}
_BARS = {
    "drawStyle": "bars",
    "lineWidth": 0,
    "fillOpacity": 80,
    "showPoints": "never",
    "spanNulls": False,
    "stacking": {"mode": "normal", "group": "A"},
}
