"""What a rule of a policy may measure: one table class a kind, its fields the keys a ``[[rule]]`` of that kind takes.

What all kinds have in common is :class:`finopsctl.config.policy_terms.Terms`.
"""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from finopsctl.analyses.anomalies.question import rule_named
from finopsctl.config.declarations import key
from finopsctl.config.whatif_scenarios import Planned
from finopsctl.errors import ConfigError, nearest
from finopsctl.metrics import catalog
from finopsctl.metrics.dimensions import METER, TOKEN_CLASS, dimension
from finopsctl.metrics.where import condition

_ONE, _NOTHING = Decimal(1), Decimal(0)
_BY = "Dimensions: each group of them is judged by itself."
_FLOOR = "Groups with less spend in the period are left out."
_CAUSES = ("match", "rounding", "response_cache", "cache", "batch", "factor", "price")


def check_dimension(name: str) -> object:
    """Refuse what is no dimension records can be grouped by."""
    found = dimension(name)
    if found.name in {TOKEN_CLASS, METER}:
        raise ConfigError(f"a policy cannot be split by {found.name}", "Group by team, feature, model ...")
    return found


def check_filter(text: str) -> object:
    """Refuse what is no filter."""
    return condition([text])


def _cause(name: str) -> None:
    if name not in _CAUSES:
        raise ConfigError(f"unknown cause '{name}'", nearest(name, _CAUSES))


@dataclass(frozen=True, slots=True)
class KpiRule:
    """``kind = "kpi"``: the value of a KPI."""

    kpi: str = field(metadata=key("Which KPI (see `finopsctl kpis`).", check=catalog.kpi))
    by: tuple[str, ...] = field(default=(), metadata=key(_BY, check=check_dimension))
    floor: Decimal = field(default=_NOTHING, metadata=key(_FLOOR, minimum=0))

    @property
    def usual_most(self) -> Decimal | None:
        """The limit where a rule names none."""
        return None


@dataclass(frozen=True, slots=True)
class BudgetRule:
    """``kind = "budget"``: how budgets stand, or where their periods end."""

    measure: Literal[
        "utilization", "projected", "overrun-probability", "alert", "days-to-exhaustion", "burn-rate", "variance"
    ] = field(
        default="utilization",
        metadata=key(
            "utilization, projected (P50 of the period's end, as a share of the limit), overrun-probability, alert "
            "(highest level that has fired), days-to-exhaustion, burn-rate (per day) or variance (from the plan to "
            "date)."
        ),
    )
    budgets: tuple[str, ...] = field(default=(), metadata=key("Names of budgets, or globs; none: all of them."))

    @property
    def usual_most(self) -> Decimal | None:
        """The limit where a rule names none: all of the budget."""
        return _ONE if self.measure in {"utilization", "projected"} else None


@dataclass(frozen=True, slots=True)
class AnomaliesRule:
    """``kind = "anomalies"``: how many episodes of unusual spend there are."""

    by: tuple[str, ...] = field(default=(), metadata=key(_BY, check=check_dimension))
    rules: tuple[str, ...] = field(
        default=(), metadata=key("Only episodes of these anomaly rules, e.g. three-sigma.", check=rule_named)
    )
    at_least: Literal["warning", "critical"] = field(
        default="warning", metadata=key("warning: every episode counts; critical: only critical ones.")
    )
    grain: Literal["day", "hour"] = field(default="day", metadata=key("day or hour."))
    floor: Decimal = field(default=_NOTHING, metadata=key("Episodes with less excess are left out.", minimum=0))

    @property
    def usual_most(self) -> Decimal | None:
        """The limit where a rule names none: no episode at all."""
        return _NOTHING


@dataclass(frozen=True, slots=True)
class VarianceRule:
    """``kind = "variance"``: the change in spend against another period or file."""

    compare: str = field(
        default="previous", metadata=key("previous, yoy, a period (2026-09, 2026Q3) or a file of other logs.")
    )
    measure: Literal["relative", "absolute"] = field(
        default="relative", metadata=key("relative: as a fraction of the spend before; absolute: as money.")
    )
    by: tuple[str, ...] = field(default=(), metadata=key(_BY, check=check_dimension))
    floor: Decimal = field(
        default=_NOTHING, metadata=key("Groups with less spend in both periods are left out.", minimum=0)
    )

    @property
    def usual_most(self) -> Decimal | None:
        """The limit where a rule names none."""
        return None


@dataclass(frozen=True, slots=True)
class PriceDriftRule:
    """``kind = "price-drift"``: how far reported cost is from our list price, as a share of it.

    Differences of one group add up whatever their sign: too much here does not make up for too little there.
    """

    by: tuple[Literal["provider", "model", "cause"], ...] = field(
        default=("provider", "model"), metadata=key("provider, model, cause; []: all together.")
    )
    models: tuple[str, ...] = field(default=(), metadata=key("Globs on the logged model; none: all."))
    causes: tuple[str, ...] = field(
        default=(), metadata=key(f"Only differences of these causes: {', '.join(_CAUSES)}.", check=_cause)
    )
    floor: Decimal = field(default=_NOTHING, metadata=key("Groups that differ by less are left out.", minimum=0))

    @property
    def usual_most(self) -> Decimal | None:
        """The limit where a rule names none."""
        return None


