"""The dashboard: what Grafana needs is there, nothing overlaps, and every query is one that Prometheus reads."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from exporters.promtools import NASTY, checked, kpis, needs_promtool
from finopsctl.exporters.dialects import GENERIC, LITELLM
from finopsctl.exporters.grafana import dashboard
from finopsctl.metrics.budgets import Budget
from finopsctl.metrics.kpi import KpiSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from finopsctl.exporters.dialects import Dialect

BOTH = pytest.mark.parametrize("dialect", [LITELLM, GENERIC], ids=lambda dialect: dialect.name)
DATASOURCE = {"const": {"type": "prometheus", "uid": "${datasource}"}}
PLACE = {
    "type": "object",
    "required": ["h", "w", "x", "y"],
    "properties": {
        "h": {"type": "integer", "minimum": 1},
        "w": {"type": "integer", "minimum": 1, "maximum": 24},
        "x": {"type": "integer", "minimum": 0, "maximum": 23},
        "y": {"type": "integer", "minimum": 0},
    },
}
TARGET = {
    "type": "object",
    "required": ["refId", "datasource", "expr", "legendFormat"],
    "properties": {"refId": {"pattern": "^[A-Z]$"}, "expr": {"minLength": 5}, "datasource": DATASOURCE},
}
STEPS = {
    "type": "array",
    "minItems": 1,
    "prefixItems": [{"properties": {"value": {"type": "null"}}}],
    "items": {"required": ["color", "value"]},
}
PANEL = {
    "type": "object",
    "required": ["id", "type", "title", "gridPos"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "type": {"enum": ["stat", "gauge", "bargauge", "piechart", "timeseries", "row"]},
        "gridPos": PLACE,
    },
    "if": {"properties": {"type": {"const": "row"}}},
    "then": {"required": ["collapsed", "panels"]},
    "else": {
        "required": ["datasource", "targets", "fieldConfig", "options"],
        "properties": {
            "datasource": DATASOURCE,
            "targets": {"type": "array", "minItems": 1, "items": TARGET},
            "fieldConfig": {
                "required": ["defaults", "overrides"],
                "properties": {
                    "defaults": {
                        "required": ["unit", "thresholds", "color"],
                        "properties": {"thresholds": {"required": ["mode", "steps"], "properties": {"steps": STEPS}}},
                    }
                },
            },
        },
    },
}
VARIABLE = {
    "required": ["name", "type", "query", "current", "options", "hide", "refresh", "regex", "multi", "includeAll"]
}
DASHBOARD = {
    "type": "object",
    "required": [
        *("id", "uid", "title", "tags", "timezone", "editable", "graphTooltip", "time", "timepicker", "templating"),
        *("annotations", "refresh", "schemaVersion", "version", "links", "panels"),
    ],
    "properties": {
        "id": {"type": "null"},
        "uid": {"pattern": "^[a-zA-Z0-9_-]{1,40}$"},
        "title": {"minLength": 1},
        "time": {"required": ["from", "to"]},
        "refresh": {"const": "30s"},
        "schemaVersion": {"type": "integer", "minimum": 36},
        "panels": {"type": "array", "items": PANEL},
        "templating": {"required": ["list"], "properties": {"list": {"items": VARIABLE}}},
        "annotations": {"required": ["list"]},
    },
}
"""What the JSON model of a dashboard requires, as its documentation and Grafana's own schemas say."""


def written(dialect: Dialect = LITELLM, *budgets: Budget, settings: KpiSettings | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dashboard(kpis(settings), budgets, dialect))
    return found


def panels(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in document["panels"]:
        yield panel
        yield from panel.get("panels", [])


def queries(document: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in panels(document) for target in panel.get("targets", [])]


def titled(document: dict[str, Any], title: str) -> dict[str, Any]:
    return next(panel for panel in panels(document) if panel["title"] == title)


@BOTH
def test_the_dashboard_is_what_grafana_imports(dialect: Dialect) -> None:
    jsonschema.validate(written(dialect, Budget("all", Decimal(5))), DASHBOARD)


@BOTH
@needs_promtool
def test_prometheus_reads_every_query_and_every_variable_asks_for_a_label(dialect: Dialect, tmp_path: Path) -> None:
    document = written(dialect, Budget("all", Decimal(5)))
    rules = [{"record": f"panel:{at}", "expr": query} for at, query in enumerate(queries(document))]
    rules += [
        {"record": f"variable:{name}", "expr": found[1]}
        for name, variable in enumerate(document["templating"]["list"])
        if (found := re.fullmatch(r"label_values\((.*), (\w+)\)", str(variable["query"].get("query", "")))
            if isinstance(variable["query"], dict) else None)
    ]  # fmt: skip

    checked(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), tmp_path)
    assert len(rules) == len(queries(document)) + 2


