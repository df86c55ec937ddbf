"""The rules, each declared once: what it judges, against what, how far off is an alert.

A rule is judged on every slot (a day or an hour) of a group, on a dense series: a slot without records is 0, one of a
day on which the whole input has no records is unknown. ``x`` is the value of a slot; windows end before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = "__group"
"""The number of a slot's group."""

_WEEK, _CYCLES = 7, 8
_CHANCE = 3.0  # binomial sigmas
_AS_HIGH = 1.5
_NEAR_HOURS = 3
_EDGE = 1e-9


class Measure(StrEnum):
    """What a rule's value counts."""

    SPEND = "spend"
    REQUEST_COST_P95 = "request_cost_p95"
    CACHE_RATE = "cache_hit_rate"


class Baseline(StrEnum):
    """Which slots before an episode say what was to be expected."""

    TRAILING = "trailing"  # the days of the window before it
    SAME_SLOT = "same_slot"  # of those, the same weekday; by the hour the same hour of the day


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a rule says of every slot.

    Args:
        value: What is judged.
        expected: What it is compared with.
        fires: Whether it is an alert, floor and minimum history apart.
        excess: Money at stake; negative where money is missing.
        history: Days that stand behind ``expected``.
        score: How far off, in the rule's own terms.
    """

    value: pl.Expr
    expected: pl.Expr
    fires: pl.Expr
    excess: pl.Expr
    history: pl.Expr
    score: pl.Expr


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A named rule with its thresholds; each of those can be configured.

    Args:
        name: Its name in reports and in the configuration.
        says: When it fires, as a sentence with ``{factor}``.
        judge: The rule itself.
        factor: Its threshold: sigmas, times, or a share.
        floor: The least excess a day (an hour) that is an alert, in the report's currency.
        min_history: Days of history a group needs to be judged.
        window: Days its baseline is made of.
        enabled: Whether it runs unless the configuration says otherwise.
        grains: The grains it is made for.
        measure: What its value counts.
        baseline: Which slots of the window count.
        by_feature: Whether it judges each feature inside a group rather than the group.
        onset: Whether only the first of several slots in a row is an alert: for values of a whole week.
        min_requests: Requests needed on either side.
    """

    name: str
    says: str
    judge: Callable[[Rule, int], Judged]
    factor: float
    floor: float
    min_history: int
    window: int
    enabled: bool = True
    grains: tuple[str, ...] = ("day",)
    measure: Measure = Measure.SPEND
    baseline: Baseline = Baseline.TRAILING
    by_feature: bool = False
    onset: bool = False
    min_requests: int = 0


_x = pl.col("value")


def _mean(window: int, expr: pl.Expr = _x) -> pl.Expr:
    return expr.shift(1).rolling_mean(window, min_samples=1).over(GROUP)


def _sum(window: int, name: str) -> pl.Expr:
    return pl.col(name).shift(1).rolling_sum(window, min_samples=1).over(GROUP)


def _known(window: int) -> pl.Expr:
    return _x.is_not_null().cast(pl.Int32).shift(1).rolling_sum(window, min_samples=1).over(GROUP).fill_null(0)


def _divided(top: pl.Expr, bottom: pl.Expr) -> pl.Expr:
    return pl.when(bottom > 0).then(top / bottom)


def _above(value: pl.Expr, limit: pl.Expr) -> pl.Expr:
    """Return whether a value lies beyond a limit; on it, but for what floats round, is not beyond."""
    return value > limit * (1 + _EDGE)


def _is_news(per_day: int) -> pl.Expr:
    """Return whether x is 1.5 times what it was a week before (by the hour: within 3 hours of then), if that is known.

    A job of every Tuesday night is far above the mean each time, and no news.
    """
    before = _x if per_day == 1 else _x.rolling_max(2 * _NEAR_HOURS + 1, min_samples=1)
    then = before.shift(_WEEK * per_day - (0 if per_day == 1 else _NEAR_HOURS)).over(GROUP)
    return (_x > _AS_HIGH * then).fill_null(value=True)


