"""What is asked, and the one shape all rows of the answer have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.period import JANUARY, day_end, zone
from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.kpi import Kpi, KpiSettings, configured
from finopsctl.metrics.measures import Measure
from finopsctl.metrics.outcomes import Asked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from finopsctl.metrics.dimensions import Dimension

TASKS = Measure("tasks", "Tasks", ("tasks",), ("task_successes",))

DETAILS = {
    "spend": MONEY,
    "count": pl.Int64(),
    "cost_per": pl.Float64(),
    "revenue": MONEY,
    "margin": pl.Float64(),
    "gross_profit": MONEY,
    "grade": pl.String(),
    "target_low": pl.Float64(),
    "target_high": pl.Float64(),
    "share": pl.Float64(),
    "success_rate": pl.Float64(),
    "success_of": pl.String(),
    "successes": pl.Int64(),
    "cost_per_success": pl.Float64(),
    "alternative_cost": pl.Float64(),
    "saving_per_success": pl.Float64(),
    "net_value": MONEY,
    "roi": pl.Float64(),
    "break_even_count": pl.Float64(),
    "joined_by": pl.String(),
    "linked_spend": MONEY,
    "requests": pl.Int64(),
    "active_days": pl.Int64(),
    "cost_per_active_day": pl.Float64(),
    "spend_30_days": pl.Float64(),
}
"""What a row may say about its unit; null where that does not apply or is not known."""

SUBJECTS = ("feature", "team", "customer", "user", "user_type", "plan")
"""What a row may be about besides the dimensions asked for."""


@dataclass(frozen=True, slots=True)
class UnitQuestion:
    """What to put into the answer.

    Args:
        by: Dimensions to split units by; customers are split by calendar dimensions only.
        asked: The period, filters and time zone; they choose outcomes and revenue (the ledger is filtered already).
        basis: The cost basis ``cost`` was taken on, for the data-quality figures.
        currency: ISO 4217 code of all amounts.
        settings: Targets of outcomes and types of users.
        free_plans: Globs of the plans nobody pays for.
        margin_floor: The lowest gross margin of a customer that is fine; None: only below zero is noted.
        top: How many of the dearest users to list.
    """

    by: tuple[Dimension, ...] = ()
    asked: Asked = field(default_factory=Asked)
    basis: str = "auto"
    currency: str = "USD"
    settings: KpiSettings = field(default_factory=KpiSettings)
    free_plans: tuple[str, ...] = ("free*",)
    margin_floor: float | None = None
    top: int = 10

    @property
    def timezone(self) -> str:
        """Whose midnights bound days."""
        return self.asked.timezone

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of the dimensions."""
        return tuple(d.name for d in self.by)

    @property
    def first_month(self) -> int:
        """The month fiscal years begin with."""
        return self.asked.first_month or JANUARY

    def kpi(self, name: str) -> Kpi:
        """Return a KPI of the catalogue as configured."""
        return next(kpi for kpi in configured(KPIS, self.settings) if kpi.name == name)

    def days(self, rollup: pl.DataFrame) -> int:
        """Return the whole days from the period's start (or the first record's day) to its end or the data's."""
        seen = rollup.select(first=pl.col("first").min(), last=pl.col("last").max()).row(0, named=True)
        first: datetime | None = (self.asked.start if self.asked.named else None) or seen["first"]
        last: datetime | None = self.asked.as_of or (day_end(seen["last"], self.timezone) if seen["last"] else None)
        if first is None or last is None:
            return 0
        end = min(last, self.asked.period.end) if self.asked.period and self.asked.named else last
        tz = zone(self.timezone)
        return max((end.astimezone(tz).date() - first.astimezone(tz).date()).days, 0)


def unit_rows(frame: pl.DataFrame, unit: str, question: UnitQuestion) -> pl.DataFrame:
    """Return a frame in the shape of all rows: unit, the dimensions asked for, subjects, details."""
    dims = dict.fromkeys((*question.dims, *SUBJECTS), pl.String())
    schema = {**dims, **DETAILS}
    present = [pl.col(name).cast(dtype) for name, dtype in schema.items() if name in frame.columns]
    absent = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in schema.items() if name not in frame.columns]
    return frame.select(*present, *absent).select(pl.lit(unit).alias("unit"), *schema)


def success(tasks: Sequence[str], requests: Sequence[str]) -> list[pl.Expr]:
    """Return ``success_rate`` and ``success_of``: of requests where errors are known, else of tasks.

    Args:
        tasks: The columns of successes and of all tasks.
        requests: The columns of successful and of all requests.
    """
    (good, all_), (fine, sent) = tasks, requests
    has_tasks = (pl.col(all_) > 0).fill_null(value=False)
    has_requests = (pl.col(sent) > 0).fill_null(value=False) & pl.col(fine).is_not_null()
    rate = pl.when(has_requests).then(_quotient(fine, sent)).when(has_tasks).then(_quotient(good, all_))
    said = pl.when(has_requests).then(pl.lit("requests")).when(has_tasks).then(pl.lit("tasks"))
    return [rate.alias("success_rate"), said.alias("success_of")]


def _quotient(top: str, bottom: str) -> pl.Expr:
    return pl.col(top).cast(pl.Float64) / pl.col(bottom).cast(pl.Float64)
