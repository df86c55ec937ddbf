"""Pages that Confluence takes: well-formed whatever a name is, grades as status, findings as panels."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.renderers import Screen, renderer_named
from finopsctl.renderers.confluence import render
from finopsctl.results.report import Column, Report, Table
from renderers.nasty import NASTY
from renderers.untrusted import NAMES, untrusted

if TYPE_CHECKING:
    from collections.abc import Callable

AC = "{http://atlassian.com/content}"
_TAGS = {"root", "p", "strong", "em", "h2", "table", "tbody", "tr", "th", "td", "ul", "li"}


def parsed(report: Report) -> ET.Element:
    """Return the page as XML, in a root that declares what Confluence declares."""
    return ET.fromstring(f'<root xmlns:ac="{AC[1:-1]}">{render(report, Screen()).decode()}</root>')


def parameters(page: ET.Element, macro: str) -> list[dict[str, str]]:
    """Return the parameters of every macro of a name."""
    found = page.iter(f"{AC}structured-macro")
    return [
        {each.get(f"{AC}name", ""): each.text or "" for each in node.findall(f"{AC}parameter")}
        for node in found
        if node.get(f"{AC}name") == macro
    ]


def test_a_page_looks_like_this(golden: Callable[[str, bytes], None]) -> None:
    golden("renderers/nasty/report.xhtml", renderer_named("confluence").render(untrusted(), Screen()))


def test_every_page_is_well_formed_and_has_only_tags_of_ours() -> None:
    for report in (NASTY, untrusted(), Report("x", "H.", ())):
        tags = {node.tag for node in parsed(report).iter()}

        assert {tag for tag in tags if not tag.startswith(AC)} <= _TAGS
        assert {tag.removeprefix(AC) for tag in tags if tag.startswith(AC)} <= {
            "structured-macro",
            "parameter",
            "rich-text-body",
        }


def test_a_grade_is_a_status_in_its_colour() -> None:
    status = parameters(parsed(NASTY), "status")

    assert {(each["title"], each["colour"]) for each in status} == {
        ("GOOD", "Green"),
        ("OK", "Green"),
        ("WARN", "Yellow"),
        ("CRIT", "Red"),
        ("EXHAUSTED", "Red"),
        ("N/A", "Grey"),
        ("TOO EARLY", "Grey"),
    }


def test_findings_are_panels_by_severity() -> None:
    page = parsed(NASTY)

    assert [len(parameters(page, name)) for name in ("warning", "note", "info")] == [1, 6, 1]
    assert parameters(page, "warning") == [{"title": "■ CRIT"}]


def test_the_points_of_a_chart_are_folded_away_and_all_there() -> None:
    page = parsed(untrusted())
    (folded,) = (node for node in page.iter(f"{AC}structured-macro") if node.get(f"{AC}name") == "expand")

    assert parameters(page, "expand") == [{"title": "Spend by day (30)"}]
    assert len(list(folded.iter("tr"))) == 31  # and the headings


def test_names_are_read_as_they_are() -> None:
    words = "".join(parsed(untrusted()).itertext())

    for name in (NAMES[0], NAMES[10], NAMES[12], NAMES[13], NAMES[16]):
        assert name in words
    assert "not a character \\ufffe \\uffff" in words


def test_ascii_means_ascii() -> None:
    assert render(NASTY, Screen(ascii=True)).isascii()


@settings(max_examples=50)
@given(st.text(max_size=30))
def test_whatever_a_name_is_the_page_stays_well_formed(name: str) -> None:
    table = Table(name, pl.DataFrame({"name": [name]}), (Column("name", name or "x"),), totals={"name": name})
    page = parsed(Report("x", name, (table, table), title=name))

    assert len(list(page.iter("td"))) == 4
