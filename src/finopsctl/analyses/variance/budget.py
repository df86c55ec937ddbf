"""Budget variance: spend against the plan to date, graded.

Plan to date = limit x whole days elapsed / days of the budget's period; actual = spend of those days (of a limit of 0,
which plans nothing at any time, all spend so far); change = actual - plan; variance = change / plan. A limit of 0 of
which something is spent is critical. The bands are those of the KPI ``budget_variance``; below the plan the last one
mirrored tells ``under-utilized`` from ``under plan``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.errors import ConfigError
from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.budget_unpriced import unpriced
from finopsctl.metrics.budgets import Budget, budget_usage, daily_spend, is_spent, with_figures
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.dimensions import Dimension, dimension
from finopsctl.metrics.figures import collect
from finopsctl.metrics.kpi import KpiSettings, Scale, configured
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Direction, Grade, Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


_OVER_NOTHING, _UNKNOWN = "over a limit of 0", "no price"
_PLAIN_BANDS = ("over", "under plan")  # what the sentence says anyway
_SIDES = (  # how the bands are counted in one sentence
    ("over plan", ("over", "significant overrun", _OVER_NOTHING)),
    ("under", ("under plan", "under-utilized")),
    ("on track", ("on track",)),
    ("without a plan yet", ("too early", "nothing planned")),
    ("without a price", (_UNKNOWN,)),
)
_WORST_FIRST = (Grade.CRITICAL, Grade.WARNING, Grade.OK, Grade.GOOD)


@dataclass(frozen=True, slots=True, eq=False)
class BudgetVariance:
    """Budgets against spend, worst first.

    ``rows``: budget (its name), the dimensions of the budgets' scopes, period_start, period_end, limit, baseline (plan
    to date), actual, change, variance (a fraction; null where nothing is planned yet), grade, band (words). ``top``:
    how many of them are shown; None: all. ``overlap``: why their amounts cannot be added up; None: they can.
    """

    rows: pl.DataFrame
    quality: Quality
    by: tuple[Dimension, ...]
    currency: str = "USD"
    findings: tuple[Finding, ...] = ()
    top: int | None = None
    overlap: str | None = None

    @property
    def totals(self) -> dict[str, Any]:
        """The sums of the amounts, how many budgets there are, and how many of each band.

        Spend that two budgets limit would count twice: where budgets may overlap the amounts are null, as they are
        where what is spent of one is not known; ``not_added`` says why.
        """
        bands = self.rows["band"].value_counts(sort=True).sort("count", "band", descending=[True, False])
        names = ("baseline", "actual", "change")
        is_unknown = self.rows["actual"].null_count() > 0
        why = self.overlap or ("what is spent of a budget is not known" if is_unknown else None)
        amounts = {name: Decimal(self.rows[name].sum()) if why is None else None for name in names}
        counts = {"budgets": self.rows.height, "bands": dict(bands.iter_rows())}
        return {**amounts, **counts, "not_added": why}

    def report(self) -> Report:
        """Return the presentable form."""
        columns = (
            Column("budget", "Budget"),
            Column("limit", "Limit", Unit.USD, 1),
            Column("baseline", "Plan to date", Unit.USD),
            Column("actual", "Spend", Unit.USD),
            Column("change", "Over plan", Unit.USD, good=Direction.DOWN),
            Column("variance", "Over plan %", Unit.CHANGE, good=Direction.DOWN),
            Column("period_start", "First day", Unit.DATE, 3),
            Column("period_end", "Last day", Unit.DATE, 3),
            Column("band", "Band"),
            Column("grade", "Status", Unit.GRADE),
        )
        shown = self.rows if self.top is None else self.rows.head(self.top)
        inclusive = shown.with_columns(pl.col("period_end") - timedelta(days=1))
        rows = Table("Budget variance", shown, columns, machine_only=True)
        table = Table("Budget variance", inclusive, columns)
        findings = (*self.findings, *_left_out(self.rows.height - shown.height))
        return Report("variance", self._headline(), (rows, table), self.totals, findings)

    def _headline(self) -> str:
        if self.rows.is_empty():
            return "No budget is in force."
        worst = self.rows.row(0, named=True)
        state = self._counts()
        if worst["variance"] is None:
            return f"{state}; {worst['budget']}: {worst['band']}."
        amount = f"{money(abs(worst['change']), self.currency)} ({abs(worst['variance']):,.1%})"
        side = "over" if worst["change"] >= 0 else "under"
        band = "" if worst["band"] in _PLAIN_BANDS else f" ({worst['band']})"
        return f"{state}; {worst['budget']} is {amount} {side} its plan to date{band}."

    def _counts(self) -> str:
        """Say how many budgets are on which side of their plan: ``1 budget over plan, 5 under``."""
        bands = self.rows["band"].to_list()
        sides = {side: sum(band in named for band in bands) for side, named in _SIDES}
        first, *others = [(side, number) for side, number in sides.items() if number]
        of_plan = f"{first[0]} plan" if first[0] == "under" else first[0]
        return ", ".join((f"{counted(first[1], 'budget')} {of_plan}", *(f"{number} {side}" for side, number in others)))


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
    top: int | None = None,
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
        top: Show this many, the worst; None: all.

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
        _arranged(rows, dims),
        quality_of(frames["rollup"], basis),
        shown,
        currency,
        (*_filtered(asked, partial), *unpriced(usage)),
        top,
        _overlap([budget for budget in asked if budget.has_begun(as_of)]),
    )


def _overlap(budgets: Sequence[Budget]) -> str | None:
    """Return why budgets may limit the same spend; None where they cannot: different plain values of one dimension."""
    if len(budgets) <= 1:
        return None
    if any(not budget.scope for budget in budgets):
        return "a budget of everything limits what the others do"
    if len({tuple(budget.scope) for budget in budgets}) > 1 or any(len(budget.scope) > 1 for budget in budgets):
        return "budgets by different dimensions may limit the same spend"
    values = [value for budget in budgets for value in budget.scope.values()]
    if any(set("*?") & set(value) for value in values):
        return "budgets by patterns may limit the same spend"
    return None if len(set(values)) == len(values) else "two budgets limit the same spend"


def _filtered(budgets: Sequence[Budget], partial: frozenset[str]) -> tuple[Finding, ...]:
    """Say which budgets limit more than passes the filters."""
    names = [budget.name for budget in budgets if budget.name in partial]
    if not names:
        return ()
    message = f"The filters leave out part of what these budgets limit: {', '.join(names)}."
    return (Finding(Severity.WARNING, "budget_filtered", message, "Leave out --where.", {"budgets": names}),)


def _left_out(count: int) -> tuple[Finding, ...]:
    """Say how many budgets are not shown."""
    if not count:
        return ()
    message = f"{counted(count, 'more budget is', 'more budgets are')} not shown: none is graded worse than these."
    return (Finding(Severity.INFO, "budgets_left_out", message, "Leave out --top.", {"budgets": count}),)


def _current(seen: pl.LazyFrame, budgets: Sequence[Budget], as_of: datetime) -> pl.LazyFrame:
    """Return the rows of the periods that the budgets are in."""
    return seen.filter(pl.col("charge_period_start") >= min(b.current(as_of).start for b in budgets))


def _graded(usage: pl.DataFrame, settings: KpiSettings) -> pl.DataFrame:
    scale = next(kpi for kpi in configured(KPIS, settings) if kpi.name == "budget_variance").scale
    assert isinstance(scale, Scale)
    variance, unplanned = pl.col("budget_variance"), pl.col("limit") == 0
    actual = pl.when(unplanned).then("actual").otherwise("whole_days_spend")
    far = max((abs(band.limit) for band in scale.bands), default=0.0)
    word = (
        pl.when(pl.col("actual").is_null())
        .then(pl.lit(_UNKNOWN))
        .when(unplanned & is_spent())
        .then(pl.lit(_OVER_NOTHING))
        .when(variance.is_null())
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
        actual=actual,
        change=(actual - pl.col("planned")).cast(MONEY),
        grade=pl.when(unplanned & is_spent()).then(pl.lit(Grade.CRITICAL.value)).otherwise(scale.grade(variance)),
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
