"""Charts as pictures: a table's rows drawn for each width a page can have, as SVG that stands inside HTML.

Vega-Lite specifications are written with altair and drawn by vl-convert, without a browser. Their layout is ours to
the pixel, in a font wide enough for any reader's, so that no word is cut in one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from finopsctl.renderers._chart_bars import FAR, MOST_BARS, bar_keys, bars, far_beyond, gauge_keys, gauges
from finopsctl.renderers._chart_canvas import FONT, Canvas
from finopsctl.renderers._chart_columns import column_keys, columns
from finopsctl.renderers._chart_lines import line_keys, lines
from finopsctl.renderers._chart_points import column_named, in_order, points_of, unit_of
from finopsctl.renderers._chart_time import Measure, with_a_place
from finopsctl.results.report import ChartKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from finopsctl.renderers._chart_canvas import Key
    from finopsctl.renderers._chart_points import Point
    from finopsctl.renderers._format import Notation
    from finopsctl.results.report import Chart, Table

CANVASES = (Canvas("narrow", 318, 190), Canvas("middle", 600, 230), Canvas("wide", 1028, 270))
"""A phone, a tablet or a sheet of paper, a desk."""

_SVG = "http://www.w3.org/2000/svg"
_DRAWN = frozenset({"svg", "g", "path", "line", "rect", "text", "tspan"})
_KEPT = re.compile(
    r"d|x|y|x1|x2|y1|y2|dx|dy|width|height|transform|fill|stroke|opacity|(fill|stroke)-[a-z]+|text-anchor|font-(size|weight)"
)
_KINDS = {ChartKind.LINES: "Lines", ChartKind.COLUMNS: "Columns", ChartKind.BARS: "Bars", ChartKind.GAUGES: "Gauges"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, ready to be drawn.

    Args:
        specs: What to draw on each canvas: Vega-Lite specifications.
        keys: The legend; empty where there is nothing to tell apart.
        axes: What is drawn over what, in the words of the table's headings.
        about: What a reader who cannot see it is told.
        note: What is not drawn; "": all is.
    """

    specs: tuple[tuple[Canvas, dict[str, Any]], ...]
    keys: tuple[Key, ...]
    axes: str
    about: str
    note: str


def picture_of(table: Table, notation: Notation, *, interactive: bool = False) -> Picture | None:
    """Return the chart of a table; None where it has none, or nothing to draw."""
    chart = table.chart
    if chart is None or not table.frame.height:
        return None
    points = points_of(table, chart, notation)
    over_time = chart.kind in {ChartKind.LINES, ChartKind.COLUMNS}
    rows, points = len(points), with_a_place(points) if over_time else points
    if not any(point.y is not None for point in points):
        return None
    draw, keys = _drawing(table, chart, points, notation)
    canvases = [replace(canvas, interactive=interactive) for canvas in CANVASES]
    return Picture(
        tuple(_drawn(draw, canvases)),
        tuple(keys),
        notation.text(_axes(table, chart)),
        notation.text(_about(table, chart, points)),
        " ".join(_left_out(chart, points, rows, notation.text(column_named(table, chart.x).title))),
    )


def _drawn(
    draw: Callable[[Canvas], dict[str, Any]], canvases: Sequence[Canvas]
) -> Iterator[tuple[Canvas, dict[str, Any]]]:
    """Yield what to draw on each canvas, without altair checking every part of it as it is made."""
    from altair.utils.schemapi import debug_mode

    with debug_mode(False):
        yield from ((canvas, draw(canvas)) for canvas in canvases)


def _drawing(
    table: Table, chart: Chart, points: Sequence[Point], notation: Notation
) -> tuple[Callable[[Canvas], dict[str, Any]], list[Key]]:
    """Return what draws a chart on a canvas, and its legend."""
    value, limit, low, high = (
        notation.text(column_named(table, name).title) if name else ""
        for name in (chart.y, chart.limit, chart.low, chart.high)
    )
    interval = f"{low} to {high}"
    measure = Measure(unit_of(table, chart.y), notation, value, limit, interval)
    match chart.kind:
        case ChartKind.LINES:
            return (lambda canvas: lines(points, measure, canvas)), line_keys(points, measure)
        case ChartKind.COLUMNS:
            return (lambda canvas: columns(points, measure, canvas)), column_keys(points, measure)
        case ChartKind.GAUGES if any(point.limit is not None for point in points):
            return (lambda canvas: gauges(points, canvas)), gauge_keys(points, value, limit, interval)
        case _:  # gauges without limits too
            return (lambda canvas: bars(points, canvas)), bar_keys(points, limit, interval)


