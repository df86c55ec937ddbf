"""What users cost: all, each active day, by type, the dearest hundredth; and what tasks that succeed cost.

The 99th percentile is the value at position (n - 1) x 0.99 of the users' spend in order, linear between neighbours and
compared in whole pico-units; whoever spends at least that is in the cohort.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.unit_economics.customers import MEASURES
from finopsctl.analyses.unit_economics.question import TASKS, UnitQuestion, success, unit_rows
from finopsctl.ledger.schema import MONEY, amount_of, constant
from finopsctl.metrics.dimensions import dimension, named
from finopsctl.metrics.evaluation import MEMBER, Figures, evaluate, user_type
from finopsctl.metrics.figures import as_text
from finopsctl.metrics.kpi import RangeScale
from finopsctl.metrics.measures import REQUESTS, SPEND, SUCCESSFUL_REQUESTS, SUCCESSFUL_TASKS, TOKENS, ratio, total
from finopsctl.metrics.rollup import rollup
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_DAY, _MONTH = "__day", 30
_TYPES = ("light", "moderate", "heavy", "power")


@dataclass(frozen=True, slots=True, eq=False)
class Users:
    """Users and tasks.

    Args:
        units: Rows of users, active days, successful tasks and the dearest hundredth, by the dimensions asked for.
        types: Rows by type of user; what is expected of one is for 30 days.
        dearest: Rows of the users that cost most.
        tasks: Successful tasks by use case, for people.
        has_days: Whether the days of users are known; buckets of several days hide them.
        count: Distinct users, whatever they are split by.
        spend: What rows with a user cost.
        nameless: What rows without one cost.
    """

    units: pl.DataFrame
    types: pl.DataFrame
    dearest: pl.DataFrame
    tasks: pl.DataFrame
    has_days: bool
    count: int
    spend: Decimal
    nameless: Decimal

    @property
    def cost_per(self) -> Decimal | None:
        """What one of them costs; None without any."""
        return self.spend / self.count if self.count else None


def plans(ledger: pl.LazyFrame, question: UnitQuestion) -> dict[str, pl.LazyFrame]:
    """Return the lazy frames users rest on: a rollup, and one row for each user and day."""
    tz = question.timezone
    keys = {d.name: d.key(tz) for d in question.by}
    priced = ledger.filter(pl.col("user").is_not_null() & pl.col("cost").is_not_null())
    length = (pl.col("charge_period_end") - pl.col("charge_period_start")).filter(pl.col("record_kind") != "request")
    day = {"active_user": pl.col("user"), _DAY: dimension("day").key(tz)}
    activity = priced.group_by(named({**keys, **day})).agg(
        spend=pl.col("cost").sum(),
        requests=pl.col("requests").sum(),
        counted=pl.col("requests").count(),
        long=(length > pl.duration(days=1)).any(),
    )
    return {
        "rollup": rollup(ledger, {"feature": pl.col("feature"), **keys}, (*MEASURES, TOKENS)),
        "activity": activity,
    }


def users(frames: Mapping[str, pl.DataFrame], question: UnitQuestion, days: int) -> Users:
    """Say what users and successful tasks cost.

    Args:
        frames: The collected frames of :func:`plans`.
        question: Dimensions, types of users, how many of the dearest to list.
        days: Whole days the ledger covers.
    """
    by, dims = question.by, question.dims
    whole = as_text(frames["rollup"], by)
    activity = as_text(frames["activity"], by)
    everyone, split = _people(activity, ()), _people(activity, dims)
    figures = Figures(rollup=whole, days=days, users=split, settings=question.settings)
    overall = Figures(rollup=whole, days=days, users=everyone, settings=question.settings)
    rates = _rates(whole, dims)
    has_days = not activity["long"].fill_null(value=False).any()
    spend = Decimal(everyone["spend"].sum() or 0)
    total_spend = Decimal(whole.select(total(SPEND)).item() or 0)
    units = [
        _unit(evaluate(question.kpi("cost_per_user"), figures, dims).filter(pl.col(MEMBER).is_null()), rates, dims),
        _unit(evaluate(question.kpi("cost_per_successful_task"), figures, dims), _task_rates(whole, dims), dims),
    ]
    rows = [unit_rows(frame, name, question) for frame, name in zip(units, ("user", "successful_task"), strict=True)]
    if has_days and activity.height:
        rows.insert(1, unit_rows(_active_days(activity, rates, dims), "active_user_day", question))
    cohort = _cohort(everyone, total_spend)
    rows.append(unit_rows(cohort, "p99_user", question))
    return Users(
        pl.concat(rows),
        unit_rows(_types(overall, question, total_spend), "user_type", question),
        unit_rows(_dearest(everyone, question, days, total_spend), "top_user", question),
        _tasks(whole, question),
        has_days,
        everyone.height,
        spend,
        total_spend - spend,
    )


def _people(activity: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
    """Return spend, requests (null: never counted) and active days of each user."""
    return (
        activity.group_by(*dims, "active_user")
        .agg(
            pl.col("spend").sum(),
            pl.col("requests").sum(),
            pl.col("counted").sum(),
            active_days=pl.col(_DAY).n_unique(),
        )
        .with_columns(requests=pl.when(pl.col("counted") > 0).then("requests"))
    )


def _rates(whole: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
    """Return the success rate beside each cost: of requests, or of tasks where errors are not known."""
    sums = {
        "task_successes": total(SUCCESSFUL_TASKS),
        "tasks": total(TASKS),
        "fine": total(SUCCESSFUL_REQUESTS),
        "sent": total(REQUESTS, ("errors",)),
        "spend": total(SPEND),
    }
    frame = whole.group_by(list(dims)).agg(**sums) if dims else whole.select(**sums)
    return frame.with_columns(success(("task_successes", "tasks"), ("fine", "sent"))).rename({"spend": "all_spend"})


def _task_rates(whole: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
    """Return the same of tasks alone, with how many succeeded."""
    return _rates(whole, dims).with_columns(
        success_rate=ratio(pl.col("task_successes"), pl.col("tasks")),
        success_of=pl.when(pl.col("tasks") > 0).then(pl.lit("tasks")),
        successes=pl.col("task_successes"),
    )


def _unit(values: pl.DataFrame, rates: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
    """Turn a KPI's rows into rows of a unit."""
    known = values.filter(pl.col("value").is_not_null()).drop("target_low", "target_high", "grade")
    joined = known.join(rates, on=list(dims), how="left", nulls_equal=True) if dims else known.join(rates, how="cross")
    return joined.with_columns(
        spend="numerator",
        count="denominator",
        cost_per="value",
        share=ratio(pl.col("numerator"), pl.col("all_spend")),
    ).sort("spend", *dims, descending=[True, *(False for _ in dims)], nulls_last=True)


