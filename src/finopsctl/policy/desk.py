"""The books as a rule sees them: with its own filters and its own period; scorecards are made once for many rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.books import PeriodWish
from finopsctl.config.policy_kinds import KpiRule
from finopsctl.ledger.period import WORDS, parse_last, parse_word
from finopsctl.metrics.figures import as_text
from finopsctl.metrics.rollup import SUMMED, rollup, summed
from finopsctl.questions.limits import seen_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from finopsctl.analyses.kpi import Scorecard
    from finopsctl.books import Books
    from finopsctl.config.policy import Rule
    from finopsctl.config.settings import Settings
    from finopsctl.ledger.period import Period
    from finopsctl.metrics.dimensions import Dimension

_Key = tuple[tuple[str, ...], tuple[str, ...], "str | None"]


@dataclass(frozen=True, slots=True)
class Desk:
    """What rules are measured with.

    Args:
        books: As the command line opened them.
        settings: The settings in force.
        rules: All rules of the policy.
        now: The moment up to which there should be records.
        scorecards: Those made already, by what they were asked.
    """

    books: Books
    settings: Settings
    rules: tuple[Rule, ...]
    now: datetime
    scorecards: dict[_Key, Scorecard] = field(default_factory=dict)

    def books_of(self, rule: Rule) -> Books:
        """Return the books with the rule's filters, over the rule's period."""
        request, terms = self.books.request, rule.terms
        own = self._period(terms.last) if terms.last else None
        wish = request.period if own is None else PeriodWish(own.start.isoformat(), own.end.isoformat())
        asked = replace(request, where=(*request.where, *terms.where), period=wish)
        return replace(self.books, request=asked)

    def settings_of(self, rule: Rule, by: tuple[str, ...] = ()) -> Settings:
        """Return the settings with the rule's filters and dimensions, and nothing that only concerns display."""
        where = (*self.settings.where, *rule.terms.where)
        return replace(self.settings, by=by, where=where, top=None, compare=None, since=None)

    def scorecard(self, rule: Rule, ask: KpiRule) -> Scorecard:
        """Return the scorecard a rule's KPI is on, made once for all rules with its groups, filters and period.

        Raises:
            SourceError: A bucket that is longer than the calendar period asked for.
        """
        from finopsctl.questions.scorecard import scorecard_of

        wanted = _key(rule, ask)
        if wanted not in self.scorecards:
            kpis = tuple(dict.fromkeys((*self._alike(wanted), ask.kpi)))
            self.scorecards[wanted] = scorecard_of(self.books_of(rule), self.settings_of(rule, ask.by), kpis)
        return self.scorecards[wanted]

    def _alike(self, wanted: _Key) -> list[str]:
        """Return the KPIs of all rules with the same groups, filters and period."""
        asks = ((rule, rule.ask) for rule in self.rules)
        return [ask.kpi for rule, ask in asks if isinstance(ask, KpiRule) and _key(rule, ask) == wanted]

    def _period(self, last: str) -> Period:
        """Return a rule's own period, counted back from the end of what the others look at."""
        end, request = seen_until(self.books), self.books.request
        if last in WORDS:
            return parse_word(last, end, request.timezone, request.fiscal_year_start)
        return parse_last(last, end, request.timezone)


def sums(books: Books, by: Sequence[Dimension]) -> pl.DataFrame:
    """Return the dimensions as text, spend, requests and tokens of each group; null where nothing is known."""
    timezone = books.request.timezone
    frame = rollup(books.ledger, {d.name: d.key(timezone) for d in by}, SUMMED).collect(engine="streaming")
    return as_text(summed(frame, [d.name for d in by]), by)


def is_above(floor: Decimal) -> pl.Expr:
    """Tell whether a row's ``spend`` is at least ``floor``; unknown spend is not below it, so that it is judged."""
    return (pl.col("spend") >= floor).fill_null(value=True)


def above(floor: Decimal, books: Books, by: Sequence[Dimension]) -> frozenset[tuple[str | None, ...]] | None:
    """Return the groups that spend at least ``floor``; None: there is no floor, and every group counts."""
    if not floor:
        return None
    rows = sums(books, by).filter(is_above(floor))
    return frozenset(rows.select(d.name for d in by).iter_rows())


def _key(rule: Rule, ask: KpiRule) -> _Key:
    return ask.by, rule.terms.where, rule.terms.last