def _left_out(chart: Chart, points: Sequence[Point], rows: int, x: str) -> Iterator[str]:
    """Say what a picture does not show of so many rows."""
    if rows > len(points):
        left = rows - len(points)
        yield f"{left:,} {'row is' if left == 1 else 'rows are'} not drawn, for want of a {x}; the table has all."
    if chart.kind in {ChartKind.BARS, ChartKind.GAUGES} and len(points) > MOST_BARS:
        yield f"The first {MOST_BARS} of {len(points):,} are drawn; the table has all."
    if chart.kind is ChartKind.GAUGES and far_beyond(points):
        yield f"A bar ends at {FAR:.0%} of its limit, however far its value goes."


def _axes(table: Table, chart: Chart) -> str:
    """Say what is drawn, by what; that an axis is of time it says itself."""
    over_time = chart.kind in {ChartKind.LINES, ChartKind.COLUMNS}
    split = chart.series if over_time else chart.x
    title = column_named(table, chart.y).title
    return f"{title} by {_in_a_sentence(column_named(table, split).title)}" if split else title


def _in_a_sentence(title: str) -> str:
    return title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def _about(table: Table, chart: Chart, points: Sequence[Point]) -> str:
    """Describe a chart in words: what it shows, from where to where, and its extremes."""
    known = [point for point in points if point.y is not None]
    names, series = in_order([p.name for p in points]), in_order([p.series for p in points if p.series])
    many = f", {len(series):,} series" if series else ""
    span = f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0]
    highest, lowest = max(known, key=lambda p: p.y or 0), min(known, key=lambda p: p.y or 0)
    ends = f" Highest: {_said(highest)}." + (f" Lowest: {_said(lowest)}." if lowest is not highest else "")
    return f"{_KINDS[chart.kind]}: {_axes(table, chart)}, {span}{many}.{ends} The table holds every value."


def _said(point: Point) -> str:
    return f"{point.words} ({' · '.join(text for text in (point.name, point.series) if text)})"


def svg_of(spec: Mapping[str, Any], title: str, about: str, name: str) -> str:
    """Draw a specification as an SVG element for HTML.

    Args:
        spec: A Vega-Lite specification that holds its data.
        title: What it is called.
        about: What it shows, for readers who cannot see it.
        name: Unique in its document; letters, digits and dashes.
    """
    import vl_convert

    drawn = ET.fromstring(vl_convert.vegalite_to_svg(dict(spec), vl_version=_vega_lite()))  # noqa: S314 - our own
    _tidy(drawn)
    drawn.attrib |= {"xmlns": _SVG, "font-family": FONT, "role": "img", "aria-labelledby": f"{name}-title {name}-about"}
    for at, (tag, text) in enumerate((("title", title), ("desc", about))):
        element = ET.Element(tag, {"id": f"{name}-{'title' if tag == 'title' else 'about'}"})
        element.text = text
        drawn.insert(at, element)
    return ET.tostring(drawn, encoding="unicode", short_empty_elements=True)


def _vega_lite() -> str | None:
    """Return the version altair writes for, where vl-convert has it; else its newest."""
    import altair as alt
    import vl_convert

    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return version if version in vl_convert.get_vegalite_versions() else None


def _tidy(element: ET.Element) -> None:
    """Keep what is drawn, and of it what says how: no names of elements, no links, nothing that acts."""
    element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    kept = "viewBox|" + _KEPT.pattern if element.tag == "svg" else _KEPT.pattern
    element.attrib = {name: value for name, value in element.attrib.items() if re.fullmatch(kept, name)}
    element.tail = None
    for child in list(element):
        invisible = (
            child.get("display") == "none" or child.get("class") == "background" or child.get("fill") == "transparent"
        )
        if invisible or child.tag.removeprefix(f"{{{_SVG}}}") not in _DRAWN:
            element.remove(child)
        else:
            _tidy(child)
