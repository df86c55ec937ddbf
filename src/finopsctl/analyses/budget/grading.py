"""The status of budgets: the worst of up to three grades, and what a status rests on.

The share of the limit used and how many days the rest lasts grade a budget's standing. A projection is graded by its
end, too: P50 above the limit is critical, and so are odds of an overrun at or above the second threshold; those at or
above the first are a warning. A limit that is spent is ``exhausted``; before the first whole day of a period it is
``too_early``; what seems fine because most of the period's days hold no record of anyone is ``no_data``, and so is
a budget of whose records none has a price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.metrics.budgets import days_grade, is_spent
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.kpi import Scale, configured

if TYPE_CHECKING:
    from datetime import date

    from finopsctl.analyses.budget.question import BudgetQuestion

STATUSES = ("exhausted", "critical", "warning", "no_data", "ok", "good", "too_early")
"""Worst first."""

USED, LASTS, ENDS = "used_grade", "lasts_grade", "ends_grade"
"""The grades a status is made of, as columns of :func:`graded`."""

_GRADES = ("good", "ok", "warning", "critical")
_BAD = ("warning", "critical")
_ROUNDING = 1e-9  # a forecast of exactly the limit is no overrun


def graded(figures: pl.DataFrame, question: BudgetQuestion, covered: date | None) -> pl.DataFrame:
    """Add the three grades and the status.

    Args:
        figures: Of ``with_figures``, with the forecast's columns; null where there is none.
        question: Scales and thresholds.
        covered: The last day that any record is of, whatever passes the filters; None: there is none.
    """
    scales = {kpi.name: kpi.scale for kpi in configured(KPIS, question.settings)}
    used, days = scales["budget_utilization"], scales["days_to_exhaustion"]
    assert isinstance(used, Scale)
    assert isinstance(days, Scale)
    lasts = days_grade(days, pl.col("days_to_exhaustion"), pl.col("days_left"), question.settings.bands)
    ranks = {name: rank for rank, name in enumerate(_GRADES)}
    parts = figures.with_columns(
        used.grade(pl.col("utilization")).alias(USED), lasts.alias(LASTS), _end(question).alias(ENDS)
    )
    worse = pl.max_horizontal(
        pl.col(name).replace_strict(ranks, default=0, return_dtype=pl.Int8) for name in (USED, LASTS)
    )
    standing = worse.replace_strict(dict(enumerate(_GRADES)), return_dtype=pl.String)
    silent = pl.lit(0 if covered is None else max((question.end_day - covered).days - 1, 0))
    status = (
        pl.when(is_spent())
        .then(pl.lit("exhausted"))
        .when(pl.col("actual").is_null())
        .then(pl.lit("no_data"))
        .when(pl.col("days_elapsed") == 0)
        .then(pl.lit("too_early"))
        .when(~standing.is_in(_BAD) & (2 * silent > pl.col("days_elapsed")))
        .then(pl.lit("no_data"))
        .otherwise(standing)
    )
    place = {name: at for at, name in enumerate(STATUSES)}
    ends_worse = pl.col(ENDS).is_in(_BAD) & (_place(pl.col(ENDS), place) < _place(pl.col("status"), place))
    return parts.with_columns(status=status).with_columns(status=pl.when(ends_worse).then(ENDS).otherwise("status"))


def _place(name: pl.Expr, place: dict[str, int]) -> pl.Expr:
    return name.replace_strict(place, default=len(place), return_dtype=pl.Int8)


def _end(question: BudgetQuestion) -> pl.Expr:
    """Grade where the forecast ends; null without one."""
    warning, critical = question.settings.overrun
    odds, end = pl.col("overrun_probability"), pl.col("projected_p50")
    is_over = (end > pl.col("limit").cast(pl.Float64) * (1 + _ROUNDING)) | (odds >= critical).fill_null(value=False)
    grade = pl.when(is_over).then(pl.lit("critical")).when(odds >= warning).then(pl.lit("warning"))
    return pl.when(end.is_not_null()).then(grade.otherwise(pl.lit("good")))
