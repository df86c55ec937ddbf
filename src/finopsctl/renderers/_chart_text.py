"""Charts in letters: a strip of marks for what happens over time, a bar for each row, a gauge against a limit.

Nothing is drawn where nothing is known: a gap is not a zero. Heights begin at zero, so that they compare: a line that
hardly moves looks like one. The words beside it say its values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._format import as_decimal, decimals_for, format_value, is_null
from finopsctl.results.report import ChartKind
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from finopsctl.renderers._format import Notation
    from finopsctl.results.report import Chart, Column, Table

_HEIGHTS, _ASCII_HEIGHTS = "▁▂▃▄▅▆▇█", ".:-=+*#@"
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LIMIT_AT = 0.8  # of a gauge's cells: what is beyond the limit has room, too
_MOST_SERIES = 8
_MOST_DAYS = 400
_TIMES = (ChartKind.LINES, ChartKind.COLUMNS)


@dataclass(frozen=True, slots=True)
class Strip:
    """One series over time.

    Args:
        label: What the series is called; empty: there is one.
        marks: One letter a moment, or for several; a blank where nothing is known.
        words: Its first and last value, lowest and highest, with their moments.
    """

    label: str
    marks: str
    words: str


def is_over_time(chart: Chart) -> bool:
    """Return whether a chart's values follow one another in time."""
    return chart.kind in _TIMES


