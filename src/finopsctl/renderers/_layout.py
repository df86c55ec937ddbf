"""How wide each column is and which ones a screen has room for.

Numbers are never cut. A table that is too wide first folds its headings, then cuts very long names and leaves out
mere extras, then cuts names further, then leaves out whole columns, the least important first; a screen too narrow for
what must be shown gets one block of lines per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = 2
"""Blanks between two columns."""

SHORTEST_NAME = 16
"""Names are not cut below this width."""

COMFORTABLE_NAMES = (30, 24)
"""Before names are cut below these widths, columns that are a mere extra are left out."""

OPTIONAL = 3
"""The priority from which on a column is a mere extra."""


@dataclass(frozen=True, slots=True)
class Span:
    """What one column asks for, in terminal cells.

    Args:
        cells: Its widest cell.
        heading: Its heading on one line.
        folded: Its heading on two lines.
        shrinks: Whether its cells may be cut.
        priority: 0 is never left out; higher numbers are left out first.
    """

    cells: int
    heading: int
    folded: int
    shrinks: bool
    priority: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What a screen shows of a table.

    Args:
        widths: Width by column index, in order; empty when even the columns that must be shown do not fit.
        dropped: Indexes of the columns left out.
    """

    widths: dict[int, int]
    dropped: tuple[int, ...] = ()


def fit(spans: Sequence[Span], limit: int | None) -> Layout:
    """Choose columns and widths so that a table is at most ``limit`` cells wide (None: as wide as it likes)."""
    kept = list(range(len(spans)))
    if limit is None:
        return Layout({index: max(spans[index].cells, spans[index].heading) for index in kept})
    for shortest in COMFORTABLE_NAMES:
        layout = _leave_out(spans, limit, shortest, OPTIONAL)
        if layout.widths:
            return layout
    return _leave_out(spans, limit, SHORTEST_NAME, 1)


def _leave_out(spans: Sequence[Span], limit: int, shortest: int, from_priority: int) -> Layout:
    """Leave out columns of at least ``from_priority`` until the rest fits, names no narrower than ``shortest``."""
    kept, dropped = list(range(len(spans))), list[int]()
    while kept:
        widths = _widths([spans[index] for index in kept], limit - GAP * (len(kept) - 1), shortest)
        if widths:
            return Layout(dict(zip(kept, widths, strict=True)), tuple(sorted(dropped)))
        least = max(kept, key=lambda index: (spans[index].priority, index))
        if spans[least].priority < from_priority:
            break
        kept.remove(least)
        dropped.append(least)
    return Layout({})


def _widths(spans: Sequence[Span], room: int, shortest: int) -> list[int]:
    """Return widths that add up to at most ``room``, or nothing when the columns do not fit."""
    floors = [max(min(span.cells, shortest) if span.shrinks else span.cells, span.folded) for span in spans]
    widths = [max(floor, min(span.cells, room)) for span, floor in zip(spans, floors, strict=True)]
    while sum(widths) > room:
        can_give = [index for index in range(len(spans)) if widths[index] > floors[index]]
        if not can_give:
            return []
        widths[max(can_give, key=widths.__getitem__)] -= 1
    return _unfold(widths, spans, room)


def _unfold(widths: list[int], spans: Sequence[Span], room: int) -> list[int]:
    """Spend what room is left on headings that would otherwise fold, the cheapest first."""
    for index in sorted(range(len(spans)), key=lambda index: spans[index].heading - widths[index]):
        missing = spans[index].heading - widths[index]
        if 0 < missing <= room - sum(widths):
            widths[index] += missing
    return widths
