"""Where budgets stand, and where their periods end.

The status is the worse of two grades: of the share of the limit used, and of how many days the rest lasts at the pace
so far. A limit that is spent is ``exhausted``; before the first whole day of a period it is ``too_early`` to say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.budget.findings import findings_of
from finopsctl.analyses.budget.presentation import headline, table
from finopsctl.analyses.budget.projection import PROJECTION, UNKNOWN, Projection, projection
from finopsctl.ledger.period import calendar_start, zone
from finopsctl.metrics.budgets import (
    DAY,
    Budget,
    daily_spend,
    days_grade,
    fired,
    in_scope,
    is_spent,
    usage_of,
    with_figures,
)
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.figures import collect
from finopsctl.metrics.kpi import Scale, configured
from finopsctl.metrics.measures import REQUESTS, SPEND, TOKENS
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.results.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.budget.question import BudgetQuestion
    from finopsctl.results.finding import Finding

STATUSES = ("exhausted", "critical", "warning", "ok", "good", "too_early")
"""Worst first."""

_ALERTS = pl.List(pl.Struct({"at": pl.Float64(), "action": pl.String()}))
_GRADES = ("good", "ok", "warning", "critical")
_FIGURES = (
    *("period_start", "period_end", "limit", "actual", "remaining", "utilization"),
    *("burn_rate", "burn_rate_7d", "burn_rate_24h"),
    *("projected", "projected_p10", "projected_p50", "projected_p90", "overrun_probability"),
    *("days_to_exhaustion", "exhaustion_date", "days_to_exhaustion_7d", "exhaustion_date_p50", "exhaustion_date_p90"),
    *("planned", "budget_variance", "status", "alerts", "set_in"),
)


@dataclass(frozen=True, slots=True, eq=False)
class BudgetStanding:
    """One row per budget, worst first.

    ``rows``: budget (its name), the dimensions of the scopes (null: not limited to any), period_start and period_end
    (dates, the end exclusive), limit, actual, remaining (Decimal), utilization, burn_rate, burn_rate_7d and
    burn_rate_24h (per day), projected (actual + burn x days left), the forecast (null unless projected: projected_p10,
    _p50, _p90, overrun_probability, exhaustion_date_p50 and _p90), days_to_exhaustion, exhaustion_date,
    days_to_exhaustion_7d, planned, budget_variance, status, alerts (those that have fired), set_in.
    """

    rows: pl.DataFrame
    totals: Mapping[str, Any]
    quality: Quality
    findings: tuple[Finding, ...]
    currency: str = "USD"
    is_projection: bool = False

    def report(self) -> Report:
        """Return the presentable form."""
        said = headline(self.rows, self.totals, self.currency, is_projection=self.is_projection)
        shown = table(self.rows, is_projection=self.is_projection)
        return Report("budget", said, (shown,), self.totals, self.findings)


def status(ledger: pl.LazyFrame, question: BudgetQuestion, *, unfiltered: pl.LazyFrame | None = None) -> BudgetStanding:
    """Say what of each budget is spent, how fast, and which alerts have fired.

    Args:
        ledger: Ledger columns and ``cost`` that pass the filters; rows at or after ``question.as_of`` do not count.
        question: Budgets and what to grade them by.
        unfiltered: The ledger without the filters, for the data-quality figures where nothing passes them: a budget
            without spend is an answer.
    """
    return _standing(ledger, question, unfiltered, is_projection=False)


def project(
    ledger: pl.LazyFrame, question: BudgetQuestion, *, unfiltered: pl.LazyFrame | None = None
) -> BudgetStanding:
    """Say besides where each budget's period ends, and how sure that is; arguments as for :func:`status`."""
    return _standing(ledger, question, unfiltered, is_projection=True)


def _standing(
    ledger: pl.LazyFrame, question: BudgetQuestion, unfiltered: pl.LazyFrame | None, *, is_projection: bool
) -> BudgetStanding:
    seen = calendar_start(question.timezone) < question.as_of
    current = calendar_start(question.timezone) >= question.since
    plan = {
        "daily": daily_spend(ledger, question.budgets, question.as_of, history=True),
        "rollup": rollup(ledger.filter(seen), {"current": current}, (SPEND, REQUESTS, TOKENS)),
    }
    frames = collect([plan])[0]
    daily = frames["daily"]
    ahead = {
        budget.name: projection(daily, budget, question.as_of, question.end_day)
        if is_projection
        else Projection(dict(UNKNOWN))
        for budget in question.budgets
    }
    rows = _rows(daily, question, ahead)
    totals = _totals(rows, daily, question)
    found = findings_of(rows, daily, question, totals["uncovered"], ahead)
    quality = _quality(frames["rollup"], question, unfiltered)
    return BudgetStanding(rows, totals, quality, found, question.currency, is_projection)


