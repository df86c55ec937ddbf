"""Budget variance: spend against the plan to date, graded.

Plan to date = limit x whole days elapsed / days of the budget's period; change = actual - plan; variance = change /
plan. The bands are those of the KPI ``budget_variance``; below the plan the last one mirrored tells ``under-utilized``
from ``under plan``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.errors import ConfigError
from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.budgets import Budget, budget_usage, daily_spend, with_figures
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.dimensions import Dimension, dimension
from finopsctl.metrics.figures import collect
from finopsctl.metrics.kpi import KpiSettings, Scale, configured
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Grade, Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


_PLAIN_BANDS = ("over", "under plan")  # what the sentence says anyway
_WORST_FIRST = (Grade.CRITICAL, Grade.WARNING, Grade.OK, Grade.GOOD)


@dataclass(frozen=True, slots=True, eq=False)
class BudgetVariance:
    """Budgets against spend, worst first.

    ``rows``: budget (its name), the dimensions of the budgets' scopes, period_start, period_end, limit, baseline (plan
    to date), actual, change, variance (a fraction; null where nothing is planned yet), grade, band (words).
    """

    rows: pl.DataFrame
    quality: Quality
    by: tuple[Dimension, ...]
    currency: str = "USD"
    findings: tuple[Finding, ...] = ()

    @property
    def totals(self) -> dict[str, Any]:
        """How many budgets there are, and how many of each band; amounts of budgets that overlap do not add up."""
        bands = self.rows["band"].value_counts(sort=True).sort("count", "band", descending=[True, False])
        return {"budgets": self.rows.height, "bands": dict(bands.iter_rows())}

    def report(self) -> Report:
        """Return the presentable form."""
        columns = (
            Column("budget", "Budget"),
            Column("limit", "Limit", Unit.USD, 1),
            Column("baseline", "Plan to date", Unit.USD),
            Column("actual", "Actual", Unit.USD),
            Column("change", "Over plan", Unit.USD),
            Column("variance", "Variance", Unit.CHANGE),
            Column("period_start", "From", Unit.DATE, 3),
            Column("period_end", "Until", Unit.DATE, 3),
            Column("band", "Band", priority=2),
            Column("grade", "Status", Unit.GRADE),
        )
        table = Table("Budget variance", self.rows, columns)
        return Report("variance", self._headline(), (table,), self.totals, self.findings)

    def _headline(self) -> str:
        if self.rows.is_empty():
            return "No budget is in force."
        worst = self.rows.row(0, named=True)
        fine = self.rows.filter(pl.col("grade").is_in([Grade.GOOD.value, Grade.OK.value])).height
        state = f"{fine} of {counted(self.rows.height, 'budget')} on track"
        if worst["variance"] is None:
            return f"{state}; {worst['budget']}: {worst['band']}."
        amount = f"{money(abs(worst['change']), self.currency)} ({abs(worst['variance']):.1%})"
        side = "over" if worst["change"] >= 0 else "under"
        band = "" if worst["band"] in _PLAIN_BANDS else f" ({worst['band']})"
        return f"{state}; {worst['budget']} is {amount} {side} its plan to date{band}."


def budget_variance(  # noqa: PLR0913 - one option of the command each
    ledger: pl.LazyFrame,
    budgets: Sequence[Budget],
    as_of: datetime,
    *,
    by: tuple[Dimension, ...] = (),
    partial: frozenset[str] = frozenset(),
    settings: KpiSettings | None = None,
    basis: str = "auto",
    currency: str = "USD",
) -> BudgetVariance:
    """Compare what was spent with what the budgets planned by ``as_of``.

    Args:
        ledger: Ledger columns and ``cost``, of all periods: budgets have periods of their own.
        budgets: Limits; those that start after ``as_of`` are left out.
        as_of: The first instant not seen. The period of a budget is the one that holds the instant just before it.
        by: Only budgets with exactly these dimensions; none: all.
        partial: Names of budgets of whose spend the ledger holds only a part.
        settings: The scale of the KPI ``budget_variance``.
        basis: The cost basis ``cost`` was taken on, for the data-quality figures.
        currency: ISO 4217 code of ``cost``, for sentences.

    Raises:
        ConfigError: When there is no such budget.
    """
    names = [d.name for d in by]
    asked = [b for b in budgets if not by or set(b.scope) == set(names)]
    if not asked:
        raise ConfigError(
            f"there is no budget by {', '.join(names)}" if by and budgets else "there is no budget to compare with",
            "Give --budgets FILE, or write [[budget]] tables into the configuration.",
        )
    dims = names or sorted({name for budget in asked for name in budget.scope})
    seen = ledger.filter(pl.col("charge_period_start") < as_of)
    frames = collect(
        [{"daily": daily_spend(ledger, asked, as_of), "rollup": rollup(_current(seen, asked, as_of), {}, ())}]
    )[0]
    usage = budget_usage(frames["daily"], asked, as_of, dims)
    rows = _graded(with_figures(usage), settings or KpiSettings())
    shown = by or tuple(dimension(name) for name in dims)
    return BudgetVariance(
        _arranged(rows, dims), quality_of(frames["rollup"], basis), shown, currency, _filtered(asked, partial)
    )


def _filtered(budgets: Sequence[Budget], partial: frozenset[str]) -> tuple[Finding, ...]:
    """Say which budgets limit more than passes the filters."""
    names = [budget.name for budget in budgets if budget.name in partial]
    if not names:
        return ()
    message = f"The filters leave out part of what these budgets limit: {', '.join(names)}."
    return (Finding(Severity.WARNING, "budget_filtered", message, "Leave out --where.", {"budgets": names}),)


def _current(seen: pl.LazyFrame, budgets: Sequence[Budget], as_of: datetime) -> pl.LazyFrame:
    """Return the rows of the periods that the budgets are in."""
    return seen.filter(pl.col("charge_period_start") >= min(b.current(as_of).start for b in budgets))


def _graded(usage: pl.DataFrame, settings: KpiSettings) -> pl.DataFrame:
    scale = next(kpi for kpi in configured(KPIS, settings) if kpi.name == "budget_variance").scale
    assert isinstance(scale, Scale)
    variance = pl.col("budget_variance")
    far = max((abs(band.limit) for band in scale.bands), default=0.0)
    word = (
        pl.when(variance.is_null())
        .then(pl.when(pl.col("days_elapsed") == 0).then(pl.lit("too early")).otherwise(pl.lit("nothing planned")))
        .when(pl.col("grade").is_in([Grade.GOOD.value, Grade.OK.value]))
        .then(pl.lit("on track"))
        .when(variance < -far)
        .then(pl.lit("under-utilized"))
        .when(variance < 0)
        .then(pl.lit("under plan"))
        .when(pl.col("grade") == Grade.CRITICAL.value)
        .then(pl.lit("significant overrun"))
        .otherwise(pl.lit("over"))
    )
    return usage.with_columns(
        change=(pl.col("actual") - pl.col("planned")).cast(MONEY), grade=scale.grade(variance)
    ).with_columns(band=word)


def _arranged(rows: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
    """Put the worst grade first, within a grade what is over plan, the furthest from it first."""
    order = {grade.value: place for place, grade in enumerate(_WORST_FIRST)}
    place = pl.col("grade").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    over, distance = pl.col("budget_variance") >= 0, pl.col("budget_variance").abs()
    ordered = rows.sort(place, over, distance, "budget", descending=[False, True, True, False], nulls_last=True)
    amounts = ("limit", pl.col("planned").alias("baseline"), "actual", "change")
    return ordered.select(
        "budget",
        *dims,
        "period_start",
        "period_end",
        *amounts,
        pl.col("budget_variance").alias("variance"),
        "grade",
        "band",
    )
