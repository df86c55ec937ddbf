"""Workflow commands of GitHub Actions: ``::error file=...,line=...,title=...::message``, worst first.

The form and its escapes: docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands; a step shows
ten annotations of a kind. Names come from logs: no line but ours begins a command, and no name ends one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.renderers._annotations import FAIL, NO_DATA, findings_of, rows_of
from finopsctl.renderers._visible import commandless, visible
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from finopsctl.renderers import Screen
    from finopsctl.renderers._annotations import Annotation
    from finopsctl.results.report import Report

SHOWN = 10
"""How many annotations there are at most."""

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(report: Report, _screen: Screen) -> bytes:
    """Return the headline and one command a failure, warning or row without data.

    Raises:
        ConfigError: For a report whose rows belong to no file.
    """
    found = [each for each in rows_of(report, "github") if each.result in {FAIL, NO_DATA}]
    found += findings_of(report)
    found.sort(key=lambda each: not _is_error(each))
    lines = [commandless(visible(report.headline)), *map(_command, found[:SHOWN])]
    left = len(found) - SHOWN
    if left > 0:
        lines.append(f"{counted(left, 'more is', 'more are')} not annotated: see the summary, or the table of check.")
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _is_error(each: Annotation) -> bool:
    return each.blocking or (each.result == FAIL and each.severity == "critical")


def _command(each: Annotation) -> str:
    message = f"{each.message}\n{each.hint}" if each.hint else each.message
    properties = {"file": each.file, "line": str(each.line), "title": each.title}
    words = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
    return f"::{'error' if _is_error(each) else 'warning'} {words}::{message.translate(_DATA)}"
