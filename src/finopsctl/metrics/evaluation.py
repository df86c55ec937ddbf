"""The value of each KPI, from a rollup and what else it rests on.

Everything here works on small, collected frames: the rollup of the ledger, spend per user, quantiles, budgets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import MONEY, constant
from finopsctl.ledger.token_classes import TOKEN_CLASSES, TokenClass
from finopsctl.metrics.budgets import days_grade, with_figures
from finopsctl.metrics.kpi import How, Kpi, KpiSettings, RangeScale, Scale, UserTypes
from finopsctl.metrics.measures import SPEND, holds, ratio, to_money, total
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_PICO_PER_UNIT = 10**12
_DAYS_OF_A_MONTH = 30

MEMBER = "member"
"""The column that names which member of a KPI a row is about."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What was collected about one period.

    Args:
        rollup: Of :func:`finopsctl.metrics.rollup.rollup`, dimensions as text.
        days: Whole days elapsed.
        users: Dimensions, ``user``, ``spend``, ``requests`` (null: not known); None: not asked.
        mishaps: Dimensions and what retries and fallbacks cost; None: not asked.
        quantiles: Dimensions, ``spend``, ``requests`` and one column per quantile KPI; None: not asked.
        traces: The same of quantiles of the cost of traces (``requests`` counts traces); None: not asked.
        budgets: Of :func:`finopsctl.metrics.budgets.budget_usage`; None: no budgets.
        outcomes: ``outcomes`` (count) and perhaps ``feature`` and ``spend`` (of what they are of; else that of the
            rollup); None: not given.
        comparison_rates: Price per token of the API model to compare self-hosting with, by ledger column.
        duplicates: Records dropped as duplicates; None: not checked.
        settings: Of the KPIs.
    """

    rollup: pl.DataFrame
    days: int
    users: pl.DataFrame | None = None
    mishaps: pl.DataFrame | None = None
    quantiles: pl.DataFrame | None = None
    traces: pl.DataFrame | None = None
    budgets: pl.DataFrame | None = None
    outcomes: pl.DataFrame | None = None
    comparison_rates: Mapping[str, Decimal] | None = None
    duplicates: int | None = None
    settings: KpiSettings = field(default_factory=KpiSettings)


def evaluate(kpi: Kpi, figures: Figures, dims: tuple[str, ...]) -> pl.DataFrame:
    """Return the KPI's rows: ``dims``, member, numerator, denominator, value, coverage, usd_effect, grade.

    ``numerator`` and ``denominator`` are Decimal(38, 12), ``value`` and ``coverage`` floats; null where the ledger
    does not know. A KPI whose input was not given has no rows.
    """
    rows = _EVALUATORS[kpi.how](kpi, figures, dims)
    missing = {name: dtype for name, dtype in _COLUMNS.items() if name not in rows.columns}
    rows = rows.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in missing.items())
    if "grade" in missing:
        rows = rows.with_columns(grade=_grade(kpi, rows.columns))
    rows = rows.with_columns(_bounds(kpi, rows.columns))
    return rows.select(*dims, *(pl.col(name).cast(dtype) for name, dtype in _COLUMNS.items()))


_COLUMNS = {
    MEMBER: pl.String(),
    "numerator": MONEY,
    "denominator": MONEY,
    "value": pl.Float64(),
    "coverage": pl.Float64(),
    "usd_effect": MONEY,
    "grade": pl.String(),
    "target_low": pl.Float64(),
    "target_high": pl.Float64(),
}


def _grade(kpi: Kpi, columns: Iterable[str]) -> pl.Expr:
    scale = kpi.scale
    if isinstance(scale, Scale) or (isinstance(scale, RangeScale) and scale.by in columns):
        return scale.grade(pl.col("value"))
    return pl.lit(None, dtype=pl.String)


def _bounds(kpi: Kpi, columns: Iterable[str]) -> list[pl.Expr]:
    low: pl.Expr = pl.lit(None, dtype=pl.Float64)
    high = low
    if isinstance(kpi.scale, Scale):
        low, high = (pl.lit(bound, dtype=pl.Float64) for bound in kpi.scale.bounds(kpi.aim))
    elif isinstance(kpi.scale, RangeScale) and kpi.scale.by in columns:
        low, high = kpi.scale.low(), kpi.scale.high()
    return [pl.coalesce("target_low", low).alias("target_low"), pl.coalesce("target_high", high).alias("target_high")]


def _by(frame: pl.DataFrame, dims: Iterable[str], **aggregates: pl.Expr) -> pl.DataFrame:
    names = list(dims)
    return frame.group_by(names).agg(**aggregates) if names else frame.select(**aggregates)


def _ratio(kpi: Kpi, figures: Figures, dims: tuple[str, ...]) -> pl.DataFrame:
    assert kpi.numerator is not None
    assert kpi.denominator is not None
    both = (*kpi.numerator.knows, *kpi.denominator.knows)
    rows = _by(
        figures.rollup,
        dims,
        numerator=total(kpi.numerator, both),
        denominator=total(kpi.denominator, both),
        coverage=_coverage(both, of_spend=kpi.is_about_money),
    )
    if kpi.effect and figures.mishaps is not None:
        known = pl.col("numerator").is_not_null()
        rows = _joined(rows, figures.mishaps.select(*dims, usd_effect=kpi.effect), dims)
        rows = rows.with_columns(usd_effect=pl.when(known).then(pl.col("usd_effect").fill_null(constant(0))))
    return rows.with_columns(value=ratio(pl.col("numerator").cast(pl.Float64) * kpi.per, pl.col("denominator")))


def _coverage(facts: Iterable[str], *, of_spend: bool) -> pl.Expr:
    """Return the share of spend, or of usage records, that knows ``facts``."""
    if of_spend:
        return ratio(total(SPEND, facts), total(SPEND))
    usage = pl.col("is_usage")
    return ratio(pl.col("records").filter(usage & holds(facts)).sum(), pl.col("records").filter(usage).sum())


def _share(kpi: Kpi, figures: Figures, dims: tuple[str, ...]) -> pl.DataFrame:
    assert kpi.numerator is not None
    whole = figures.rollup.select(
        denominator=total(kpi.numerator), coverage=_coverage(kpi.numerator.knows, of_spend=kpi.is_about_money)
    )
    rows = _by(figures.rollup, [kpi.member_of], numerator=total(kpi.numerator)).filter(
        pl.col("numerator").is_not_null()
    )
    return rows.join(whole, how="cross").with_columns(
        pl.col(kpi.member_of).alias(MEMBER),
        *([] if kpi.member_of in dims else [pl.lit(None, dtype=pl.String).alias(name) for name in dims]),
        value=ratio(pl.col("numerator"), pl.col("denominator")),
    )


def _quantile(kpi: Kpi, figures: Figures, dims: tuple[str, ...]) -> pl.DataFrame:
    found = figures.traces if kpi.how is How.TRACE_QUANTILE else figures.quantiles
    if found is None:
        return _nothing(dims)
    spend = _by(figures.rollup, dims, all_spend=total(SPEND))
    rows = _joined(found, spend, dims)
    return rows.with_columns(
        value=pl.col(kpi.name),
        denominator=pl.col("requests").cast(MONEY),
        coverage=ratio(pl.col("spend"), pl.col("all_spend")),
    )


def _per_user(_kpi: Kpi, figures: Figures, dims: tuple[str, ...]) -> pl.DataFrame:
    if figures.users is None or figures.users.is_empty():
        return _nothing(dims)
    spend = _by(figures.rollup, dims, all_spend=total(SPEND))
    overall = _by(figures.users, dims, numerator=pl.col("spend").sum(), denominator=pl.len().cast(MONEY))
    rows = _joined(overall, spend, dims).with_columns(
        value=ratio(pl.col("numerator"), pl.col("denominator")),
        coverage=ratio(pl.col("numerator"), pl.col("all_spend")),
    )
    if dims:
        return rows.drop("all_spend")
    return pl.concat([rows.drop("all_spend"), _user_types(figures)], how="diagonal")


def _user_types(figures: Figures) -> pl.DataFrame:
    """Return one row per type of user; grades compare the cost per user and 30 days."""
    assert figures.users is not None
    types, days = figures.settings.user_types, max(figures.days, 1)
    of_a_month = _DAYS_OF_A_MONTH / days
    rows = (
        figures.users.with_columns(user_type(types, days, of_a_month).alias(MEMBER))
        .group_by(MEMBER)
        .agg(numerator=pl.col("spend").sum(), denominator=pl.len().cast(MONEY))
        .with_columns(value=ratio(pl.col("numerator"), pl.col("denominator")), coverage=pl.lit(None, dtype=pl.Float64))
        .filter(pl.col(MEMBER).is_not_null())
    )
    expected = RangeScale(MEMBER, types.ranges)
    return rows.with_columns(
        grade=expected.grade(pl.col("value") * of_a_month),
        target_low=expected.low() / of_a_month,
        target_high=expected.high() / of_a_month,
    )


def user_type(types: UserTypes, days: int, of_a_month: float) -> pl.Expr:
    """Return what type of user a row is, from its ``requests`` and ``spend``; null where requests are not known.

    Args:
        types: What makes a user light, moderate, heavy or power.
        days: The days the row is about.
        of_a_month: What brings an amount of those days to 30 days.
    """
    per_day = pl.col("requests") / days
    is_power = pl.col("spend").cast(pl.Float64) * of_a_month > types.power_spend
    return (
        pl.when(per_day < types.light_requests_per_day)
        .then(pl.lit("light"))
        .when(per_day <= types.moderate_requests_per_day)
        .then(pl.lit("moderate"))
        .when(per_day.is_not_null())
        .then(pl.when(is_power).then(pl.lit("power")).otherwise(pl.lit("heavy")))
    )


def _per_day(kpi: Kpi, figures: Figures, dims: tuple[str, ...]) -> pl.DataFrame:
    assert kpi.numerator is not None
    rows = _by(figures.rollup, dims, numerator=total(kpi.numerator))
    days = constant(Decimal(figures.days))
    known = pl.when(pl.col("numerator").is_not_null()).then(1.0)
    return rows.with_columns(denominator=days, coverage=known, value=ratio(pl.col("numerator"), days))


def _self_hosted(kpi: Kpi, figures: Figures, dims: tuple[str, ...]) -> pl.DataFrame:
    """Infrastructure lines carry no tokens, so cost and tokens are added up apart from each other."""
    rates = figures.comparison_rates
    if rates is None or not figures.rollup["is_self_hosted"].any():
        return _nothing(dims)
    assert kpi.numerator is not None
    own = pl.col("is_self_hosted") & pl.col("is_tokens") & pl.col("is_served")
    api = reduce(add, (_api_cost(c, rates) for c in TOKEN_CLASSES))
    rows = _by(
        figures.rollup,
        dims,
        numerator=total(kpi.numerator),
        denominator=pl.when(own.any() & ~api.filter(own).has_nulls()).then(to_money(api.filter(own).sum())),
        coverage=ratio(pl.col("records").filter(own & pl.col("is_cost")).sum(), pl.col("records").filter(own).sum()),
    )
    rows = rows.filter(pl.col("denominator").is_not_null()) if dims else rows
    return rows.with_columns(value=1 - ratio(pl.col("numerator"), pl.col("denominator")))


def _api_cost(token_class: TokenClass, rates: Mapping[str, Decimal]) -> pl.Expr:
    """Return the pico-units one class would cost; null where it has tokens and no rate."""
    columns = {c.rate_key: c.column for c in TOKEN_CLASSES}
    fallback = rates.get(columns[token_class.bills_as]) if token_class.bills_as else None
    rate = rates.get(token_class.column, fallback)
    tokens = pl.col(token_class.column).cast(pl.Int128)
    if rate is None:
        return pl.when(tokens == 0).then(pl.lit(0, dtype=pl.Int128))
    return tokens * pl.lit(int(rate * _PICO_PER_UNIT), dtype=pl.Int128)


def _outcome(kpi: Kpi, figures: Figures, dims: tuple[str, ...]) -> pl.DataFrame:
    if figures.outcomes is None:
        return _nothing(dims)
    by = [kpi.member_of] if kpi.member_of in figures.outcomes.columns else []
    counts = _by(figures.outcomes, by, denominator=pl.col("outcomes").sum().cast(MONEY))
    if "spend" in figures.outcomes.columns:
        spend = _by(figures.outcomes, by, numerator=pl.col("spend").sum(), spent=pl.col("spend").is_not_null().any())
        spend = spend.with_columns(numerator=pl.when("spent").then("numerator")).drop("spent")
    else:
        spend = _by(figures.rollup, by, numerator=total(SPEND))
    rows = counts.join(spend, on=by, how="left", nulls_equal=True) if by else counts.join(spend, how="cross")
    member = pl.col(kpi.member_of) if by else pl.lit(None, dtype=pl.String)
    return rows.with_columns(
        member.alias(MEMBER),
        *([] if by else [member.alias(name) for name in dims]),
        value=ratio(pl.col("numerator"), pl.col("denominator")),
    )


def _budget(kpi: Kpi, figures: Figures, dims: tuple[str, ...]) -> pl.DataFrame:
    usage = figures.budgets
    if usage is None:
        return _nothing(dims)
    actual, planned, remaining = pl.col("actual"), pl.col("planned"), pl.col("remaining")
    match kpi.name:
        case "budget_utilization":
            parts = (actual, pl.col("limit"), pl.col("utilization"))
        case "budget_variance":
            parts = (pl.col("whole_days_spend") - planned, planned, pl.col("budget_variance"))
        case "days_to_exhaustion_7d":
            parts = (remaining, pl.col("burn_rate_7d"), pl.col("days_to_exhaustion_7d"))
        case _:
            parts = (remaining, pl.col("burn_rate"), pl.col("days_to_exhaustion"))
    numerator, denominator, value = parts
    rows = with_figures(usage).with_columns(
        pl.col("budget").alias(MEMBER),
        *(pl.lit(None, dtype=pl.String).alias(name) for name in dims if name not in usage.columns),
        numerator=numerator,
        denominator=denominator.cast(MONEY),
        value=value,
        coverage=actual.is_not_null().cast(pl.Float64),
    )
    if kpi.unit is not Unit.DAYS or not isinstance(kpi.scale, Scale):
        return rows
    return rows.with_columns(grade=days_grade(kpi.scale, pl.col("value"), pl.col("days_left"), figures.settings.bands))


def _duplicates(_kpi: Kpi, figures: Figures, dims: tuple[str, ...]) -> pl.DataFrame:
    if figures.duplicates is None or dims:
        return _nothing(dims)
    dropped = constant(figures.duplicates)
    rows = figures.rollup.select(
        numerator=dropped, denominator=(pl.col("records").sum().cast(pl.Int64).cast(MONEY) + dropped).first()
    )
    return rows.with_columns(value=ratio(pl.col("numerator"), pl.col("denominator")), coverage=1.0)


def _joined(left: pl.DataFrame, right: pl.DataFrame, dims: tuple[str, ...]) -> pl.DataFrame:
    return left.join(right, on=list(dims), how="left", nulls_equal=True) if dims else left.join(right, how="cross")


def _nothing(dims: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(dims, pl.String()), **_COLUMNS})


_EVALUATORS: Mapping[How, Callable[[Kpi, Figures, tuple[str, ...]], pl.DataFrame]] = {
    How.RATIO: _ratio,
    How.SHARE: _share,
    How.QUANTILE: _quantile,
    How.TRACE_QUANTILE: _quantile,
    How.PER_USER: _per_user,
    How.PER_DAY: _per_day,
    How.BUDGET: _budget,
    How.SELF_HOSTED: _self_hosted,
    How.OUTCOME: _outcome,
    How.DUPLICATES: _duplicates,
}
