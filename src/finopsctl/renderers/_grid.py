"""A table as strings in columns, before a renderer decides where each one goes.

Shared by the screen and by Markdown, so that both show the same columns, in the same order (the status last), with
the same words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._format import Notation, as_decimal, decimals_for, format_value, grade, is_null
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.units import Direction, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from finopsctl.results.report import Column, Long, Report, Table

_TEXT_UNITS = {Unit.TEXT, Unit.DATE, Unit.INSTANT, Unit.GRADE}


class Tone(StrEnum):
    """What a cell says beyond its words; colour only ever repeats the words."""

    PLAIN = "plain"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    FAINT = "faint"


_GRADE_TONES = {
    "good": Tone.GOOD,
    "ok": Tone.GOOD,
    "pass": Tone.GOOD,
    "warning": Tone.WARN,
    "critical": Tone.BAD,
    "exhausted": Tone.BAD,
    "fail": Tone.BAD,
}
_CHANGING = {Unit.CHANGE, Unit.POINTS, Unit.USD, Unit.USD_PER_DAY}
_NO_CHANGE = Decimal("0.0005")  # shows as 0.0 %; a tenth of a cent
_UNITS = {unit.value: unit for unit in Unit}
_REST = "(rest)"  # no name a dimension can have
_DASH = "\N{EN DASH}"
_SUBJECTS = 8  # named in a sentence that stands for several findings
_SEVERITY_ORDER = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One column of strings.

    Args:
        title: Heading.
        cells: One string a row.
        tones: One tone a row.
        total: Its cell in the totals row.
        numeric: Aligned right and never cut.
        long: What happens to text that is too wide; None: numbers and the like, always whole.
        priority: 0 is never left out; higher numbers are left out first.
    """

    title: str
    cells: tuple[str, ...]
    tones: tuple[Tone, ...]
    total: str
    numeric: bool
    long: Long | None
    priority: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A table for people.

    Args:
        title: Heading.
        columns: In the order shown.
        height: Number of rows, without totals.
        has_totals: Whether the ``total`` cells are a row.
    """

    title: str
    columns: tuple[GridColumn, ...]
    height: int
    has_totals: bool


def notation_of(report: Report, *, ascii_only: bool) -> Notation:
    """Return the notation of a report: its currency (USD where it says none) and alphabet."""
    return Notation(str(report.context.header.get("currency") or "USD"), ascii_only=ascii_only)


def grid_of(table: Table, notation: Notation) -> Grid:
    """Turn a table's declared columns into strings."""
    shown = columns_shown(table)
    first = naming_column(shown)
    columns = [_grid_column(table, column, notation, first=column.name == first) for column in shown]
    if table.totals and columns and not columns[0].total:
        columns[0] = replace(columns[0], total="Total")
    return Grid(notation.text(table.title), tuple(columns), table.frame.height, bool(table.totals))


def columns_shown(table: Table) -> list[Column]:
    """Return the columns people see, in order: as declared, the status last."""
    shown = (column for column in table.columns if not column.machine_only)
    return sorted(shown, key=lambda column: column.unit is Unit.GRADE)  # a stable sort


def added_up(table: Table, names: Sequence[str]) -> Table:
    """Return the table with these columns as one, which is headed ``table.rest`` and never left out."""
    kept = [column for column in table.columns if column.name not in names]
    parts = [column for column in table.columns if column.name in names]
    rest = replace(parts[0], name=_REST, title=table.rest, priority=0)
    frame = table.frame.with_columns(table.frame.select(names).sum_horizontal().alias(_REST))
    totals = None if table.totals is None else {**table.totals, _REST: sum(table.totals[name] for name in names)}
    return replace(table, frame=frame, columns=(*kept, rest), totals=totals)


def naming_column(shown: Sequence[Column]) -> str:
    """Return the name of the column that says what a row is about: the first of text; "" without one."""
    return next((column.name for column in shown if column.unit is Unit.TEXT), "")


def empty_sentence(grid: Grid) -> str:
    """Say that a table has no rows."""
    return f"{grid.title}: nothing to show." if grid.title else "Nothing to show."


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings by severity, those of one severity in the order given."""
    return sorted(findings, key=lambda finding: _SEVERITY_ORDER[finding.severity])


def gathered(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings worst first, those that say the same of different subjects as one."""
    alike: dict[object, list[Finding]] = {}
    for number, finding in enumerate(worst_first(findings)):
        key = (finding.severity, finding.code, finding.gist) if finding.gist else number
        alike.setdefault(key, []).append(finding)
    return [_gathered(group) if len(group) > 1 else group[0] for group in alike.values()]


def _gathered(findings: Sequence[Finding]) -> Finding:
    first = findings[0]
    names = list(dict.fromkeys(finding.subject for finding in findings))
    more = f" and {len(names) - _SUBJECTS} more" if len(names) > _SUBJECTS else ""
    hints = {finding.hint for finding in findings}
    message = first.gist.replace("{}", f"{', '.join(names[:_SUBJECTS])}{more}", 1)
    return replace(first, message=message, hint=first.hint if len(hints) == 1 else "")


