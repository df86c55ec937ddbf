"""The tables of a report as an Excel workbook: a sheet a table, and a sheet ``About`` on what the figures rest on.

Rows meant for programs get a sheet as well, with all their columns: a spreadsheet is both.
Cells hold values under a number format, so that a spreadsheet can go on computing with them. Excel keeps a number as a
double, and shows 15 digits of it; csv and parquet hold amounts with all their digits. Names come from logs: text is
written as text, never as a formula or a link, with its control characters spelled out.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
from xlsxwriter import Workbook

from finopsctl.errors import ConfigError
from finopsctl.renderers._format import as_decimal, decimals_for, format_value, is_null
from finopsctl.renderers._grid import (
    Tone,
    columns_shown,
    gathered,
    naming_column,
    notation_of,
    null_words,
    row_units,
    severity_label,
    tone_of_grade,
)
from finopsctl.renderers._machine_text import as_text, instant
from finopsctl.results.report import Column
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from finopsctl.renderers import Screen
    from finopsctl.renderers._format import Notation
    from finopsctl.results.report import Report, Table

MOST_ROWS = 1_048_576
"""Rows of a sheet, the heading and the totals among them (Excel's limit)."""

LONGEST_TEXT = 32_767
"""UTF-16 units of a cell's text (Excel's limit)."""

_LONGEST_NAME = 31  # of a sheet
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - the file format has no zones; fixed: the same report, the same bytes
_FIRST_YEAR = 1900  # Excel knows no earlier dates
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
_FORMULA_STARTS = ("=", "+", "-", "@")
_COLORS = {Tone.GOOD: "#1E7B34", Tone.WARN: "#9C5700", Tone.BAD: "#B00020"}
_DASH = "\N{EN DASH}"
_WIDEST, _NARROWEST = 60, 9
_PERCENTAGES = {Unit.RATIO, Unit.SHARE, Unit.CHANGE, Unit.POINTS}
_FINEST = 12  # decimals of money
_DIGITS_NOTE = (
    "Excel keeps 15 digits of a number: an amount with more is rounded here. The same report as csv or parquet"
    " (-f csv, -f parquet) holds every digit."
)


@dataclass(frozen=True, slots=True, eq=False)
class _Styles:
    """The cell formats of one workbook, each made once."""

    book: Workbook
    made: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def __call__(self, **properties: Any) -> Format:  # noqa: ANN401 - what the library takes
        key = tuple(sorted(properties.items()))
        if key not in self.made:
            self.made[key] = self.book.add_format(properties)
        return self.made[key]


@dataclass(frozen=True, slots=True, eq=False)
class _Page:
    """A sheet and what its cells are written with."""

    sheet: Worksheet
    styles: _Styles
    notation: Notation

    def text(self, row: int, column: int, text: str, **properties: Any) -> None:  # noqa: ANN401
        """Write text as text, whatever it begins with."""
        if text.startswith(_FORMULA_STARTS):
            properties["quote_prefix"] = True  # stays text when somebody edits the cell
        self.sheet.write_string(row, column, cut(text), self.styles(**properties) if properties else None)


def render(report: Report, screen: Screen) -> bytes:
    """Return the report as a workbook.

    Raises:
        ConfigError: When a table has more rows than a sheet.
    """
    sink = io.BytesIO()
    notation = notation_of(report, ascii_only=screen.ascii)
    with Workbook(sink, _OPTIONS) as book:
        book.set_properties({"created": _CREATED, "title": notation.text(report.headline)[:255]})
        styles = _Styles(book)
        names: list[str] = ["About", "History"]  # the second is Excel's own
        for table in report.for_people:
            names.append(sheet_name(notation.text(table.title), names))
            _write_table(_Page(book.add_worksheet(names[-1]), styles, notation), table)
        for table in (whole(table) for table in report.tables if table.machine_only and table.frame.width):
            names.append(sheet_name(notation.text(table.title), names))
            _write_table(_Page(book.add_worksheet(names[-1]), styles, notation), table)
        _write_about(_Page(book.add_worksheet("About"), styles, notation), report)
    return sink.getvalue()


def whole(table: Table) -> Table:
    """Return a table for programs with every column under its own name, lists as JSON text."""
    schema = table.frame.schema
    lists = [as_text(name, dtype).alias(name) for name, dtype in schema.items() if dtype.is_nested()]
    columns = tuple(Column(name, name, _unit_of(dtype)) for name, dtype in schema.items())
    return replace(table, frame=table.frame.with_columns(lists), columns=columns, totals=None)


def _unit_of(dtype: pl.DataType) -> Unit:
    if dtype.is_decimal():
        return Unit.USD
    if dtype.is_numeric():
        return Unit.COUNT if dtype.is_integer() else Unit.FACTOR
    return Unit.DATE if isinstance(dtype, pl.Date) else Unit.INSTANT if isinstance(dtype, pl.Datetime) else Unit.TEXT


def sheet_name(title: str, taken: Sequence[str]) -> str:
    """Return a name Excel accepts for a sheet: at most 31 characters, some not among them, each name once."""
    plain = _NOT_IN_SHEET_NAMES.sub(" ", title).strip(" '") or "Table"
    used = {name.casefold() for name in taken}
    name, count = plain[:_LONGEST_NAME].strip(" '"), 1
    while name.casefold() in used:
        count += 1
        ending = f" ({count})"
        name = f"{plain[: _LONGEST_NAME - len(ending)].strip()}{ending}"
    return name


def cut(text: str) -> str:
    """Return text as long as a cell can hold, saying so where something is left out."""
    units = text.encode("utf-16-le", "replace")
    if len(units) <= 2 * LONGEST_TEXT:
        return text
    mark = f"... (cut: {len(text):,} characters)"
    return units[: 2 * (LONGEST_TEXT - len(mark))].decode("utf-16-le", "ignore") + mark


def number_format(unit: Unit, notation: Notation, decimals: int) -> str:
    """Return Excel's format code for numbers of a unit; "" is Excel's own."""
    places = f".{'0' * decimals}" if decimals else ""
    plain = f"#,##0{places}"
    amount = f'"{notation.symbol}"{plain}'
    percent = f"0{places}%"
    codes = {
        **dict.fromkeys((Unit.USD, Unit.UNIT_PRICE, Unit.PRICE), f"{amount};-{amount}"),
        Unit.USD_PER_DAY: f'{amount}"/day";-{amount}"/day"',
        **dict.fromkeys((Unit.RATIO, Unit.SHARE), percent),
        Unit.CHANGE: f"+{percent};-{percent};{percent}",
        Unit.POINTS: f'+{percent}" points";-{percent}" points";{percent}',
        Unit.DAYS: f'{plain}" days"',
        Unit.MILLISECONDS: f'{plain}" ms"',
        **dict.fromkeys((Unit.FACTOR, Unit.COUNT, Unit.TOKENS), plain),
    }
    return codes.get(unit, "")


def _write_table(page: _Page, table: Table) -> None:
    """Write headings, rows and totals; the heading stays in sight and filters, the totals are no part of that."""
    height = table.frame.height
    if height + 2 > MOST_ROWS:
        raise ConfigError(
            f"{height:,} rows do not fit on a sheet of Excel",
            "Use --top, or -f csv or -f parquet, which have no limit.",
        )
    shown = columns_shown(table)
    first = naming_column(shown)
    for at, column in enumerate(shown):
        page.text(0, at, page.notation.text(column.title), bold=True, bottom=1, text_wrap=True, valign="top")
        _write_column(page, at, table, column, null_words(table, column, first=column.name == first))
    if table.totals and shown:
        if table.totals.get(shown[0].name) is None:
            page.text(height + 1, 0, "Total", bold=True, top=1)
        page.sheet.set_row(height + 1, None, page.styles(bold=True, top=1))
    page.sheet.freeze_panes(1, 1)
    if height and shown:
        page.sheet.autofilter(0, 0, height, len(shown) - 1)


def _write_column(page: _Page, at: int, table: Table, column: Column, nulls: Sequence[str]) -> None:
    values = table.frame.get_column(column.name).to_list()
    total = (table.totals or {}).get(column.name)
    agreed = None if column.unit is Unit.MIXED else decimals_for(column.unit, (*values, total), page.notation)
    longest = max(map(len, column.title.split()), default=0)
    for row, (value, unit, null) in enumerate(zip(values, row_units(table, column), nulls, strict=True), 1):
        decimals = agreed if unit is column.unit else None
        longest = max(longest, _write_value(page, (row, at), value, unit, decimals=decimals, null=null))
    if total is not None:
        place = (len(values) + 1, at)
        longest = max(longest, _write_value(page, place, total, column.unit, decimals=agreed, bold=True, top=1))
    page.sheet.set_column(at, at, min(max(longest + 2, _NARROWEST), _WIDEST))


def _write_value(  # noqa: PLR0913 - a value and how it is written
    page: _Page,
    place: tuple[int, int],
    value: Any,  # noqa: ANN401 - what frames hold
    unit: Unit,
    *,
    decimals: int | None,
    null: str = "",
    **style: Any,  # noqa: ANN401
) -> int:
    """Write one cell and return how wide it is, in characters."""
    if unit is Unit.GRADE:
        if color := _COLORS.get(tone_of_grade(value)):
            style["font_color"] = color
        text = format_value(value, unit, page.notation)
        page.text(*place, text, **style)
        return len(text)
    if is_null(value):
        if null and null != _DASH:  # a blank is nothing, also to a sum
            page.text(*place, page.notation.text(null), **style)
        return len(null)
    if isinstance(value, date) and value.year >= _FIRST_YEAR:
        return _write_date(page, place, value, unit, style)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        text = format_value(value, unit, page.notation)
        page.text(*place, text, **style)
        return len(text)
    digits = decimals_for(unit, (value,), page.notation) if decimals is None else decimals
    code = number_format(unit, page.notation, _digits_shown(value, unit, digits))
    if code:
        style["num_format"] = code
    page.sheet.write_number(*place, float(value), page.styles(**style))
    return len(format_value(value, unit, page.notation, digits))


def _digits_shown(value: float | Decimal, unit: Unit, decimals: int) -> int:
    """Return the decimals of one cell: as its column has, or what it takes that an amount does not look like 0."""
    size = abs(as_decimal(value)) * (100 if unit in _PERCENTAGES else 1)
    return max(decimals, min(-size.adjusted(), _FINEST)) if size else decimals


def _write_date(page: _Page, place: tuple[int, int], value: date, unit: Unit, style: Mapping[str, Any]) -> int:
    """Write a date, or a moment in UTC, as Excel's own."""
    moment = value
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    is_day = not isinstance(moment, datetime) or (unit is Unit.DATE and not (moment.hour or moment.minute))
    code = "yyyy-mm-dd" if is_day else "yyyy-mm-dd hh:mm"
    page.sheet.write_datetime(*place, moment, page.styles(**style, num_format=code))
    return len(code)


def _write_about(page: _Page, report: Report) -> None:
    """Write what the figures answer, cover and rest on, and what a reader must know."""
    page.sheet.set_column(0, 0, 14)
    page.sheet.set_column(1, 1, 100)
    page.sheet.set_column(2, 2, 60)
    rows = [*_facts(report), *((("Note" if at == 0 else ""), note) for at, note in enumerate(report.context.notes))]
    rows.append(("Digits", _DIGITS_NOTE))
    at = 0
    for at, (label, text) in enumerate(rows):
        page.text(at, 0, label, bold=True, valign="top")
        page.text(at, 1, page.notation.text(text), text_wrap=True, valign="top")
    for row, finding in enumerate(gathered(report.findings), at + 2):
        page.text(row, 0, severity_label(finding.severity, page.notation), valign="top")
        page.text(row, 1, page.notation.text(finding.message), text_wrap=True, valign="top")
        page.text(row, 2, page.notation.text(finding.hint), text_wrap=True, valign="top")


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    header = report.context.header
    yield "Answer", report.headline
    period = header.get("period") or {}
    for label, key in (("From", "start"), ("Before", "end")):
        if isinstance(moment := period.get(key), date):
            yield label, instant(moment)
    if period.get("timezone"):
        yield "Time zone", str(period["timezone"])
    if isinstance(as_of := header.get("as_of"), date):
        yield "As of", instant(as_of)
    for label, key in (("Currency", "currency"), ("Cost basis", "cost_basis")):
        if header.get(key):
            yield label, str(header[key])
    prices = header.get("price_book") or {}
    if prices.get("version"):
        yield "Prices", str(prices["version"])
    for at, file in enumerate(header.get("inputs") or ()):
        yield ("Inputs" if at == 0 else ""), f"{file['path']} ({file['source']})"
