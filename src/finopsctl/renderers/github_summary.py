"""The summary of a GitHub job: Markdown below the 1 MiB that GitHub shows of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.renderers._fitted import fitted, title_of

if TYPE_CHECKING:
    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report

MOST = 1_000_000


def render(report: Report, screen: Screen) -> bytes:
    """Return the report as a summary; what does not fit is said."""
    head = title_of(report, screen)
    return (head + fitted(report, screen, MOST - len(head.encode()))).encode()
