"""The outlook of a daily series: its path, its intervals, and what it says when there is little to go on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from finopsctl.errors import ConfigError
from finopsctl.forecasting import METHOD_NAMES, Outlook, Series, outlook

MONDAY = date(2026, 9, 7)
WEEK = (10.0, 10.0, 10.0, 10.0, 10.0, 3.0, 3.0)


def after(values: tuple[float, ...], horizon: int = 7, method: str = "auto") -> Outlook:
    return outlook(Series(MONDAY, values), horizon, method=method)


def test_without_history_there_is_an_outlook_without_figures() -> None:
    found = after(())

    assert (found.known, found.total(), found.total(0.9), found.probability_above(1)) == (False, None, None, None)
    assert found.expected == (None,) * 7
    assert found.first_day_above(0) is None


def test_one_day_is_continued_without_an_interval() -> None:
    """$5 a day for 7 days: $35; one day has no past error."""
    found = after((5.0,))

    assert (found.total(), found.total(0.1), found.has_interval) == (35.0, None, False)
    assert found.method == "mean of 1 day"


def test_two_equal_days_do_not_make_the_third_a_certainty() -> None:
    assert after((5.0, 5.0)).total(0.9) is None


def test_fewer_than_two_weeks_are_continued_by_their_mean() -> None:
    """10 five times and 3 twice is $56 in 7 days: $8 a day, weekend or not."""
    found = after(WEEK)

    assert found.expected == pytest.approx((8.0,) * 7)
    assert found.notes[0] == "only 7 days of history: the mean is continued"


def test_from_two_weeks_on_the_days_of_the_week_are_told_apart() -> None:
    found = after(WEEK * 2)

    assert found.expected == pytest.approx(WEEK)
    assert found.days[0] == MONDAY + timedelta(days=14)


def test_the_weekday_follows_the_calendar_and_not_the_position() -> None:
    """The history ends on a Wednesday, so the first day ahead is a Thursday and the third a Saturday."""
    found = after((WEEK * 3)[:17])

    assert found.expected[:3] == pytest.approx((10.0, 10.0, 3.0))


def test_zeros_stay_zeros() -> None:
    found = after((0.0,) * 40)

    assert (found.total(), found.total(0.1), found.total(0.9)) == (0.0, 0.0, 0.0)
    assert found.probability_above(0.01) == 0.0


def test_a_series_that_never_varies_has_a_certain_total() -> None:
    found = after(WEEK * 10, 30)

    assert found.total(0.1) == pytest.approx(found.total(0.9))


def test_quantiles_are_in_order_and_agree_with_probabilities() -> None:
    """One total in ten exceeds P90, half exceed P50, nine in ten exceed P10."""
    wobbly = tuple(10 + 3 * ((at * 7919) % 11 - 5) / 5 for at in range(90))
    found = after(wobbly, 30)
    low, middle, high = (found.total(q) for q in (0.1, 0.5, 0.9))
    assert low is not None
    assert middle is not None
    assert high is not None

    assert low < middle < high
    assert [found.probability_above(x) for x in (low, middle, high)] == pytest.approx([0.9, 0.5, 0.1])


def test_totals_of_the_first_days_are_cumulated() -> None:
    """Monday to Friday of $10 each."""
    found = after(WEEK * 4, 14)

    assert (found.total(days=0), found.total(days=5), found.total()) == pytest.approx((0.0, 50.0, 112.0))


def test_a_limit_is_passed_on_the_first_day_whose_total_exceeds_it() -> None:
    """$10 a day: $30 is reached on the third day and exceeded on the fourth."""
    found = after(WEEK * 4, 14)

    assert found.first_day_above(30.0) == MONDAY + timedelta(days=28 + 3)
    assert found.first_day_above(1000.0) is None
    assert found.first_day_above(-1.0) == MONDAY + timedelta(days=28)


def test_a_short_history_is_named_with_its_errors() -> None:
    """21 days, origins from day 7 on: 14 errors of a day ahead, 8 of a week, worth 1 + 7 / 7 = 2 independent ones.

    Three independent ones are there up to 4 days: 11 errors worth 1 + 10 / 4 = 3.5.
    """
    found = after(tuple(10.0 + at % 5 for at in range(21)), 7)

    assert (found.errors, found.independent_errors) == (11, 3.5)
    assert "11 back-test errors" in found.notes[-1]


def test_amounts_do_not_fall_below_zero_unless_the_past_did() -> None:
    jumpy = tuple(0.0 if at % 9 else 90.0 for at in range(60))
    credited = (*jumpy[:30], -500.0, *jumpy[31:])

    assert after(jumpy, 3).total(0.01) == 0.0
    assert (after(credited, 3).total(0.01) or 0.0) < 0


@pytest.mark.parametrize("method", [name for name in METHOD_NAMES if name != "auto_ets"])
@pytest.mark.parametrize("length", [1, 2, 6, 7, 13, 14, 15, 50])
def test_every_method_answers_on_any_history(method: str, length: int) -> None:
    found = after(tuple(float(at % 4) for at in range(length)), 40, method)

    assert found.total() is not None
    assert all(x is not None and x >= 0 for x in found.expected)


def test_a_level_that_rises_is_not_continued_as_a_straight_line() -> None:
    """A series that gains $1 a day is at $60; its next 30 days are expected level, not 30 x $75."""
    rising = after(tuple(float(at) for at in range(60)), 30)

    assert 30 * 50 < (rising.total() or 0) < 30 * 60
    assert (rising.total(0.9) or 0) > (rising.total() or 0)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown forecast method 'profet'"):
        after(WEEK, method="profet")


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        Series(MONDAY, (1.0, float("nan")))