@BOTH
def test_no_two_panels_overlap_or_share_a_number(dialect: Dialect) -> None:
    document = written(dialect)
    shown = [p for p in panels(document) if not p.get("panels")]
    numbers = [panel["id"] for panel in panels(document)]

    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert not [pair for pair in combinations(shown, 2) if _overlap(pair[0]["gridPos"], pair[1]["gridPos"])]
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels(document))


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    def beside(at: str, size: str) -> bool:
        return one[at] >= other[at] + other[size] or other[at] >= one[at] + one[size]

    return not (beside("x", "w") or beside("y", "h"))


def test_the_panels_are_those_that_were_asked_for() -> None:
    kinds = [(panel["type"], panel["title"]) for panel in written()["panels"]]

    assert kinds == [
        ("stat", "Total spend, 24 h"),
        ("stat", "Cost per request, 24 h"),
        ("stat", "Budget used"),
        ("stat", "Cache hits, 1 h"),
        ("stat", "Days remaining"),
        ("timeseries", "Spend by model, by the hour"),
        ("piechart", "Spend by provider, 24 h"),
        ("bargauge", "Cost by team, 24 h"),
        ("gauge", "Budgets"),
        ("timeseries", "Cost per 1k tokens, 1 h"),
        ("timeseries", "Tokens in and out, by the hour"),
        ("bargauge", "Top 10 spenders, 24 h"),
        ("row", "Every KPI that the metrics can tell"),
    ]


def test_every_kpi_that_metrics_tell_has_a_panel_in_the_closed_row() -> None:
    row = written()["panels"][-1]

    assert row["collapsed"]
    assert [p["title"].split(",")[0] for p in row["panels"]] == [kpi.title for kpi in kpis() if kpi.promql]


def test_hourly_spend_is_stacked_bars_of_an_hour() -> None:
    panel = titled(written(), "Spend by model, by the hour")

    custom = panel["fieldConfig"]["defaults"]["custom"]
    assert (custom["drawStyle"], custom["stacking"]["mode"], panel["interval"]) == ("bars", "normal", "1h")


def test_thresholds_are_those_of_the_configured_scale() -> None:
    """Below 0.001 good, to 0.002 ok, to 0.03 warning, above critical."""
    settings = KpiSettings(scales={"cost_per_request": [0.001, 0.002, 0.03]})
    panel = titled(written(settings=settings), "Cost per request, 24 h")

    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["color"], step["value"]) for step in steps] == [
        ("green", None),
        ("light-green", 0.001),
        ("orange", 0.002),
        ("red", 0.03),
    ]


def test_where_less_is_worse_the_lowest_values_are_red() -> None:
    steps = titled(written(), "Cache hits, 1 h")["fieldConfig"]["defaults"]["thresholds"]["steps"]

    assert [(step["color"], step["value"]) for step in steps] == [
        ("red", None),
        ("orange", 0.1),
        ("light-green", 0.2),
        ("green", 0.3),
    ]


def test_a_model_is_chosen_only_where_every_series_knows_it() -> None:
    """Requests of clients have no model: a cost per request of one model would divide by the requests of all."""
    document = written()

    assert 'model=~"$model"' in titled(document, "Total spend, 24 h")["targets"][0]["expr"]
    assert "$model" not in titled(document, "Cost per request, 24 h")["targets"][0]["expr"]
    assert all('team_alias=~"$team"' in query for query in queries(document))


def test_the_budget_for_everything_is_shown_where_there_is_one() -> None:
    one, team = Budget("all", Decimal(5)), Budget("support", Decimal(5), scope={"team": "support"})

    assert 'scope="global"' in titled(written(LITELLM, one), "Budget used")["targets"][0]["expr"]
    assert "litellm_team_max" in titled(written(LITELLM, team), "Budget used")["targets"][0]["expr"]
    assert titled(written(LITELLM, team), "Budgets")["targets"][0]["expr"] == "finopsctl:budget_used_ratio"


def test_no_name_of_a_configuration_stands_in_it() -> None:
    nasty = Budget(NASTY, Decimal(5), scope={"team": NASTY})

    assert written(LITELLM, nasty) == written(LITELLM, Budget("b", Decimal(7), scope={"team": "c"}))


def test_the_same_question_gives_the_same_bytes_and_a_stable_address() -> None:
    assert dashboard(kpis(), (), LITELLM) == dashboard(kpis(), (), LITELLM)
    assert (written()["uid"], written(GENERIC)["uid"]) == ("finopsctl-llm-spend", "finopsctl-llm-spend-generic")