@dataclass(frozen=True, slots=True)
class WhatIfRule:
    """``kind = "whatif"``: what a scenario would save, or cost, in 30 days.

    ``planned`` is the scenario itself, of ``[rule.scenario]`` or of the file ``scenarios``; it is no key.
    """

    measure: Literal["saving", "saving-share", "cost", "increase"] = field(
        default="saving",
        metadata=key(
            "saving (in 30 days), saving-share (of today's cost), cost (of the scenario in 30 days) or increase (of "
            "cost, as a fraction)."
        ),
    )
    scenarios: Path | None = field(default=None, metadata=key("File of scenarios that holds the one named."))
    by: tuple[str, ...] = field(default=(), metadata=key(_BY, check=check_dimension))
    floor: Decimal = field(default=_NOTHING, metadata=key(_FLOOR, minimum=0))
    planned: Planned | None = None

    @property
    def usual_most(self) -> Decimal | None:
        """The limit where a rule names none."""
        return None


@dataclass(frozen=True, slots=True)
class ForbiddenModelsRule:
    """``kind = "forbidden-models"``: use of models that nobody may use, or only some may."""

    models: tuple[str, ...] = field(
        default=(), metadata=key("Globs on the model as logged, as asked for, or by its canonical name.")
    )
    only: tuple[str, ...] = field(default=(), metadata=key("Globs: every other model is forbidden."))
    unpriced: bool = field(default=False, metadata=key("Whether models without any price are forbidden, too."))
    allow: tuple[str, ...] = field(
        default=(),
        metadata=key("Who may all the same, as filters: team=research.", separator="", check=check_filter),
    )
    since: date | None = field(default=None, metadata=key("First day it is forbidden.", name="from"))
    measure: Literal["requests", "spend"] = field(default="requests", metadata=key("requests or spend."))
    by: tuple[str, ...] = field(
        default=("team",), metadata=key(f"{_BY} The model is always one.", check=check_dimension)
    )
    floor: Decimal = field(default=_NOTHING, metadata=key(_FLOOR, minimum=0))

    def __post_init__(self) -> None:
        if not (self.models or self.only or self.unpriced):
            raise ConfigError(
                "no model is forbidden", 'Write models = ["gpt-4-turbo*"], only = [...], unpriced = true.'
            )

    @property
    def usual_most(self) -> Decimal | None:
        """The limit where a rule names none: no use at all."""
        return _NOTHING


@dataclass(frozen=True, slots=True)
class DataQualityRule:
    """``kind = "data-quality"``: how far the figures can be trusted."""

    measure: Literal["unattributed", "unpriced", "duplicates", "bad-lines", "bad-share", "unconverted", "age"] = field(
        metadata=key(
            "unattributed (share of spend without `of`), unpriced (share of requests), duplicates (share of records), "
            "bad-lines, bad-share (of lines), unconverted (records) or age (days from the last record to --as-of, "
            "else to now)."
        )
    )
    of: str = field(default="team", metadata=key("The dimension that `unattributed` asks for.", check=check_dimension))
    by: tuple[str, ...] = field(
        default=(), metadata=key(f"{_BY} For unattributed and unpriced.", check=check_dimension)
    )

    def __post_init__(self) -> None:
        if self.by and self.measure not in {"unattributed", "unpriced"}:
            raise ConfigError(f"{self.measure} is a figure of all inputs and has no groups", "Leave out `by`.")

    @property
    def usual_most(self) -> Decimal | None:
        """The limit where a rule names none."""
        return None


@dataclass(frozen=True, slots=True)
class SpendRule:
    """``kind = "spend"``: money, requests or tokens of a period, or the share of a group in all spend."""

    measure: Literal["spend", "share", "requests", "tokens"] = field(
        default="spend", metadata=key("spend, share (of all spend), requests or tokens.")
    )
    by: tuple[str, ...] = field(default=(), metadata=key(_BY, check=check_dimension))
    floor: Decimal = field(default=_NOTHING, metadata=key(_FLOOR, minimum=0))

    @property
    def usual_most(self) -> Decimal | None:
        """The limit where a rule names none."""
        return None


Kind = (
    KpiRule
    | BudgetRule
    | AnomaliesRule
    | VarianceRule
    | PriceDriftRule
    | WhatIfRule
    | ForbiddenModelsRule
    | DataQualityRule
    | SpendRule
)

KINDS: dict[str, type[Kind]] = {
    "kpi": KpiRule,
    "budget": BudgetRule,
    "anomalies": AnomaliesRule,
    "variance": VarianceRule,
    "price-drift": PriceDriftRule,
    "whatif": WhatIfRule,
    "forbidden-models": ForbiddenModelsRule,
    "data-quality": DataQualityRule,
    "spend": SpendRule,
}
"""Every kind of rule by its name in a policy file."""
