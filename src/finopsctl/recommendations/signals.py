"""The signals: what a workload is, costs, reads, writes and repeats, from one pass over the ledger."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.whatif import days_covered
from finopsctl.errors import ConfigError
from finopsctl.ledger.conditions import fits
from finopsctl.ledger.schema import LEDGER_SCHEMA, MONEY, PICO
from finopsctl.ledger.token_classes import INPUT_COLUMNS, OUTPUT_COLUMNS
from finopsctl.metrics.dimensions import UNTAGGED, named
from finopsctl.metrics.measures import FACTS
from finopsctl.metrics.quality import quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.recommendations.question import MONTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from finopsctl.metrics.quality import Quality
    from finopsctl.recommendations.question import RecommendQuestion, Shown

MODEL = ("provider", "model")
"""What a workload is told apart by where a change is about a model."""

_CACHES = ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
_NOTHING = Decimal(0)
_MISREAD = re.compile(r",|:(?=(?:tag:)?\w[\w.-]*\s*(?:!=|!~|=|~))|^\s+|\s+$")
"""In names: a comma means "or", a colon before a filter begins one, and blanks at the ends are cut."""


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """What rules look at.

    Args:
        question: What is asked.
        shown: What other analyses have shown.
        slices: One row a workload, provider and model.
        workloads: One row a workload: the same sums; the dearest first, with ``line_item`` from 1.
        days: How many days the ledger stands for.
        quality: How much of it is known.
        users: What each user spent, by the dimensions budgets are limited to; the most first.
    """

    question: RecommendQuestion
    shown: Shown
    slices: pl.DataFrame
    workloads: pl.DataFrame
    days: int
    quality: Quality
    users: pl.DataFrame

    @property
    def keys(self) -> dict[str, pl.Expr]:
        """What tells slices apart, as expressions on ledger columns: dimensions of workloads, provider, model."""
        return keys_of(self.question)

    @property
    def names(self) -> list[str]:
        """Names of the dimensions that make a workload."""
        return [d.name for d in self.question.by]

    def monthly(self, amount: Decimal | None) -> Decimal:
        """Return an amount of the period in 30 days."""
        return ((amount or _NOTHING) * MONTH / self.days).quantize(PICO)

    def large(self) -> Iterator[dict[str, Any]]:
        """Yield the workloads at or above the floor, the dearest first."""
        for row in self.workloads.iter_rows(named=True):
            if self.monthly(row["spend"]) >= self.question.thresholds.floor:
                yield row

    def of(self, workload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the slices of a workload, the dearest first."""
        same = pl.all_horizontal(pl.lit(value=True), *(pl.col(n).eq_missing(workload[n]) for n in self.names))
        yield from self.slices.filter(same).iter_rows(named=True)

    def place(self, row: Mapping[str, Any], *, model: bool = False) -> dict[str, str | None]:
        """Return what tells a workload, or its part of one model, from all others."""
        found = {name: row[name] for name in self.names}
        if model:
            found |= {"model": row["model"]}
            several = self.slices.filter(pl.col("model").eq_missing(row["model"]))["provider"].n_unique() > 1
            found |= {"provider": row["provider"]} if several else {}
        return found


def keys_of(question: RecommendQuestion) -> dict[str, pl.Expr]:
    """Return the dimensions of workloads, provider and model, as expressions on ledger columns."""
    return {d.name: d.expr(question.timezone) for d in question.by} | {name: pl.col(name) for name in MODEL}


