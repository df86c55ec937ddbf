"""Budgets in a report: how much is used, where periods end, which alerts have fired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.questions.budgets import standing_of
from finopsctl.questions.limits import budgets_of
from finopsctl.questions.variance import against_budgets
from finopsctl.reports._figures import Figure
from finopsctl.reports._parts import Part, first_rows, lacks, notable, picked
from finopsctl.results.report import Chart, ChartKind, Column, Long, Table
from finopsctl.results.units import Direction, Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.budget import BudgetStanding
    from finopsctl.reports._scene import Scene

_NEEDS = "pass --budgets FILE, or write [[budget]] tables into the configuration"
_TOLD = ("budget_alert", "budget_status", "budget_overrun")


def has_budgets(scene: Scene) -> bool:
    """Return whether there are any budgets."""
    return bool(budgets_of(scene.books, scene.settings)[0])


def budgets(scene: Scene, *, figures: bool = True, projection: bool = True) -> Part:
    """Return where budgets stand at the end of the report's period.

    Args:
        scene: The books.
        figures: Whether the budgets of everything are key figures, too.
        projection: Whether to say where periods end that are not over.
    """
    if not has_budgets(scene):
        return lacks("spend against budget", _NEEDS)
    found = standing_of(scene.at_end, scene.settings, is_projection=projection)
    is_open = projection and any(row["period_end"] > found.question.end_day for row in found.rows.to_dicts())
    table = first_rows(_table(found, is_open=is_open), scene.top * 2)
    shown = _figures(found, is_open=is_open) if figures else ()
    return Part(shown, (table,), notable(found.findings, without=_TOLD), _said(found, scene), found.quality)


def _figures(found: BudgetStanding, *, is_open: bool) -> tuple[Figure, ...]:
    """Return what is used of the budgets of everything, and how likely they are overrun."""
    whole = {budget.name for budget in found.question.budgets if not budget.scope}
    rows = [row for row in found.rows.iter_rows(named=True) if row["budget"] in whole]
    currency = found.question.currency
    shown: list[Figure] = []
    for row in rows:
        name, limit = row["budget"], money(row["limit"], currency)
        spent = f"{money(row['actual'], currency)} of {limit}"
        used = Figure(
            "budget_utilization", f"Budget used: {name}", row["utilization"], "ratio", _grade(row), basis=spent
        )
        shown.append(used)
        if is_open and row["projected_p50"] is not None:
            odds = row["overrun_probability"]
            basis = "" if odds is None else f"odds of an overrun {odds:.0%}"
            shown.append(
                Figure("budget_projected", f"Expected by period's end: {name}", row["projected_p50"],
                       target=f"<= {limit}", good=Direction.DOWN, basis=basis)
            )  # fmt: skip
    return tuple(shown)


def _grade(row: Mapping[str, Any]) -> str | None:
    status = {"exhausted": "critical"}.get(row["status"], row["status"])
    return status if status in {"good", "ok", "warning", "critical"} else None


def _said(found: BudgetStanding, scene: Scene) -> str:
    rows = found.rows.to_dicts()
    over = [row for row in rows if row["status"] in {"critical", "exhausted"}]
    whole = {budget.name for budget in found.question.budgets if not budget.scope}
    first = next((row for row in rows if row["budget"] in whole), None)
    used = "" if first is None or first["utilization"] is None else f"{first['utilization']:.1%} of the "
    said = f"{used}{money(first['limit'], scene.given.currency)} budget is used" if first and used else ""
    if over:
        worst = over[0]
        share = "" if worst["utilization"] is None else f" at {worst['utilization']:.1%}"
        also = f" and {counted(len(over) - 1, 'other')}" if len(over) > 1 else ""
        said += f"{', but ' if said else 'budget '}{worst['budget']}{share}{also} "
        said += "is critical" if len(over) == 1 else "are critical"
    return said


def _table(found: BudgetStanding, *, is_open: bool) -> Table:
    alerts = [_alerts(row["alerts"]) for row in found.rows.iter_rows(named=True)]
    frame = found.rows.with_columns(pl.Series("fired", alerts, dtype=pl.String))
    ending = (
        Column("projected_p50", "Period's end", Unit.USD),
        Column("projected_p10", "P10", Unit.USD, 4),
        Column("projected_p90", "P90", Unit.USD, 4),
        Column("overrun_probability", "Overrun", Unit.SHARE, 3),
    )
    columns = (
        Column("budget", "Budget"),
        Column("limit", "Limit", Unit.USD),
        Column("actual", "Spend", Unit.USD),
        Column("utilization", "Used", Unit.SHARE),
        *(ending if is_open else ()),
        *((Column("fired", "Alerts fired", priority=1, null="", long=Long.WRAP),) if any(alerts) else ()),
        Column("status", "Status", Unit.GRADE),
    )
    chart = Chart(ChartKind.GAUGES, "budget", "actual", limit="limit")
    day = found.question.end_day
    return Table("Budgets", frame, columns, basis=f"Each in its own period, seen on {day}.", chart=chart)


def _alerts(fired: list[dict[str, Any]] | None) -> str | None:
    """Return the alerts that have fired and what is to be done: ``75%: optimize; 90%: freeze``."""
    words = [
        f"{alert['at']:.0%}: {alert['action']}" if alert["action"] else f"{alert['at']:.0%}" for alert in fired or ()
    ]
    return "; ".join(words) or None


def budget_variance(scene: Scene) -> Part:
    """Return actual spend against what budgets planned for the period."""
    if not has_budgets(scene):
        return lacks("budget variance", _NEEDS)
    found = against_budgets(scene.at_end, scene.settings)
    table = first_rows(found.report().for_people[0], scene.top * 2)
    same = found.rows.select("period_start", "period_end").n_unique() == 1
    days = () if same else ("period_start", "period_end")
    names = ("budget", "limit", "baseline", "actual", "change", "variance", *days, "band", "grade")
    basis = "Plan to date: the limit times the share of the budget's period that has passed."
    return Part((), (picked(table, *names, basis=basis),), notable(found.findings), _over_plan(found.rows))


def _over_plan(rows: pl.DataFrame) -> str:
    over = rows.filter(pl.col("change") > 0).sort("change", "budget", descending=[True, False])
    if over.is_empty():
        return "no budget is over its plan"
    worst = over.row(0, named=True)
    share = "" if worst["variance"] is None else f"{worst['variance']:.1%} "
    also = f", {counted(over.height - 1, 'other')} too" if over.height > 1 else ""
    return f"budget {worst['budget']} is {share}over its plan{also}"
