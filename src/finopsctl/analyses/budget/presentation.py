"""How budgets are shown: the worst one in a sentence, and the columns of the table.

People read of days to come only as far as the period goes: a budget that lasts longer runs out "after the period", one
whose period is over has closed, and one that looks back over a number of days has no end to last until.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

from finopsctl.metrics.budgets import GATEWAY
from finopsctl.results.report import Chart, ChartKind, Column, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl

    from finopsctl.analyses.budget.question import BudgetQuestion

AFTER = "after the period"
"""When a budget runs out that lasts beyond its period."""

_SAID = (
    ("exhausted", "exhausted"),
    ("critical", "critical"),
    ("warning", "to watch"),
    ("no_data", "without data"),
    ("too_early", "too early to tell"),
)
_NONE = "\N{EN DASH}"


def headline(rows: pl.DataFrame, totals: Mapping[str, Any], question: BudgetQuestion, *, is_projection: bool) -> str:
    """Return one sentence on the worst budget, and how many others need attention."""
    worst = rows.row(0, named=True)
    said = _unknown(worst, question) if worst["actual"] is None else _state(worst, question)
    if is_projection and not (question.looks_back(worst["budget"]) or _is_over(worst, question)):
        said += _forecast(worst, question.currency)
    counts = [f"{totals[name]} {words}" for name, words in _SAID if totals.get(name)]
    if rows.height == 1:
        return f"{said}."
    return f"{said}. Of {counted(rows.height, 'budget')}: {', '.join(counts) or 'all good'}."


def _unknown(row: Mapping[str, Any], question: BudgetQuestion) -> str:
    limit = money(row["limit"], question.currency)
    return f"What budget {row['budget']} has spent of {limit} is not known: none of its records has a price"


def _state(row: Mapping[str, Any], question: BudgetQuestion) -> str:
    spent, limit = (money(row[name], question.currency) for name in ("actual", "limit"))
    so_far = f"Budget {row['budget']} has spent {spent} of {limit}"
    if question.looks_back(row["budget"]):
        days = counted((row["period_end"] - row["period_start"]).days, "day")
        used = "" if row["utilization"] is None else f" ({row['utilization']:,.1%})"
        return f"Budget {row['budget']}: the last {days} used {spent} of {limit}{used}"
    if row["status"] == "too_early":
        return f"{so_far}; no whole day of its period is over yet"
    if row["status"] == "no_data":
        return f"{so_far}, but there is no data for most of its days"
    if row["status"] == "exhausted":
        said = f"{so_far}; it ran out on {row['exhaustion_date']}"
        return f"{said} and closed {_closed(row)}" if _is_over(row, question) and row["utilization"] else said
    if _is_over(row, question):
        return f"{so_far} and closed {_closed(row)}" if row["utilization"] is not None else f"{so_far} and closed"
    return f"{so_far}{_pace(row, question.currency)}"


def _pace(row: Mapping[str, Any], currency: str) -> str:
    if row["days_to_exhaustion"] is None:
        return " and burns nothing"
    pace = f"; at {money(row['burn_rate'], currency)} a day it"
    if _is_after(row, row["exhaustion_date"]):
        return f"{pace} lasts its period"
    days = row["days_to_exhaustion"]
    left = "less than a day" if days < 1 else counted(round(days), "day")
    return f"{pace} runs out in {left}, on {row['exhaustion_date']}"


def _closed(row: Mapping[str, Any]) -> str:
    """Return by how much a period ended under or over its limit."""
    gap = row["utilization"] - 1
    return f"{abs(gap):,.1%} {'over' if gap > 0 else 'under'}" if gap else "exactly on its limit"


def _is_over(row: Mapping[str, Any], question: BudgetQuestion) -> bool:
    return bool(row["period_end"] <= question.end_day)


def _is_after(row: Mapping[str, Any], day: date | None) -> bool:
    """Return whether a day lies beyond the period; none is a day so far off that the calendar has none."""
    return day is None or day >= row["period_end"]


def _forecast(row: Mapping[str, Any], currency: str) -> str:
    """Return the straight line's end beside the forecast."""
    ends = []
    if row["projected"] is not None:
        ends.append(f"a straight line ends at {money(row['projected'], currency)}")
    if row["projected_p50"] is not None:
        path = f"the forecast at {money(row['projected_p50'], currency)}"
        if row["projected_p10"] is not None:
            low, high = (money(row[f"projected_{q}"], currency) for q in ("p10", "p90"))
            path += f" ({low} to {high})"
        ends.append(path)
    if row["overrun_probability"] is not None and row["status"] != "exhausted":
        ends.append(f"the odds of an overrun are {row['overrun_probability']:.0%}")
    return f"; {', '.join(ends)}" if ends else ""


