"""Recommendations: the rules asked, their savings worked out, ranked by money."""

from __future__ import annotations

import shlex
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import MONEY
from finopsctl.recommendations.combined import scenario_text
from finopsctl.recommendations.playing import figured
from finopsctl.recommendations.result import Recommendations
from finopsctl.recommendations.rules import rules_without
from finopsctl.recommendations.signals import signals_of
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finopsctl.recommendations.advice import Advice
    from finopsctl.recommendations.playing import Together
    from finopsctl.recommendations.question import RecommendQuestion, Shown
    from finopsctl.recommendations.signals import Signals

_NOTHING = Decimal(0)


def recommend(ledger: pl.LazyFrame, question: RecommendQuestion, shown: Shown) -> Recommendations:
    """Return what to do, the largest monthly saving first; what has no saving comes after, by the money concerned.

    Args:
        ledger: Ledger columns and ``cost``, already filtered to the period and to ``--where``.
        question: What to ask.
        shown: What other analyses have shown of the same rows.

    Raises:
        ConfigError: A rule there is not.
    """
    signals = signals_of(ledger, question, shown)
    found = [each for rule in rules_without(question.thresholds.disabled) for each in rule.find(signals)]
    known, whole = figured(ledger, found, signals)
    advice = sorted(known, key=_order)
    alone = sum((each.monthly for each in advice if each.monthly is not None), _NOTHING)
    totals = {
        "monthly_saving_combined": whole.monthly,
        "monthly_saving_added": alone,
        "monthly_spend": signals.monthly(signals.quality.spend),
        "days": signals.days,
        "floor": question.thresholds.floor,
        "workloads": signals.workloads.height,
        "workloads_left_alone": signals.workloads.height - sum(1 for _ in signals.large()),
        "combined_command": _combined_command(whole, question),
    }
    rows = _rows(advice, signals)
    said = tuple(_findings(signals, whole, alone))
    ranked = [each for each in advice if each in whole.changes]
    return Recommendations(
        rows, totals, question.by, signals.quality, said, question.currency, question.top, scenario_text(ranked)
    )


def _combined_command(whole: Together, question: RecommendQuestion) -> str | None:
    """Return the command that shows what one scenario of all changes saves; None: it was not asked to be written."""
    if question.scenario_file is None or not whole.changes:
        return None
    return shlex.join(["finopsctl", "whatif", *question.words, "--scenarios", question.scenario_file])


def _order(advice: Advice) -> tuple[bool, Decimal, Decimal, str, str]:
    saving = advice.monthly
    return saving is None, -(saving or _NOTHING), -advice.stake, advice.rule, advice.title


def _rows(advice: Sequence[Advice], signals: Signals) -> pl.DataFrame:
    names = [*signals.names, *(name for name in ("model",) if name not in signals.names)]
    places = _line_items(signals)
    records: list[dict[str, Any]] = []
    for rank, each in enumerate(advice, 1):
        at = tuple(each.where.get(name) for name in signals.names)
        is_placed = set(signals.names) <= set(each.where)
        records.append(
            {
                "rank": rank,
                "lever": each.lever,
                "title": each.title,
                **{name: each.where.get(name) for name in names},
                "monthly_saving": each.monthly,
                "confidence": str(each.confidence),
                "effort": str(each.effort),
                "evidence": f"{each.evidence}.",
                "command": _command(each, signals),
                "line_item": places.get(at) if is_placed else None,
                "rule": each.rule,
            }
        )
    schema = {
        "rank": pl.Int64(),
        "lever": pl.String(),
        "title": pl.String(),
        **dict.fromkeys(names, pl.String()),
        "monthly_saving": MONEY,
        **dict.fromkeys(("confidence", "effort", "evidence", "command"), pl.String()),
        "line_item": pl.Int64(),
        "rule": pl.String(),
    }
    return pl.DataFrame(records, schema=schema, orient="row")


def _line_items(signals: Signals) -> dict[tuple[Any, ...], int]:
    """Return the place of each workload among all, by spend."""
    return {tuple(row[name] for name in signals.names): row["line_item"] for row in signals.workloads.to_dicts()}


def _command(advice: Advice, signals: Signals) -> str:
    question = signals.question
    words = question.budget_words if advice.budget else question.words
    own = list(advice.command)
    at = next((n for n, word in enumerate(own) if word.startswith("-")), len(own))
    return shlex.join(["finopsctl", *own[:at], *words, *own[at:]])


def _findings(signals: Signals, together: Together, alone: Decimal) -> Iterator[Finding]:
    question, whole = signals.question, together.monthly
    currency, floor = question.currency, question.thresholds.floor
    large = {row["line_item"] for row in signals.large()}
    small = signals.workloads.filter(~pl.col("line_item").is_in(list(large)))
    if small.height:
        spend = signals.monthly(Decimal(small["spend"].sum()))
        they = "is" if small.height == 1 else "are"
        text = (
            f"{counted(small.height, 'workload')} below {money(floor, currency)} a month {they} left alone "
            f"({money(spend, currency)} a month together)."
        )
        evidence = {"workloads": small.height, "monthly_spend": spend, "floor": floor}
        yield Finding(
            Severity.INFO,
            "below_floor",
            text,
            f"Lower the floor to see them: --floor {1 if floor > 1 else 0}.",
            evidence,
        )
    if alone != whole:
        text = (
            f"Some act on the same requests: together they save {money(whole, currency)} a month, not the "
            f"{money(alone, currency)} they add up to ({together.parts})."
        )
        command = _combined_command(together, question)
        hint = f"Together: {command}" if command else "--export-scenarios FILE writes them as one scenario for whatif."
        yield Finding(Severity.INFO, "overlapping_savings", text, hint)
    if question.scenario_file is not None and not together.changes:
        text = f"No recommended change can be played: {question.scenario_file} is not written."
        yield Finding(Severity.WARNING, "no_scenario", text)
    yield from _self_hosting(signals)


def _self_hosting(signals: Signals) -> Iterator[Finding]:
    limits = signals.question.thresholds
    a_day = int(signals.workloads["output"].sum()) // signals.days
    if "self_hosting" not in limits.disabled and 0 < a_day < limits.self_hosted_tokens:
        text = (
            f"Self-hosting is not looked at: {a_day:,} output tokens a day are less than the "
            f"{limits.self_hosted_tokens:,} from where on it may pay."
        )
        yield Finding(Severity.INFO, "too_little_to_host", text)
