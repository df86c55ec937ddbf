"""Where things stand over time, or over anything in order: what lines and columns have in common."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finopsctl.renderers._chart_canvas import TEXT, Margin, data, horizontal, vertical
from finopsctl.renderers._chart_points import in_order
from finopsctl.renderers._chart_scales import (
    Ticks,
    along,
    as_moment,
    closest,
    cut,
    moment_words,
    position,
    text_width,
)
from finopsctl.renderers._palette import EDGE, PANEL, SERIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import altair as alt

    from finopsctl.renderers._chart_canvas import Canvas
    from finopsctl.renderers._chart_points import Point
    from finopsctl.renderers._format import Notation
    from finopsctl.results.units import Unit

_MOST = len(SERIES)
_BOTTOM, _TOP = 30, 10


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


def chosen(points: Sequence[Point]) -> list[str]:
    """Return the series that get a colour: all in their order if there are enough, else the largest, largest first."""
    names = in_order([p.series for p in points])
    if len(names) <= _MOST:
        return names
    size = defaultdict[str, float](float)
    for point in points:
        size[point.series] += abs(point.y or 0.0)
    groups = [name for name in names if name not in {p.series for p in points if p.others}]
    return sorted(groups, key=lambda name: -size[name])[:_MOST]


def axes(course: Course, scale: Ticks, canvas: Canvas, margin: float) -> tuple[alt.X, alt.Y, Margin]:
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


def told(point: Point) -> str:
    return " · ".join(text for text in (point.name, point.series, point.words) if text)


def zero_line(scale: Ticks, y: alt.Y) -> Iterator[alt.Chart]:
    """Draw where nothing is, if values go below it."""
    import altair as alt

    if scale.start < 0:
        yield alt.Chart(data([{"y": 0}])).mark_rule(stroke=EDGE.light, strokeWidth=1).encode(y=y)


def nothing(x: alt.X, y: alt.Y) -> alt.Chart:
    """Draw the axes alone, where no value is known."""
    import altair as alt

    return alt.Chart(data([{"x": 0, "y": 0}])).mark_point(opacity=0, size=1, color=PANEL.light).encode(x=x, y=y)
