"""Scales as conditions of PromQL: which values of a series have a grade."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.metrics.kpi import Band, Scale
    from finopsctl.results.units import Grade

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True, slots=True)
class Span:
    """Values between two bounds; infinite where there is none.

    Args:
        low: The lower bound.
        high: The upper bound.
        above: Whether values lie above ``low``, rather than at it or above.
        below: Whether values lie below ``high``, rather than at it or below.
    """

    low: float = -inf
    high: float = inf
    above: bool = False
    below: bool = False

    def cut(self, operator: str, limit: float) -> Span:
        """Return the part that stands in ``operator`` relation to ``limit``."""
        strict = operator in {"<", ">"}
        if operator.startswith(">"):
            tighter = limit > self.low or (limit == self.low and strict)
            return Span(limit, self.high, strict, self.below) if tighter else self
        tighter = limit < self.high or (limit == self.high and strict)
        return Span(self.low, limit, self.above, strict) if tighter else self

    @property
    def is_empty(self) -> bool:
        """Whether no value lies in it."""
        return self.low > self.high or (self.low == self.high and (self.above or self.below))

    def condition(self, series: str) -> str:
        """Return the query that gives ``series`` where its value lies in the span."""
        text = series
        if self.low > -inf:
            text += f" {'>' if self.above else '>='} {number(self.low)}"
        return text + (f" {'<' if self.below else '<='} {number(self.high)}" if self.high < inf else "")

    def words(self) -> str:
        """Return the span in words: ``above 0.01, at most 0.05``."""
        parts = []
        if self.low > -inf:
            parts.append(f"{'above' if self.above else 'at least'} {number(self.low)}")
        if self.high < inf:
            parts.append(f"{'below' if self.below else 'at most'} {number(self.high)}")
        return ", ".join(parts)


def number(value: float) -> str:
    """Return a number as PromQL reads it."""
    return f"{value:.12g}"


def spans(scale: Scale) -> Iterator[tuple[Grade, Span]]:
    """Yield what each band of a scale leaves to it, and the rest, in order; a band decides before those after it."""
    taken: list[Band] = []
    for band in scale.bands:
        yield band.grade, _left(taken).cut(band.operator, band.limit)
        taken.append(band)
    yield scale.rest, _left(taken)


def _left(taken: list[Band]) -> Span:
    left = Span()
    for band in taken:
        left = left.cut(_OPPOSITE[band.operator], band.limit)
    return left


def graded(scale: Scale, grade: Grade) -> tuple[Span, ...]:
    """Return the spans of values that have ``grade``."""
    return tuple(span for of, span in spans(scale) if of is grade and not span.is_empty)


def grade_of(scale: Scale, value: float) -> Grade:
    """Return the grade of one value."""
    for grade, span in spans(scale):
        whole = span.cut(">=", value).cut("<=", value)
        if not whole.is_empty:
            return grade
    return scale.rest
