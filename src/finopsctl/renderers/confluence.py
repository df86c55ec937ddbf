"""Reports as a page of Confluence, in its storage format: XHTML with Atlassian's macros, a fragment without a root.

Headings and tables are XHTML, grades are ``status`` macros, findings are panels (``info``, ``note`` and, where
critical, ``warning``), the points of a chart stand in an ``expand`` macro. The format is documented by Atlassian as
"Confluence Storage Format"; the prefix ``ac`` is declared by Confluence, not by the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.renderers._grid import notation_of
from finopsctl.renderers._markup import filled, said, sections_of

if TYPE_CHECKING:
    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report

_COLOURS = {"good": "Green", "warn": "Yellow", "bad": "Red", "plain": "Grey", "faint": "Grey"}
_PANELS = {"info": "info", "warning": "note", "critical": "warning"}
_NO_XML = {code: f"\\u{code:04x}" for code in (0xFFFE, 0xFFFF)}  # the only visible characters that XML forbids


def render(report: Report, screen: Screen) -> bytes:
    """Return the report in storage format; the screen only says whether to stay within ASCII."""
    notation = notation_of(report, ascii_only=screen.ascii)
    page = filled(
        "confluence.xhtml.j2",
        headline=notation.text(report.headline),
        sections=sections_of(report, notation),
        findings=said(report.findings, notation),
        notes=[notation.text(note) for note in report.context.notes],
        colours=_COLOURS,
        panels=_PANELS,
    )
    return page.translate(_NO_XML).encode()
