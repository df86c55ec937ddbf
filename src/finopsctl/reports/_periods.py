"""Which period a report is of, and what that period is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from finopsctl.books import PeriodWish
from finopsctl.books.books import holds_rows, nothing_asked_for
from finopsctl.config.origin import Layer
from finopsctl.errors import ConfigError, SourceError
from finopsctl.ledger.period import fiscal_year, month_of, zone
from finopsctl.questions.comparing import called
from finopsctl.questions.spans import in_last_whole_month

if TYPE_CHECKING:
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.ledger.period import Period

_WEEK = 7
_DAY = timedelta(days=1)
_OPTIONS = ("since", "until", "month", "quarter", "last")


def month_so_far(books: Books) -> Books:
    """Return the books of the month that holds the last instant seen, unless a period is asked for.

    Raises:
        SourceError: When they hold nothing of it.
    """
    narrowed = books if books.period is not None else _month_seen(books)
    if not holds_rows(narrowed.ledger):
        raise nothing_asked_for(narrowed)
    return narrowed


def _month_seen(books: Books) -> Books:
    timezone = books.request.timezone
    last = (books.as_of - timedelta(microseconds=1)).astimezone(zone(timezone)).date()
    is_over = month_of(last, timezone).end <= books.as_of
    wish = PeriodWish(month=f"{last:%Y-%m}") if is_over else PeriodWish(word="mtd")
    return replace(books, request=replace(books.request, period=wish))


def last_day(books: Books, settings: Settings) -> Books:
    """Return the books of the last day that is over, or of the one day that the command line names.

    Raises:
        ConfigError: When it names another period.
    """
    if (named := _named(books, settings, "day", 1)) is not None:
        return named
    return _held(within_days(books, _today(books) - _DAY, 1), "day")


def last_week(books: Books, settings: Settings) -> Books:
    """Return the books of the last week (Monday to Sunday) that is over, or of the seven days named.

    Raises:
        ConfigError: When the command line names another period.
    """
    if (named := _named(books, settings, "week", _WEEK)) is not None:
        return named
    today = _today(books)
    return _held(within_days(books, today - timedelta(days=today.weekday() + _WEEK), _WEEK), "week")


def last_month(books: Books, settings: Settings) -> Books:
    """Return the books of the last month that is over, or of the month named.

    Raises:
        ConfigError: When the command line names another period.
    """
    named = books.period if _is_named(settings) else None
    if named is None:
        return _held(in_last_whole_month(books), "month")
    month = month_of(named.first_day, named.timezone)
    if (named.start, named.end) != (month.start, month.end):
        raise _wrong_length("month", named)
    return replace(books, request=replace(books.request, period=PeriodWish(month=f"{month.first_day:%Y-%m}")))


def within_days(books: Books, first: date, days: int) -> Books:
    """Return the books of ``days`` days from ``first`` on."""
    wish = PeriodWish(since=first.isoformat(), until=(first + timedelta(days=days)).isoformat())
    return replace(books, request=replace(books.request, period=wish))


def key_of(period: Period, first_month: int = 1) -> str:
    """Return the name of a period in files and keys: 2026-10, 2026-W43, 2026-10-31, 2026-Q4, or first and last day."""
    first, last = period.first_day, period.last_day
    if period.days == 1:
        return f"{first}"
    if period.days == _WEEK and first.weekday() == 0:
        return f"{first.isocalendar().year}-W{first.isocalendar().week:02d}"
    month = month_of(first, period.timezone)
    if period.unit == "month" or (month.start, month.end) == (period.start, period.end):
        return f"{first:%Y-%m}"
    if period.unit == "quarter":
        return f"{fiscal_year(first, first_month)}-Q{(first.month - first_month) % 12 // 3 + 1}"
    return f"{fiscal_year(first, first_month)}" if period.unit == "year" else f"{first}..{last}"


def spoken(period: Period, first_month: int = 1) -> str:
    """Return what a period is called in a title."""
    key = key_of(period, first_month)
    return f"week {key} ({called(period, first_month)})" if "-W" in key else called(period, first_month)


def _today(books: Books) -> date:
    """Return the first day that is not over: the one that holds the first instant not seen."""
    return books.as_of.astimezone(zone(books.request.timezone)).date()


def _named(books: Books, settings: Settings, what: str, days: int) -> Books | None:
    if not _is_named(settings) or books.period is None:
        return None
    if books.period.days != days:
        raise _wrong_length(what, books.period)
    return within_days(books, books.period.first_day, days)


def _is_named(settings: Settings) -> bool:
    """Return whether the command line names a period; one of the configuration is for other questions."""
    return any(getattr(settings, name) and settings.origin(name).layer is Layer.FLAG for name in _OPTIONS)


def _held(books: Books, what: str) -> Books:
    """Return the books of the last whole day, week or month.

    Raises:
        SourceError: When they hold nothing of it.
    """
    if holds_rows(books.ledger):
        return books
    nothing = nothing_asked_for(books)
    if books.request.where:
        raise nothing
    assert books.period is not None
    raise SourceError(
        f"the inputs hold nothing of the last whole {what}, {called(books.period)}",
        f"{nothing.hint} --as-of says when to look: the last whole {what} before that is told of.",
    )


def _wrong_length(what: str, period: Period) -> ConfigError:
    return ConfigError(
        f"this report is of one {what}, and the period named is {called(period)}",
        f"Leave it out, or say with --as-of when to look: the last whole {what} before that is told of.",
    )
