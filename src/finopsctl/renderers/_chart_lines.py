"""Lines over time: a line a series with the interval around it, and what values are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finopsctl.renderers._chart_canvas import DOTTED, Key, Style, dash_words, data, specification, styles
from finopsctl.renderers._chart_points import in_order
from finopsctl.renderers._chart_scales import amounts
from finopsctl.renderers._chart_time import axes, chosen, course_of, nothing, told, zero_line
from finopsctl.renderers._palette import BAND, MUTED, REST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import altair as alt

    from finopsctl.renderers._chart_canvas import Canvas
    from finopsctl.renderers._chart_points import Point
    from finopsctl.renderers._chart_time import Course, Measure

Row = dict[str, Any]


def lines(points: Sequence[Point], measure: Measure, canvas: Canvas) -> Row:
    """Draw a line a series; further series than there are colours in the grey of the rest."""
    course = course_of(points)
    coloured = chosen(points)
    styled = styles(coloured, dashed=len(coloured) > 1)
    scale = amounts(
        [v for p in points for v in (p.y, p.low, p.high, p.limit) if v is not None], measure.unit, measure.notation
    )
    x, y, margin = axes(course, scale, canvas, 0.0 if len(course.at) > 1 else 0.5)
    runs = [
        run
        for series in in_order([p.series for p in points])
        for run in _runs(
            [p for p in points if p.series == series], course, styled.get(series, Style(REST.light, (1, 0)))
        )
    ]
    # The rest lies behind what has a colour.
    runs.sort(key=lambda run: run[0]["colour"] != REST.light)
    layers = [
        *_bands(points, course, styled, x, y),
        *_line_layers(runs, x, y),
        *_limits(points, course, x, y),
        *zero_line(scale, y),
    ]
    return specification(
        [*layers, *_pointers(points, course, canvas, x, y)] or [nothing(x, y)], canvas, canvas.height, margin
    )


def line_keys(points: Sequence[Point], measure: Measure) -> list[Key]:
    """Return the legend of lines; none for one line alone."""
    coloured = chosen(points)
    styled = styles(coloured, dashed=len(coloured) > 1)
    keys = [Key(name or measure.y, s.colour, "line", dash_words(s.dash)) for name, s in styled.items()]
    left = len(in_order([p.series for p in points])) - len(coloured)
    keys += [Key(f"{left:,} more", REST.light, "line")] if left else []
    if any(p.low is not None and p.high is not None for p in points):
        keys.append(Key(measure.interval, BAND.light))
    if any(p.limit is not None for p in points):
        keys.append(Key(measure.limit, MUTED.light, "line", dash_words(DOTTED)))
    return keys if len(keys) > 1 or (keys and coloured != [""]) else []


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
        yield marks.encode(x=x, y=y, stroke=colour, strokeDash=dash, detail=alt.Detail("run:N"))
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
            yield (
                alt.Chart(data(rows)).mark_area(**look).encode(x=x, y=y, y2=alt.Y2("y2:Q"), detail=alt.Detail("run:N"))
            )
            if len(rows) == 1:
                yield alt.Chart(data(rows)).mark_rule(stroke=fill, strokeWidth=6).encode(x=x, y=y, y2=alt.Y2("y2:Q"))


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
        yield alt.Chart(data(rows)).mark_line(**look).encode(x=x, y=y, detail=alt.Detail("run:N"))


def _pointers(points: Sequence[Point], course: Course, canvas: Canvas, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """Place what a pointer finds: the words of every point."""
    import altair as alt

    rows = [{"x": course.at[p.name], "y": p.y, "told": told(p)} for p in points if p.y is not None]
    if canvas.interactive and rows:
        seen = alt.Chart(data(rows)).mark_point(size=120, opacity=0, filled=True)
        yield seen.encode(x=x, y=y, tooltip=alt.Tooltip("told:N"))
