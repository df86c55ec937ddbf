"""Markdown for GitHub that is not too long for where it goes: rows are left out from the end, and how many is said.

Names come from logs: nobody is mentioned by ``@name``, and no issue by ``#1``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from finopsctl.renderers import renderer_named
from finopsctl.results.report import Report

if TYPE_CHECKING:
    from finopsctl.renderers import Screen

_MENTION = re.compile(r"([@#])(?=[\w\[])")
_LENGTH_OF_NOTE = 200
_CUT = "The rest is left out: it is too long for this place."


def fitted(report: Report, screen: Screen, most: int) -> str:
    """Return a report as Markdown of at most ``most`` bytes.

    Args:
        report: Rows are left out of its longest table, from its end, which is where the best stand.
        screen: As for Markdown.
        most: Bytes in UTF-8, which no count of characters exceeds.
    """
    room = most - _LENGTH_OF_NOTE
    text = _markdown(report, screen)
    if _size(text) <= room:
        return text
    lines = text.splitlines(keepends=True)
    rows = _longest_table(lines)
    excess, left_out = _size(text) - room, 0
    while rows and excess > 0:
        excess -= _size(lines.pop(rows.pop()))
        left_out += 1
    note = f"{len(rows):,} of {len(rows) + left_out:,} rows are shown: more are too long for this place.\n"
    return f"{_whole_lines(lines, room)}\n{note}"


def title_of(report: Report, screen: Screen) -> str:
    """Return a report's heading."""
    title = Report(report.command, report.title or f"finopsctl {report.command}", ())
    return f"### {_markdown(title, screen)}\n"


def _markdown(report: Report, screen: Screen) -> str:
    return _quiet(renderer_named("md").render(report, screen).decode())


def _quiet(text: str) -> str:
    """Return Markdown in which nobody is mentioned: an empty comment parts the sign from the name."""
    return _MENTION.sub(r"\1<!-- -->", text)


def _size(text: str) -> int:
    return len(text.encode())


def _longest_table(lines: list[str]) -> list[int]:
    """Return where the rows of the longest table are; only tables have lines that begin with a bar."""
    tables: list[list[int]] = [[]]
    for at, line in enumerate(lines):
        if line.startswith("|"):
            tables[-1].append(at)
        elif tables[-1]:
            tables.append([])
    return max(tables, key=len)[2:]


def _whole_lines(lines: list[str], room: int) -> str:
    """Return what fits of a text without any rows that is still too long, in whole lines."""
    kept: list[str] = []
    size = 0
    for line in lines:
        size += _size(line)
        if size > room:
            return f"{''.join(kept)}\n{_CUT}\n"
        kept.append(line)
    return "".join(kept)