def strips(table: Table, notation: Notation, cells: int) -> list[Strip]:
    """Return the series of a chart over time, the largest first where there are many, each ``cells`` wide at most."""
    chart = table.chart
    assert chart is not None
    rows = table.frame.to_dicts()
    axis = _axis([row[chart.x] for row in rows])
    if not axis:
        return []
    series = _series(chart, rows)
    known = [v for points in series.values() for v in points.values()]
    if not known:
        return []
    scale = (min(*known, 0.0), max(*known, 0.0))
    kept = _largest(series)
    step = -(-len(axis) // max(cells, 1))
    wording = _Wording(table, chart, notation, step)
    found = [
        Strip(notation.text(name), _marks(points, axis, step, scale, notation), wording.of(points, axis, name))
        for name, points in kept.items()
    ]
    left = len(series) - len(kept)
    return [*found, Strip("", "", f"and {left} more series")] if left else found


def bars(table: Table, notation: Notation, cells: int) -> list[str]:
    """Return one bar a row, of at most ``cells`` cells (a gauge: and its limit's mark); empty where there is none."""
    chart = table.chart
    assert chart is not None
    values = [_float(value) for value in table.frame[chart.y]]
    if chart.kind is ChartKind.GAUGES:
        limits = [_float(value) for value in table.frame[chart.limit]]
        return [_gauge(value, limit, cells, notation) for value, limit in zip(values, limits, strict=True)]
    most = max((value for value in values if value is not None), default=0.0)
    return ["" if value is None or most <= 0 else _bar(value / most * cells, notation) for value in values]


def _bar(length: float, notation: Notation) -> str:
    """Return a bar ``length`` cells long, to the eighth of a cell; one that is not zero is never invisible."""
    if length <= 0:
        return ""
    if notation.ascii_only:
        return "#" * max(round(length), 1)
    eighths = max(round(length * 8), 1)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _gauge(value: float | None, limit: float | None, cells: int, notation: Notation) -> str:
    if value is None or not limit or limit < 0:
        return ""
    at = round(cells * _LIMIT_AT)
    drawn = _bar(max(value, 0.0) / limit * at, notation)
    if len(drawn) > cells:
        drawn = drawn[: cells - 1] + (">" if notation.ascii_only else "▶")
    empty = "." if notation.ascii_only else "·"
    body = drawn.ljust(at, empty)
    return f"{body[:at]}|{body[at:]}"


def _axis(moments: Sequence[Any]) -> list[Any]:
    """Return the moments in order; between days every day, so that one without a row is a gap."""
    ordered = sorted({moment for moment in moments if moment is not None})
    days = [m for m in ordered if isinstance(m, date) and not isinstance(m, datetime)]
    if len(days) < 2 or len(days) != len(ordered) or (days[-1] - days[0]).days > _MOST_DAYS:
        return ordered
    return [days[0] + timedelta(days=at) for at in range((days[-1] - days[0]).days + 1)]


def _series(chart: Chart, rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[Any, float]]:
    """Return the known values of each series by moment, in the order met."""
    found: dict[str, dict[Any, float]] = {}
    for row in rows:
        name = "" if not chart.series else "(unknown)" if row[chart.series] is None else str(row[chart.series])
        value = _float(row[chart.y])
        points = found.setdefault(name, {})
        if value is not None and row[chart.x] is not None:
            points[row[chart.x]] = points.get(row[chart.x], 0.0) + value
    return {name: points for name, points in found.items() if points}


def _largest(series: dict[str, dict[Any, float]]) -> dict[str, dict[Any, float]]:
    if len(series) <= _MOST_SERIES:
        return series
    names = sorted(series, key=lambda name: -sum(map(abs, series[name].values())))[:_MOST_SERIES]
    return {name: series[name] for name in names}


def _marks(
    points: Mapping[Any, float], axis: Sequence[Any], step: int, scale: tuple[float, float], notation: Notation
) -> str:
    levels = _ASCII_HEIGHTS if notation.ascii_only else _HEIGHTS
    marks = []
    for at in range(0, len(axis), step):
        values = [points[moment] for moment in axis[at : at + step] if moment in points]
        marks.append(levels[_level(sum(values) / len(values), scale, len(levels))] if values else " ")
    return "".join(marks)


def _level(value: float, scale: tuple[float, float], levels: int) -> int:
    low, high = scale
    if high <= low:
        return 0
    return min(max(int((value - low) / (high - low) * (levels - 1) + 0.5), 0), levels - 1)


@dataclass(frozen=True, slots=True)
class _Wording:
    """How the values of a chart are said."""

    table: Table
    chart: Chart
    notation: Notation
    step: int

    def of(self, points: Mapping[Any, float], axis: Sequence[Any], name: str) -> str:
        """Return first and last value, lowest and highest."""
        known = [moment for moment in axis if moment in points]
        first, last = known[0], known[-1]
        if first == last:
            return self._at(points, first)
        least, most = min(known, key=points.__getitem__), max(known, key=points.__getitem__)
        between = f"{self._at(points, first)} to {self._at(points, last)}{self._interval(last, name)}"
        ends = {points[first], points[last]}
        spread = [
            f"{word} {self._at(points, at)}"
            for word, at in (("lowest", least), ("highest", most))
            if points[at] not in ends
        ]
        grouped = [f"each mark is {self.step} of them"] if self.step > 1 else []
        return "; ".join([between, ", ".join(spread), *grouped] if spread else [between, *grouped])

    def _at(self, points: Mapping[Any, float], moment: Any) -> str:  # noqa: ANN401 - of any column
        unit = _unit(self.table, self.chart.y)
        decimals = decimals_for(unit, points.values(), self.notation)
        said = format_value(points[moment], unit, self.notation, decimals)
        when = format_value(moment, _unit(self.table, self.chart.x), self.notation)
        return f"{said} ({when})"

    def _interval(self, moment: Any, name: str) -> str:  # noqa: ANN401
        """Return the ends of the interval around the last value."""
        chart = self.chart
        if not (chart.low and chart.high):
            return ""
        own = (r for r in self.table.frame.to_dicts() if r[chart.x] == moment)
        row = next((r for r in own if not chart.series or str(r[chart.series]) == name), None)
        if row is None or is_null(row[chart.low]) or is_null(row[chart.high]):
            return ""
        unit = _unit(self.table, chart.y)
        low, high = (format_value(row[end], unit, self.notation) for end in (chart.low, chart.high))
        return f", {low} to {high} likely"


def _unit(table: Table, name: str) -> Unit:
    column: Column | None = next((column for column in table.columns if column.name == name), None)
    return column.unit if column else Unit.COUNT


def _float(value: Any) -> float | None:  # noqa: ANN401
    return None if is_null(value) else float(as_decimal(value))
