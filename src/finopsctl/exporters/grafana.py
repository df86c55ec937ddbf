"""A dashboard for Grafana over a gateway's metrics, as JSON to import.

What it holds is the same each time: numbers and places of panels follow from their order. No name from a log or a
configuration stands in it; names come from labels when it is shown.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from finopsctl.exporters._budget_rules import GLOBAL, USED, checked
from finopsctl.exporters._grafana_panels import DATASOURCE, WIDTH, Panel, placed
from finopsctl.exporters.dialects import narrowed
from finopsctl.exporters.prometheus_rules import query_over
from finopsctl.metrics import promql as q
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from finopsctl.exporters.dialects import Dialect
    from finopsctl.metrics.budgets import Budget
    from finopsctl.metrics.kpi import Kpi

UID = "finopsctl-llm-spend"
SCHEMA_VERSION = 39
_ESTIMATE = "An estimate from counters, not a bill."
_ROW = 1


def dashboard(kpis: Sequence[Kpi], budgets: Iterable[Budget], dialect: Dialect) -> str:
    """Return the dashboard.

    Args:
        kpis: With the scales that colour their panels.
        budgets: Of the configuration; it shows what the rules for them record.
        dialect: The names the gateway's series have.
    """
    shown = _Shown(kpis, dialect)
    followed = [budget for budget in checked(budgets, dialect)[0] if budget.limit]
    main = list(placed(_panels(shown, followed), 1, 0))
    top = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in main)
    more = placed(_kpi_panels(shown), len(main) + 2, top + _ROW)
    row = {
        "id": len(main) + 1,
        "type": "row",
        "title": "Every KPI that the metrics can tell",
        "collapsed": True,
        "gridPos": {"h": _ROW, "w": WIDTH, "x": 0, "y": top},
        "panels": list(more),
    }
    return json.dumps(_document(dialect, [*main, row]), indent=2) + "\n"


class _Shown:
    """KPIs as queries that the dashboard's variables narrow down."""

    def __init__(self, kpis: Sequence[Kpi], dialect: Dialect) -> None:
        self.kpis = {kpi.name: kpi for kpi in kpis if dialect.query(kpi)}
        self.dialect = dialect

    def query(self, name: str, window: str = "") -> str:
        """Return the query of a KPI over its own window or another one."""
        kpi = self.kpis[name]
        # A whole query of the dialect has other series than the KPI's own; then models are not told apart.
        return self._asked(
            self.dialect.query(kpi), window or kpi.window, by_model=self.dialect.knows_models(kpi.promql)
        )

    def over(self, promql: str, window: str) -> str:
        """Return a query of our own over a window."""
        return self._asked(self.dialect.said(promql), window, by_model=self.dialect.knows_models(promql))

    def _asked(self, promql: str, window: str, *, by_model: bool) -> str:
        model = ',model=~"$model"' if by_model else ""
        return narrowed(query_over(promql, window), f'{self.dialect.team}=~"$team"{model}')

    def by(self, label: str) -> str:
        """Return the legend that shows a label, called as the dialect calls it."""
        return f"{{{{{self.dialect.labels.get(label, label)}}}}}"

    @property
    def team(self) -> str:
        """The legend that shows a team."""
        return f"{{{{{self.dialect.team}}}}}"


def _panels(shown: _Shown, followed: Sequence[Budget]) -> Iterator[Panel]:
    kpis = shown.kpis
    yield Panel("stat", "Total spend, 24 h", [(shown.query("burn_rate", "24h"), "")], Unit.USD, 5, 4, None, _ESTIMATE)
    yield _stat(kpis["cost_per_request"], shown.query("cost_per_request", "24h"), "Cost per request, 24 h")
    used, why = _used(shown, is_set=any(not budget.scope for budget in followed))
    yield _stat(kpis["budget_utilization"], used, "Budget used", why)
    yield _stat(kpis["cache_hit_rate"], shown.query("cache_hit_rate"), "Cache hits, 1 h")
    left = f"min({shown.query('days_to_exhaustion')})"
    yield _stat(kpis["days_to_exhaustion"], left, "Days remaining", "Of the team that runs out first.", width=4)
    yield from _charts(shown)
    yield from _by_team(shown, own_budgets=bool(followed))
    cpt = shown.query("cost_per_1k_tokens", "1h")
    yield Panel("timeseries", "Cost per 1k tokens, 1 h", [(cpt, "USD per 1k tokens")], Unit.UNIT_PRICE, 12)
    tokens = [
        (shown.over(q.increase(q.INPUT_TOKENS), "1h"), "in"),
        (shown.over(q.increase(q.OUTPUT_TOKENS), "1h"), "out"),
    ]
    yield Panel("timeseries", "Tokens in and out, by the hour", tokens, Unit.TOKENS, 12)
    who = q.increase(q.SPEND, "user", f"user{q.KNOWN}")
    spenders = f"topk(10, {shown.over(who, '24h')})"
    yield Panel("bargauge", "Top 10 spenders, 24 h", [(spenders, "{{user}}")], Unit.USD, WIDTH, 9)


