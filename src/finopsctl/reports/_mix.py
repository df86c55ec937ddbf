"""Which models and providers the money goes to, against what is expected of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.questions.scorecard import scorecard_of
from finopsctl.reports._parts import Part
from finopsctl.reports._spend import drawn, split_over_months
from finopsctl.results.report import Chart, ChartKind, Column, Table
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from finopsctl.reports._scene import Scene

_MONTHS = 6


def model_mix(scene: Scene) -> Part:
    """Return the share of each model tier in requests and in spend, with what is expected."""
    rows = scorecard_of(scene.books, scene.compared, ("model_mix_requests", "model_mix_spend")).rows
    members = rows.filter(pl.col("value").is_not_null())
    if members.is_empty():
        return Part()
    kept = ("value", "change", "target") if "change" in rows.columns else ("value", "target")
    sides = [
        members.filter(kpi=f"model_mix_{name}").select("model_tier", *(pl.col(k).alias(f"{k}_{name}") for k in kept))
        for name in ("spend", "requests")
    ]
    frame = sides[0].join(sides[1], on="model_tier", how="full", nulls_equal=True, coalesce=True)
    compared = "change" in rows.columns

    def columns_of(name: str, title: str) -> tuple[Column, ...]:
        change = (Column(f"change_{name}", "Change", Unit.POINTS, 2),) if compared else ()
        return (
            Column(f"value_{name}", title, Unit.SHARE),
            *change,
            Column(f"target_{name}", "Expected", priority=1),
        )

    columns = (
        Column("model_tier", "Model tier", null="(unknown)"),
        *columns_of("spend", "Of spend"),
        *columns_of("requests", "Of requests"),
    )
    order = frame.sort("value_spend", "model_tier", descending=[True, False], nulls_last=True)
    return Part(tables=(Table("Model mix", order, columns),))


def providers(scene: Scene) -> Part:
    """Return the share of each provider with what is aimed at, and how it went from month to month."""
    rows = scorecard_of(scene.books, scene.compared, ("provider_distribution",)).rows
    members = rows.filter(pl.col("value").is_not_null())
    compared = "change" in rows.columns
    columns = (
        Column("provider", "Provider", null="(unknown)"),
        Column("numerator", "Spend", Unit.USD),
        Column("value", "Share", Unit.SHARE),
        *(
            (Column("previous", "Before", Unit.SHARE, 2), Column("change", "Change", Unit.POINTS, 1))
            if compared
            else ()
        ),
        Column("target", "Aimed at", priority=2),
        Column("grade", "Grade", Unit.GRADE),
    )
    tables = [Table("Providers", members, columns)] if members.height else []
    trend = split_over_months(scene, "provider", _MONTHS)
    if trend["month"].n_unique() > 1:
        tables.append(_trend(trend, scene))
    return Part(tables=tuple(tables))


def _trend(trend: pl.DataFrame, scene: Scene) -> Table:
    columns = (
        Column("month", "Month"),
        Column("provider", "Provider", null="(unknown)"),
        Column("spend", "Spend", Unit.USD),
    )
    chart = Chart(ChartKind.COLUMNS, "month", "spend", series="provider")
    months = trend["month"].n_unique()
    basis = f"All records of {months} months until {scene.period.last_day}."
    table = drawn(Table("Spend by provider and month", trend, columns, basis=basis), chart, months)
    return replace(table, machine_only=table.chart is None)  # two months stand in the table of providers
