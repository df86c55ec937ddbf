"""Attribution: spend by any dimensions, with shares, requests, tokens and the change against another period.

The parts add up to the total to the last pico-unit: ``(untagged)`` and ``(other n)`` are rows like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.errors import ConfigError, nearest
from finopsctl.metrics.dimensions import (
    TIME_DIMENSIONS,
    TOKEN_CLASS,
    Dimension,
    longest_bucket,
    refuse_longer_buckets,
)
from finopsctl.metrics.figures import as_text, collect
from finopsctl.metrics.measures import REQUESTS, SPEND, TOKENS, ratio, total
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.metrics.token_split import spend_by_class
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Direction, Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

_AMOUNTS = ("spend", "requests", "tokens")
_ORDERS = (*_AMOUNTS, "change")


@dataclass(frozen=True, slots=True, eq=False)
class Breakdown:
    """Spend by dimensions, largest first.

    ``rows``: the dimensions, spend (Decimal(38, 12), null where nothing is priced), share, cumulative_share, requests,
    tokens, previous and change (when compared; change is relative), other (how many groups the last row stands for;
    only with ``top``). ``totals``: spend, requests, tokens (and previous, change).
    """

    rows: pl.DataFrame
    totals: Mapping[str, Any]
    by: tuple[Dimension, ...]
    quality: Quality
    findings: tuple[Finding, ...] = ()
    currency: str = "USD"

    def report(self) -> Report:
        """Return the presentable form."""
        compared = "previous" in self.rows.columns
        before = (
            Column("previous", "Before", Unit.USD, 2),
            Column("change", "Change", Unit.CHANGE, 1, good=Direction.DOWN),
        )
        columns = (
            *(d.column for d in self.by),
            Column("spend", "Spend", Unit.USD),
            Column("share", "Share", Unit.SHARE),
            Column("cumulative_share", "Cumulative", Unit.SHARE, 3),
            *(before if compared else ()),
            Column("requests", "Requests", Unit.COUNT, 1),
            Column("tokens", "Tokens", Unit.TOKENS, 2),
        )
        table = Table("Spend by " + ", ".join(d.title.lower() for d in self.by), self.rows, columns, self.totals)
        return Report("attribution", self._headline(), (table,), self.totals, self.findings)

    def _headline(self) -> str:
        rest = self.rows["other"].drop_nulls() if "other" in self.rows.columns else pl.Series(dtype=pl.Int64)
        groups = self.rows.height - rest.len() + int(rest.sum())
        what = " and ".join(d.title.lower() for d in self.by)
        if self.totals["spend"] is None:
            return f"No spend by {what}{': no record has a known cost' if self.rows.height else ''}."
        first = (
            self.rows.head(self.rows.height - rest.len())
            .sort("spend", descending=True, nulls_last=True)
            .row(0, named=True)
        )
        name = " / ".join(d.null_label if first[d.name] is None else str(first[d.name]) for d in self.by)
        share = "" if first["share"] is None else f" with {first['share']:.1%}"
        spent = money(self.totals["spend"], self.currency)
        return f"{spent} spent, in {counted(groups, 'group')} by {what}; the largest is {name}{share}."


def breakdown(  # noqa: PLR0913 - one option of the command each
    ledger: pl.LazyFrame,
    by: Sequence[Dimension],
    *,
    top: int | None = None,
    previous: pl.LazyFrame | None = None,
    sort: str = "spend",
    timezone: str = "UTC",
    basis: str = "auto",
    currency: str = "USD",
) -> Breakdown:
    """Break spend down by dimensions.

    Args:
        ledger: Ledger columns and ``cost``, already filtered to the period and to ``--where``.
        by: At least one dimension; ``token_class`` splits the cost of each row over its kinds of tokens.
        top: Keep this many rows and one for the rest; None: all.
        previous: The ledger of the period to compare with. Groups only there have spent nothing now.
        sort: What comes first: most ``spend``, ``requests`` or ``tokens``, or the largest rise in money (``change``).
        timezone: Of calendar dimensions.
        basis: The cost basis ``cost`` was taken on, for the data-quality figures.
        currency: ISO 4217 code of ``cost``, for sentences.

    Raises:
        ConfigError: No dimension, an unknown order, or a comparison by calendar dimensions, which periods do not share.
        SourceError: A bucket longer than the calendar period asked for.
    """
    dims = [d.name for d in by]
    _check(dims, sort, compared=previous is not None)
    ledgers = [ledger] if previous is None else [ledger, previous]
    frames = collect([_plan(each, by, timezone) for each in ledgers])
    refuse_longer_buckets(by, _longest(frames[0]))
    whole = frames[0]["rollup"]
    rows, totals = _grouped(frames[0], by), _totals(whole)
    if previous is not None:
        rows = _compared(rows, _grouped(frames[1], by), dims)
        totals = _compared_totals(totals, _totals(frames[1]["rollup"])["spend"])
    rows = _shared(rows.sort(_order(sort), *dims, descending=[True, *(False for _ in dims)], nulls_last=True), totals)
    findings = _findings(rows, dims, currency)
    if top is not None and rows.height > top:
        rows = _with_other(rows, top, by)
    return Breakdown(rows, totals, tuple(by), quality_of(whole, basis), findings, currency)


def _check(dims: Sequence[str], sort: str, *, compared: bool) -> None:
    if not dims:
        raise ConfigError("attribution needs a dimension", hint="For example --by team.")
    if sort not in _ORDERS:
        raise ConfigError(f"unknown order '{sort}'", hint=nearest(sort, _ORDERS))
    if sort == "change" and not compared:
        raise ConfigError("there is no change to sort by", hint="Add --compare previous.")
    calendar = sorted(TIME_DIMENSIONS.intersection(dims))
    if compared and calendar:
        raise ConfigError(f"two periods have no {calendar[0]} in common to compare by", hint="Leave out --compare.")


def _order(sort: str) -> pl.Expr:
    if sort == "change":
        return pl.col("spend").fill_null(0) - pl.col("previous").fill_null(0)
    return pl.col(sort)


def _plan(ledger: pl.LazyFrame, by: Sequence[Dimension], timezone: str) -> dict[str, pl.LazyFrame]:
    keys = {d.name: d.key(timezone) for d in by if d.name != TOKEN_CLASS}
    frames = {"rollup": rollup(ledger, keys, (SPEND, REQUESTS, TOKENS))}
    if any(d.name == TOKEN_CLASS for d in by):
        frames["classes"] = spend_by_class(ledger, keys)
    if any(d.grain for d in by):
        frames["longest"] = longest_bucket(ledger)
    return frames


def _longest(frames: Mapping[str, pl.DataFrame]) -> timedelta | None:
    if "longest" not in frames:
        return None
    longest: timedelta | None = frames["longest"].item()
    return longest


def _grouped(frames: Mapping[str, pl.DataFrame], by: Sequence[Dimension]) -> pl.DataFrame:
    """Return one row per group: dimensions as text, spend, requests, tokens. Requests have no token class."""
    dims = [d.name for d in by]
    if "classes" in frames:
        requests = pl.lit(None, dtype=pl.Int64).alias("requests")
        return as_text(frames["classes"], by).with_columns(requests).select(*dims, *_AMOUNTS)
    return as_text(frames["rollup"], by).group_by(dims).agg(_amounts())


def _amounts() -> list[pl.Expr]:
    return [
        total(SPEND).alias("spend"),
        total(REQUESTS).cast(pl.Int64).alias("requests"),
        total(TOKENS).cast(pl.Int64).alias("tokens"),
    ]


def _totals(whole: pl.DataFrame) -> dict[str, Any]:
    return whole.select(_amounts()).row(0, named=True)


def _compared(rows: pl.DataFrame, before: pl.DataFrame, dims: list[str]) -> pl.DataFrame:
    then = before.select(*dims, previous="spend")
    joined = rows.with_columns(now=pl.lit(True)).join(then, on=dims, how="full", nulls_equal=True, coalesce=True)
    gone = pl.col("now").is_null()
    zeros = [pl.when(gone).then(0).otherwise(name).cast(joined.schema[name]).alias(name) for name in _AMOUNTS]
    return joined.with_columns(zeros).with_columns(change=_change(pl.col("spend"), pl.col("previous"))).drop("now")


def _change(now: pl.Expr, then: pl.Expr) -> pl.Expr:
    return ratio(now - then, then.abs())


def _compared_totals(totals: Mapping[str, Any], previous: Decimal | None) -> dict[str, Any]:
    now = totals["spend"]
    change = None if now is None or not previous else float(now - previous) / abs(float(previous))
    return {**totals, "previous": previous, "change": change}


def _shared(rows: pl.DataFrame, totals: Mapping[str, Any]) -> pl.DataFrame:
    """Add share and cumulative_share, unrounded, before the columns that follow them."""
    whole = pl.lit(totals["spend"], dtype=rows.schema["spend"])
    spend = pl.col("spend")
    added = rows.with_columns(share=ratio(spend, whole), cumulative_share=ratio(spend.cum_sum(), whole))
    dims = [name for name in rows.columns if name not in {*_AMOUNTS, "previous", "change"}]
    compared = [name for name in ("previous", "change") if name in rows.columns]
    return added.select(*dims, "spend", "share", "cumulative_share", "requests", "tokens", *compared)


def _with_other(rows: pl.DataFrame, top: int, by: Sequence[Dimension]) -> pl.DataFrame:
    """Keep the first ``top`` rows and add up the rest in one: dimensions null, ``other`` how many."""
    kept, rest = rows.head(top), rows.tail(rows.height - top)
    sums = [name for name in ("spend", "requests", "tokens", "previous") if name in rows.columns]
    other = rest.select(
        *(pl.lit(None, dtype=rows.schema[d.name]).alias(d.name) for d in by),
        *(pl.when(pl.col(n).is_not_null().any()).then(pl.col(n).sum()).alias(n) for n in sums),
        share=pl.when(pl.col("share").is_not_null().any()).then(pl.col("share").sum()),
        cumulative_share=pl.col("cumulative_share").drop_nulls().last(),
        other=pl.lit(rest.height, dtype=pl.Int64),
    )
    if "change" in rows.columns:
        other = other.with_columns(change=_change(pl.col("spend"), pl.col("previous")))
    nothing = pl.lit(None, dtype=pl.Int64).alias("other")
    return pl.concat([kept.with_columns(nothing), other.select(*rows.columns, "other")])


def _findings(rows: pl.DataFrame, dims: list[str], currency: str) -> tuple[Finding, ...]:
    if TOKEN_CLASS not in dims:
        return ()
    unsplit = rows.filter(pl.col(TOKEN_CLASS).is_null())["spend"].sum()
    if not unsplit:
        return ()
    message = f"{money(Decimal(unsplit), currency)} of spend has no list price to split it by token class."
    hint = "`finopsctl pricing list` shows the models with a price."
    return (Finding(Severity.INFO, "not_split", message, hint, {"spend": Decimal(unsplit)}),)
