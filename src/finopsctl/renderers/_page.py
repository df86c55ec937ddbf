"""A report's tables and findings as a page shows them: every text and style chosen, nothing drawn yet but charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finopsctl.renderers import _charts
from finopsctl.renderers._grid import (
    Tone,
    columns_shown,
    empty_sentence,
    gathered,
    grid_of,
    naming_column,
    severity_label,
    severity_tone,
)
from finopsctl.results.report import Look
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finopsctl.renderers import Screen
    from finopsctl.renderers._chart_canvas import Key
    from finopsctl.renderers._format import Notation
    from finopsctl.renderers._grid import Grid, GridColumn
    from finopsctl.results.report import Column, Report, Table

_BROAD = 9  # columns from which on a table is set in smaller type
_WIDE = 12  # and from which on it takes the page's whole width, and is printed across
_CHANGES = {Unit.CHANGE, Unit.POINTS}
_VERDICTS = {Tone.GOOD: "better", Tone.BAD: "worse"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Args:
        text: What stands in it.
        kind: The style of its column: ``number``, ``grade``, ``plain``, or what happens to long text.
        tone: What its colour repeats.
        tag: ``th`` where it names its row.
    """

    text: str
    kind: str
    tone: str
    tag: str = "td"


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column, and the style of its cells."""

    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One key figure; "" for what its table does not have.

    Args:
        name: What it is.
        value: How much.
        status: Its grade, glyph and word.
        tone: The grade's.
        change: Against before.
        change_tone: Of the change, by its good direction.
        verdict: What that colour says, in a word.
        facts: Heading and text of all other columns.
    """

    name: str
    value: str
    status: str
    tone: str
    change: str
    change_tone: str
    verdict: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart on one canvas: its picture, and the specification a script draws it from (None: it stays a picture)."""

    canvas: str
    name: str
    svg: str
    spec: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with what stands around it."""

    axes: str
    keys: tuple[Key, ...]
    note: str
    drawings: tuple[Drawing, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the report, as the template shows it.

    Args:
        anchor: Its element's id.
        title: Its heading.
        look: ``rows``, ``figures`` or ``chart``.
        basis: What its figures rest on.
        nothing: What is said in place of rows there are not.
        is_broad: Whether it has many columns.
        is_wide: Whether it takes the page's whole width.
        columns: The headings.
        rows: The cells.
        totals: The last row; empty without one.
        tiles: Its rows as key figures; empty for other looks.
        chart: Its picture.
    """

    anchor: str
    title: str
    look: str
    basis: str
    nothing: str
    is_broad: bool
    is_wide: bool
    columns: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[Cell, ...]
    tiles: tuple[Tile, ...]
    chart: Figure | None


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding in words."""

    label: str
    tone: str
    message: str
    hint: str


def section_of(table: Table, number: int, notation: Notation, screen: Screen) -> Section:
    """Return a table, the ``number``-th of its report, as a section."""
    grid = grid_of(table, notation)
    declared = columns_shown(table)
    named = naming_column(declared)
    kinds = [_kind(column, shown) for column, shown in zip(declared, grid.columns, strict=True)]
    is_name = [column.name == named for column in declared]
    tiles = tuple(_tiles(grid, declared)) if table.look is Look.FIGURES else ()
    figure = _figure(table, number, notation, screen)
    return Section(
        anchor=f"part-{number}",
        title=grid.title,
        look=Look.ROWS.value if table.look is Look.FIGURES and not tiles else table.look.value,
        basis=notation.text(table.basis),
        nothing="" if grid.height else empty_sentence(grid),
        is_broad=len(declared) >= _BROAD,
        is_wide=len(declared) >= _WIDE and not tiles and not (figure and table.look is Look.CHART),
        columns=tuple(Heading(shown.title, kind) for shown, kind in zip(grid.columns, kinds, strict=True)),
        rows=tuple(_rows(grid, kinds, is_name)),
        totals=_totals(grid, kinds),
        tiles=tiles,
        chart=figure,
    )


def remarks_of(report: Report, notation: Notation) -> Iterator[Remark]:
    """Yield a report's findings, worst first, those that say the same as one."""
    for finding in gathered(report.findings):
        yield Remark(
            severity_label(finding.severity, notation),
            severity_tone(finding.severity),
            notation.text(finding.message),
            notation.text(finding.hint),
        )


def _kind(column: Column, shown: GridColumn) -> str:
    """Return the style of a column's cells: ``number``, ``grade``, ``plain`` or what happens to long text."""
    if column.unit is Unit.GRADE:
        return "grade"
    if shown.numeric:
        return "number"
    return shown.long.value if shown.long else "plain"


def _rows(grid: Grid, kinds: Sequence[str], is_name: Sequence[bool]) -> Iterator[tuple[Cell, ...]]:
    for row in range(grid.height):
        yield tuple(
            Cell(column.cells[row], kind, column.tones[row].value, "th" if names else "td")
            for column, kind, names in zip(grid.columns, kinds, is_name, strict=True)
        )


def _totals(grid: Grid, kinds: Sequence[str]) -> tuple[Cell, ...]:
    if not grid.has_totals:
        return ()
    return tuple(
        Cell(column.total, kind, Tone.PLAIN.value, "td" if at else "th")
        for at, (column, kind) in enumerate(zip(grid.columns, kinds, strict=True))
    )


def _tiles(grid: Grid, declared: Sequence[Column]) -> Iterator[Tile]:
    """Yield key figures; none where the table lacks a name or a number."""
    units = [column.unit for column in declared]
    name = next((at for at, unit in enumerate(units) if unit is Unit.TEXT), None)
    value = next((at for at, column in enumerate(grid.columns) if column.numeric), None)
    if name is None or value is None:
        return
    grade = next((at for at, unit in enumerate(units) if unit is Unit.GRADE), None)
    change = next((at for at, unit in enumerate(units) if unit in _CHANGES and at != value), None)
    rest = [at for at in range(len(units)) if at not in {name, value, grade, change}]
    for row in range(grid.height):
        said = [column.cells[row] for column in grid.columns]
        tone = grid.columns[change].tones[row] if change is not None else Tone.PLAIN
        yield Tile(
            name=said[name],
            value=said[value],
            status=said[grade] if grade is not None else "",
            tone=grid.columns[grade].tones[row].value if grade is not None else "",
            change=said[change] if change is not None else "",
            change_tone=tone.value,
            verdict=_VERDICTS.get(tone, ""),
            facts=tuple((grid.columns[at].title, said[at]) for at in rest if said[at]),
        )


def _figure(table: Table, number: int, notation: Notation, screen: Screen) -> Figure | None:
    picture = _charts.picture_of(table, notation, interactive=screen.interactive)
    if picture is None:
        return None
    drawings = []
    for canvas, spec in picture.specs:
        name = f"chart-{number}-{canvas.name}"
        svg = _charts.svg_of(spec, notation.text(table.title) or picture.axes, picture.about, name)
        drawings.append(Drawing(canvas.name, name, trusted(svg), spec if screen.interactive else None))
    return Figure(picture.axes, picture.keys, picture.note, tuple(drawings))


def trusted(text: str) -> str:
    """Return text that is HTML already: written by us, or escaped for where it stands."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - never text of a log that was not escaped before
