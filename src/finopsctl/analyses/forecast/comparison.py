"""The back-test table: our method beside burn rate, last week repeated and means, on the user's own days."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from finopsctl.forecasting import Accuracy, backtest
from finopsctl.forecasting.accuracy import COMPARED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.analyses.forecast.parts import Part

_WEEK = 7
_PARTS = 50


@dataclass(frozen=True, slots=True)
class Backtest:
    """How one method did on totals of one length.

    Args:
        days: The length.
        accuracy: On the fleet.
        parts_median: The median WAPE of the parts; None without parts.
        ours: Whether it is the method of the forecast.
    """

    days: int
    accuracy: Accuracy
    parts_median: float | None
    ours: bool


def compared(fleet: Part, parts: Sequence[Part], ahead: int, method: str) -> tuple[Backtest, ...]:
    """Back-test the forecast's method beside the others, on totals of a week and of the horizon's length.

    Lengths the history is too short for are left out; none left is an empty answer.
    """
    ours = "auto" if method == "auto_ets" else method
    names = (ours, *(name for name in COMPARED if name != ours))
    lengths = sorted({_WEEK, ahead} - {0})
    rows = [_row(fleet, parts, name, days, ours=name == ours) for days in lengths for name in names]
    return tuple(row for row in rows if row.accuracy.origins)


def _row(fleet: Part, parts: Sequence[Part], name: str, days: int, *, ours: bool) -> Backtest:
    (whole,) = backtest(fleet.series, days, (name,))
    errors = [backtest(part.series, days, (name,), coverage=False)[0].wape for part in parts[:_PARTS]]
    known = [error for error in errors if error is not None]
    return Backtest(days, whole, median(known) if known else None, ours)
