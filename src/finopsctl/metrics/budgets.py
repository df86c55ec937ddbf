"""Budgets: a limit on the spend of a scope for a period, and how much of it is used.

Formulae: days elapsed = whole days from the period's start to ``as_of`` (of a budget that looks back: those of them
since the data begins); burn = spend of the whole days / days elapsed; actual = that spend and what the day of ``as_of``
has spent before it; burn_7d = mean daily spend of the last 7 days (fewer where the budget or the data is younger);
burn_24h = spend of the last 24 hours; days to exhaustion = remaining / burn, 0 once the limit is spent, none where
nothing burns; projected = spend of the whole days + burn x days to come, of which one that has begun costs at least
what it has spent; planned to date = limit x days elapsed / days of the period; budget variance = (spend of the whole
days - planned) / planned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.errors import ConfigError
from finopsctl.ledger.period import (
    Period,
    between,
    calendar_start,
    midnight,
    month_of,
    quarter_of,
    year_holding,
    zone,
)
from finopsctl.ledger.schema import MONEY, PICO
from finopsctl.metrics.dimensions import dimension, named
from finopsctl.metrics.measures import ratio
from finopsctl.metrics.where import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from finopsctl.metrics.kpi import Scale

DAY = "budget_day"
"""The column of :func:`daily_spend` that holds the calendar day."""

CONFIGURATION, GATEWAY = "configuration", "gateway"
"""Where a budget is set."""

_LAST_DAYS = 7
_ROUNDING = 1e-6  # days: exactly on plan is on plan
_DAY = timedelta(days=1)
_LENGTH = re.compile(r"([1-9]\d{0,3})(d|w|h|mo|y)")
_WHOLE = {"1mo": "month", "3mo": "quarter", "12mo": "year", "1y": "year"}
_PERIODS = "Use month, quarter, year or a number of days such as 30d."

USAGE_SCHEMA = pl.Schema(
    {
        "budget": pl.String(),
        "set_in": pl.String(),
        "period_start": pl.Date(),
        "period_end": pl.Date(),
        "days_left": pl.Float64(),
        "limit": MONEY,
        "actual": MONEY,
        "whole_days_spend": MONEY,
        "days_elapsed": pl.Int64(),
        "planned": MONEY,
        "last_days": pl.Int64(),
        "last_days_spend": MONEY,
        "last_24h_spend": MONEY,
    }
)


@dataclass(frozen=True, slots=True)
class Alert:
    """What happens when utilization reaches ``at`` (a fraction)."""

    at: float
    action: str = ""


@dataclass(frozen=True, slots=True)
class GatewayTerms:
    """What a gateway that enforces the budget is told besides its limit.

    Args:
        models: The models that may be called; empty: any.
        tpm_limit: Tokens a minute.
        rpm_limit: Requests a minute.
        hard_stop: The share of the limit from which on requests are refused.
    """

    models: tuple[str, ...] = ()
    tpm_limit: int | None = None
    rpm_limit: int | None = None
    hard_stop: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on spend.

    Args:
        name: Its name, unique.
        limit: The most that may be spent in a period.
        period: ``month``, ``quarter``, ``year``, or a number of days such as ``30d``; 24h, 2w, 1mo are understood.
        scope: Dimension -> value or glob; empty: everything.
        starts: The first day it applies; periods of days are counted from it (without it they end at ``as_of``).
        alerts: Levels and their actions.
        timezone: Whose midnight begins a period.
        fiscal_year_start: The month (1 to 12) that quarters and years begin with.
        resets: A day that a period of days begins with; None: ``starts``.
        set_in: ``configuration`` or ``gateway``.
        terms: For a gateway that enforces it.
        currency: ISO 4217 code of the limit; ledger figures are compared with it as they are.

    Raises:
        ConfigError: For a limit that is negative or no number.
    """

    name: str
    limit: Decimal
    period: str = "month"
    scope: Mapping[str, str] = field(default_factory=dict)
    starts: date | None = None
    alerts: Sequence[Alert] = (Alert(0.8), Alert(0.95))
    timezone: str = "UTC"
    fiscal_year_start: int = 1
    resets: date | None = None
    set_in: str = CONFIGURATION
    terms: GatewayTerms = GatewayTerms()
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not self.limit.is_finite() or self.limit < 0:
            raise ConfigError(f"budget '{self.name}' has the limit {self.limit}", "A limit is an amount, 0 or more.")

    def current(self, as_of: datetime) -> Period:
        """Return the period that contains the instant just before ``as_of``.

        A budget that starts later has its first period. The period a budget starts in begins with that day.

        Raises:
            ConfigError: A period that is none of those above.
        """
        today = self._day_before(as_of) if self.starts is None else max(self._day_before(as_of), self.starts)
        whole = self._whole(today)
        if self.starts is None or whole.first_day >= self.starts:
            return whole
        return between(self.starts, whole.last_day + _DAY, self.timezone)

    @property
    def looks_back(self) -> bool:
        """Whether its period is the last days before ``as_of``, which have no end to project to."""
        is_days = plain_period(self.period) not in {"month", "quarter", "year"}
        return is_days and self.starts is None and self.resets is None

    def has_begun(self, as_of: datetime) -> bool:
        """Return whether the instant just before ``as_of`` is in one of its periods."""
        return self.starts is None or self.starts <= self._day_before(as_of)

    def _day_before(self, as_of: datetime) -> date:
        return (as_of - timedelta(microseconds=1)).astimezone(zone(self.timezone)).date()

    def _whole(self, today: date) -> Period:
        match plain_period(self.period):
            case "month":
                return month_of(today, self.timezone)
            case "quarter":
                return quarter_of(today, self.timezone, self.fiscal_year_start)
            case "year":
                return year_holding(today, self.timezone, self.fiscal_year_start)
            case None:
                raise ConfigError(f"budget '{self.name}' has the unknown period '{self.period}'", hint=_PERIODS)
            case days:
                return self._of_days(today, int(days.removesuffix("d")))

    def _of_days(self, today: date, days: int) -> Period:
        length, anchor = timedelta(days=days), self.resets or self.starts
        if anchor is None:
            return between(today + _DAY - length, today + _DAY, self.timezone)
        begun = anchor + (today - anchor) // length * length
        return between(begun, begun + length, self.timezone)


