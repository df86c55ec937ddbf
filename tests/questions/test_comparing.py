"""What periods are called, and which can be compared."""

from __future__ import annotations

from datetime import date

import pytest

from finopsctl.errors import ConfigError
from finopsctl.ledger.period import between, month_of, parse_quarter
from finopsctl.questions.comparing import called, check_comparison, refuse_overlap


@pytest.mark.parametrize(
    ("first", "after", "name"),
    [
        (date(2026, 9, 16), date(2026, 10, 1), "16 to 30 September 2026"),
        (date(2026, 9, 25), date(2026, 10, 9), "25 September to 8 October 2026"),
        (date(2025, 12, 25), date(2026, 1, 9), "25 December 2025 to 8 January 2026"),
        (date(2026, 10, 16), date(2026, 10, 17), "16 October 2026"),
    ],
)
def test_days_are_called_by_the_first_and_the_last(first: date, after: date, name: str) -> None:
    assert called(between(first, after, "UTC")) == name


def test_months_and_quarters_have_names() -> None:
    assert called(month_of(date(2026, 9, 16), "UTC")) == "September 2026"
    assert called(parse_quarter("2026Q3", "UTC")) == "2026Q3"


@pytest.mark.parametrize("what", [None, "previous", "yoy", "budget", "2026-09", "2026Q3"])
def test_words_and_periods_may_be_compared_with(what: str | None) -> None:
    check_comparison(what, "UTC")


def test_neighbours_do_not_overlap_and_shared_days_do() -> None:
    october = month_of(date(2026, 10, 1), "UTC")
    refuse_overlap(october, october.previous())

    with pytest.raises(ConfigError, match="October 2026 and 30 September to 1 October 2026 overlap"):
        refuse_overlap(october, between(date(2026, 9, 30), date(2026, 10, 2), "UTC"))
