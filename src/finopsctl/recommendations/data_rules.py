"""Rules on what is watched and known: budgets, prices, owners, what the gateway reports; none of them saves money."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.recommendations.advice import Advice, Confidence, Effort
from finopsctl.results.wording import counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finopsctl.recommendations.signals import Signals

_ODD = ("price", "factor", "cache", "batch", "response_cache")
_LEAST = Decimal("0.01")


def budgets(signals: Signals) -> Iterator[Advice]:
    """Alert the owner of a budget that is nearly spent, and look at its heavy users."""
    standing, limits = signals.shown.budgets, signals.question.thresholds
    if standing is None:
        return
    currency = signals.question.currency
    for row in standing.rows.iter_rows(named=True):
        used = row["utilization"]
        if used is None or used <= limits.budget_used:
            continue
        burn = row["burn_rate"]
        pace = f", {money(burn, currency)} a day" if burn is not None else ""
        end = row["projected"]
        ends = f", heading for {money(end, currency)}" if end is not None else ""
        scope = {name: row[name] for name in standing.question.dims if row[name] is not None}
        yield Advice(
            "budgets",
            "budget",
            f"Alert the owners of the budget {row['budget']} and look at its heavy users",
            Confidence.MEASURED,
            Effort.LOW,
            f"{used:.1%} used (alert above {limits.budget_used:.0%}): {money(row['actual'], currency)} of "
            f"{money(row['limit'], currency)}{pace}{ends}{_heaviest(signals, scope)}",
            ("budget", "status", *_scoped(scope)),
            {name: scope[name] for name in signals.names if name in scope},
            stake=Decimal(row["actual"]),
            budget=True,
        )


def _heaviest(signals: Signals, scope: Mapping[str, Any]) -> str:
    """Return who spends most of a budget, in the records read; nothing where its scope is no plain value."""
    if not set(scope) <= set(signals.users.columns):
        return ""
    same = [pl.col(name) == value for name, value in scope.items()]
    users = signals.users.filter(*same) if same else signals.users
    by_user = users.group_by("user").agg(pl.col("spend").sum()).sort("spend", "user", descending=[True, False])
    if by_user.is_empty():
        return ""
    name, spend = by_user.row(0)
    whole = Decimal(by_user["spend"].sum())
    share = f" ({spend / whole:.0%} of all with a name)" if whole > 0 else ""
    return f"; the heaviest user here is {name} with {money(spend, signals.question.currency)}{share}"


def _scoped(scope: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the option that leaves a team's budgets; others are told by their name in the table."""
    return ("--team", str(scope["team"])) if set(scope) == {"team"} else ()


def unpriced(signals: Signals) -> Iterator[Advice]:
    """Find prices for requests that have none: what they cost is in no figure."""
    quality = signals.quality
    if not quality.unpriced_requests and not quality.unpriced_tokens:
        return
    requests, have = counted(quality.unpriced_requests, "request"), "has" if quality.unpriced_requests == 1 else "have"
    yield Advice(
        "unpriced",
        "data",
        "Give every model a price first: what is unpriced is in no figure here",
        Confidence.MEASURED,
        Effort.LOW,
        f"{requests} with {quality.unpriced_tokens:,} tokens {have} no cost: {some_of(quality.unpriced_models)}",
        ("kpi", "--kpi", "unpriced_share", "--by", "model"),
    )


def unattributed(signals: Signals) -> Iterator[Advice]:
    """Find owners for spend without a team."""
    share, limit = signals.quality.unattributed_share, signals.question.thresholds.unattributed_share
    if share is None or share <= limit:
        return
    spend = signals.quality.spend * Decimal(str(share))
    yield Advice(
        "unattributed",
        "data",
        "Give spend without a team an owner first: nobody acts on it",
        Confidence.MEASURED,
        Effort.LOW,
        f"{share:.1%} of spend has no team (limit {limit:.0%})",
        ("attribution", "--by", "api_key", "--where", "team="),
        stake=signals.monthly(spend),
    )


def stale_prices(signals: Signals) -> Iterator[Advice]:
    """Put right what the gateway reports at another price than the list's: that moves figures, not money."""
    audit = signals.shown.audit
    if audit is None:
        return
    odd = audit.rows.filter(pl.col("cause").is_in(_ODD) & pl.col("difference").is_not_null())
    sums = odd.group_by("provider", "model").agg(
        pl.col("reported", "list", "difference", "records").sum(), causes=pl.col("cause").unique().sort()
    )
    for row in sums.sort(pl.col("difference").abs(), "provider", "model", descending=[True, False, False]).iter_rows(
        named=True
    ):
        if abs(row["difference"]) < _LEAST:
            continue
        more = "more" if row["difference"] > 0 else "less"
        yield Advice(
            "stale_prices",
            "gateway price",
            f"Correct the gateway's price of {row['provider']}/{row['model']}",
            Confidence.MEASURED,
            Effort.LOW,
            f"{counted(row['records'], 'record')} reported as {money(row['reported'])} where the list price is "
            f"{money(row['list'])}: {money(abs(row['difference']))} {more} ({', '.join(row['causes'])}); a matter of "
            "reporting, nothing is saved",
            ("pricing", "audit"),
            {"model": row["model"], "provider": row["provider"]},
            stake=signals.monthly(abs(row["difference"])),
        )