def three_sigma(rule: Rule, per_day: int) -> Judged:
    """X > mean + factor x sigma of the slots of the window (sigma of the sample, n - 1); an hour must be news too."""
    slots = rule.window * per_day
    mean, sigma = _mean(slots), _x.shift(1).rolling_std(slots, min_samples=2).over(GROUP)
    breaks = _above(_x, mean + rule.factor * sigma)
    return Judged(
        _x,
        mean,
        breaks if per_day == 1 else breaks & _is_news(per_day),
        _x - mean,
        _known(slots) / per_day,
        _divided(_x - mean, sigma),
    )


def seasonal(rule: Rule, per_day: int) -> Judged:
    """X > profile + factor x sigma; the profile is the mean of the last 8 same weekdays (hours of the day).

    Sigma is pooled: the mean variance of the 8 values over the slots of one cycle.
    """
    keys = [GROUP, "phase"]
    cycle = per_day if per_day > 1 else _WEEK
    profile = _x.shift(1).rolling_mean(_CYCLES, min_samples=_CYCLES).over(keys)
    variance = _x.shift(1).rolling_var(_CYCLES, min_samples=_CYCLES).over(keys)
    sigma = variance.rolling_mean(cycle, min_samples=1).over(GROUP).sqrt()
    history = _x.is_not_null().cast(pl.Int32).shift(1).rolling_sum(_CYCLES, min_samples=1).over(keys).fill_null(0)
    return Judged(
        _x,
        profile,
        _above(_x, profile + rule.factor * sigma),
        _x - profile,
        history * cycle / per_day,
        _divided(_x - profile, sigma),
    )


def times_mean(rule: Rule, per_day: int) -> Judged:
    """X > factor x mean of the window, and it is news."""
    mean = _mean(rule.window * per_day)
    fires = (mean > 0) & _above(_x, rule.factor * mean) & _is_news(per_day)
    return Judged(_x, mean, fires, _x - mean, _known(rule.window), _divided(_x, mean))


def times_week(rule: Rule, _per_day: int) -> Judged:
    """Mean of the last 7 days > factor x mean of the 7 before; the excess is that of the 7 days together."""
    week = _x.rolling_mean(_WEEK, min_samples=1).over(GROUP)
    before = week.shift(_WEEK).over(GROUP)
    return Judged(
        _WEEK * week,
        _WEEK * before,
        (before > 0) & _above(week, rule.factor * before),
        _WEEK * (week - before),
        _known(2 * _WEEK),
        _divided(week, before),
    )


def rising_week(rule: Rule, per_day: int) -> Judged:
    """As :func:`times_week`, and by more than the days of both weeks scatter: 3 standard errors of the difference."""
    week = times_week(rule, per_day)
    variance = _x.rolling_var(_WEEK, min_samples=2).over(GROUP)
    error = ((variance + variance.shift(_WEEK).over(GROUP)) / _WEEK).sqrt()
    return replace(week, fires=week.fires & (week.excess / _WEEK > _CHANCE * error))


def budget_share(rule: Rule, _per_day: int) -> Judged:
    """X > factor x the budget of the day (limit / days of its period)."""
    limit = rule.factor * pl.col("daily_budget")
    return Judged(_x, limit, _above(_x, limit), _x - limit, _known(rule.window), _x / pl.col("daily_budget"))


def p95_cost(rule: Rule, _per_day: int) -> Judged:
    """P95 of what requests of the last 7 days cost > (1 + factor) x that of the 7 days before.

    The excess is what the requests of the 7 days cost beyond the former mean cost of a request.
    """
    now, before = pl.col("p95"), pl.col("p95_before")
    enough = pl.min_horizontal("p95_requests", "p95_requests_before") >= rule.min_requests
    excess = pl.col("p95_spend") - pl.col("p95_requests") * _divided(
        pl.col("p95_spend_before"), pl.col("p95_requests_before")
    )
    return Judged(
        now, before, enough & _above(now, (1 + rule.factor) * before), excess, _known(2 * _WEEK), _divided(now, before)
    )


