"""The ledger by slots: exact amounts of each day (hour), group and sub-dimension, in one pass.

A record of more than a day has no day of its own, nor one of more than an hour an hour: both are left out and told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import SourceError
from finopsctl.ledger.period import calendar_start
from finopsctl.metrics.dimensions import dimension
from finopsctl.metrics.measures import CACHED_REQUESTS, REQUESTS, SPEND, TOKENS, total
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup

if TYPE_CHECKING:
    from decimal import Decimal

    from finopsctl.analyses.anomalies.question import AnomalyQuestion
    from finopsctl.metrics.dimensions import Dimension

SLOT, DAY, LONG, SOURCE = "__slot", "__day", "__long", "__source"
SUBS = ("__sub0", "__sub1")
FEATURE = "__feature"
CANDIDATES = ("team", "feature", "model", "user", "customer", "provider")
"""What contributors are named by: the first two of these that are not groups and that the ledger knows."""

_SLOT_LENGTH = {"day": pl.duration(days=1), "hour": pl.duration(hours=1)}


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What happened in each slot.

    Args:
        amounts: SLOT, the text of each dimension, SUBS, FEATURE, SOURCE; spend (Decimal), requests, tokens, hits,
            hit_requests (requests that say whether they were hits); a row for each that has a record.
        subs: The dimensions that SUBS hold.
        quality: How much of the input within the period they cover.
        presence: SOURCE and DAY of every record of the whole input, past the filters too.
        left_out: Spend of records too long for the grain.
        left_out_records: How many those are.
    """

    amounts: pl.DataFrame
    subs: tuple[Dimension, ...]
    quality: Quality
    presence: pl.DataFrame
    left_out: Decimal | None
    left_out_records: int


def cells_of(ledger: pl.LazyFrame, question: AnomalyQuestion, unfiltered: pl.LazyFrame | None = None) -> Cells:
    """Add the ledger up by slots.

    Args:
        ledger: Ledger columns and ``cost``: the period and what came before it.
        question: Dimensions, grain and period.
        unfiltered: The same without ``--where``: it tells a silent team from a missing file.

    Raises:
        SourceError: When no record is left to judge.
    """
    seen = ledger.filter(calendar_start(question.timezone) < question.end)
    subs = _subs(seen, question.dims)
    zone = question.timezone
    slot = dimension(question.grain).key(zone)
    long = (pl.col("charge_period_end") - pl.col("charge_period_start") > _SLOT_LENGTH[question.grain]).fill_null(
        value=False
    ) & (pl.col("record_kind") != "request")
    keys = {SLOT: slot, LONG: long, **{d.name: d.key(zone) for d in question.by}}
    keys |= {name: sub.key(zone) for name, sub in zip(SUBS, subs, strict=True)}
    keys |= {FEATURE: pl.col("feature"), SOURCE: pl.col("source")}
    whole = rollup(seen, keys, (SPEND, REQUESTS, TOKENS, CACHED_REQUESTS)).collect(engine="streaming")
    shown = whole.with_columns(
        *(d.shown(pl.col(d.name)).alias(d.name) for d in question.by),
        *(sub.shown(pl.col(name)).alias(name) for name, sub in zip(SUBS, subs, strict=True)),
    )
    left, kept = shown.filter(LONG), shown.filter(~pl.col(LONG))
    if kept.is_empty():
        raise SourceError(
            f"the inputs hold no records that can be placed in one {question.grain}",
            "Widen the period, or look by day." if question.grain == "hour" else "Widen the period, or loosen --where.",
        )
    asked = whole if question.period is None else whole.filter(_overlaps(question))
    return Cells(
        amounts=_summed(kept, question.dims),
        subs=subs,
        quality=quality_of(asked, question.basis),
        presence=_presence(ledger if unfiltered is None else unfiltered, question),
        left_out=left.select(total(SPEND)).item() if left.height else None,
        left_out_records=int(left["records"].sum()),
    )


def _overlaps(question: AnomalyQuestion) -> pl.Expr:
    """Return whether a row of the rollup falls into the period asked for."""
    period = question.period
    if period is None:
        return pl.lit(value=True)
    if question.grain == "day":
        return pl.col(SLOT).is_between(period.first_day, period.last_day)
    moment = pl.col(SLOT).dt.convert_time_zone("UTC")
    return (moment >= period.start) & (moment < period.end)


def _summed(rows: pl.DataFrame, dims: list[str]) -> pl.DataFrame:
    hit_requests = total(REQUESTS, ("cache_hits",)) if "is_cache_hits" in rows.columns else pl.lit(None)
    return rows.group_by(SLOT, *dims, *SUBS, FEATURE, SOURCE).agg(
        spend=total(SPEND),
        requests=total(REQUESTS).cast(pl.Float64),
        tokens=total(TOKENS).cast(pl.Float64),
        hits=total(CACHED_REQUESTS).cast(pl.Float64),
        hit_requests=hit_requests.cast(pl.Float64),
        hit_spend=total(SPEND, ("requests", "cache_hits")).cast(pl.Float64),
    )


def _subs(ledger: pl.LazyFrame, dims: list[str]) -> tuple[Dimension, ...]:
    """Return the two dimensions that contributors are named by."""
    free = [name for name in CANDIDATES if name not in dims]
    known = ledger.select(pl.col(name).is_not_null().any() for name in free).collect(engine="streaming").row(0)
    named = [name for name, is_known in zip(free, known, strict=True) if is_known]
    return tuple(dimension(name) for name in dict.fromkeys([*named, *free]))[: len(SUBS)]


def _presence(ledger: pl.LazyFrame, question: AnomalyQuestion) -> pl.DataFrame:
    seen = ledger.filter(calendar_start(question.timezone) < question.end)
    day = dimension("day").key(question.timezone)
    return seen.select(pl.col("source").alias(SOURCE), day.alias(DAY)).unique().collect(engine="streaming")


def day_of(frame: pl.DataFrame) -> pl.Expr:
    """Return the calendar day of a slot."""
    return pl.col(SLOT) if frame.schema[SLOT] == pl.Date else pl.col(SLOT).dt.date()
