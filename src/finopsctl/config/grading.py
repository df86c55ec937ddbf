"""What is good: ``[kpi]``, ``[unit-economics]`` and ``[self-hosted]``, the yardsticks of the configuration."""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from finopsctl.config.declarations import key
from finopsctl.errors import ConfigError


@dataclass(frozen=True, slots=True)
class UserTypesTable:
    """``[kpi.user-types]``: what makes a user light, moderate or heavy, and what each may cost in 30 days."""

    light_requests_per_day: float = field(default=100, metadata=key("A light user makes fewer requests.", minimum=0))
    moderate_requests_per_day: float = field(default=1000, metadata=key("A moderate user makes no more.", minimum=0))
    power_spend: float = field(
        default=500, metadata=key("A heavy user who costs more in 30 days is automated.", minimum=0)
    )
    ranges: Mapping[str, tuple[float, float]] = field(
        default_factory=dict, metadata=key("Expected cost in 30 days, by type: [lowest, highest].")
    )


@dataclass(frozen=True, slots=True)
class KpiTable:
    """``[kpi]``: how KPIs are graded."""

    bands: Literal["period-aware", "plain-days"] = field(
        default="period-aware",
        metadata=key("days_to_exhaustion is good when the budget lasts its period, or by the number of days alone."),
    )
    scales: Mapping[str, tuple[str | float, ...]] = field(
        default_factory=dict,
        metadata=key('By KPI: new limits, or whole steps such as ["< 0.3 good", "warning"].', separator=""),
    )
    ranges: Mapping[str, Mapping[str, tuple[float, float]]] = field(
        default_factory=dict,
        metadata=key("By KPI and key, e.g. model tier: expected [lowest, highest]; inf: no bound."),
    )
    outcome_targets: Mapping[str, float] = field(
        default_factory=dict, metadata=key("Highest good cost per outcome, by feature (glob).", minimum=0)
    )
    overrun: tuple[float, float] = field(
        default=(0.2, 0.5),
        metadata=key("Odds of an overrun from which on a budget's projection is a warning, and critical."),
    )
    user_types: UserTypesTable = field(default_factory=UserTypesTable, metadata=key("Types of users."))

    def __post_init__(self) -> None:
        if not 0 < self.overrun[0] <= self.overrun[1] <= 1:
            given = f"[{self.overrun[0]:g}, {self.overrun[1]:g}]"
            raise ConfigError(f"odds of {given} do not rise from above 0 to at most 1", "Write [0.2, 0.5].")


@dataclass(frozen=True, slots=True)
class UnitEconomicsTable:
    """``[unit-economics]``: which customers pay, and how much of it should be left."""

    free_plans: tuple[str, ...] = field(
        default=("free*",), metadata=key("Plans (globs) that nobody pays for.", separator=",")
    )
    margin_floor: float | None = field(
        default=None, metadata=key("Lowest gross margin of a customer that is fine.", example="0.6", maximum=1)
    )


@dataclass(frozen=True, slots=True)
class SelfHostedTable:
    """``[self-hosted]``: what one's own models are compared with."""

    compare_with: str | None = field(default=None, metadata=key("Model whose price the same tokens would have had."))
