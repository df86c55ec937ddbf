"""How spend stands against what was planned."""

from __future__ import annotations

from finopsctl.metrics import measures as m
from finopsctl.metrics import promql as q
from finopsctl.metrics.kpi import How, Kpi, Scale
from finopsctl.results.units import Direction, Unit

_SECTION = "Budget"
_NEEDS = "budgets: --budgets FILE or [[budget]] in the configuration"
_DAYS = Scale.of("> 30 good", ">= 15 warning", "critical")

BUDGET_UTILIZATION = Kpi(
    name="budget_utilization",
    title="Budget used",
    question="How much of the budget is spent?",
    formula="spend in the budget's period / limit",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.DOWN,
    how=How.BUDGET,
    scale=Scale.of("< 0.70 good", "<= 0.90 warning", "critical"),
    member_of="budget",
    needs=_NEEDS,
    promql=f"1 - max by ({q.TEAM}) ({q.TEAM_REMAINING} < +Inf) / {q.team_limits()}",
    promql_note="budgets that LiteLLM itself keeps, by team, since it last reset them; budgets of the configuration "
    "have rules of their own",
    record="aigateway:budget_utilization:team",
)

BURN_RATE = Kpi(
    name="burn_rate",
    title="Burn rate",
    question="What is spent per day?",
    formula="spend / whole days from the period's start to --as-of",
    section=_SECTION,
    unit=Unit.USD_PER_DAY,
    good=Direction.NEUTRAL,
    how=How.PER_DAY,
    numerator=m.SPEND,
    needs="at least one whole day in the period",
    promql=q.increase(q.SPEND),
    promql_note="of the last 24 hours; the ledger's is the mean of the period's whole days",
)


def _exhaustion(name: str, title: str, burn: str, promql: str, note: str) -> Kpi:
    return Kpi(
        name=name,
        title=title,
        question="How long does the budget last at this pace?",
        formula=f"(limit - spend) / {burn}; good too when that reaches the end of the budget's period",
        section=_SECTION,
        unit=Unit.DAYS,
        good=Direction.UP,
        how=How.BUDGET,
        scale=_DAYS,
        member_of="budget",
        needs=_NEEDS,
        promql=promql,
        promql_note=note,
    )


BUDGET_VARIANCE = Kpi(
    name="budget_variance",
    title="Budget variance",
    question="How far is spend from the plan to date? Far below is a warning too: under-utilized.",
    formula="(spend - planned) / planned; planned = limit x days elapsed / days of the budget's period",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.NEUTRAL,
    how=How.BUDGET,
    scale=Scale.of("< -0.10 warning", "<= 0.10 good", "<= 0.25 warning", "critical"),
    member_of="budget",
    needs=_NEEDS,
    promql_note="the gateway tells when a budget is reset, not when its period began, so there is no plan to date",
)

_DAILY = q.increase(q.SPEND, q.TEAM)
_DAILY_MEAN = f"{q.increase(q.SPEND, q.TEAM, window='7d')} / 7"

KPIS: tuple[Kpi, ...] = (
    BUDGET_UTILIZATION,
    BURN_RATE,
    _exhaustion(
        "days_to_exhaustion",
        "Days to exhaustion",
        "burn rate to date",
        q.days_left(_DAILY),
        "at the pace of the last 24 hours, of budgets that LiteLLM itself keeps",
    ),
    _exhaustion(
        "days_to_exhaustion_7d",
        "Days to exhaustion (7-day pace)",
        "mean daily spend of the last 7 days",
        q.days_left(_DAILY_MEAN),
        "of budgets that LiteLLM itself keeps",
    ),
    BUDGET_VARIANCE,
)
