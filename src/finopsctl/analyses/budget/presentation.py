"""How budgets are shown: the worst one in a sentence, and the columns of the table."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsctl.metrics.budgets import GATEWAY
from finopsctl.results.report import Column, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

_SAID = (
    ("exhausted", "exhausted"),
    ("critical", "critical"),
    ("warning", "to watch"),
    ("too_early", "too early to tell"),
)


def headline(rows: pl.DataFrame, totals: Mapping[str, Any], currency: str, *, is_projection: bool) -> str:
    """Return one sentence on the worst budget, and how many others need attention."""
    worst = rows.row(0, named=True)
    said = _state(worst, currency)
    if is_projection:
        said += _forecast(worst, currency)
    counts = [f"{totals[name]} {words}" for name, words in _SAID if totals[name]]
    if rows.height == 1:
        return f"{said}."
    return f"{said}. Of {counted(rows.height, 'budget')}: {', '.join(counts) or 'all good'}."


def _state(row: Mapping[str, Any], currency: str) -> str:
    def amount(value: float | Decimal) -> str:
        return money(value if isinstance(value, Decimal) else Decimal(repr(value)), currency)

    so_far = f"Budget {row['budget']} has spent {amount(row['actual'])} of {amount(row['limit'])}"
    if row["status"] == "exhausted":
        return f"{so_far}; it ran out on {row['exhaustion_date']}"
    if row["status"] == "too_early":
        return f"{so_far}; no whole day of its period is over yet"
    if row["days_to_exhaustion"] is None:
        return f"{so_far} and burns nothing"
    pace = f"{so_far}; at {amount(row['burn_rate'])} a day"
    if row["exhaustion_date"] is None or row["exhaustion_date"] >= row["period_end"]:
        return f"{pace} it lasts its period"
    days = row["days_to_exhaustion"]
    left = "less than a day" if days < 1 else counted(round(days), "day")
    return f"{pace} it runs out in {left}, on {row['exhaustion_date']}"


def _forecast(row: Mapping[str, Any], currency: str) -> str:
    """Return the straight line's end beside the forecast."""
    ends = []
    if row["projected"] is not None:
        ends.append(f"a straight line ends at {money(Decimal(repr(row['projected'])), currency)}")
    if row["projected_p50"] is not None:
        path = f"the forecast at {money(Decimal(repr(row['projected_p50'])), currency)}"
        if row["projected_p10"] is not None:
            low, high = (money(Decimal(repr(row[f"projected_{q}"])), currency) for q in ("p10", "p90"))
            path += f" ({low} to {high})"
        ends.append(path)
    if row["overrun_probability"] is not None and row["status"] != "exhausted":
        ends.append(f"the odds of an overrun are {row['overrun_probability']:.0%}")
    return f"; {', '.join(ends)}" if ends else ""


def table(rows: pl.DataFrame, *, is_projection: bool) -> Table:
    """Return the table: what is spent and how fast, or where the period ends."""
    has_gateway = GATEWAY in rows["set_in"].to_list()
    columns = (
        Column("budget", "Budget"),
        Column("limit", "Limit", Unit.USD),
        Column("actual", "Spent", Unit.USD),
        *(_ending() if is_projection else _spending()),
        *((Column("set_in", "Set in", priority=5),) if has_gateway else ()),
        Column("status", "Status", Unit.GRADE),
    )
    return Table("Budget projection" if is_projection else "Budgets", rows, columns)


def _spending() -> tuple[Column, ...]:
    return (
        Column("remaining", "Left", Unit.USD, 4),
        Column("utilization", "Used", Unit.RATIO),
        Column("burn_rate", "Burn", Unit.USD_PER_DAY),
        Column("burn_rate_7d", "Last 7 days", Unit.USD_PER_DAY, 6),
        Column("burn_rate_24h", "Last 24 h", Unit.USD_PER_DAY, 7),
        Column("days_to_exhaustion", "Lasts", Unit.DAYS, 2),
        Column("exhaustion_date", "Runs out", Unit.DATE, 3),
        Column("budget_variance", "Against plan", Unit.CHANGE, 8),
    )


def _ending() -> tuple[Column, ...]:
    return (
        Column("burn_rate", "Burn", Unit.USD_PER_DAY),
        Column("burn_rate_7d", "Last 7 days", Unit.USD_PER_DAY, 7),
        Column("projected", "Straight line", Unit.USD, 1),
        Column("projected_p10", "P10", Unit.USD, 3),
        Column("projected_p50", "P50", Unit.USD),
        Column("projected_p90", "P90", Unit.USD, 2),
        Column("overrun_probability", "Overrun", Unit.SHARE),
        Column("exhaustion_date", "Runs out", Unit.DATE, 5),
        Column("exhaustion_date_p50", "P50 runs out", Unit.DATE, 4),
        Column("exhaustion_date_p90", "P90 runs out", Unit.DATE, 6),
    )