def plain_period(text: str) -> str | None:
    """Return ``month``, ``quarter``, ``year`` or a number of days (``30d``) for what a period is called; else None.

    LiteLLM's spellings are understood where they are whole days or months: ``24h``, ``2w``, ``1mo``, ``3mo``, ``12mo``.
    """
    if text in {"month", "quarter", "year"}:
        return text
    found = _LENGTH.fullmatch(text)
    if found is None or found[2] in {"mo", "y"}:
        return _WHOLE.get(text)
    count = int(found[1])
    if found[2] == "h":
        return f"{count // 24}d" if count % 24 == 0 else None
    return f"{count * 7 if found[2] == 'w' else count}d"


def checked_period(text: str) -> str:
    """Return ``text``; ConfigError when it is no period of a budget."""
    if plain_period(text) is None:
        raise ConfigError(f"'{text}' is no period of a budget", _PERIODS)
    return text


def fired(budget: Budget, utilization: float | None) -> tuple[Alert, ...]:
    """Return the alerts whose level ``utilization`` has reached, lowest first."""
    if utilization is None:
        return ()
    return tuple(sorted((a for a in budget.alerts if utilization >= a.at), key=lambda alert: alert.at))


def daily_spend(
    ledger: pl.LazyFrame, budgets: Iterable[Budget], as_of: datetime, *, history: bool = False
) -> pl.LazyFrame:
    """Sum ``cost`` by what the budgets are scoped by and by calendar day; rows at or after ``as_of`` do not count.

    Budgets of one call share a time zone: that of the first one.

    Args:
        ledger: Ledger columns and ``cost``.
        budgets: Whose scopes and periods decide what is read.
        as_of: The first instant not seen.
        history: Whether days before the current periods are wanted too.

    Returns:
        The dimensions of the scopes, ``DAY``, spend, priced (how many records have a cost), and last_24h: what of it
        was spent in the last 24 hours.
    """
    asked = list(budgets)
    timezone = asked[0].timezone if asked else "UTC"
    start = min((budget.current(as_of).start for budget in asked), default=as_of)
    since = min(start, as_of - _LAST_DAYS * _DAY) - _DAY
    names = sorted({name for budget in asked for name in budget.scope})
    keys = {name: dimension(name).expr(timezone) for name in names}
    began = calendar_start(timezone)
    seen = began < as_of.astimezone(UTC)
    return (
        ledger.filter(seen if history else seen & (began >= since.astimezone(UTC)))
        .group_by(dimension("day").key(timezone).alias(DAY), *named(keys))
        .agg(
            spend=pl.col("cost").sum(),
            priced=pl.col("cost").count(),
            last_24h=pl.col("cost").filter(began >= (as_of - _DAY).astimezone(UTC)).sum(),
        )
    )


