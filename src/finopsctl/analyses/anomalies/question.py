"""What is asked of the detection: dimensions, grain, period, rules and the budget of a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finopsctl.analyses.anomalies.rules import RULES, Rule
from finopsctl.errors import ConfigError, nearest
from finopsctl.metrics.dimensions import METER, TIME_DIMENSIONS, TOKEN_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from finopsctl.ledger.period import Period
    from finopsctl.metrics.budgets import Budget
    from finopsctl.metrics.dimensions import Dimension

GRAINS = ("day", "hour")


@dataclass(frozen=True, slots=True)
class AnomalyQuestion:
    """What to look for, and where.

    Args:
        end: The first instant not seen.
        by: The groups that are judged; none: everything together.
        grain: ``day`` or ``hour``.
        period: Only episodes that touch it are told; None: all.
        is_complete: Whether the last day is known to be over, so that what is missing on it counts.
        last_day_only: Whether only episodes that touch the last day before ``end`` are told.
        rules: What is judged, with thresholds; rules that are not enabled are left out.
        critical_excess: From this excess on (and three times what was expected) an episode is critical, in the
            report's currency.
        budgets: Limits of total spend, for the rule that compares with the budget of a day.
        timezone: Of days and hours.
        basis: The cost basis ``cost`` was taken on.
        currency: ISO 4217 code of ``cost``.

    Raises:
        ConfigError: For a grain or dimensions that nothing can be judged by.
    """

    end: datetime
    by: tuple[Dimension, ...] = ()
    grain: str = "day"
    period: Period | None = None
    is_complete: bool = True
    last_day_only: bool = False
    rules: tuple[Rule, ...] = RULES
    critical_excess: float = 10.0
    budgets: tuple[Budget, ...] = ()
    timezone: str = "UTC"
    basis: str = "auto"
    currency: str = "USD"

    def __post_init__(self) -> None:
        check_grain(self.grain)
        calendar = [d.name for d in self.by if d.name in TIME_DIMENSIONS]
        if calendar:
            raise ConfigError(
                f"anomalies are found along time already; {calendar[0]} cannot be a group",
                "Leave it out of --by; --grain hour looks at hours.",
            )
        divided = [d.name for d in self.by if d.name in {TOKEN_CLASS, METER}]
        if divided:
            raise ConfigError(f"anomalies cannot be looked for by {divided[0]}", "Group by team, feature, model ...")

    @property
    def dims(self) -> list[str]:
        """The names of the dimensions."""
        return [d.name for d in self.by]

    @property
    def per_day(self) -> int:
        """How many slots a day has."""
        return 24 if self.grain == "hour" else 1

    @property
    def active(self) -> tuple[Rule, ...]:
        """The rules that are enabled and know this grain."""
        return tuple(rule for rule in self.rules if rule.enabled and self.grain in rule.grains)


def check_grain(grain: str) -> str:
    """Return ``grain``; ConfigError when there is no such one."""
    if grain not in GRAINS:
        raise ConfigError(f"unknown grain '{grain}'", nearest(grain, GRAINS) or f"Use {' or '.join(GRAINS)}.")
    return grain


def rule_named(name: str, rules: Iterable[Rule] = RULES) -> Rule:
    """Return the rule called ``name``; ConfigError names the nearest one when there is none."""
    known = {rule.name: rule for rule in rules}
    found = known.get(name.replace("_", "-"))
    if found is None:
        raise ConfigError(f"unknown anomaly rule '{name}'", nearest(name, known) or f"Known: {', '.join(known)}.")
    return found
