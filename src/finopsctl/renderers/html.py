"""Reports as one HTML page that needs nothing but a browser, e.g. for a board pack, a mail or a build's artefacts.

Everything is in the file: style sheet, charts as SVG, the report's JSON. The page asks no server for anything, and its
content security policy forbids it to: without ``--interactive`` nothing in it runs, with it one script of known hash.
Names come from logs; Jinja escapes every one of them, in text and in attributes.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from finopsctl.renderers import _charts
from finopsctl.renderers import json as json_document
from finopsctl.renderers._chart_canvas import FONT
from finopsctl.renderers._grid import (
    Tone,
    columns_shown,
    empty_sentence,
    gathered,
    grid_of,
    naming_column,
    notation_of,
    severity_label,
    severity_tone,
)
from finopsctl.renderers._machine_text import encode, schema_of
from finopsctl.renderers._page_facts import as_of_words, facts_of, period_words
from finopsctl.renderers._palette import COLOURS
from finopsctl.results.report import Look
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import jinja2

    from finopsctl.renderers import Screen
    from finopsctl.renderers._chart_canvas import Key
    from finopsctl.renderers._format import Notation
    from finopsctl.renderers._grid import Grid, GridColumn
    from finopsctl.results.report import Column, Report, Table

_BROAD = 9  # columns from which on a table is printed across
_SECTIONS = 3  # from which on a page says what is on it
_CHANGES = {Unit.CHANGE, Unit.POINTS}
_VERDICTS = {Tone.GOOD: "better", Tone.BAD: "worse"}
_IN_SCRIPT = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026"})  # only strings hold them


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    kind: str
    tone: str
    tag: str = "td"


@dataclass(frozen=True, slots=True)
class _Tile:
    name: str
    value: str
    status: str
    tone: str
    change: str
    change_tone: str
    verdict: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Drawing:
    canvas: str
    name: str
    svg: str
    spec: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class _Figure:
    axes: str
    keys: tuple[Key, ...]
    note: str
    drawings: tuple[_Drawing, ...]


@dataclass(frozen=True, slots=True)
class _Section:
    """One table of the report, as the template shows it."""

    anchor: str
    title: str
    look: str
    basis: str
    nothing: str
    is_wide: bool
    columns: tuple[_Column, ...]
    rows: tuple[tuple[_Cell, ...], ...]
    totals: tuple[_Cell, ...]
    tiles: tuple[_Tile, ...]
    chart: _Figure | None


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Finding:
    label: str
    tone: str
    message: str
    hint: str


def render(report: Report, screen: Screen) -> bytes:
    """Return the report as a page; the screen says whether to stay within ASCII and whether charts answer a pointer."""
    notation = notation_of(report, ascii_only=screen.ascii)
    sections = [_section(table, at, notation, screen) for at, table in enumerate(report.for_people, 1)]
    specs = [d for s in sections if s.chart for d in s.chart.drawings if d.spec]
    style = (
        _environment()
        .get_template("page.css.j2")
        .render(colours=COLOURS, font=FONT, is_broad=any(section.is_wide for section in sections))
    )
    script = _script() if specs else ""
    title = notation.text(report.title or _named_after(report))
    page = _environment().get_template("page.html.j2").render(
        title=title,
        policy=_policy(style, script),
        style=_trusted(style),
        script=_trusted(_ascii(script) if screen.ascii else script),
        charts=_trusted(_in_script(encode({d.name: d.spec for d in specs}), screen)) if specs else "",
        heading=[notation.text(text) for text in _heading(report)],
        headline=notation.text(report.headline),
        sections=sections,
        findings=list(_findings(report, notation)),
        arrow="->" if screen.ascii else "→",
        facts=facts_of(report.context.header, notation),
        notes=[notation.text(note) for note in report.context.notes],
        contents=list(_contents(sections, report)),
        schema=schema_of(report),
        document=_trusted(_in_script(json_document.render(report, screen).decode(), screen)),
    )  # fmt: skip
    return page.encode("ascii", "xmlcharrefreplace") if screen.ascii else page.encode()


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("finopsctl.renderers", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )


def _trusted(text: str) -> str:
    """Return text that is HTML already: written by us, or escaped for where it stands."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - never text of a log that was not escaped before


