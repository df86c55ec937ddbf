"""Markdown for GitHub that is not too long for where it goes: rows are left out from the end, and how many is said.

Names come from logs: nobody is mentioned by ``@name``, and no issue by ``#1``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.renderers import markdown
from finopsctl.renderers._visible import visible

if TYPE_CHECKING:
    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report, Table

_MENTION = re.compile(r"([@#])(?=[\w\[])")
_LENGTH_OF_NOTE = 200
_CUT = "The rest is left out: it is too long for this place."


def fitted(report: Report, screen: Screen, most: int) -> str:
    """Return a report as Markdown of at most ``most`` bytes.

    Args:
        report: Rows are left out of its longest table first, from its end, which is where the best stand.
        screen: As for Markdown.
        most: Bytes in UTF-8, which no count of characters exceeds.
    """
    room = most - _LENGTH_OF_NOTE
    whole = _markdown(report, screen)
    if _size(whole) <= room:
        return whole
    rows = max((table.frame.height for table in report.for_people), default=0)
    low, high = 0, rows
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _size(_markdown(_first(report, middle), screen)) <= room else (low, middle - 1)
    text = _markdown(_first(report, low), screen)
    note = f"{low:,} of {rows:,} rows are shown: more are too long for this place.\n"
    return f"{_whole_lines(text, room)}\n{note}"


def title_of(report: Report) -> str:
    """Return a report's heading."""
    return f"### {_quiet(markdown.escape(visible(report.title or f'finopsctl {report.command}')))}\n\n"


def _markdown(report: Report, screen: Screen) -> str:
    return _quiet(markdown.render(report, screen).decode())


def _quiet(text: str) -> str:
    """Return Markdown in which nobody is mentioned: an empty comment parts the sign from the name."""
    return _MENTION.sub(r"\1<!-- -->", text)


def _size(text: str) -> int:
    return len(text.encode())


def _first(report: Report, rows: int) -> Report:
    return replace(report, tables=tuple(_head(table, rows) for table in report.tables))


def _head(table: Table, rows: int) -> Table:
    """Return the first rows of a table, and what it says of each of them."""
    return replace(
        table,
        frame=table.frame.head(rows),
        row_units=table.row_units[:rows],
        row_good=table.row_good[:rows],
        row_nulls={name: words[:rows] for name, words in table.row_nulls.items()},
        row_texts={name: texts[:rows] for name, texts in table.row_texts.items()},
    )


def _whole_lines(text: str, room: int) -> str:
    """Return what fits of a text without any rows that is still too long, in whole lines."""
    if _size(text) <= room:
        return text
    kept, size = [], 0
    for line in text.splitlines(keepends=True):
        size += _size(line)
        if size > room:
            break
        kept.append(line)
    return f"{''.join(kept)}\n{_CUT}\n"
