"""Values of rows beside one another: bars, and gauges that hold each value against its limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._chart_canvas import TEXT, Key, Margin, data, specification
from finopsctl.renderers._chart_scales import cut, text_width
from finopsctl.renderers._grid import Tone
from finopsctl.renderers._palette import BAD, EDGE, FAINT, GOOD, INK, MUTED, REST, SERIES, TRACK, WARN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import altair as alt

    from finopsctl.renderers._chart_canvas import Canvas
    from finopsctl.renderers._chart_points import Point

MOST_BARS = 20
"""Bars a picture has; the table beside it has all."""

FAR = 1.6
"""A gauge goes this far, in parts of its limit: what lies beyond is cut, and its words say how far it is."""

_PLAIN = SERIES[4].light
_LABEL_SHARE = 0.3  # of the width, at most, names beside the bars take
_WORDS_SHARE = 0.6  # of the width, at most, values take
_BESIDE = 500  # pixels from which on names stand beside their bars, else above them
_TONES = {Tone.GOOD: GOOD, Tone.WARN: WARN, Tone.BAD: BAD, Tone.FAINT: FAINT, Tone.PLAIN: FAINT}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """One row to draw, in parts of the room there is.

    Args:
        name: Left of it or above it.
        words: Its value, at the right: in full, and shorter where there is no room for that.
        start: Where it begins.
        end: Where it ends.
        mark: Where what it is held against stands; None: nowhere.
        interval: The ends of the interval around it; None: there is none.
        colour: On paper.
    """

    name: str
    words: tuple[str, ...]
    start: float | None
    end: float | None
    mark: float | None
    interval: tuple[float, float] | None
    colour: str


def bars(points: Sequence[Point], canvas: Canvas) -> Row:
    """Draw a bar a row on one scale, negative ones to the left of nothing."""
    shown = points[:MOST_BARS]
    values = [v for p in shown for v in (p.y, p.low, p.high, p.limit) if v is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    span = (high - low) or 1.0

    def place(value: float | None) -> float | None:
        return None if value is None else (value - low) / span

    nothing = place(0.0)
    drawn = [_bar(p, None if p.y is None else nothing, place, REST.light if p.others else _PLAIN) for p in shown]
    return _drawn(drawn, canvas, zero=nothing if low < 0 else None)


def gauges(points: Sequence[Point], canvas: Canvas) -> Row:
    """Draw how much of its limit each value takes: all limits stand at one place, whatever their amount."""
    shown = points[:MOST_BARS]
    parts = [v / p.limit for p in shown if p.limit for v in (p.y, p.high) if v is not None]
    far = min(FAR, max([1.0, *parts]) * 1.02)
    return _drawn([_gauge(p, far) for p in shown], canvas, track=True)


def far_beyond(points: Sequence[Point]) -> bool:
    """Tell whether a gauge ends before its value does."""
    drawn = [p for p in points[:MOST_BARS] if p.limit is not None]
    return any(v > p.limit * FAR for p in drawn for v in (p.y, p.high) if v is not None and p.limit is not None)


def gauge_keys(points: Sequence[Point], value: str, limit: str, interval: str) -> list[Key]:
    """Return the legend of gauges."""
    keys = [Key(value, MUTED.light)] if any(p.y is not None for p in points) else []
    if any(p.limit is not None for p in points):
        keys.append(Key(limit, INK.light, "tick"))
    if any(p.low is not None and p.high is not None for p in points):
        keys.append(Key(interval, EDGE.light, "line"))
    return keys


def bar_keys(points: Sequence[Point], limit: str, interval: str) -> list[Key]:
    """Return the legend of bars: what is drawn beside their values."""
    return gauge_keys([p for p in points if p.limit is not None or p.low is not None], "", limit, interval)[1:]


def _bar(point: Point, start: float | None, place: Any, colour: str) -> Bar:  # noqa: ANN401
    interval = None if point.low is None or point.high is None else (place(point.low), place(point.high))
    name = " · ".join(text for text in (point.name, point.series) if text)
    words: tuple[str, ...] = (point.words,)
    if point.limit is not None:
        status = f"  {point.status}" if point.status else ""
        words = (f"{point.words} of {point.limit_words}{status}", f"{point.words}{status}", point.words)
    return Bar(name, words, start, place(point.y), place(point.limit), interval, colour)


def _gauge(point: Point, far: float) -> Bar:
    def place(value: float | None) -> float | None:
        if value is None or point.limit is None:
            return None
        if not point.limit:  # nothing is allowed: anything is beyond it
            return (1.0 if value > 0 else 0.0) if value != point.limit else 1 / far
        return min(1.0, max(0.0, value / point.limit / far))

    colour = _TONES[point.tone].light if point.tone else _PLAIN
    return _bar(point, 0.0, place, colour)


def _drawn(rows: Sequence[Bar], canvas: Canvas, *, track: bool = False, zero: float | None = None) -> Row:
    """Lay bars out: names beside or above them, their values where no bar goes, a line at ``zero`` if it is given."""
    beside = canvas.width >= _BESIDE
    rows = _worded(rows, canvas.width * _WORDS_SHARE)
    words = max((text_width(bar.words[0], TEXT) for bar in rows), default=0)
    names = min(max((text_width(bar.name, TEXT) for bar in rows), default=0), canvas.width * _LABEL_SHARE)
    left, right = (ceil(names) + 12, ceil(words) + 12) if beside else (2, 2)
    room = canvas.width - left - right
    each, thick, middle = (28, 14, 14.0) if beside else (42, 12, 28.0)
    label_room = names if beside else max(60.0, room - words - 10)
    placed = [(number * each, bar) for number, bar in enumerate(rows)]
    layers = [
        *(_tracks(placed, room, middle, thick) if track else ()),
        *_fills(placed, room, middle, thick, canvas),
        *_intervals(placed, room, middle),
        *_marks(placed, room, middle, thick),
        *_texts(placed, room, (-8.0, room + 8, middle) if beside else (0.0, room, 12.0), label_room, beside=beside),
    ]
    if zero is not None:
        layers.insert(0, _zero(placed, zero * room, middle, thick))
    return specification(layers, canvas, max(1, len(rows)) * each, Margin(left, right, 4, 4))


def _worded(rows: Sequence[Bar], room: float) -> list[Bar]:
    """Return the bars with the longest words that all of them have room for, the same kind for each."""
    for at in range(max((len(bar.words) for bar in rows), default=0)):
        chosen = [replace(bar, words=bar.words[at : at + 1] or bar.words[-1:]) for bar in rows]
        if all(text_width(bar.words[0], TEXT) <= room for bar in chosen):
            return chosen
    return [replace(bar, words=bar.words[-1:]) for bar in rows]


def _across(channel: str) -> alt.X | alt.X2:
    import altair as alt

    return alt.X2(channel) if channel.endswith("2:Q") else alt.X(channel, scale=None, axis=None)


def _down(channel: str) -> alt.Y | alt.Y2:
    import altair as alt

    return alt.Y2(channel) if channel.endswith("2:Q") else alt.Y(channel, scale=None, axis=None)


def _boxes(rows: Sequence[Row], radius: float) -> alt.Chart:
    import altair as alt

    fill = alt.Fill("colour:N", scale=None, legend=None)
    marks = alt.Chart(data(rows)).mark_rect(cornerRadius=radius)
    return marks.encode(x=_across("x:Q"), x2=_across("x2:Q"), y=_down("y:Q"), y2=_down("y2:Q"), fill=fill)


def _tracks(placed: Sequence[tuple[int, Bar]], room: float, middle: float, thick: float) -> Iterator[alt.Chart]:
    rows = [
        {"x": 0, "x2": room, "y": y + middle - thick / 2, "y2": y + middle + thick / 2, "colour": TRACK.light}
        for y, bar in placed
        if bar.mark is not None
    ]
    if rows:
        yield _boxes(rows, 3)


def _fills(
    placed: Sequence[tuple[int, Bar]], room: float, middle: float, thick: float, canvas: Canvas
) -> Iterator[alt.Chart]:
    import altair as alt

    rows = [
        {
            "x": min(bar.start, bar.end) * room,
            # A value that is not nothing is seen, however small.
            "x2": max(
                max(bar.start, bar.end) * room, min(bar.start, bar.end) * room + (1.5 if bar.start != bar.end else 0)
            ),
            "y": y + middle - thick / 2,
            "y2": y + middle + thick / 2,
            "colour": bar.colour,
            "told": f"{bar.name} · {bar.words[0]}",
        }
        for y, bar in placed
        if bar.start is not None and bar.end is not None
    ]
    if rows:
        chart = _boxes(rows, 3)
        yield chart.encode(tooltip=alt.Tooltip("told:N")) if canvas.interactive else chart


def _intervals(placed: Sequence[tuple[int, Bar]], room: float, middle: float) -> Iterator[alt.Chart]:
    import altair as alt

    rows = [
        {"x": bar.interval[0] * room, "x2": bar.interval[1] * room, "y": y + middle}
        for y, bar in placed
        if bar.interval
    ]
    if rows:
        marks = alt.Chart(data(rows)).mark_rule(stroke=EDGE.light, strokeWidth=2.5)
        yield marks.encode(x=_across("x:Q"), x2=_across("x2:Q"), y=_down("y:Q"))


def _marks(placed: Sequence[tuple[int, Bar]], room: float, middle: float, thick: float) -> Iterator[alt.Chart]:
    import altair as alt

    rows = [
        {"x": bar.mark * room, "y": y + middle - thick / 2 - 3, "y2": y + middle + thick / 2 + 3}
        for y, bar in placed
        if bar.mark is not None
    ]
    if rows:
        marks = alt.Chart(data(rows)).mark_rule(stroke=INK.light, strokeWidth=2)
        yield marks.encode(x=_across("x:Q"), y=_down("y:Q"), y2=_down("y2:Q"))


def _texts(
    placed: Sequence[tuple[int, Bar]],
    room: float,
    at: tuple[float, float, float],
    label_room: float,
    *,
    beside: bool,
) -> Iterator[alt.Chart]:
    """Write the name and the value of each row: ``at`` is where both stand across, and how far down."""
    import altair as alt

    name_x, value_x, down = at
    names = [{"x": name_x, "y": y + down, "text": cut(bar.name, label_room, TEXT)} for y, bar in placed]
    values = [{"x": room if not beside else value_x, "y": y + down, "text": bar.words[0]} for y, bar in placed]
    name_look = {"align": "right" if beside else "left", "fill": MUTED.light if beside else INK.light}
    value_look = {"align": "left" if beside else "right", "fill": INK.light, "fontWeight": 600}
    for rows, look in ((names, name_look), (values, value_look)):
        if rows:
            marks = alt.Chart(data(rows)).mark_text(baseline="middle", fontSize=TEXT, limit=0, **look)
            yield marks.encode(x=_across("x:Q"), y=_down("y:Q"), text=alt.Text("text:N"))


def _zero(placed: Sequence[tuple[int, Bar]], at: float, middle: float, thick: float) -> alt.Chart:
    """Draw the line that negative values lie left of."""
    import altair as alt

    rows = [{"x": at, "y": y + middle - thick / 2 - 4, "y2": y + middle + thick / 2 + 4} for y, _ in placed]
    marks = alt.Chart(data(rows)).mark_rule(stroke=EDGE.light, strokeWidth=1)
    return marks.encode(x=_across("x:Q"), y=_down("y:Q"), y2=_down("y2:Q"))
