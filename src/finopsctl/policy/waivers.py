"""Waivers: which failures they excuse, which of them have expired, and which nobody needs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from finopsctl.ledger.conditions import fits
from finopsctl.policy.limits import Bound, Result
from finopsctl.policy.measured import null_label
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from finopsctl.config.policy import Rule, Waiver
    from finopsctl.policy.limits import Verdict
    from finopsctl.policy.measured import Group


@dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers of a policy on a day; ``used`` fills while failures are looked at.

    Args:
        path: The policy's file.
        waivers: All of them, their scopes by the names of dimensions.
        today: The day; the last day of a waiver is one on which it holds.
        used: Lines of the waivers that excused something, or would have but for their limit.
    """

    path: str
    waivers: Sequence[Waiver]
    today: date
    used: set[int] = field(default_factory=set)

    def applied(self, rule: Rule, group: Group, verdict: Verdict) -> Verdict:
        """Return a failure as waived where a waiver that has not expired is for it; anything else as it is."""
        if verdict.result is not Result.FAIL:
            return verdict
        found = [each for each in self.waivers if self._holds(each) and _is_for(each, rule, group)]
        self.used.update(each.line for each in found)
        excusing = next((each for each in found if _covers(each, verdict)), None)
        if excusing is not None:
            said = f"waived until {excusing.table.expires}: {excusing.table.reason}"
            return replace(verdict, result=Result.WAIVED, why=said)
        if found:
            why = "; ".join(filter(None, (verdict.why, "its waiver does not go that far")))
            return replace(verdict, why=why)
        return verdict

    def findings(self) -> tuple[Finding, ...]:
        """Return one finding a waiver that has expired, or that excuses nothing."""
        return tuple(
            self._expired(each) if not self._holds(each) else self._unused(each)
            for each in self.waivers
            if not self._holds(each) or each.line not in self.used
        )

    def _holds(self, waiver: Waiver) -> bool:
        return self.today <= waiver.table.expires

    def _expired(self, waiver: Waiver) -> Finding:
        message = (
            f"The waiver of '{waiver.table.rule}'{_scope(waiver)} expired on {waiver.table.expires}: it counts no more."
        )
        return self._finding("waiver_expired", message, "Remove it, or decide anew and give it another day.", waiver)

    def _unused(self, waiver: Waiver) -> Finding:
        message = f"The waiver of '{waiver.table.rule}'{_scope(waiver)} excuses nothing: nothing fails that it is for."
        return self._finding("waiver_unused", message, "Remove it; or its scope names no group there is.", waiver)

    def _finding(self, code: str, message: str, hint: str, waiver: Waiver) -> Finding:
        evidence = {"file": self.path, "line": waiver.line, "rule": waiver.table.rule}
        return Finding(Severity.WARNING, code, message, hint, evidence)


def _is_for(waiver: Waiver, rule: Rule, group: Group) -> bool:
    if waiver.table.rule != rule.name:
        return False
    return all(_fits(name, pattern, group.dims) for name, pattern in waiver.table.scope.items())


def _fits(name: str, pattern: str, dims: Mapping[str, str | None]) -> bool:
    """Tell whether a group's value fits; an unknown one is called as reports call it."""
    if name not in dims:
        return False
    value = dims[name]
    return pattern == null_label(name) if value is None else value == pattern or fits(value, [pattern])


def _covers(waiver: Waiver, verdict: Verdict) -> bool:
    """Tell whether a waiver holds for a value: up to its limit, of a least value down to it."""
    limit, value = waiver.table.limit, verdict.value
    if limit is None:
        return True
    if value is None:
        return False
    return value >= limit if verdict.bound in {Bound.LEAST, Bound.DECREASE} else value <= limit


def _scope(waiver: Waiver) -> str:
    words = ", ".join(f"{name} {value}" for name, value in waiver.table.scope.items())
    return f" for {words}" if words else ""
