"""Reports on a screen, or piped into a file: headline, tables, what is not covered, what was found.

On a terminal tables look like rich's SIMPLE_HEAD box; piped there is no colour, no line drawing and no width limit.
Columns are measured before anything is drawn: numbers are never cut. Names are printed as they are, with control
sequences spelled out; they are never read as markup, and in a pipeline never as a command.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style

from finopsctl.renderers._chart_text import bars, is_over_time, strips
from finopsctl.renderers._grid import (
    Grid,
    GridColumn,
    Tone,
    added_up,
    columns_shown,
    empty_sentence,
    gathered,
    grid_of,
    notation_of,
    severity_label,
    severity_tone,
)
from finopsctl.renderers._layout import GAP, Layout, Span, fit
from finopsctl.renderers._visible import commandless
from finopsctl.results.report import Long, Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finopsctl.renderers import Screen
    from finopsctl.renderers._format import Notation
    from finopsctl.results.finding import Finding
    from finopsctl.results.report import Report, Table

FIRST_FINDINGS = 5
"""How many findings a screen lists; machine formats list all."""

_NARROW_BAR, _WIDE_BAR, _ROOMY = 10, 20, 120  # cells of a bar, and from which width on there is room
_BAR_PRIORITY = 2
_MOST_MARKS, _LABEL = 62, 16  # letters of a strip, and of the name before it

_JOINERS = "\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}"  # mean nothing without the emoji before them

_STYLES = {
    "headline": Style(bold=True),
    "heading": Style(bold=True),
    "total": Style(bold=True),
    "rule": Style(dim=True),
    Tone.GOOD: Style(color="green"),
    Tone.WARN: Style(color="yellow"),
    Tone.BAD: Style(color="red"),
    Tone.FAINT: Style(dim=True),
}


def render(report: Report, screen: Screen) -> bytes:
    """Return the report as UTF-8 text for ``screen``."""
    notation = notation_of(report, ascii_only=screen.ascii)
    blocks = [[_paint(line, "headline", screen) for line in _wrap(notation.text(report.headline), screen.width)]]
    for table in report.for_people:
        fitted, summed = _with_rest(table, notation, screen)
        grid = _with_bars(grid_of(fitted, notation), fitted, notation, screen)
        title = [_paint(grid.title, "heading", screen)] if len(report.for_people) > 1 and grid.height else []
        over_time = list(_strips(table, notation, screen))
        rows = [] if over_time and table.look is Look.CHART else [*_table(grid, screen), *summed]
        basis = _below(notation.text(table.basis), screen) if table.basis and grid.height else []
        blocks.append([*title, *rows, *over_time, *basis])
    blocks.append([line for note in report.context.notes for line in _note(notation.text(note), screen)])
    blocks.append(list(_findings(report.findings, notation, screen)))
    text = "\n\n".join("\n".join(commandless(line.rstrip(" ")) for line in block) for block in blocks if block)
    return f"{text}\n".encode()


def _with_bars(grid: Grid, table: Table, notation: Notation, screen: Screen) -> Grid:
    """Put a bar beside the value of each row, where the table has a chart of bars or gauges."""
    chart = table.chart
    if chart is None or not chart.in_text or is_over_time(chart) or not grid.height:
        return grid
    names = [column.name for column in columns_shown(table)]
    cells = tuple(bars(table, notation, _NARROW_BAR if screen.width and screen.width < _ROOMY else _WIDE_BAR))
    if chart.y not in names or not any(cells):
        return grid
    column = GridColumn("", cells, (Tone.PLAIN,) * grid.height, "", numeric=False, long=None, priority=_BAR_PRIORITY)
    at = names.index(chart.y) + 1
    if table.look is Look.CHART:
        own = [grid.columns[names.index(name)] for name in (chart.x, chart.y)]
        return replace(grid, columns=(*own, column))
    return replace(grid, columns=(*grid.columns[:at], column, *grid.columns[at:]))


def _strips(table: Table, notation: Notation, screen: Screen) -> Iterator[str]:
    """Draw a chart over time, each series with its words beside it, or below where there is no room."""
    if table.chart is None or not table.chart.in_text or not is_over_time(table.chart):
        return
    room = _MOST_MARKS if screen.width is None else min(_MOST_MARKS, screen.width - _LABEL)
    found = strips(table, notation, room)
    labels = [_cut(strip.label, _LABEL, "..." if screen.ascii else "…") for strip in found]
    margin = max(map(_width, labels), default=0)
    marks = max((len(strip.marks) for strip in found), default=0)
    for label, strip in zip(labels, found, strict=True):
        head = f"{label}{' ' * (margin - _width(label))}{'  ' if margin else ''}{strip.marks.ljust(marks)}"
        beside = f"{_indent(screen)}{head}  {strip.words}"
        if screen.width is None or _width(beside) <= screen.width:
            yield beside
            continue
        yield f"{_indent(screen)}{head}"
        yield from _below(strip.words, screen)


def _table(grid: Grid, screen: Screen) -> Iterator[str]:
    if not grid.height:
        yield empty_sentence(grid)
        return
    layout = _layout(grid, screen)
    if not layout.widths:
        yield from _records(grid, screen)
        return
    for line in _lines(grid, layout, screen):
        yield f"{_indent(screen)}{line}"
    if layout.dropped:
        names = ", ".join(filter(None, (grid.columns[index].title for index in layout.dropped)))
        yield from _aside(f"not shown at this width: {names}; --wide shows all", screen) if names else []


def _indent(screen: Screen) -> str:
    return "" if screen.width is None else " "


def _below(text: str, screen: Screen) -> list[str]:
    return [_paint(line, Tone.FAINT, screen) for line in _wrap(text, screen.width, indent=_indent(screen))]


def _aside(text: str, screen: Screen) -> list[str]:
    return [_paint(line, Tone.FAINT, screen) for line in _wrap(text, screen.width, indent=" ")]


def _layout(grid: Grid, screen: Screen) -> Layout:
    spans = [_span(column) for column in grid.columns]
    limit = None if screen.width is None or screen.wide else screen.width - len(_indent(screen))
    return fit(spans, None if any(column.long is Long.WHOLE for column in grid.columns) else limit)


def _with_rest(table: Table, notation: Notation, screen: Screen) -> tuple[Table, list[str]]:
    """Add up the parts of an amount that the screen has no room for in one column, and say which they are."""
    if not table.rest or not table.frame.height:
        return table, []
    names, shown = list[str](), table
    while dropped := _layout(grid_of(shown, notation), screen).dropped:
        columns = columns_shown(shown)
        names += [columns[index].name for index in dropped]
        shown = added_up(table, names)
    titles = ", ".join(column.title for column in table.columns if column.name in names)
    return shown, _aside(f"{table.rest}: {titles}; --wide shows each", screen) if names else []


def _span(column: GridColumn) -> Span:
    return Span(
        cells=max(map(_width, (*column.cells, column.total))),
        heading=_width(column.title),
        folded=_folded(column.title),
        shrinks=column.long in {Long.CUT, Long.WRAP},
        priority=column.priority,
    )


def _folded(title: str) -> int:
    """Return how narrow a heading can be on two lines."""
    words = title.split()
    halves = ((" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words)))
    return min((max(map(_width, pair)) for pair in halves), default=_width(title))


def _lines(grid: Grid, layout: Layout, screen: Screen) -> Iterator[str]:
    """Draw heading, rule, rows, and totals below a second rule."""
    widths = list(layout.widths.values())
    columns = [grid.columns[index] for index in layout.widths]
    gap = " " * GAP
    folded = [_wrap(column.title, width) for column, width in zip(columns, widths, strict=True)]
    depth = max(map(len, folded))
    for level in range(depth):
        words = [lines[level - depth] if level >= depth - len(lines) else "" for lines in folded]
        yield gap.join(_drawn(columns, words, widths, ["heading"] * len(columns), screen))
    rule = _paint(_rule(widths, screen), "rule", screen)
    yield rule
    drawn = [_drawn_column(column, width, screen) for column, width in zip(columns, widths, strict=True)]
    blank = [" " * width for width in widths]
    for row in zip(*drawn, strict=True):
        for level in range(max(map(len, row))):
            yield gap.join(cell[level] if level < len(cell) else blank[at] for at, cell in enumerate(row))
    if grid.has_totals:
        yield rule
        totals = [column.total for column in columns]
        yield gap.join(_drawn(columns, totals, widths, ["total"] * len(columns), screen))


def _drawn(
    columns: Sequence[GridColumn], words: Sequence[str], widths: Sequence[int], tones: Sequence[str], screen: Screen
) -> list[str]:
    return [
        _cell(word, width, tone, screen, numeric=column.numeric)
        for column, word, width, tone in zip(columns, words, widths, tones, strict=True)
    ]


def _drawn_column(column: GridColumn, width: int, screen: Screen) -> list[list[str]]:
    """Return the lines of each cell: one, or more where prose is too long for one."""
    return [
        [_cell(line, width, tone, screen, numeric=column.numeric) for line in _cell_lines(column, cell, width)]
        for cell, tone in zip(column.cells, column.tones, strict=True)
    ]


def _cell_lines(column: GridColumn, cell: str, width: int) -> list[str]:
    if column.long is not Long.WRAP or _width(cell) <= width:
        return [cell]
    return [part for line in _wrap(cell, width) for part in _pieces(line, width)]


def _pieces(line: str, width: int) -> Iterator[str]:
    """Break a word that no line has room for."""
    while _width(line) > width:
        part = _prefix(line, width) or line[:1]
        yield part
        line = line.removeprefix(part)
    yield line


def _cell(text: str, width: int, tone: str, screen: Screen, *, numeric: bool) -> str:
    if not numeric:
        text = _cut(text, width, "..." if screen.ascii else "…")
    blanks = " " * (width - _width(text))
    painted = _paint(text, tone, screen)
    return f"{blanks}{painted}" if numeric else f"{painted}{blanks}"


def _rule(widths: Sequence[int], screen: Screen) -> str:
    if screen.width is None or screen.ascii:
        return (" " * GAP).join("-" * width for width in widths)
    drawn = sum(widths) + GAP * (len(widths) - 1)
    return "─" * (drawn if screen.wide else min(drawn, screen.width - 1))


def _records(grid: Grid, screen: Screen) -> Iterator[str]:
    """Draw one block of lines per row, a name and a value each."""
    name_width = max(_width(column.title) for column in grid.columns) + 1
    blocks: list[list[tuple[str, str, str]]] = [
        [(column.title, column.cells[row], column.tones[row]) for column in grid.columns if column.cells[row]]
        for row in range(grid.height)
    ]
    if grid.has_totals:
        blocks.append([(column.title, column.total, "total") for column in grid.columns if column.total])
    for number, block in enumerate(blocks):
        if number:
            yield ""
        for title, value, tone in block:
            yield f"{_cell(f'{title}:', name_width, 'plain', screen, numeric=False)} {_paint(value, tone, screen)}"


def _note(note: str, screen: Screen) -> Iterator[str]:
    bullet = "- " if screen.ascii else "· "
    for number, line in enumerate(_wrap(note, screen.width, indent="  ")):
        yield _paint(f"{'  ' if number else bullet}{line[2:]}", Tone.FAINT, screen)


def _findings(findings: Sequence[Finding], notation: Notation, screen: Screen) -> Iterator[str]:
    said = gathered(findings)
    shown = said[:FIRST_FINDINGS]
    labels = [severity_label(finding.severity, notation) for finding in shown]
    margin = max(map(_width, labels), default=0) + GAP
    for finding, label in zip(shown, labels, strict=True):
        first, *rest = _wrap(notation.text(finding.message), screen.width, indent=" " * margin)
        yield _cell(label, margin, severity_tone(finding.severity), screen, numeric=False) + first[margin:]
        yield from rest
        arrow = "-> " if screen.ascii else "→ "
        if finding.hint:
            hint = _wrap(f"{arrow}{notation.text(finding.hint)}", screen.width, indent=" " * margin)
            yield from (_paint(line, Tone.FAINT, screen) for line in hint)
    left = len(said) - len(shown)
    if left:
        more = f"and {left:,} more {'finding' if left == 1 else 'findings'}; -f json lists them all"
        yield from (_paint(line, Tone.FAINT, screen) for line in _wrap(more, screen.width, indent=" " * margin))


def _paint(text: str, tone: str, screen: Screen) -> str:
    style = _STYLES.get(tone) if screen.color and text else None
    return style.render(text, color_system=ColorSystem.STANDARD) if style else text


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _cut(text: str, width: int, ellipsis: str) -> str:
    """Cut the middle out of a name that is too wide: versions, regions and file names stand at the end."""
    if _width(text) <= width:
        return text
    room = width - _width(ellipsis)
    tail = _prefix(text[::-1], room if "/" in text and " " not in text else room // 3)[::-1].lstrip(_JOINERS)
    return f"{_prefix(text, room - _width(tail)).rstrip(_JOINERS)}{ellipsis}{tail}"


def _prefix(text: str, room: int) -> str:
    """Return as many characters as fit into ``room`` cells."""
    end = min(len(text), max(room, 0))
    while end and _width(text[:end]) > room:
        end -= 1
    return text[:end]


def _wrap(text: str, width: int | None, indent: str = "") -> list[str]:
    """Break text at blanks so that each line, its indent included, is at most ``width`` cells wide."""
    if width is None:
        return [f"{indent}{text}"]
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and len(indent) + _width(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [f"{indent}{line}" for line in lines]
