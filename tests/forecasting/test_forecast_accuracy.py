"""The forecast keeps the accuracy that docs/methods.md states, on real series and on invented ones."""

from __future__ import annotations

from datetime import date

import pytest

from benchmark_scripts import benchmark
from finopsctl.forecasting import Accuracy, Series, backtest
from shared import DATA, needs_shared


def of(rows: tuple[Accuracy, ...], method: str) -> Accuracy:
    return next(row for row in rows if row.method == method)


@pytest.mark.parametrize("seed", [3, 7])
@pytest.mark.parametrize(("days", "bar"), [(7, 0.181), (30, 0.207)])
def test_totals_of_invented_years_are_forecast_within_the_bar(seed: int, days: int, bar: float) -> None:
    (ours, burn_rate) = backtest(benchmark("forecast_accuracy").invented(seed), days, ("auto", "burn_rate"))

    assert ours.wape is not None
    assert burn_rate.wape is not None
    assert ours.coverage is not None
    assert ours.wape < min(bar, burn_rate.wape)
    assert 0.7 <= ours.coverage <= 0.9


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize(("days", "bar"), [(7, 0.181), (30, 0.207)])
def test_totals_of_real_page_views_are_forecast_within_the_bar_from_every_day(days: int, bar: float) -> None:
    rows = backtest(
        benchmark("forecast_accuracy").page_views(DATA), days, ("auto", "burn_rate", "seasonal_naive", "mean")
    )
    ours = of(rows, "auto")
    assert ours.wape is not None
    assert ours.coverage is not None

    assert ours.wape < bar
    assert ours.wape == min(row.wape for row in rows if row.wape is not None)
    assert 0.7 <= ours.coverage <= 0.9
    assert ours.judged == ours.origins == 2916 - days - 14 + 7


@needs_shared
def test_the_second_week_of_real_clients_is_forecast_no_worse_than_by_burn_rate() -> None:
    ours, burn_rate, _ = benchmark("forecast_accuracy").second_week(DATA)

    assert ours.fleet <= burn_rate.fleet + 1e-12
    assert ours.client_median <= burn_rate.client_median + 1e-12
    assert ours.fleet == pytest.approx(0.1505, abs=0.0005)


def test_a_history_too_short_to_test_gives_no_figure() -> None:
    """20 days leave no origin with 14 known days and 7 to come."""
    (found,) = backtest(Series(date(2026, 9, 1), (1.0,) * 20), 7, ("auto",))

    assert (found.origins, found.wape, found.coverage) == (0, None, None)


def test_errors_are_summed_before_they_are_divided() -> None:
    """14 days of 1, then 2, 3 and 4: totals of 1 day forecast from day 14 by the last 7 days.

    Forecast 1, 8/7, 10/7 against 2, 3, 4: errors 7/7 + 13/7 + 18/7 = 38/7 over 9.
    """
    (found,) = backtest(Series(date(2026, 9, 1), (*(1.0,) * 14, 2.0, 3.0, 4.0)), 1, ("last_7_days",))

    assert found.origins == 3
    assert found.wape == pytest.approx(38 / 7 / 9)
