"""The expected path of a series with the distribution of what its next days add up to.

The total of the first ``n`` days is described by three figures: the expected path's sum is P50, and the method's own
past errors give P10 and P90 (see ``spread``). Between and beyond them a two-piece normal distribution is laid, the
one central banks draw their fan charts with: its left half has the spread of P50 - P10, its right half that of
P90 - P50. Totals stay at or above zero unless a week of the history was below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from finopsctl.forecasting.calendar import days_from
from finopsctl.forecasting.methods import SHORT, check_method
from finopsctl.forecasting.model import Fit, fitted
from finopsctl.forecasting.spread import Z90, never_negative

if TYPE_CHECKING:
    from datetime import date

    from finopsctl.forecasting.series import Series

FEW_ERRORS = 20
"""Independent back-test errors below which an interval is widened and said to rest on little."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What the days after a series are expected to bring.

    Args:
        days: The days forecast, the first one after the series first.
        expected: The expected amount of each day (P50); None without history.
        p10: One day in ten is lower; None without history or with fewer than three past errors to learn from.
        p90: One day in ten is higher.
        method: What was done, fit for a sentence.
        errors: How many rolling-origin errors stand behind the interval of the whole horizon.
        independent_errors: How many independent ones they are worth, since origins a day apart overlap.
        history: Days of history.
        notes: What a reader must know: a short history, few errors, a month-end effect.
    """

    days: tuple[date, ...]
    expected: tuple[float | None, ...]
    p10: tuple[float | None, ...]
    p90: tuple[float | None, ...]
    method: str
    errors: int
    independent_errors: float
    history: int
    notes: tuple[str, ...] = ()
    _totals: tuple[tuple[float, float, float], ...] = ()  # of the first n days: expected, down to P10, up to P90
    _floor: float | None = None

    @property
    def known(self) -> bool:
        """Whether there is any history to continue."""
        return self.history > 0

    @property
    def has_interval(self) -> bool:
        """Whether there are past errors enough to tell how far off the path may be."""
        return self.errors > 0

    def total(self, quantile: float = 0.5, days: int | None = None) -> float | None:
        """Return a quantile of the total of the first ``days`` days (None: all of them).

        None without history, and for another quantile than 0.5 where too few past errors tell the spread.

        Raises:
            ValueError: For a quantile outside (0, 1) or more days than were forecast.
        """
        if not 0 < quantile < 1:
            raise ValueError("a quantile lies between 0 and 1")
        span = self._span(days)
        if not self.known or (quantile != 0.5 and not self.has_interval):
            return None
        if span == 0:
            return 0.0
        expected, below, above = self._totals[span - 1]
        z = NormalDist().inv_cdf(quantile) / Z90 if quantile != 0.5 else 0.0
        return self._at_least_floor(expected + z * (below if z < 0 else above))

    def probability_above(self, amount: float, days: int | None = None) -> float | None:
        """Return how likely the total of the first ``days`` days is to exceed ``amount``; None without an interval."""
        span = self._span(days)
        if not self.known or not self.has_interval:
            return None
        expected, below, above = self._totals[span - 1] if span else (0.0, 0.0, 0.0)
        if self._floor is not None and amount < self._floor:
            return 1.0
        side = above if amount > expected else below
        if round(side, 6) == 0:
            return 1.0 if _exceeds(expected, amount) else 0.0
        return 1.0 - NormalDist().cdf((amount - expected) / side * Z90)

    def first_day_above(self, amount: float, quantile: float = 0.5) -> date | None:
        """Return the first day on which the cumulated amount at ``quantile`` exceeds ``amount``.

        None where it does not within the horizon, without history, or without an interval to take a quantile of.
        """
        for span, day in enumerate(self.days, 1):
            total = self.total(quantile, span)
            if total is None:
                return None
            if _exceeds(total, amount):
                return day
        return None

    def _span(self, days: int | None) -> int:
        span = len(self.days) if days is None else days
        if not 0 <= span <= len(self.days):
            raise ValueError(f"{len(self.days)} days were forecast, not {span}")
        return span

    def _at_least_floor(self, amount: float) -> float:
        return amount if self._floor is None else max(amount, self._floor)


def _exceeds(total: float, amount: float) -> bool:
    """Return whether a total is more than an amount by a millionth or more: less is the noise of adding floats."""
    return round(total - amount, 6) > 0


def outlook(series: Series, horizon: int, *, method: str = "auto") -> Outlook:
    """Continue a daily series by ``horizon`` days.

    No history gives an outlook without figures, never an error; one day gives its amount without an interval; zeros
    give zeros.

    Args:
        series: The days known, the last one whole.
        horizon: How many days to forecast; 0 gives an empty outlook.
        method: One of ``METHOD_NAMES``. ``auto`` is the weekday profile x level, with a month-end effect
            where the history shows one, and the mean where there are fewer than two weeks.

    Raises:
        ConfigError: For an unknown method, or ``auto_ets`` without the extra it needs.
        ValueError: For a negative horizon.
    """
    check_method(method)
    if horizon < 0:
        raise ValueError("a horizon is zero days or more")
    days = days_from(series.after, horizon)
    if not series.values:
        nothing = (None,) * horizon
        return Outlook(days, nothing, nothing, nothing, "no history", 0, 0.0, 0, ("there is no history to continue",))
    fit = fitted(series, max(horizon, 1), method)
    return _described(series, fit, days)


def _described(series: Series, fit: Fit, days: tuple[date, ...]) -> Outlook:
    horizon = len(days)
    floor = 0.0 if never_negative(np.asarray(series.values, dtype=float)) else None
    day_floor = 0.0 if min(series.values) >= 0 else None
    totals = np.cumsum(fit.path)
    spread = fit.spread
    nothing = (None,) * horizon
    low: tuple[float | None, ...] = nothing
    high: tuple[float | None, ...] = nothing
    below = above = np.zeros(len(totals))
    if spread is not None:
        below, above = spread.below * np.abs(totals), spread.above * np.abs(totals)
        low = tuple(
            x if day_floor is None else max(x, day_floor) for x in (fit.path - fit.day_below).tolist()[:horizon]
        )
        high = tuple((fit.path + fit.day_above).tolist()[:horizon])
    return Outlook(
        days=days,
        expected=tuple(fit.path.tolist()[:horizon]),
        p10=low,
        p90=high,
        method=fit.title,
        errors=0 if spread is None else int(spread.errors[-1]),
        independent_errors=0.0 if spread is None else float(spread.independent[-1]),
        history=len(series.values),
        notes=_notes(series, fit),
        _totals=tuple(zip(totals.tolist(), below.tolist(), above.tolist(), strict=True)),
        _floor=floor,
    )


def _notes(series: Series, fit: Fit) -> tuple[str, ...]:
    count = len(series.values)
    notes = list(fit.notes)
    if count < SHORT and fit.name == "weekday":
        notes.append(f"only {count} {'day' if count == 1 else 'days'} of history: the mean is continued")
    if fit.spread is None:
        notes.append("too few past errors to tell how far off it may be")
    elif fit.spread.independent[-1] < FEW_ERRORS:
        errors, worth = int(fit.spread.errors[-1]), fit.spread.independent[-1]
        notes.append(
            f"the interval rests on {errors} back-test {'error' if errors == 1 else 'errors'}, worth about "
            f"{worth:.0f} independent, and is widened for it"
        )
    return tuple(notes)
