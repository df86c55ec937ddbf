"""Anomalies in the configuration: ``[anomalies]`` and one ``[anomalies.rule.<name>]`` table a rule."""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from finopsctl.analyses.anomalies.question import rule_named
from finopsctl.analyses.anomalies.rules import RULES, Rule
from finopsctl.config.declarations import key


@dataclass(frozen=True, slots=True)
class AnomalyRuleTable:
    """``[anomalies.rule.<name>]``: what of a rule's own thresholds is replaced."""

    enabled: bool | None = field(default=None, metadata=key("Whether it runs."))
    floor: float | None = field(default=None, metadata=key("Least excess of a day (an hour) that counts.", minimum=0))
    factor: float | None = field(default=None, metadata=key("Its threshold: sigmas, times or a share.", minimum=0))
    min_history: int | None = field(default=None, metadata=key("Days of history a group needs.", minimum=0))
    min_requests: int | None = field(default=None, metadata=key("Requests needed on either side.", minimum=0))

    def applied(self, rule: Rule) -> Rule:
        """Return the rule with what is given here."""
        given = {name: getattr(self, name) for name in ("enabled", "floor", "factor", "min_history", "min_requests")}
        return replace(rule, **{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True, slots=True)
class AnomaliesTable:
    """``[anomalies]``: what is an anomaly, and which are critical."""

    floor: float | None = field(
        default=None,
        metadata=key("Least excess of a day (an hour), of all rules without their own.", example="5", minimum=0),
    )
    critical_excess: float = field(
        default=10.0, metadata=key("An episode of three times what was expected is critical from here.", minimum=0)
    )
    rule: Mapping[str, AnomalyRuleTable] = field(
        default_factory=dict, metadata=key("Thresholds of a rule, by its name, e.g. three-sigma.")
    )

    def rules(self) -> tuple[Rule, ...]:
        """Return every rule with its thresholds; ConfigError for a rule there is not."""
        own = {rule_named(name).name: table for name, table in self.rule.items()}
        usual = RULES if self.floor is None else tuple(replace(rule, floor=self.floor) for rule in RULES)
        return tuple(own[rule.name].applied(rule) if rule.name in own else rule for rule in usual)
