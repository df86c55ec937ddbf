"""A report with every chart there is: figures worked out easily, a gap, a negative amount, a name that means harm."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl

from finopsctl.results.report import Chart, ChartKind, Column, Context, Look, Report, Table
from finopsctl.results.units import Direction, Unit

MONEY = pl.Decimal(38, 12)
EVIL = "<b>*evil*\x1b[2J`"


def money(*amounts: str | None) -> pl.Series:
    """Return amounts as a column of money."""
    return pl.Series([None if amount is None else Decimal(amount) for amount in amounts], dtype=MONEY)


FIGURES = Table(
    "Key figures",
    pl.DataFrame(
        {
            "title": ["Spend", "Success rate"],
            "value": money("124", "0.988"),
            "unit": ["usd", "ratio"],
            "previous": money("90", None),
            "change": [34 / 90, None],
            "grade": [None, "critical"],
        }
    ),
    (
        Column("title", "Figure"),
        Column("value", "Value", Unit.MIXED),
        Column("previous", "Before", Unit.MIXED, 2),
        Column("change", "Change", Unit.CHANGE, 1),
        Column("grade", "Grade", Unit.GRADE),
    ),
    row_good=(Direction.DOWN, Direction.UP),
    basis="October 2026; cost basis auto; *not* a promise.",
    look=Look.FIGURES,
)

TEAMS = Table(
    "Spend by team",
    pl.DataFrame(
        {"team": ["search", EVIL, None, "credit"], "spend": money("100", "50", "0.01", "-5"), "n": [1, 2, 3, 4]}
    ),
    (
        Column("team", "Team", null="(untagged)"),
        Column("spend", "Spend", Unit.USD),
        Column("n", "Requests", Unit.COUNT),
    ),
    totals={"spend": Decimal("145.01")},
    chart=Chart(ChartKind.BARS, "team", "spend"),
)

BUDGETS = Table(
    "Budgets",
    pl.DataFrame(
        {
            "budget": ["half", "over", "far over", "no limit"],
            "limit": money("100", "100", "100", None),
            "actual": money("50", "110", "900", "7"),
            "status": ["good", "critical", "exhausted", None],
        }
    ),
    (
        Column("budget", "Budget"),
        Column("limit", "Limit", Unit.USD),
        Column("actual", "Spend", Unit.USD),
        Column("status", "Status", Unit.GRADE),
    ),
    basis="Each in its own period.",
    chart=Chart(ChartKind.GAUGES, "budget", "actual", limit="limit"),
)

_DAYS = [date(2026, 10, day) for day in (1, 2, 3, 5, 6)]

DAILY = Table(
    "Spend a day and forecast",
    pl.DataFrame(
        {
            "day": _DAYS,
            "kind": ["actual", "actual", "actual", "forecast", "forecast"],
            "spend": money("0", "4", None, "8", "6"),
            "p10": money(None, None, None, "7", "5"),
            "p90": money(None, None, None, "9", "7.5"),
        }
    ),
    (Column("day", "Day", Unit.DATE), Column("kind", "Kind"), Column("spend", "Spend", Unit.USD)),
    chart=Chart(ChartKind.LINES, "day", "spend", series="kind", low="p10", high="p90"),
    look=Look.CHART,
)

MONTHS = Table(
    "Spend by month",
    pl.DataFrame({"month": ["2026-08", "2026-09", "2026-10"], "provider": [EVIL] * 3, "spend": money("7", "3.5", "0")}),
    (Column("month", "Month"), Column("provider", "Provider"), Column("spend", "Spend", Unit.USD)),
    basis="All records.",
    chart=Chart(ChartKind.COLUMNS, "month", "spend", series="provider"),
)

FOR_PAGES = Table(
    "Well enough said",
    pl.DataFrame({"team": ["a"], "spend": money("1")}),
    (Column("team", "Team"), Column("spend", "Spend", Unit.USD)),
    chart=Chart(ChartKind.BARS, "team", "spend", in_text=False),
)

CHARTED = Report(
    "report",
    "$124.00 spent in October 2026.",
    (FIGURES, TEAMS, BUDGETS, DAILY, MONTHS, FOR_PAGES),
    context=Context({"currency": "USD"}, ("5 records.",)),
    title="Charts",
)
