"""What a reader of anomalies must know: what was not judged, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from finopsctl.analyses.anomalies.cells import DAY
from finopsctl.analyses.anomalies.rules import Measure
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from finopsctl.analyses.anomalies.alerts import Alerts
    from finopsctl.analyses.anomalies.cells import Cells
    from finopsctl.analyses.anomalies.question import AnomalyQuestion
    from finopsctl.analyses.anomalies.rules import Rule

_NAMED = 5


def doubts_of(
    question: AnomalyQuestion, cells: Cells, alerts: Alerts, days: tuple[date, date], *, unsure: int
) -> tuple[Finding, ...]:
    """Return what was not judged, with the reasons.

    Args:
        question: What was asked.
        cells: What was added up.
        alerts: For how many groups there was history.
        days: The first and the last day told of.
        unsure: How many silences of the last day were left out.
    """
    return (
        *_short_history(question, alerts),
        *_needs(question, alerts),
        *_gaps(cells, days),
        *_left_out(question, cells),
        *_begun(unsure),
    )


def _short_history(question: AnomalyQuestion, alerts: Alerts) -> Iterator[Finding]:
    for rule in question.active:
        found = alerts.judgements[rule.name]
        if found.judged >= found.groups or _reason(rule, question, found.judged):
            continue
        kind = "feature" if rule.by_feature else "group"
        missing = found.groups - found.judged
        yield Finding(
            Severity.INFO,
            "short_history",
            f"{rule.name} needs {counted(rule.min_history, 'day')} of history: {missing:,} of "
            f"{counted(found.groups, kind)} {'was' if missing == 1 else 'were'} not judged by it",
            "Give more files from before the period." if not found.judged else "",
            {"rule": rule.name, "groups": found.groups, "judged": found.judged, "min_history": rule.min_history},
            f"{rule.name} {missing:,} of {counted(found.groups, kind)} ({counted(rule.min_history, 'day')})",
            "Not judged for want of history (days needed): {}",
        )


def _needs(question: AnomalyQuestion, alerts: Alerts) -> Iterator[Finding]:
    for rule in question.active:
        reason = _reason(rule, question, alerts.judgements[rule.name].judged)
        if reason:
            yield Finding(
                Severity.INFO,
                "rule_not_judged",
                f"{rule.name} was not judged: {reason}",
                "",
                {"rule": rule.name},
                f"{rule.name} ({reason})",
                "Rules that were not judged: {}",
            )


def _reason(rule: Rule, question: AnomalyQuestion, judged: int) -> str:
    """Return why a rule judged nothing where that is not the length of the history."""
    if judged:
        return ""
    if rule.name == "budget-share":
        limited = any(not budget.scope for budget in question.budgets)
        return "" if limited else "no budget limits total spend"
    if rule.measure is Measure.REQUEST_COST_P95:
        return f"no two weeks with {rule.min_requests:,} requests each in the logs"
    if rule.measure is Measure.CACHE_RATE:
        return "no cache hits in its history"
    if rule.name == "seasonal":
        return "no 8 cycles of history, so the trailing mean of three-sigma stands"
    return ""


def _gaps(cells: Cells, days: tuple[date, date]) -> Iterator[Finding]:
    seen = set(cells.presence[DAY].to_list())
    first, last = days
    missing = [day for at in range((last - first).days + 1) if (day := first + timedelta(days=at)) not in seen]
    if not missing:
        return
    named = ", ".join(map(str, missing[:_NAMED])) + (f" and {len(missing) - _NAMED} more" * (len(missing) > _NAMED))
    yield Finding(
        Severity.WARNING,
        "days_without_records",
        f"{counted(len(missing), 'day')} without any record of the whole input: a gap, no silence of a group: {named}",
        "If their logs are missing, add them.",
        {"days": [str(day) for day in missing]},
    )


def _left_out(question: AnomalyQuestion, cells: Cells) -> Iterator[Finding]:
    if not cells.left_out_records:
        return
    spend = "" if cells.left_out is None else f" ({money(cells.left_out, question.currency)})"
    yield Finding(
        Severity.WARNING,
        "longer_than_grain",
        f"{counted(cells.left_out_records, 'record')}{spend} of more than one {question.grain} cannot be placed in "
        f"one and {'was' if cells.left_out_records == 1 else 'were'} not judged",
        "Look by day: --grain day." if question.grain == "hour" else "",
        {"records": cells.left_out_records, "spend": cells.left_out},
    )


def _begun(unsure: int) -> Iterator[Finding]:
    if unsure:
        yield Finding(
            Severity.INFO,
            "last_day_open",
            f"{counted(unsure, 'group')} had no record on the last day of the data: that may still come",
            "Name --as-of when the day is complete.",
            {"groups": unsure},
        )
