"""A report with rows that belong to lines, whose names are everything a log can hold against a CI system."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Unit

NASTY = (
    "::error::x",
    "<script>alert(1)</script>",
    "| x |",
    "=cmd()",
    "new\nline\r",
    "]]>",
    "esc\x1b[31m\x07\x9b2J",
    "a%0A::stop-commands::x",
    "##[error]x",
    "@everyone and #1",
    "<!-- finopsctl-check -->",
    "rtl \u202etxt\u202c \ufffe \udcff",
)
"""Names of teams as a log may hold them."""


def report(*subjects: str, result: str = "fail", severity: str = "critical", file: str = "policy.toml") -> Report:
    """Return a check with a row a subject, all of which fare alike, of one rule on line 7."""
    blocking = result == "fail" and severity == "critical"
    row = {"rule": "cost, per: request", "severity": severity, "value": Decimal(2), "limit": Decimal(1)}
    rest = {"result": result, "file": file, "line": 7, "blocking": blocking, "unit": "usd", "status": result}
    rows = [{**row, "subject": each, "message": f"Cost of {each}: 100%.", **rest} for each in subjects]
    schema = {"value": pl.Decimal(38, 12), "limit": pl.Decimal(38, 12), "line": pl.Int64(), "blocking": pl.Boolean()}
    texts = dict.fromkeys(("rule", "severity", "subject", "message", "result", "file", "unit", "status"), pl.String())
    columns = (
        Column("rule", "Rule"),
        Column("subject", "Of", null=""),
        Column("value", "Value", Unit.MIXED),
        Column("status", "Result", Unit.GRADE),
    )
    # Polars holds text as UTF-8, where a byte that is no text cannot be.
    clean = [
        {k: v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for k, v in r.items()} for r in rows
    ]
    table = Table("Checks", pl.DataFrame(clean, schema={**texts, **schema}), columns, row_units=[Unit.USD] * len(rows))
    return Report("check", f"Failed: {', '.join(subjects[:12])}.", (table,), title="FinOps policy")


def waiver_expired() -> Finding:
    """Return a finding that belongs to a line."""
    evidence = {"file": "policy.toml", "line": 40}
    return Finding(Severity.WARNING, "waiver_expired", "The waiver of 'x' expired.", "Remove it.", evidence)
