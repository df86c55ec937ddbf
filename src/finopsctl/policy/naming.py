"""What the values of a rule are called, and what they count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from finopsctl.config.policy_kinds import KpiRule, VarianceRule
from finopsctl.metrics.catalog import kpi as kpi_named
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from finopsctl.config.policy import Rule

_JSON_UNITS = {
    Unit.SHARE: "ratio",
    Unit.CHANGE: "ratio",
    Unit.UNIT_PRICE: "usd",
    Unit.FACTOR: "ratio",
    Unit.TOKENS: "count",
}

_BEFORE = {"previous": "the period before", "yoy": "a year before"}


@dataclass(frozen=True, slots=True)
class Figure:
    """What a rule measures.

    Args:
        name: For programs: ``cost_per_request``.
        title: For people: ``Cost per request``.
        unit: What it counts.
        against: What it is compared with, said after the group; empty: nothing.
    """

    name: str
    title: str
    unit: Unit
    against: str = ""

    @property
    def json_unit(self) -> str:
        """The unit as results name it: usd, ratio, days, usd_per_day or count."""
        return _JSON_UNITS.get(self.unit, self.unit.value)


_FIGURES: dict[tuple[str, str], Figure] = {
    ("budget", "utilization"): Figure("budget_utilization", "Budget used", Unit.RATIO),
    ("budget", "projected"): Figure("budget_projected", "Projected end of the budget's period", Unit.RATIO),
    ("budget", "overrun-probability"): Figure("overrun_probability", "Odds of an overrun", Unit.RATIO),
    ("budget", "alert"): Figure("budget_alert", "Highest budget alert fired", Unit.RATIO),
    ("budget", "days-to-exhaustion"): Figure("days_to_exhaustion", "Days to exhaustion", Unit.DAYS),
    ("budget", "burn-rate"): Figure("burn_rate", "Burn rate", Unit.USD_PER_DAY),
    ("budget", "variance"): Figure("budget_variance", "Budget variance", Unit.CHANGE),
    ("anomalies", ""): Figure("anomalies", "Episodes of unusual spend", Unit.COUNT),
    ("variance", "relative"): Figure("spend_change", "Change in spend", Unit.CHANGE),
    ("variance", "absolute"): Figure("spend_change_amount", "Change in spend", Unit.USD),
    ("price-drift", ""): Figure("price_drift", "Difference from list price", Unit.RATIO),
    ("whatif", "saving"): Figure("monthly_saving", "Saving left on the table in 30 days", Unit.USD),
    ("whatif", "saving-share"): Figure("saving_share", "Saving left on the table", Unit.RATIO),
    ("whatif", "cost"): Figure("monthly_run_rate", "Cost of the scenario in 30 days", Unit.USD),
    ("whatif", "increase"): Figure("cost_increase", "Rise in cost by the scenario", Unit.CHANGE),
    ("forbidden-models", "requests"): Figure("forbidden_requests", "Requests to a forbidden model", Unit.COUNT),
    ("forbidden-models", "spend"): Figure("forbidden_spend", "Spend on a forbidden model", Unit.USD),
    ("data-quality", "unattributed"): Figure("unattributed_share", "Unattributed spend", Unit.RATIO),
    ("data-quality", "unpriced"): Figure("unpriced_share", "Unpriced requests", Unit.RATIO),
    ("data-quality", "duplicates"): Figure("duplicate_share", "Duplicate records", Unit.RATIO),
    ("data-quality", "bad-lines"): Figure("bad_lines", "Bad lines", Unit.COUNT),
    ("data-quality", "bad-share"): Figure("bad_share", "Share of bad lines", Unit.RATIO),
    ("data-quality", "unconverted"): Figure("unconverted", "Records without an exchange rate", Unit.COUNT),
    ("data-quality", "age"): Figure("age", "Age of the last record", Unit.DAYS),
    ("spend", "spend"): Figure("spend", "Spend", Unit.USD),
    ("spend", "share"): Figure("spend_share", "Share of spend", Unit.RATIO),
    ("spend", "requests"): Figure("requests", "Requests", Unit.COUNT),
    ("spend", "tokens"): Figure("tokens", "Tokens", Unit.TOKENS),
}


def figure_of(rule: Rule) -> Figure:
    """Return what a rule measures."""
    ask = rule.ask
    if isinstance(ask, KpiRule):
        kpi = kpi_named(ask.kpi)
        return Figure(kpi.name, kpi.title, kpi.unit)
    kind = rule.terms.kind.replace("_", "-")
    found = _FIGURES[kind, getattr(ask, "measure", "")]
    if isinstance(ask, VarianceRule):
        return replace(found, against=f" against {_BEFORE.get(ask.compare, ask.compare)}")
    return found
