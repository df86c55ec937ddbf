"""A value against its limits: pass or fail, by which limit, and how much worse than a baseline it may be."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finopsctl.config.policy import Rule
    from finopsctl.policy.measured import Group

_PICO, _TOO_LARGE = Decimal("1e-12"), Decimal("1e25")
_CONTEXT = Context(prec=60)
_ROUNDING = Decimal("1e-9")  # what a quotient of floating-point numbers may be off by


class Result(StrEnum):
    """How a group fares, worst first."""

    FAIL = "fail"
    NO_DATA = "no_data"
    WAIVED = "waived"
    PASS = "pass"  # noqa: S105 - no password


class Bound(StrEnum):
    """What a value is held against."""

    MOST = "max"
    LEAST = "min"
    WARN = "warn"
    INCREASE = "max-increase"
    DECREASE = "max-decrease"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one group of a rule fares.

    Args:
        result: Pass or fail, waived, or that there is no value.
        severity: ``warning`` or ``critical``: how bad a failure is.
        value: What was measured, to a millionth of a millionth.
        limit: The limit that decided, or the nearest that did not.
        bound: Which one that is.
        previous: The baseline's value; None: it has none.
        why: What else there is to say, as the end of a sentence.
    """

    result: Result
    severity: str
    value: Decimal | None
    limit: Decimal | None
    bound: Bound
    previous: Decimal | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Edge:
    """One limit: values above it fail, or values below it."""

    bound: Bound
    limit: Decimal
    is_most: bool

    def is_broken(self, value: Decimal, *, exact: bool) -> bool:
        slack = Decimal(0) if exact else _ROUNDING * max(abs(self.limit), Decimal(1) if not self.limit else Decimal(0))
        return value > self.limit + slack if self.is_most else value < self.limit - slack


def judged(rule: Rule, group: Group, previous: Decimal | None, *, has_baseline: bool) -> Verdict:
    """Hold the value of a group against the limits of its rule.

    Args:
        rule: The rule.
        group: What it measured.
        previous: The value of the same group in the baseline; None: it has none.
        has_baseline: Whether a baseline is given at all.
    """
    severity, value = rule.terms.severity, exact(group.value)
    edges = _edges(rule, previous)
    first = edges[0] if edges else _Edge(Bound.NONE, Decimal(0), is_most=True)
    limit = first.limit if edges else None
    if value is None:
        result = Result.FAIL if group.is_beyond else _without_data(rule)
        return Verdict(result, severity, None, limit, first.bound, previous, group.why)
    is_exact = isinstance(group.value, (Decimal, int))
    broken = next((edge for edge in edges if edge.is_broken(value, exact=is_exact)), None)
    if broken is not None:
        return _broken(
            rule, broken, Verdict(Result.FAIL, severity, value, broken.limit, broken.bound, previous, group.why)
        )
    if rule.terms.warn is not None and _Edge(Bound.WARN, rule.terms.warn, rule.most is not None).is_broken(
        value, exact=is_exact
    ):
        return Verdict(Result.FAIL, "warning", value, rule.terms.warn, Bound.WARN, previous, group.why)
    if group.is_doubtful:
        return Verdict(_without_data(rule), severity, value, limit, first.bound, previous, group.why)
    if not edges:
        why = "the baseline does not have it" if has_baseline else "no baseline is given to hold it against"
        return Verdict(_without_data(rule), severity, value, None, Bound.NONE, previous, why)
    return Verdict(Result.PASS, severity, value, limit, first.bound, previous, group.why)


def exact(value: Decimal | float | None) -> Decimal | None:
    """Return a number to a millionth of a millionth, the precision of money; None for one that money cannot hold."""
    if value is None:
        return None
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite() or abs(number) >= _TOO_LARGE:
        return None
    return number.quantize(_PICO, context=_CONTEXT)


def _without_data(rule: Rule) -> Result:
    """Return what a group without a value comes to; ``skip`` is told by who puts the rows together."""
    return {"pass": Result.PASS, "fail": Result.FAIL}.get(rule.terms.on_no_data, Result.NO_DATA)


def _edges(rule: Rule, previous: Decimal | None) -> list[_Edge]:
    """Return the limits of a group: those of the rule, and those its baseline makes of an allowed change."""
    terms = rule.terms
    edges = []
    if rule.most is not None:
        edges.append(_Edge(Bound.MOST, rule.most, is_most=True))
    if terms.least is not None:
        edges.append(_Edge(Bound.LEAST, terms.least, is_most=False))
    if previous is not None:
        whole = Decimal(1) if terms.absolute else abs(previous)
        for share, bound, sign in (
            (_smaller(terms.max_increase, terms.max_change), Bound.INCREASE, 1),
            (_smaller(terms.max_decrease, terms.max_change), Bound.DECREASE, -1),
        ):
            if share is not None:
                allowed = exact(_CONTEXT.add(previous, _CONTEXT.multiply(sign * share, whole)))
                edges += [] if allowed is None else [_Edge(bound, allowed, is_most=sign > 0)]
    return edges


def _smaller(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _broken(rule: Rule, edge: _Edge, failed: Verdict) -> Verdict:
    """Return a failure; of a ratchet, that what was beyond the limit before and is no worse is tolerated."""
    before, value = failed.previous, failed.value
    if not rule.terms.ratchet or before is None or value is None or edge.bound not in {Bound.MOST, Bound.LEAST}:
        return failed
    was_broken = edge.is_broken(before, exact=False)
    is_worse = _Edge(edge.bound, before, edge.is_most).is_broken(value, exact=False)
    if not was_broken or is_worse:
        return failed
    why = "no worse than in the baseline"
    return Verdict(Result.WAIVED, failed.severity, value, failed.limit, failed.bound, before, why)
