"""Reports as a message of Slack: the JSON that an incoming webhook takes, made of Block Kit's oldest blocks.

Header, headline, findings, key figures as fields, tables as blocks of code, notes as context: all of them work in
webhooks and in the chats that take Slack's payloads. Slack's limits are documented per block; all blocks together are
refused from some 13,200 characters on (``msg_blocks_too_long``), which is not. What does not fit is counted, never
dropped in silence; ``text`` is what notifications show.

Names come from logs. ``&``, ``<`` and ``>`` are written as entities, so there is no mention, link or date; ``verbatim``
keeps addresses from becoming links. Slack has no escape for its marks: where ``*``, ``_``, ``~``, a backtick or
``:name:`` would act, a character that looks like it stands instead.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._grid import empty_sentence, grid_of, notation_of
from finopsctl.renderers._layout import GAP, Span, fit
from finopsctl.renderers._markup import said, sections_of, title_of
from finopsctl.renderers._visible import fixed_width
from finopsctl.results.report import Long, Look
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from finopsctl.renderers import Screen
    from finopsctl.renderers._format import Notation
    from finopsctl.renderers._grid import Grid, GridColumn
    from finopsctl.renderers._markup import Figure, Said, Section
    from finopsctl.results.report import Report, Table

HEADER, TEXT, FIELDS, ELEMENTS, BLOCKS = 150, 3000, 10, 10, 50
"""Documented limits: a header's and a text's characters, fields of a section, elements of a context, blocks."""

TOTAL = 12_000
"""Characters of all blocks as compact JSON, below what Slack was seen to refuse."""

_WIDTH = 76  # of a table: what the desktop shows without breaking lines
_ROWS, _FINDINGS = 15, 5
_SENTENCE, _FIGURE = 600, 150  # longer than anything a report says; names may be of any length
_RESERVE = 300  # for a line on the tables left out
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ALIKE = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"})  # noqa: RUF001 - that is what they are for
_EDGE = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")  # an underscore inside a word is no mark
_EMOJI = re.compile(r":(?=[\w+'-]*[^\W\d][\w+'-]*:)|(?<!\d):(?=\d+:)")  # 12:30:15 holds none
_FENCE = re.compile("`{2,}")
_Block = dict[str, Any]


def render(report: Report, screen: Screen) -> bytes:
    """Return the report as the JSON of a message; the screen only says whether to stay within ASCII."""
    notation = notation_of(report, ascii_only=screen.ascii)
    head = [*_header(report, notation), _text(clipped(notation.text(report.headline), TEXT))]
    tail = [*_findings(said(report.findings, notation)), *_notes(report, notation)]
    blocks = [*head, *_tables(report, notation, TOTAL - _size([*head, *tail]), BLOCKS - len(head) - len(tail)), *tail]
    named = f"{report.title}: {report.headline}" if report.title else report.headline
    message = {"text": clipped(notation.text(named), TEXT) or report.command, "blocks": blocks}
    return (json.dumps(message, ensure_ascii=screen.ascii, indent=2) + "\n").encode()


def escape(text: str) -> str:
    """Return one line of text as mrkdwn that shows that text, or one that looks like it, and does nothing."""
    for mark in "*~`":
        if text.count(mark) > 1:
            text = text.replace(mark, mark.translate(_ALIKE))
    if text.count("_") > 1:
        text = _EDGE.sub(lambda found: found.group().translate(_ALIKE), text)
    text = _EMOJI.sub("∶", text)  # noqa: RUF001 - the sign of a ratio
    quote = re.match(r"(>|&gt;)+", text)
    text = f"›{text[quote.end() :]}" if quote else text  # noqa: RUF001 - a quotation mark
    return text.translate(_ENTITIES)


def clipped(text: str, limit: int, write: Callable[[str], str] = escape) -> str:
    """Return text as mrkdwn of at most ``limit`` characters, its end replaced by dots where it is longer."""
    written, kept = write(text), len(text)
    while len(written) > limit:
        kept -= max(1, (len(written) - limit) // 6)
        written = write(f"{text[:kept]}...")
    return written


def _text(text: str) -> _Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> _Block:
    return {"type": "mrkdwn", "text": text if text.strip() else "-", "verbatim": True}  # Slack refuses empty texts


def _header(report: Report, notation: Notation) -> Iterator[_Block]:
    """Yield the title; plain text knows no entities, so its angle brackets are others that look alike."""
    if report.title.strip():
        plain = str.maketrans({"<": "‹", ">": "›"})  # noqa: RUF001 - quotation marks
        title = clipped(title_of(report, notation), HEADER, lambda text: text.translate(plain))
        yield {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}


def _findings(findings: Sequence[Said]) -> Iterator[_Block]:
    for finding in findings[:_FINDINGS]:
        hint = f"\n{clipped(finding.hint, _SENTENCE)}" if finding.hint else ""
        yield _text(f"*{finding.label}*  {clipped(finding.message, _SENTENCE)}{hint}")
    if len(findings) > _FINDINGS:
        yield _text(f"and {counted(len(findings) - _FINDINGS, 'more finding')}")


def _notes(report: Report, notation: Notation) -> Iterator[_Block]:
    notes = [clipped(notation.text(note), _SENTENCE // 2) for note in report.context.notes]
    if len(notes) > ELEMENTS:
        notes = [*notes[: ELEMENTS - 1], f"and {counted(len(notes) - ELEMENTS + 1, 'more note')}"]
    if notes:
        yield {"type": "context", "elements": [_mrkdwn(note) for note in notes]}


def _tables(report: Report, notation: Notation, room: int, most: int) -> Iterator[_Block]:
    """Yield the tables, each with as many rows as its share of the room allows."""
    tables = report.for_people
    left, room = len(tables), room - _RESERVE
    for table, section in zip(tables, sections_of(report, notation, FIELDS), strict=True):
        if most <= 1 and left > 1:
            break
        versions = _figures(section, table) if section.figures else _rows(table, section.title, notation)
        block = next((block for block in versions if _size([block]) <= room // left), None)
        if block is None:
            break
        room, most, left = room - _size([block]), most - 1, left - 1
        yield block
    if left:
        yield _text(f"and {counted(left, 'more table')}")


def _figures(section: Section, table: Table) -> Iterator[_Block]:
    """Yield the key figures as fields: all that a section takes, then none of them."""
    heading = f"*{clipped(section.title, _FIGURE) or 'Key figures'}*"
    more = f" and {counted(section.more, 'more figure')}" if section.more else ""
    basis = f"\n{clipped(section.basis, _SENTENCE)}" if section.basis else ""
    words = _text(f"{heading}{more}{basis}") if section.title or more or basis else {"type": "section"}
    yield {**words, "fields": [_mrkdwn(_field(figure)) for figure in section.figures]}
    yield _text(f"{heading}: {counted(table.frame.height, 'figure')}, not shown here")


def _field(figure: Figure) -> str:
    grade = f"  {clipped(figure.grade.text, _FIGURE)}" if figure.grade else ""
    rest = "".join(f"\n{clipped(f'{heading}: {cell.text}', _FIGURE)}" for heading, cell in figure.rest[:4])
    return f"*{clipped(figure.name, _FIGURE)}*\n{clipped(figure.value, _FIGURE)}{grade}{rest}"


def _rows(table: Table, title: str, notation: Notation) -> Iterator[_Block]:
    """Yield the table with ever fewer rows; the points of a chart are only counted."""
    heading = f"*{clipped(title, _FIGURE)}*" if title else "Rows"
    height = table.frame.height
    if not height:
        yield _text(clipped(empty_sentence(grid_of(table, notation)), _SENTENCE))
    for rows in range(min(height, _ROWS) if table.look is Look.ROWS else 0, 0, -1):
        more = f"\nand {counted(height - rows, 'more row')}" if height > rows else ""
        basis = f"\n{clipped(notation.text(table.basis), _SENTENCE)}" if table.basis else ""
        drawn, dropped = _drawn(grid_of(table.head(rows), notation), notation)
        unseen = f"\nnot shown: {clipped(', '.join(dropped), _SENTENCE)}" if dropped else ""
        text = (
            f"{heading}\n```\n{drawn}\n```{more}{unseen}{basis}" if title else f"```\n{drawn}\n```{more}{unseen}{basis}"
        )
        if len(text) <= TEXT:
            yield _text(text)
    kind = "point of a chart" if table.look is Look.CHART else "row"
    yield _text(
        f"{heading}: {counted(height, kind, 'points of a chart' if table.look is Look.CHART else '')}, not shown here"
    )


def _drawn(grid: Grid, notation: Notation) -> tuple[str, list[str]]:
    """Return the lines of a block of code, and the columns it has no room for."""
    spans = [_span(column) for column in grid.columns]
    layout = fit(spans, _WIDTH)
    layout = layout if layout.widths else fit(spans, None)
    columns = [(grid.columns[at], width) for at, width in layout.widths.items()]
    rule = (" " * GAP).join("-" * width for _, width in columns)
    cells = [[column.cells[row] for column, _ in columns] for row in range(grid.height)]
    totals = [[column.total for column, _ in columns]] if grid.has_totals else []
    lines = [_line([column.title for column, _ in columns], columns, notation), rule]
    lines += [_line(row, columns, notation) for row in cells]
    lines += [rule, *(_line(row, columns, notation) for row in totals)] if totals else []
    return "\n".join(_code(line) for line in lines), [grid.columns[at].title for at in layout.dropped]


def _line(row: Sequence[str], columns: Sequence[tuple[GridColumn, int]], notation: Notation) -> str:
    padded = []
    for text, (column, width) in zip(row, columns, strict=True):
        cell = text if column.numeric else _cut(text, width, "..." if notation.ascii_only else "…")
        blanks = " " * (width - fixed_width(cell))
        padded.append(f"{blanks}{cell}" if column.numeric else f"{cell}{blanks}")
    return (" " * GAP).join(padded).rstrip()


def _span(column: GridColumn) -> Span:
    heading = fixed_width(column.title)
    cells = max(map(fixed_width, (*column.cells, column.total)))
    return Span(cells, heading, heading, column.long in {Long.CUT, Long.WRAP}, column.priority)


def _cut(text: str, width: int, dots: str) -> str:
    if fixed_width(text) <= width:
        return text
    kept = text
    while kept and fixed_width(kept) > width - len(dots):
        kept = kept[:-1]
    return f"{kept}{dots}"


def _code(line: str) -> str:
    """Return a line of a block of code, which only the entities and a run of backticks would leave."""
    return _FENCE.sub(lambda found: found.group().translate(_ALIKE), line).translate(_ENTITIES)


def _size(blocks: Sequence[_Block]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
