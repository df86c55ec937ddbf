"""Asks Prometheus' own tool whether rules are valid and what they give."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.kpi import KpiSettings, configured

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.metrics.kpi import Kpi

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian package prometheus) is not installed"
)
NASTY = 'a "b" \\ {{ .X }} }}{ $y\n::error::z `tick` \u2028 ü'
"""A name with everything that PromQL, YAML, a template or a build server could take for its own."""


def kpis(settings: KpiSettings | None = None) -> tuple[Kpi, ...]:
    """Return every KPI with the scales of ``settings``."""
    return configured(KPIS, settings or KpiSettings())


def checked(rules: str, folder: Path) -> str:
    """Return what promtool says of rules that are valid."""
    path = folder / "rules.yml"
    path.write_text(rules, "utf-8")
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint-fatal", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def evaluates(rules: str, folder: Path, interval: str, series: dict[str, str], *cases: dict[str, Any]) -> None:
    """Let promtool evaluate rules over series and compare what it finds.

    Args:
        rules: The rules file.
        folder: Where files are put.
        interval: Between samples, and between evaluations.
        series: Selector -> values in promtool's notation.
        cases: Of :func:`value` and :func:`alert`.
    """
    (folder / "rules.yml").write_text(rules, "utf-8")
    test = {
        "interval": interval,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [case for case in cases if "expr" in case],
        "alert_rule_test": [case for case in cases if "alertname" in case],
    }
    # Unless told the order, promtool evaluates groups in any: alerts may then miss what is recorded for them.
    order = [group["name"] for group in yaml.safe_load(rules)["groups"]]
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": interval,
        "group_eval_order": order,
        "tests": [test],
    }
    path = folder / "test.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def value(query: str, at: str, *found: tuple[str, float]) -> dict[str, Any]:
    """Return the case that a query gives these series, and no others, at a time."""
    return {
        "expr": query,
        "eval_time": at,
        "exp_samples": [{"labels": name, "value": number} for name, number in found],
    }


def alert(name: str, at: str, *found: tuple[dict[str, str], dict[str, str]]) -> dict[str, Any]:
    """Return the case that an alert fires with these labels and annotations at a time."""
    alerts = [{"exp_labels": labels, "exp_annotations": said} for labels, said in found]
    return {"alertname": name, "eval_time": at, "exp_alerts": alerts}
