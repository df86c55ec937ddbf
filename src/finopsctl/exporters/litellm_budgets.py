"""Budgets for a LiteLLM proxy: one YAML document, and what of the budgets LiteLLM cannot enforce.

LiteLLM reads two kinds of budgets from ``config.yaml``: that of the whole proxy (``litellm_settings.max_budget`` and
``budget_duration``) and those of providers (``router_settings.provider_budget_config``). Teams, keys, users and
customers live in its database; they are set by requests (``/team/new`` and so on, bodies: ``litellm/proxy/_types.py``),
which are listed under a key of our own that the proxy passes over. It resets budgets after whole days or a month
(``litellm_core_utils/duration_parser.py``): ``1mo`` and ``30d`` on the 1st, ``7d`` on Mondays.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsctl.errors import ConfigError
from finopsctl.ledger.conditions import is_glob
from finopsctl.metrics.budgets import plain_period
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from finopsctl.metrics.budgets import Budget

REQUESTS = "finopsctl_requests"
"""The key under which requests to the proxy's management API are listed."""

_KINDS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "team": ("/team/new", "team_alias", {}),
    "api_key": ("/key/generate", "key_alias", {}),
    "user": ("/user/new", "user_id", {"auto_create_key": False}),
    "customer": ("/customer/new", "user_id", {}),
}
"""Dimension -> path of the request, the field that names whom it is about, and what else to say."""

_PROVIDERS = {"google": "gemini", "self-hosted": "hosted_vllm"}
"""The ledger's names of providers that LiteLLM calls otherwise."""

_HEAD = """\
# Budgets for a LiteLLM proxy, written by `finopsctl budget export --to litellm`. Amounts are USD.
"""
_SETTINGS_NOTE = """\
# litellm_settings and router_settings go into the proxy's config.yaml; a budget of the whole proxy needs its database.
"""
_REQUESTS_NOTE = f"""\
# The proxy keeps limits of teams, keys, users and customers in its database and passes {REQUESTS} over: send each
# body as JSON to its path with the master key. For one that exists already, use /team/update (with team_id),
# /key/update (with key), /user/update or /customer/update and the same limits.
"""


class _LeftOutError(Exception):
    """LiteLLM cannot enforce it; the text says why."""


def exported(budgets: Iterable[Budget]) -> tuple[str, tuple[Finding, ...]]:
    """Return the YAML document, and a finding for each budget that is left out or means something else there.

    Args:
        budgets: Of the configuration.

    Raises:
        ConfigError: When all limits are in another currency than the gateway's.
    """
    asked = tuple(budgets)
    currencies = {budget.currency for budget in asked}
    if currencies and "USD" not in currencies:
        units = " and ".join(sorted(currencies))
        raise ConfigError(f"the budgets are in {units} and LiteLLM counts USD", "Keep a file of budgets in USD.")
    document: dict[str, Any] = {}
    findings: list[Finding] = []
    for budget in asked:
        try:
            _add(document, budget)
        except _LeftOutError as why:
            findings.append(_finding("budget_not_exported", Severity.WARNING, budget, f"is left out: {why}."))
        else:
            said = (_finding("budget_changed", Severity.INFO, budget, f"{note}.") for note in _notes(budget))
            findings.extend(said)
    return _written(document, findings), tuple(findings)


def _add(document: dict[str, Any], budget: Budget) -> None:
    if budget.currency != "USD":
        raise _LeftOutError(f"its limit is in {budget.currency} and LiteLLM counts USD")
    duration = _duration(budget)
    if not budget.scope:
        if "litellm_settings" in document:
            raise _LeftOutError("the proxy has one budget for everything, and an earlier one is it")
        if not _stop(budget):
            raise _LeftOutError("LiteLLM takes a limit of 0 on everything for no limit at all")
        document["litellm_settings"] = {"max_budget": _stop(budget), "budget_duration": duration}
        return
    if len(budget.scope) > 1:
        raise _LeftOutError(f"LiteLLM has no limit on {' and '.join(budget.scope)} together")
    ((dimension, value),) = budget.scope.items()
    if not value or is_glob(value):
        raise _LeftOutError(f"{dimension} = {value!r} is a pattern, and LiteLLM limits one {dimension} at a time")
    if dimension == "provider":
        _add_provider(document, _PROVIDERS.get(value, value), budget, duration)
    elif dimension in _KINDS:
        _add_request(document, dimension, value, budget, duration)
    else:
        raise _LeftOutError(f"LiteLLM's configuration has no limit by {dimension}")


