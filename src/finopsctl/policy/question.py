"""What is asked of a policy: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from finopsctl.config.policy import Policy
    from finopsctl.policy.baseline import Baseline

WARNING, CRITICAL = "warning", "critical"


@dataclass(frozen=True, slots=True)
class CheckQuestion:
    """Whether a policy holds.

    Args:
        policy: The rules and waivers.
        today: The day that waivers are judged on.
        baseline: Earlier values to hold these against; None: there are none.
        now: The moment up to which records are looked for; None: the end of what the books hold.
        fail_on: ``critical``, or ``warning``: then warnings and what has no data close the gate, too.
    """

    policy: Policy
    today: date
    baseline: Baseline | None = None
    fail_on: str = CRITICAL
    now: datetime | None = None
