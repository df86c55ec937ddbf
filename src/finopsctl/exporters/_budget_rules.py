"""Budgets as rules: what each has spent in its period, and an alert for each of its levels.

PromQL looks back over a fixed span, while a budget begins anew on the first of a month. So spend is recorded hour by
hour with a label that names the period the hour belongs to, and the hours of the current period are added up: a figure
at most an hour old. A budget over a number of days without a first day looks back, as PromQL does.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

from finopsctl.exporters._grading import grade_of
from finopsctl.exporters._yaml import literal, one_line
from finopsctl.exporters.dialects import matcher, quoted, series
from finopsctl.ledger.conditions import is_glob
from finopsctl.ledger.period import midnight
from finopsctl.metrics import promql as q
from finopsctl.metrics.budgets import plain_period
from finopsctl.results.units import Grade
from finopsctl.sources import litellm_provider_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from finopsctl.exporters.dialects import Dialect
    from finopsctl.metrics.budgets import Alert, Budget
    from finopsctl.metrics.kpi import Scale

SPENT = "finopsctl:budget_spend_usd"
HOURLY = "finopsctl:budget_spend_usd:1h"
USED = "finopsctl:budget_used_ratio"
GLOBAL = "global"
"""The label ``scope`` of a budget for everything."""

_NOW = "vector(time() - 1)"  # the hour that ends at midnight belongs to the day before
_SEVERITY = {Grade.CRITICAL: "critical", Grade.WARNING: "warning"}
_DAY = 24 * 60 * 60
_REACH = {"month": "32d", "quarter": "93d", "year": "367d"}
_MONTHS = 12


class LeftOutError(Exception):
    """The metrics cannot follow the budget; the text says why."""


def checked(budgets: Iterable[Budget], dialect: Dialect) -> tuple[list[Budget], list[str]]:
    """Return the budgets that metrics can follow, and a sentence on each that they cannot, or only otherwise."""
    kept: list[Budget] = []
    said: list[str] = []
    for budget in budgets:
        try:
            selectors(budget, dialect)
        except LeftOutError as why:
            said.append(f"budget {budget.name} is left out: {why}.")
            continue
        kept.append(budget)
        if budget.timezone != "UTC":
            said.append(f"budget {budget.name} begins its periods at midnight UTC here, not in {budget.timezone}.")
    return kept, said


def selectors(budget: Budget, dialect: Dialect) -> list[str]:
    """Return the selectors of the spend that a budget limits; a series may fit several of them.

    Raises:
        LeftOutError: For a scope that is in no label, or a limit in another currency than the counter's.
    """
    if budget.currency != "USD":
        raise LeftOutError(f"its limit is in {budget.currency} and the gateway counts USD")
    unknown = [name for name in budget.scope if name not in dialect.scopes]
    if unknown:
        raise LeftOutError(f"the metrics have no label for {' and '.join(unknown)}")
    choices = [list(_matchers(name, value, dialect)) for name, value in budget.scope.items()]
    return [series(dialect.said(q.SPEND), *matchers) for matchers in product(*choices)]


def _matchers(name: str, value: str, dialect: Dialect) -> Iterator[str]:
    labels = dialect.scopes[name]
    if name == "provider" and value and not is_glob(value):
        names = litellm_provider_names(value)
        if len(names) > 1:
            yield f"{labels[0]}=~{quoted('|'.join(names))}"
            return
    # Who has no team has neither its name nor its id: one of the labels says so.
    for label in labels if value else labels[:1]:
        yield matcher(label, value)


def recording_rules(budget: Budget, dialect: Dialect) -> list[dict[str, Any]]:
    """Return the rules that record what a budget has spent in its current period, and which share of its limit."""
    plain = {name: value for name, value in budget.scope.items() if value}
    labels = {"budget": budget.name, **(plain or {"scope": GLOBAL})}
    parts = selectors(budget, dialect)
    used = f"{SPENT}{{budget={quoted(budget.name)}}} / {_plain(budget.limit)}"
    share = [{"record": USED, "expr": used, "labels": labels}] if budget.limit else []
    if budget.looks_back:
        expr = _increase(parts, plain_period(budget.period) or "")
        return [{"record": SPENT, "expr": expr, "labels": labels}, *share]
    period = _period(budget)
    by_period = f'{_increase(parts, "1h")} * on () group_right () count_values("period", {period})'
    if budget.starts is not None:
        first = int(midnight(budget.starts, "UTC").timestamp())
        by_period = f"({by_period}) and on () (vector(time()) > {first})"
    hours = f"{HOURLY}{{budget={quoted(budget.name)}}}[{_reach(budget)}:1h]"
    spent = f'sum by (period) (sum_over_time({hours})) and on (period) count_values("period", {period})'
    return [
        {"record": HOURLY, "expr": by_period, "labels": labels},
        {"record": SPENT, "expr": f"sum({spent})", "labels": labels},
        *share,
    ]


def _increase(parts: Sequence[str], window: str) -> str:
    return f"sum({' or '.join(f'increase({part}[{window}])' for part in parts)})"


def _period(budget: Budget) -> str:
    """Return the query whose value is another one in each period of the budget."""
    first = budget.fiscal_year_start
    match plain_period(budget.period):
        case "month":
            return f"month({_NOW})"
        case "quarter":
            return f"floor((month({_NOW}) + {_MONTHS - first}) % {_MONTHS} / 3)"
        case "year":
            return f"year({_NOW})" if first == 1 else f"year({_NOW}) - (month({_NOW}) < bool {first})"
        case days:
            anchor = budget.resets or budget.starts
            assert anchor is not None
            assert days is not None
            begun = int(midnight(anchor, "UTC").timestamp())
            return f"floor(vector((time() - 1 - {begun}) / {int(days.removesuffix('d')) * _DAY}))"


def _reach(budget: Budget) -> str:
    """Return a span that covers the longest period and no second one of the same name."""
    period = plain_period(budget.period) or ""
    return _REACH.get(period) or f"{int(period.removesuffix('d')) + 1}d"


def alert_rules(budget: Budget, scale: Scale | None) -> list[dict[str, Any]]:
    """Return one alert for each level of a budget; how bad it is, the scale of utilization says.

    Args:
        budget: Whose spend is recorded.
        scale: Of budget_utilization; None: every level is a warning.
    """
    return [_alert(budget, alert, scale) for alert in budget.alerts]


def _alert(budget: Budget, alert: Alert, scale: Scale | None) -> dict[str, Any]:
    level = Decimal(str(alert.at))
    share, amount = f"{level * 100:.6f}".rstrip("0").rstrip("."), _plain(budget.limit * level)
    severity = _SEVERITY.get(grade_of(scale, alert.at), "info") if scale else "warning"
    operator = ">=" if budget.limit * level else ">"  # of nothing, nothing is reached until something is spent
    action = f" Do: {literal(one_line(alert.action))}." if alert.action else ""
    name = literal(one_line(budget.name))
    annotations = {
        "summary": f"Budget {name} has reached {share} % of its limit",
        "description": (
            f'{{{{ $value | printf "%.2f" }}}} of {_plain(budget.limit)} USD are spent ({budget.period}). '
            f"An estimate from the gateway's counters, not a bill.{action}"
        ),
    }
    if alert.action:
        annotations["action"] = literal(one_line(alert.action))
    return {
        "alert": "FinopsBudget",
        "expr": f"{SPENT}{{budget={quoted(budget.name)}}} {operator} {amount}",
        "for": "5m",
        "labels": {"severity": severity, "budget": literal(budget.name), "level": _plain(level)},
        "annotations": annotations,
    }


def _plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
