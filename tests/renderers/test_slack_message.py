"""Messages that Slack takes, that say what they leave out, and that nobody's name can act in."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.renderers import Screen, renderer_named
from finopsctl.renderers.slack import HEADER, TEXT, clipped, escape, render
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Context, Look, Report, Table
from finopsctl.results.units import Unit
from renderers.nasty import BREAKDOWN, NASTY
from renderers.slack_limits import texts, violations
from renderers.untrusted import BY_DAY, FIGURES, untrusted

if TYPE_CHECKING:
    from collections.abc import Callable


def rows(count: int, name: str = "team") -> Table:
    """Return a table of so many rows."""
    frame = pl.DataFrame({"name": [f"{name}-{at}" for at in range(count)], "spend": [1.5] * count})
    return Table(f"By {name}", frame, (Column("name", "Name"), Column("spend", "Spend", Unit.USD)))


def blocks(report: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render(report, Screen()))["blocks"]
    return found


def said(report: Report) -> str:
    return "\n".join(text["text"] for text in texts(render(report, Screen())))


def test_a_message_looks_like_this(golden: Callable[[str, bytes], None]) -> None:
    golden("renderers/nasty/report.slack.json", renderer_named("slack").render(untrusted(), Screen()))


@pytest.mark.parametrize(
    "report",
    [
        NASTY,
        untrusted(),
        untrusted(FIGURES),
        Report("x", "Nothing.", ()),
        Report("x", "", (), context=Context(notes=("", " ")), title=" "),
        Report("x", "&" * 5000, (rows(500),), title="<" * 500),
        Report("x", "Many.", tuple(rows(40, f"dimension-{at}") for at in range(90))),
        Report("x", "Long.", (rows(30, "n" * 900), rows(30, "&" * 900))),
        Report(
            "x",
            "Findings.",
            (rows(5),),
            findings=tuple(Finding(Severity.WARNING, "f", "<" * 2000, "&" * 2000) for _ in range(80)),
            context=Context(notes=("&" * 4000,) * 40),
        ),
        Report("x", "Figures.", tuple(replace(FIGURES, title=f"Figures {at}") for at in range(30)), title="T"),
    ],
)
def test_slack_takes_every_message(report: Report) -> None:
    assert violations(render(report, Screen())) == []
    assert violations(render(report, Screen(ascii=True))) == []


def test_the_check_finds_what_slack_refuses() -> None:
    """60 blocks, a header of 151 characters, 11 fields, a text of 3,001, a context of 11, 14,000 characters in all."""
    text = {"type": "mrkdwn", "text": "x"}
    broken = [
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "section", "fields": [text] * 11},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
        {"type": "context", "elements": [text] * 11},
        *[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 200}}] * 56,
    ]

    found = violations(json.dumps({"text": "x", "blocks": broken}).encode())

    assert len(found) == 6


def test_a_table_says_how_many_rows_it_has_no_room_for() -> None:
    """Fifteen rows are shown of 27: 0 to 14."""
    text = said(Report("x", "Teams.", (rows(27),)))

    assert "team-14" in text
    assert "team-15" not in text
    assert "```\nand 12 more rows" in text


def test_tables_share_the_room_and_the_last_ones_are_counted() -> None:
    tables = tuple(rows(40, f"dimension-{at}") for at in range(90))
    text = said(Report("x", "Many.", tables))
    shown = text.count("*By dimension-")
    left = re.search(r"and (\d+) more tables", text)

    assert left
    assert shown + int(left[1]) == 90


def test_figures_are_fields_and_the_points_of_a_chart_are_counted() -> None:
    found = blocks(Report("x", "Figures.", (FIGURES, BY_DAY)))
    fields = next(block["fields"] for block in found if "fields" in block)

    assert fields[0]["text"] == "*Spend*\n$1,234.50  ● GOOD"
    assert fields[1]["text"].startswith("*&lt;!channel&gt;*\n$0.25")
    assert found[-1]["text"]["text"] == "*Spend by day*: 30 points of a chart, not shown here"


def test_twelve_figures_are_ten_and_a_count() -> None:
    frame = pl.DataFrame({"figure": [f"f{at}" for at in range(12)], "value": [1.0] * 12})
    table = Table("KPIs", frame, (Column("figure", "F"), Column("value", "V", Unit.COUNT)), look=Look.FIGURES)
    block = blocks(Report("x", "Figures.", (table,)))[-1]

    assert len(block["fields"]) == 10
    assert block["text"]["text"] == "*Key figures* and 2 more figures"


def test_findings_and_notes_that_are_left_out_are_counted() -> None:
    findings = tuple(Finding(Severity.WARNING, "f", f"finding {at}") for at in range(8))
    text = said(Report("x", "H.", (), findings=findings, context=Context(notes=tuple(map(str, range(13))))))

    assert "and 3 more findings" in text
    assert "and 4 more notes" in text  # nine of thirteen stand


def test_columns_without_room_are_named() -> None:
    text = said(Report("x", "H.", (BREAKDOWN,)))

    assert "not shown: Share of spend, Requests, Cost per request, Tokens, Last seen, Day" in text


def test_no_name_mentions_links_or_formats() -> None:
    document = render(untrusted(), Screen())
    message = document.decode()

    assert not re.search(r"<[!@#a-z]", message)
    for text in texts(document):
        outside = re.sub(r"^```\n.*?\n```$", "", text["text"], flags=re.DOTALL | re.MULTILINE)
        assert text["text"].count("```") in {0, 2}
        assert "`" not in outside
        assert text.get("verbatim", text["type"] == "plain_text") is True
        assert not re.search(r":[a-z]+:", outside)
        assert all(line.count("*") in {0, 2} and not line.startswith("&gt;") for line in outside.splitlines())


def test_the_text_of_a_notification_is_title_and_headline() -> None:
    message = json.loads(render(Report("x", "Spend is <up>.", (), title="Daily"), Screen()))

    assert message["text"] == "Daily: Spend is &lt;up&gt;."
    assert message["blocks"][0]["text"] == {"type": "plain_text", "text": "Daily", "emoji": False}


def test_ascii_means_ascii() -> None:
    assert render(untrusted(), Screen(ascii=True)).isascii()


def test_names_that_do_nothing_are_left_as_they_are() -> None:
    text = "gpt_4o at 12:30:15, finopsctl whatif --swap 'gpt-4*=gpt-4o-mini' costs ~$5"

    assert html.unescape(escape(text)) == text


@settings(max_examples=100)
@given(st.text("ab *_~`<>&:|!@#-/.", max_size=40))
def test_whatever_a_name_is_it_has_no_mark_that_acts(name: str) -> None:
    written = escape(name)

    assert not re.search(r"[<>]", written)
    assert all(written.count(mark) < 2 for mark in "*~`")
    assert not re.search(r"(?<![^\W_])_[^\s_].*_(?![^\W_])", written)
    assert len(html.unescape(written)) == len(name) or name.lstrip().startswith((">", "&gt;"))


@settings(max_examples=50)
@given(st.text("ab<&*", max_size=400), st.integers(10, 300))
def test_cut_text_is_no_longer_than_allowed_and_ends_in_no_half_entity(text: str, limit: int) -> None:
    written = clipped(text, limit)

    assert len(written) <= limit
    assert not re.search(r"&(?!amp;|lt;|gt;)", written)


def test_the_limits_are_slacks() -> None:
    assert (HEADER, TEXT) == (150, 3000)


@settings(max_examples=40)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=4), st.text(max_size=400))
def test_whatever_names_there_are_slack_takes_the_message(names: list[str], headline: str) -> None:
    frame = pl.DataFrame({"name": names, "spend": [1.0] * len(names)}, schema_overrides={"name": pl.String()})
    columns = (Column("name", "Name"), Column("spend", "Spend", Unit.USD))
    tables = (Table(names[0], frame, columns), Table(names[-1], frame, columns, look=Look.FIGURES))
    findings = (Finding(Severity.WARNING, "f", names[0], names[-1]),)
    document = render(Report("x", headline, tables, findings=findings, title=names[0]), Screen())

    assert violations(document) == []
    assert "<" not in document.decode()
