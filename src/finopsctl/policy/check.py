"""A policy checked: every rule measured, judged, held against the baseline, and excused where a waiver is for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.books.redaction import Redaction
from finopsctl.errors import ConfigError, SourceError, UnreadableError
from finopsctl.ledger.conditions import SYNONYMS
from finopsctl.metrics.quality import quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.policy.baseline import compared
from finopsctl.policy.desk import Desk
from finopsctl.policy.limits import Bound, Result, Verdict, judged
from finopsctl.policy.measured import Group, Measured, null_label
from finopsctl.policy.measures import MEASURES
from finopsctl.policy.naming import figure_of
from finopsctl.policy.result import Check, Checked
from finopsctl.policy.waivers import Waivers
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.books import Books
    from finopsctl.config.policy import Policy, Rule, Waiver
    from finopsctl.config.settings import Settings
    from finopsctl.policy.baseline import Before
    from finopsctl.policy.question import CheckQuestion

_NAMED = 5


def check_of(books: Books, settings: Settings, question: CheckQuestion) -> Check:
    """Check a policy.

    Args:
        books: The open books.
        settings: The settings in force: budgets, scales, anomaly rules.
        question: The policy, the day, and what else it is held against.

    Raises:
        ConfigError: A rule that cannot be measured as it is written, or a baseline of something else.
        UnreadableError: A file to compare with that is damaged.
    """
    policy, baseline = question.policy, question.baseline
    before = None if baseline is None else compared(baseline, books.whole_period(), books.request.currency)
    desk = Desk(books, settings, policy.rules, question.now or books.as_of)
    waivers = Waivers(policy.path, _redacted(policy, books), question.today)
    rows = [
        replace(each, verdict=waivers.applied(each.rule, each.group, each.verdict))
        for rule in policy.rules
        for each in _judged(rule, _measured(desk, rule, policy), before)
    ]
    rows.sort(key=lambda each: each.order)
    quality = quality_of(rollup(books.ledger, {}, ()).collect(engine="streaming"), books.request.basis)
    findings = (*_nothing_judged(rows), *waivers.findings(), *_without_baseline(policy, before))
    return Check(question, tuple(rows), quality, books.request.currency, findings)


def _redacted(policy: Policy, books: Books) -> tuple[Waiver, ...]:
    """Return the waivers with names as the books have them: hashed, where those are redacted.

    A glob fits no hash: such a waiver excuses nothing and is told as unused.
    """
    redaction = Redaction.of(books.request)
    return tuple(replace(each, table=replace(each.table, scope=_hashed(each, redaction))) for each in policy.waivers)


def _hashed(waiver: Waiver, redaction: Redaction) -> dict[str, str]:
    scope = {SYNONYMS.get(name, name): value for name, value in waiver.table.scope.items()}
    hidden = {name for name, value in scope.items() if name in redaction.columns and value != null_label(name)}
    return {name: redaction.name(value) if name in hidden else value for name, value in scope.items()}


def _judged(rule: Rule, found: Measured, before: Before | None) -> Iterator[Checked]:
    """Yield how each group of a rule fares; what it is to skip without data is left out."""
    figure, is_skipping = figure_of(rule), rule.terms.on_no_data == "skip"
    if not found.groups and found.left_out:
        why = f"{counted(found.left_out, 'group is', 'groups are')} below the floor"
        passed = Verdict(Result.PASS, rule.terms.severity, None, rule.most, Bound.NONE, why=why)
        yield Checked(rule, figure, Group({}, None, why), passed)
    for group in found.groups:
        previous = None if before is None else before.value(rule, figure, group)
        verdict = judged(rule, group, previous, has_baseline=before is not None)
        if verdict.result is not Result.NO_DATA or not is_skipping:
            yield Checked(rule, figure, group, verdict)


def _measured(desk: Desk, rule: Rule, policy: Policy) -> Measured:
    """Return what a rule measures; where there are no records to measure, that there is no value."""
    try:
        return MEASURES[type(rule.ask)](desk, rule, rule.ask)
    except UnreadableError:
        raise
    except SourceError as nothing:
        return Measured.nothing(nothing.message)
    except ConfigError as problem:
        place = f"{policy.path}:{rule.line}: rule '{rule.name}'"
        raise ConfigError(f"{place}: {problem.message}", problem.hint) from problem


def _nothing_judged(rows: list[Checked]) -> tuple[Finding, ...]:
    """Say when not a single rule had anything to judge: a gate that looks at nothing holds nothing."""
    if any(each.verdict.result is not Result.NO_DATA for each in rows):
        return ()
    message = "No rule had anything to judge: the policy says nothing about these records."
    hint = "See `finopsctl inspect` for what they hold; --fail-on warning closes the gate then."
    return (Finding(Severity.WARNING, "nothing_judged", message, hint),)


def _without_baseline(policy: Policy, before: Before | None) -> tuple[Finding, ...]:
    names = [rule.name for rule in policy.rules if rule.terms.needs_baseline]
    if before is not None or not names:
        return ()
    rules = counted(len(names), "rule is", "rules are")
    message = f"{rules} made to be held against a baseline, and none is given: {some_of(names, _NAMED)}."
    return (Finding(Severity.INFO, "no_baseline", message, "Add --baseline FILE, an earlier `check -f json`."),)
