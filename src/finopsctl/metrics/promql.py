"""Queries of KPIs in PromQL, over the counters and gauges of a LiteLLM proxy.

Names and labels are those of ``litellm/integrations/prometheus.py`` and ``litellm/types/integrations/prometheus.py``;
Prometheus' client library adds ``_total`` to counters. ``$w`` stands for the window. Every quotient is asked only where
there is something to divide by, so that nothing to divide is no answer, neither zero nor infinity. A label LiteLLM does
not know is empty or ``None``.
"""

from __future__ import annotations

SPEND = "litellm_spend_metric_total"
REQUESTS = "litellm_proxy_total_requests_metric_total"
FAILED_REQUESTS = "litellm_proxy_failed_requests_metric_total"
MODEL_REQUESTS = "litellm_requests_metric_total"
TOKENS = "litellm_total_tokens_metric_total"
INPUT_TOKENS = "litellm_input_tokens_metric_total"
OUTPUT_TOKENS = "litellm_output_tokens_metric_total"
CACHE_READ_TOKENS = "litellm_input_cached_tokens_metric_total"
CACHE_HITS = "litellm_cache_hits_metric_total"
DEPLOYMENT_REQUESTS = "litellm_deployment_total_requests_total"
FALLBACKS = "litellm_deployment_successful_fallbacks_total"
TEAM_LIMIT = "litellm_team_max_budget_metric"
TEAM_REMAINING = "litellm_remaining_team_budget_metric"
TEAM_HOURS = "litellm_team_budget_remaining_hours_metric"

WINDOW = "$w"
"""What a query has in place of the span it looks back over."""

TEAM = "team, team_alias"
"""The labels that tell a team: its id and its name."""

UNKNOWN = '=~"|None"'
KNOWN = '!~"|None"'


def increase(metric: str, by: str = "", where: str = "", window: str = WINDOW) -> str:
    """Return by how much a counter rose within the window, summed by labels (none: over everything).

    Args:
        metric: The counter.
        by: Labels to keep.
        where: A matcher, e.g. ``user!=""``.
        window: The span to look back over.
    """
    group = f" by ({by}) " if by else ""
    return f"sum{group}(increase({metric}{f'{{{where}}}' if where else ''}[{window}]))"


def or_none(counter: str, of: str) -> str:
    """Return a sum that is 0 where its counter does not exist yet though the sum it is a part of is known."""
    return f"({counter} or {of} * 0)"


def quotient(numerator: str, denominator: str) -> str:
    """Return one sum by another of the same labels; nothing where there is nothing to divide by."""
    return f"{numerator} / ({denominator} > 0)"


def share(metric: str, by: str, where: str = "") -> str:
    """Return each member's part of what a counter rose by; of nothing there are no parts."""
    return f"{increase(metric, by, where)} / on () group_left () ({increase(metric)} > 0)"


def team_limits() -> str:
    """Return the limits of the teams that have one."""
    return f"(max by ({TEAM}) ({TEAM_LIMIT}) > 0)"


def days_left(burn: str) -> str:
    """Return for how many days what a team has left lasts at a daily spend; 0 once it is spent.

    LiteLLM says that a team without a limit has infinitely much left: such a team has no answer.
    """
    left = f"max by ({TEAM}) ({TEAM_REMAINING} < +Inf)"
    return f"clamp_min({left}, 0) / ({burn} > 0) or (({left}) <= 0) * 0"
