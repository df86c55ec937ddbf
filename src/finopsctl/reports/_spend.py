"""Spend of the period: how much, by what, how it changes from day to day and month to month, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.period import zone
from finopsctl.ledger.schema import MONEY, constant
from finopsctl.questions.breakdown import breakdown_of
from finopsctl.questions.variance import bridge_of
from finopsctl.reports._figures import Figure, kpi_figures, price
from finopsctl.reports._parts import Part, first_rows, lacks, notable, picked, sentence
from finopsctl.results.report import Chart, ChartKind, Column, Look, Table
from finopsctl.results.units import Direction, Unit
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from finopsctl.analyses.attribution import Breakdown
    from finopsctl.books import Books
    from finopsctl.reports._scene import Scene

_MONTHS = 13  # of history: a year and the month to compare with
_SHARED = "shared cost is left where it was booked; the chargeback spreads it"
_FEWEST = 3  # months, for a chart: two columns say less than two figures
_DRIVERS = 3
_SAME = Decimal("0.0005")  # shows as 0.0 %


def spend(scene: Scene, *, kpis: Sequence[str] = (), requests: bool = False) -> Part:
    """Return what was spent and how it changed.

    Args:
        scene: The books.
        kpis: KPIs of the catalogue that belong beside it.
        requests: Whether the headline says what a request costs.
    """
    found = breakdown_of(scene.books, replace(scene.compared, by=("team",)), "spend")
    now, then = found.totals["spend"], found.totals.get("previous")
    figure = Figure("spend", "Spend", now, previous=then, good=Direction.DOWN)
    beside = kpi_figures(scene.books, scene.compared, kpis) if kpis else ()
    lost = () if scene.before else lacks("what changed", scene.no_comparison).findings
    if "retry_rate" not in kpis and not any(figure.name == "success_rate" for figure in beside):
        lost = (*lost, *lacks("success rate", "no log says which requests failed").findings)
    said = "; ".join(filter(None, (_spend_said(found, scene), _request_said(beside, scene) if requests else "")))
    return Part((figure, *beside), (), lost, said, found.quality)


def _request_said(figures: Sequence[Figure], scene: Scene) -> str:
    """Say what a request costs, never without how many succeed where that is known."""
    values = {figure.name: float(figure.value) for figure in figures if figure.value is not None}
    if "cost_per_request" not in values:
        return ""
    high = values.get("cost_per_request_p95")
    beside = "" if high is None else f" (P95 {price(high, scene.given.currency)})"
    success = "" if "success_rate" not in values else f", {values['success_rate']:.1%} succeed"
    return f"a request costs {price(values['cost_per_request'], scene.given.currency)}{beside}{success}"


def _spend_said(found: Breakdown, scene: Scene) -> str:
    now, then = found.totals["spend"], found.totals.get("previous")
    if now is None:
        return f"No spend is known {scene.when}: no record has a cost"
    if now < 0:
        return f"Credits exceed charges by {money(-now, scene.given.currency)} {scene.when}"
    said = f"{money(now, scene.given.currency)} spent {scene.when}"
    if not scene.before or then is None or then <= 0:
        return said
    change = now / then - 1
    if abs(change) < _SAME:
        return f"{said}, as much as {scene.when_before}"
    return f"{said}, {abs(change):.1%} {'more' if change >= 0 else 'less'} than {scene.when_before}"


def spend_by(scene: Scene, by: str, title: str, *, bars: bool = True) -> Part:
    """Return the spend of a dimension's values, largest first, with the change where something is compared."""
    asked = replace(scene.compared, by=(by,), top=scene.top)
    found = breakdown_of(scene.books, asked, "spend")
    (table,) = found.report().tables
    chart = Chart(ChartKind.BARS, by, "spend") if bars else None
    share = () if (found.totals["spend"] or 0) < 0 else ("share",)  # of less than nothing there is none
    names = (by, "spend", *share, "previous", "change_amount", "change", "requests")
    basis = sentence(_SHARED if scene.given.allocation.pool else "")
    return Part((), (picked(table, *names, title=title, chart=chart, basis=basis),))


def largest(scene: Scene) -> Part:
    """Return what costs most: the largest lines of team, use case and model."""
    asked = replace(scene.compared, by=("team", "feature", "model"))
    (table,) = breakdown_of(scene.books, asked, "spend").report().tables
    names = ("team", "feature", "model", "spend", "share", "change")
    shown = picked(table, *names, title="Top cost drivers", chart=None, basis="The largest lines of all spend.")
    return Part((), (first_rows(shown, _DRIVERS),))