def tone_of_grade(value: str | None) -> Tone:
    """Return how a grade or status is toned."""
    return _GRADE_TONES.get(value or "", Tone.FAINT)


def severity_label(severity: Severity, notation: Notation) -> str:
    """Return the glyph and word of a finding's severity."""
    return grade(severity.value, notation)


def severity_tone(severity: Severity) -> Tone:
    """Return how a finding's label is toned."""
    return _GRADE_TONES.get(severity.value, Tone.PLAIN)


def _grid_column(table: Table, column: Column, notation: Notation, *, first: bool) -> GridColumn:
    values = table.frame.get_column(column.name).to_list()
    total = (table.totals or {}).get(column.name)
    decimals = None if column.unit is Unit.MIXED else decimals_for(column.unit, (*values, total), notation)

    def cell(value: Any, unit: Unit, null: str, good: Direction) -> str:  # noqa: ANN401
        text = format_value(value, unit, notation, decimals if unit is column.unit else None)
        signed = text if text.startswith("<") else f"{_plus(value, column.unit, good)}{text}"
        return signed if text else notation.text(null)

    units, goods = row_units(table, column), _goods(table, column)
    return GridColumn(
        title=notation.text(column.title),
        cells=_with_texts(
            table, column, map(cell, values, units, null_words(table, column, first=first), goods), notation
        ),
        tones=tuple(_tones(column, values, goods)),
        total="" if total is None else cell(total, column.unit, "", column.good),
        numeric=column.unit not in _TEXT_UNITS,
        long=column.long if column.unit is Unit.TEXT else None,
        priority=column.priority,
    )


def _with_texts(table: Table, column: Column, cells: Iterable[str], notation: Notation) -> tuple[str, ...]:
    """Return a column's cells, those that people read a text in replaced by it."""
    said = table.row_texts.get(column.name) or [None] * table.frame.height
    return tuple(cell if text is None else notation.text(text) for cell, text in zip(cells, said, strict=True))


def _values(table: Table, name: str) -> list[Any]:
    """Return a column that only some tables have; nulls where there is none."""
    return table.frame.get_column(name).to_list() if name in table.frame.columns else [None] * table.frame.height


def null_words(table: Table, column: Column, *, first: bool) -> list[str]:
    """Return what null is called in each row; in the row of all other groups, the first column says how many."""
    if column.name in table.row_nulls:
        return list(table.row_nulls[column.name])
    others = _values(table, "other")
    if column.unit is not Unit.TEXT or not any(others):
        return [column.null] * len(others)
    return [column.null if not count else f"(other {count:,})" if first else "" for count in others]


def row_units(table: Table, column: Column) -> list[Unit]:
    """Return the unit of each row: the column's own, or what the row's ``unit`` makes of a mixed or changed value."""
    if column.unit not in {Unit.MIXED, Unit.CHANGE} or not (table.row_units or "unit" in table.frame.columns):
        return [column.unit] * table.frame.height
    said = table.row_units or [_UNITS.get(name, Unit.FACTOR) for name in _values(table, "unit")]
    if column.unit is Unit.CHANGE:
        return [Unit.POINTS if unit in {Unit.RATIO, Unit.SHARE} else Unit.CHANGE for unit in said]
    values = _values(table, column.name)
    return [_close_up(unit, value) for unit, value in zip(said, values, strict=True)]


def _close_up(unit: Unit, value: Any) -> Unit:  # noqa: ANN401
    """Show single amounts below one with significant digits: there is no column of cents to line up with."""
    small = not is_null(value) and 0 < abs(as_decimal(value)) < 1
    return {Unit.USD: Unit.UNIT_PRICE, Unit.COUNT: Unit.FACTOR}.get(unit, unit) if small else unit


def _goods(table: Table, column: Column) -> Sequence[Direction]:
    """Return which direction of each row's value is good news: as its row says, in columns that can hold changes."""
    by_row = table.row_good if column.unit in _CHANGING else ()
    return by_row or [column.good] * table.frame.height


def _plus(value: Any, unit: Unit, good: Direction) -> str:  # noqa: ANN401
    """Return the sign of an increase of money: what has a good direction is a change."""
    is_change = good is not Direction.NEUTRAL and unit in {Unit.USD, Unit.USD_PER_DAY}
    return "+" if is_change and not is_null(value) and value > 0 else ""


def _tones(column: Column, values: Sequence[Any], goods: Sequence[Direction]) -> list[Tone]:
    if column.unit is Unit.GRADE:
        return [tone_of_grade(value) for value in values]
    if column.unit in _TEXT_UNITS:  # an owner that is missing is news; a dash is not
        return [Tone.FAINT if value is None and column.null == _DASH else Tone.PLAIN for value in values]
    return [_change_tone(value, good) for value, good in zip(values, goods, strict=True)]


def _change_tone(value: Any, good: str) -> Tone:  # noqa: ANN401
    if is_null(value):
        return Tone.FAINT
    if good == Direction.NEUTRAL or abs(value) < _NO_CHANGE:
        return Tone.PLAIN
    return Tone.GOOD if (value > 0) == (good == Direction.UP) else Tone.BAD
