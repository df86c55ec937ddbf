"""What work costs: per request, per thousand tokens, and what caches take off."""

from __future__ import annotations

from finopsctl.metrics import measures as m
from finopsctl.metrics import promql as q
from finopsctl.metrics.kpi import How, Kpi, RangeScale, Scale
from finopsctl.results.units import Direction, Grade, Unit

_SECTION = "Cost efficiency"

_NO_SINGLE_CALLS = "metrics add requests up: what a single one cost is in the logs only"

COST_PER_REQUEST = Kpi(
    name="cost_per_request",
    title="Cost per request",
    question="What does one request cost?",
    formula="spend / requests",
    section=_SECTION,
    unit=Unit.UNIT_PRICE,
    good=Direction.DOWN,
    numerator=m.SPEND,
    denominator=m.REQUESTS,
    scale=Scale.of("< 0.005 good", "<= 0.01 ok", "<= 0.05 warning", "critical"),
    aim=Grade.OK,
    needs="records with a request count and a cost (or a model the price catalogue knows)",
    promql=q.quotient(q.increase(q.SPEND), q.increase(q.REQUESTS)),
    promql_note="requests are those clients made, failed ones too; the ledger counts as its logs do",
    record="aigateway:cost_per_request:1h",
)

COST_PER_1K_TOKENS = Kpi(
    name="cost_per_1k_tokens",
    title="Cost per 1k tokens",
    question="What do a thousand tokens cost, input and output together? Graded by model tier.",
    formula="spend / (tokens / 1000); tokens = input + output, all classes, that the provider served",
    section=_SECTION,
    unit=Unit.UNIT_PRICE,
    good=Direction.DOWN,
    numerator=m.SPEND,
    denominator=m.TOKENS,
    per=1000,
    scale=RangeScale(
        "model_tier",
        {
            "budget": (0.0002, 0.001),
            "standard": (0.002, 0.01),
            "premium": (0.01, 0.03),
            "self-hosted": (0.00005, 0.0003),
        },
    ),
    needs="records with token counts and a cost",
    promql="1000 * " + q.quotient(q.increase(q.SPEND), q.increase(q.TOKENS)),
    promql_note="of all models together: metrics know no tiers, so there is no grade and no alert",
    record="aigateway:cost_per_1k_tokens:1h",
)


def _quantile(percent: int) -> Kpi:
    return Kpi(
        name=f"cost_per_request_p{percent}",
        title=f"Cost per request P{percent}",
        question=f"What do {percent} % of requests stay below? Best asked --by feature.",
        formula=f"{percent} % quantile (linear between neighbours) of the cost of single requests",
        section=_SECTION,
        unit=Unit.UNIT_PRICE,
        good=Direction.DOWN,
        how=How.QUANTILE,
        quantile=percent / 100,
        needs="request logs: buckets of many requests have no distribution",
        promql_note=_NO_SINGLE_CALLS,
    )


def _trace_quantile(percent: int) -> Kpi:
    return Kpi(
        name=f"cost_per_trace_p{percent}",
        title=f"Cost per trace P{percent}",
        question=f"What do {percent} % of user actions, tasks or sessions stay below, all their calls together?",
        formula=f"{percent} % quantile (linear between neighbours) of the cost of traces; a trace is all that shares "
        "a trace_id, within each group of --by",
        section=_SECTION,
        unit=Unit.UNIT_PRICE,
        good=Direction.DOWN,
        how=How.TRACE_QUANTILE,
        quantile=percent / 100,
        needs="logs with a trace or session id (LiteLLM: session_id; events: trace_id)",
        promql_note="metrics know no traces and no sessions",
    )


TOKEN_RATIO = Kpi(
    name="token_ratio",
    title="Output per input token",
    question="How much is written for what is read? Graded by workload class, --by feature.",
    formula="output tokens / input tokens, that the provider served",
    section=_SECTION,
    unit=Unit.FACTOR,
    good=Direction.NEUTRAL,
    numerator=m.OUTPUT_TOKENS,
    denominator=m.INPUT_TOKENS,
    scale=RangeScale(
        "feature",
        {"chat": (0.5, 2.0), "code": (2.0, 5.0), "summarization": (0.1, 0.3), "translation": (0.8, 1.2)},
        by_glob=True,
    ),
    needs="records with input and output token counts",
    promql=q.quotient(q.increase(q.OUTPUT_TOKENS), q.increase(q.INPUT_TOKENS)),
    promql_note="of all use cases together: metrics know none, so there is no grade and no alert",
    record="aigateway:token_ratio:1h",
)

CACHE_HIT_RATE = Kpi(
    name="cache_hit_rate",
    title="Cache hit rate",
    question="What share of requests never reached the provider?",
    formula="requests served by the gateway's response cache / requests",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.UP,
    numerator=m.CACHED_REQUESTS,
    denominator=m.REQUESTS,
    scale=Scale.of("> 0.30 good", ">= 0.20 ok", ">= 0.10 warning", "critical"),
    aim=Grade.OK,
    needs="gateway logs that say which requests the cache served (LiteLLM: cache_hit)",
    window="1h",
    promql=q.quotient(q.increase(q.CACHE_HITS), q.increase(q.REQUESTS)),
    promql_note="no answer until the response cache has served a request: a cache that is off says nothing",
    record="aigateway:cache_hit_rate:1h",
)

PROMPT_CACHE_READ_SHARE = Kpi(
    name="prompt_cache_read_share",
    title="Prompt cache read share",
    question="What share of the input came from the provider's prompt cache?",
    formula="tokens read from the prompt cache / all input tokens, that the provider served",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.UP,
    numerator=m.CACHE_READ_TOKENS,
    denominator=m.INPUT_TOKENS,
    needs="records with cache read token counts",
    promql=q.quotient(q.increase(q.CACHE_READ_TOKENS), q.increase(q.INPUT_TOKENS)),
)

KPIS: tuple[Kpi, ...] = (
    COST_PER_REQUEST,
    *(_quantile(percent) for percent in (50, 95, 99)),
    *(_trace_quantile(percent) for percent in (50, 95, 99)),
    COST_PER_1K_TOKENS,
    TOKEN_RATIO,
    CACHE_HIT_RATE,
    PROMPT_CACHE_READ_SHARE,
)
