"""Reports as one JSON object, which programs read; the same report gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.renderers._json_document import text_of

if TYPE_CHECKING:
    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report


def render(report: Report, _screen: Screen) -> bytes:
    """Return the report as JSON, one row a line."""
    return text_of(report).encode()