def _stat(kpi: Kpi, query: str, title: str, description: str = "", *, width: int = 5) -> Panel:
    return Panel("stat", title, [(query, "")], kpi.unit, width, 4, kpi.scale, description or kpi.question)


def _used(shown: _Shown, *, is_set: bool) -> tuple[str, str]:
    """Return the query of the share of a budget that is spent, and whose: that for everything where one is set."""
    if is_set:
        return f'max({USED}{{scope="{GLOBAL}"}})', "Of the configured budget for everything."
    return f"max({shown.query('budget_utilization')})", "Of the team that has used most of its budget."


def _charts(shown: _Shown) -> Iterator[Panel]:
    hourly = shown.over(q.increase(q.SPEND, "model"), "1h")
    yield Panel("timeseries", "Spend by model, by the hour", [(hourly, "{{model}}")], Unit.USD, 16, 9, bars=True)
    providers = shown.over(q.increase(q.SPEND, "api_provider"), "24h")
    yield Panel("piechart", "Spend by provider, 24 h", [(providers, shown.by("api_provider"))], Unit.USD, 8, 9)


def _by_team(shown: _Shown, *, own_budgets: bool) -> Iterator[Panel]:
    cost = f"sort_desc({shown.over(q.increase(q.SPEND, q.TEAM), '24h')})"
    yield Panel("bargauge", "Cost by team, 24 h", [(cost, shown.team)], Unit.USD, 12)
    kpi = shown.kpis["budget_utilization"]
    queries = [(shown.query(kpi.name), f"{shown.team} (gateway)")]
    if own_budgets:
        queries.insert(0, (USED, "{{budget}}"))
    yield Panel("gauge", "Budgets", queries, Unit.RATIO, 12, scale=kpi.scale, description=kpi.question)


def _kpi_panels(shown: _Shown) -> Iterator[Panel]:
    for kpi in shown.kpis.values():
        title = f"{kpi.title}, {kpi.window}" if q.WINDOW in kpi.promql else kpi.title
        note = f"{kpi.question} {kpi.promql_note[:1].upper()}{kpi.promql_note[1:]}{'.' if kpi.promql_note else ''}"
        legend = shown.by(_label(kpi)) if _label(kpi) else kpi.title
        queries = [(shown.query(kpi.name), shown.team if _label(kpi) == q.TEAM else legend)]
        yield Panel("timeseries", title, queries, kpi.unit, 8, 7, kpi.scale, note.strip())


def _label(kpi: Kpi) -> str:
    """Return the label that tells the series of a KPI's query apart; empty: there is one series."""
    labels = (q.TEAM, "model", "api_provider")
    return next((label for label in labels if f"by ({label})" in kpi.promql), "")


def _document(dialect: Dialect, panels: list[dict[str, Any]]) -> dict[str, Any]:
    spend = dialect.said(q.SPEND)
    return {
        "id": None,
        "uid": UID if dialect.name == "litellm" else f"{UID}-{dialect.name}",
        "title": "LLM spend",
        "description": "Spend, budgets and KPIs of an AI gateway, estimated from its metrics. Written by finopsctl.",
        "tags": ["finops", "llm", "finopsctl"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-7d", "to": "now"},
        "timepicker": {},
        "links": [],
        "annotations": {"list": []},
        "templating": {
            "list": [
                _datasource(),
                _variable("team", f"label_values({spend}, {dialect.team})"),
                _variable("model", f"label_values({spend}, model)"),
            ]
        },
        "panels": panels,
    }


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "options": [],
        "hide": 0,
        "refresh": 1,
        "regex": "",
        "multi": False,
        "includeAll": False,
    }


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": f"finopsctl-{name}"},
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [],
        "hide": 0,
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
    }
