"""Tests of what is asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from finopsctl.books import PeriodWish, Request
from finopsctl.errors import ConfigError

END = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    "named",
    [
        {"month": "2026-10", "quarter": "2026Q4"},
        {"month": "2026-10", "since": "2026-10-01"},
        {"last": "30d", "until": "2026-10-01"},
        {"word": "mtd", "last": "30d"},
    ],
)
def test_two_periods_are_a_contradiction(named: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="two periods"):
        PeriodWish(**named)


def test_nothing_asked_for_is_everything() -> None:
    assert PeriodWish().resolve(END, "UTC") is None


@pytest.mark.parametrize("wish", [PeriodWish(last="7d"), PeriodWish(word="mtd"), PeriodWish(since="2026-11-01")])
def test_lengths_words_and_open_ends_need_the_end_of_the_data(wish: PeriodWish) -> None:
    assert wish.needs_now


@pytest.mark.parametrize("wish", [PeriodWish(month="2026-10"), PeriodWish(until="2026-11-01"), PeriodWish()])
def test_other_wishes_do_not(wish: PeriodWish) -> None:
    assert not wish.needs_now


def test_an_empty_period_is_a_usage_error() -> None:
    with pytest.raises(ConfigError, match="empty"):
        PeriodWish(since="2026-11-01", until="2026-11-01").resolve(None, "UTC")


def test_a_period_without_a_start_begins_on_the_first_day_of_the_data_not_in_2000() -> None:
    """From 1 October, when the first row was logged, to 11 October are 10 days: spend per day is over 10."""
    first = datetime(2026, 10, 1, 9, tzinfo=UTC)
    period = PeriodWish(until="2026-10-11").resolve(None, "UTC", first)

    assert period is not None
    assert (period.start, period.days) == (datetime(2026, 10, 1, tzinfo=UTC), 10)


@pytest.mark.parametrize(
    ("wish", "start", "end"),
    [
        (PeriodWish(since="mtd"), 1, 21),
        (PeriodWish(since="yesterday"), 19, 21),
        (PeriodWish(since="yesterday", until="today"), 19, 20),
        (PeriodWish(since="2026-11-02", until="today"), 2, 20),
    ],
)
def test_since_and_until_understand_words(wish: PeriodWish, start: int, end: int) -> None:
    """Seen from the end of 20 November."""
    period = wish.resolve(END if wish.needs_now else None, "UTC")

    assert period is not None
    assert (period.start, period.end) == (datetime(2026, 11, start, tzinfo=UTC), datetime(2026, 11, end, tzinfo=UTC))


def test_quarters_and_words_follow_the_fiscal_year() -> None:
    """From October: 2026Q1 began in October 2025, and so did the year to date on 20 November 2025."""
    end = datetime(2025, 11, 21, tzinfo=UTC)
    wishes = (PeriodWish(quarter="2026Q1"), PeriodWish(word="ytd"), PeriodWish(since="ytd"))
    found = [wish.resolve(end, "UTC", first_month=10) for wish in wishes]

    assert [period.first_day for period in found if period] == [date(2025, 10, 1)] * 3


def test_a_fiscal_year_starts_in_a_month_there_is() -> None:
    with pytest.raises(ConfigError, match="cannot start in month 13"):
        Request((), fiscal_year_start=13)


def test_dates_are_midnights_of_the_time_zone() -> None:
    period = PeriodWish(since="2026-10-25", until="2026-10-26").resolve(None, "Europe/Berlin")

    assert period is not None
    assert (period.end - period.start).total_seconds() == 25 * 3600, "the clocks go back that night"


@pytest.mark.parametrize(
    ("options", "basis"),
    [
        ({}, "auto"),
        ({"cost_basis": "reported"}, "reported"),
        ({"price_date": "2026-10-01"}, "effective"),
        ({"price_date": "2026-10-01", "cost_basis": "list"}, "list"),
        ({"price_date": "2026-10-01", "cost_basis": "auto"}, "effective"),
    ],
)
def test_named_prices_imply_the_effective_basis(options: dict[str, str], basis: str) -> None:
    assert Request(("log",), **options).basis == basis  # type: ignore[arg-type]
