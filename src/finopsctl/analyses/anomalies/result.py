"""The answer: episodes, what they are made of, and how they are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.anomalies.rules import Measure
from finopsctl.ledger.schema import MONEY
from finopsctl.results.report import Column, Long, Report, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.anomalies.alerts import Judgement
    from finopsctl.analyses.anomalies.causes import Cause
    from finopsctl.analyses.anomalies.question import AnomalyQuestion
    from finopsctl.analyses.anomalies.rules import Rule
    from finopsctl.metrics.dimensions import Dimension
    from finopsctl.metrics.quality import Quality
    from finopsctl.results.finding import Finding

_UNITS = {Measure.SPEND: Unit.USD, Measure.REQUEST_COST_P95: Unit.UNIT_PRICE, Measure.CACHE_RATE: Unit.RATIO}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Contributor:
    """One part of an excess: the values of the sub-dimensions, and its money."""

    key: tuple[str | None, ...]
    excess: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """Alerts of one group within a day of each other.

    Args:
        start: First day (hour); ``end``: the first one after it.
        key: The values of the dimensions.
        value: What was judged: money spent, a P95, a rate.
        expected: What it is compared with.
        excess: Money at stake; negative where money is missing.
        score: How far off, in the rule's terms.
        rule: That it is called after; ``rules``: the names of all that fired.
        severity: ``warning`` or ``critical``.
        contributors: The parts that made the excess, the largest first.
        cause: What changed.
        history: Days behind ``expected``.
    """

    start: date | datetime
    end: date | datetime
    key: tuple[str | None, ...]
    value: Decimal
    expected: Decimal
    excess: Decimal
    score: float | None
    rule: Rule
    rules: tuple[str, ...]
    severity: str
    contributors: tuple[Contributor, ...]
    cause: Cause
    history: int


@dataclass(frozen=True, slots=True, eq=False)
class Anomalies:
    """Episodes, the worst first.

    ``judgements``: by rule, how many groups there are and how many of them had enough history. ``days``: the first
    and last day told of. ``subs``: the dimensions contributors are named by.
    """

    episodes: tuple[Episode, ...]
    subs: tuple[Dimension, ...]
    question: AnomalyQuestion
    quality: Quality
    judgements: Mapping[str, Judgement]
    days: tuple[date, date]
    findings: tuple[Finding, ...] = ()

    @property
    def rows(self) -> pl.DataFrame:
        """One row per episode: the columns of the command's JSON, money exact to a millionth."""
        return pl.DataFrame([self._row(episode) for episode in self.episodes], schema=self._schema(), orient="row")

    @property
    def totals(self) -> dict[str, Any]:
        """How many episodes there are, and the money that was too much."""
        above = sum((e.excess for e in self.episodes if e.excess > 0), Decimal(0))
        critical = sum(e.severity == "critical" for e in self.episodes)
        groups = max((self.judgements[rule.name].judged for rule in self._of_groups), default=0)
        return {"episodes": len(self.episodes), "critical": critical, "excess": above, "groups_judged": groups}

    @property
    def _of_groups(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.question.active if not rule.by_feature)

    def report(self) -> Report:
        """Return the presentable form."""
        rows = self.rows
        units = [_UNITS[episode.rule.measure] for episode in self.episodes]
        mixed = {Unit.USD} != set(units)
        table = Table("Episodes", rows, self._columns(), row_units=units if mixed else ())
        return Report("anomalies", self.headline, (table,), self.totals, self.findings)

    @property
    def headline(self) -> str:
        """The worst episode in a sentence, or that there is none."""
        if not self.episodes:
            return self._nothing()
        critical = self.totals["critical"]
        warnings = len(self.episodes) - critical
        counts = [counted(critical, "critical episode")] if critical else []
        counts += [counted(warnings, "warning" if critical else "episode")] if warnings else []
        worst = self.episodes[0]
        return f"{' and '.join(counts)}: {self._told(worst)}{self._made(worst)}."

    def _nothing(self) -> str:
        first, last = self.days
        span = f"on {_spoken(first)}" if first == last else f"from {_spoken(first)} to {_spoken(last)}"
        judged = self.totals["groups_judged"]
        if not judged:
            return f"Nothing could be judged {span}: there is too little history."
        if not self.question.by:
            return f"No anomalies {span}."
        groups = max(self.judgements[rule.name].groups for rule in self._of_groups)
        return f"No anomalies {span}: {judged:,} of {counted(groups, 'group')} had the history to be judged."

    def _told(self, episode: Episode) -> str:
        who, when = self.name(episode), _span(episode)
        rule, currency = episode.rule, self.question.currency
        if rule.measure is Measure.CACHE_RATE:
            lost = money(episode.excess, currency)
            rates = f"{episode.value:.0%} {when} instead of {episode.expected:.0%}"
            return f"{who}'s cache hit rate was {rates}, which cost {lost}"
        if rule.measure is Measure.REQUEST_COST_P95:
            rise = episode.value / episode.expected - 1
            return f"the dearest requests of {who} cost {rise:.0%} more {when} than the week before (P95)"
        if episode.excess < 0:
            return f"{who} spent nothing {when} where {money(episode.expected, currency)} were usual"
        against = "of budget share" if rule.name == "budget-share" else "expected"
        return (
            f"{who} spent {money(episode.value, currency)} {when} against {money(episode.expected, currency)} {against}"
        )

    def _made(self, episode: Episode) -> str:
        if not episode.contributors or episode.excess <= 0:
            return ""
        first = episode.contributors[0]
        share = min(first.excess / episode.excess, Decimal(1))
        return f"; {self._parts(first)} made {share:.0%} of it"

    def _parts(self, contributor: Contributor) -> str:
        pairs = zip(self.subs, contributor.key, strict=True)
        return " with ".join(sub.null_label if value is None else value for sub, value in pairs)

    def name(self, episode: Episode) -> str:
        """Return what an episode's group is called."""
        pairs = zip(self.question.by, episode.key, strict=True)
        return " / ".join(d.null_label if value is None else value for d, value in pairs) or "everything together"

    def _row(self, episode: Episode) -> tuple[Any, ...]:
        parts = [
            {**dict(zip((sub.name for sub in self.subs), c.key, strict=True)), "excess": c.excess}
            for c in episode.contributors
        ]
        made = "; ".join(
            f"{self._parts(c)} {min(c.excess / episode.excess, Decimal(1)):.0%}" for c in episode.contributors[:2]
        )
        return (
            episode.start,
            episode.end,
            *episode.key,
            episode.value,
            episode.expected,
            episode.excess,
            episode.score,
            episode.rule.name,
            episode.severity,
            parts,
            episode.cause.code,
            episode.history,
            str(episode.rule.measure),
            list(episode.rules),
            episode.cause.text,
            made,
            episode.rule.says.format(factor=episode.rule.factor),
        )

    def _schema(self) -> dict[str, Any]:
        moment = pl.Datetime("us", self.question.timezone) if self.question.grain == "hour" else pl.Date()
        part = pl.Struct({**dict.fromkeys((sub.name for sub in self.subs), pl.String()), "excess": MONEY})
        return {
            "start": moment,
            "end": moment,
            **dict.fromkeys(self.question.dims, pl.String()),
            "value": MONEY,
            "expected": MONEY,
            "excess": MONEY,
            "score": pl.Float64(),
            "rule": pl.String(),
            "severity": pl.String(),
            "contributors": pl.List(part),
            "cause": pl.String(),
            "history": pl.Int64(),
            "measure": pl.String(),
            "rules": pl.List(pl.String()),
            "change": pl.String(),
            "made_by": pl.String(),
            "rule_says": pl.String(),
        }

    def _columns(self) -> tuple[Column, ...]:
        is_hour = self.question.grain == "hour"
        amount = Unit.USD if all(e.rule.measure is Measure.SPEND for e in self.episodes) else Unit.MIXED
        return (
            Column("start", "Start", Unit.INSTANT if is_hour else Unit.DATE),
            *(d.column for d in self.question.by),
            Column("value", "Value", amount),
            Column("expected", "Expected", amount),
            Column("excess", "Excess", Unit.USD),
            Column("made_by", "Made by", priority=2, null="", long=Long.WRAP),
            Column("change", "What changed", priority=3, null="", long=Long.WRAP),
            Column("rules", "Rules", priority=4, long=Long.WRAP),
            Column("score", "Score", Unit.FACTOR, 5),
            Column("history", "History", Unit.DAYS, 6),
            Column("end", "End", Unit.INSTANT if is_hour else Unit.DATE, 7),
            Column("severity", "Severity", Unit.GRADE),
        )


def _span(episode: Episode) -> str:
    if isinstance(episode.start, datetime):
        return f"from {episode.start:%-d %B %H:%M} to {episode.end:%H:%M}"
    last = episode.end - _DAY
    if episode.start == last:
        return f"on {_spoken(last)}"
    return f"from {_spoken(episode.start)} to {_spoken(last)}"


def _spoken(day: date) -> str:
    return f"{day.day} {day:%B}"
