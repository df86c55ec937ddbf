"""What units cost: outcomes, users, customers, plans, each with its success metric."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.questions.unit_economics import unit_economics_of
from finopsctl.reports._figures import Figure, price
from finopsctl.reports._parts import Part, first_rows, lacks, notable, picked
from finopsctl.results.report import Chart, ChartKind, Column, Look, Table
from finopsctl.results.units import Direction, Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from finopsctl.analyses.unit_economics import UnitEconomics
    from finopsctl.reports._scene import Scene

_OUTCOMES = "pass --outcomes FILE (see `finopsctl sources outcomes`)"
_REVENUE = "pass --revenue FILE (see `finopsctl sources revenue`)"
_SHOWN = (
    *("feature", "team", "customer", "spend", "count", "cost_per", "success_rate", "target_high"),
    *("cost_per_success", "alternative_cost", "net_value", "grade"),
)
_LOWEST = 5
_OF_USERS = ("user_type_over_expected",)
_USERS = "no record names a user"
_PLANS = "no record and no revenue names a plan"


def answered(scene: Scene) -> UnitEconomics:
    """Return the answer of ``finopsctl unit-economics`` for the report's period."""
    return unit_economics_of(scene.books, replace(scene.settings, top=scene.top))


def outcomes(scene: Scene, found: UnitEconomics) -> Part:
    """Return the cost of an outcome by use case; without an outcomes file that of a successful task."""
    table = _table(found, "Outcomes") or _table(found, "Tasks")
    lost = () if _table(found, "Outcomes") else lacks("cost per outcome", _OUTCOMES).findings
    shown = () if table is None else (first_rows(picked(table, *_SHOWN), scene.top),)
    figures = _figure(found, "successful_task", "cost_per_successful_task", "Cost per successful task")
    return Part(figures, shown, (*lost, *notable(found.findings, without=_OF_USERS)))


def _figure(found: UnitEconomics, unit: str, name: str, title: str) -> tuple[Figure, ...]:
    """Return the cost of a unit with its success rate beside it, where there is any."""
    rows = found.rows.filter((pl.col("unit") == unit) & pl.col("cost_per").is_not_null())
    if rows.height != 1:
        return ()
    row = rows.row(0, named=True)
    rate = "" if row["success_rate"] is None else f"; {row['success_rate']:.1%} of {row['success_of']} succeed"
    basis = f"{row['count']:,} of them{rate}"
    return (Figure(name, title, row["cost_per"], good=Direction.DOWN, basis=basis),)


def margin(scene: Scene, found: UnitEconomics, *, table: bool = True) -> Part:
    """Return the gross margin: of all customers, and of those with the lowest."""
    customers = _table(found, "Customers")
    if "revenue" not in found.totals or customers is None:
        return lacks("gross margin per customer", _REVENUE)
    totals = found.totals
    figures = (
        Figure("gross_margin", "Gross margin of customers", totals["margin"], "ratio", good=Direction.UP,
               basis=_cover(found)),
        Figure("gross_margin_after_all_spend", "Gross margin after all spend", totals["margin_after_all_spend"],
               "ratio", good=Direction.UP, basis=_earned(found, scene)),
    )  # fmt: skip
    paying = found.rows.filter((pl.col("unit") == "customer") & pl.col("margin").is_not_null())
    lowest = paying.sort("margin", "customer").head(min(scene.top, _LOWEST))
    names = ("customer", "spend", "revenue", "gross_profit", "margin", "success_rate", "grade")
    shown = Table(
        "Lowest gross margins",
        lowest.select(*names),
        tuple(column for column in customers.columns if column.name in names),
        basis=f"{lowest.height} of {paying.height} paying customers.",
    )
    return Part(figures, (shown,) if table else ())


def _earned(found: UnitEconomics, scene: Scene) -> str:
    revenue, spent = (found.totals[name] for name in ("revenue", "spend"))
    if revenue is None or spent is None:
        return ""
    currency = scene.given.currency
    return f"{money(revenue, currency)} of revenue against {money(spent, currency)} of spend"


def _cover(found: UnitEconomics) -> str:
    own, whole = found.totals["spend_of_customers"], found.totals["spend"]
    return f"on the {own / whole:.1%} of spend that names a customer" if own is not None and whole else ""


def users(scene: Scene, found: UnitEconomics) -> Part:
    """Return what users cost: each, a day, and the dearest."""
    if not found.totals["users"]:
        return lacks("cost per user", _USERS)
    figures = (
        *_figure(found, "user", "cost_per_user", "Cost per active user"),
        *_figure(found, "active_user_day", "cost_per_active_user_day", "Cost per active user and day"),
        *_figure(found, "p99_user", "cost_of_p99_users", "Cost per user, dearest 1%"),
    )
    dearest = _table(found, "Users")
    tables = [] if dearest is None else [replace(dearest, title="Dearest users", basis=_of_users(found))]
    a_day = next((f.value for f in figures if f.name == "cost_per_active_user_day" and f.value is not None), None)
    said = "" if a_day is None else f"an active user costs {price(float(a_day), scene.given.currency)} a day"
    return Part(figures, tuple(tables), said=said)


def _of_users(found: UnitEconomics) -> str:
    return f"{counted(found.totals['users'], 'user')} in all; --redact user hides their names."


def users_by_day(scene: Scene, found: UnitEconomics) -> Part:
    """Return the cost of an active user day by day; nothing for a single day, or without users."""
    if not found.totals["users"]:
        return Part()
    rows = unit_economics_of(scene.books, replace(scene.settings, by=("day",))).rows
    days = rows.filter(pl.col("unit") == "user").select("day", "spend", "count", "cost_per").sort("day")
    if days.height < 2:
        return Part()
    columns = (
        Column("day", "Day"),
        Column("spend", "Spend", Unit.USD),
        Column("count", "Active users", Unit.COUNT),
        Column("cost_per", "Cost per active user", Unit.UNIT_PRICE),
    )
    frame = days.with_columns(pl.col("day").str.to_date())
    chart = Chart(ChartKind.LINES, "day", "cost_per")
    basis = "Spend of records that name a user / users active that day."
    table = Table("Cost per active user a day", frame, columns, basis=basis, chart=chart, look=Look.CHART)
    return Part(tables=(table,))


def free_tier(scene: Scene, found: UnitEconomics) -> Part:
    """Return what plans cost that nobody pays for."""
    table = _table(found, "Free tier")
    if found.totals["free_tier_spend"] is None or table is None:
        return lacks("free-tier exposure", _PLANS)
    share, spent = found.totals["free_tier_share"], money(found.totals["free_tier_spend"], scene.given.currency)
    figure = Figure("free_tier_share", "Free-tier share of spend", share, "ratio", good=Direction.DOWN, basis=spent)
    return Part((figure,), (replace(table, title="Plans"),))


def _table(found: UnitEconomics, title: str) -> Table | None:
    return next((table for table in found.tables if table.title == title), None)
