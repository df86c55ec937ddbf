"""What holds for every forecast: parts foot, scale and order carry over, any history gets an answer."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.analyses.forecast import Forecast, ForecastQuestion, forecast
from finopsctl.forecasting import METHOD_NAMES, Series, outlook
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

if TYPE_CHECKING:
    import random

FIRST = date(2026, 8, 1)
LAST = 60
MICRO = Decimal("0.000001")

charges = st.lists(
    st.tuples(
        st.integers(0, LAST - 1),
        st.sampled_from(["search", "support", "batch", "-"]),
        st.decimals(min_value=0, max_value=1000, places=6, allow_nan=False),
    ),
    min_size=1,
    max_size=60,
)


def rows_of(found: list[tuple[int, str, Decimal]], factor: int = 1) -> pl.LazyFrame:
    lines = [f"{FIRST + timedelta(days=at)} {team} 1 {cost * factor:f}" for at, team, cost in found]
    return ledger("day team requests cost\n" + "\n".join(lines))


def asked(rows: pl.LazyFrame, **options: Any) -> Forecast:
    origin = datetime.combine(FIRST + timedelta(days=LAST), datetime.min.time(), UTC)
    return forecast(rows, ForecastQuestion(as_of=origin, by=parse("team"), **options))


@settings(max_examples=25, deadline=None)
@given(charges, st.sampled_from(["month-end", "quarter-end", "9d"]))
def test_parts_add_up_to_the_whole_on_every_day_and_in_total(
    found: list[tuple[int, str, Decimal]], horizon: str
) -> None:
    result = asked(rows_of(found), horizon=horizon)
    by_day = result.rows.group_by("day").agg(pl.col("p50").sum(), pl.col("actual").sum()).sort("day")
    past, ahead = result.horizon.past, result.horizon.ahead
    whole = by_day.select((pl.col("p50") + pl.col("actual")).sum()).item()

    assert by_day.height == past + ahead
    assert whole == result.totals["projected"]
    assert [int(amount * 1_000_000) for amount in by_day["p50"].tail(ahead)] == result.fleet.micro.tolist()


@settings(max_examples=25, deadline=None)
@given(charges)
def test_twice_the_spend_is_twice_the_forecast(found: list[tuple[int, str, Decimal]]) -> None:
    once, twice = asked(rows_of(found)).totals, asked(rows_of(found, 2)).totals

    assert twice["actual"] == 2 * once["actual"]
    for name in ("projected", "projected_p10", "projected_p90", "run_rate_monthly"):
        if once[name] is None:
            assert twice[name] is None
        else:
            assert math.isclose(twice[name], 2 * once[name], rel_tol=1e-6, abs_tol=1e-3)


@settings(max_examples=15, deadline=None)
@given(charges, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(found: list[tuple[int, str, Decimal]], chance: random.Random) -> None:
    shuffled = found[:]
    chance.shuffle(shuffled)

    assert asked(rows_of(shuffled)).rows.equals(asked(rows_of(found)).rows)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e9, allow_nan=False), max_size=80),
    st.integers(0, 120),
    st.sampled_from([name for name in METHOD_NAMES if name != "auto_ets"]),
)
def test_any_history_gets_an_answer_in_order_and_without_nan(values: list[float], days: int, method: str) -> None:
    found = outlook(Series(FIRST, tuple(values)), days, method=method)
    figures = [found.total(q) for q in (0.1, 0.5, 0.9)]

    assert all(
        figure is None or math.isfinite(figure) for figure in (*figures, *found.expected, *found.p10, *found.p90)
    )
    assert (found.total() is None) == (not values)
    low, middle, high = figures
    if low is not None and middle is not None and high is not None:
        assert low <= middle + 1e-6 * abs(middle)
        assert middle <= high + 1e-6 * abs(middle)
    chance = found.probability_above(1.0)
    assert chance is None or 0 <= chance <= 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.floats(-10, 1e8))
def test_the_first_day_above_a_limit_is_the_first(values: list[float], limit: float) -> None:
    found = outlook(Series(FIRST, tuple(values)), 30)
    day = found.first_day_above(limit)
    passed = [at for at in range(1, 31) if round((found.total(days=at) or 0.0) - limit, 6) > 0]

    assert day == (found.days[passed[0] - 1] if passed else None)


def test_a_total_of_more_days_than_were_forecast_is_refused() -> None:
    with pytest.raises(ValueError, match="30 days were forecast"):
        outlook(Series(FIRST, (1.0,)), 30).total(days=31)


@settings(max_examples=25, deadline=None)
@given(charges, st.sampled_from(["month-end", "9d"]))
def test_no_part_is_above_the_whole_less_what_the_others_cost_at_least(
    found: list[tuple[int, str, Decimal]], horizon: str
) -> None:
    result = asked(rows_of(found), horizon=horizon)
    ends = [(part.total(0.1), part.expected, part.total(0.9)) for part in result.parts]
    whole = result.fleet.total(0.9)
    for at, (low, middle, high) in enumerate(ends):
        if low is None or high is None or whole is None:
            continue
        others = sum(other[0] or 0 for place, other in enumerate(ends) if place != at)
        assert low <= middle <= high
        assert high <= max(whole - others, middle)
        assert high <= whole + MICRO


@settings(max_examples=25, deadline=None)
@given(charges)
def test_no_part_of_a_day_is_above_the_whole_day(found: list[tuple[int, str, Decimal]]) -> None:
    result = asked(rows_of(found), horizon="9d")
    for at in range(9):
        whole = result.fleet.on(at)[2]
        highs = [high for part in result.parts if (high := part.on(at)[2]) is not None]
        assert whole is None or not highs or max(highs) <= whole + MICRO
