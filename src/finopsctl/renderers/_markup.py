"""A report in words and cells, as documents made with templates and messages show it; and the templates themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._grid import columns_shown, empty_sentence, gathered, grid_of, severity_label
from finopsctl.results.report import Look
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from finopsctl.renderers._format import Notation
    from finopsctl.renderers._grid import Grid
    from finopsctl.results.finding import Finding
    from finopsctl.results.report import Report, Table


@dataclass(frozen=True, slots=True)
class Cell:
    """One string of a table.

    Args:
        text: What is read.
        tone: What it says beyond its words: plain, good, warn, bad or faint.
        numeric: Whether it stands on the right.
        graded: Whether it is a grade or status, a glyph and a word.
    """

    text: str
    tone: str = "plain"
    numeric: bool = False
    graded: bool = False

    @property
    def word(self) -> str:
        """A grade without its glyph, for documents that colour it; of other cells the text."""
        return self.text.partition(" ")[2] or self.text if self.graded else self.text


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure: what it is called, its value, its grade where it has one, and what else its row says.

    ``rest`` are headings and cells.
    """

    name: str
    value: str
    grade: Cell | None
    rest: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a document.

    Args:
        title: Its heading; empty where the document has one table only.
        headings: One a column.
        rows: The rows shown.
        totals: The cells of the last row; empty: there is none.
        basis: What its figures rest on; empty: nothing to say.
        look: What its rows are.
        more: How many rows are left out.
        empty: What to say when there is no row.
    """

    title: str
    headings: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[Cell, ...]
    basis: str
    look: Look
    more: int
    empty: str

    @property
    def figures(self) -> list[Figure]:
        """The rows as key figures; none where the table is not one of them."""
        return [_figure(row, self.headings) for row in self.rows] if self.look is Look.FIGURES else []


@dataclass(frozen=True, slots=True)
class Said:
    """One finding in words: how much it matters, its label with glyph, the sentence, what to do."""

    severity: str
    label: str
    message: str
    hint: str


def sections_of(report: Report, notation: Notation, most: int | None = None) -> list[Section]:
    """Return the tables for people as strings, the first ``most`` rows of each; None: all rows."""
    tables = report.for_people
    return [_section(table, notation, titled=len(tables) > 1, most=most) for table in tables]


def first_rows(table: Table, most: int) -> Table:
    """Return a table with its first ``most`` rows, and what is said of them."""
    if table.frame.height <= most:
        return table
    return replace(
        table,
        frame=table.frame.head(most),
        row_units=table.row_units[:most],
        row_good=table.row_good[:most],
        row_nulls={name: words[:most] for name, words in table.row_nulls.items()},
        row_texts={name: texts[:most] for name, texts in table.row_texts.items()},
    )


def said(findings: Sequence[Finding], notation: Notation) -> list[Said]:
    """Return findings in words, worst first, those that say the same of different subjects as one."""
    return [
        Said(
            finding.severity.value,
            severity_label(finding.severity, notation),
            notation.text(finding.message),
            notation.text(finding.hint),
        )
        for finding in gathered(findings)
    ]


def title_of(report: Report, notation: Notation) -> str:
    """Return what a document is called: its title, else its headline."""
    return notation.text(report.title or report.headline)


def filled(template: str, **values: Any) -> str:  # noqa: ANN401 - whatever the template shows
    """Return a template of this room with ``values`` in it, all of them escaped."""
    return _environment().get_template(template).render(**values)


def _section(table: Table, notation: Notation, *, titled: bool, most: int | None) -> Section:
    shown = table if most is None else first_rows(table, most)
    grid = grid_of(shown, notation)
    graded = [column.unit is Unit.GRADE for column in columns_shown(shown)]
    columns = [
        [
            Cell(text, tone.value, column.numeric, is_grade)
            for text, tone in zip(column.cells, column.tones, strict=True)
        ]
        for column, is_grade in zip(grid.columns, graded, strict=True)
    ]
    return Section(
        title=grid.title if titled else "",
        headings=tuple(Cell(column.title, numeric=column.numeric) for column in grid.columns),
        rows=tuple(zip(*columns, strict=True)),
        totals=_totals(grid),
        basis=notation.text(table.basis),
        look=table.look,
        more=table.frame.height - shown.frame.height,
        empty=empty_sentence(grid),
    )


def _totals(grid: Grid) -> tuple[Cell, ...]:
    return tuple(Cell(column.total, numeric=column.numeric) for column in grid.columns) if grid.has_totals else ()


def _figure(row: Sequence[Cell], headings: Sequence[Cell]) -> Figure:
    """Take a row apart: the first text names it, the first number is its value; without one, the next text."""
    name = next((at for at, cell in enumerate(row) if not cell.numeric), 0)
    others = [at for at in range(len(row)) if at != name]
    value = next((at for at in others if row[at].numeric), others[0] if others else name)
    grade = next((row[at] for at in others if row[at].graded and row[at].text), None)
    rest = tuple((headings[at].text, row[at]) for at in others if at != value and row[at].text and not row[at].graded)
    return Figure(row[name].text, row[value].text, grade, rest)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("finopsctl.renderers", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
