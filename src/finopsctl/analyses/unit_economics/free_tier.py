"""What the plans that nobody pays for cost: their share of spend, and what each user and customer on them costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.unit_economics.question import UnitQuestion, unit_rows
from finopsctl.ledger.conditions import matches
from finopsctl.ledger.schema import constant
from finopsctl.metrics.measures import ratio
from finopsctl.results.report import Column, Table
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, eq=False)
class FreeTier:
    """Spend by plan.

    Args:
        rows: Users and customers on free plans, in the shape of all rows.
        plans: plan, is_free, spend, share, users, customers, cost_per_user, cost_per_customer.
        spend: What free plans cost; None: no plan is known.
        share: Their share of all spend.
    """

    rows: pl.DataFrame
    plans: pl.DataFrame
    spend: Decimal | None
    share: float | None


def plan(ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Return the lazy frame this rests on: the spend of each plan, customer and user."""
    known = ledger.filter(pl.col("cost").is_not_null())
    return known.group_by("plan", "customer", "user").agg(spend=pl.col("cost").sum())


def free_tier(accounts: pl.DataFrame, plan_of: Mapping[str, str], question: UnitQuestion) -> FreeTier:
    """Add up what free plans cost.

    Args:
        accounts: The collected frame of :func:`plan`.
        plan_of: The plan of customers, where records do not say it.
        question: The globs of free plans.
    """
    said = pl.col("customer").replace_strict(dict(plan_of), default=None, return_dtype=pl.String)
    known = accounts.with_columns(plan=pl.coalesce("plan", said) if plan_of else pl.col("plan"))
    whole = constant(Decimal(accounts["spend"].sum() or 0))
    plans = (
        known.group_by("plan")
        .agg(
            spend=pl.col("spend").sum(),
            users=pl.col("user").drop_nulls().n_unique(),
            customers=pl.col("customer").drop_nulls().n_unique(),
        )
        .with_columns(
            is_free=matches(pl.col("plan"), question.free_plans) & pl.col("plan").is_not_null(),
            share=ratio(pl.col("spend"), whole),
            cost_per_user=ratio(pl.col("spend"), pl.col("users")),
            cost_per_customer=ratio(pl.col("spend"), pl.col("customers")),
        )
        .sort("is_free", "spend", "plan", descending=[True, True, False], nulls_last=True)
    )
    plans = plans.sort(pl.col("plan").is_null(), maintain_order=True)
    free = known.filter(matches(pl.col("plan"), question.free_plans) & pl.col("plan").is_not_null())
    rows = [unit_rows(_each(free, name, whole), f"free_{name}", question) for name in ("user", "customer")]
    if plans["plan"].is_null().all():
        return FreeTier(pl.concat(rows).clear(), plans.clear(), None, None)
    spend = Decimal(free["spend"].sum() or 0)
    all_spend = Decimal(accounts["spend"].sum() or 0)
    return FreeTier(pl.concat(rows), plans, spend, float(spend / all_spend) if all_spend else None)


def _each(free: pl.DataFrame, name: str, whole: pl.Expr) -> pl.DataFrame:
    owned = free.filter(pl.col(name).is_not_null())
    return owned.select(
        spend=pl.col("spend").sum(),
        count=pl.col(name).n_unique(),
        cost_per=ratio(pl.col("spend").sum(), pl.col(name).n_unique()),
        share=ratio(pl.col("spend").sum(), whole),
    ).filter(pl.col("count") > 0)


def table_of(found: FreeTier) -> Table:
    """Return the table people read."""
    words = (
        pl.when(pl.col("plan").is_null())
        .then(None)
        .when(pl.col("is_free"))
        .then(pl.lit("free"))
        .otherwise(pl.lit("paid"))
    )
    columns = (
        Column("plan", "Plan", null="(untagged)"),
        Column("kind", "Kind", null=""),
        Column("spend", "Spend", Unit.USD),
        Column("share", "Of all spend", Unit.SHARE),
        Column("customers", "Customers", Unit.COUNT, 2),
        Column("cost_per_customer", "Cost per customer", Unit.USD, 1),
        Column("users", "Users", Unit.COUNT, 4),
    )
    frame = found.plans.with_columns(kind=words)
    return Table("Free tier", frame.select(*(c.name for c in columns), "is_free", "cost_per_user"), columns)
