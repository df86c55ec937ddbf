"""The body of a comment on a pull request: Markdown that begins with a marker, by which it is found again.

GitHub takes 65,536 characters; counted are bytes, which is never fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.renderers._fitted import fitted, title_of

if TYPE_CHECKING:
    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report

MOST = 65_000


def render(report: Report, screen: Screen) -> bytes:
    """Return the report as a comment; what does not fit is said."""
    head = f"<!-- finopsctl-{report.command} -->\n{title_of(report, screen)}"
    return (head + fitted(report, screen, MOST - len(head.encode()))).encode()
