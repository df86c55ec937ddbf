"""Dense series: every slot of every group from its first record on, with what the rules look at."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.anomalies.cells import DAY, FEATURE, SLOT, SOURCE, day_of
from finopsctl.analyses.anomalies.rules import GROUP
from finopsctl.ledger.period import calendar_start, midnight, zone
from finopsctl.metrics.dimensions import dimension, named

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from finopsctl.analyses.anomalies.cells import Cells
    from finopsctl.analyses.anomalies.question import AnomalyQuestion
    from finopsctl.metrics.budgets import Budget

_DAY = timedelta(days=1)
_LOOK_BACK = 28  # days in which a group's sources are looked for
_FINENESS = 0.005  # of P95: request costs are told apart to half a percent
_QUANTILE = 0.95
_AMOUNTS = ("requests", "tokens", "hits", "hit_requests", "hit_spend")


def dense(found: Cells, keys: list[str], question: AnomalyQuestion) -> pl.DataFrame:
    """Fill the slots of every group up.

    Args:
        found: Of :func:`cells_of`.
        keys: What groups are made of.
        question: Grain, end, budgets.

    Returns:
        GROUP, ``keys``, SLOT, DAY, value (spend as float; 0 without a record, null on a day without any record of the
        whole input and where nothing is priced), spend (exact), requests, tokens, hits ..., phase (weekday or hour),
        week_phase, source_alive, daily_budget; sorted by group and slot. The slot that ``end`` cuts is left out.
    """
    cells, known = found.amounts, pl.col("spend").is_not_null()
    by_slot = cells.group_by(SLOT, *keys).agg(
        pl.when(known.any()).then(pl.col("spend").sum()).alias("spend"),
        *(pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in _AMOUNTS),
    )
    groups = by_slot.group_by(keys).agg(first=pl.col(SLOT).min()).sort(keys) if keys else _everything(by_slot)
    groups = groups.with_row_index(GROUP)
    grid = groups.join(_slots(cells, question), how="cross").filter(pl.col(SLOT) >= pl.col("first")).drop("first")
    days = found.presence.select(DAY).unique().with_columns(has_records=pl.lit(value=True))
    rows = by_slot.with_columns(has_row=pl.lit(value=True))
    joined = grid.join(rows, on=[SLOT, *keys], how="left", nulls_equal=True).with_columns(day_of(grid).alias(DAY))
    return (
        joined.join(days, on=DAY, how="left")
        .with_columns(spend=pl.when(pl.col("has_row").is_null() & pl.col("has_records")).then(0).otherwise("spend"))
        .with_columns(value=pl.col("spend").cast(pl.Float64), **_phases(question))
        .join(_daily_budget(question, joined[DAY].unique().sort().to_list()), on=DAY, how="left")
        .join(_alive(found, keys, groups), on=[GROUP, DAY], how="left")
        .with_columns(pl.col("source_alive").fill_null(value=False))
        .drop("has_row", "has_records")
        .sort(GROUP, SLOT)
    )


def _everything(by_slot: pl.DataFrame) -> pl.DataFrame:
    return by_slot.select(first=pl.col(SLOT).min())


def _slots(cells: pl.DataFrame, question: AnomalyQuestion) -> pl.DataFrame:
    """Return the whole slots from the first record to the end of what is seen."""
    first: Any = cells[SLOT].min()
    if question.grain == "hour":
        hours = pl.datetime_range(
            first.astimezone(UTC), question.end.astimezone(UTC), "1h", closed="left", time_zone="UTC", eager=True
        )
        whole = hours.filter(hours + timedelta(hours=1) <= question.end).alias(SLOT)
        return whole.dt.convert_time_zone(question.timezone).dt.cast_time_unit("us").to_frame()
    last = question.end.astimezone(zone(question.timezone)).date()
    return pl.date_range(first, last, "1d", closed="left", eager=True).alias(SLOT).to_frame()


def _phases(question: AnomalyQuestion) -> dict[str, pl.Expr]:
    weekday = pl.col(DAY).dt.weekday().cast(pl.Int32)
    if question.grain == "day":
        return {"phase": weekday, "week_phase": weekday}
    hour = pl.col(SLOT).dt.hour().cast(pl.Int32)
    return {"phase": hour, "week_phase": weekday * 24 + hour}


def _alive(found: Cells, keys: list[str], groups: pl.DataFrame) -> pl.DataFrame:
    """Return GROUP and DAY on which a source that the group had records of in the last 28 days has any record."""
    dated = found.amounts.with_columns(day_of(found.amounts).alias(DAY))
    used = dated.join(groups, on=keys, nulls_equal=True) if keys else dated.join(groups, how="cross")
    own = used.select(GROUP, SOURCE, DAY).unique().rename({DAY: "used"})
    days = own.select(GROUP, SOURCE).unique().join(found.presence, on=SOURCE, nulls_equal=True).sort(DAY)
    recent = days.join_asof(
        own.sort("used"), left_on=DAY, right_on="used", by=[GROUP, SOURCE], strategy="backward", check_sortedness=False
    )
    near = pl.col(DAY) - pl.col("used") <= timedelta(days=_LOOK_BACK)
    return recent.filter(near).select(GROUP, DAY, source_alive=pl.lit(value=True)).unique()


def _daily_budget(question: AnomalyQuestion, days: list[date]) -> pl.DataFrame:
    """Return DAY and daily_budget: the least limit / days of the period of the budgets that limit everything."""
    rows = [(day, _budget_of(question.budgets, day, question.timezone)) for day in days] if question.budgets else []
    return pl.DataFrame(rows, schema={DAY: pl.Date(), "daily_budget": pl.Float64()}, orient="row")


def _budget_of(budgets: Iterable[Budget], day: date, timezone: str) -> float | None:
    moment = midnight(day + _DAY, timezone)
    amounts = [
        float(budget.limit) / budget.current(moment).days
        for budget in budgets
        if not budget.scope and budget.has_begun(moment)
    ]
    return min(amounts, default=None)


def request_costs(ledger: pl.LazyFrame, groups: pl.DataFrame, question: AnomalyQuestion, least: int) -> pl.DataFrame:
    """Return the P95 of request costs of the 7 days to each day of a group, and of the 7 before.

    Costs are told apart to half a percent; a P95 is the largest cost of its step (nearest rank).

    Args:
        ledger: Ledger columns and ``cost``.
        groups: GROUP and the dimensions.
        question: Dimensions, end.
        least: Weeks with fewer requests are not looked at.

    Returns:
        GROUP, SLOT, p95, p95_requests, p95_spend, and the same of the 7 days before with ``_before``.
    """
    dims = {d.name: d.key(question.timezone) for d in question.by}
    cost = pl.col("cost").cast(pl.Float64)
    single = (pl.col("record_kind") == "request") & (pl.col("requests") == 1) & (pl.col("cost") > 0)
    step = (cost.log() / _FINENESS).floor().cast(pl.Int32)
    seen = ledger.filter(calendar_start(question.timezone) < question.end.astimezone(UTC)).filter(single)
    steps = (
        seen.group_by(*named(dims), dimension("day").key(question.timezone).alias(SLOT), step=step)
        .agg(count=pl.len().cast(pl.Int64), most=cost.max(), spend=cost.sum())
        .collect(engine="streaming")
        .with_columns(d.shown(pl.col(d.name)).alias(d.name) for d in question.by)
    )
    keyed = steps.join(groups, on=list(dims), nulls_equal=True) if dims else steps.join(groups, how="cross")
    enough = _week_ending(keyed.group_by(GROUP, SLOT).agg(pl.col("count").sum()))
    enough = enough.group_by(GROUP, SLOT).agg(n=pl.col("count").sum()).filter(pl.col("n") >= least)
    ranked = (
        _week_ending(keyed.join(enough.select(GROUP).unique(), on=GROUP))
        .join(enough, on=[GROUP, SLOT])
        .group_by(GROUP, SLOT, "step", "n")
        .agg(pl.col("count").sum(), pl.col("most").max(), pl.col("spend").sum())
        .sort(GROUP, SLOT, "step")
        .with_columns(rank=pl.col("count").cum_sum().over(GROUP, SLOT))
    )
    found = ranked.group_by(GROUP, SLOT).agg(
        p95=pl.col("most").filter(pl.col("rank") >= _QUANTILE * pl.col("n")).first(),
        p95_requests=pl.col("n").first(),
        p95_spend=pl.col("spend").sum(),
    )
    before = found.with_columns(pl.col(SLOT) + timedelta(days=7))
    return found.join(before, on=[GROUP, SLOT], suffix="_before")


def _week_ending(days: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of every day for each of the 7 days whose last week it is in."""
    return pl.concat([days.with_columns(pl.col(SLOT) + timedelta(days=ahead)) for ahead in range(7)])


def feature_keys(dims: list[str]) -> list[str]:
    """Return the keys of the series of features inside groups."""
    return dims if "feature" in dims else [*dims, FEATURE]
