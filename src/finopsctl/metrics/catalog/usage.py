"""Who and what the spend is for."""

from __future__ import annotations

from finopsctl.metrics import measures as m
from finopsctl.metrics.kpi import How, Kpi, RangeScale
from finopsctl.results.units import Direction, Unit

_SECTION = "Usage"

_SPEND = "(increase(litellm_spend_metric_total[$w]))"
_REQUESTS = "(increase(litellm_requests_metric_total[$w]))"
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
    promql=f"sum by (model) {_REQUESTS} / scalar(sum{_REQUESTS})",
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
    promql=f"sum by (model) {_SPEND}",
    record="aigateway:daily_spend:model",
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
    promql=f"sum by (team) {_SPEND} / scalar(sum{_SPEND})",
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
    promql=f"sum by (api_provider) {_SPEND} / scalar(sum{_SPEND})",
)

KPIS: tuple[Kpi, ...] = (MODEL_MIX_REQUESTS, MODEL_MIX_SPEND, TEAM_ALLOCATION, PROVIDER_DISTRIBUTION)
