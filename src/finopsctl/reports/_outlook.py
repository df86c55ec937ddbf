"""Where spend is heading: to the month's end, to the year's end, and what was expected of this month before."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.period import zone
from finopsctl.ledger.schema import MONEY
from finopsctl.questions.forecast import forecast_of
from finopsctl.reports._figures import Figure
from finopsctl.reports._parts import Part, lacks, notable
from finopsctl.reports._spend import daily_spend, frame_of_days
from finopsctl.results.report import Chart, ChartKind, Column, Look, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from finopsctl.analyses.forecast import Forecast
    from finopsctl.reports._scene import Scene

_MOST_DAYS = 31
_MIDDLE = 14  # days of a month before its 15th


def month_end(scene: Scene) -> Part:
    """Return where the month will end, as figure and chart; where it is over, the next one."""
    found = forecast_of(scene.at_end, scene.settings, "month-end")
    totals = found.totals
    if totals["projected"] is None:
        return lacks("the forecast", "no record has a known cost")
    name = f"{found.horizon.first_day:%B %Y}"
    what = f"Expected end of {name}" if found.horizon.past else f"Expected in {name}"
    figure = Figure("forecast_month_end", what, totals["projected"], basis=_interval(found, scene))
    said = f"{name} is expected to {'end at' if found.horizon.past else 'cost'} "
    said += money(totals["projected"], scene.given.currency)
    noticed = notable(found.findings, without=("unpriced_not_forecast",))
    return Part((figure,), (_chart(found, scene),), noticed, said, totals=_machine(found, "month_end"))


def year_end(scene: Scene) -> Part:
    """Return the run rate at the year's end, and what the year will have cost."""
    found = forecast_of(scene.at_end, scene.settings, "year-end")
    totals = found.totals
    if totals["projected"] is None:
        return Part()
    last = found.horizon.after - timedelta(days=1)
    first = max(found.horizon.first_day, scene.books.seen[0].astimezone(zone(scene.given.tz)).date())
    whole = "" if first == found.horizon.first_day else f"since {first}, when the records begin; "
    figures = (
        Figure(
            "run_rate_year_end", f"Run rate a month at {last:%-d %B %Y}", totals["run_rate_monthly"], basis="forecast"
        ),
        Figure(
            "forecast_year_end",
            f"Expected by {last:%-d %B %Y}",
            totals["projected"],
            basis=f"{whole}{_interval(found, scene)}",
        ),
    )
    return Part(figures, totals=_machine(found, "year_end"))


def _machine(found: Forecast, name: str) -> dict[str, Any]:
    keys = ("actual", "projected", "projected_p10", "projected_p90")
    return {f"{name}_{key}": found.totals[key] for key in keys}


def _interval(found: Forecast, scene: Scene) -> str:
    return _between(found, scene).strip(" ()") or "no interval: too little history"


def _between(found: Forecast, scene: Scene) -> str:
    low, high = found.totals["projected_p10"], found.totals["projected_p90"]
    if low is None or high is None:
        return ""
    return f" (80% likely between {money(low, scene.given.currency)} and {money(high, scene.given.currency)})"


def _chart(found: Forecast, scene: Scene) -> Table:
    """Return the days of the period and the days to come; of a month that is over, its own days come first."""
    is_past = pl.col("p50").is_null()
    rows = found.rows if found.horizon.past else pl.concat([_days_before(scene), found.rows], how="diagonal")
    frame = rows.with_columns(
        spend=pl.when(is_past).then("actual").otherwise("p50"),
        kind=pl.when(is_past).then(pl.lit("actual")).otherwise(pl.lit("forecast")),
    ).select("day", "kind", "spend", "actual", "p10", "p50", "p90")
    columns = (
        Column("day", "Day", Unit.DATE),
        Column("kind", "Kind"),
        Column("spend", "Spend a day", Unit.USD),
        Column("p10", "P10", Unit.USD, 1),
        Column("p90", "P90", Unit.USD, 1),
    )
    chart = Chart(ChartKind.LINES, "day", "spend", series="kind", low="p10", high="p90")
    basis = f"Actual days, then the median of each day to come ({found.totals['method']})."
    return Table("Spend a day and forecast", frame, columns, basis=basis, chart=chart, look=Look.CHART)


def _days_before(scene: Scene) -> pl.DataFrame:
    """Return the last days of the report, at most a month of them."""
    last = scene.period.last_day
    count = min(scene.period.days, _MOST_DAYS)
    spent = daily_spend(scene, last - timedelta(days=count - 1), count)
    return frame_of_days(spent).rename({"spend": "actual"})


def forecast_against_actual(scene: Scene) -> Part:
    """Return what forecasts made during the month, from the records before them alone, had said of it."""
    actual = _actual(scene)
    first = scene.period.first_day
    rows = [_hindsight(scene, first + timedelta(days=at), actual) for at in (0, _MIDDLE)]
    told = [row for row in rows if row is not None]
    if not told or actual is None:
        return lacks("forecast against actual", f"records of days before {first + timedelta(days=_MIDDLE)}")
    money_columns = ("projected", "projected_p10", "projected_p90", "actual", "difference")
    schema = {"origin": pl.Date(), "history_days": pl.Int64(), **dict.fromkeys(money_columns, pl.String())}
    frame = pl.DataFrame(told, schema={**schema, "error": pl.Float64(), "inside": pl.String()})
    frame = frame.with_columns(pl.col(name).cast(MONEY) for name in money_columns)
    columns = (
        Column("origin", "Made on", Unit.DATE),
        Column("history_days", "From days", Unit.COUNT, 2),
        Column("projected", "Forecast", Unit.USD),
        Column("projected_p10", "P10", Unit.USD, 2),
        Column("projected_p90", "P90", Unit.USD, 2),
        Column("actual", "Actual", Unit.USD),
        Column("error", "Off by", Unit.CHANGE),
        Column("inside", "Within P10 to P90", priority=1, null="no interval"),
    )
    basis = "Each forecast is made anew from the records before its day alone; off by (actual - forecast) / forecast."
    return Part((), (Table("Forecast against actual", frame, columns, basis=basis),))


def _actual(scene: Scene) -> Decimal | None:
    cost = pl.col("cost")
    sums = scene.books.ledger.select(known=cost.is_not_null().any(), total=cost.sum())
    known, total = sums.collect(engine="streaming").row(0)
    return Decimal(total) if known else None


def _hindsight(scene: Scene, origin: date, actual: Decimal | None) -> dict[str, Any] | None:
    """Return one forecast of the month and how it fared; None without records before it."""
    if actual is None or scene.books.seen[0] >= scene.midnight(origin):
        return None
    books = scene.seen_at(scene.midnight(origin))
    if not scene.has(books):
        return None
    found = forecast_of(books, scene.settings, "month-end")
    totals = found.totals
    if totals["projected"] is None:
        return None
    low, high, middle = totals["projected_p10"], totals["projected_p90"], totals["projected"]
    amounts = {"projected": middle, "projected_p10": low, "projected_p90": high, "actual": actual}
    return {
        "origin": origin,
        "history_days": found.fleet.outlook.history,
        **{name: None if amount is None else f"{amount:f}" for name, amount in amounts.items()},
        "difference": f"{actual - middle:f}",
        "error": float((actual - middle) / middle) if middle else None,
        "inside": None if low is None or high is None else ("yes" if low <= actual <= high else "no"),
    }
