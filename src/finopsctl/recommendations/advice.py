"""One piece of advice: what to change, for which records, and how its money is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.whatif import Scenario


class Confidence(StrEnum):
    """Whether the logged traffic shows the saving, or an assumption is in it."""

    MEASURED = "measured"
    ESTIMATED = "estimated"


class Effort(StrEnum):
    """How much work a change is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, eq=False)
class Advice:
    """One recommendation before it has a rank.

    Args:
        rule: Name of the rule.
        lever: The kind of change.
        title: What to do.
        confidence: Of the saving.
        effort: Of the change.
        evidence: The signal; what comes of ``change`` is added to it.
        command: Words after the program's name.
        where: The values of dimensions of its records; null is unknown.
        change: What it changes, for what-if; None: nothing that can be played.
        saving: Of ``change`` in the period; None: not played yet, or not known.
        monthly: ``saving`` in 30 days.
        stake: Money concerned in 30 days, that orders what has no saving.
        budget: Whether ``command`` looks at budgets.
    """

    rule: str
    lever: str
    title: str
    confidence: Confidence
    effort: Effort
    evidence: str
    command: tuple[str, ...]
    where: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    change: Scenario | None = None
    saving: Decimal | None = None
    monthly: Decimal | None = None
    stake: Decimal = Decimal(0)
    budget: bool = False
