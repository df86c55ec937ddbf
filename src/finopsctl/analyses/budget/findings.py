"""What a reader of budget figures must know: alerts, spend in no budget, budgets of nothing, gaps in the data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import floor
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.budget.grading import ENDS, LASTS, USED
from finopsctl.errors import nearest
from finopsctl.ledger.conditions import fits
from finopsctl.metrics.budget_unpriced import unpriced
from finopsctl.metrics.budgets import DAY, in_scope
from finopsctl.metrics.dimensions import dimension
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finopsctl.analyses.budget.projection import Projection
    from finopsctl.analyses.budget.question import BudgetQuestion

_BAD = frozenset({"critical", "exhausted"})
_GRADED = frozenset({"warning", "critical"})


def findings_of(
    rows: pl.DataFrame,
    daily: pl.DataFrame,
    question: BudgetQuestion,
    uncovered: Decimal | None,
    ahead: Mapping[str, Projection],
) -> tuple[Finding, ...]:
    """Return the findings of a standing.

    Args:
        rows: Its rows, with the grades their status is made of.
        daily: Spend by scope and day, with history.
        question: What was asked.
        uncovered: Spend of the current periods in no budget's scope; None: not known, since a filter is set.
        ahead: The forecast of each budget; one without a method: not asked for.
    """
    found = [finding for row in rows.iter_rows(named=True) for finding in _alert(row, question.currency)]
    found += [finding for row in rows.iter_rows(named=True) for finding in _reasons(row, question)]
    found += unpriced(rows)
    found += _uncovered(uncovered, daily, question)
    found += _unmatched(daily, question)
    found += _gaps(rows, daily, question)
    found += _kinds(question, is_projection=any(p.method for p in ahead.values()))
    found += _notes(ahead)
    return tuple(found)


def _alert(row: Mapping[str, Any], currency: str) -> Iterator[Finding]:
    """Say which levels a budget has reached, and what is to be done at each; how bad that is, its status says."""
    if not row["alerts"]:
        return
    levels = [f"{alert['at']:.0%}" for alert in row["alerts"]]
    listed = levels[0] if len(levels) == 1 else f"{', '.join(levels[:-1])} and {levels[-1]}"
    words = f"alert at {listed} has" if len(levels) == 1 else f"alerts at {listed} have"
    share = f"{row['utilization']:,.1%} used" if row["utilization"] is not None else "overspent, its limit is 0"
    actions = [f"{alert['at']:.0%}: {alert['action']}" for alert in row["alerts"] if alert["action"]]
    yield Finding(
        Severity.CRITICAL if row["status"] in _BAD else Severity.WARNING,
        "budget_alert",
        f"Budget {row['budget']} is {share} ({money(row['actual'], currency)}): the {words} fired.",
        "; ".join(actions),
        {
            "budget": row["budget"],
            "utilization": row["utilization"],
            "at": row["alerts"][-1]["at"],
            "alerts": row["alerts"],
        },
    )


def _reasons(row: Mapping[str, Any], question: BudgetQuestion) -> Iterator[Finding]:
    """Say why a budget is a warning or critical, as far as no alert says it, and that one is expected to overrun."""
    if row["status"] not in _GRADED:
        return
    currency, limit = question.currency, money(row["limit"], question.currency)
    if row[ENDS] in _GRADED:
        end = money(row["projected_p50"], currency)
        odds = row["overrun_probability"]
        chance = "" if odds is None else f"; the odds of more than {limit} are {odds:.0%}"
        yield Finding(
            Severity(row[ENDS]),
            "budget_overrun",
            f"Budget {row['budget']} is expected to end at {end} of {limit} (P50){chance}.",
            "",
            {"budget": row["budget"], "projected_p50": row["projected_p50"], "overrun_probability": odds},
        )
    why = []
    if row[USED] in _GRADED and not row["alerts"]:
        why.append(f"{row['utilization']:,.1%} of its {limit} are used")
    if row[LASTS] in _GRADED and not question.looks_back(row["budget"]):
        rate = money(row["burn_rate"], currency)
        days = row["days_to_exhaustion"]
        left = "less than a day" if days < 1 else counted(floor(days), "day")
        why.append(f"at {rate} a day what is left lasts {left}, to {row['exhaustion_date']}")
    if why:
        message = f"Budget {row['budget']}: {' and '.join(why)}."
        evidence = {"budget": row["budget"], "status": row["status"]}
        yield Finding(Severity(_worse(row[USED], row[LASTS])), "budget_status", message, "", evidence)


def _worse(*grades: str) -> str:
    return "critical" if "critical" in grades else "warning"


def _uncovered(amount: Decimal | None, daily: pl.DataFrame, question: BudgetQuestion) -> Iterator[Finding]:
    if not amount:
        return
    covered = pl.any_horizontal(
        [in_scope(b) for b in question.budgets if b.has_begun(question.as_of)] or [pl.lit(False)]
    )
    first = question.first_day
    by = [name for name in question.dims if name == "team"] or list(question.dims[:1])
    largest = ""
    if by:
        rest = daily.filter(~covered & (pl.col(DAY) >= first)).group_by(by).agg(pl.col("spend").sum())
        most = rest.sort("spend", by[0], descending=[True, False], nulls_last=True).row(0, named=True)
        name = dimension(by[0]).null_label if most[by[0]] is None else most[by[0]]
        largest = f", most of it by {by[0]} {name} ({money(Decimal(most['spend']), question.currency)})"
    yield Finding(
        Severity.WARNING,
        "spend_without_budget",
        f"{money(amount, question.currency)} spent since {first} is in no budget{largest}.",
        "Add a [[budget]] for it, or one without dimensions for everything.",
        {"spend": amount, "since": first.isoformat()},
    )


def _unmatched(daily: pl.DataFrame, question: BudgetQuestion) -> Iterator[Finding]:
    """Name the budgets limited to something that no record has; filters hide records, so not where one is set."""
    if question.is_filtered:
        return
    values = {name: daily[name].drop_nulls().unique().sort().to_list() for name in question.dims}
    for budget in question.budgets:
        for name, pattern in budget.scope.items():
            if pattern and not any(value == pattern or fits(value, [pattern]) for value in values[name]):
                yield Finding(
                    Severity.WARNING,
                    "budget_unmatched",
                    f"Budget {budget.name} counts nothing: no record has the {dimension(name).title.lower()} "
                    f"'{pattern}'.",
                    nearest(pattern, values[name]) if values[name] else f"The inputs know no {name} at all.",
                    {"budget": budget.name, "dimension": name, "value": pattern},
                )


def _gaps(rows: pl.DataFrame, daily: pl.DataFrame, question: BudgetQuestion) -> Iterator[Finding]:
    first, last = daily[DAY].min(), daily[DAY].max()
    if question.is_filtered or not isinstance(first, date) or not isinstance(last, date):
        return
    older = rows.filter((pl.col("period_start") < first) & (pl.col("status") != "too_early"))["budget"].to_list()
    if older:
        yield Finding(
            Severity.WARNING,
            "period_not_covered",
            f"The inputs begin on {first}, after the start of the period of {counted(len(older), 'budget')} "
            f"({some_of(older)}): what was spent before is not counted.",
            "Add the earlier logs or exports.",
            {"first_day": first.isoformat(), "budgets": older},
        )
    silent = (question.end_day - last).days - 1
    if silent > 0:
        yield Finding(
            Severity.WARNING,
            "no_recent_data",
            f"The newest record is of {last}: {counted(silent, 'day')} from then to {question.end_day}, taken as "
            "without spend.",
            "Add the missing logs, or ask --as-of an earlier day.",
            {"last_day": last.isoformat(), "days": silent},
        )


def _kinds(question: BudgetQuestion, *, is_projection: bool) -> Iterator[Finding]:
    for budget in question.budgets:
        if not budget.has_begun(question.as_of):
            yield Finding(
                Severity.INFO,
                "budget_not_begun",
                f"Budget {budget.name} starts on {budget.starts}: nothing counts yet.",
                "",
                {"budget": budget.name, "from": str(budget.starts)},
            )
        if is_projection and budget.looks_back:
            gist = "{} looks back over a number of days and has no end to project to"
            yield Finding(
                Severity.INFO,
                "budget_looks_back",
                f"{gist.replace('{}', f'Budget {budget.name}')}.",
                "Give it a first day (from = 2026-10-01) for periods that start anew.",
                {"budget": budget.name},
                f"Budget {budget.name}",
                f"{gist}.",
            )
        if budget.name in question.partial:
            gist = "{}: only what passes the filter is counted, while the limit is for more."
            message, evidence = gist.replace("{}", f"Budget {budget.name}"), {"budget": budget.name}
            yield Finding(Severity.INFO, "budget_filtered", message, "", evidence, f"Budget {budget.name}", gist)


def _notes(ahead: Mapping[str, Projection]) -> Iterator[Finding]:
    for name, projection in ahead.items():
        evidence = {"budget": name, "method": projection.method, "errors": projection.errors}
        for note in projection.notes:
            gist = f"Forecast of {{}}: {note}."
            yield Finding(Severity.INFO, "forecast_basis", gist.replace("{}", name), "", evidence, name, gist)
