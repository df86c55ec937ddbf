"""What needs attention: anomalies, and what to do about the bill."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.questions.anomalies import anomalies_of
from finopsctl.questions.recommendations import recommendations_of
from finopsctl.reports._figures import Figure
from finopsctl.reports._parts import Part, first_rows
from finopsctl.results.report import Column, Long, Table
from finopsctl.results.units import Direction, Unit

if TYPE_CHECKING:
    from finopsctl.analyses.anomalies.result import Anomalies
    from finopsctl.reports._scene import Scene
    from finopsctl.results.finding import Finding

_SAID = "below_floor"
_MOST = 5


def anomalies(scene: Scene, *, by: str = "team", last_day: bool = False) -> Part:
    """Return the episodes of the period, or of its last day."""
    books = scene.at_end if last_day else scene.whole
    found = anomalies_of(books, replace(scene.settings, by=(by,)), "day")
    excess = found.totals["excess"]
    when = f"on {found.days[1]}" if last_day else "in the period"
    figure = Figure(
        "anomalies", f"Anomalies {when}", len(found.episodes), "count", good=Direction.DOWN, basis=_judged(found)
    )
    if not found.episodes:
        return Part((figure,), totals={"anomaly_excess": excess})
    (table,) = found.report().tables
    basis = "Value against what was expected from the days before; excess is money at stake."
    shown = first_rows(replace(table, title="Anomalies", basis=basis), scene.top)
    return Part((figure,), (shown,), said=found.headline.rstrip("."), totals={"anomaly_excess": excess})


def _judged(found: Anomalies) -> str:
    judged = found.totals["groups_judged"]
    return f"{judged:,} groups had the history to be judged" if judged else "too little history to judge anything"


def recommendations(scene: Scene) -> Part:
    """Return the recommendations that save most, and what they come to."""
    found = recommendations_of(scene.books, scene.settings, None, scene.asked.words)
    rows = found.all_rows
    saving = found.totals["monthly_saving_combined"]
    figure = Figure("monthly_saving", "Savings to be had a month", saving, good=Direction.UP, basis="recommendations")
    known = saving is not None and rows["monthly_saving"].is_not_null().any() if rows.height else False
    figures = (figure,) if known else ()
    if rows.is_empty():
        return Part(figures, findings=_left_alone(found.findings))
    columns = (
        Column("rank", "#", Unit.COUNT),
        Column("title", "What to do", long=Long.WRAP),
        Column("monthly_saving", "Saves a month", Unit.USD),
        Column("evidence", "Why", priority=3, long=Long.WRAP),
        Column("effort", "Effort", priority=2),
    )
    frame = rows.filter(pl.col("rank").is_not_null())
    table = Table(
        "Recommendations", frame, columns, basis=scene.basis("`finopsctl recommend` shows each with its command")
    )
    return Part(figures, (first_rows(table, min(scene.top, _MOST)),), _left_alone(found.findings))


def _left_alone(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the finding on workloads too small to look at: without it, few recommendations look like good news."""
    return tuple(finding for finding in findings if finding.code == _SAID)
