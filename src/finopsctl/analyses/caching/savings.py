"""What caching saved: the gateway's response cache less its look-ups, and prompt caching less its write premium.

Two things that are never mixed: a response cache answers a request without the provider; a prompt cache makes part of
its input cheaper. Amounts are at the prices of the day, negative where caching cost more than it saved.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.caching.repricing import PROMPT, RESPONSE, repriced
from finopsctl.analyses.caching.savings_report import findings_of, report_of
from finopsctl.errors import ConfigError
from finopsctl.ledger.schema import MONEY, constant
from finopsctl.metrics.dimensions import METER, TOKEN_CLASS, Dimension, longest_bucket, named, refuse_longer_buckets
from finopsctl.metrics.figures import as_text, collect
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from finopsctl.analyses.caching.repricing import PricesInForce
    from finopsctl.results.finding import Finding
    from finopsctl.results.report import Report

_AMOUNTS = ("gross", "write_premium", "lookup", "net")
_COUNTS = ("requests", "unpriced", "read_tokens", "written_tokens", "lookups")


@dataclass(frozen=True, slots=True, eq=False)
class SavingsQuestion:
    """What to ask.

    Args:
        by: Dimensions to split by; none: the two kinds alone.
        lookup_cost: Of one look-up in the gateway's cache, in the report's currency.
        lookup_on: Whether look-ups count on ``hits``, or on ``all`` requests that say whether they were one.
        timezone: Of calendar dimensions.
        basis: The cost basis ``cost`` was taken on: ``effective`` or ``list``.
        currency: ISO 4217 code of amounts, for sentences.
    """

    by: Sequence[Dimension] = ()
    lookup_cost: Decimal = Decimal(0)
    lookup_on: str = "hits"
    timezone: str = "UTC"
    basis: str = "effective"
    currency: str = "USD"

    def __post_init__(self) -> None:
        """Refuse what cannot be answered."""
        divided = sorted({TOKEN_CLASS, METER} & {d.name for d in self.by})
        if divided:
            raise ConfigError(f"what caching saved cannot be split by {divided[0]}", "Leave it out of --by.")
        if self.lookup_on not in {"hits", "all"}:
            raise ConfigError(f"look-ups cannot be charged on '{self.lookup_on}'", "Use hits or all.")
        if not 0 <= self.lookup_cost < Decimal(10) ** 9:
            raise ConfigError(f"--lookup-cost {self.lookup_cost} is no cost", "Write USD of one look-up, e.g. 0.0001.")


@dataclass(frozen=True, slots=True, eq=False)
class CacheSavings:
    """What caching saved, most first.

    ``rows``: the dimensions, kind (response, prompt), cache_type (of responses, where known), gross, write_premium,
    lookup, net = gross - write_premium - lookup (Decimal(38, 12); null where nothing has a price), requests (hits, or
    requests that used a prompt cache), unpriced (those of them without a price: they count nothing), read_tokens,
    written_tokens, lookups.

    ``totals``: the same sums; response_net and prompt_net; actual (all usage at our prices, with look-ups), baseline
    (actual + net: without any cache) and saving_share (net / baseline).
    """

    rows: pl.DataFrame
    totals: Mapping[str, Any]
    by: tuple[Dimension, ...]
    quality: Quality
    findings: tuple[Finding, ...] = ()
    currency: str = "USD"

    def report(self) -> Report:
        """Return the presentable form."""
        return report_of(self)


def savings(ledger: pl.LazyFrame, question: SavingsQuestion, prices: PricesInForce) -> CacheSavings:
    """Price what caches had a part in as if they had not, and compare.

    Args:
        ledger: Ledger columns and ``cost`` at our prices, already filtered to the period and to ``--where``.
        question: What to ask.
        prices: How the ledger was priced.

    Raises:
        SourceError: A bucket longer than the calendar period asked for.
    """
    by, timezone = tuple(question.by), question.timezone
    keys = {d.name: d.key(timezone) for d in by}
    plan = {"rollup": rollup(ledger, {}, ()), "lookups": _lookups(ledger, keys, question), "whole": _whole(ledger)}
    if any(d.grain for d in by):
        plan["longest"] = longest_bucket(ledger)
    frames = collect([plan])[0]
    if "longest" in frames:
        refuse_longer_buckets(by, frames["longest"].item())
    changed = as_text(repriced(ledger, keys, prices), by)
    rows = _rows(changed, as_text(frames["lookups"], by), question)
    whole = frames["whole"].row(0, named=True)
    totals = _totals(rows, whole["actual"])
    found = findings_of(totals, question.currency, in_buckets=whole["bucket_hits"] or 0)
    quality = quality_of(frames["rollup"], question.basis)
    return CacheSavings(rows, totals, by, quality, found, question.currency)


def _lookups(ledger: pl.LazyFrame, keys: Mapping[str, pl.Expr], question: SavingsQuestion) -> pl.LazyFrame:
    """Count look-ups by dimensions, as part of the response cache's row: on hits, with the type of the cache."""
    hits = pl.col("cache_hits")
    is_request = pl.col("record_kind") == "request"
    counted = ledger.filter(is_request & (hits > 0 if question.lookup_on == "hits" else hits.is_not_null()))
    cache_type = pl.when(hits > 0).then("cache_type").alias("cache_type")
    number = hits if question.lookup_on == "hits" else pl.col("requests").fill_null(1)
    return counted.group_by(*named({**keys, "cache_type": cache_type})).agg(lookups=number.sum())