def _rows(daily: pl.DataFrame, question: BudgetQuestion, ahead: Mapping[str, Projection]) -> pl.DataFrame:
    known = {budget.name: budget for budget in question.budgets}
    figures = with_figures(usage_of(daily, question.budgets, question.as_of, question.dims))
    forecast = pl.DataFrame([{"budget": n, **p.values} for n, p in ahead.items()], {"budget": pl.String, **PROJECTION})
    used = dict(figures.select("budget", "utilization").iter_rows())
    spent = dict(figures.select("budget", is_spent()).iter_rows())
    alerts = [_alerts(known[name], used[name], is_spent=spent[name]) for name in figures["budget"]]
    lasts = dict(figures.select("budget", "days_to_exhaustion").iter_rows())
    dates = [
        _day_spent(daily, known[name], question.as_of) if spent[name] else _later(question, lasts[name])
        for name in figures["budget"]
    ]
    rows = figures.join(forecast, on="budget", how="left", maintain_order="left").with_columns(
        _status(question),
        pl.Series("alerts", alerts, dtype=_ALERTS),
        pl.Series("exhaustion_date", dates, dtype=pl.Date()),
    )
    worst = pl.col("status").replace_strict({name: at for at, name in enumerate(STATUSES)}, return_dtype=pl.Int8)
    ordered = rows.sort(
        worst, "overrun_probability", "utilization", "budget", descending=[False, True, True, False], nulls_last=True
    )
    return ordered.select("budget", *question.dims, *_FIGURES)


def _status(question: BudgetQuestion) -> pl.Expr:
    """Return the worse of the grades of the share used and of the days left."""
    scales = {kpi.name: kpi.scale for kpi in configured(KPIS, question.settings)}
    used, days = scales["budget_utilization"], scales["days_to_exhaustion"]
    assert isinstance(used, Scale)
    assert isinstance(days, Scale)
    lasts = days_grade(days, pl.col("days_to_exhaustion"), pl.col("days_left"), question.settings.bands)
    ranks = {name: rank for rank, name in enumerate(_GRADES)}
    worse = pl.max_horizontal(
        grade.replace_strict(ranks, default=0, return_dtype=pl.Int8)
        for grade in (used.grade(pl.col("utilization")), lasts)
    )
    return (
        pl.when(is_spent())
        .then(pl.lit("exhausted"))
        .when(pl.col("days_elapsed") == 0)
        .then(pl.lit("too_early"))
        .otherwise(worse.replace_strict(dict(enumerate(_GRADES)), return_dtype=pl.String))
        .alias("status")
    )


def _alerts(budget: Budget, used: float | None, *, is_spent: bool) -> list[dict[str, Any]]:
    """Return the alerts that have fired; spend without a limit to spend is beyond every level."""
    beyond = float("inf") if is_spent and used is None else used
    return [{"at": alert.at, "action": alert.action or None} for alert in fired(budget, beyond)]


def _day_spent(daily: pl.DataFrame, budget: Budget, as_of: datetime) -> date | None:
    """Return the day on which the period's spend reached the limit."""
    days = daily.filter(in_scope(budget) & (pl.col(DAY) >= budget.current(as_of).first_day)).group_by(DAY)
    so_far = days.agg(pl.col("spend").sum()).sort(DAY).with_columns(pl.col("spend").cum_sum())
    reached = so_far.filter((pl.col("spend") >= budget.limit) & (pl.col("spend") > 0))
    return reached[DAY][0] if reached.height else None


def _later(question: BudgetQuestion, days: float | None) -> date | None:
    """Return the day that many days from ``as_of``; None where there is no such day in the calendar."""
    try:
        return (
            None if days is None else (question.as_of + timedelta(days=days)).astimezone(zone(question.timezone)).date()
        )
    except OverflowError:
        return None


def _totals(rows: pl.DataFrame, daily: pl.DataFrame, question: BudgetQuestion) -> dict[str, Any]:
    """Return how many budgets have which status, and the spend of their periods that is in no budget's scope."""
    counts = Counter(rows["status"])
    covered = reduce(or_, (in_scope(b) for b in question.budgets if b.has_begun(question.as_of)), pl.lit(False))
    open_spend = daily.filter(~covered & (pl.col(DAY) >= question.first_day))["spend"].sum()
    uncovered = None if question.is_filtered else Decimal(open_spend or 0)
    return {"budgets": rows.height, **{name: counts[name] for name in STATUSES if name != "ok" or counts[name]}} | {
        "uncovered": uncovered
    }


def _quality(seen: pl.DataFrame, question: BudgetQuestion, unfiltered: pl.LazyFrame | None) -> Quality:
    """Return the data-quality figures of the current periods; where they hold nothing, of all that is seen."""
    current = seen.filter(pl.col("current"))
    for part in (current, seen):
        if part["records"].sum():
            return quality_of(part, question.basis)
    if unfiltered is None:
        return quality_of(seen, question.basis)
    before = unfiltered.filter(calendar_start(question.timezone) < question.as_of)
    return quality_of(rollup(before, {}, (SPEND, REQUESTS, TOKENS)).collect(engine="streaming"), question.basis)
