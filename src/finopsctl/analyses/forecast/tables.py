"""The tables of a forecast for people: by part, by week, scenarios, back-test."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.forecast.parts import OTHER, WEEK, decimal_of
from finopsctl.ledger.schema import MONEY
from finopsctl.results.report import Chart, ChartKind, Column, Table
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from finopsctl.analyses.forecast.result import Forecast

_MANY_WEEKS = 16


def parts_table(forecast: Forecast) -> Table:
    """Return the totals of each part."""
    whole = forecast.totals["projected"]
    records = []
    for part in forecast.parts:
        found = forecast.projected(part)
        share = float(found["projected"] / whole) if whole else None
        errors = None if part.pooled else part.outlook.errors
        records.append(
            (*forecast.key_of(part), *found.values(), share, errors, part.outlook.method, forecast.others_in(part))
        )
    names = ("actual", "projected", "projected_p10", "projected_p90", "run_rate_monthly")
    schema: dict[str, Any] = {
        **dict.fromkeys((d.name for d in forecast.by), pl.String),
        **dict.fromkeys(names, MONEY),
        "share": pl.Float64,
        "backtest_errors": pl.Int64,
        "method": pl.String,
        OTHER: pl.Int64,
    }
    frame = pl.DataFrame(records, schema=schema, orient="row").sort(
        "projected", *(d.name for d in forecast.by), descending=[True, *(False for _ in forecast.by)], nulls_last=True
    )
    frame = frame if forecast.others else frame.drop(OTHER)
    columns = (
        *(d.column for d in forecast.by),
        *((Column("actual", "Spend so far", Unit.USD, 1),) if forecast.horizon.past else ()),
        Column("projected", "Forecast", Unit.USD),
        Column("share", "Share", Unit.SHARE, 2),
        Column("projected_p10", "P10", Unit.USD, 1),
        Column("projected_p90", "P90", Unit.USD, 1),
        Column("run_rate_monthly", "Per month then", Unit.USD, 2),
        Column("backtest_errors", "Errors", Unit.COUNT, 3),
        Column("method", "Method", priority=4),
    )
    titles = ", ".join(d.title.lower() for d in forecast.by)
    totals = {name: forecast.totals[name] for name in names}
    return Table(f"By {titles}", frame, columns, totals)


def weeks_table(forecast: Forecast) -> Table:
    """Return the horizon in weeks, or months where those are many: expected spend, and how it adds up."""
    days = [
        forecast.horizon.first_day + timedelta(days=at) for at in range(forecast.horizon.past + forecast.horizon.ahead)
    ]
    monthly = len(days) > _MANY_WEEKS * WEEK
    actual = dict(forecast.spent.group_by("day").agg(pl.col("spend").sum()).iter_rows())
    records, spent, expected = [], Decimal(0), Decimal(0)
    for _, group in groupby(days, key=lambda day: (day.year, day.month) if monthly else day.isocalendar()[:2]):
        span = list(group)
        past = sum((actual.get(day, Decimal(0)) for day in span if day < forecast.horizon.origin), Decimal(0))
        begun = sum((actual.get(day, Decimal(0)) for day in span if day == forecast.horizon.origin), Decimal(0))
        ahead = sum((_expected_on(forecast, day) for day in span if day >= forecast.horizon.origin), Decimal(0))
        spent, expected = spent + past, expected + ahead
        records.append(
            (
                span[0],
                span[-1],
                len(span),
                *_span(forecast, span, past + begun, ahead),
                *_cumulated(forecast, span[-1], spent, expected),
            )
        )
    money_columns = ("actual", "expected", "cumulated", "cumulated_p10", "cumulated_p90")
    schema: dict[str, Any] = {
        "from": pl.Date,
        "through": pl.Date,
        "days": pl.Int64,
        **dict.fromkeys(money_columns, MONEY),
    }
    columns = (
        Column("from", "From", Unit.DATE),
        Column("through", "Through", Unit.DATE, machine_only=True),
        Column("days", "Days", Unit.COUNT, 2),
        *((Column("actual", "Spend", Unit.USD),) if forecast.horizon.past else ()),
        Column("expected", "Forecast", Unit.USD),
        Column("cumulated", "Total to date", Unit.USD),
        Column("cumulated_p10", "P10 to date", Unit.USD, 1),
        Column("cumulated_p90", "P90 to date", Unit.USD, 1),
    )
    if not forecast.fleet.outlook.known:
        records = []
    chart = Chart(ChartKind.LINES, "through", "cumulated", low="cumulated_p10", high="cumulated_p90", in_text=False)
    frame = pl.DataFrame(records, schema=schema, orient="row")
    return Table("Forecast by month" if monthly else "Forecast by week", frame, columns, chart=chart)


def _span(forecast: Forecast, span: list[date], past: Decimal, ahead: Decimal) -> tuple[Decimal | None, Decimal | None]:
    return (
        past if (span[0] < forecast.horizon.origin and _is_known(forecast, span[-1])) or past else None,
        ahead if span[-1] >= forecast.horizon.origin else None,
    )


def _is_known(forecast: Forecast, day: date) -> bool:
    """Return whether a day is not before the first record."""
    return day >= forecast.fleet.series.first_day


def _expected_on(forecast: Forecast, day: date) -> Decimal:
    return decimal_of(int(forecast.fleet.micro[(day - forecast.horizon.origin).days]))


def _cumulated(forecast: Forecast, last: date, spent: Decimal, expected: Decimal) -> tuple[Decimal | None, ...]:
    days = (last - forecast.horizon.origin).days + 1
    if days <= 0:
        return (spent if _is_known(forecast, last) else None), None, None
    bounds = (None if x is None else spent + x for x in (forecast.fleet.total(q, days) for q in (0.1, 0.9)))
    return spent + expected, *bounds


def scenario_table(forecast: Forecast) -> Table:
    """Return what each scenario makes of the totals, the baseline first."""
    base = {overlay.part: overlay for overlay in forecast.overlays if overlay.scenario is None}
    subjects = {part.key: part for part in forecast.subjects}
    records = []
    for overlay in forecast.overlays:
        part = subjects[overlay.part]
        spent, before = forecast.whole_days_of(part), base[overlay.part]
        now, then = spent + overlay.future, spent + before.future
        bounds = (None if x is None else spent + x for x in (overlay.low, overlay.high))
        change = float((now - then) / then) if then and overlay.scenario else None
        records.append(
            (
                overlay.scenario or "(baseline)",
                *forecast.key_of(part),
                now,
                *bounds,
                change,
                overlay.run_rate,
                forecast.others_in(part),
            )
        )
    schema: dict[str, Any] = {
        "scenario": pl.String,
        **dict.fromkeys((d.name for d in forecast.by), pl.String),
        **dict.fromkeys(("projected", "projected_p10", "projected_p90"), MONEY),
        "change": pl.Float64,
        "run_rate_monthly": MONEY,
        OTHER: pl.Int64,
    }
    frame = pl.DataFrame(records, schema=schema, orient="row")
    columns = (
        Column("scenario", "Scenario"),
        *(d.column for d in forecast.by),
        Column("projected", "Forecast", Unit.USD),
        Column("change", "Change", Unit.CHANGE),
        Column("projected_p10", "P10", Unit.USD, 1),
        Column("projected_p90", "P90", Unit.USD, 1),
        Column("run_rate_monthly", "Per month then", Unit.USD, 2),
    )
    first = next((d for d in forecast.by), None)
    nulls = {first.name: [first.null_label if not n else f"(other {n:,})" for n in frame[OTHER]]} if first else {}
    return Table("Scenarios", frame if forecast.others else frame.drop(OTHER), columns, row_nulls=nulls)


def backtest_table(forecast: Forecast) -> Table:
    """Return how far off each method would have been."""
    records = [
        (
            row.days,
            "ours" if row.ours else row.accuracy.method,
            f"{row.accuracy.title} (this forecast)" if row.ours else row.accuracy.title,
            row.accuracy.wape,
            row.accuracy.coverage,
            row.parts_median,
            row.accuracy.origins,
        )
        for row in forecast.backtests or ()
    ]
    schema: dict[str, Any] = {
        "days": pl.Int64,
        "name": pl.String,
        "method": pl.String,
        "wape": pl.Float64,
        "coverage": pl.Float64,
        "parts_wape_median": pl.Float64,
        "origins": pl.Int64,
    }
    columns = (
        Column("method", "Method"),
        Column("days", "Days", Unit.COUNT),
        Column("wape", "Off by", Unit.SHARE),
        Column("coverage", "80% interval held", Unit.SHARE),
        *((Column("parts_wape_median", "Median part off by", Unit.SHARE, 1),) if forecast.parts else ()),
        Column("origins", "Forecasts", Unit.COUNT, 2),
    )
    return Table("Backtest", pl.DataFrame(records, schema=schema, orient="row"), columns)
