"""The back-test table: our method beside burn rate, last week repeated and means, on the user's own days."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from finopsctl.forecasting import Accuracy, backtest
from finopsctl.forecasting.accuracy import COMPARED
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.analyses.forecast.parts import Part

_WEEK = 7
_PARTS = 50
_MUCH, _LITTLE = 0.1, 0.005  # of our error, and at least half a point: less of a difference is chance
_HELD = 0.7


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


def verdicts(backtests: Sequence[Backtest]) -> tuple[Finding, ...]:
    """Say what a back-test shows, of the longest totals: how far off the method was, and whether another was better."""
    days = max(row.days for row in backtests)
    rows = [row for row in backtests if row.days == days and row.accuracy.wape is not None]
    ours = next((row.accuracy for row in rows if row.ours), None)
    if ours is None or ours.wape is None:
        return ()
    best = min(rows, key=lambda row: (row.accuracy.wape or 0.0, not row.ours)).accuracy
    said = f"Over {counted(ours.origins, 'total')} of {counted(days, 'day')} this method was off by {ours.wape:.1%}"
    gap = ours.wape - (best.wape or 0.0)
    is_worse = gap > max(ours.wape * _MUCH, _LITTLE)
    if is_worse:
        said += f", {best.title} by {best.wape:.1%}"
    elif gap < _LITTLE / 10:
        said += ", the least of all"
    holds_little = ours.coverage is not None and ours.coverage < _HELD
    if ours.coverage is not None:
        said += f"; its 80% interval held {ours.coverage:.1%} of them"
    evidence = {"days": days, "wape": ours.wape, "coverage": ours.coverage, "best": best.method, "best_wape": best.wape}
    severity = Severity.WARNING if is_worse or holds_little else Severity.INFO
    hint = f"Try --method {best.method}." if is_worse else ""
    return (Finding(severity, "backtest", f"{said}.", hint, evidence),)
