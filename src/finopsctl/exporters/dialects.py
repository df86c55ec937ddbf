"""The names a Prometheus knows an AI gateway's figures by: LiteLLM's own, or those that guides and dashboards share.

KPIs are declared with LiteLLM's names (:mod:`finopsctl.metrics.promql`). In the generic names there is one counter of
tokens with a ``type`` and one of requests with a ``status``; spend and budget of a team are series of their own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import is_glob
from finopsctl.metrics import promql as q

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.metrics.kpi import Kpi

_SERIES = re.compile(r"\b(litellm_\w+)(?:\{([^}]*)\})?")
_JOKERS = {"*": ".*", "?": "."}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a set of names says what LiteLLM's say.

    Args:
        name: As in ``--names NAME``.
        metrics: LiteLLM's name -> what stands for it: a name, with a matcher where it needs one.
        labels: LiteLLM's label -> what it is called; a label not named is called the same.
        queries: Whole queries, by KPI, where names alone do not carry over.
        scopes: Dimension of a budget -> labels that may hold its value; dimensions not named are in no label.
        team: The label people know a team by.
        model_series: LiteLLM's names of the series that know a model.
    """

    name: str
    metrics: Mapping[str, str]
    scopes: Mapping[str, tuple[str, ...]]
    team: str
    labels: Mapping[str, str] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)
    model_series: frozenset[str] = frozenset()

    def query(self, kpi: Kpi) -> str:
        """Return a KPI's query in these names, ``$w`` for its window; empty where they cannot say it."""
        return self.queries.get(kpi.name) or self.said(kpi.promql)

    def said(self, promql: str) -> str:
        """Return a query in these names; empty where one of its series has none."""
        names = {found[1] for found in _SERIES.finditer(promql)}
        if not names <= self.metrics.keys():
            return ""
        text = _SERIES.sub(lambda found: self._series(found[1], found[2] or ""), promql)
        for ours, theirs in self.labels.items():
            text = re.sub(rf"\b{ours}\b", theirs, text)
        return text

    def _series(self, name: str, matchers: str) -> str:
        own = _SERIES.fullmatch(self.metrics[name])
        if own is None:
            return self.metrics[name]  # an expression of several series
        return series(own[1], own[2] or "", matchers)

    def knows_models(self, promql: str) -> bool:
        """Return whether every series of a query (in LiteLLM's names) can be told by model."""
        return all(found[1] in self.model_series for found in _SERIES.finditer(promql))


def series(name: str, *matchers: str) -> str:
    """Return a selector of a series; matchers that are empty are left out."""
    inner = ",".join(text for text in matchers if text)
    return f"{name}{{{inner}}}" if inner else name


def narrowed(promql: str, matchers: str) -> str:
    """Return a query with ``matchers`` added to every series of it."""
    return _SERIES.sub(lambda found: series(found[1], found[2] or "", matchers), promql)


def quoted(text: str) -> str:
    """Return any text as a string of PromQL, on one line."""
    return json.dumps(text, ensure_ascii=False)


def matcher(label: str, pattern: str) -> str:
    """Return the matcher of a label for what a budget is limited to: a value, a glob, or empty for an unknown one."""
    if not pattern:
        return f"{label}{q.UNKNOWN}"
    if pattern == "*":
        return f"{label}{q.KNOWN}"
    if not is_glob(pattern):
        return f"{label}={quoted(pattern)}"
    expression = "".join(_JOKERS.get(letter) or re.escape(letter) for letter in pattern)
    return f"{label}=~{quoted(f'(?s:{expression})')}"


_MODEL_SERIES = frozenset(
    {q.SPEND, q.MODEL_REQUESTS, q.TOKENS, q.INPUT_TOKENS, q.OUTPUT_TOKENS, q.CACHE_READ_TOKENS, q.CACHE_HITS}
)

LITELLM = Dialect(
    "litellm",
    metrics={
        name: name
        for name in (
            *(*_MODEL_SERIES, q.REQUESTS, q.FAILED_REQUESTS, q.DEPLOYMENT_REQUESTS, q.FALLBACKS),
            *(q.TEAM_LIMIT, q.TEAM_REMAINING, q.TEAM_HOURS),
        )
    },
    scopes={
        "team": ("team_alias", "team"),
        "user": ("user",),
        "customer": ("end_user",),
        "api_key": ("api_key_alias", "hashed_api_key"),
        "provider": ("api_provider",),
        "model": ("model",),
    },
    team="team_alias",
    model_series=_MODEL_SERIES,
)

GENERIC = Dialect(
    "generic",
    metrics={
        q.SPEND: "litellm_spend_total",
        q.REQUESTS: "litellm_requests_total",
        q.MODEL_REQUESTS: "litellm_requests_total",
        q.FAILED_REQUESTS: 'litellm_requests_total{status!="success"}',
        q.TOKENS: 'litellm_tokens_total{type=~"input|output"}',
        q.INPUT_TOKENS: 'litellm_tokens_total{type="input"}',
        q.OUTPUT_TOKENS: 'litellm_tokens_total{type="output"}',
        q.CACHE_HITS: "litellm_cache_hits_total",
        q.FALLBACKS: "litellm_fallback_requests_total",
        q.TEAM_LIMIT: "litellm_team_budget_total",
        q.TEAM_REMAINING: "(litellm_team_budget_total - litellm_team_spend_total)",
    },
    labels={"team, team_alias": "team", "api_provider": "provider"},
    queries={
        "budget_utilization": (
            "max by (team) (litellm_team_spend_total) / (max by (team) (litellm_team_budget_total) > 0)"
        ),
        "retry_rate": "sum(increase(litellm_retries_total[$w])) / (sum(increase(litellm_requests_total[$w])) > 0)",
    },
    scopes={"team": ("team",), "user": ("user",), "provider": ("provider",), "model": ("model",)},
    team="team",
    model_series=_MODEL_SERIES | {q.REQUESTS, q.FAILED_REQUESTS, q.FALLBACKS},
)

DIALECTS = {dialect.name: dialect for dialect in (LITELLM, GENERIC)}


def dialect_named(name: str) -> Dialect:
    """Return the dialect of ``--names NAME``; ConfigError names the nearest one when there is none."""
    if name not in DIALECTS:
        raise ConfigError(f"unknown names '{name}'", nearest(name, DIALECTS))
    return DIALECTS[name]
