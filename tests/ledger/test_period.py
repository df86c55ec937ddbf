"""Tests of half-open periods and the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.errors import ConfigError
from finopsctl.ledger import period as calendar
from finopsctl.ledger.period import Period

BERLIN = "Europe/Berlin"
ZONES = ("UTC", BERLIN, "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/Havana")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_month_begins_and_ends_at_midnight_of_its_zone() -> None:
    """October 2026 in Berlin: from 22:00 UTC of 30 September (UTC+2) to 23:00 UTC of 31 October (UTC+1)."""
    month = calendar.parse_month("2026-10", BERLIN)

    assert (month.start, month.end) == (at("2026-09-30T22:00"), at("2026-10-31T23:00"))
    assert month.days == 31


def test_an_instant_equal_to_the_end_is_not_in_the_period() -> None:
    month = calendar.parse_month("2026-10", "UTC")
    frame = pl.DataFrame(
        {"charge_period_start": [month.start, month.end - timedelta(microseconds=1), month.end]}
    ).with_columns(charge_period_end=pl.lit(None, pl.Datetime("us", "UTC")))

    assert frame.select(month.holds()).to_series().to_list() == [True, True, False]


def test_a_daily_bucket_keeps_its_utc_date_in_every_zone() -> None:
    """The bucket of 1 November begins at 00:00 UTC, 31 October 20:00 in New York, and is November's there too."""
    frame = pl.DataFrame({"charge_period_start": [at("2026-11-01")] * 2}).with_columns(
        charge_period_end=pl.Series([at("2026-11-02"), at("2026-11-01T00:00:05")])
    )
    november = calendar.parse_month("2026-11", "America/New_York")

    assert frame.select(november.holds()).to_series().to_list() == [True, False]


def test_a_daily_bucket_whose_local_midnight_does_not_exist_stays_at_its_utc_start() -> None:
    """Havana skips 00:00 to 01:00 on 8 March 2026."""
    frame = pl.DataFrame({"charge_period_start": [at("2026-03-08")], "charge_period_end": [at("2026-03-09")]})

    assert frame.select(calendar.calendar_start("America/Havana")).to_series().to_list() == [at("2026-03-08")]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026Q3", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026-q4", date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_quarters(text: str, start: date, end: date) -> None:
    quarter = calendar.parse_quarter(text, "UTC")

    assert (quarter.first_day, quarter.last_day) == (start, end)


@pytest.mark.parametrize(
    ("text", "first_month", "start", "end"),
    [
        ("2026Q3", 10, date(2026, 4, 1), date(2026, 6, 30)),
        ("FY2027-Q1", 10, date(2026, 10, 1), date(2026, 12, 31)),
        ("fy2026q4", 2, date(2025, 11, 1), date(2026, 1, 31)),
        ("2026Q1", 12, date(2025, 12, 1), date(2026, 2, 28)),
    ],
)
def test_a_fiscal_quarter_belongs_to_the_year_its_year_ends_in(
    text: str, first_month: int, start: date, end: date
) -> None:
    """From October: fiscal year 2026 is October 2025 to September 2026, its third quarter April to June."""
    quarter = calendar.parse_quarter(text, "UTC", first_month)

    assert (quarter.first_day, quarter.last_day) == (start, end)


@pytest.mark.parametrize(
    ("word", "first_month", "start"),
    [("ytd", 10, date(2026, 10, 1)), ("ytd", 12, date(2025, 12, 1)), ("qtd", 12, date(2026, 9, 1))],
)
def test_to_date_words_begin_with_the_fiscal_period(word: str, first_month: int, start: date) -> None:
    """Seen from 18 November 2026: a year from December began in 2025, its last quarter on 1 September."""
    assert calendar.parse_word(word, at("2026-11-19"), "UTC", first_month).first_day == start


def test_the_fiscal_year_before_a_fiscal_year_is_a_year_earlier() -> None:
    year = calendar.year_holding(date(2026, 11, 18), BERLIN, 10)

    assert (year.first_day, year.last_day) == (date(2026, 10, 1), date(2027, 9, 30))
    assert year.previous() == calendar.year_holding(date(2026, 9, 30), BERLIN, 10)


