"""Scales as spans of values and as conditions."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finopsctl.exporters._grading import grade_of, graded
from finopsctl.metrics.kpi import Scale
from finopsctl.results.units import Grade

LOWER = Scale.of("< 0.005 good", "<= 0.01 ok", "<= 0.05 warning", "critical")
HIGHER = Scale.of("> 0.30 good", ">= 0.20 ok", ">= 0.10 warning", "critical")
BOTH_ENDS = Scale.of("< -0.10 warning", "<= 0.10 good", "<= 0.25 warning", "critical")


@pytest.mark.parametrize(
    ("scale", "grade", "condition"),
    [
        (LOWER, Grade.OK, "x >= 0.005 <= 0.01"),
        (LOWER, Grade.WARNING, "x > 0.01 <= 0.05"),
        (LOWER, Grade.CRITICAL, "x > 0.05"),
        (HIGHER, Grade.WARNING, "x >= 0.1 < 0.2"),
        (HIGHER, Grade.CRITICAL, "x < 0.1"),
        (BOTH_ENDS, Grade.WARNING, "x < -0.1 or x > 0.1 <= 0.25"),
        (Scale.of("<= 0 good", "warning"), Grade.WARNING, "x > 0"),
    ],
)
def test_a_grade_is_where_no_earlier_band_is(scale: Scale, grade: Grade, condition: str) -> None:
    assert " or ".join(span.condition("x") for span in graded(scale, grade)) == condition


def test_a_band_behind_one_that_takes_it_all_is_nowhere() -> None:
    scale = Scale.of("<= 0.5 good", "< 0.5 warning", "critical")

    assert graded(scale, Grade.WARNING) == ()


@given(st.sampled_from([LOWER, HIGHER, BOTH_ENDS]), st.floats(-1, 1).map(lambda value: round(value, 3)))
def test_a_value_has_the_grade_that_the_scorecard_gives_it(scale: Scale, value: float) -> None:
    frame = pl.DataFrame({"x": [value]}).select(scale.grade(pl.col("x")))

    assert grade_of(scale, value).value == frame.item()
