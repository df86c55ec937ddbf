"""Intervals out of past errors: how much overlapping errors are worth, and how intervals widen."""

from __future__ import annotations

import numpy as np
import pytest

from finopsctl.forecasting.spread import errors_of_totals, spread, widening


def test_few_independent_errors_widen_an_interval_and_many_do_not() -> None:
    """2 errors: t(0.9, 1) x sqrt(1.5) / z = 3.0777 x 1.2247 / 1.2816 = 2.941; 4: 1.6377 x 1.1180 / 1.2816 = 1.429."""
    found = widening(np.array([2.0, 4.0, 1000.0]))

    assert found == pytest.approx([2.941, 1.429, 1.001], abs=0.001)


def test_errors_of_totals_are_relative_to_what_was_expected() -> None:
    """Known 1 day, expected 10 and 10, came 12 and 6: +20 % after a day, 18 / 20 = -10 % after two."""
    values = np.array([10.0, 12.0, 6.0])
    found = errors_of_totals(np.array([[10.0, 10.0]]), values, np.array([1]))

    assert found[0] == pytest.approx([0.2, -0.1])


def test_what_has_not_come_yet_is_no_error() -> None:
    found = errors_of_totals(np.array([[10.0, 10.0]]), np.array([10.0, 12.0]), np.array([1]))

    assert np.isnan(found[0, 1])


def test_one_side_is_at_least_half_the_other() -> None:
    """Every total came out 30 % too low, so P90 is 30 % up; P10 is 15 % down and not nothing."""
    found = spread(np.full((400, 1), 0.3))
    assert found is not None

    assert found.above[0] == pytest.approx(0.3, abs=0.005)
    assert found.below[0] == found.above[0] / 2


def test_lengths_without_enough_errors_widen_by_the_root() -> None:
    """12 origins know 1 day, 9 know 4 days (worth 3), none knows 16: twice the width of 4 days."""
    errors = np.full((12, 16), np.nan)
    errors[:, 0], errors[:9, 3] = 0.1, 0.1
    found = spread(errors)
    assert found is not None

    assert found.above[15] == pytest.approx(2 * found.above[3])
    assert (found.errors[15], found.independent[15]) == (9, 3.0)


def test_two_errors_are_too_few() -> None:
    assert spread(np.full((2, 3), 0.1)) is None


def test_spend_that_is_never_negative_is_not_forecast_to_vanish() -> None:
    """Totals three times the expected one, 400 independent times: P90 is 3.0 times the expected total, and a fall of
    half that width, 1 + 2.0 / 2 = 2 times less, is P10: half the expected total. As a difference it would be zero."""
    found = spread(np.full((400, 1), 2.0), by_factors=True)

    assert found is not None
    assert found.above[0] == pytest.approx(2.0, abs=0.02)
    assert found.below[0] == pytest.approx(0.5, abs=0.005)
