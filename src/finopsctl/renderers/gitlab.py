"""A code quality report of GitLab: what fails, on the line of its rule, as the merge request shows it.

The fields are those of docs.gitlab.com/ci/testing/code_quality: description, check_name, fingerprint, severity (info,
minor, major, critical, blocker), location.path, location.lines.begin. A fingerprint stays the same while the rule and
the group do, whatever the value and the line.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._annotations import FAIL, NO_DATA, findings_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from finopsctl.renderers import Screen
    from finopsctl.renderers._annotations import Annotation
    from finopsctl.results.report import Report


def render(report: Report, _screen: Screen) -> bytes:
    """Return the list of what fails, what has no data, and doubts about the rules.

    Raises:
        ConfigError: For a report whose rows belong to no file.
    """
    found = [each for each in rows_of(report, "gitlab") if each.result in {FAIL, NO_DATA}]
    issues = list(_issues((*found, *findings_of(report))))
    return (json.dumps(issues, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _issues(found: Iterable[Annotation]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for each in found:
        same = "\0".join(map(str, (each.file, each.rule, each.subject, each.hint)))
        seen[same] += 1
        yield {
            "description": f"{each.message} {each.hint}".strip(),
            "check_name": each.rule,
            "fingerprint": hashlib.sha256(f"{same}\0{seen[same]}".encode("utf-8", "replace")).hexdigest(),
            "severity": _severity(each),
            "location": {"path": each.file, "lines": {"begin": each.line}},
        }


def _severity(each: Annotation) -> str:
    if each.result == NO_DATA:
        return "info"
    return "critical" if each.severity == "critical" else "minor"
