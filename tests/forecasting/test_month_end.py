"""The month-end effect: used when months of history show it, left out otherwise."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from finopsctl.forecasting import Series, outlook
from finopsctl.forecasting.calendar import days_into_month, days_left_in_month

JANUARY = date(2026, 1, 1)


def closing(days: int, factor: float = 2.0, last: int = 3) -> Series:
    """Return $100 a day, ``factor`` times that on the last days of each month."""
    values = []
    for at in range(days):
        left = int(days_left_in_month(JANUARY + timedelta(days=at), 1)[0])
        values.append(100.0 * (factor if left < last else 1.0) + (at * 37) % 7)
    return Series(JANUARY, tuple(values))


def test_days_of_the_month_are_counted_from_both_ends() -> None:
    """28 February 2026 is a last day, 1 March a first."""
    assert days_left_in_month(date(2026, 2, 27), 3).tolist() == [1, 0, 30]
    assert days_into_month(date(2026, 2, 27), 3).tolist() == [26, 27, 0]


def test_a_year_of_dear_month_ends_is_learnt() -> None:
    """The history ends on 19 December: the last three days of December cost about $206, the others about $103."""
    found = outlook(closing(353), 12)

    assert found.method == "weekday profile x level x month-end effect"
    assert found.expected[:3] == pytest.approx((103, 103, 103), abs=5)
    assert found.days[9] == date(2026, 12, 29)
    assert found.expected[9:] == pytest.approx((206, 206, 206), abs=10)


def test_three_months_are_too_few_to_believe_in_one() -> None:
    assert outlook(closing(100), 12).method == "weekday profile x level"


def test_without_an_effect_none_is_found() -> None:
    assert outlook(closing(353, factor=1.0), 12).method == "weekday profile x level"


def test_a_named_method_is_left_as_it_is() -> None:
    assert outlook(closing(353), 12, method="weekday").method == "weekday profile x level"
