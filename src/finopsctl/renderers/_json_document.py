"""The JSON document of a report: context, rows, totals, findings, and further tables under their own names.

Rows carry every column of the first table, the machine-only ones included, at full precision: money with its exact
decimal digits (parse numbers as decimals to keep them), fractions instead of percentages, null for unknown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._grid import worst_first
from finopsctl.renderers._machine_text import encode, json_lines, schema_of

if TYPE_CHECKING:
    from finopsctl.results.finding import Finding
    from finopsctl.results.report import Report, Table


def text_of(report: Report) -> str:
    """Return the report as JSON, one row a line."""
    answer, *further = report.tables or (None,)
    members = [("schema", encode(schema_of(report)))]
    members += [(key, encode(value)) for key, value in report.context.header.items()]
    members.append(("rows", _rows(answer)))
    members.append(("totals", encode(report.totals)))
    members.append(("findings", _array([encode(_finding(finding)) for finding in worst_first(report.findings)])))
    members += [(key_of(table), _rows(table)) for table in further if table]
    body = ",\n".join(f"  {encode(key)}: {text}" for key, text in members)
    return f"{{\n{body}\n}}\n"


def key_of(table: Table) -> str:
    """Return the key of a further table: its title in snake_case."""
    return re.sub(r"[^a-z0-9]+", "_", table.title.lower()).strip("_")


def _finding(finding: Finding) -> dict[str, Any]:
    said: dict[str, Any] = {"severity": finding.severity.value, "code": finding.code, "message": finding.message}
    if finding.hint:
        said["hint"] = finding.hint
    return {**finding.evidence, **said} if said.keys() & finding.evidence.keys() else {**said, **finding.evidence}


def _rows(table: Table | None) -> str:
    return _array(json_lines(table.frame).to_list() if table and table.frame.width else [])


def _array(items: list[str]) -> str:
    return "[\n    " + ",\n    ".join(items) + "\n  ]" if items else "[]"