def _whole(ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Return what all usage cost at our prices, and hits in buckets, whose tokens cannot be told apart."""
    usage = pl.col("record_kind").is_in(["request", "usage"])
    in_bucket = pl.col("record_kind") == "usage"
    return ledger.select(
        actual=pl.col("cost").filter(usage).sum(),
        bucket_hits=pl.col("cache_hits").filter(in_bucket).sum(),
    )


def _rows(changed: pl.DataFrame, lookups: pl.DataFrame, question: SavingsQuestion) -> pl.DataFrame:
    dims = [d.name for d in question.by]
    names = [*dims, "kind", "cache_type"]
    looked = lookups.with_columns(kind=pl.lit(RESPONSE))
    joined = changed.join(looked, on=names, how="full", nulls_equal=True, coalesce=True)
    zero = constant(Decimal(0))
    each = constant(question.lookup_cost)
    nothing = pl.col("requests").is_null()  # look-ups alone: nothing was saved, which is known
    money = joined.with_columns(
        *(pl.when(nothing).then(zero).otherwise(name).alias(name) for name in ("gross", "write_premium")),
        *(pl.col(name).fill_null(0).cast(pl.Int64) for name in _COUNTS),
    ).with_columns(lookup=(pl.col("lookups").cast(pl.Decimal(38, 0)) * each).cast(MONEY))
    saved = pl.col("gross") - pl.col("write_premium")
    is_known = saved.is_not_null() | (pl.col("lookup") != 0)
    net = money.with_columns(net=pl.when(is_known).then(saved.fill_null(zero) - pl.col("lookup")))
    shown = net.filter((pl.col("requests") > 0) | (pl.col("lookup") != 0))
    return shown.select(*names, *_AMOUNTS, *_COUNTS).sort(
        "net", *names, descending=[True, *(False for _ in names)], nulls_last=True
    )


def _totals(rows: pl.DataFrame, spent: Decimal | None) -> dict[str, Any]:
    sums = {name: Decimal(rows[name].sum()) for name in _AMOUNTS}
    counts = {name: int(rows[name].sum()) for name in _COUNTS}
    kinds = {f"{kind}_net": Decimal(rows.filter(kind=kind)["net"].sum()) for kind in (RESPONSE, PROMPT)}
    hits = int(rows.filter(kind=RESPONSE)["requests"].sum())
    actual = None if spent is None else spent + sums["lookup"]
    baseline = None if actual is None else actual + sums["net"]
    share = float(sums["net"] / baseline) if baseline else None
    return {
        **sums,
        **kinds,
        "hits": hits,
        **counts,
        "actual": actual,
        "baseline": baseline,
        "saving_share": share,
    }