def months(scene: Scene) -> Part:
    """Return spend month by month, as a chart where there are several; nothing where there is but one."""
    rows = breakdown_of(_last_months(scene, _MONTHS), replace(scene.settings, by=("month",)), "spend").rows
    if rows.height < 2:
        return lacks("the trend from month to month", "records of more than one month")
    frame = rows.select("month", "spend", "requests").sort("month")
    partial = "" if scene.is_whole_month else f"the last month ends with {scene.period.last_day}"
    columns = (
        Column("month", "Month"),
        Column("spend", "Spend", Unit.USD),
        Column("requests", "Requests", Unit.COUNT, 2),
    )
    basis = sentence(f"all records until {scene.period.last_day}", partial)
    table = Table("Spend by month", frame, columns, basis=basis)
    return Part((), (drawn(table, Chart(ChartKind.COLUMNS, "month", "spend"), frame.height),))


def drawn(table: Table, chart: Chart, months: int) -> Table:
    """Return a table of months as a chart, or as it is where there are too few for one."""
    return replace(table, chart=chart, look=Look.CHART) if months >= _FEWEST else table


def drivers(scene: Scene) -> Part:
    """Return the effects that moved spend most, each with what changed."""
    if not scene.before:
        return Part()
    found = bridge_of(scene.books, replace(scene.settings, by=("team",)), scene.compare)
    if found.effects.is_empty():
        return Part()
    columns = found.report().tables[-1].columns
    top = found.effects.head(_DRIVERS)
    rest = Decimal(found.totals["change"]) - Decimal(top["amount"].sum())
    more = f"the other {found.effects.height - top.height} effects come to {money(rest, scene.given.currency)}"
    basis = sentence(f"against {scene.called_before}", more if found.effects.height > top.height else "")
    signs = [Direction.DOWN] * top.height
    table = Table("What drove the change", top, columns, row_good=signs, basis=basis)
    first = top.row(0, named=True)
    said = f"the largest driver is {first['title'].lower()} ({_signed(first['amount'], scene)})"
    return Part((), (table,), notable(found.findings), said)


def _signed(amount: Decimal, scene: Scene) -> str:
    return f"{'+' if amount > 0 else ''}{money(amount, scene.given.currency)}"


def daily_spend(scene: Scene, first: date, days: int) -> Mapping[date, Decimal | None]:
    """Return the spend of each day since the first record; a day without one cost nothing, unpriced ones are None."""
    began = scene.books.seen[0].astimezone(zone(scene.given.tz)).date()
    start = max(first, began)
    count = (first + timedelta(days=days) - start).days
    if count <= 0:
        return {}
    books = scene.days(start, count)
    spent = {}
    if scene.has(books):
        rows = breakdown_of(books, replace(scene.settings, by=("day",)), "spend").rows
        spent = dict(rows.select("day", "spend").iter_rows())
    each = (start + timedelta(days=at) for at in range(count))
    return {day: spent.get(day.isoformat(), Decimal(0)) for day in each}


def frame_of_days(amounts: Mapping[date, Decimal | None]) -> pl.DataFrame:
    """Return days and their spend as a frame."""
    texts = pl.DataFrame(
        {"day": list(amounts), "spend": [None if a is None else f"{a:f}" for a in amounts.values()]},
        schema={"day": pl.Date, "spend": pl.String},
    )
    return texts.with_columns(pl.col("spend").cast(MONEY))


def split_over_months(scene: Scene, by: str, months_back: int) -> pl.DataFrame:
    """Return the spend of a dimension's values by month, over some months up to the report's: month, value, spend."""
    rows = breakdown_of(_last_months(scene, months_back), replace(scene.settings, by=(by, "month")), "spend").rows
    return rows.select("month", by, pl.col("spend").fill_null(constant(0))).sort("month", by, nulls_last=True)


def _last_months(scene: Scene, count: int) -> Books:
    """Return the books of some months, of which the last is the report's, to the end of its period."""
    first = scene.period.first_day.replace(day=1)
    for _ in range(count - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    last = (scene.end - timedelta(microseconds=1)).astimezone(zone(scene.given.tz)).date()
    return scene.days(first, (last - first).days + 1)
