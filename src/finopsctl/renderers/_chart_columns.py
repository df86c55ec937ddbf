"""Columns over time: the parts of each moment on top of one another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._chart_canvas import DOTTED, Key, dash_words, data, specification
from finopsctl.renderers._chart_points import in_order
from finopsctl.renderers._chart_scales import amounts
from finopsctl.renderers._chart_time import axes, chosen, course_of, nothing, told, zero_line
from finopsctl.renderers._palette import INK, MUTED, PANEL, REST, SERIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import altair as alt

    from finopsctl.renderers._chart_canvas import Canvas
    from finopsctl.renderers._chart_points import Point
    from finopsctl.renderers._chart_time import Course, Measure

_FILLED = 0.82  # of the room between two moments, a column takes this
_WIDEST = 64  # pixels, however much room there is
_PLAIN = SERIES[4].light  # of columns of one part

Row = dict[str, Any]


def columns(points: Sequence[Point], measure: Measure, canvas: Canvas) -> Row:
    """Draw a column a moment, its parts on top of one another, negative ones below nothing."""
    points = gathered_rest(points)
    course = course_of(points)
    styled = _column_styles(points)
    ends = [v for row in _stacked(points, course, styled, 0) for v in (row["y"], row["y2"])]
    ends += [v for p in points for v in (p.low, p.high, p.limit) if v is not None]
    scale = amounts(ends, measure.unit, measure.notation)
    x, y, margin = axes(course, scale, canvas, course.step / 2)
    slot = (canvas.width - margin.left - margin.right) / max(1.0, _slots(course))
    wide = min(_FILLED * slot, _WIDEST)
    stacked = list(_stacked(points, course, styled, course.step * wide / slot / 2))
    layers = [*_column_layers(stacked, canvas, wide, x, y), *_whiskers(points, course, x, y)]
    layers += [*_steps(points, course, x, y), *zero_line(scale, y)]
    return specification(layers or [nothing(x, y)], canvas, canvas.height, margin)


def column_keys(points: Sequence[Point], measure: Measure) -> list[Key]:
    """Return the legend of columns; none for columns of one part."""
    keys = [Key(name, colour) for name, colour in _column_styles(gathered_rest(points)).items() if name]
    if any(p.limit is not None for p in points):
        keys.append(Key(measure.limit, MUTED.light, "line", dash_words(DOTTED)))
    return keys


def gathered_rest(points: Sequence[Point]) -> list[Point]:
    """Return the points, series beyond the largest as one, which is called as tables call all other groups."""
    coloured = chosen(points)
    others = [name for name in in_order([p.series for p in points]) if name not in coloured]
    if not others:
        return list(points)
    groups = {name: max(p.others or 1 for p in points if p.series == name) for name in others}
    count = sum(groups.values())
    return [p if p.series in coloured else replace(p, series=f"(other {count:,})", others=count) for p in points]


def _column_styles(points: Sequence[Point]) -> dict[str, str]:
    """Return the colour of each part, the largest part first, the rest grey and last."""
    size = defaultdict[str, float](float)
    for point in points:
        size[point.series] += abs(point.y or 0.0)
    rest = in_order([p.series for p in points if p.others])
    named = sorted((name for name in size if name not in rest), key=lambda name: -size[name])
    coloured = {name: colour.light for name, colour in zip(named, SERIES, strict=False)}
    coloured = dict.fromkeys(coloured, _PLAIN) if len(named) == 1 and not rest else coloured
    return {**coloured, **dict.fromkeys(rest, REST.light)}


def _slots(course: Course) -> float:
    positions = list(course.at.values())
    return (positions[-1] - positions[0]) / course.step + 1 if positions else 1


def _stacked(points: Sequence[Point], course: Course, styled: Mapping[str, str], half: float) -> Iterator[Row]:
    """Yield every part of every column, in the order of the legend, from nothing outwards; ``half`` is half as wide."""
    parts: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for point in points:
        if point.y is not None:
            parts[point.name, point.series].append(point)
    for name, at in course.at.items():
        above = below = 0.0
        for series, colour in styled.items():
            together = parts.get((name, series), [])
            amount = sum(point.y or 0.0 for point in together)
            start = above if amount >= 0 else below
            if together:
                words = told(together[0]) if len(together) == 1 else f"{name} · {series}"
                yield {
                    "x": at - half,
                    "x2": at + half,
                    "y": start,
                    "y2": start + amount,
                    "colour": colour,
                    "told": words,
                }
            above, below = (above + amount, below) if amount >= 0 else (above, below + amount)


def _column_layers(rows: Sequence[Row], canvas: Canvas, wide: float, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    import altair as alt

    if not rows:
        return
    shown = data([row if canvas.interactive else {k: v for k, v in row.items() if k != "told"} for row in rows])
    marks = alt.Chart(shown).mark_rect(stroke=PANEL.light, strokeWidth=0.75 if wide > 5 else 0)
    told = {"tooltip": alt.Tooltip("told:N")} if canvas.interactive else {}
    yield marks.encode(
        x=x, x2=alt.X2("x2:Q"), y=y, y2=alt.Y2("y2:Q"), fill=alt.Fill("colour:N", scale=None, legend=None), **told
    )


def _whiskers(points: Sequence[Point], course: Course, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    import altair as alt

    rows = [
        {"x": course.at[p.name], "y": p.low, "y2": p.high} for p in points if p.low is not None and p.high is not None
    ]
    if rows:
        yield alt.Chart(data(rows)).mark_rule(stroke=INK.light, strokeWidth=1.25).encode(x=x, y=y, y2=alt.Y2("y2:Q"))


def _steps(points: Sequence[Point], course: Course, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """Draw the limit of each column across it."""
    import altair as alt

    limits = {p.name: p.limit for p in points if p.limit is not None}
    half = course.step / 2
    rows = [{"x": course.at[n] - half, "x2": course.at[n] + half, "y": limit} for n, limit in limits.items()]
    if rows:
        marks = alt.Chart(data(rows)).mark_rule(stroke=MUTED.light, strokeWidth=2, strokeDash=list(DOTTED))
        yield marks.encode(x=x, x2=alt.X2("x2:Q"), y=y)
