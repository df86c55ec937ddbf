"""What every part of a report looks at: the books of its period, those of all time until then, what is compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from finopsctl.books import PeriodWish
from finopsctl.books.books import holds_rows
from finopsctl.errors import ConfigError, SourceError
from finopsctl.ledger.period import calendar_start, midnight
from finopsctl.questions.comparing import PREVIOUS, called, check_comparison, is_file
from finopsctl.questions.spans import comparison
from finopsctl.reports._periods import within_days

if TYPE_CHECKING:
    from datetime import date, datetime

    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.ledger.period import Period
    from finopsctl.reports import Asked

_TOP = 10


@dataclass(frozen=True, eq=False)
class Scene:
    """The books of a report's period, the settings, and what is asked besides.

    Each part of a report asks a question of these books; the inputs are read and priced once, when they are opened.
    """

    books: Books
    given: Settings
    asked: Asked

    @cached_property
    def settings(self) -> Settings:
        """The settings without what is meant for single questions, and with direct cost only.

        Shared cost is a matter of the chargeback: it would make the teams of a report add up to more than its spend.
        """
        direct = replace(self.given.allocation, pool=())
        return replace(self.given, by=(), top=None, compare=None, since=None, allocation=direct)

    @cached_property
    def compared(self) -> Settings:
        """The settings with what is compared with; without, where there is nothing to compare with."""
        return replace(self.settings, compare=self.compare if self.before else None)

    @property
    def top(self) -> int:
        """How many rows a list has."""
        return self.given.top or _TOP

    @property
    def compare(self) -> str:
        """What to compare with: ``previous`` unless another period is named.

        Raises:
            ConfigError: For a file: a report is of periods of one ledger.
        """
        what = self.given.compare or PREVIOUS
        if is_file(what):
            raise ConfigError(f"a report is compared with a period, not with {what}", "Use previous, yoy or 2026-09.")
        check_comparison(what, self.given.tz, self.given.fiscal_year_start)
        return what

    @cached_property
    def period(self) -> Period:
        """The report's period."""
        return self.books.whole_period()

    @cached_property
    def end(self) -> datetime:
        """The first instant the report does not see."""
        return min(self.books.as_of, self.period.end)

    @cached_property
    def before(self) -> Period | None:
        """The period compared with; None where there are no records of it (``no_comparison`` says so)."""
        return self._comparison[0]

    @property
    def no_comparison(self) -> str:
        """Why nothing is compared; empty where it is."""
        return self._comparison[1]

    @cached_property
    def _comparison(self) -> tuple[Period | None, str]:
        try:
            return comparison(self.books, self.compare)[0], ""
        except SourceError as nothing:
            return None, nothing.message

    @property
    def called(self) -> str:
        """What the period is called in a sentence."""
        return called(self.period, self.given.fiscal_year_start)

    @property
    def when(self) -> str:
        """The period with its preposition: ``in October 2026``, ``on 31 October 2026``, ``from 19 to 25 October``."""
        return _when(self.period, self.called)

    @property
    def when_before(self) -> str:
        """The same of the period compared with."""
        return _when(self.before, self.called_before) if self.before else ""

    @property
    def called_before(self) -> str:
        """What the period compared with is called."""
        return called(self.before, self.given.fiscal_year_start) if self.before else ""

    @cached_property
    def is_whole_month(self) -> bool:
        """Whether the period is a month that is over."""
        return self.period.unit == "month" and self.period.end <= self.books.as_of

    @property
    def at_end(self) -> Books:
        """All records until the end of the period: for budgets and forecasts, which have periods of their own."""
        return self.seen_at(self.end)

    @property
    def whole(self) -> Books:
        """The books of the period, ended as if a longer one had never been seen.

        Questions that answer for the last day alone when ``--as-of`` is given answer for the whole period of these.
        """
        rows = self.books.rows.filter(calendar_start(self.given.tz) < self.end)
        wish = PeriodWish(since=self.period.start.isoformat(), until=self.period.end.isoformat())
        request = replace(self.books.request, as_of=None, period=wish)
        return replace(self.books, rows=rows, request=request)

    def seen_at(self, end: datetime) -> Books:
        """Return all records before an instant."""
        request = replace(self.books.request, period=PeriodWish(), as_of=end.isoformat())
        return replace(self.books, request=request)

    def midnight(self, day: date) -> datetime:
        """Return the instant a day begins."""
        return midnight(day, self.given.tz)

    def days(self, first: date, days: int) -> Books:
        """Return the books of other days."""
        return within_days(self.books, first, days)

    def has(self, books: Books) -> bool:
        """Return whether books hold any record of their period."""
        return holds_rows(books.ledger)


def _when(period: Period, name: str) -> str:
    if period.days == 1:
        return f"on {name}"
    return f"from {name}" if " to " in name else f"in {name}"
