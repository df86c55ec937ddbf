"""Episodes: alerts of a group within a day of each other, with what was to be expected and who made the difference.

What is expected of an episode is frozen at its start, so that a long one does not become its own baseline.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.anomalies.alerts import RANK
from finopsctl.analyses.anomalies.cells import FEATURE, SLOT, SOURCE, SUBS
from finopsctl.analyses.anomalies.rules import GROUP, Baseline, Measure

if TYPE_CHECKING:
    from finopsctl.analyses.anomalies.alerts import Alerts
    from finopsctl.analyses.anomalies.cells import Cells
    from finopsctl.analyses.anomalies.question import AnomalyQuestion
    from finopsctl.analyses.anomalies.rules import Rule

EPISODE = "__episode"
AMOUNTS = ("spend", "requests", "tokens", "hits", "hit_requests", "hit_spend")
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


def episodes_of(alerts: Alerts, question: AnomalyQuestion) -> pl.DataFrame:
    """Merge alerts.

    Money that is missing (silence) and money too much never share an episode. An episode is called after the first
    of its rules in the order of the registry.

    Returns:
        EPISODE, GROUP, first and last (SLOT), RANK, rule, rules (all that fired), of_feature and FEATURE (whom a rule
        by feature judged), alert_value, alert_expected, alert_excess (sums over the alerts of that rule and feature),
        score (the largest), history (of the first).
    """
    rules = question.active
    step = timedelta(hours=1) if question.grain == "hour" else _DAY
    facts = pl.DataFrame(
        {
            RANK: list(range(len(rules))),
            "rule": [rule.name for rule in rules],
            "onset": [rule.onset for rule in rules],
            "by_feature": [rule.by_feature and "feature" not in question.dims for rule in rules],
        },
        schema={RANK: pl.Int32, "rule": pl.String, "onset": pl.Boolean, "by_feature": pl.Boolean},
    )
    side = (pl.col("excess") < 0).alias("missing")
    near = (pl.col(SLOT).diff() <= step + _DAY).over(GROUP, "missing").fill_null(value=False)
    numbered = (
        alerts.frame.join(facts, on=RANK, maintain_order="left")
        .with_columns(side)
        .sort(GROUP, "missing", SLOT, RANK, FEATURE)
        .with_columns((~near).cum_sum().cast(pl.UInt32).alias(EPISODE))
    )
    lead = pl.col(RANK) == pl.col(RANK).min().over(EPISODE)
    leading = numbered.filter(lead)
    of_one = leading.group_by(EPISODE, FEATURE).agg(
        pl.col("rule", "by_feature", "onset", RANK, "history").first(),
        alert_value=pl.col("value").sum(),
        alert_expected=pl.col("expected").sum(),
        alert_excess=pl.col("excess").sum(),
        score=pl.col("score").max(),
    )
    largest = of_one.sort(EPISODE, pl.col("alert_excess").abs(), FEATURE, descending=[False, True, False]).unique(
        EPISODE, keep="first", maintain_order=True
    )
    spans = numbered.group_by(EPISODE).agg(
        pl.col(GROUP).first(),
        first=pl.coalesce(pl.col(SLOT).filter(~pl.col("onset")).min(), pl.col(SLOT).min()),
        last=pl.coalesce(pl.col(SLOT).filter(~pl.col("onset")).max(), pl.col(SLOT).max()),
        rules=pl.col("rule").sort_by(RANK).unique(maintain_order=True),
    )
    joined = largest.join(spans, on=EPISODE).rename({"by_feature": "of_feature"})
    return joined.with_columns(
        first=pl.when("onset").then(pl.col("first") - _WEEK + _DAY).otherwise("first"),
    ).sort(EPISODE)


def slots_of(episodes: pl.DataFrame, alerts: Alerts, question: AnomalyQuestion) -> pl.DataFrame:
    """Return EPISODE, GROUP, SLOT, is_now and weight: the slots of each episode, and those it is compared with.

    The weighted sum of an amount over the latter is that of a usual time as long as the episode.
    """
    series = alerts.series.filter(pl.col("value").is_not_null()).select(GROUP, SLOT, "phase", "week_phase")
    parts = [
        part
        for rank, rule in enumerate(question.active)
        for part in _slots_of_rule(episodes.filter(pl.col(RANK) == rank), series, rule, question.per_day)
    ]
    schema: dict[str, Any] = {
        EPISODE: pl.UInt32,
        GROUP: pl.UInt32,
        SLOT: series.schema[SLOT],
        "is_now": pl.Boolean,
        "weight": pl.Float64,
    }
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def _slots_of_rule(episodes: pl.DataFrame, series: pl.DataFrame, rule: Rule, per_day: int) -> tuple[pl.DataFrame, ...]:
    if episodes.is_empty():
        return ()
    phase = "week_phase" if rule.name == "silence" else "phase"
    of_cycle = rule.baseline is Baseline.SAME_SLOT
    days = 8 if of_cycle and phase == "phase" and per_day > 1 else rule.window
    both = episodes.select(EPISODE, GROUP, "first", "last").join(series, on=GROUP)
    within = both.filter(pl.col(SLOT).is_between(pl.col("first"), pl.col("last")))
    before = both.filter((pl.col(SLOT) < pl.col("first")) & (pl.col(SLOT) >= pl.col("first") - timedelta(days=days)))
    same = [phase] if of_cycle else []
    wanted = within.group_by(EPISODE, *same).agg(slots=pl.len())
    weight = pl.col("slots") / pl.len().over(EPISODE, *same)
    usual = before.join(wanted, on=[EPISODE, *same])
    keys = [EPISODE, GROUP, SLOT]
    return (
        within.select(*keys, is_now=pl.lit(value=True), weight=pl.lit(1.0)),
        usual.select(*keys, is_now=pl.lit(value=False), weight=weight.cast(pl.Float64)),
    )


def compared(episodes: pl.DataFrame, cells: Cells, alerts: Alerts, question: AnomalyQuestion) -> pl.DataFrame:
    """Return EPISODE, SUBS, and each of ``AMOUNTS`` in the episode (``_now``; spend exact) and before (``_then``)."""
    groups, dims = alerts.series.select(GROUP, *question.dims).unique(), question.dims
    amounts = cells.amounts.join(groups, on=dims, nulls_equal=True) if dims else cells.amounts.join(groups, how="cross")
    about = episodes.select(EPISODE, "of_feature", pl.col(FEATURE).alias("whose"))
    slots = slots_of(episodes, alerts, question).join(about, on=EPISODE)
    mine = slots.join(amounts, on=[GROUP, SLOT]).filter(
        ~pl.col("of_feature") | pl.col(FEATURE).eq_missing(pl.col("whose"))
    )
    now = [pl.col(name).filter("is_now").sum().alias(f"{name}_now") for name in AMOUNTS]
    usual = pl.col("weight").filter(~pl.col("is_now"))
    then = [(pl.col(n).cast(pl.Float64).filter(~pl.col("is_now")) * usual).sum().alias(f"{n}_then") for n in AMOUNTS]
    return (
        mine.sort(EPISODE, SLOT, *SUBS, SOURCE)  # sums of floats depend on their order
        .group_by(EPISODE, *SUBS, maintain_order=True)
        .agg(*now, *then)
    )


def excess_by_part(parts: pl.DataFrame, episodes: pl.DataFrame, question: AnomalyQuestion) -> pl.DataFrame:
    """Add ``excess`` to the parts of every episode, in the way its rule counts it; it adds up to the episode's."""
    measures = pl.DataFrame(
        {RANK: list(range(len(question.active))), "measure": [str(rule.measure) for rule in question.active]},
        schema={RANK: pl.Int32, "measure": pl.String},
    )
    known = parts.join(episodes.select(EPISODE, RANK), on=EPISODE).join(measures, on=RANK)

    def whole(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.Float64).sum().over(EPISODE)

    spend = pl.col("spend_now").cast(pl.Float64)
    usual_cost = _divided(whole("spend_then"), whole("requests_then"))
    usual_rate = _divided(whole("hits_then"), whole("hit_requests_then"))
    each = _divided(whole("hit_spend_now"), whole("hit_requests_now") - whole("hits_now"))
    return known.with_columns(
        excess=pl.when(pl.col("measure") == str(Measure.REQUEST_COST_P95))
        .then(spend - pl.col("requests_now") * usual_cost)
        .when(pl.col("measure") == str(Measure.CACHE_RATE))
        .then((usual_rate * pl.col("hit_requests_now") - pl.col("hits_now")) * each)
        .otherwise(spend - pl.col("spend_then"))
    )


def _divided(top: pl.Expr, bottom: pl.Expr) -> pl.Expr:
    return pl.when(bottom > 0).then(top / bottom)


def contributors_of(parts: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return the largest parts of each episode in the direction of its excess, at most so many, largest first."""
    sign = pl.col("excess").sum().over(EPISODE).sign()
    ranked = parts.with_columns(signed=pl.col("excess") * sign).filter(pl.col("signed") > 0)
    order = [False, True, *(False for _ in SUBS)]
    return ranked.sort(EPISODE, "signed", *SUBS, descending=order).group_by(EPISODE, maintain_order=True).head(most)