def _add_provider(document: dict[str, Any], provider: str, budget: Budget, duration: str) -> None:
    limits = document.setdefault("router_settings", {"provider_budget_config": {}})["provider_budget_config"]
    if provider in limits:
        raise _LeftOutError(f"the provider {provider} has one budget, and an earlier one is it")
    limits[provider] = {"budget_limit": _stop(budget), "time_period": duration}


def _add_request(document: dict[str, Any], dimension: str, value: str, budget: Budget, duration: str) -> None:
    path, name, also = _KINDS[dimension]
    requests = document.setdefault(REQUESTS, [])
    if any(request["path"] == path and request["body"][name] == value for request in requests):
        raise _LeftOutError(f"{dimension} {value} has one budget, and an earlier one is it")
    terms = budget.terms
    body = {name: value, **also, "max_budget": _stop(budget), "budget_duration": duration}
    soft = min((alert.at for alert in budget.alerts), default=None)
    if soft is not None and soft < terms.hard_stop and dimension != "user":
        body["soft_budget"] = _number(budget.limit * Decimal(str(soft)))
    if terms.models:
        body["models"] = list(terms.models)
    if terms.tpm_limit is not None:
        body["tpm_limit"] = terms.tpm_limit
    if terms.rpm_limit is not None:
        body["rpm_limit"] = terms.rpm_limit
    requests.append({"path": path, "body": body})


def _duration(budget: Budget) -> str:
    period = plain_period(budget.period)
    if period == "month":
        return "1mo"
    if period is None or not period.endswith("d"):
        raise _LeftOutError(f"LiteLLM resets budgets after days or a month, not a {budget.period}")
    return period


def _stop(budget: Budget) -> float:
    return _number(budget.limit * budget.terms.hard_stop)


def _number(amount: Decimal) -> float:
    """Return an amount as YAML is to show it: whole dollars without a point."""
    return int(amount) if amount == int(amount) else float(amount)


def _notes(budget: Budget) -> list[str]:
    """Say what means something else at the gateway."""
    period, terms = plain_period(budget.period), budget.terms
    notes = []
    if period == "30d":
        notes.append("starts anew on the 1st of a month there: LiteLLM takes 30d for a calendar month")
    elif period == "7d":
        notes.append("starts anew on Mondays there")
    elif period and period.endswith("d") and period != "1d":
        notes.append(f"starts anew {period.removesuffix('d')} days after the day it is set there")
    if "provider" in budget.scope:
        notes.append("is counted by the router from its first request on, not by the calendar")
    if not budget.scope.keys() & _KINDS.keys() and (terms.models or terms.tpm_limit or terms.rpm_limit):
        notes.append("loses its models, tpm-limit and rpm-limit: LiteLLM takes them by team, key, user or customer")
    return notes


def _finding(code: str, severity: Severity, budget: Budget, words: str) -> Finding:
    return Finding(severity, code, f"Budget {budget.name} {words}", evidence={"budget": budget.name})


def _written(document: dict[str, Any], findings: Iterable[Finding]) -> str:
    import yaml

    settings = {key: value for key, value in document.items() if key != REQUESTS}
    requests = {key: value for key, value in document.items() if key == REQUESTS}
    parts = [_HEAD, *(f"# {' '.join(finding.message.split())}\n" for finding in findings)]
    for note, part in ((_SETTINGS_NOTE, settings), (_REQUESTS_NOTE, requests)):
        if part:
            parts += ["\n", note, yaml.safe_dump(part, sort_keys=False, allow_unicode=True, width=10_000)]
    return "".join(parts)
