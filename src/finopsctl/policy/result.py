"""The answer of a check: one row a group of a rule, worst first, and whether the gate holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import MONEY
from finopsctl.policy.limits import Result, exact
from finopsctl.policy.question import CRITICAL, WARNING
from finopsctl.policy.wording import message
from finopsctl.results.report import Column, Long, Report, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, some_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from finopsctl.config.policy import Rule
    from finopsctl.metrics.quality import Quality
    from finopsctl.policy.limits import Verdict
    from finopsctl.policy.measured import Group
    from finopsctl.policy.naming import Figure
    from finopsctl.policy.question import CheckQuestion
    from finopsctl.results.finding import Finding

_ORDER = {result: at for at, result in enumerate(Result)}
_NAMED = 3
_REST = {
    "kind": pl.String(),
    "measure": pl.String(),
    "unit": pl.String(),
    "bound": pl.String(),
    "previous": MONEY,
    "subject": pl.String(),
    "by": pl.List(pl.String()),
    "status": pl.String(),
    "note": pl.String(),
    "message": pl.String(),
    "file": pl.String(),
    "line": pl.Int64(),
    "blocking": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """One group of a rule and how it fares."""

    rule: Rule
    figure: Figure
    group: Group
    verdict: Verdict

    def is_blocking(self, fail_on: str) -> bool:
        """Return whether it closes the gate: failed, and as bad as that takes; without data a warning."""
        result, severity = self.verdict.result, self.verdict.severity
        if result is Result.FAIL:
            return severity == CRITICAL or fail_on == WARNING
        return result is Result.NO_DATA and fail_on == WARNING

    @property
    def status(self) -> str:
        """The result; a failure that is a warning is called that."""
        is_warning = self.verdict.result is Result.FAIL and self.verdict.severity == WARNING
        return WARNING if is_warning else self.verdict.result.value

    @property
    def order(self) -> tuple[int, bool]:
        """Where it stands: failures first, the critical ones before warnings."""
        return _ORDER[self.verdict.result], self.verdict.severity != CRITICAL


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """What a policy found.

    Args:
        question: The policy, and what closes the gate.
        checked: One entry a group of a rule, worst first.
        quality: How much of the input the whole period covers.
        currency: ISO 4217 code of amounts.
        findings: On waivers, and on what was not judged.
    """

    question: CheckQuestion
    checked: tuple[Checked, ...]
    quality: Quality
    currency: str = "USD"
    findings: tuple[Finding, ...] = ()

    @property
    def blocking(self) -> tuple[Checked, ...]:
        """What closes the gate."""
        return tuple(each for each in self.checked if each.is_blocking(self.question.fail_on))

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions (and members) that any group has, in the order they come up."""
        return tuple(dict.fromkeys(name for each in sorted(self.checked, key=_line) for name in each.group.dims))

    @property
    def rows(self) -> pl.DataFrame:
        """One row a group.

        rule, severity, value, limit, result; the dimensions; kind, measure, unit, bound (which limit ``limit`` is),
        previous (of the baseline), subject (what the group is called), by (the dimensions it has), status (the result,
        but ``warning`` for a failure that is one), note, message (a sentence), file and line (of the rule), blocking
        (whether it closes the gate).
        """
        texts = dict.fromkeys(("rule", "severity"), pl.String())
        schema = {**texts, "value": MONEY, "limit": MONEY, "result": pl.String()}
        schema |= dict.fromkeys(self.dims, pl.String()) | _REST
        return pl.DataFrame([self._row(each) for each in self.checked], schema=schema, orient="row")

    @property
    def totals(self) -> dict[str, Any]:
        """How many rules and groups there are, how many of them fare how, and whether the gate holds."""
        failed = self._of(Result.FAIL)
        critical = sum(each.verdict.severity == CRITICAL for each in failed)
        return {
            "rules": len(self.question.policy.rules),
            "checks": len(self.checked),
            "failed": critical,
            "warnings": len(failed) - critical,
            "no_data": len(self._of(Result.NO_DATA)),
            "waived": len(self._of(Result.WAIVED)),
            "passed": len(self._of(Result.PASS)),
            "fail_on": self.question.fail_on,
            "passes": not self.blocking,
        }

    def report(self) -> Report:
        """Return the presentable form."""
        rows = self.rows
        compared, noted = (rows[name].is_not_null().any() for name in ("previous", "note"))
        columns = (
            Column("rule", "Rule"),
            Column("subject", "Of", null=""),
            Column("value", "Value", Unit.MIXED),
            *((Column("previous", "Baseline", Unit.MIXED, 2),) if compared else ()),
            Column("limit", "Limit", Unit.MIXED, 1),
            *((Column("note", "Note", priority=3, null="", long=Long.WRAP),) if noted else ()),
            Column("status", "Result", Unit.GRADE),
        )
        table = Table("Checks", rows, columns, row_units=self._units())
        return Report("check", self.headline, (table,), self.totals, self.findings, title="FinOps policy")

    @property
    def headline(self) -> str:
        """Whether the gate holds, in a sentence, and what closes it."""
        totals = self.totals
        parts = [
            (totals["failed"], "failed"),
            (totals["warnings"], "to watch"),
            (totals["no_data"], "without data"),
            (totals["waived"], "waived"),
        ]
        counts = ", ".join(f"{number:,} {word}" for number, word in parts if number)
        checks = counted(totals["checks"], "check")
        of = f"{checks} of {counted(totals['rules'], 'rule')}"
        if totals["no_data"] == totals["checks"]:
            return f"Nothing was judged: {of}{': ' if counts else ''}{counts}."
        if not self.blocking:
            return f"Passed: {of}{': ' if counts else ''}{counts}."
        return f"Failed: {of}: {counts}; {some_of(names(self.blocking), _NAMED)}."

    def _of(self, result: Result) -> list[Checked]:
        return [each for each in self.checked if each.verdict.result is result]

    def _units(self) -> tuple[Unit, ...]:
        return tuple(each.figure.unit for each in self.checked)

    def _row(self, each: Checked) -> tuple[Any, ...]:
        verdict, group, rule = each.verdict, each.group, each.rule
        dims: Mapping[str, str | None] = group.dims
        return (
            *(rule.name, verdict.severity, verdict.value, exact(verdict.limit), verdict.result.value),
            *(dims.get(name) for name in self.dims),
            *(rule.terms.kind.replace("_", "-"), each.figure.name, each.figure.json_unit, verdict.bound.value or None),
            *(exact(verdict.previous), group.subject or None, list(dims), each.status, verdict.why or None),
            *(message(each.figure, group, verdict, self.currency), self.question.policy.path, rule.line),
            each.is_blocking(self.question.fail_on),
        )


def names(checked: Iterable[Checked]) -> list[str]:
    """Return what each is called: the rule, and the group it is about."""
    return [f"{each.rule.name} ({each.group.subject})" if each.group.subject else each.rule.name for each in checked]


def _line(each: Checked) -> int:
    return each.rule.line
