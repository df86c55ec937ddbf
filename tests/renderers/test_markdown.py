"""Markdown that no name from a log can break out of."""

from __future__ import annotations

import re
from html import unescape

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.renderers import Screen
from finopsctl.renderers.markdown import escape, render
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Context, Report, Table


def table(names: list[str]) -> Table:
    return Table("Names", pl.DataFrame({"name": names}), (Column("name", "Name"),), totals={"name": "a|b"})


def test_a_name_stays_in_its_cell() -> None:
    text = render(Report("x", "Names.", (table(["a|b", "`c`", "<i>d</i>", "e\nf"]),)), Screen()).decode()

    assert text == (
        "Names.\n\n"
        "| Name                 |\n"
        "| -------------------- |\n"
        r"| a\|b                 |" + "\n"
        r"| \`c\`                |" + "\n"
        "| &lt;i&gt;d&lt;/i&gt; |\n"
        r"| e\\nf                |" + "\n"
        r"| **a\|b**             |" + "\n"
    )


def test_a_sentence_does_not_begin_a_list_or_a_heading() -> None:
    findings = (Finding(Severity.INFO, "x", "# no heading"),)
    report = Report("x", "1. not a list", (), findings=findings, context=Context(notes=("- not nested", "+1")))

    assert render(report, Screen()).decode() == (
        "1\\. not a list\n\n- \\- not nested\n- \\+1\n\n* **○ INFO** # no heading\n"
    )


def test_links_and_emphasis_are_words() -> None:
    assert escape("[x](javascript:y) __z__ a_b https://e.com") == r"\[x\](javascript:y) \_\_z\_\_ a_b https\://e.com"


@settings(max_examples=25)
@given(st.text("ab|`<>&*_[]\\~ ", max_size=20))
def test_escaping_changes_nothing_a_reader_sees(name: str) -> None:
    escaped = escape(name)

    assert unescape(re.sub(r"\\(.)", r"\1", escaped)) == name
    assert not re.search(r"(?<!\\)(\\\\)*[|`*\[\]<>]", escaped)


def test_a_sentence_that_begins_with_a_command_of_a_pipeline_is_none_and_reads_the_same() -> None:
    text = render(Report("kpi", "::error::x spends most.", ()), Screen()).decode()

    assert text == "\\::error::x spends most.\n"
