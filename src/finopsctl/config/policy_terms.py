"""What every ``[[rule]]`` of a policy says whatever it measures, and ``[[waiver]]``."""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from finopsctl.config.declarations import key
from finopsctl.config.policy_kinds import check_filter
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import SYNONYMS, TAG
from finopsctl.ledger.period import WORDS, parse_last
from finopsctl.metrics.dimensions import DIMENSIONS

_MEMBERS = ("budget", "user_type", "cause")
"""What rules have rows of beside dimensions."""


def _length(text: str) -> None:
    if text not in WORDS:
        parse_last(text, datetime(2026, 1, 1, tzinfo=UTC), "UTC")


@dataclass(frozen=True, slots=True)
class Terms:
    """The keys all kinds of rules have in common."""

    name: str = field(metadata=key("What it is called in reports and waivers."))
    kind: str = field(default="kpi", metadata=key("What it measures: kpi, budget, anomalies, variance ..."))
    severity: Literal["warning", "critical"] = field(
        default="critical", metadata=key("critical fails the gate; a warning does only with --fail-on warning.")
    )
    most: Decimal | None = field(default=None, metadata=key("The highest value that passes.", name="max"))
    least: Decimal | None = field(default=None, metadata=key("The lowest value that passes.", name="min"))
    warn: Decimal | None = field(default=None, metadata=key("A value beyond this one is a warning; beside max or min."))
    max_increase: Decimal | None = field(
        default=None, metadata=key("How far it may rise above the baseline, as a fraction of it.", minimum=0)
    )
    max_decrease: Decimal | None = field(
        default=None, metadata=key("How far it may fall below the baseline, as a fraction of it.", minimum=0)
    )
    max_change: Decimal | None = field(
        default=None, metadata=key("How far it may move from the baseline either way.", minimum=0)
    )
    absolute: bool = field(
        default=False, metadata=key("Changes against the baseline are differences instead of fractions.")
    )
    ratchet: bool = field(
        default=False, metadata=key("What is beyond max or min in the baseline already fails only when it gets worse.")
    )
    where: tuple[str, ...] = field(
        default=(), metadata=key("Filters, as --where takes them.", separator="", check=check_filter)
    )
    last: str | None = field(
        default=None,
        metadata=key("Its own period: 7d, 4w, 3m, mtd ..., counted back from the end of the others'.", check=_length),
    )
    on_no_data: Literal["show", "pass", "fail", "skip"] = field(
        default="show",
        metadata=key("A group without a value is shown as no_data (a warning), passes, fails, or is left out."),
    )

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ConfigError("a rule needs a name", 'Write name = "cost per request".')
        if self.most is not None and self.least is not None and self.least > self.most:
            raise ConfigError(f"min {self.least} is above max {self.most}: nothing would pass", "Swap them.")

    @property
    def is_bounded(self) -> bool:
        """Whether it names a limit of its own."""
        return self.most is not None or self.least is not None

    @property
    def needs_baseline(self) -> bool:
        """Whether any of it is held against a baseline."""
        return self.compares or self.ratchet

    @property
    def compares(self) -> bool:
        """Whether a change against the baseline is limited."""
        return any(limit is not None for limit in (self.max_increase, self.max_decrease, self.max_change))


def _scope(name: str) -> None:
    known = {*(found.name for found in DIMENSIONS), *_MEMBERS, *SYNONYMS}
    if name not in known and not (name.startswith(TAG) and name != TAG):
        keys = ("rule", "expires", "reason", "limit")
        raise ConfigError(f"'{name}' is neither a key of a waiver nor a dimension", nearest(name, (*keys, *known)))


@dataclass(frozen=True, slots=True)
class WaiverTable:
    """``[[waiver]]``: what may fail for a while, and why."""

    rule: str = field(metadata=key("The name of the rule."))
    expires: date = field(metadata=key("The last day it holds."))
    reason: str = field(metadata=key("Why, and who decided."))
    limit: Decimal | None = field(
        default=None, metadata=key("It holds up to this value (of a min: down to it); none: whatever the value.")
    )
    scope: Mapping[str, str] = field(
        default_factory=dict, metadata=key("Groups it is for, by dimension (value or glob).", rest=True, check=_scope)
    )

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ConfigError("a waiver needs a reason", 'Write reason = "migration until the 15th, FIN-42".')
