"""Reports as GitHub-flavoured Markdown, e.g. for a pull request, a wiki page or a chat.

Names come from logs: whatever Markdown or HTML would act on is escaped, so that no name ends a cell, opens a tag or
becomes a link.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from finopsctl.renderers._chart_text import is_over_time, strips
from finopsctl.renderers._grid import Grid, empty_sentence, gathered, grid_of, notation_of, severity_label
from finopsctl.renderers._visible import fixed_width
from finopsctl.results.report import Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finopsctl.renderers import Screen
    from finopsctl.renderers._format import Notation
    from finopsctl.results.finding import Finding
    from finopsctl.results.report import Report, Table

_SPECIAL = re.compile(r"[\\`*|\[\]~]|(?<![^\W_])_|_(?![^\W_])|(?<=\w):(?=//)|(?<=www)\.", re.IGNORECASE)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MOST_MARKS = 62  # letters of a strip
_BLOCK_START = re.compile(r"^(\s*)([#+=-]|:(?=:)|\d+(?=[.)]))")


def render(report: Report, screen: Screen) -> bytes:
    """Return the report as Markdown; the screen only says whether to stay within ASCII."""
    notation = notation_of(report, ascii_only=screen.ascii)
    blocks = [_paragraph(notation.text(report.headline))]
    for table in report.for_people:
        grid = grid_of(table, notation)
        if len(report.for_people) > 1 and grid.height:
            blocks.append(f"### {escape(grid.title)}")
        over_time = "\n".join(_strips(table, notation))
        if not over_time or table.look is not Look.CHART:
            blocks.append("\n".join(_pipe_table(grid)) if grid.height else _paragraph(empty_sentence(grid)))
        blocks.append(over_time)
        if table.basis and grid.height:
            blocks.append(f"*{escape(notation.text(table.basis))}*")
    blocks.append("\n".join(f"- {_paragraph(notation.text(note))}" for note in report.context.notes))
    blocks.append("\n".join(_findings(report.findings, notation)))
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()


def _strips(table: Table, notation: Notation) -> Iterator[str]:
    """Draw a chart over time as code, whose letters all have one width, each series with its words below."""
    if table.chart is None or not table.chart.in_text or not is_over_time(table.chart):
        return
    for strip in strips(table, notation, _MOST_MARKS):
        marks = strip.marks.strip(" ") or strip.marks
        drawn = f"`{marks}` " if marks else ""
        yield f"- {f'{_paragraph(strip.label)}: ' if strip.label else ''}{drawn}{escape(strip.words)}"


def escape(text: str) -> str:
    """Return one line of text as Markdown that shows exactly that text."""
    return _SPECIAL.sub(lambda found: f"\\{found.group()}", text).translate(_ENTITIES)


def _paragraph(text: str) -> str:
    """Escape text that starts a block, where a number or a dash would begin a list, and ``::`` a pipeline's command."""
    escaped = escape(text)
    return _BLOCK_START.sub(lambda found: f"{found[1]}{_literal(found[2])}", escaped)


def _literal(start: str) -> str:
    return f"{start}\\" if start.isdigit() else f"\\{start}"


def _pipe_table(grid: Grid) -> Iterator[str]:
    columns = [[escape(column.title), *map(escape, column.cells)] for column in grid.columns]
    if grid.has_totals:
        for column, cells in zip(grid.columns, columns, strict=True):
            cells.append(f"**{escape(column.total)}**" if column.total else "")
    widths = [max(3, *map(fixed_width, cells)) for cells in columns]
    numeric = [column.numeric for column in grid.columns]
    rows = zip(*columns, strict=True)
    yield _row(next(rows), widths, numeric)
    rules = ["-" * (width - 1) + ":" if right else "-" * width for width, right in zip(widths, numeric, strict=True)]
    yield f"| {' | '.join(rules)} |"
    yield from (_row(row, widths, numeric) for row in rows)


def _row(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = []
    for cell, width, right in zip(cells, widths, numeric, strict=True):
        blanks = " " * (width - fixed_width(cell))
        padded.append(f"{blanks}{cell}" if right else f"{cell}{blanks}")
    return f"| {' | '.join(padded)} |"


def _findings(findings: Sequence[Finding], notation: Notation) -> Iterator[str]:
    """List findings; another bullet than that of the notes keeps the two lists apart."""
    for finding in gathered(findings):
        arrow = "->" if notation.ascii_only else "→"
        hint = f" {escape(arrow)} {escape(notation.text(finding.hint))}" if finding.hint else ""
        yield f"* **{severity_label(finding.severity, notation)}** {escape(notation.text(finding.message))}{hint}"
