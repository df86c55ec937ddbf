"""Who and what the spend is for."""

from __future__ import annotations

from finopsctl.metrics import measures as m
from finopsctl.metrics import promql as q
from finopsctl.metrics.kpi import How, Kpi, RangeScale
from finopsctl.results.units import Direction, Unit

_SECTION = "Usage"

_BY_MODEL = "by model: metrics know no tiers, so there is no grade and no alert"
_TIERS = "models the price catalogue knows: their tier comes from there"

MODEL_MIX_REQUESTS = Kpi(
    name="model_mix_requests",
    title="Model mix by requests",
    question="What share of requests goes to each model tier?",
    formula="requests of the tier / requests",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.NEUTRAL,
    how=How.SHARE,
    numerator=m.REQUESTS,
    scale=RangeScale("member", {"budget": (0.60, 0.70), "standard": (0.25, 0.35), "premium": (0.05, 0.10)}),
    member_of="model_tier",
    needs=_TIERS,
    promql=q.share(q.MODEL_REQUESTS, "model"),
    promql_note=f"{_BY_MODEL}; LiteLLM calls this counter deprecated, and it is the only one with a model",
)

MODEL_MIX_SPEND = Kpi(
    name="model_mix_spend",
    title="Model mix by spend",
    question="What share of spend goes to each model tier?",
    formula="spend of the tier / spend",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.NEUTRAL,
    how=How.SHARE,
    numerator=m.SPEND,
    scale=RangeScale("member", {"budget": (0.10, 0.20), "standard": (0.40, 0.50), "premium": (0.30, 0.40)}),
    member_of="model_tier",
    needs=_TIERS,
    promql=q.share(q.SPEND, "model"),
    promql_note=f"{_BY_MODEL}; the recording rule holds the spend itself",
    record="aigateway:daily_spend:model",
    recorded=q.increase(q.SPEND, "model"),
)

TEAM_ALLOCATION = Kpi(
    name="team_allocation",
    title="Team allocation",
    question="What share of spend is each team's?",
    formula="spend of the team / spend",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.NEUTRAL,
    how=How.SHARE,
    numerator=m.SPEND,
    member_of="team",
    needs="records with a cost",
    window="30d",
    promql=q.share(q.SPEND, q.TEAM),
)

PROVIDER_DISTRIBUTION = Kpi(
    name="provider_distribution",
    title="Provider distribution",
    question="What share of spend goes to each provider?",
    formula="spend at the provider / spend",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.NEUTRAL,
    how=How.SHARE,
    numerator=m.SPEND,
    scale=RangeScale(
        "member",
        {"self-hosted": (0.40, 0.60), "openai": (0.20, 0.30), "anthropic": (0.15, 0.25), "xai": (0.05, 0.10)},
    ),
    member_of="provider",
    needs="records with a cost",
    promql=q.share(q.SPEND, "api_provider", f"api_provider{q.KNOWN}"),
    promql_note="LiteLLM's names of providers; the label api_provider is missing in older versions; not graded here: "
    "targets are strategic, not an alarm",
)

KPIS: tuple[Kpi, ...] = (MODEL_MIX_REQUESTS, MODEL_MIX_SPEND, TEAM_ALLOCATION, PROVIDER_DISTRIBUTION)
