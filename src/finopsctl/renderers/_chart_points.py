"""The rows of a table as points to draw: numbers for places, and the words the table has for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._format import is_null
from finopsctl.renderers._grid import Tone, grid_of, row_units, tone_of_grade
from finopsctl.results.report import Column
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.renderers._format import Notation
    from finopsctl.results.report import Chart, Table


@dataclass(frozen=True, slots=True)
class Point:
    """One row, as a chart sees it; None where there is no value.

    Args:
        name: What the table calls its x.
        x: Its x as it is.
        series: What the table calls its series; "" without one.
        y: Its value.
        low: The lower end of the interval around it.
        high: The upper end.
        limit: What it is held against.
        words: Its value in words.
        limit_words: Its limit in words.
        status: Its grade in words; "" where the table grades nothing.
        tone: How the grade is toned; None where the table grades nothing.
        others: How many groups not shown it stands for; 0: for itself.
    """

    name: str
    x: Any
    series: str
    y: float | None
    low: float | None
    high: float | None
    limit: float | None
    words: str
    limit_words: str
    status: str
    tone: Tone | None
    others: int


def points_of(table: Table, chart: Chart, notation: Notation) -> list[Point]:
    """Return the rows of a table as points, in order."""
    height = table.frame.height
    grade = next((column.name for column in table.columns if column.unit is Unit.GRADE), "")
    grades = table.frame[grade].to_list() if grade else []
    others = table.frame["other"].to_list() if "other" in table.frame.columns else [None] * height
    columns = (
        _words(table, chart.x, notation),
        _values(table, chart.x),
        _words(table, chart.series, notation),
        *(_numbers(table, name) for name in (chart.y, chart.low, chart.high, chart.limit)),
        _words(table, chart.y, notation),
        _words(table, chart.limit, notation),
        _words(table, grade, notation),
        [tone_of_grade(value) for value in grades] or [None] * height,
        [count or 0 for count in others],
    )
    return [Point(*row) for row in zip(*columns, strict=True)]


def column_named(table: Table, name: str) -> Column:
    """Return a column of the frame as the table declares it, or as its name and type say where it does not."""
    declared = next((column for column in table.columns if column.name == name), None)
    if declared:
        return declared
    unit = Unit.COUNT if table.frame.schema[name].is_numeric() else Unit.TEXT
    return Column(name, name.replace("_", " ").capitalize(), unit)


def unit_of(table: Table, name: str) -> Unit:
    """Return the unit of a column of values; of mixed ones that of the first row."""
    column = column_named(table, name)
    return next(iter(row_units(table, column)), column.unit)


def in_order(names: Sequence[str]) -> list[str]:
    """Return names once each, in the order they come."""
    return list(dict.fromkeys(names))


def _values(table: Table, name: str) -> list[Any]:
    return table.frame[name].to_list() if name else [None] * table.frame.height


def _numbers(table: Table, name: str) -> list[float | None]:
    return [None if is_null(value) else float(value) for value in _values(table, name)]


def _words(table: Table, name: str, notation: Notation) -> list[str]:
    """Return what people read in a column, shown in the table or not."""
    if not name:
        return [""] * table.frame.height
    alone = replace(column_named(table, name), machine_only=False)
    return list(grid_of(replace(table, columns=(alone,), totals=None), notation).columns[0].cells)
