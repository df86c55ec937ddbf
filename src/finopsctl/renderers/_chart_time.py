"""Values over time, or over anything in order: lines with their intervals, and stacked columns."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._chart_canvas import (
    DOTTED,
    TEXT,
    Key,
    Margin,
    Style,
    dash_words,
    data,
    horizontal,
    specification,
    styles,
    vertical,
)
from finopsctl.renderers._chart_points import Point, in_order
from finopsctl.renderers._chart_scales import (
    Ticks,
    along,
    amounts,
    as_moment,
    closest,
    cut,
    moment_words,
    position,
    text_width,
)
from finopsctl.renderers._palette import BAND, INK, MUTED, PANEL, REST, SERIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import altair as alt

    from finopsctl.renderers._chart_canvas import Canvas
    from finopsctl.renderers._format import Notation
    from finopsctl.results.units import Unit

_MOST = len(SERIES)
_FILLED = 0.82  # of the room between two moments, a column takes this
_BOTTOM, _TOP = 30, 10

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Course:
    """Points in order along an axis.

    Args:
        at: Where each name stands.
        words: What an axis calls each name.
        step: The least distance of two.
    """

    at: Mapping[str, float]
    words: Mapping[str, str]
    step: float


@dataclass(frozen=True, slots=True)
class Measure:
    """What the values of a chart are.

    Args:
        unit: What they count.
        notation: How they are written.
        y: The title of the values.
        limit: The title of what they are held against.
        interval: What the interval around them is called.
    """

    unit: Unit
    notation: Notation
    y: str
    limit: str
    interval: str


def course_of(points: Sequence[Point]) -> Course:
    """Return where the points stand: dates and moments by the calendar, all else one after the other."""
    first = {point.name: point.x for point in reversed(points)}
    names = in_order([point.name for point in points])
    moments = {name: moment for name in names if (moment := as_moment(first[name])) is not None}
    if len(moments) < len(names):
        return Course({name: float(at) for at, name in enumerate(names)}, {name: name for name in names}, 1.0)
    names.sort(key=lambda name: moments[name])
    at = {name: position(moments[name]) for name in names}
    words = dict(zip(names, moment_words([moments[name] for name in names]), strict=True))
    return Course(at, words, closest(list(at.values())))


def with_a_place(points: Sequence[Point]) -> list[Point]:
    """Return the points but those without a moment, where the others have one."""
    dated = any(as_moment(point.x) is not None for point in points)
    return [point for point in points if not (dated and point.x is None)]


def lines(points: Sequence[Point], measure: Measure, canvas: Canvas) -> Row:
    """Draw a line a series; further series than there are colours in the grey of the rest."""
    course = course_of(points)
    chosen = _chosen(points)
    styled = styles(chosen, dashed=len(chosen) > 1)
    scale = amounts([v for p in points for v in (p.y, p.low, p.high, p.limit) if v is not None], *_said(measure))
    x, y, margin = _axes(course, scale, canvas, 0.0 if len(course.at) > 1 else 0.5)
    runs = [
        run
        for series in in_order([p.series for p in points])
        for run in _runs(
            [p for p in points if p.series == series], course, styled.get(series, Style(REST.light, (1, 0)))
        )
    ]
    # The rest lies behind what has a colour.
    runs.sort(key=lambda run: run[0]["colour"] != REST.light)
    layers = [*_bands(points, course, styled, x, y), *_line_layers(runs, x, y), *_limits(points, course, x, y)]
    return specification(
        [*layers, *_pointers(points, course, canvas, x, y)] or [_nothing(x, y)], canvas, canvas.height, margin
    )


def line_keys(points: Sequence[Point], measure: Measure) -> list[Key]:
    """Return the legend of lines; none for one line alone."""
    chosen = _chosen(points)
    styled = styles(chosen, dashed=len(chosen) > 1)
    keys = [Key(name or measure.y, s.colour, "line", dash_words(s.dash)) for name, s in styled.items()]
    left = len(in_order([p.series for p in points])) - len(chosen)
    keys += [Key(f"{left:,} more", REST.light, "line")] if left else []
    if any(p.low is not None and p.high is not None for p in points):
        keys.append(Key(measure.interval, BAND.light))
    if any(p.limit is not None for p in points):
        keys.append(Key(measure.limit, MUTED.light, "line", dash_words(DOTTED)))
    return keys if len(keys) > 1 or (keys and chosen != [""]) else []


def columns(points: Sequence[Point], measure: Measure, canvas: Canvas) -> Row:
    """Draw a column a moment, its parts on top of one another, negative ones below nothing."""
    points = gathered_rest(points)
    course = course_of(points)
    styled = _column_styles(points)
    stacked = list(_stacked(points, course, styled))
    ends = [v for row in stacked for v in (row["y"], row["y2"])]
    ends += [v for p in points for v in (p.low, p.high, p.limit) if v is not None]
    x, y, margin = _axes(course, amounts(ends, *_said(measure)), canvas, course.step / 2)
    wide = (canvas.width - margin.left - margin.right) / max(1.0, _slots(course)) * _FILLED
    layers = [*_column_layers(stacked, canvas, wide, x, y), *_whiskers(points, course, x, y)]
    return specification([*layers, *_steps(points, course, x, y)] or [_nothing(x, y)], canvas, canvas.height, margin)


def column_keys(points: Sequence[Point], measure: Measure) -> list[Key]:
    """Return the legend of columns; none for columns of one part."""
    keys = [Key(name, colour) for name, colour in _column_styles(gathered_rest(points)).items() if name]
    if any(p.limit is not None for p in points):
        keys.append(Key(measure.limit, MUTED.light, "line", dash_words(DOTTED)))
    return keys


def gathered_rest(points: Sequence[Point]) -> list[Point]:
    """Return the points, series beyond the largest as one, which is called as tables call all other groups."""
    chosen = _chosen(points)
    others = [name for name in in_order([p.series for p in points]) if name not in chosen]
    if not others:
        return list(points)
    groups = {name: max(p.others or 1 for p in points if p.series == name) for name in others}
    count = sum(groups.values())
    return [p if p.series in chosen else replace(p, series=f"(other {count:,})", others=count) for p in points]


def _chosen(points: Sequence[Point]) -> list[str]:
    """Return the series that get a colour: all in their order if there are enough, else the largest, largest first."""
    names = in_order([p.series for p in points])
    if len(names) <= _MOST:
        return names
    size = defaultdict[str, float](float)
    for point in points:
        size[point.series] += abs(point.y or 0.0)
    groups = [name for name in names if name not in {p.series for p in points if p.others}]
    return sorted(groups, key=lambda name: -size[name])[:_MOST]


def _column_styles(points: Sequence[Point]) -> dict[str, str]:
    """Return the colour of each part, the largest part first, the rest grey and last."""
    size = defaultdict[str, float](float)
    for point in points:
        size[point.series] += abs(point.y or 0.0)
    rest = in_order([p.series for p in points if p.others])
    named = sorted((name for name in size if name not in rest), key=lambda name: -size[name])
    coloured = {name: colour.light for name, colour in zip(named, SERIES, strict=False)}
    return {**coloured, **dict.fromkeys(rest, REST.light)}


def _said(measure: Measure) -> tuple[Unit, Notation]:
    return measure.unit, measure.notation


def _axes(course: Course, scale: Ticks, canvas: Canvas, margin: float) -> tuple[alt.X, alt.Y, Margin]:
    """Return both axes and the room their words take; ``margin`` is left free before and after the moments."""
    positions, words = list(course.at.values()), list(course.words.values())
    left = max(text_width(word, TEXT) for word in scale.words) + 12
    room = canvas.width - left - 12
    if not positions:
        return horizontal(Ticks((), (), 0, 1), (0, 1)), vertical(scale), Margin(left, 12, _TOP, _BOTTOM)
    free = margin / ((positions[-1] - positions[0] + 2 * margin) or 1) * room
    slot = max(free * 2, 90)
    words = [cut(word, slot, TEXT) for word in words]
    ticks = along(positions, words, max(1.0, room - 2 * free), TEXT)
    half = text_width(ticks.words[-1], TEXT) / 2 if ticks.values and ticks.values[-1] == positions[-1] else 0
    right = max(12.0, half - free + 2)
    return (
        horizontal(ticks, (positions[0] - margin, positions[-1] + margin)),
        vertical(scale),
        Margin(max(left, text_width(ticks.words[0], TEXT) / 2 - free + 2), right, _TOP, _BOTTOM),
    )


def _slots(course: Course) -> float:
    positions = list(course.at.values())
    return (positions[-1] - positions[0]) / course.step + 1 if positions else 1


def _runs(points: Sequence[Point], course: Course, style: Style) -> Iterator[list[Row]]:
    """Yield the stretches of one series without a gap: a moment without a value, or without a row, is one."""
    by_name = {point.name: point for point in points}
    run = list[Row]()
    for name, at in course.at.items():
        point = by_name.get(name)
        if point is not None and point.y is not None:
            run.append({"x": at, "y": point.y, "colour": style.colour, "dash": list(style.dash)})
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line_layers(runs: Sequence[list[Row]], x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    import altair as alt

    colour = alt.Stroke("colour:N", scale=None, legend=None)
    drawn = [{**row, "run": number} for number, run in enumerate(runs) if len(run) > 1 for row in run]
    if drawn:
        dash = alt.StrokeDash("dash:N", scale=None, legend=None)
        marks = alt.Chart(data(drawn)).mark_line(strokeWidth=2.25, strokeJoin="round", strokeCap="butt")
        yield marks.encode(x=x, y=y, stroke=colour, strokeDash=dash, detail="run:N")
    alone = [row for run in runs if len(run) == 1 for row in run]
    if alone:
        fill = alt.Fill("colour:N", scale=None, legend=None)
        yield alt.Chart(data(alone)).mark_point(size=36, strokeWidth=0).encode(x=x, y=y, fill=fill)


def _bands(
    points: Sequence[Point], course: Course, styled: Mapping[str, Style], x: alt.X, y: alt.Y
) -> Iterator[alt.Chart]:
    """Draw intervals: a band each of stretches without a gap, a bar of one moment alone."""
    import altair as alt

    for series in styled:
        by_name = {p.name: p for p in points if p.series == series and p.low is not None and p.high is not None}
        rows, run = list[Row](), 0
        for name, at in course.at.items():
            point = by_name.get(name)
            run += point is None
            if point is not None:
                rows.append({"x": at, "y": point.low, "y2": point.high, "run": run})
        if rows:
            fill = BAND.light if len(styled) == 1 else styled[series].colour
            look = {"fillOpacity": 1.0 if len(styled) == 1 else 0.16, "fill": fill}
            yield alt.Chart(data(rows)).mark_area(**look).encode(x=x, y=y, y2="y2:Q", detail="run:N")
            if len(rows) == 1:
                yield alt.Chart(data(rows)).mark_rule(stroke=fill, strokeWidth=6).encode(x=x, y=y, y2="y2:Q")


def _limits(points: Sequence[Point], course: Course, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """Draw what values are held against as dotted lines; one that does not change goes all the way across."""
    import altair as alt

    known = [p for p in points if p.limit is not None]
    look = {"stroke": MUTED.light, "strokeWidth": 2, "strokeDash": list(DOTTED)}
    if known and len({p.limit for p in known}) == 1:
        yield alt.Chart(data([{"y": known[0].limit}])).mark_rule(**look).encode(y=y)
    elif known:
        rows = [{"x": course.at[p.name], "y": p.limit, "run": p.series} for p in known]
        rows.sort(key=lambda row: (str(row["run"]), row["x"]))
        yield alt.Chart(data(rows)).mark_line(**look).encode(x=x, y=y, detail="run:N")


def _pointers(points: Sequence[Point], course: Course, canvas: Canvas, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """Place what a pointer finds: the words of every point."""
    import altair as alt

    rows = [{"x": course.at[p.name], "y": p.y, "told": _told(p)} for p in points if p.y is not None]
    if canvas.interactive and rows:
        seen = alt.Chart(data(rows)).mark_point(size=120, opacity=0, filled=True)
        yield seen.encode(x=x, y=y, tooltip="told:N")


def _told(point: Point) -> str:
    return " · ".join(text for text in (point.name, point.series, point.words) if text)


def _stacked(points: Sequence[Point], course: Course, styled: Mapping[str, str]) -> Iterator[Row]:
    """Yield every part of every column, in the order of the legend, from nothing outwards."""
    parts: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for point in points:
        if point.y is not None:
            parts[point.name, point.series].append(point)
    half = course.step * _FILLED / 2
    for name, at in course.at.items():
        above = below = 0.0
        for series, colour in styled.items():
            together = parts.get((name, series), [])
            amount = sum(point.y or 0.0 for point in together)
            start = above if amount >= 0 else below
            if together:
                told = _told(together[0]) if len(together) == 1 else f"{name} · {series}"
                yield {
                    "x": at - half,
                    "x2": at + half,
                    "y": start,
                    "y2": start + amount,
                    "colour": colour,
                    "told": told,
                }
            above, below = (above + amount, below) if amount >= 0 else (above, below + amount)


def _column_layers(rows: Sequence[Row], canvas: Canvas, wide: float, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    import altair as alt

    if not rows:
        return
    shown = data([row if canvas.interactive else {k: v for k, v in row.items() if k != "told"} for row in rows])
    marks = alt.Chart(shown).mark_rect(stroke=PANEL.light, strokeWidth=0.75 if wide > 5 else 0)
    told = {"tooltip": "told:N"} if canvas.interactive else {}
    yield marks.encode(x=x, x2="x2:Q", y=y, y2="y2:Q", fill=alt.Fill("colour:N", scale=None, legend=None), **told)


def _whiskers(points: Sequence[Point], course: Course, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    import altair as alt

    rows = [
        {"x": course.at[p.name], "y": p.low, "y2": p.high} for p in points if p.low is not None and p.high is not None
    ]
    if rows:
        yield alt.Chart(data(rows)).mark_rule(stroke=INK.light, strokeWidth=1.25).encode(x=x, y=y, y2="y2:Q")


def _steps(points: Sequence[Point], course: Course, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """Draw the limit of each column across it."""
    import altair as alt

    limits = {p.name: p.limit for p in points if p.limit is not None}
    half = course.step / 2
    rows = [{"x": course.at[n] - half, "x2": course.at[n] + half, "y": limit} for n, limit in limits.items()]
    if rows:
        marks = alt.Chart(data(rows)).mark_rule(stroke=MUTED.light, strokeWidth=2, strokeDash=list(DOTTED))
        yield marks.encode(x=x, x2="x2:Q", y=y)


def _nothing(x: alt.X, y: alt.Y) -> alt.Chart:
    """Draw the axes alone, where no value is known."""
    import altair as alt

    return alt.Chart(data([{"x": 0, "y": 0}])).mark_point(opacity=0, size=1, color=PANEL.light).encode(x=x, y=y)
