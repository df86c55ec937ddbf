"""Reports as a mail (RFC 5322): a plain text, which is what a terminal shows, and HTML that mail programs can show.

The HTML has its styles in its tags, tables for layout, and neither scripts nor pictures nor addresses. Date and
Message-ID come from the report, so the same report is the same bytes and a mail that arrives twice is seen to be one;
figures that changed are another mail. Sender and recipients are whoever delivers it: the placeholder in ``From`` (RFC
5322 wants one) is replaced then.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from finopsctl.renderers import Screen, renderer_named
from finopsctl.renderers._grid import notation_of
from finopsctl.renderers._machine_text import schema_of
from finopsctl.renderers._markup import filled, said, sections_of, title_of

if TYPE_CHECKING:
    from finopsctl.renderers._format import Notation
    from finopsctl.results.report import Report

NOBODY = "finopsctl <noreply@finopsctl.invalid>"
"""The sender of a mail nobody has sent yet."""

_MOST_ROWS = 100  # mail programs cut HTML beyond some 100 KB off
_LONGEST_SUBJECT = 200
_POLICY = SMTP.clone(max_line_length=78)


def render(report: Report, screen: Screen) -> bytes:
    """Return the report as the bytes of an .eml file; the screen only says whether to stay within ASCII."""
    notation = notation_of(report, ascii_only=screen.ascii)
    text = renderer_named("table").render(report, Screen(ascii=screen.ascii, wide=True)).decode()
    page = _page(report, notation)
    seal = hashlib.sha256("\0".join((schema_of(report), report.title, text, page)).encode()).hexdigest()[:32]
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = _subject(title_of(report, notation))
    mail["From"] = NOBODY
    if (moment := _moment(report)) is not None:
        mail["Date"] = format_datetime(moment)
    mail["Message-ID"] = f"<{seal}@finopsctl.invalid>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is to be told to us
    mail.set_content(text, charset="utf-8", cte="quoted-printable")
    mail.add_alternative(page, subtype="html", charset="utf-8", cte="quoted-printable")
    mail.set_boundary(f"=_{seal}")
    return mail.as_bytes()


def _page(report: Report, notation: Notation) -> str:
    return filled(
        "email.html.j2",
        title=title_of(report, notation),
        name=notation.text(report.title),
        headline=notation.text(report.headline),
        sections=sections_of(report, notation, _MOST_ROWS),
        findings=said(report.findings, notation),
        notes=[notation.text(note) for note in report.context.notes],
    )


def _subject(title: str) -> str:
    return title if len(title) <= _LONGEST_SUBJECT else f"{title[: _LONGEST_SUBJECT - 3]}..."


def _moment(report: Report) -> datetime | None:
    """Return the instant a report is as of, else the end of its period; None where it says neither."""
    header = report.context.header
    period = header.get("period")
    end = period.get("end") if isinstance(period, dict) else None
    for said_of in (report.as_of, header.get("as_of"), end):
        if isinstance(said_of, str):
            said_of = datetime.fromisoformat(said_of)  # noqa: PLW2901 - the same moment, as one
        if isinstance(said_of, datetime):
            return said_of.astimezone(UTC) if said_of.tzinfo else said_of.replace(tzinfo=UTC)
        if isinstance(said_of, date):
            return datetime.combine(said_of, time(), UTC)
    return None
