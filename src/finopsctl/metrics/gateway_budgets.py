"""Budgets that a LiteLLM proxy enforces, read from its tables of teams, keys, users, organizations and projects.

Columns: ``litellm/proxy/schema.prisma``. When a budget starts anew says ``litellm_core_utils/duration_parser.py``:
``30d`` and ``1mo`` on the 1st of a month, ``7d`` on a Monday, ``1d`` and ``24h`` at midnight, any other number of days
at ``budget_reset_at``. A budget without a duration never does. Amounts are USD.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from finopsctl.ledger.conditions import TAG
from finopsctl.ledger.period import zone
from finopsctl.metrics.budgets import GATEWAY, Alert, Budget, plain_period
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import polars as pl

_PROXY = "litellm-proxy-budget"  # the "user" that stands for the whole proxy
_MONDAY = date(2024, 1, 1)
_DURATION = re.compile(r"(\d+)(mo|[hdw])")
_WORDS = {"daily": "1d", "weekly": "7d", "monthly": "1mo", "hourly": "1h"}
_LONGEST = 40  # of a name: keys without an alias are hashes
_KINDS = (
    ("litellm-teams", "team", "team", ("team_alias", "team_id")),
    ("litellm-keys", "api_key", "key", ("key_alias", "token")),
    ("litellm-users", "user", "user", ("user_id",)),
    ("litellm-organizations", f"{TAG}organization", "organization", ("organization_id",)),
    ("litellm-projects", "project", "project", ("project_alias", "project_id")),
)
"""Table, dimension of the ledger, what it is called, and which of its columns the ledger knows it by."""


@dataclass(frozen=True, slots=True)
class _Limit:
    """One limit as the tables say it."""

    name: str
    scope: Mapping[str, str]
    amount: Decimal
    duration: str | None
    resets_at: datetime | None
    soft: Decimal | None = None


def from_litellm(
    tables: Mapping[str, pl.DataFrame], as_of: datetime, timezone: str = "UTC"
) -> tuple[tuple[Budget, ...], tuple[Finding, ...]]:
    """Return the budgets LiteLLM's tables hold, and what of them cannot be followed.

    Args:
        tables: By side-table name, e.g. ``litellm-teams``; columns as LiteLLM names them.
        as_of: The first instant not seen: temporary increases that have run out by then do not count.
        timezone: Whose midnight begins a period.
    """
    shared = {row["budget_id"]: row for row in _rows(tables, "litellm-budgets") if row.get("budget_id")}
    limits = [limit for entry in _entries(tables) for limit in _limits(*entry, shared, as_of)]
    followed: dict[tuple[Any, ...], Budget] = {}
    lost = []
    for limit in limits:
        budget = _budget(limit, timezone)
        if budget is None:
            lost.append(limit)
            continue
        # Teams (keys) of one name are one team (key) in the ledger: their limits add up.
        same = (tuple(budget.scope.items()), budget.period, budget.resets)
        known = followed.get(same)
        followed[same] = budget if known is None else replace(known, limit=known.limit + budget.limit)
    return told_apart(followed.values()), tuple(_lost_findings(lost))


def combined(
    configured: Iterable[Budget], gateway: Iterable[Budget], *, everything: bool = False
) -> tuple[tuple[Budget, ...], tuple[Finding, ...]]:
    """Return the budgets in force and where the two sides differ: for one scope the configured budget wins.

    Args:
        configured: From the configuration.
        gateway: From the gateway's tables, in the same currency.
        everything: Keep the gateway's budgets of configured scopes, too.
    """
    own = tuple(configured)
    others, findings = [], []
    for budget in gateway:
        twins = [mine for mine in own if dict(mine.scope) == dict(budget.scope)]
        findings += [_difference(twins[0], budget)] if twins and not any(_agree(t, budget) for t in twins) else []
        if everything or not twins:
            others.append(budget)
    return told_apart(own + tuple(others)), tuple(findings)


def told_apart(budgets: Iterable[Budget]) -> tuple[Budget, ...]:
    """Return ``budgets``; a later one whose name is taken says where it is set, and counts."""
    taken: set[str] = set()
    found = []
    for budget in budgets:
        named, number = budget, 1
        while named.name in taken:
            name = f"{budget.name} ({budget.set_in})" if number == 1 else f"{budget.name} ({budget.set_in} {number})"
            named, number = replace(budget, name=name), number + 1
        taken.add(named.name)
        found.append(named)
    return tuple(found)


def _agree(mine: Budget, theirs: Budget) -> bool:
    return mine.limit == theirs.limit and plain_period(mine.period) == plain_period(theirs.period)


def _difference(mine: Budget, theirs: Budget) -> Finding:
    return Finding(
        Severity.WARNING,
        "budget_differs",
        f"Budget {mine.name} is {money(mine.limit, mine.currency)} ({mine.period}) in the configuration; the gateway "
        f"enforces {money(theirs.limit, theirs.currency)} ({theirs.period}).",
        "finopsctl budget export --to litellm",
        {"budget": mine.name, "configured": mine.limit, "enforced": theirs.limit},
    )


def _rows(tables: Mapping[str, pl.DataFrame], name: str) -> list[dict[str, Any]]:
    return tables[name].to_dicts() if name in tables else []


def _entries(tables: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """Yield what each row limits: a name for it, its scope, the row."""
    for table, dimension, kind, names in _KINDS:
        for row in _rows(tables, table):
            value = next((row[name] for name in names if row.get(name)), None)
            if value == _PROXY:
                yield GATEWAY, {}, row
            elif value:
                shown = row.get(f"{kind}_alias") or value
                yield f"{kind} {shown[:_LONGEST]}" if kind != "team" else shown, {dimension: value}, row


def _limits(
    name: str, scope: dict[str, str], row: dict[str, Any], shared: Mapping[str, dict[str, Any]], as_of: datetime
) -> Iterator[_Limit]:
    """Yield the limits of one row: its own or that of its budget, further windows, and those by model."""
    terms = shared.get(row.get("budget_id") or "", {})
    if row.get("max_budget") is not None:
        terms = {**terms, **{key: value for key, value in row.items() if value is not None}}
    amount, duration, resets_at = (terms.get(key) for key in ("max_budget", "budget_duration", "budget_reset_at"))
    if amount is not None:
        expiry = terms.get("temp_budget_expiry")
        more = terms.get("temp_budget_increase") if expiry is not None and expiry > as_of else None
        yield _Limit(name, scope, amount + (more or 0), duration, resets_at, terms.get("soft_budget"))
    windows, by_model = (
        _json(row.get("budget_limits")),
        _json(row.get("model_max_budget") or terms.get("model_max_budget")),
    )
    for window in windows if isinstance(windows, list) else ():
        if isinstance(window, dict) and (most := _amount(window)) is not None:
            span = _text(window.get("budget_duration"))
            yield _Limit(f"{name} ({span})", scope, most, span, _instant(window.get("reset_at")))
    for model, said in by_model.items() if isinstance(by_model, dict) else ():
        entry = said if isinstance(said, dict) else {"max_budget": said, "budget_duration": duration}
        if (most := _amount(entry)) is not None:
            span = _text(entry.get("budget_duration") or entry.get("time_period"))
            yield _Limit(f"{name}, {model}", {**scope, "model": model}, most, span, None)


def _json(text: str | None) -> Any:  # noqa: ANN401 - a JSON value
    """Return what JSON text holds; None for anything else."""
    try:
        return msgspec.json.decode(text or "null")
    except msgspec.DecodeError:
        return None


def _amount(entry: Mapping[str, Any]) -> Decimal | None:
    value = entry.get("max_budget", entry.get("budget_limit"))
    try:
        amount = Decimal(str(value))
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _instant(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _budget(limit: _Limit, timezone: str) -> Budget | None:
    """Return the budget of a limit; None where it is negative or its period cannot be followed."""
    resets = None if limit.resets_at is None else limit.resets_at.astimezone(zone(timezone)).date()
    period = _period(limit.duration, resets)
    if period is None or limit.amount < 0:
        return None
    if period == "7d" and resets is None:
        resets = _MONDAY
    soft = [Alert(float(limit.soft / limit.amount), "the gateway's soft budget")] if limit.soft and limit.amount else []
    return Budget(
        limit.name,
        limit.amount,
        period,
        dict(limit.scope),
        alerts=(*soft, Alert(1.0, "the gateway refuses requests")),
        timezone=timezone,
        resets=resets if period.endswith("d") else None,
        set_in=GATEWAY,
    )


def _period(duration: str | None, resets: date | None) -> str | None:
    found = _DURATION.fullmatch(_WORDS.get((duration or "").strip().lower(), duration or ""))
    if found is None:
        return None
    if found[0] == "1mo" or (found[0] == "30d" and (resets is None or resets.day == 1)):
        return "month"
    return None if found[2] == "mo" else plain_period(found[0])


def _lost_findings(lost: list[_Limit]) -> Iterator[Finding]:
    endless = [limit.name for limit in lost if not limit.duration]
    other = [limit for limit in lost if limit.duration]
    if endless:
        yield Finding(
            Severity.INFO,
            "budget_never_resets",
            f"{counted(len(endless), 'limit')} of the gateway never {'resets' if len(endless) == 1 else 'reset'} and "
            f"cannot be shown for a period: {some_of(endless)}.",
            "Give them a budget_duration such as 1mo.",
            {"budgets": endless},
        )
    for limit in other:
        yield Finding(
            Severity.INFO,
            "budget_not_followed",
            f"The gateway's budget {limit.name} ({money(limit.amount)} in {limit.duration}) cannot be followed: its "
            "period is not whole days or a month.",
            "",
            {"budget": limit.name, "duration": limit.duration},
        )
