"""Ticks: round numbers in the report's notation, moments by the calendar, names that have room."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from finopsctl.renderers._chart_scales import (
    along,
    amounts,
    as_moment,
    closest,
    cut,
    moment_words,
    position,
    text_width,
)
from finopsctl.renderers._format import Notation
from finopsctl.results.units import Unit

USD = Notation()


@pytest.mark.parametrize(
    ("values", "unit", "words"),
    [
        ([0.0, 480.0], Unit.USD, ["$0", "$100", "$200", "$300", "$400", "$500"]),
        ([0.0, 0.004], Unit.USD, ["$0.000", "$0.001", "$0.002", "$0.003", "$0.004"]),
        ([1_900_000.0], Unit.USD, ["$0.0", "$0.5M", "$1.0M", "$1.5M", "$2.0M"]),
        ([4e15], Unit.TOKENS, ["0", "1,000T", "2,000T", "3,000T", "4,000T"]),
        ([0.18], Unit.RATIO, ["0%", "5%", "10%", "15%", "20%"]),
        ([-300.0, 700.0], Unit.USD, ["-$200", "$0", "$200", "$400", "$600", "$800"]),
        ([-5.0], Unit.USD, ["-$5", "-$4", "-$3", "-$2", "-$1", "$0"]),
        ([2.2e6], Unit.USD_PER_DAY, ["$0/day", "$500,000/day", "$1,000,000/day", "$1,500,000/day", "$2,000,000/day",
                                     "$2,500,000/day"]),
    ],
)  # fmt: skip
def test_ticks_are_round_and_no_finer_than_they_need_to_be(values: list[float], unit: Unit, words: list[str]) -> None:
    ticks = amounts(values, unit, USD)

    assert list(ticks.words) == words
    assert ticks.start <= min(0, *values, 0)
    assert ticks.end >= max(0, *values, 0)


def test_ticks_are_in_the_currency_of_the_report() -> None:
    assert amounts([3.0], Unit.USD, Notation("EUR")).words[-1] == "€3"


@pytest.mark.parametrize("values", [[], [0.0, 0.0]])
def test_nothing_has_one_tick_at_nothing(values: list[float]) -> None:
    ticks = amounts(values, Unit.USD, USD)

    assert (ticks.values, ticks.words) == ((0.0,), ("$0",))
    assert ticks.start < ticks.end


def test_a_tenth_stands_where_it_says() -> None:
    """Three tenths added up in binary are not 0.3; ticks are counted in decimals."""
    assert amounts([0.5], Unit.FACTOR, USD).values == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (date(2026, 10, 1), datetime(2026, 10, 1, tzinfo=UTC)),
        ("2026-10-01", datetime(2026, 10, 1, tzinfo=UTC)),
        (datetime(2026, 10, 1, 12), datetime(2026, 10, 1, 12, tzinfo=UTC)),  # noqa: DTZ001 - as frames may hold it
        ("2026-W40", None),
        ("2026-13-01", None),
        (None, None),
        (3, None),
    ],
)
def test_a_moment_is_a_date_a_time_or_a_text_like_one(value: object, moment: datetime | None) -> None:
    assert as_moment(value) == moment


def test_a_position_is_days_since_1970() -> None:
    """1 October 2026 is day 20,727; noon of it half a day later."""
    assert position(datetime(2026, 10, 1, 12, tzinfo=UTC)) == 20727.5


def test_moments_say_the_year_where_it_changes() -> None:
    days = [datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC)]

    assert moment_words(days) == ["Dec 31, 2026", "Jan 1, 2027", "Jan 2"]


def test_moments_of_one_day_are_hours() -> None:
    assert moment_words([datetime(2026, 10, 1, hour, tzinfo=UTC) for hour in (0, 9)]) == ["00:00", "09:00"]


def test_moments_of_several_days_with_hours_say_both() -> None:
    days = [datetime(2026, 10, 1, 9, tzinfo=UTC), datetime(2026, 10, 2, 9, tzinfo=UTC)]

    assert moment_words(days) == ["Oct 1 09:00", "Oct 2 09:00"]


def test_where_days_have_no_room_weeks_are_named() -> None:
    """31 labels of 60 pixels do not fit into 600; one a week does."""
    days = [datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=n) for n in range(31)]
    ticks = along([position(day) for day in days], moment_words(days), 600, 12)

    assert ticks.words == ("Oct 1, 2026", "Oct 8", "Oct 15", "Oct 22", "Oct 29")


def test_one_moment_has_one_tick() -> None:
    ticks = along([3.0], ["Oct 1"], 600, 12)

    assert (ticks.values, ticks.words) == ((3.0,), ("Oct 1",))
    assert closest([3.0]) == 1.0


def test_a_long_name_keeps_both_its_ends() -> None:
    name = "a-very-long-team-name-emea-prod-eu-central-1"
    short = cut(name, 120, 12)

    assert short.startswith("a-very")
    assert short.endswith("ral-1")
    assert "…" in short
    assert text_width(short, 12) <= 120
    assert cut("team", 120, 12) == "team"


def test_capitals_and_ideographs_take_more_room_than_an_i() -> None:
    assert text_width("iii", 12) < text_width("aaa", 12) < text_width("WWW", 12) < text_width("日本語", 12)