def filters(place: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the filters that records of a place pass; what a filter would read otherwise becomes a ``?``."""
    return tuple(_filter(name, value) for name, value in place.items())


def _filter(name: str, value: str | None) -> str:
    if not value:
        return f"{name}="
    told = "?untagged)" if value == UNTAGGED else _MISREAD.sub(lambda found: "?" * len(found[0]), value)
    return f"{name}={value}" if told == value else f"{name}~{told}"


def signals_of(ledger: pl.LazyFrame, question: RecommendQuestion, shown: Shown) -> Signals:
    """Read the signals.

    Args:
        ledger: Ledger columns and ``cost``.
        question: What is asked.
        shown: What other analyses have shown.

    Raises:
        ConfigError: A tag that has several values in a record.
    """
    keys = keys_of(question)
    names = [d.name for d in question.by]
    usage = ledger.filter(pl.col("record_kind").is_in(["request", "usage"]))
    places = [keys[name].alias(name) for name in names]
    longest = _total(OUTPUT_COLUMNS).quantile(question.thresholds.output_limit, "lower").cast(pl.Int64)
    single = usage.filter(pl.col("requests") == 1)
    plans = [
        usage.group_by(named(keys)).agg(**_sums(question)),
        single.group_by(*places, whole=pl.lit(value=True)).agg(longest=longest),
        rollup(ledger, {}, ()),
        _users(ledger, shown),
        usage.select(
            pl.lit(0),
            *(d.several.str.starts_with("[").sum().alias(d.name) for d in question.by if d.several is not None),
        ),
    ]
    slices, lengths, whole, users, several = pl.collect_all(plans, engine="streaming")
    _refuse_several(several)
    order = ["spend", *keys]
    slices = slices.sort(order, descending=[True] + [False] * len(keys), nulls_last=True)
    sums = [name for name in slices.columns if name not in keys and name != "model_tier"]
    grouped = slices.group_by(*names, whole=pl.lit(value=True)).agg(
        *(pl.col(name).sum() for name in sums), models=pl.col("model").n_unique()
    )
    workloads = (
        grouped.join(lengths, on=[*names, "whole"], how="left", nulls_equal=True)
        .drop("whole")
        .sort("spend", *names, descending=[True] + [False] * len(names), nulls_last=True)
        .with_row_index("line_item", offset=1)
    )
    quality = quality_of(whole, question.cost_basis)
    days = days_covered(question.span, quality, question.timezone)
    return Signals(question, shown, slices, workloads, days, quality, users)


def _refuse_several(counts: pl.DataFrame) -> None:
    """Raise for a tag with several values in a record: its workloads would overlap, and savings be counted twice."""
    for name in counts.columns[1:]:
        if counts[name].sum():
            raise ConfigError(f"{name} has several values in {counts[name].sum():,} records, so its workloads overlap")


def ratio_limit(row: Mapping[str, Any], question: RecommendQuestion) -> float:
    """Return the highest output per input token expected of a workload."""
    feature = row.get("feature")
    named = (limit for glob, limit in question.output_ratios.items() if feature and fits(feature, (glob,)))
    return next(named, question.thresholds.output_ratio)


def _users(ledger: pl.LazyFrame, shown: Shown) -> pl.LazyFrame:
    scopes = () if shown.budgets is None else shown.budgets.question.dims
    names = list(dict.fromkeys((*(name for name in scopes if name in LEDGER_SCHEMA), "user")))
    known = ledger.filter(pl.col("user").is_not_null() & pl.col("cost").is_not_null())
    spent = known.group_by(names).agg(spend=pl.col("cost").sum().cast(MONEY))
    return spent.sort("spend", *names, descending=[True] + [False] * len(names), nulls_last=True)


def _sums(question: RecommendQuestion) -> dict[str, pl.Expr]:
    limits = question.thresholds
    served, requests = FACTS["served"], pl.col("requests")
    counted = requests.is_not_null() & pl.col("cost").is_not_null()
    hits, retries = pl.col("cache_hits"), pl.col("retries")
    waits = pl.col("workload").is_in(limits.batch_workloads).fill_null(value=False)
    instant = pl.col("service_tier").fill_null("standard") == "standard"
    return {
        "model_tier": pl.col("model_tier").drop_nulls().first(),
        "spend": pl.col("cost").sum().cast(MONEY),
        "counted_spend": pl.col("cost").filter(counted).sum().cast(MONEY),
        "requests": requests.sum(),
        "counted_requests": requests.filter(counted).sum(),
        "served_requests": requests.filter(served).sum(),
        "input": _total(INPUT_COLUMNS).filter(served).sum(),
        "output": _total(OUTPUT_COLUMNS).filter(served).sum(),
        "cached": _total(_CACHES).filter(served).sum(),
        "knows_cached": pl.col("cache_read_tokens").is_not_null().sum(),
        "hits": hits.sum(),
        "asked": requests.filter(hits.is_not_null()).sum(),
        "retried": pl.min_horizontal(retries, requests).filter(retries.is_not_null()).sum(),
        "tried": requests.filter(retries.is_not_null()).sum(),
        "waiting": requests.filter(waits & instant & served).sum(),
        "instant": requests.filter(instant & served).sum(),
    }


def _total(columns: Sequence[str]) -> pl.Expr:
    return pl.sum_horizontal(pl.col(name).fill_null(0) for name in columns)
