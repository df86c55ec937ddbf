"""Daily spend out of a ledger: exact amounts by day and part, in one pass.

A record that covers several days (a monthly line of a bill) is spread over them evenly, up to the origin: put on its
first day it would make that day a peak and the others free.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import ConfigError, SourceError
from finopsctl.ledger.period import calendar_start, is_day_bucket, zone
from finopsctl.metrics.dimensions import TIME_DIMENSIONS, TOKEN_CLASS, Dimension
from finopsctl.metrics.measures import REQUESTS, SPEND, TOKENS, known_sum, to_money, total
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

DAY, LENGTH = "__day", "__length"


@dataclass(frozen=True, slots=True, eq=False)
class DailySpend:
    """What was spent each day.

    Args:
        amounts: day, the text of each dimension, spend (Decimal(38, 12)); a row for each day and part with a record,
            null where nothing is priced.
        begun: The same of the day that is not over at the origin, without the day.
        quality: How much of the input they cover.
        spread: How much spend came in records of several days.
    """

    amounts: pl.DataFrame
    begun: pl.DataFrame
    quality: Quality
    spread: pl.Series


def daily_spend(
    ledger: pl.LazyFrame, dims: Sequence[Dimension], as_of: datetime, timezone: str, basis: str
) -> DailySpend:
    """Add up spend by day and dimensions, for the whole days before the origin, the day of ``as_of``.

    Args:
        ledger: Ledger columns and ``cost``.
        dims: What to keep apart.
        as_of: The first instant not seen.
        timezone: Of days.
        basis: The cost basis ``cost`` was taken on.

    Raises:
        ConfigError: For a calendar dimension or token_class.
        SourceError: When no record lies before the origin.
    """
    _check(dims)
    origin = as_of.astimezone(zone(timezone)).date()
    local = calendar_start(timezone).dt.convert_time_zone(timezone).dt.date()
    length = pl.when(is_day_bucket()).then(_days_long()).otherwise(1).cast(pl.Int32)
    keys = {DAY: local, LENGTH: length, **{d.name: d.key(timezone) for d in dims}}
    seen = ledger.filter(calendar_start(timezone) < as_of.astimezone(UTC))
    whole = rollup(seen, keys, (SPEND, REQUESTS, TOKENS)).collect(engine="streaming")
    if whole.filter(pl.col(DAY) < origin).is_empty():
        raise SourceError(
            f"the inputs hold no records before {origin}, so there is nothing to forecast from",
            "Choose a later --as-of or --until.",
        )
    names = [d.name for d in dims]
    shown = whole.with_columns(d.shown(pl.col(d.name)).alias(d.name) for d in dims)
    all_days = shown.group_by(DAY, LENGTH, *names).agg(spend=total(SPEND))
    amounts = all_days.filter(pl.col(DAY) < origin)
    begun = all_days.filter(pl.col(DAY) >= origin).select(*names, "spend").sort(names or "spend")
    long = amounts.filter(pl.col(LENGTH) > 1)
    spread = pl.concat([amounts.filter(pl.col(LENGTH) <= 1).drop(LENGTH), _spread(long, names, origin)])
    by_day = spread.group_by(pl.col(DAY).alias("day"), *names).agg(known_sum("spend")).sort("day", *names)
    return DailySpend(by_day, begun, quality_of(whole, basis), long["spend"])


def _check(dims: Sequence[Dimension]) -> None:
    calendar = [d.name for d in dims if d.name in TIME_DIMENSIONS]
    if calendar:
        raise ConfigError(
            f"a forecast has rows by day already; {calendar[0]} cannot be a part of it", "Leave it out of --by."
        )
    if any(d.name == TOKEN_CLASS for d in dims):
        raise ConfigError("a forecast cannot be split by token_class", "Split actual spend: finopsctl attribution.")


def _days_long() -> pl.Expr:
    hours = (pl.col("charge_period_end") - pl.col("charge_period_start")).dt.total_hours()
    return (hours + 23) // 24


def _spread(long: pl.DataFrame, names: list[str], origin: date) -> pl.DataFrame:
    """Divide amounts evenly over their days before the origin; what does not divide goes to the first day."""
    before = pl.lit(origin) - timedelta(days=1)
    last = pl.min_horizontal(pl.col(DAY) + pl.duration(days=pl.col(LENGTH) - 1), before)
    pico = pl.col("spend").to_physical()
    return (
        long.with_columns(first=pl.col(DAY), day=pl.date_ranges(DAY, last))
        .with_columns(count=pl.col("day").list.len().cast(pl.Int64))
        .explode("day")
        .with_columns(share=pico // pl.col("count"), rest=pico - pico // pl.col("count") * pl.col("count"))
        .with_columns(share=pl.col("share") + pl.when(pl.col("day") == pl.col("first")).then("rest").otherwise(0))
        .select(pl.col("day").alias(DAY), *names, to_money(pl.col("share")).alias("spend"))
    )