def in_scope(budget: Budget) -> pl.Expr:
    """Return whether a row of :func:`daily_spend` is what the budget limits."""
    return reduce(and_, (matches(pl.col(name), [value]) for name, value in budget.scope.items()), pl.lit(True))


def budget_usage(
    daily: pl.DataFrame, budgets: Iterable[Budget], as_of: datetime, dims: Iterable[str] = ()
) -> pl.DataFrame:
    """Return one row per budget that has begun: what was spent and what was planned by now (``USAGE_SCHEMA``).

    Args:
        daily: Of :func:`daily_spend`.
        budgets: Those that start after ``as_of`` are left out. A budget without records has an actual of 0; of one
            whose records in its period all lack a price nothing is known, and what is spent is null.
        as_of: The first instant not seen.
        dims: Dimensions of the scope to return as columns.
    """
    return usage_of(daily, [budget for budget in budgets if budget.has_begun(as_of)], as_of, dims)


def usage_of(daily: pl.DataFrame, budgets: Iterable[Budget], as_of: datetime, dims: Iterable[str] = ()) -> pl.DataFrame:
    """Do what :func:`budget_usage` does, also for budgets that have not begun: nothing is spent of those."""
    columns = {name: pl.String() for name in dims}
    first_seen = daily[DAY].min()
    rows = [
        _usage(daily.filter(in_scope(budget)), budget, as_of, first_seen if isinstance(first_seen, date) else None)
        | {name: budget.scope.get(name) for name in columns}
        for budget in budgets
    ]
    return pl.DataFrame(rows, schema={**USAGE_SCHEMA, **columns})


def _usage(scoped: pl.DataFrame, budget: Budget, as_of: datetime, first_seen: date | None) -> dict[str, Any]:
    period = budget.current(as_of)
    first, end_day = period.first_day, as_of.astimezone(zone(budget.timezone)).date()
    elapsed = max((end_day - first).days, 0)
    last_days = min(_LAST_DAYS, elapsed) if budget.starts == first else _LAST_DAYS
    burnt = elapsed
    if first_seen is not None and first_seen < end_day:
        known = (end_day - first_seen).days
        last_days = min(last_days, known)
        # The days a window reaches back before the data are no days of no spend.
        burnt = min(elapsed, known) if budget.looks_back else elapsed
    week = scoped.filter(pl.col(DAY).is_between(end_day - timedelta(days=last_days), end_day, closed="left"))
    begun = budget.has_begun(as_of)
    current = scoped.filter(pl.col(DAY) >= first)
    amounts = {
        "actual": _sum(current["spend"]),
        "whole_days_spend": _sum(scoped.filter(pl.col(DAY).is_between(first, end_day, closed="left"))["spend"]),
        "last_days_spend": _sum(week["spend"]),
        "last_24h_spend": _sum(scoped["last_24h"]) if begun else None,
    }
    is_unpriced = begun and current.height and not current["priced"].sum()
    return {
        "budget": budget.name,
        "set_in": budget.set_in,
        "period_start": first,
        "period_end": period.last_day + _DAY,
        "days_left": period.days - elapsed - _part_of_day(as_of, budget.timezone) if begun else float(period.days),
        "limit": budget.limit,
        "days_elapsed": burnt,
        "planned": (budget.limit * elapsed / period.days).quantize(PICO),
        "last_days": last_days,
        **(dict.fromkeys(amounts) if is_unpriced else amounts),
    }


