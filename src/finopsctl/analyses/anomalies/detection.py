"""From a ledger to episodes: the whole way."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.anomalies.alerts import RANK, Alerts, alerts_of
from finopsctl.analyses.anomalies.causes import cause_of
from finopsctl.analyses.anomalies.cells import DAY, SUBS, cells_of
from finopsctl.analyses.anomalies.doubts import doubts_of
from finopsctl.analyses.anomalies.episodes import (
    AMOUNTS,
    EPISODE,
    compared,
    contributors_of,
    episodes_of,
    excess_by_part,
)
from finopsctl.analyses.anomalies.result import Anomalies, Contributor, Episode
from finopsctl.analyses.anomalies.rules import GROUP, Measure, Rule
from finopsctl.ledger.period import zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from finopsctl.analyses.anomalies.question import AnomalyQuestion

_MICRO = Decimal("0.000001")
_CRITICAL_TIMES = 3
_CONTRIBUTORS = 5
_NOTABLE = Decimal("0.05")  # of the excess
_DAY = timedelta(days=1)
_NOTHING = {"excess": 0} | {f"{name}_{side}": 0 for name in AMOUNTS for side in ("now", "then")}


def anomalies(ledger: pl.LazyFrame, question: AnomalyQuestion, unfiltered: pl.LazyFrame | None = None) -> Anomalies:
    """Find the episodes in which spend was not as usual.

    Args:
        ledger: Ledger columns and ``cost``, filtered by ``--where`` but not to the period: what came before is the
            history it is judged by.
        question: Dimensions, grain, period, rules.
        unfiltered: The same without ``--where``: it tells a silent team from a missing file.

    Raises:
        SourceError: When no record can be placed in a day (an hour).
    """
    cells = cells_of(ledger, question, unfiltered)
    first_record, last_record = cells.presence.select(a=pl.col(DAY).min(), b=pl.col(DAY).max()).row(0)
    first, last = _told_days(question, first_record)
    alerts = alerts_of(ledger, cells, question, pl.col(DAY).is_between(first, last))
    alerts, unsure = _without_begun(alerts, question, last_record)
    found = episodes_of(alerts, question)
    told = found.filter((_day("last") >= first) & (_day("first") <= last)) if found.height else found
    parts = excess_by_part(compared(told, cells, alerts, question), told, question)
    groups = {row[GROUP]: row for row in alerts.series.select(GROUP, *question.dims).unique().to_dicts()}
    summed = parts.group_by(EPISODE).agg(pl.exclude(*SUBS, "measure", RANK).sum())
    sums = {row[EPISODE]: row for row in summed.to_dicts()}
    made = contributors_of(parts, _CONTRIBUTORS).partition_by(EPISODE, as_dict=True)
    episodes = [
        _episode(row, groups[row[GROUP]], sums.get(row[EPISODE], _NOTHING), made.get((row[EPISODE],)), question)
        for row in told.to_dicts()
    ]
    return Anomalies(
        episodes=tuple(sorted(episodes, key=_worst_first)),
        subs=cells.subs,
        question=question,
        quality=cells.quality,
        judgements=alerts.judgements,
        days=(first, last),
        findings=doubts_of(question, cells, alerts, (first, last), unsure=unsure),
    )


def _day(name: str) -> pl.Expr:
    return pl.col(name).dt.date()


def _told_days(question: AnomalyQuestion, first_record: date) -> tuple[date, date]:
    last = (question.end.astimezone(zone(question.timezone)) - timedelta(microseconds=1)).date()
    first = first_record
    if question.period is not None:
        first, last = max(first, question.period.first_day), min(last, question.period.last_day)
    return (max(first, last), last) if question.last_day_only else (first, last)


def _without_begun(alerts: Alerts, question: AnomalyQuestion, last_day: date) -> tuple[Alerts, int]:
    """Leave out what is missing on the last day with records, unless its end was named: more may be on its way."""
    if question.is_complete:
        return alerts, 0
    early = (pl.col("excess") < 0) & (pl.col(DAY) >= last_day)
    kept = alerts.frame.filter(~early)
    return Alerts(kept, alerts.series, alerts.judgements), alerts.frame.height - kept.height


def _episode(
    row: Mapping[str, Any],
    group: Mapping[str, Any],
    sums: Mapping[str, Any],
    made: pl.DataFrame | None,
    asked: AnomalyQuestion,
) -> Episode:
    rule = next(rule for rule in asked.active if rule.name == row["rule"])
    value, expected, excess = _figures(row, rule, sums)
    return Episode(
        start=row["first"],
        end=row["last"] + (timedelta(hours=1) if asked.grain == "hour" else _DAY),
        key=tuple(group[name] for name in asked.dims),
        value=value,
        expected=expected,
        excess=excess,
        score=row["score"],
        rule=rule,
        rules=tuple(row["rules"]),
        severity=_severity(rule, value, expected, excess, asked),
        contributors=() if made is None else _contributors(made, excess),
        cause=cause_of(rule, sums),
        history=row["history"],
    )


def _figures(row: Mapping[str, Any], rule: Rule, sums: Mapping[str, Any]) -> tuple[Decimal, Decimal, Decimal]:
    """Return value, expected and excess: exact where the value is money that was spent."""
    if rule.measure is Measure.SPEND and rule.name != "budget-share":
        value, expected = Decimal(sums["spend_now"]), _rounded(float(sums["spend_then"]))
        return value, expected, value - expected
    if rule.measure is Measure.CACHE_RATE:
        now, then = (_ratio(sums[f"hits_{side}"], sums[f"hit_requests_{side}"]) for side in ("now", "then"))
        return _rounded(now), _rounded(then), _rounded(float(sums["excess"] or 0))
    return _rounded(row["alert_value"]), _rounded(row["alert_expected"]), _rounded(row["alert_excess"])


def _ratio(top: float, bottom: float) -> float:
    return float(top) / float(bottom) if bottom else 0.0


def _rounded(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(_MICRO)


def _severity(rule: Rule, value: Decimal, expected: Decimal, excess: Decimal, asked: AnomalyQuestion) -> str:
    is_large = float(excess) >= asked.critical_excess
    return (
        "critical" if is_large and rule.measure is Measure.SPEND and value >= _CRITICAL_TIMES * expected else "warning"
    )


def _contributors(made: pl.DataFrame, excess: Decimal) -> tuple[Contributor, ...]:
    """Return the parts that made a notable share of the excess."""
    found = (
        Contributor(tuple(row[name] for name in SUBS), _rounded(row["excess"])) for row in made.iter_rows(named=True)
    )
    return tuple(part for part in found if abs(part.excess) >= _NOTABLE * abs(excess))


def _worst_first(episode: Episode) -> tuple[Any, ...]:
    key = tuple((value is None, value or "") for value in episode.key)
    return (episode.severity != "critical", -abs(episode.excess), str(episode.start), key, episode.rule.name)