def cache_rate(rule: Rule, _per_day: int) -> Judged:
    """Hits / requests < (1 - factor) x that of the window, and by more than chance: 3 binomial sigmas.

    The excess is what the missed hits cost at the mean cost of a request that was served.
    """
    hits, requests = _sum(rule.window, "hits"), _sum(rule.window, "hit_requests")
    usual, now = _divided(hits, requests), _divided(pl.col("hits"), pl.col("hit_requests"))
    sigma = (usual * (1 - usual) / pl.col("hit_requests")).sqrt()
    score = _divided(usual - now, sigma)
    each = _divided(pl.col("hit_spend"), pl.col("hit_requests") - pl.col("hits"))
    fires = _above((1 - rule.factor) * usual, now) & (score > _CHANCE) & (pl.col("hit_requests") >= rule.min_requests)
    return Judged(now, usual, fires, (usual - now) * pl.col("hit_requests") * each, _known(rule.window), score)


def silence(rule: Rule, per_day: int) -> Judged:
    """X = 0 where at least ``factor`` of the same weekdays (and hours) of the window had spend."""
    weeks = rule.window // _WEEK
    keys = [GROUP, "week_phase"]
    active = (_x > 0).cast(pl.Float64).shift(1).rolling_mean(weeks, min_samples=1).over(keys)
    usual = _x.shift(1).rolling_mean(weeks, min_samples=1).over(keys)
    known = _known(rule.window * per_day) / per_day
    return Judged(_x, usual, (_x == 0) & (active >= rule.factor) & pl.col("source_alive"), _x - usual, known, active)


RULES: tuple[Rule, ...] = (
    Rule(
        "three-sigma",
        "spend above the mean of 30 days by more than {factor:g} standard deviations",
        three_sigma,
        factor=3,
        floor=1.0,
        min_history=5,
        window=30,
        grains=("day", "hour"),
    ),
    Rule(
        "seasonal",
        "spend above the mean of the last 8 same weekdays (by the hour: the same hours) by more than {factor:g} "
        "standard deviations",
        seasonal,
        factor=3,
        floor=1.0,
        min_history=8,
        window=56,
        enabled=False,
        grains=("day", "hour"),
        baseline=Baseline.SAME_SLOT,
    ),
    Rule(
        "double-week",
        "a day's spend above {factor:g} times the mean of the 7 days before, and 1.5 times that weekday's last",
        times_mean,
        factor=2,
        floor=1.0,
        min_history=7,
        window=7,
    ),
    Rule(
        "budget-share",
        "a feature's spend of a day above {factor:.0%} of the total budget of the day",
        budget_share,
        factor=0.5,
        floor=1.0,
        min_history=0,
        window=30,
        by_feature=True,
    ),
    Rule(
        "cache-rate",
        "a day's cache hit rate down by more than {factor:.0%} of that of the 28 days before, and beyond chance",
        cache_rate,
        factor=0.2,
        floor=0.25,
        min_history=14,
        window=28,
        measure=Measure.CACHE_RATE,
        min_requests=20,
    ),
    Rule(
        "silence",
        "no spend where {factor:.0%} of the same weekdays of 28 days had some, while the source has other records",
        silence,
        factor=0.8,
        floor=1.0,
        min_history=28,
        window=28,
        grains=("day",),
        baseline=Baseline.SAME_SLOT,
    ),
    Rule(
        "ten-fold",
        "a feature's spend of 7 days above {factor:g} times that of the 7 days before",
        times_week,
        factor=10,
        floor=1.0,
        min_history=13,
        window=7,
        by_feature=True,
        onset=True,
    ),
    Rule(
        "week-over-week",
        "spend of 7 days above {factor:g} times that of the 7 days before, and beyond the scatter of their days",
        rising_week,
        factor=1.3,
        floor=1.0,
        min_history=13,
        window=7,
        onset=True,
    ),
    Rule(
        "p95-cost",
        "the P95 of request costs of 7 days up by more than {factor:.0%} on the 7 days before",
        p95_cost,
        factor=0.3,
        floor=1.0,
        min_history=13,
        window=7,
        measure=Measure.REQUEST_COST_P95,
        onset=True,
        min_requests=200,
    ),
)
"""Every rule, in the order that decides which one an episode is called after."""
