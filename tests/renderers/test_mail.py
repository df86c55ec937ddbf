"""Mails that any mail program shows, that are the same each time, and in which no name does anything."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.renderers import Screen, renderer_named
from finopsctl.renderers.email import render
from finopsctl.results.report import Column, Context, Report, Table
from finopsctl.results.units import Unit
from renderers.nasty import NASTY
from renderers.untrusted import NAMES, untrusted

if TYPE_CHECKING:
    from collections.abc import Callable

_ALLOWED = {"html", "head", "meta", "title", "body", "h1", "h2", "p", "table", "tr", "th", "td", "div"}
_ALLOWED |= {"span", "strong", "br"}


def mail(report: Report, screen: Screen | None = None) -> EmailMessage:
    message = message_from_bytes(render(report, screen or Screen()), policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return str(body.get_content()).replace("\r\n", "\n")


class Page(HTMLParser):
    """What an HTML document consists of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page(message: EmailMessage) -> Page:
    parsed = Page()
    parsed.feed(part(message, "html"))
    return parsed


def test_a_mail_looks_like_this(golden: Callable[[str, bytes], None]) -> None:
    golden("renderers/nasty/report.eml", renderer_named("email").render(untrusted(), Screen()))


def test_the_plain_text_is_what_a_terminal_shows() -> None:
    shown = renderer_named("table").render(NASTY, Screen()).decode()

    assert part(mail(NASTY), "plain") == shown


def test_both_parts_say_the_same_figures() -> None:
    words = "".join(page(mail(NASTY)).words)

    for figure in ("$1,123,457,541.81", "$0.00412", ">99.9%", "■ EXHAUSTED"):
        assert figure in part(mail(NASTY), "plain")
        assert figure in words


def test_the_page_has_only_tags_and_attributes_of_ours() -> None:
    found = page(mail(untrusted()))

    assert found.tags <= _ALLOWED
    assert found.attributes <= {
        "style",
        "align",
        "lang",
        "charset",
        "name",
        "content",
        "role",
        "cellpadding",
        "cellspacing",
        "border",
    }
    assert "url(" not in part(mail(untrusted()), "html")


def test_names_are_read_as_they_are() -> None:
    words = "".join(page(mail(untrusted())).words)

    for name in (NAMES[0], NAMES[10], NAMES[12], NAMES[13], NAMES[15]):
        assert name in words


def test_no_name_writes_a_header() -> None:
    message = mail(untrusted())

    assert message["Bcc"] is None
    assert message.keys() == [
        "Subject",
        "From",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ]
    assert message["Subject"].startswith("Weekly report of Bcc: thief@evil.example\\r\\n\\r\\nnew body")


def test_neither_part_holds_a_control_character() -> None:
    for kind in ("plain", "html"):
        text = part(mail(untrusted()), kind)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_the_same_report_is_the_same_mail_and_other_figures_are_another() -> None:
    other = replace(NASTY, headline="Another.")

    assert render(NASTY, Screen(80)) == render(NASTY, Screen(140))
    assert mail(NASTY)["Message-ID"] != mail(other)["Message-ID"]
    assert re.fullmatch(r"<[0-9a-f]{32}@finopsctl\.invalid>", mail(NASTY)["Message-ID"])


@pytest.mark.parametrize(
    ("report", "when"),
    [
        (Report("x", "H.", (), as_of=datetime(2026, 11, 2, 12, tzinfo=UTC)), datetime(2026, 11, 2, 12, tzinfo=UTC)),
        (Report("x", "H.", (), context=Context({"as_of": date(2026, 11, 1)})), datetime(2026, 11, 1, tzinfo=UTC)),
        (
            Report("x", "H.", (), context=Context({"as_of": None, "period": {"end": "2026-11-01T00:00:00+00:00"}})),
            datetime(2026, 11, 1, tzinfo=UTC),
        ),
        (Report("x", "H.", ()), None),
    ],
)
def test_the_date_is_that_of_the_figures(report: Report, when: datetime | None) -> None:
    header = mail(report)["Date"]

    assert (header and header.datetime) == when


def test_the_subject_is_the_title_else_the_headline() -> None:
    assert mail(Report("x", "Spend is up.", (), title="Daily 2026-10-31"))["Subject"] == "Daily 2026-10-31"
    assert mail(Report("x", "Spend is up.", ()))["Subject"] == "Spend is up."
    assert len(mail(Report("x", "long " * 100, ()))["Subject"]) == 200


def test_a_long_table_ends_on_the_page_and_goes_on_in_the_text() -> None:
    frame = pl.DataFrame({"name": [f"team-{at}" for at in range(112)], "spend": [1.5] * 112})
    message = mail(Report("x", "H.", (Table("T", frame, (Column("name", "N"), Column("spend", "S", Unit.USD))),)))

    assert "and 12 more rows, in the plain text of this mail" in part(message, "html")
    assert "team-100" not in part(message, "html")
    assert "team-111" in part(message, "plain")


def test_lines_are_as_short_as_the_standard_asks() -> None:
    assert max(map(len, render(untrusted(), Screen()).split(b"\r\n"))) <= 78 + 20
    assert render(untrusted(), Screen()).isascii()


@settings(max_examples=40)
@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_names_there_are_the_mail_is_a_mail(name: str, title: str) -> None:
    frame = pl.DataFrame({"name": [name]}, schema_overrides={"name": pl.String()})
    message = mail(Report("x", name, (Table("T", frame, (Column("name", "Name"),)),), title=title))

    assert not message.defects
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert page(message).tags <= _ALLOWED
    assert len(message.keys()) <= 6
