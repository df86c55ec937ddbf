"""What needs attention: anomalies, and what to do about the bill."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.questions.anomalies import anomalies_of
from finopsctl.questions.recommendations import recommendations_of
from finopsctl.reports._figures import Figure
from finopsctl.reports._parts import Part, first_rows, lacks, picked
from finopsctl.results.report import Column, Long, Table
from finopsctl.results.units import Direction, Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from finopsctl.analyses.anomalies.result import Anomalies
    from finopsctl.reports._scene import Scene

_SMALL = "below_floor"
_NO_SAVING = "None has a saving that can be worked out. "
_MOST = 5
_SHOWN = ("start", "value", "expected", "excess", "made_by", "change", "severity")


def anomalies(scene: Scene, *, by: str = "team", last_day: bool = False) -> Part:
    """Return the episodes of the period, or of its last day."""
    books = scene.at_end if last_day else scene.whole
    found = anomalies_of(books, replace(scene.settings, by=(by,)), "day")
    excess = found.totals["excess"]
    when = f"on {found.days[1]}" if last_day else "in the period"
    known = len(found.episodes) if found.episodes or found.totals["groups_judged"] else None
    figure = Figure("anomalies", f"Anomalies {when}", known, "count", good=Direction.DOWN, basis=_judged(found))
    if not found.episodes:
        return Part((figure,), totals={"anomaly_excess": excess})
    (table,) = found.report().tables
    basis = "Value against what was expected from the days before; excess is money at stake."
    shown = first_rows(picked(table, *_SHOWN, by, title="Anomalies", basis=basis), scene.top)
    return Part((figure,), (shown,), said=_said(found), totals={"anomaly_excess": excess})


def _said(found: Anomalies) -> str:
    worst = found.episodes[0]
    amount = money(abs(worst.excess), found.question.currency)
    side = "more" if worst.excess >= 0 else "less"
    several = len(found.episodes) > 1
    word = counted(len(found.episodes), "anomaly", "anomalies")
    where = f"{found.name(worst)} from {worst.start:%Y-%m-%d}"
    return f"{word}, {'the worst ' if several else ''}at {where}: {amount} {side} than expected"


def _judged(found: Anomalies) -> str:
    judged = found.totals["groups_judged"]
    return f"{judged:,} groups had the history to be judged" if judged else "too little history to judge anything"


def recommendations(scene: Scene) -> Part:
    """Return the recommendations that save most, and what they come to."""
    found = recommendations_of(scene.books, scene.settings, None, scene.asked.words)
    left_alone = tuple(finding for finding in found.findings if finding.code == _SMALL)
    frame = found.all_rows
    if frame.is_empty():
        lost = lacks("recommendations", "no signal is beyond its threshold; see `finopsctl recommend`")
        return Part(findings=(*lost.findings, *left_alone))
    saving, count = found.totals["monthly_saving_combined"], frame["monthly_saving"].count()
    figure = Figure("monthly_saving", "Savings to be had a month", saving, basis=counted(count, "recommendation"))
    columns = (
        Column("rank", "#", Unit.COUNT),
        Column("title", "What to do", long=Long.WRAP),
        *((Column("monthly_saving", "Saves a month", Unit.USD),) if count else ()),
        Column("evidence", "Why", priority=3, long=Long.WRAP),
        Column("effort", "Effort", priority=2),
        Column("confidence", "Confidence", priority=4),
    )
    basis = f"{'' if count else _NO_SAVING}`finopsctl recommend` shows each with its command."
    table = Table("Recommendations", frame, columns, basis=basis)
    return Part((figure,) if count else (), (first_rows(table, min(scene.top, _MOST)),), left_alone)
