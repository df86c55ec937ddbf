"""The JSON document's keys and their order."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl

from finopsctl.renderers import Screen
from finopsctl.renderers.json import render
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Context, Report, Table

ROWS = pl.DataFrame({"team": ["a", None], "hidden": [1, None]})


def document(report: Report) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(render(report, Screen()), parse_float=Decimal)
    return parsed


def test_context_comes_before_the_rows_and_further_tables_last() -> None:
    report = Report(
        "kpi",
        "Fine.",
        (Table("Scorecard", ROWS, (Column("team", "Team"),)), Table("What is missing", ROWS.clear(), ())),
        totals={"spend": Decimal("1.500000000000")},
        context=Context({"as_of": datetime(2026, 11, 1, tzinfo=UTC), "currency": "USD"}),
    )

    assert list(document(report)) == [
        "schema",
        "as_of",
        "currency",
        "rows",
        "totals",
        "findings",
        "what_is_missing",
    ]
    assert document(report)["schema"] == "finopsctl/kpi/1"
    assert document(report)["totals"] == {"spend": Decimal("1.5")}


def test_rows_have_every_column_whether_people_see_it_or_not() -> None:
    report = Report("kpi", "Fine.", (Table("Scorecard", ROWS, (Column("team", "Team"),)),))

    assert document(report)["rows"] == [{"team": "a", "hidden": 1}, {"team": None, "hidden": None}]


def test_a_report_without_rows_has_empty_rows() -> None:
    assert document(Report("kpi", "Nothing.", ()))["rows"] == []
    assert document(Report("kpi", "Nothing.", (Table("x", ROWS.clear(), ()),)))["rows"] == []


def test_evidence_never_hides_what_a_finding_says() -> None:
    finding = Finding(Severity.WARNING, "bad_line", "not JSON", evidence={"line": 3, "message": "from the log"})

    assert document(Report("kpi", "x", (), findings=(finding,)))["findings"] == [
        {"severity": "warning", "code": "bad_line", "message": "not JSON", "line": 3}
    ]
