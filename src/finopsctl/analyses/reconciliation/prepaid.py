"""Prepaid credits: drawn down by a provider's spend day by day, the first to expire first, and when they run out.

A day's spend is taken from the credits that are open on it (``start`` <= day < ``expires``), in the order of their
expiry. After the last day of data the mean of the last 30 days goes on as the daily spend; beside the day that this
uses a credit up stands the day the forecast does, which knows weekdays and ends of months.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import repeat
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import MONEY, PICO
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Table
from finopsctl.results.units import Grade, Unit
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BURN_DAYS = 30
_SOON, _VERY_SOON = 30, 15
_FAR = 3660
_FORECAST_DAYS = 366
_EVIDENCE = ("name", "provider", "balance", "burn_rate", "run_out", "run_out_forecast", "expires", "expires_unused")
_SCHEMA = pl.Schema(
    {
        "name": pl.String(),
        "provider": pl.String(),
        "amount": MONEY,
        "from": pl.Date(),
        "expires": pl.Date(),
        "used": MONEY,
        "balance": MONEY,
        "burn_rate": MONEY,
        "run_out": pl.Date(),
        "run_out_forecast": pl.Date(),
        "expires_unused": MONEY,
        "status": pl.String(),
    }
)


@dataclass(frozen=True, slots=True)
class Prepaid:
    """A credit bought in advance.

    Args:
        name: What it is called.
        provider: Whose spend it pays.
        amount: In the report's currency.
        start: The first day it pays for.
        expires: The first day it no longer does; None: never.
    """

    name: str
    provider: str
    amount: Decimal
    start: date
    expires: date | None = None

    def pays_on(self, day: date) -> bool:
        """Whether it is open on a day."""
        return self.start <= day and (self.expires is None or day < self.expires)


@dataclass(slots=True)
class _State:
    """A credit on its way: what is left of it, and the day nothing was."""

    credit: Prepaid
    left: Decimal
    used: Decimal = Decimal(0)
    run_out: date | None = None

    def is_open_after(self, day: date) -> bool:
        """Whether something of it is left that a later day may use."""
        return self.left > 0 and (self.credit.expires is None or self.credit.expires > day)


def draw_down(spend: pl.DataFrame, credits_: Sequence[Prepaid], as_of: date) -> pl.DataFrame:
    """Return the state of every credit at the start of ``as_of``, in the order of provider and expiry.

    Args:
        spend: provider, day, amount (Decimal; null is nothing known); one row a provider and day.
        credits_: The credits.
        as_of: The first day without data.

    Returns:
        name, provider, amount, from, expires, used, balance (nothing once expired), burn_rate (a day, mean of the last
        30 days or as many as there are), run_out (the day it is used up; null: not before it expires), run_out_forecast
        (the day the forecast uses it up; null: not within a year or before it expires, or no spend to forecast from),
        expires_unused (what is or will be left at the burn rate), status (good, warning, critical, exhausted, expired).
    """
    rows = [row for provider in sorted({c.provider for c in credits_}) for row in _of(provider, spend, credits_, as_of)]
    return pl.DataFrame(rows, schema=_SCHEMA)


def _of(provider: str, spend: pl.DataFrame, credits_: Sequence[Prepaid], as_of: date) -> Iterator[dict[str, Any]]:
    own = sorted(
        (c for c in credits_ if c.provider == provider), key=lambda c: (c.expires or date.max, c.start, c.name)
    )
    days = {
        day: amount
        for day, amount in spend.filter(pl.col("provider") == provider).select("day", "amount").iter_rows()
        if amount is not None and day < as_of
    }
    burn = _burn_rate(days, spend, as_of)
    states = [_State(credit, credit.amount) for credit in own]
    for day in sorted(days):
        _pay(states, day, days[day])
    steady = _continued(states, as_of, repeat(burn, _FAR if burn > 0 else 0))
    forecast = _continued(states, as_of, _expected(days, as_of))
    for state, later, expected in zip(states, steady, forecast, strict=True):
        yield _row(state, later, burn, as_of) | {"run_out_forecast": expected.run_out}


def _continued(states: Sequence[_State], as_of: date, amounts: Iterable[Decimal]) -> list[_State]:
    """Return the credits after further days of spend, ``as_of`` the first of them, as long as any of them can pay."""
    ahead = [replace(state) for state in states]
    for number, amount in enumerate(amounts):
        day = as_of + timedelta(days=number)
        if not any(state.is_open_after(day) for state in ahead):
            break
        _pay(ahead, day, amount)
    return ahead


def _expected(days: Mapping[date, Decimal], as_of: date) -> Iterator[Decimal]:
    """Yield what the forecast expects of each day of the year ahead; nothing without history."""
    from finopsctl.forecasting import Series, outlook  # the configuration reads this module, and should not read numpy

    history = Series.of({day: float(amount) for day, amount in days.items()}, as_of)
    for amount in outlook(history, _FORECAST_DAYS).expected:
        if amount is not None:
            yield Decimal(max(amount, 0.0)).quantize(PICO, ROUND_CEILING)  # down, the last pico would take a day more


def _burn_rate(days: Mapping[date, Decimal], spend: pl.DataFrame, as_of: date) -> Decimal:
    """Mean daily spend of the last 30 days, or of as many as the ledger has; floor in pico-units."""
    since = as_of - timedelta(days=BURN_DAYS)
    first = spend["day"].min()
    begun = since if not isinstance(first, date) else max(since, first)
    length = (as_of - begun).days
    if length <= 0:
        return Decimal(0)
    total = sum((amount for day, amount in days.items() if day >= since), Decimal(0))
    return (total / length).quantize(PICO)


def _pay(states: Sequence[_State], day: date, amount: Decimal) -> None:
    for state in states:
        if amount > 0 and state.left > 0 and state.credit.pays_on(day):
            paid = min(amount, state.left)
            state.left -= paid
            state.used += paid
            amount -= paid
            if not state.left:
                state.run_out = day


def _row(state: _State, later: _State, burn: Decimal, as_of: date) -> dict[str, Any]:
    credit = state.credit
    expired = credit.expires is not None and credit.expires <= as_of
    lost = later.left if credit.expires is not None else Decimal(0)
    return {
        "name": credit.name,
        "provider": credit.provider,
        "amount": credit.amount,
        "from": credit.start,
        "expires": credit.expires,
        "used": state.used,
        "balance": Decimal(0) if expired else state.left,
        "burn_rate": burn,
        "run_out": later.run_out,
        "expires_unused": lost,
        "status": _status(state, later, as_of, expired=expired),
    }


def _status(state: _State, later: _State, as_of: date, *, expired: bool) -> str:
    if not state.left:
        return "exhausted"
    if expired:
        return "expired"
    days = None if later.run_out is None else (later.run_out - as_of).days
    if days is not None and days < _SOON:
        return Grade.CRITICAL if days < _VERY_SOON else Grade.WARNING
    return Grade.WARNING if state.credit.expires is not None and later.left > 0 else Grade.GOOD


def table(rows: pl.DataFrame) -> Table:
    """Return the credits as a table for people."""
    columns = (
        Column("name", "Credit"),
        Column("provider", "Provider", priority=2),
        Column("amount", "Bought", Unit.USD),
        Column("used", "Used", Unit.USD, 1),
        Column("balance", "Balance", Unit.USD),
        Column("burn_rate", "Burn rate", Unit.USD_PER_DAY, 2),
        Column("run_out", "Runs out", Unit.DATE),
        Column("run_out_forecast", "By forecast", Unit.DATE, 4),
        Column("expires", "Expires", Unit.DATE, 1),
        Column("expires_unused", "Expires unused", Unit.USD, 3),
        Column("status", "Status", Unit.GRADE),
    )
    return Table("Prepaid credits", rows, columns)


def findings(rows: pl.DataFrame, spend: pl.DataFrame, as_of: date, currency: str) -> Iterator[Finding]:
    """Yield what to act on: credits that run out within 30 days, that expire unused, or that began before the data."""
    first = spend["day"].min()
    for row in rows.iter_rows(named=True):
        name, days = row["name"], None if row["run_out"] is None else (row["run_out"] - as_of).days
        evidence = {name: row[name] for name in _EVIDENCE}
        if row["status"] == "exhausted":
            message = f"{name}: the prepaid {money(row['amount'], currency)} were used up on {row['run_out']}"
            yield Finding(Severity.WARNING, "prepaid_exhausted", message, "", evidence)
        elif days is not None and days < _SOON:
            urgent = Severity.CRITICAL if days < _VERY_SOON else Severity.WARNING
            message = (
                f"{name}: {money(row['balance'], currency)} are left and run out on {row['run_out']} "
                f"at {money(row['burn_rate'], currency)} a day"
            )
            yield Finding(urgent, "prepaid_runs_out", message, "Buy more, or lower the spend.", evidence)
        elif row["expires"] is not None and row["expires_unused"]:
            verb = "expired" if row["status"] == "expired" else "will expire"
            message = f"{name}: {money(row['expires_unused'], currency)} {verb} unused on {row['expires']}"
            yield Finding(Severity.WARNING, "prepaid_expires", message, "", evidence)
        if isinstance(first, date) and row["from"] < first:
            message = f"{name} begins on {row['from']}, the ledger on {first}: what was used before is not known"
            yield Finding(Severity.INFO, "prepaid_before_ledger", message, "", evidence)
