"""What ``--compare`` may name, which periods can be compared, and what they are called."""

from __future__ import annotations

from calendar import month_name
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, SourceError, nearest
from finopsctl.ledger.period import JANUARY, Period, fiscal_year, parse_month, parse_quarter

if TYPE_CHECKING:
    from datetime import date

    from finopsctl.books import Books

PREVIOUS, YEAR_BEFORE, BUDGET = "previous", "yoy", "budget"
_WORDS = (PREVIOUS, YEAR_BEFORE, BUDGET)
_WAYS = "Use previous, yoy, a month (2026-09), a quarter (2026Q3) or a file."


def is_file(what: str | None) -> bool:
    """Return whether ``what`` to compare with is another input."""
    return what is not None and what not in _WORDS and Path(what).exists()


def named_period(what: str, timezone: str, first_month: int = JANUARY) -> Period:
    """Return the month or quarter that ``what`` names.

    Raises:
        ConfigError: When it names none.
    """
    with suppress(ConfigError):
        return parse_month(what, timezone)
    with suppress(ConfigError):
        return parse_quarter(what, timezone, first_month)
    if Path(what).suffix or len(Path(what).parts) > 1:
        raise ConfigError(f"there is no file {what} to compare with", _WAYS)
    close = nearest(what, _WORDS)
    raise ConfigError(f"'{what}' is nothing to compare with", close if close.startswith("Did") else _WAYS)


def check_comparison(what: str | None, timezone: str, first_month: int = JANUARY) -> None:
    """Refuse what nothing can be compared with, before anything is read.

    Raises:
        ConfigError: When ``what`` is no word, no period and no file.
    """
    if what is not None and what not in _WORDS and not is_file(what):
        named_period(what, timezone, first_month)


def refuse_overlap(now: Period, then: Period, first_month: int = JANUARY) -> None:
    """Refuse periods that share days: the same spend would be on both sides.

    Raises:
        ConfigError: Naming both.
    """
    if then.start >= now.end or now.start >= then.end:
        return
    names = called(now, first_month), called(then, first_month)
    hint = "Name another period: --compare previous is the one before."
    if (now.start, now.end) == (then.start, then.end):
        raise ConfigError(f"{names[0]} would be compared with itself", hint)
    raise ConfigError(f"{names[0]} and {names[1]} overlap: the same spend would be on both sides", hint)


def nothing_before(books: Books, period: Period | None) -> SourceError:
    """Return the error for a comparison with a period (None: a file) that the inputs hold nothing of."""
    if period is None:
        return SourceError("there is nothing to compare with", "Loosen --where, or see `finopsctl inspect` on it.")
    now, then = (called(asked, books.request.fiscal_year_start) for asked in (books.whole_period(), period))
    there = _held(books)
    message = f"there is nothing to compare {now} with: the inputs hold no records of {then}"
    return SourceError(message, f"Their records are of {called(there)}. {_way_out(there)}")


def no_whole_month(books: Books) -> SourceError:
    """Return the error for a question about the last whole month of inputs that hold none."""
    there = _held(books)
    message = f"no period is named, and the inputs hold no whole month: their records are of {called(there)}"
    return SourceError(message, _way_out(there))


def _held(books: Books) -> Period:
    from finopsctl.books.books import covering

    first, last = books.seen
    return covering(first, max(first, min(last, books.as_of - timedelta(microseconds=1))), books.request.timezone)


def _way_out(there: Period) -> str:
    half = there.days // 2
    if not half:
        return "Add the logs of earlier days, or compare with a file: --compare FILE."
    return f"Name a period that something comes before, such as --last {min(half, 30)}d."


def called(period: Period, first_month: int = JANUARY) -> str:
    """Return ``October 2026``, ``2026Q4``, ``2026``, or first and last day: ``16 to 30 September 2026``."""
    first, last = period.first_day, period.last_day
    year = f"{'' if first_month == JANUARY else 'FY'}{fiscal_year(first, first_month)}"
    names = {
        "month": f"{month_name[first.month]} {first.year}",
        "quarter": f"{year}Q{(first.month - first_month) % 12 // 3 + 1}",
        "year": year,
    }
    return names.get(period.unit) or _days_called(first, last)


def _days_called(first: date, last: date) -> str:
    end = f"{last.day} {month_name[last.month]} {last.year}"
    if first == last:
        return end
    if first.year != last.year:
        return f"{first.day} {month_name[first.month]} {first.year} to {end}"
    return f"{first.day} to {end}" if first.month == last.month else f"{first.day} {month_name[first.month]} to {end}"
