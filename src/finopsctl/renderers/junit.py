"""JUnit XML, which every CI shows as tests: a suite a rule, a case a group.

What closes the gate is a failure; what is waived or has no data is skipped; a warning passes and says so in its output.
The form is the one that Ant's JUnit task began and CI systems read: testsuites, testsuite, testcase, failure, skipped,
system-out. Characters that XML cannot hold are spelled out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # written only, never read

from finopsctl.renderers._annotations import FAIL, NO_DATA, WAIVED, rows_of
from finopsctl.renderers._visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from finopsctl.renderers import Screen
    from finopsctl.renderers._annotations import Annotation
    from finopsctl.results.report import Report

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, _screen: Screen) -> bytes:
    """Return the rows as tests.

    Raises:
        ConfigError: For a report whose rows belong to no file.
    """
    rows = rows_of(report, "junit")
    root = ET.Element("testsuites", {"name": _text(f"finopsctl {report.command}"), **_counts(rows)})
    for rule in sorted({(row.line, row.rule) for row in rows}):
        cases = [row for row in rows if (row.line, row.rule) == rule]
        suite = ET.SubElement(root, "testsuite", {"name": _text(rule[1]), **_counts(cases)})
        for case in cases:
            _add_case(suite, case)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _counts(rows: Iterable[Annotation]) -> dict[str, str]:
    found = list(rows)
    counts = {
        "tests": len(found),
        "failures": sum(row.blocking for row in found),
        "errors": 0,
        "skipped": sum(_is_skipped(row) for row in found),
    }
    return {**{name: str(number) for name, number in counts.items()}, "time": "0"}


def _is_skipped(row: Annotation) -> bool:
    return not row.blocking and row.result in {WAIVED, NO_DATA}


def _add_case(suite: ET.Element, row: Annotation) -> None:
    about = {"classname": row.rule, "name": row.subject or row.rule, "file": row.file, "line": str(row.line)}
    case = ET.SubElement(suite, "testcase", {**{name: _text(value) for name, value in about.items()}, "time": "0"})
    if row.blocking:
        failure = ET.SubElement(case, "failure", {"message": _text(row.message), "type": row.severity})
        failure.text = _text(f"{row.file}:{row.line}: {row.message}")
    elif _is_skipped(row):
        ET.SubElement(case, "skipped", {"message": _text(row.message)})
    elif row.result == FAIL:
        ET.SubElement(case, "system-out").text = _text(f"warning: {row.message}")


def _text(text: str) -> str:
    """Return text that XML can hold: what is invisible is spelled out, what remains of no character's is replaced."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", visible(text))
