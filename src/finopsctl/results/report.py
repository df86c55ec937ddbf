"""What renderers see: a titled set of tables with totals, findings and the context they rest on.

A report holds values, never strings made from them; ``renderers/_format.py`` turns values into text. The first table
is the answer (the ``rows`` of the JSON document); more tables follow where a command shows several.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from finopsctl.results.units import Direction, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import polars as pl

    from finopsctl.results.finding import Finding


class Long(StrEnum):
    """What happens to text that is too long for a screen."""

    CUT = "cut"  # a name: its middle is left out
    WRAP = "wrap"  # prose: it goes on in further lines
    WHOLE = "whole"  # a command to copy: never touched


@dataclass(frozen=True, slots=True)
class Column:
    """How one column of a table is meant.

    Args:
        name: Its name in the frame, which is its JSON key.
        title: Its heading for people.
        unit: What its values count.
        priority: 0 is always shown; when the screen is too narrow the highest numbers are left out first.
        null: What null is called on screen, e.g. ``(untagged)`` for a dimension.
        good: In a column of changes, which direction is good news, for colour.
        long: What happens to its text on a screen that is too narrow.
        machine_only: Kept out of tables for people (still in csv, json, jsonl, parquet).
    """

    name: str
    title: str
    unit: Unit = Unit.TEXT
    priority: int = 0
    null: str = "–"  # noqa: RUF001 - the dash typographers use for nothing
    good: Direction = Direction.NEUTRAL
    long: Long = Long.CUT
    machine_only: bool = False


class ChartKind(StrEnum):
    """What a chart compares."""

    LINES = "lines"  # y over time x, a line a series
    COLUMNS = "columns"  # y over time x, a column a moment, its series stacked
    BARS = "bars"  # y of each row, a bar that x names
    GAUGES = "gauges"  # y of each row, named by x, against the row's limit


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of a table's rows: which columns go where. Renderers draw it; those that cannot show the rows.

    Args:
        kind: What it compares.
        x: The column of moments or names.
        y: The column of values; its unit is that of the table's column.
        series: The column that tells lines or stacked parts apart; empty: there is one.
        low: The column of the lower end of an interval around y; empty: none.
        high: That of the upper end.
        limit: The column of what y is held against: a budget, an expected value; empty: nothing.
        in_text: Whether text shows it, too; a chart of what its table says well enough is for pages alone.
    """

    kind: ChartKind
    x: str
    y: str
    series: str = ""
    low: str = ""
    high: str = ""
    limit: str = ""
    in_text: bool = True


class Look(StrEnum):
    """What the rows of a table are, for documents that have more than one way to show them."""

    ROWS = "rows"  # a table, beside its chart where it has one
    FIGURES = "figures"  # key figures: the first column of text names one, the first of numbers is its value
    CHART = "chart"  # points of its chart; the rows are for programs and for who opens them


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A frame and how to read it.

    A frame column named ``other`` marks the row that stands for all groups not shown and counts them: people read
    ``(other 12)`` where its dimensions are null.

    Args:
        title: Heading.
        frame: The rows, sorted; columns not declared in ``columns`` appear in machine formats only.
        columns: The columns for people, in order.
        totals: A last row for people, by column name.
        row_units: The unit of each row's mixed values and changes, where it is finer than the frame's column ``unit``
            (a price per request is ``usd`` there); empty: as that column says.
        row_nulls: What null is called in each row, by column, where it differs; other columns: as the column says.
        machine_only: Kept out of documents for people: an answer whose rows only a program can use, beside tables that
            tell people the same.
        row_good: Which direction of each row's change is good news; empty: as the column says.
        row_texts: What people read in each row in place of the value, by column; None: the value.
        rest: The heading of a column that adds up the columns a screen has no room for, all of them parts of one
            amount of money; empty: they are left out.
        basis: One sentence on what its figures rest on (cost basis, period, what they leave out), shown with it.
        chart: A picture of its rows.
        look: What its rows are.
    """

    title: str
    frame: pl.DataFrame
    columns: tuple[Column, ...]
    totals: Mapping[str, Any] | None = None
    row_units: Sequence[Unit] = ()
    row_good: Sequence[Direction] = ()
    row_nulls: Mapping[str, Sequence[str]] = field(default_factory=dict)
    machine_only: bool = False
    row_texts: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    rest: str = ""
    basis: str = ""
    chart: Chart | None = None
    look: Look = Look.ROWS

    def head(self, most: int) -> Table:
        """Return the table with its first ``most`` rows and what is said of them; totals are those of all rows."""
        return replace(
            self,
            frame=self.frame.head(most),
            row_units=self.row_units[:most],
            row_good=self.row_good[:most],
            row_nulls={name: words[:most] for name, words in self.row_nulls.items()},
            row_texts={name: texts[:most] for name, texts in self.row_texts.items()},
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What every report says about where its figures come from.

    ``header`` holds the JSON document's keys before ``rows`` (period, as_of, currency, cost_basis, price_book, inputs,
    data_quality), plain JSON values, in order. ``notes`` are the data-quality lines for people.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """One document.

    Args:
        command: Names the JSON schema: ``finopsctl/<command>/1``.
        headline: One sentence that answers the question.
        tables: The answer first.
        totals: The JSON document's ``totals``.
        findings: What a reader must know, worst first.
        context: Set by the command line from the books.
        as_of: The first instant its figures do not see, where that is not what the books say.
        title: What the document is called, e.g. in a browser or as the subject of a mail; empty: it has no name.
    """

    command: str
    headline: str
    tables: tuple[Table, ...]
    totals: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    context: Context = field(default_factory=Context)
    as_of: datetime | None = None
    title: str = ""

    @property
    def for_people(self) -> tuple[Table, ...]:
        """The tables that documents for people show, in order."""
        return tuple(table for table in self.tables if not table.machine_only)
