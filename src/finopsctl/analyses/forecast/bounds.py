"""What the whole's interval leaves to its parts: none can be above the whole's P90 less the others' P10.

Parts are forecast on their own, and the errors of a small series are larger than its share of the whole's. What the
whole costs at most and the others at least bounds each part from above, what the whole costs at least and the others at
most from below. Where no P10 is negative, no part's P90 is above the whole's.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Interval = tuple[Decimal | None, Decimal | None, Decimal | None]
"""P10, P50 and P90; P10 and P90 are None together."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least P10 and the greatest P90 of a part, of the total and of each day ahead."""

    total: tuple[Decimal | None, Decimal | None] = (None, None)
    days: tuple[tuple[Decimal | None, Decimal | None], ...] = ()

    def of_day(self, index: int) -> tuple[Decimal | None, Decimal | None]:
        """Return those of one day ahead."""
        return self.days[index] if self.days else (None, None)


def left_by(whole: Interval, parts: Sequence[Interval]) -> list[tuple[Decimal | None, Decimal | None]]:
    """Return for each part the least P10 and the greatest P90 that the others leave it; None: no bound."""
    low, _, high = whole
    if low is None or high is None:
        return [(None, None)] * len(parts)
    lowest = [min(part[1] or Decimal(0), Decimal(0)) if part[0] is None else part[0] for part in parts]
    highest = [part[2] for part in parts]
    at_least = sum(lowest, Decimal(0))
    known = [amount for amount in highest if amount is not None]
    at_most = sum(known, Decimal(0)) if len(known) == len(parts) else None
    return [
        (None if at_most is None or most is None else low - (at_most - most), high - (at_least - least))
        for least, most in zip(lowest, highest, strict=True)
    ]


def inside(interval: Interval, bounds: tuple[Decimal | None, Decimal | None]) -> Interval:
    """Return an interval with its ends inside the bounds, P50 between them as before."""
    low, middle, high = interval
    least, most = bounds
    if low is not None and middle is not None and least is not None:
        low = max(low, min(least, middle))
    if high is not None and middle is not None and most is not None:
        high = min(high, max(most, middle))
    return low, middle, high
