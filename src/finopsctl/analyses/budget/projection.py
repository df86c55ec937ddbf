"""Where a budget's period ends: the forecast of the days that are left, beside the straight line of the burn rate.

The history is all spend of the budget's scope before ``as_of``, day by day, days without spend counting as zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.forecasting import Series, outlook
from finopsctl.metrics.budgets import DAY, in_scope

if TYPE_CHECKING:
    from datetime import datetime

    from finopsctl.forecasting import Outlook
    from finopsctl.metrics.budgets import Budget

PROJECTION = pl.Schema(
    {
        "projected_p10": pl.Float64(),
        "projected_p50": pl.Float64(),
        "projected_p90": pl.Float64(),
        "overrun_probability": pl.Float64(),
        "exhaustion_date_p50": pl.Date(),
        "exhaustion_date_p90": pl.Date(),
    }
)
"""What is known of the end of a budget's period, in the report's currency; null where nothing can be said."""

UNKNOWN = dict.fromkeys(PROJECTION)


@dataclass(frozen=True, slots=True)
class Projection:
    """One budget's forecast: values of ``PROJECTION``, what was done and what a reader must know."""

    values: dict[str, float | date | None]
    method: str = ""
    errors: int = 0
    notes: tuple[str, ...] = ()


def projection(daily: pl.DataFrame, budget: Budget, as_of: datetime, end_day: date) -> Projection:
    """Forecast the rest of a budget's current period.

    Args:
        daily: Of ``daily_spend`` with history.
        budget: Whose scope, limit and period count. Of one that has not begun, or that looks back, nothing is said.
        as_of: The first instant not seen.
        end_day: Its calendar day: the first to forecast.
    """
    if not budget.has_begun(as_of):
        return Projection(dict(UNKNOWN))
    if budget.looks_back:
        return Projection(dict(UNKNOWN), "none: it looks back")
    period = budget.current(as_of)
    days = daily.filter(in_scope(budget)).group_by(DAY).agg(pl.col("spend").sum()).sort(DAY)
    actual = _spend(days.filter(pl.col(DAY) >= period.first_day))
    whole = _spend(days.filter(pl.col(DAY).is_between(period.first_day, end_day, closed="left")))
    first = daily[DAY].min()
    ahead = outlook(_series(days, first, end_day), max((period.last_day - end_day).days + 1, 0))
    return Projection(_values(ahead, actual, whole, float(budget.limit)), ahead.method, ahead.errors, ahead.notes)


def _values(ahead: Outlook, actual: float, whole: float, limit: float) -> dict[str, float | date | None]:
    """Return the end of the period: the whole days so far and the total of those ahead.

    The day that has begun is ahead, and costs at least what it has spent.
    """
    begun_day = actual - whole
    lift = max(begun_day - (ahead.expected[0] or 0.0), 0.0) if begun_day > 0 and ahead.days else 0.0

    def end(quantile: float) -> float | None:
        more = ahead.total(quantile)
        if more is None:
            return actual if not ahead.days else None
        if not ahead.days:
            return actual
        return round(whole + (max(more + lift, begun_day) if begun_day > 0 else more), 6)  # as fine as a forecast

    rest = limit - whole - lift
    spent = actual >= limit and actual > 0
    return {
        "projected_p10": end(0.1),
        "projected_p50": end(0.5),
        "projected_p90": end(0.9),
        "overrun_probability": _overrun(ahead, actual, rest, limit),
        "exhaustion_date_p50": None if spent else ahead.first_day_above(rest, 0.5),
        "exhaustion_date_p90": None if spent else ahead.first_day_above(rest, 0.9),
    }


def _overrun(ahead: Outlook, actual: float, rest: float, limit: float) -> float | None:
    if actual > limit:
        return 1.0
    return ahead.probability_above(rest) if ahead.days else 0.0


def _series(days: pl.DataFrame, first_seen: object, end_day: date) -> Series:
    """Return the spend of every whole day from the scope's first one; a scope without any spent 0 since the first day.

    Args:
        days: ``DAY`` and spend, one row a day.
        first_seen: The first day that holds a row of anyone.
        end_day: The first day not whole.
    """
    known = days.filter(pl.col(DAY) < end_day)
    spent = dict(known.select(DAY, pl.col("spend").cast(pl.Float64).fill_null(0.0)).iter_rows())
    return Series.of(spent, end_day, first_seen if not spent and isinstance(first_seen, date) else None)


def _spend(days: pl.DataFrame) -> float:
    return float(days["spend"].sum() or 0)
