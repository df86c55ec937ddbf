"""What spend buys: per user, per outcome, per successful task, and against self-hosting."""

from __future__ import annotations

from finopsctl.metrics import measures as m
from finopsctl.metrics import promql as q
from finopsctl.metrics.kpi import How, Kpi, RangeScale, Scale
from finopsctl.results.units import Direction, Unit

_SECTION = "Unit economics"

_NO_TASKS = "metrics know no tasks"
_OF_USERS = f"user{q.KNOWN}"

_OUTCOME_TARGETS = {
    "*support*": 0.50,
    "*ticket*": 0.50,
    "pr-*": 2.00,
    "*-pr": 2.00,
    "*pull*request*": 2.00,
    "*code*review*": 2.00,
    "*article*": 1.00,
    "*report*": 5.00,
}

COST_PER_USER = Kpi(
    name="cost_per_user",
    title="Cost per user",
    question="What does an active user cost? Graded by type of user, per 30 days.",
    formula=(
        "spend / active users; light: under 100 requests a day, moderate: to 1000, heavy: above, "
        "power: heavy and over 500 USD in 30 days"
    ),
    section=_SECTION,
    unit=Unit.USD,
    good=Direction.DOWN,
    how=How.PER_USER,
    numerator=m.SPEND,
    member_of="user_type",
    needs="records with a user",
    window="30d",
    promql=f"{q.increase(q.SPEND, where=_OF_USERS)} / count({q.increase(q.SPEND, 'user', _OF_USERS)} > 0)",
    promql_note="a user is active who spent something; types of users are not told apart, so there is no grade",
)

SELF_HOSTED_SAVINGS = Kpi(
    name="self_hosted_savings",
    title="Self-hosted savings",
    question="What do own machines save against an API for the same tokens?",
    formula="1 - self-hosted cost (infrastructure and operations, as recorded) / API cost of the same tokens",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.UP,
    how=How.SELF_HOSTED,
    numerator=m.SELF_HOSTED_SPEND,
    scale=Scale.of("> 0.5 good", "warning"),
    needs='self-hosted traffic with its cost, and an API model to compare with: [self-hosted] compare-with = "MODEL"',
    window="30d",
    promql_note="the price of the same tokens elsewhere is in the price catalogue, not in metrics",
)

COST_PER_OUTCOME = Kpi(
    name="cost_per_outcome",
    title="Cost per outcome",
    question="What does one resolved ticket, article or report cost?",
    formula="spend of the use case / its outcomes",
    section=_SECTION,
    unit=Unit.UNIT_PRICE,
    good=Direction.DOWN,
    how=How.OUTCOME,
    numerator=m.SPEND,
    scale=RangeScale(
        "member",
        {pattern: (None, target) for pattern, target in _OUTCOME_TARGETS.items()},
        {pattern: pattern for pattern in _OUTCOME_TARGETS},
        by_glob=True,
        open_high=True,
    ),
    member_of="feature",
    needs="outcomes per use case: --outcomes FILE, or such a file among the inputs (finopsctl sources outcomes)",
    window="30d",
    promql_note="metrics know neither use cases nor outcomes",
)

COST_PER_SUCCESSFUL_TASK = Kpi(
    name="cost_per_successful_task",
    title="Cost per successful task",
    question="What does a task cost that succeeded, the failed ones paid for too?",
    formula="spend on tasks with a known outcome / successful tasks",
    section=_SECTION,
    unit=Unit.UNIT_PRICE,
    good=Direction.DOWN,
    numerator=m.SPEND,
    denominator=m.SUCCESSFUL_TASKS,
    needs="records that say whether their task succeeded (task_success)",
    window="30d",
    promql_note=_NO_TASKS,
)

TOKEN_EFFICIENCY = Kpi(
    name="token_efficiency",
    title="Task successes per 1k tokens",
    question="How many tasks succeed per thousand tokens? Falling is worse; best asked --by feature,prompt_version.",
    formula="successful tasks / (tokens / 1000)",
    section=_SECTION,
    unit=Unit.COUNT,
    good=Direction.UP,
    numerator=m.SUCCESSFUL_TASKS,
    denominator=m.TOKENS,
    per=1000,
    needs="records that say whether their task succeeded (task_success)",
    window="30d",
    promql_note=_NO_TASKS,
)

KPIS: tuple[Kpi, ...] = (
    COST_PER_USER,
    SELF_HOSTED_SAVINGS,
    COST_PER_OUTCOME,
    COST_PER_SUCCESSFUL_TASK,
    TOKEN_EFFICIENCY,
)
