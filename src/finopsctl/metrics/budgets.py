"""Budgets: a limit on the spend of a scope for a period, and how much of it is used.

Formulae: days elapsed = whole days from the period's start to ``as_of``; burn = actual / days elapsed; burn_7d = mean
daily spend of the last 7 days (fewer where the period or the data is younger); days to exhaustion = remaining / burn;
planned to date = limit x days elapsed / days of the period; budget variance = (actual - planned) / planned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.errors import ConfigError
from finopsctl.ledger.period import Period, between, month_of, quarter_of, year_of, zone
from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.dimensions import dimension, named
from finopsctl.metrics.where import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

DAY = "budget_day"
"""The column of :func:`daily_spend` that holds the calendar day."""

_PICO = Decimal("0.000000000001")

USAGE_SCHEMA = pl.Schema(
    {
        "budget": pl.String(),
        "days_left": pl.Float64(),
        "limit": MONEY,
        "actual": MONEY,
        "days_elapsed": pl.Int64(),
        "planned": MONEY,
        "last_days": pl.Int64(),
        "last_days_spend": MONEY,
    }
)


@dataclass(frozen=True, slots=True)
class Alert:
    """What happens when utilization reaches ``at`` (a fraction)."""

    at: float
    action: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on spend.

    Args:
        name: Its name, unique.
        limit: The most that may be spent in a period, in the report's currency.
        period: ``month``, ``quarter``, ``year``, or a number of days such as ``30d``.
        scope: Dimension -> value or glob; empty: everything.
        starts: The first day it applies; periods of days are counted from it (without it they end at ``as_of``).
        alerts: Levels and their actions.
        timezone: Whose midnight begins a period.
    """

    name: str
    limit: Decimal
    period: str = "month"
    scope: Mapping[str, str] = field(default_factory=dict)
    starts: date | None = None
    alerts: Sequence[Alert] = (Alert(0.8), Alert(0.95))
    timezone: str = "UTC"

    def current(self, as_of: datetime) -> Period:
        """Return the period that contains the instant just before ``as_of``.

        Raises:
            ConfigError: A period that is none of those above.
        """
        today = (as_of - timedelta(microseconds=1)).astimezone(zone(self.timezone)).date()
        match self.period:
            case "month":
                return month_of(today, self.timezone)
            case "quarter":
                return quarter_of(today, self.timezone)
            case "year":
                return year_of(today.year, self.timezone)
            case _:
                return self._of_days(today)

    def _of_days(self, today: date) -> Period:
        found = re.fullmatch(r"([1-9]\d{0,3})d", self.period)
        if found is None:
            raise ConfigError(
                f"budget '{self.name}' has the unknown period '{self.period}'", hint="Use month, quarter, year or 30d."
            )
        length = timedelta(days=int(found[1]))
        if self.starts is None:
            return between(today + timedelta(days=1) - length, today + timedelta(days=1), self.timezone)
        begun = self.starts + (today - self.starts) // length * length
        return between(begun, begun + length, self.timezone)


def fired(budget: Budget, utilization: float | None) -> tuple[Alert, ...]:
    """Return the alerts whose level ``utilization`` has reached, lowest first."""
    if utilization is None:
        return ()
    return tuple(sorted((a for a in budget.alerts if utilization >= a.at), key=lambda alert: alert.at))


def daily_spend(ledger: pl.LazyFrame, budgets: Iterable[Budget], as_of: datetime) -> pl.LazyFrame:
    """Sum ``cost`` by what the budgets are scoped by and by calendar day; rows at or after ``as_of`` do not count.

    Budgets of one call share a time zone: that of the first one.
    """
    asked = list(budgets)
    timezone = asked[0].timezone if asked else "UTC"
    start = min((budget.current(as_of).start for budget in asked), default=as_of)
    since = min(start, as_of - timedelta(days=7)) - timedelta(days=1)
    names = sorted({name for budget in asked for name in budget.scope})
    keys = {name: dimension(name).expr(timezone) for name in names}
    began = pl.col("charge_period_start")
    return (
        ledger.filter((began < as_of.astimezone(UTC)) & (began >= since.astimezone(UTC)))
        .group_by(dimension("day").key(timezone).alias(DAY), *named(keys))
        .agg(spend=pl.col("cost").sum())
    )


def budget_usage(
    daily: pl.DataFrame, budgets: Iterable[Budget], as_of: datetime, dims: Iterable[str] = ()
) -> pl.DataFrame:
    """Return one row per budget in force: what was spent and what was planned by now (``USAGE_SCHEMA``).

    Args:
        daily: Of :func:`daily_spend`.
        budgets: Those that start after ``as_of`` are left out; a budget without spend has an actual of 0.
        as_of: The first instant not seen.
        dims: Dimensions of the scope to return as columns.
    """
    columns = {name: pl.String() for name in dims}
    rows = [
        _usage(daily, budget, as_of) | {name: budget.scope.get(name) for name in columns}
        for budget in budgets
        if _in_force(budget, as_of)
    ]
    return pl.DataFrame(rows, schema={**USAGE_SCHEMA, **columns})


def _in_force(budget: Budget, as_of: datetime) -> bool:
    return budget.starts is None or budget.starts <= as_of.astimezone(zone(budget.timezone)).date()


def _usage(daily: pl.DataFrame, budget: Budget, as_of: datetime) -> dict[str, Any]:
    period = budget.current(as_of)
    end_day = as_of.astimezone(zone(budget.timezone)).date()
    elapsed = max((end_day - period.first_day).days, 0)
    scoped = daily.filter(reduce(and_, (matches(pl.col(n), [v]) for n, v in budget.scope.items()), pl.lit(True)))
    first = max(period.first_day, budget.starts or period.first_day)
    last_days = min(7, elapsed) if budget.starts == first else 7
    week = scoped.filter(pl.col(DAY).is_between(end_day - timedelta(days=last_days), end_day, closed="left"))
    return {
        "budget": budget.name,
        "days_left": (period.end - as_of) / timedelta(days=1),
        "limit": budget.limit,
        "actual": _spend(scoped.filter(pl.col(DAY) >= first)),
        "days_elapsed": elapsed,
        "planned": (budget.limit * elapsed / period.days).quantize(_PICO),
        "last_days": last_days,
        "last_days_spend": _spend(week),
    }


def _spend(days: pl.DataFrame) -> Decimal:
    found = days["spend"].sum()
    return Decimal(0) if found is None else Decimal(found)