def _active_days(activity: pl.DataFrame, rates: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
    sums = {"spend": pl.col("spend").sum(), "count": pl.len()}
    each = activity.group_by(list(dims)).agg(**sums) if dims else activity.select(**sums)
    joined = each.join(rates, on=list(dims), how="left", nulls_equal=True) if dims else each.join(rates, how="cross")
    return joined.with_columns(
        cost_per=ratio(pl.col("spend"), pl.col("count")), share=ratio(pl.col("spend"), pl.col("all_spend"))
    ).sort("spend", *dims, descending=[True, *(False for _ in dims)], nulls_last=True)


def _cohort(everyone: pl.DataFrame, spend: Decimal) -> pl.DataFrame:
    """Return one row: the users at or above the 99th percentile of spend."""
    if everyone.is_empty():
        return pl.DataFrame(schema={"spend": MONEY})
    pico = everyone["spend"].to_physical().sort()
    place, rest = divmod((pico.len() - 1) * 99, 100)
    low, high = int(pico[place]), int(pico[min(place + 1, pico.len() - 1)])
    hundredfold = low * (100 - rest) + high * rest
    # Whole numbers: x 100 reaches the edge just when x reaches the edge / 100, rounded up.
    edge = amount_of(-(-hundredfold // 100))
    inside = everyone.filter(pl.col("spend") >= constant(edge))
    return inside.select(
        spend=pl.col("spend").sum(),
        count=pl.len(),
        cost_per=ratio(pl.col("spend").sum(), pl.len()),
        share=ratio(pl.col("spend").sum(), constant(spend)),
        target_low=pl.lit(float(Decimal(hundredfold).scaleb(-14))),
        active_days=pl.col("active_days").sum(),
        requests=pl.col("requests").sum(),
    )


def _types(overall: Figures, question: UnitQuestion, spend: Decimal) -> pl.DataFrame:
    rows = evaluate(question.kpi("cost_per_user"), overall, ()).filter(pl.col(MEMBER).is_not_null())
    order = pl.col(MEMBER).replace_strict({name: at for at, name in enumerate(_TYPES)}, default=None)
    of_a_month = _MONTH / max(overall.days, 1)
    expected = RangeScale(MEMBER, question.settings.user_types.ranges)
    is_cheaper = pl.col("value") * of_a_month < expected.low()
    return rows.sort(order.cast(pl.Int64)).select(
        user_type=MEMBER,
        spend="numerator",
        count="denominator",
        cost_per="value",
        # The scorecard warns on either side of the range: cheaper than expected is no reason to.
        grade=pl.when((pl.col("grade") == "warning") & is_cheaper).then(pl.lit("ok")).otherwise("grade"),
        target_low=expected.low(),
        target_high=expected.high(),
        share=ratio(pl.col("numerator"), constant(spend)),
        spend_30_days=pl.col("value") * of_a_month,
    )


def _dearest(everyone: pl.DataFrame, question: UnitQuestion, days: int, spend: Decimal) -> pl.DataFrame:
    span = max(days, 1)
    kind = user_type(question.settings.user_types, span, _MONTH / span)
    first = everyone.sort("spend", "active_user", descending=[True, False]).head(question.top)
    return first.select(
        "spend",
        "requests",
        "active_days",
        user="active_user",
        user_type=kind,
        count=pl.lit(1),
        cost_per=pl.col("spend").cast(pl.Float64),
        share=ratio(pl.col("spend"), constant(spend)),
        cost_per_active_day=ratio(pl.col("spend"), pl.col("active_days")),
        spend_30_days=ratio(pl.col("spend"), pl.lit(span)) * _MONTH,
    )


def _tasks(whole: pl.DataFrame, question: UnitQuestion) -> pl.DataFrame:
    """Return successful tasks by use case and the dimensions asked for."""
    dims = tuple(dict.fromkeys(("feature", *question.dims)))
    rows = evaluate(question.kpi("cost_per_successful_task"), Figures(rollup=whole, days=0), dims)
    return unit_rows(_unit(rows, _task_rates(whole, dims), dims), "successful_task", question)


def tables_of(found: Users, question: UnitQuestion) -> list[Table]:
    """Return the tables people read: tasks, users by type, the dearest users."""
    dims = [d for d in question.by if d.name != "feature"]
    tasks = (
        Column("feature", "Use case", null="(untagged)"),
        *(d.column for d in dims),
        Column("spend", "Spend", Unit.USD),
        Column("count", "Succeeded", Unit.COUNT),
        Column("success_rate", "Success rate", Unit.SHARE),
        Column("cost_per", "Cost per success", Unit.UNIT_PRICE),
    )
    types = (
        Column("user_type", "Type"),
        Column("count", "Users", Unit.COUNT),
        Column("spend", "Spend", Unit.USD),
        Column("share", "Of all spend", Unit.SHARE, 3),
        Column("cost_per", "Cost per user", Unit.USD),
        Column("spend_30_days", "In 30 days", Unit.USD, 1),
        Column("target_low", "Expected from", Unit.USD, 1),
        Column("target_high", "to", Unit.USD, 1),
        Column("place", "Which is", priority=1),
        Column("grade", "Grade", Unit.GRADE),
    )
    dearest: tuple[Column, ...] = (
        Column("user", "User"),
        Column("user_type", "Type", priority=3),
        Column("spend", "Spend", Unit.USD),
        Column("share", "Of all spend", Unit.SHARE),
        Column("active_days", "Active days", Unit.COUNT, 1),
        Column("cost_per_active_day", "Per active day", Unit.USD, 2),
        Column("requests", "Requests", Unit.COUNT, 4),
    )
    if not found.has_days:
        dearest = tuple(c for c in dearest if c.name not in {"active_days", "cost_per_active_day"})
    placed = found.types.with_columns(place=_place())
    shown = ((found.tasks, "Tasks", tasks), (placed, "Types of users", types), (found.dearest, "Users", dearest))
    return [Table(title, frame, columns) for frame, title, columns in shown if frame.height]


def _place() -> pl.Expr:
    """Return in words where a type's cost in 30 days lies; null where nothing is expected of it."""
    cost, low, high = pl.col("spend_30_days"), pl.col("target_low"), pl.col("target_high")
    return (
        pl.when(cost < low)
        .then(pl.lit("below expected"))
        .when(cost > high)
        .then(pl.lit("above expected"))
        .when(low.is_not_null() | high.is_not_null())
        .then(pl.lit("as expected"))
    )


def findings(found: Users, currency: str) -> Iterator[Finding]:
    """Yield what a reader must know about users: types that cost more than is expected, days that are not known."""
    for row in found.types.filter(pl.col("grade") == "warning").iter_rows(named=True):
        each, high = (money(Decimal(str(row[name])), currency) for name in ("spend_30_days", "target_high"))
        message = f"A {row['user_type']} user costs {each} in 30 days; at most {high} is expected."
        evidence = {"user_type": row["user_type"], "spend_30_days": row["spend_30_days"], "target": row["target_high"]}
        yield Finding(Severity.WARNING, "user_type_over_expected", message, "", evidence)
    if not found.has_days:
        message = "Active days of users are not known: some of their records cover more than a day."
        yield Finding(Severity.INFO, "user_days_unknown", message)
