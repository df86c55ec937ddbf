"""The daily report: the last day that is over, against the day before and against the week before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.questions.scorecard import scorecard_of
from finopsctl.reports import _budgets, _periods, _spend, _watch
from finopsctl.reports._figures import Figure, kpi_figures
from finopsctl.reports._parts import Part, lacks, told
from finopsctl.results.report import Chart, ChartKind, Column, Look, Table
from finopsctl.results.units import Direction, Unit
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.reports._scene import Scene

_WEEK, _TREND = 7, 14
_SAME = Decimal("0.0005")  # shows as 0.0 %


def narrowed(books: Books, settings: Settings) -> Books:
    """Return the books of the last day that is over."""
    return _periods.last_day(books, settings)


def parts(scene: Scene) -> Iterator[Part]:
    """Yield the parts of the report."""
    yield _spend.spend(scene, kpis=("cost_per_request", "success_rate"), requests=True)
    yield told("the 7-day mean", lambda: _against_week(scene))
    yield told("the trend from day to day", lambda: _trend(scene))
    yield told("spend by team", lambda: _spend.spend_by(scene, "team", "Spend by team"))
    yield told("budgets", lambda: _budgets.budgets(scene, projection=False))
    yield told("anomalies", lambda: _watch.anomalies(scene, last_day=True))


def _against_week(scene: Scene) -> Part:
    """Return spend and cost per request against the seven days before."""
    first = scene.period.first_day - timedelta(days=_WEEK)
    before = [amount for amount in _spend.daily_spend(scene, first, _WEEK).values() if amount is not None]
    if not before:
        return lacks("the 7-day mean", "records of the days before")
    now = _spend.daily_spend(scene, scene.period.first_day, 1).get(scene.period.first_day)
    mean = sum(before, Decimal(0)) / len(before)
    days = "" if len(before) == _WEEK else f"only {counted(len(before), 'day')} before it with records"
    spent = Figure("spend_against_7_day_mean", "Spend against the 7-day mean", now, previous=mean,
                   good=Direction.DOWN, basis=days)  # fmt: skip
    figures = (spent, *_cost_per_request(scene, scene.days(first, _WEEK)))
    if mean <= 0 or now is None or now < 0 or abs(now / mean - 1) < _SAME:
        return Part(figures)
    side = "above" if now >= mean else "below"
    return Part(figures, said=f"{abs(now / mean - 1):.1%} {side} the mean of the {counted(len(before), 'day')} before")


def _cost_per_request(scene: Scene, week: Books) -> tuple[Figure, ...]:
    """Return the cost per request against that of the seven days before."""
    if not scene.has(week):
        return ()
    (now, then) = (kpi_figures(books, scene.settings, ("cost_per_request",)) for books in (scene.books, week))
    if not now or not then:
        return ()
    title = "Cost per request against 7 days"
    return (replace(now[0], name="cost_per_request_against_7_days", title=title, previous=then[0].value),)


def _trend(scene: Scene) -> Part:
    """Return spend and cost per request of two weeks, day by day."""
    first = scene.period.first_day - timedelta(days=_TREND - 1)
    spent = _spend.frame_of_days(_spend.daily_spend(scene, first, _TREND))
    if spent.height < 2:
        return lacks("the trend from day to day", "records of more than one day")
    settings = replace(scene.settings, by=("day",))
    rows = scorecard_of(scene.days(first, _TREND), settings, ("cost_per_request", "success_rate")).rows
    rates = rows.pivot("kpi", index="day", values="value").with_columns(pl.col("day").str.to_date())
    missing = [
        pl.lit(None, pl.Float64).alias(n) for n in ("cost_per_request", "success_rate") if n not in rates.columns
    ]
    frame = spent.join(rates.with_columns(missing), on="day", how="left", maintain_order="left")
    amounts = (Column("day", "Day", Unit.DATE), Column("spend", "Spend", Unit.USD))
    costs = (
        Column("day", "Day", Unit.DATE),
        Column("cost_per_request", "Cost per request", Unit.UNIT_PRICE),
        Column("success_rate", "Success rate", Unit.SHARE),
    )
    basis = f"{spent.height} days until {scene.period.first_day}."
    tables = [
        Table("Spend a day", frame.select("day", "spend"), amounts, basis=basis,
              chart=Chart(ChartKind.COLUMNS, "day", "spend"), look=Look.CHART)
    ]  # fmt: skip
    if frame["cost_per_request"].count() > 1:
        shown = frame.select("day", "cost_per_request", "success_rate")
        chart = Chart(ChartKind.LINES, "day", "cost_per_request")
        tables.append(Table("Cost per request a day", shown, costs, basis=basis, chart=chart, look=Look.CHART))
    return Part(tables=tuple(tables))
