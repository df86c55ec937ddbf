"""How well requests go, and what going wrong costs."""

from __future__ import annotations

from finopsctl.metrics import measures as m
from finopsctl.metrics import promql as q
from finopsctl.metrics.kpi import Kpi, Scale
from finopsctl.results.units import Direction, Unit

_SECTION = "Operations"

_REQUESTS = q.increase(q.REQUESTS)
_COUNTED_WITH = "a counter that LiteLLM has not begun is 0 here, for it counts with the requests"

SUCCESS_RATE = Kpi(
    name="success_rate",
    title="Success rate",
    question="What share of requests succeeded?",
    formula="(requests - failed requests) / requests",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.UP,
    numerator=m.SUCCESSFUL_REQUESTS,
    denominator=m.REQUESTS,
    scale=Scale.of(">= 0.999 good", ">= 0.995 ok", ">= 0.99 warning", "critical"),
    needs="logs that record failed requests",
    window="5m",
    promql="1 - " + q.quotient(q.or_none(q.increase(q.FAILED_REQUESTS), _REQUESTS), _REQUESTS),
    promql_note=_COUNTED_WITH,
)

RETRY_RATE = Kpi(
    name="retry_rate",
    title="Retry rate",
    question="What share of requests needed a retry, and what did the retries cost?",
    formula="requests that needed a retry / requests; a retry costs the request again: cost / request x retries",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.DOWN,
    numerator=m.RETRIED_REQUESTS,
    denominator=m.REQUESTS,
    scale=Scale.of("< 0.05 good", "<= 0.15 warning", "critical"),
    effect="retry_cost",
    needs="logs that count attempts (LiteLLM: metadata.attempted_retries)",
    window="1h",
    promql=f"clamp_min({q.quotient(q.increase(q.DEPLOYMENT_REQUESTS), _REQUESTS)} - 1, 0)",
    promql_note="LiteLLM counts no retries; calls to deployments beyond one a request stand for them: fallbacks are "
    "among them, and requests that its cache serves hide some",
)

FALLBACK_RATE = Kpi(
    name="fallback_rate",
    title="Fallback rate",
    question="What share of requests was served by a fallback model, and what did that cost?",
    formula="requests served by a fallback / requests",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.DOWN,
    numerator=m.FALLBACK_REQUESTS,
    denominator=m.REQUESTS,
    scale=Scale.of("< 0.02 good", "<= 0.05 ok", "warning"),
    effect="fallback_cost",
    needs="logs that record fallbacks (LiteLLM: metadata.attempted_fallbacks)",
    window="1h",
    promql=q.quotient(q.or_none(q.increase(q.FALLBACKS), _REQUESTS), _REQUESTS),
    promql_note=_COUNTED_WITH,
)

KPIS: tuple[Kpi, ...] = (SUCCESS_RATE, RETRY_RATE, FALLBACK_RATE)
