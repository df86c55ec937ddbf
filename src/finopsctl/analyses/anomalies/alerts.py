"""Alerts: which slots of which groups break which rule, and how many groups could be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.anomalies.cells import DAY, FEATURE, SLOT
from finopsctl.analyses.anomalies.rules import GROUP, Baseline, Measure
from finopsctl.analyses.anomalies.series import dense, feature_keys, request_costs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.anomalies.cells import Cells
    from finopsctl.analyses.anomalies.question import AnomalyQuestion
    from finopsctl.analyses.anomalies.rules import Rule

RANK = "__rank"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How many groups (features) there are in what is told, and how many of them a rule had enough history for."""

    groups: int
    judged: int


@dataclass(frozen=True, slots=True, eq=False)
class Alerts:
    """What the rules found.

    Args:
        frame: RANK (of the rule), GROUP, SLOT, DAY, FEATURE (of rules by feature), value, expected, excess, score,
            history (days).
        series: The dense series of the groups.
        judgements: By the name of each active rule.
    """

    frame: pl.DataFrame
    series: pl.DataFrame
    judgements: Mapping[str, Judgement]


def alerts_of(ledger: pl.LazyFrame, cells: Cells, question: AnomalyQuestion, told: pl.Expr) -> Alerts:
    """Judge every slot by every rule that is enabled.

    Args:
        ledger: Ledger columns and ``cost``, for what needs single requests.
        cells: Of :func:`cells_of`.
        question: Dimensions, grain, rules.
        told: Whether a DAY is one that is told of.
    """
    series = dense(cells, question.dims, question)
    rules = question.active
    groups = series.select(GROUP, *question.dims).unique()
    features = _by_feature(cells, groups, question) if any(rule.by_feature for rule in rules) else series
    costs = next((rule for rule in rules if rule.measure is Measure.REQUEST_COST_P95), None)
    if costs is not None:
        p95 = request_costs(ledger, groups, question, costs.min_requests)
        series = series.join(p95, on=[GROUP, SLOT], how="left").sort(GROUP, SLOT)
    profiled = next((rule for rule in rules if rule.baseline is Baseline.SAME_SLOT and "hour" in rule.grains), None)
    found, judgements = [], dict[str, Judgement]()
    for rank, rule in enumerate(rules):
        rows = _judged(rule, features if rule.by_feature else series, question)
        if profiled is not None and rule.name == "three-sigma":
            rows = rows.filter(~_explained(profiled, question))
        shown = rows.filter(told)
        judgements[rule.name] = Judgement(shown[GROUP].n_unique(), shown.filter("enough")[GROUP].n_unique())
        found.append(_alerts(rows, rule, rank))
    return Alerts(pl.concat(found), series, judgements) if found else Alerts(_none(series), series, judgements)


def _by_feature(cells: Cells, groups: pl.DataFrame, question: AnomalyQuestion) -> pl.DataFrame:
    """Return the series of features; ``owner`` is the group that a feature is in."""
    series = dense(cells, feature_keys(question.dims), question)
    owners = groups.rename({GROUP: "owner"})
    return (
        series.join(owners, on=question.dims, nulls_equal=True, maintain_order="left")
        if question.dims
        else series.with_columns(owner=pl.lit(0, dtype=pl.UInt32))
    )


def _judged(rule: Rule, series: pl.DataFrame, question: AnomalyQuestion) -> pl.DataFrame:
    judged = rule.judge(rule, question.per_day)
    return series.with_columns(
        judged_value=judged.value,
        expected=judged.expected,
        excess=judged.excess,
        history=judged.history.floor().cast(pl.Int64),
        score=judged.score,
        broken=judged.fires,
    ).with_columns(
        enough=(pl.col("history") >= rule.min_history).fill_null(value=False) & pl.col("expected").is_not_null()
    )


def _explained(profiled: Rule, question: AnomalyQuestion) -> pl.Expr:
    """Return whether a seasonal profile with all its cycles says that a slot is as usual."""
    judged = profiled.judge(profiled, question.per_day)
    return (judged.expected.is_not_null() & ~judged.fires).fill_null(value=False)


def _alerts(rows: pl.DataFrame, rule: Rule, rank: int) -> pl.DataFrame:
    breaks = (pl.col("broken") & pl.col("enough")).fill_null(value=False)
    first = breaks & ~breaks.shift(1).over(GROUP).fill_null(value=False) if rule.onset else breaks
    owner = "owner" if "owner" in rows.columns else GROUP
    feature = pl.col(FEATURE) if FEATURE in rows.columns else pl.lit(None, dtype=pl.String)
    return rows.filter(first & (pl.col("excess").abs() >= rule.floor)).select(
        pl.lit(rank, dtype=pl.Int32).alias(RANK),
        pl.col(owner).cast(pl.UInt32).alias(GROUP),
        SLOT,
        DAY,
        feature.alias(FEATURE),
        value=pl.col("judged_value").cast(pl.Float64),
        expected=pl.col("expected").cast(pl.Float64),
        excess=pl.col("excess").cast(pl.Float64),
        score=pl.col("score").cast(pl.Float64),
        history=pl.col("history"),
    )


def _none(series: pl.DataFrame) -> pl.DataFrame:
    floats = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("value", "expected", "excess", "score")]
    return series.clear().select(
        pl.lit(0, dtype=pl.Int32).alias(RANK),
        GROUP,
        SLOT,
        DAY,
        pl.lit(None, dtype=pl.String).alias(FEATURE),
        *floats,
        pl.lit(0, dtype=pl.Int64).alias("history"),
    )
