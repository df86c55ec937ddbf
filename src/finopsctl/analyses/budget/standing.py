"""Where budgets stand, and where their periods end.

What their status is made of says :mod:`finopsctl.analyses.budget.grading`.
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
from finopsctl.analyses.budget.grading import STATUSES, graded
from finopsctl.analyses.budget.presentation import headline, table
from finopsctl.analyses.budget.projection import PROJECTION, UNKNOWN, Projection, projection
from finopsctl.ledger.period import calendar_start, zone
from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.budgets import (
    DAY,
    Budget,
    daily_spend,
    fired,
    in_scope,
    is_spent,
    usage_of,
    with_figures,
)
from finopsctl.metrics.figures import collect
from finopsctl.metrics.measures import REQUESTS, SPEND, TOKENS
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.results.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.budget.question import BudgetQuestion
    from finopsctl.results.finding import Finding

_ALERTS = pl.List(pl.Struct({"at": pl.Float64(), "action": pl.String()}))
_AMOUNTS = (
    *("burn_rate", "burn_rate_7d", "burn_rate_24h"),
    *("projected", "projected_p10", "projected_p50", "projected_p90"),
)
"""Quotients of money, rounded to millionths: exact amounts from here on."""

_SELDOM = ("ok", "no_data")  # counted where there are any
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
    (dates, the end exclusive), limit, actual, remaining, utilization, burn_rate, burn_rate_7d and burn_rate_24h (per
    day), projected (the straight line's end), the forecast (null unless projected: projected_p10, _p50, _p90,
    overrun_probability, exhaustion_date_p50 and _p90), days_to_exhaustion, exhaustion_date, days_to_exhaustion_7d,
    planned, budget_variance, status, alerts (those that have fired), set_in. Amounts are Decimal(38, 12).
    """

    rows: pl.DataFrame
    totals: Mapping[str, Any]
    quality: Quality
    findings: tuple[Finding, ...]
    question: BudgetQuestion
    is_projection: bool = False

    def report(self) -> Report:
        """Return the presentable form."""
        said = headline(self.rows, self.totals, self.question, is_projection=self.is_projection)
        shown = table(self.rows, self.question, is_projection=self.is_projection)
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
    plan["covered"] = ledger.filter(seen).select(_last_instant().max())
    frames = collect([plan])[0]
    daily = frames["daily"]
    usage = usage_of(daily, question.budgets, question.as_of, question.dims)
    unpriced = frozenset(usage.filter(pl.col("actual").is_null())["budget"])
    ahead = {b.name: _ahead(daily, b, question, unpriced, wanted=is_projection) for b in question.budgets}
    full = _rows(usage, daily, question, ahead, _covered(frames["covered"].item(), question))
    totals = _totals(full, daily, question)
    found = findings_of(full, daily, question, totals["uncovered"], ahead)
    quality = _quality(frames["rollup"], question, unfiltered)
    rows = full.select("budget", *question.dims, *_FIGURES)
    return BudgetStanding(rows, totals, quality, found, question, is_projection)


def _ahead(
    daily: pl.DataFrame, budget: Budget, question: BudgetQuestion, unpriced: frozenset[str], *, wanted: bool
) -> Projection:
    if wanted and budget.name in unpriced:
        return Projection(dict(UNKNOWN), "none: nothing has a price")
    return projection(daily, budget, question.as_of, question.end_day) if wanted else Projection(dict(UNKNOWN))


def _last_instant() -> pl.Expr:
    """Return the last instant a record is of: a line of a bill is of all its days."""
    start, end = pl.col("charge_period_start"), pl.col("charge_period_end")
    return pl.max_horizontal(start, end - pl.duration(microseconds=1))


def _covered(last: datetime | None, question: BudgetQuestion) -> date | None:
    """Return the last day that any record is of; where filters hide some, what is known of all counts, too."""
    own = None if last is None else last.astimezone(zone(question.timezone)).date()
    return max((day for day in (own, question.data_end) if day is not None), default=None)


def _rows(
    usage: pl.DataFrame,
    daily: pl.DataFrame,
    question: BudgetQuestion,
    ahead: Mapping[str, Projection],
    covered: date | None,
) -> pl.DataFrame:
    known = {budget.name: budget for budget in question.budgets}
    figures = with_figures(usage)
    forecast = pl.DataFrame([{"budget": n, **p.values} for n, p in ahead.items()], {"budget": pl.String, **PROJECTION})
    used = dict(figures.select("budget", "utilization").iter_rows())
    spent = dict(figures.select("budget", is_spent()).iter_rows())
    alerts = [_alerts(known[name], used[name], is_spent=spent[name]) for name in figures["budget"]]
    lasts = dict(figures.select("budget", "days_to_exhaustion").iter_rows())
    dates = [
        _day_spent(daily, known[name], question.as_of) if spent[name] else _later(question, lasts[name])
        for name in figures["budget"]
    ]
    joined = figures.join(forecast, on="budget", how="left", maintain_order="left")
    has_data = pl.col("status") != "no_data"
    rows = graded(joined, question, covered).with_columns(
        *(pl.when(has_data).then(name).alias(name) for name in PROJECTION if name not in _AMOUNTS),
        *(
            (pl.when(has_data).then(name) if name in PROJECTION else pl.col(name))
            .round(6)
            .cast(pl.Decimal(38, 6))
            .cast(MONEY)
            .alias(name)
            for name in _AMOUNTS
        ),
        pl.Series("alerts", alerts, dtype=_ALERTS),
        pl.Series("exhaustion_date", dates, dtype=pl.Date()),
    )
    worst = pl.col("status").replace_strict({name: at for at, name in enumerate(STATUSES)}, return_dtype=pl.Int8)
    return rows.sort(
        worst, "overrun_probability", "utilization", "budget", descending=[False, True, True, False], nulls_last=True
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
    return {
        "budgets": rows.height,
        **{name: counts[name] for name in STATUSES if name not in _SELDOM or counts[name]},
    } | {"uncovered": uncovered}


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
