"""Recording and alert rules for Prometheus: every KPI that a gateway's metrics can tell, and the configured budgets.

Format: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/. Alerts come from the scales that
grade the scorecard, so one configuration decides both. A value is in one grade at a time: when a warning becomes
critical, the one alert ends and the other begins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from finopsctl.exporters import _budget_rules as budget_rules
from finopsctl.exporters._grading import graded
from finopsctl.exporters._yaml import comment, document
from finopsctl.metrics import promql as q
from finopsctl.metrics.kpi import Scale
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.units import Grade, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from finopsctl.exporters.dialects import Dialect
    from finopsctl.metrics.budgets import Budget
    from finopsctl.metrics.kpi import Kpi

INTERVAL = "1m"
_DURATION = re.compile(r"\d+[smhdw]")
_FOR = {"5m": "5m", "1h": "15m", "24h": "30m", "30d": "1h"}
"""How long a value must have a grade before it is an alert, by the window it looks back over."""

_ALERTED = (Grade.WARNING, Grade.CRITICAL)
_VALUE = {
    Unit.RATIO: "{{ $value | humanizePercentage }}",
    Unit.UNIT_PRICE: '{{ $value | printf "%.6f" }} USD',
    Unit.DAYS: '{{ $value | printf "%.1f" }} days',
}
_HEAD = """\
Rules for Prometheus, written by `finopsctl export prometheus-rules --names {names}`. Load with rule_files.
What they say are estimates from counters: increase() extrapolates and loses what a series held when it was first seen.
Good for alarms, never for a bill. Windows of 30 days and budgets need as much history
(--storage.tsdb.retention.time); with less they say less than was spent.
"""


def rules(
    kpis: Sequence[Kpi], budgets: Iterable[Budget], dialect: Dialect, *, period_aware: bool = True
) -> tuple[str, tuple[Finding, ...]]:
    """Return the rules file, and a finding for each budget that metrics cannot follow as it is.

    Args:
        kpis: With the scales that grade them.
        budgets: Of the configuration.
        dialect: The names the gateway's series have.
        period_aware: Whether a budget that lasts its period is fine, however few days that are.
    """
    kept, said = budget_rules.checked(budgets, dialect)
    scale = next((k.scale for k in kpis if k.name == "budget_utilization" and isinstance(k.scale, Scale)), None)
    groups = [
        _group("finops-recording-rules", _shared_rules(kpis, dialect)),
        _group("finopsctl-kpis", [_recorded(kpi, dialect) for kpi in kpis if dialect.query(kpi)]),
        _group("finopsctl-budgets", [r for b in kept for r in budget_rules.recording_rules(b, dialect)]),
        _group("finopsctl-kpi-alerts", [a for k in kpis for a in _alerts(k, dialect, period_aware=period_aware)]),
        _group("finopsctl-budget-alerts", [a for b in kept for a in budget_rules.alert_rules(b, scale)]),
    ]
    head = comment([*_HEAD.format(names=dialect.name).splitlines(), "", *_left_out(kpis, dialect), *said])
    found = (Finding(Severity.WARNING, "budget_not_exported", text[:1].upper() + text[1:]) for text in said)
    return head + document({"groups": [group for group in groups if group["rules"]]}), tuple(found)


def record_name(kpi: Kpi) -> str:
    """Return what the KPI's own recording rule is called: its name and its window."""
    return f"finopsctl:{kpi.name}:{kpi.window}" if q.WINDOW in kpi.promql else f"finopsctl:{kpi.name}"


def query_over(promql: str, window: str) -> str:
    """Return a query with its window put in."""
    return promql.replace(q.WINDOW, window)


def _group(name: str, rules_of: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "interval": INTERVAL, "rules": rules_of}


def _shared_rules(kpis: Iterable[Kpi], dialect: Dialect) -> list[dict[str, Any]]:
    """Return the rules whose names dashboards of AI gateways share; the last part of a name may be its window."""
    found = []
    for kpi in kpis:
        promql = dialect.said(kpi.recorded) if kpi.recorded else dialect.query(kpi)
        if kpi.record and promql:
            last = kpi.record.rpartition(":")[2]
            window = last if _DURATION.fullmatch(last) else kpi.window
            found.append({"record": kpi.record, "expr": query_over(promql, window)})
    return found


def _recorded(kpi: Kpi, dialect: Dialect) -> dict[str, Any]:
    return {"record": record_name(kpi), "expr": query_over(dialect.query(kpi), kpi.window)}


def _alerts(kpi: Kpi, dialect: Dialect, *, period_aware: bool) -> list[dict[str, Any]]:
    scale = kpi.scale
    if not dialect.query(kpi) or not isinstance(scale, Scale):
        return []
    until_reset = dialect.said(q.TEAM_HOURS) if period_aware and kpi.unit is Unit.DAYS else ""
    whose = f" of {{{{ $labels.{dialect.team} }}}}" if f"by ({q.TEAM})" in kpi.promql else ""
    return [_alert(kpi, grade, whose, until_reset) for grade in _ALERTED if graded(scale, grade)]


def _alert(kpi: Kpi, grade: Grade, whose: str, until_reset: str) -> dict[str, Any]:
    scale = kpi.scale
    assert isinstance(scale, Scale)
    name, bands = record_name(kpi), graded(scale, grade)
    condition = " or ".join(span.condition(name) for span in bands)
    if until_reset:
        enough = f"{name} >= on ({q.TEAM}) max by ({q.TEAM}) ({until_reset}) / 24"
        condition = f"({condition}) unless on ({q.TEAM}) ({enough})"
    words = " or ".join(span.words() for span in bands)
    return {
        "alert": "Finops" + "".join(part.capitalize() for part in kpi.name.split("_")),
        "expr": condition,
        "for": _FOR.get(kpi.window, "30m") if q.WINDOW in kpi.promql else "5m",
        "labels": {"severity": grade.value, "kpi": kpi.name},
        "annotations": {
            "summary": f"{kpi.title}{whose}: {_VALUE.get(kpi.unit, '{{ $value }}')}",
            "description": f"{kpi.question} Here: {grade.value}, that is {words}. finopsctl explain {kpi.name}",
        },
    }


def _left_out(kpis: Iterable[Kpi], dialect: Dialect) -> list[str]:
    """Return, for the head of the file, which KPIs metrics cannot tell, and why."""
    lines = ["KPIs that these metrics cannot tell (finopsctl kpi tells them from logs):"]
    for kpi in kpis:
        if not dialect.query(kpi):
            why = kpi.promql_note if not kpi.promql else f"the {dialect.name} names have no series for it"
            lines.append(f"  {kpi.name}: {why}")
    return [*lines, ""]