def _policy(style: str, script: str) -> str:
    """Return the page's content security policy: nothing is loaded, and only what we wrote acts."""
    scripts = f" script-src '{_hash(script)}';" if script else ""
    return (
        f"default-src 'none'; style-src '{_hash(style)}';{scripts} img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _in_script(text: str, screen: Screen) -> str:
    r"""Return JSON that no HTML parser finds an end tag or a comment in; ``\u003c`` is ``<`` to a JSON parser."""
    safe = text.translate(_IN_SCRIPT)
    return _ascii(safe) if screen.ascii else safe


def _ascii(text: str) -> str:
    r"""Return JSON or JavaScript with everything beyond ASCII as ``\uXXXX``."""
    if text.isascii():
        return text
    return "".join(letter if letter.isascii() else encode_units(letter) for letter in text)


def encode_units(letter: str) -> str:
    """Return one character as the escapes of its UTF-16 units."""
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _named_after(report: Report) -> str:
    """Return what to call a report without a title: its only table, or its command."""
    titles = [table.title for table in report.for_people if table.title]
    return titles[0] if len(titles) == 1 else report.command.replace("-", " ").capitalize()


def _heading(report: Report) -> Iterator[str]:
    header = report.context.header
    yield "finopsctl"
    if period := period_words(header):
        yield period
    if as_of := as_of_words(header):
        yield f"as of {as_of}"
    if header.get("currency"):
        yield str(header["currency"])
    if header.get("cost_basis"):
        yield f"cost basis {header['cost_basis']}"


def _contents(sections: Sequence[_Section], report: Report) -> Iterator[tuple[str, str]]:
    """Yield the links of a page that is more than a screen long."""
    if len(sections) < _SECTIONS:
        return
    yield from ((section.anchor, section.title) for section in sections if section.title)
    if report.findings:
        yield "findings", "What to know"
    if report.context.header or report.context.notes:
        yield "basis", "What the figures rest on"


def _findings(report: Report, notation: Notation) -> Iterator[_Finding]:
    for finding in gathered(report.findings):
        yield _Finding(
            severity_label(finding.severity, notation),
            severity_tone(finding.severity),
            notation.text(finding.message),
            notation.text(finding.hint),
        )


def _section(table: Table, number: int, notation: Notation, screen: Screen) -> _Section:
    grid = grid_of(table, notation)
    declared = columns_shown(table)
    named = naming_column(declared)
    kinds = [_kind(column, shown) for column, shown in zip(declared, grid.columns, strict=True)]
    is_name = [column.name == named for column in declared]
    tiles = tuple(_tiles(grid, declared)) if table.look is Look.FIGURES else ()
    figure = _figure(table, number, notation, screen)
    return _Section(
        anchor=f"part-{number}",
        title=grid.title,
        look=Look.ROWS.value if table.look is Look.FIGURES and not tiles else table.look.value,
        basis=notation.text(table.basis),
        nothing="" if grid.height else empty_sentence(grid),
        is_wide=len(declared) >= _BROAD and not tiles and not (figure and table.look is Look.CHART),
        columns=tuple(_Column(shown.title, kind) for shown, kind in zip(grid.columns, kinds, strict=True)),
        rows=tuple(_rows(grid, kinds, is_name)),
        totals=_totals(grid, kinds),
        tiles=tiles,
        chart=figure,
    )


def _kind(column: Column, shown: GridColumn) -> str:
    """Return the style of a column's cells: ``number``, ``grade``, ``plain`` or what happens to long text."""
    if column.unit is Unit.GRADE:
        return "grade"
    if shown.numeric:
        return "number"
    return shown.long.value if shown.long else "plain"


def _rows(grid: Grid, kinds: Sequence[str], is_name: Sequence[bool]) -> Iterator[tuple[_Cell, ...]]:
    for row in range(grid.height):
        yield tuple(
            _Cell(column.cells[row], kind, column.tones[row].value, "th" if names else "td")
            for column, kind, names in zip(grid.columns, kinds, is_name, strict=True)
        )


def _totals(grid: Grid, kinds: Sequence[str]) -> tuple[_Cell, ...]:
    if not grid.has_totals:
        return ()
    return tuple(
        _Cell(column.total, kind, Tone.PLAIN.value, "td" if at else "th")
        for at, (column, kind) in enumerate(zip(grid.columns, kinds, strict=True))
    )


def _tiles(grid: Grid, declared: Sequence[Column]) -> Iterator[_Tile]:
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
        yield _Tile(
            name=said[name],
            value=said[value],
            status=said[grade] if grade is not None else "",
            tone=grid.columns[grade].tones[row].value if grade is not None else "",
            change=said[change] if change is not None else "",
            change_tone=tone.value,
            verdict=_VERDICTS.get(tone, ""),
            facts=tuple((grid.columns[at].title, said[at]) for at in rest if said[at]),
        )


def _figure(table: Table, number: int, notation: Notation, screen: Screen) -> _Figure | None:
    picture = _charts.picture_of(table, notation, interactive=screen.interactive)
    if picture is None:
        return None
    drawings = []
    for canvas, spec in picture.specs:
        name = f"chart-{number}-{canvas.name}"
        svg = _charts.svg_of(spec, notation.text(table.title) or picture.axes, picture.about, name)
        drawings.append(_Drawing(canvas.name, name, _trusted(svg), spec if screen.interactive else None))
    return _Figure(picture.axes, picture.keys, picture.note, tuple(drawings))


@cache
def _script() -> str:
    """Return the one script of an interactive page: Vega, Vega-Lite and Vega-Embed, and what starts them."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(_environment().get_template("interactive.js").render())
    # No HTML parser may find its end tag in it; to a script both are the same string.
    return bundle.replace("\r\n", "\n").replace("</script", r"<\/script")