@settings(max_examples=25)
@given(st.dates(date(2001, 1, 1), date(2099, 1, 1)), st.integers(1, 12), st.sampled_from(ZONES))
def test_four_quarters_make_up_the_fiscal_year_from_any_month(day: date, first_month: int, zone: str) -> None:
    year = calendar.year_holding(day, zone, first_month)
    name = calendar.fiscal_year(day, first_month)
    quarters = [calendar.parse_quarter(f"{name}Q{number}", zone, first_month) for number in (1, 2, 3, 4)]

    assert year.first_day.month == first_month
    assert year.start <= calendar.midnight(day, zone) < year.end
    assert [q.start for q in quarters[1:]] == [q.end for q in quarters[:3]]
    assert (quarters[0].start, quarters[3].end) == (year.start, year.end)
    assert calendar.quarter_of(day, zone, first_month) in quarters
    assert [q.previous() for q in quarters[1:]] == quarters[:3]
    assert year.previous().end == year.start


@pytest.mark.parametrize(
    ("text", "start"),
    [("7d", date(2026, 11, 15)), ("2w", date(2026, 11, 8)), ("1m", date(2026, 10, 22)), ("12m", date(2025, 11, 22))],
)
def test_lengths_are_whole_days_before_the_end_of_the_data(text: str, start: date) -> None:
    """Data to 21 November 18:00: the last seven days are 15 to 21 November."""
    last = calendar.parse_last(text, at("2026-11-21T18:00"), "UTC")

    assert (last.first_day, last.last_day) == (start, date(2026, 11, 21))


@pytest.mark.parametrize(
    ("word", "start", "end"),
    [
        ("today", date(2026, 11, 18), date(2026, 11, 18)),
        ("yesterday", date(2026, 11, 17), date(2026, 11, 17)),
        ("wtd", date(2026, 11, 16), date(2026, 11, 18)),
        ("mtd", date(2026, 11, 1), date(2026, 11, 18)),
        ("qtd", date(2026, 10, 1), date(2026, 11, 18)),
        ("ytd", date(2026, 1, 1), date(2026, 11, 18)),
    ],
)
def test_words_are_seen_from_just_before_the_end_of_the_data(word: str, start: date, end: date) -> None:
    """Data to midnight of 19 November: today is Wednesday 18 November."""
    period = calendar.parse_word(word, at("2026-11-19"), "UTC")

    assert (period.first_day, period.last_day) == (start, end)


def test_the_month_before_march_is_february_whatever_its_length() -> None:
    assert calendar.parse_month("2026-03", BERLIN).previous() == calendar.parse_month("2026-02", BERLIN)


def test_the_span_before_ten_days_is_ten_days() -> None:
    before = calendar.between(date(2026, 11, 11), date(2026, 11, 21), BERLIN).previous()

    assert (before.first_day, before.last_day) == (date(2026, 11, 1), date(2026, 11, 10))


def test_the_year_before_a_leap_day_ends_on_28_february() -> None:
    leap = calendar.between(date(2028, 2, 29), date(2028, 3, 1), "UTC").year_before()

    assert (leap.first_day, leap.end) == (date(2027, 2, 28), at("2027-03-01"))


def test_a_date_may_be_written_without_dashes() -> None:
    assert calendar.parse_instant("20261101", "UTC") == at("2026-11-01")


@pytest.mark.parametrize(
    "read",
    [
        lambda: calendar.parse_month("2026-13", "UTC"),
        lambda: calendar.parse_month("October", "UTC"),
        lambda: calendar.parse_quarter("2026Q5", "UTC"),
        lambda: calendar.parse_quarter("9999Q4", "UTC"),
        lambda: calendar.parse_month("0000-01", "UTC"),
        lambda: calendar.parse_last("0d", at("2026-11-01"), "UTC"),
        lambda: calendar.parse_last("1y", at("2026-11-01"), "UTC"),
        lambda: calendar.parse_word("soon", at("2026-11-01"), "UTC"),
        lambda: calendar.parse_instant("2026-02-30", "UTC"),
        lambda: calendar.zone("Mars/Olympus"),
        lambda: calendar.zone("Europe"),
        lambda: calendar.zone("../etc/passwd"),
        lambda: calendar.zone(""),
    ],
)
def test_what_is_no_period_is_a_usage_error(read: object) -> None:
    with pytest.raises(ConfigError):
        read()  # type: ignore[operator]


@settings(max_examples=25)
@given(st.dates(date(2001, 1, 1), date(2099, 1, 1)), st.sampled_from(ZONES))
def test_months_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    month = calendar.month_of(day, zone)

    assert month.previous().end == month.start
    assert calendar.month_of(month.last_day + timedelta(days=1), zone).start == month.end


@settings(max_examples=25)
@given(st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001
def test_the_day_that_holds_an_instant_ends_after_it(moment: datetime, zone: str) -> None:
    instant = moment.replace(tzinfo=UTC)
    end = calendar.day_end(instant, zone)

    assert end - timedelta(hours=26) <= instant < end
    assert Period(instant, end, zone).days == 1