def _part_of_day(moment: datetime, timezone: str) -> float:
    """Return how much of its calendar day is over at ``moment``; days have 23 to 25 hours."""
    day = moment.astimezone(zone(timezone)).date()
    begun = midnight(day, timezone)
    return (moment - begun) / (midnight(day + _DAY, timezone) - begun)


def _sum(amounts: pl.Series) -> Decimal:
    found = amounts.sum()
    return Decimal(0) if found is None else Decimal(found)


def with_figures(usage: pl.DataFrame) -> pl.DataFrame:
    """Add what the formulae above make of a row of usage: amounts left, ratios, paces, and how long it lasts.

    Args:
        usage: Of :func:`budget_usage`.

    Returns:
        ``usage`` with remaining (money), utilization, burn_rate, burn_rate_7d and burn_rate_24h (per day), projected,
        days_to_exhaustion, days_to_exhaustion_7d and budget_variance; null where there is nothing to divide by.
    """
    actual, limit, planned = pl.col("actual"), pl.col("limit"), pl.col("planned")
    whole, ahead = pl.col("whole_days_spend"), pl.col("days_left").ceil()
    burn = ratio(whole, pl.col("days_elapsed"))
    today = pl.max_horizontal(burn, (actual - whole).cast(pl.Float64))
    return usage.with_columns(
        remaining=limit - actual,
        utilization=ratio(actual, limit),
        burn_rate=burn,
        burn_rate_7d=ratio(pl.col("last_days_spend"), pl.col("last_days")),
        burn_rate_24h=pl.col("last_24h_spend").cast(pl.Float64),
        projected=pl.when(ahead >= 1)
        .then(whole.cast(pl.Float64) + pl.when(actual > whole).then(today).otherwise(burn) + burn * (ahead - 1))
        .when(burn.is_not_null())
        .then(actual.cast(pl.Float64)),
        budget_variance=ratio(whole - planned, planned),
    ).with_columns(
        days_to_exhaustion=_lasts("burn_rate"),
        days_to_exhaustion_7d=_lasts("burn_rate_7d"),
    )


def _lasts(burn: str) -> pl.Expr:
    """Return the days the rest lasts: 0 once spent, null when nothing burns."""
    left = pl.when(pl.col(burn) > 0).then(ratio(pl.col("remaining"), pl.col(burn)))
    return pl.when(is_spent()).then(0.0).otherwise(left)


def is_spent() -> pl.Expr:
    """Return whether a row's limit is spent; of a limit of 0 nothing is spent until something is."""
    return (pl.col("actual") >= pl.col("limit")) & (pl.col("actual") > 0)


def days_grade(scale: Scale, days: pl.Expr, days_left: pl.Expr, bands: str) -> pl.Expr:
    """Grade how many days a budget lasts.

    Args:
        scale: Of the KPI.
        days: Days to exhaustion.
        days_left: Days to the end of its period: a budget that lasts until then is good however few days that is.
        bands: ``plain-days`` grades by the number of days alone.
    """
    graded = scale.grade(days)
    if bands == "plain-days":
        return graded
    lasts = (days > 0) & (days >= days_left - _ROUNDING)
    return pl.when(lasts).then(pl.lit("good")).otherwise(graded)
