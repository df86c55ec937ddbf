"""Rows that belong to a line of a file, for formats that show them there: which rows, how bad, what they say.

A table has such rows where it has the columns :data:`COLUMNS`; every format that annotates files refuses a report
without them. A finding belongs to a line where its evidence names a file and a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finopsctl.errors import ConfigError
from finopsctl.renderers._grid import worst_first
from finopsctl.renderers._visible import visible
from finopsctl.results.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.results.finding import Finding
    from finopsctl.results.report import Report

COLUMNS = ("rule", "severity", "result", "message", "file", "line", "blocking")
"""What a row that belongs to a line says; ``subject``, what it is about, is optional."""

FAIL, NO_DATA, WAIVED = "fail", "no_data", "waived"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One row or finding; all its text is one harmless line each.

    Args:
        rule: What was checked.
        subject: The group it is about; empty: everything.
        severity: ``warning`` or ``critical``.
        result: ``pass``, ``fail``, ``waived`` or ``no_data``.
        message: A sentence.
        hint: What to do; empty: the sentence says it all.
        file: The file it belongs to.
        line: Its line there.
        blocking: Whether it closes the gate.
    """

    rule: str
    subject: str
    severity: str
    result: str
    message: str
    file: str
    line: int
    blocking: bool
    hint: str = ""

    @property
    def title(self) -> str:
        """What it is called: the rule, and the group."""
        return f"{self.rule} ({self.subject})" if self.subject else self.rule


def rows_of(report: Report, name: str) -> tuple[Annotation, ...]:
    """Return the rows of a report that belong to lines, in its order.

    Args:
        report: A report whose first table has the columns of :data:`COLUMNS`.
        name: Of the format, for the message.

    Raises:
        ConfigError: When it lacks any of them.
    """
    frame = report.tables[0].frame if report.tables else None
    if frame is None or not set(COLUMNS) <= set(frame.columns):
        raise ConfigError(
            f"the format {name} is for rows that belong to a line of a file, and a report of {report.command} has none",
            f"Use finopsctl check -f {name}, or another format.",
        )
    return tuple(_of_row(row) for row in frame.iter_rows(named=True))


def findings_of(report: Report) -> tuple[Annotation, ...]:
    """Return the findings of a report that belong to lines and ask for something, worst first."""
    found = (finding for finding in worst_first(report.findings) if finding.severity is not Severity.INFO)
    return tuple(_of_finding(each) for each in found if {"file", "line"} <= set(each.evidence))


def _of_row(row: Mapping[str, Any]) -> Annotation:
    return Annotation(
        rule=visible(str(row["rule"])),
        subject=visible(str(row.get("subject") or "")),
        severity=str(row["severity"]),
        result=str(row["result"]),
        message=visible(str(row["message"])),
        file=visible(str(row["file"])),
        line=int(row["line"] or 1),
        blocking=bool(row["blocking"]),
    )


def _of_finding(finding: Finding) -> Annotation:
    return Annotation(
        rule=visible(finding.code.replace("_", " ")),
        subject="",
        severity=finding.severity.value,
        result=FAIL,
        message=visible(finding.message),
        file=visible(str(finding.evidence["file"])),
        line=int(finding.evidence["line"]),
        blocking=False,
        hint=visible(finding.hint),
    )
