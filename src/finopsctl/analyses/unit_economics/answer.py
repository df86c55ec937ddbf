"""The answer: every unit's rows in one table for programs, one table a question for people."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import floor, log10
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.unit_economics import customers, free_tier, use_cases, users
from finopsctl.analyses.unit_economics.question import UnitQuestion, unit_rows
from finopsctl.errors import ConfigError
from finopsctl.metrics.dimensions import TOKEN_CLASS, longest_bucket, refuse_longer_buckets
from finopsctl.metrics.figures import collect
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import SYMBOLS, money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PEOPLE_SEE = 20
_SPLIT = ("user", "active_user_day", "successful_task")
_UNITS = {
    "user": "Active user",
    "active_user_day": "Active user and day",
    "successful_task": "Successful task",
    "p99_user": "Top 1% of users",
    "free_user": "Free-plan user",
    "free_customer": "Free-plan customer",
}


@dataclass(frozen=True, slots=True, eq=False)
class UnitEconomics:
    """Cost per unit.

    ``rows``: unit (user, active_user_day, successful_task, p99_user, user_type, top_user, free_user, free_customer,
    outcome, customer), the dimensions asked for, what the row is about (feature, team, customer, user, user_type, plan)
    and spend, count, cost_per, revenue, margin and what else is known of the unit. ``totals``: what the rows cover and
    what they do not.
    """

    rows: pl.DataFrame
    totals: Mapping[str, Any]
    quality: Quality
    findings: tuple[Finding, ...]
    tables: tuple[Table, ...]
    headline: str

    def report(self) -> Report:
        """Return the presentable form."""
        columns = (Column("unit", "Unit"), Column("grade", "Grade", Unit.GRADE))
        machine = Table("Rows", self.rows, columns, self.totals, machine_only=True)
        return Report("unit-economics", self.headline, (machine, *self.tables), self.totals, self.findings)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """The answers to the single questions."""

    users: users.Users
    customers: customers.Customers
    free: free_tier.FreeTier
    outcomes: use_cases.UseCases | None


def unit_economics(
    ledger: pl.LazyFrame,
    question: UnitQuestion,
    *,
    outcomes: pl.DataFrame | None = None,
    revenue: pl.DataFrame | None = None,
) -> UnitEconomics:
    """Say what each unit costs.

    Args:
        ledger: Ledger columns and ``cost``, already filtered to the period and to ``--where``.
        question: What to show.
        outcomes: Rows of the outcomes table, alternative costs in the currency of ``cost``; None: not given.
        revenue: Rows of the revenue table, amounts in that currency; None: not given.

    Raises:
        ConfigError: ``token_class`` among the dimensions.
        SourceError: A bucket longer than the calendar period asked for.
    """
    if TOKEN_CLASS in question.dims:
        raise ConfigError("units cannot be split by token_class", hint="Use attribution --by token_class.")
    lazy = {
        **users.plans(ledger, question),
        "customers": customers.plan(ledger, question),
        "accounts": free_tier.plan(ledger),
        "longest": longest_bucket(ledger),
    }
    (frames,) = collect([lazy])
    refuse_longer_buckets(question.by, frames["longest"].item())
    days = question.days(frames["rollup"])
    clients = customers.customers(frames["customers"], revenue, question, days)
    plans = dict(clients.named.drop_nulls("plan").select("customer", "plan").iter_rows())
    parts = _Parts(
        users.users(frames, question, days),
        customers.with_plans(clients, frames["accounts"]),
        free_tier.free_tier(frames["accounts"], plans, question),
        None if outcomes is None else use_cases.use_cases(ledger, outcomes, question),
    )
    quality = quality_of(frames["rollup"], question.basis)
    return UnitEconomics(
        _rows(parts, question),
        _totals(parts, quality),
        quality,
        tuple(_findings(parts, quality, question)),
        tuple(_tables(parts, question)),
        _headline(parts, quality, question),
    )


def _rows(parts: _Parts, question: UnitQuestion) -> pl.DataFrame:
    nothing = unit_rows(pl.DataFrame(schema={"spend": pl.Int64}), "", question)
    found = nothing if parts.outcomes is None else parts.outcomes.rows
    people = parts.users
    return pl.concat([people.units, people.types, people.dearest, parts.free.rows, found, parts.customers.rows])


def _totals(parts: _Parts, quality: Quality) -> dict[str, Any]:
    clients = parts.customers.named
    own = Decimal(clients["spend"].sum() or 0)
    totals: dict[str, Any] = {
        "spend": quality.spend,
        "spend_of_users": parts.users.spend,
        "spend_without_user": parts.users.nameless,
        "spend_of_customers": own,
        "spend_without_customer": quality.spend - own,
        "customers": clients["customer"].n_unique(),
        "users": parts.users.count,
        "free_tier_spend": parts.free.spend,
        "free_tier_share": parts.free.share,
    }
    if not quality.spend_known:
        totals |= {name: None for name in totals if name.startswith("spend")}
    if parts.customers.has_revenue:
        revenue = Decimal(clients["revenue"].sum() or 0)
        totals |= {
            "revenue": revenue,
            "margin": _margin(revenue, own),
            "margin_after_all_spend": _margin(revenue, quality.spend),
            "revenue_without_usage": Decimal(parts.customers.unused["revenue"].sum() or 0),
            "usage_without_revenue": Decimal(clients.filter(pl.col("revenue").is_null())["spend"].sum() or 0),
        }
    if parts.outcomes is not None:
        rows, idle = parts.outcomes.rows, parts.outcomes.found.idle
        totals |= {
            "outcomes": int(rows["count"].sum()),
            "outcomes_without_spend": int(rows.filter(pl.col("spend").is_null())["count"].sum()),
            "spend_with_outcomes": Decimal(rows["spend"].sum() or 0),
            "spend_without_outcomes": Decimal(idle["spend"].sum() or 0),
            "joined_by": sorted(set(parts.outcomes.matched["joined_by"])),
            "net_value": None if rows["net_value"].is_null().all() else Decimal(rows["net_value"].sum()),
        }
    return totals


def _margin(revenue: Decimal, spend: Decimal) -> float | None:
    return float((revenue - spend) / revenue) if revenue > 0 else None


def _tables(parts: _Parts, question: UnitQuestion) -> Iterator[Table]:
    units = pl.concat([parts.users.units, parts.free.rows])
    named_units = units.with_columns(unit=pl.col("unit").replace_strict(_UNITS))
    columns = (
        Column("unit", "Unit"),
        *(d.column for d in question.by),
        Column("spend", "Spend", Unit.USD),
        Column("share", "Of all spend", Unit.SHARE, 2),
        Column("count", "Count", Unit.COUNT),
        Column("cost_per", "Cost per unit", Unit.UNIT_PRICE),
        Column("success_rate", "Success rate", Unit.SHARE, 1),
        Column("success_of", "of", priority=3),
    )
    if named_units.height:
        split = units["unit"].is_in(_SPLIT).to_list()
        nulls = {d.name: [d.null_label if is_split else "(all)" for is_split in split] for d in question.by}
        yield Table("Units", named_units, columns, row_nulls=nulls)
    if parts.outcomes is not None and parts.outcomes.rows.height:
        yield use_cases.table_of(parts.outcomes, question)
    if parts.customers.named.height:
        yield customers.table_of(parts.customers, question, _PEOPLE_SEE)
    yield from users.tables_of(parts.users, question)
    if parts.free.plans.height:
        yield free_tier.table_of(parts.free)


def _findings(parts: _Parts, quality: Quality, question: UnitQuestion) -> Iterator[Finding]:
    if parts.outcomes is not None:
        yield from use_cases.findings(parts.outcomes, question)
    else:
        yield _needs("outcomes", "Cost per outcome", "outcomes")
    yield from customers.findings(parts.customers, question)
    if not parts.customers.has_revenue:
        yield _needs("revenue", "Gross margin per customer", "revenue")
    yield from users.findings(parts.users, question.currency)
    own = Decimal(parts.customers.named["spend"].sum() or 0)
    for what, lost in (("user", parts.users.nameless), ("customer", quality.spend - own)):
        if lost:
            share = f" ({float(lost / quality.spend):,.1%})" if quality.spend else ""
            subject = f"{what}: {money(lost, question.currency)}{share}"
            gist = "Spend that names no one and is in no cost per head: {}."
            evidence = {"dimension": what, "spend": lost}
            message = f"{money(lost, question.currency)} of spend{share} names no {what} and is in no cost per {what}."
            yield Finding(Severity.INFO, "spend_without_name", message, "", evidence, subject, gist)


def _needs(what: str, title: str, option: str) -> Finding:
    message = f"{title} needs {what}: --{option} FILE, or such a file among the inputs."
    return Finding(Severity.INFO, "unit_needs", message, f"finopsctl sources {option}", {"needs": option})


def _headline(parts: _Parts, quality: Quality, question: UnitQuestion) -> str:
    if not quality.spend_known:
        return "No cost per unit: no record has a known cost."
    said = []
    if parts.users.cost_per is not None:
        said.append(f"An active user costs {_price(float(parts.users.cost_per), question.currency)}")
    known = None if parts.outcomes is None else parts.outcomes.matched.filter(pl.col("cost_per").is_not_null())
    if known is not None and parts.outcomes is not None and known.height:
        first = known.row(0, named=True)
        name = first[parts.outcomes.found.owner] or "(unknown)"
        said.append(f"one outcome of {name} {_price(first['cost_per'], question.currency)}")
    if margin := _margins(parts, quality):
        said.append(margin)
    if not said:
        return f"{money(quality.spend, question.currency)} spent; no user, outcome or customer to divide it by."
    return "; ".join(said)[:1].upper() + "; ".join(said)[1:] + "."


def _margins(parts: _Parts, quality: Quality) -> str:
    """Say what customers leave, of how much of the spend, and what is left once all spend is paid; "" without any."""
    clients = parts.customers.named
    if not parts.customers.has_revenue or clients.is_empty():
        return ""
    revenue, own = (Decimal(clients[name].sum() or 0) for name in ("revenue", "spend"))
    margin, after = _margin(revenue, own), _margin(revenue, quality.spend)
    if margin is None or after is None:
        return ""
    said = f"customers leave a gross margin of {margin:,.1%}"
    if own == quality.spend:
        return said
    cover = f" on the {float(own / quality.spend):,.1%} of spend that names one" if quality.spend else ""
    return f"{said}{cover} ({after:,.1%} after all spend)"


def _price(amount: float, currency: str) -> str:
    """Return a cost per unit with at least three digits that say something."""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    digits = 2 if not amount else max(2, 2 - floor(log10(abs(amount))))
    return f"{'-' if amount < 0 else ''}{symbol}{abs(amount):,.{min(digits, 12)}f}"
