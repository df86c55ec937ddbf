"""What a bridge is asked: groups, the two sides and how long they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finopsctl.metrics.dimensions import Dimension


@dataclass(frozen=True, slots=True)
class Periods:
    """What the two sides are called, and how long they are.

    Args:
        baseline: Such as ``September 2026``, ``plan.csv``.
        actual: Such as ``October 2026``.
        days: Days of each; equal: days are not told from volume.
        whole: Whether both are whole calendar periods of one kind: a day more of other periods is more volume.
        heading: What a column of the baseline's amounts is headed.
    """

    baseline: str = "the baseline"
    actual: str = "now"
    days: tuple[int, int] = (1, 1)
    heading: str = "Previous"
    whole: bool = True

    @property
    def told_apart(self) -> tuple[int, int]:
        """The days that volume is counted by; (1, 1) where it is of the period."""
        return self.days if self.whole else (1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class BridgeQuestion:
    """What to compare and how to say it.

    Args:
        by: Dimensions to split the change by; none: the total alone.
        timezone: Of calendar dimensions.
        basis: The cost basis ``cost`` was taken on, for the data-quality figures.
        currency: ISO 4217 code of ``cost``, for sentences.
        periods: What the two sides are called and how many days each has.
        top: Keep this many rows and one for the rest; None: all.
    """

    by: tuple[Dimension, ...] = ()
    timezone: str = "UTC"
    basis: str = "auto"
    currency: str = "USD"
    periods: Periods = field(default_factory=Periods)
    top: int | None = None
