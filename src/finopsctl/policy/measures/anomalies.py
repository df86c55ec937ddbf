"""How many episodes of unusual spend there are, by group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.analyses.anomalies.question import rule_named
from finopsctl.books import PeriodWish
from finopsctl.ledger.period import day_start
from finopsctl.policy.measured import Group, Measured
from finopsctl.questions.anomalies import anomalies_of
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from finopsctl.analyses.anomalies.result import Anomalies, Episode
    from finopsctl.books import Books
    from finopsctl.config.policy import Rule
    from finopsctl.config.policy_kinds import AnomaliesRule
    from finopsctl.policy.desk import Desk


def measure(desk: Desk, rule: Rule, ask: AnomaliesRule) -> Measured:
    """Return the number of episodes of each group that has any, or that there are none.

    Raises:
        SourceError: When no record is in the period.
    """
    found = anomalies_of(_whole(desk.books_of(rule)), desk.settings_of(rule, ask.by), ask.grain)
    wanted = {rule_named(name).name for name in ask.rules} or {each.name for each in found.question.active}
    if not any(judged.judged for name, judged in found.judgements.items() if name in wanted):
        return Measured.nothing("there is too little history to judge anything by")
    counting = [each for each in found.episodes if _counts(each, ask, wanted)]
    if not counting:
        return Measured((Group({}, 0, ""),))
    keys = dict.fromkeys(each.key for each in counting)
    return Measured([_group([each for each in counting if each.key == key], found) for key in keys])


def _whole(books: Books) -> Books:
    """Return the books with --as-of as the end of a period: of a day that is named only its own episodes are told."""
    if not books.request.as_of:
        return books
    period = books.period
    start = day_start(books.seen[0], books.request.timezone) if period is None else period.start
    end = books.as_of if period is None else min(period.end, books.as_of)
    wish = PeriodWish(start.isoformat(), end.isoformat())
    return replace(books, request=replace(books.request, as_of=None, period=wish))


def _counts(episode: Episode, ask: AnomaliesRule, wanted: set[str]) -> bool:
    is_bad_enough = ask.at_least in {"warning", episode.severity}
    return is_bad_enough and abs(episode.excess) >= ask.floor and bool(wanted & set(episode.rules))


def _group(episodes: list[Episode], found: Anomalies) -> Group:
    """Return one group's episodes, the worst of which speaks for it."""
    worst, currency = episodes[0], found.question.currency
    more = f", and {len(episodes) - 1} more" if len(episodes) > 1 else ""
    why = f"{worst.start:%Y-%m-%d}: {money(abs(worst.excess), currency)} {_side(worst)} by {worst.rule.name}{more}"
    return Group(dict(zip(found.question.dims, worst.key, strict=True)), len(episodes), why)


def _side(episode: Episode) -> str:
    return "missing" if episode.excess < 0 else "too much"