def table(rows: pl.DataFrame, question: BudgetQuestion, *, is_projection: bool) -> Table:
    """Return the table: what is spent and how fast, or where the period ends."""
    has_gateway = GATEWAY in rows["set_in"].to_list()
    columns = (
        Column("budget", "Budget"),
        Column("limit", "Limit", Unit.USD),
        Column("actual", "Spend", Unit.USD),
        *(_ending() if is_projection else _spending()),
        *((Column("set_in", "Set in", priority=9),) if has_gateway else ()),
        Column("status", "Status", Unit.GRADE),
    )
    found = list(rows.iter_rows(named=True))
    texts = {
        "days_to_exhaustion": [_days_text(row, question) for row in found],
        "exhaustion_date": [_date_text(row, question) for row in found],
    }
    chart = Chart(ChartKind.GAUGES, "budget", "actual", limit="limit", in_text=False)
    return Table("Budget projection" if is_projection else "Budgets", rows, columns, row_texts=texts, chart=chart)


def _date_text(row: Mapping[str, Any], question: BudgetQuestion) -> str | None:
    if row["status"] == "exhausted" and not question.looks_back(row["budget"]):
        return None
    if question.looks_back(row["budget"]) or _is_over(row, question) or row["days_to_exhaustion"] is None:
        return _NONE
    return AFTER if _is_after(row, row["exhaustion_date"]) else None


def _days_text(row: Mapping[str, Any], question: BudgetQuestion) -> str | None:
    if _date_text(row, question) or row["status"] == "exhausted":
        return _NONE
    days = floor(row["days_to_exhaustion"])
    return f"{days:,} {'day' if days == 1 else 'days'}" if days else "under 1 day"


def _spending() -> tuple[Column, ...]:
    return (
        Column("remaining", "Left", Unit.USD, 2),
        Column("utilization", "Used", Unit.SHARE),
        Column("burn_rate", "Burn", Unit.USD_PER_DAY, 4),
        Column("burn_rate_7d", "Last 7 days", Unit.USD_PER_DAY, 6),
        Column("burn_rate_24h", "Last 24 h", Unit.USD_PER_DAY, 7),
        Column("days_to_exhaustion", "Lasts", Unit.DAYS, 3),
        Column("exhaustion_date", "Runs out", Unit.DATE, 1),
        Column("budget_variance", "Over plan %", Unit.CHANGE, 5),
    )


def _ending() -> tuple[Column, ...]:
    return (
        Column("burn_rate", "Burn", Unit.USD_PER_DAY, 3),
        Column("burn_rate_7d", "Last 7 days", Unit.USD_PER_DAY, 7),
        Column("projected", "Straight line", Unit.USD, 4),
        Column("projected_p10", "P10", Unit.USD, 2),
        Column("projected_p50", "Forecast", Unit.USD),
        Column("projected_p90", "P90", Unit.USD, 1),
        Column("overrun_probability", "Overrun", Unit.SHARE),
        Column("exhaustion_date", "Runs out", Unit.DATE, 6),
        Column("exhaustion_date_p50", "P50 runs out", Unit.DATE, 5),
        Column("exhaustion_date_p90", "P90 runs out", Unit.DATE, 8),
    )
