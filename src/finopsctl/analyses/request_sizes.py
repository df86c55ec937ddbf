"""How large requests are, by use case: input tokens against what they were, output tokens against their limit.

Only single requests that a provider served count: sums of several have no size. P95 is linear between neighbours:
position (n - 1) x 0.95 of the sorted sizes, to the whole token.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.conditions import fits
from finopsctl.ledger.token_classes import INPUT_COLUMNS, OUTPUT_COLUMNS
from finopsctl.metrics.figures import collect
from finopsctl.metrics.measures import ratio
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Direction, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUANTILE = 0.95
_SIZES = ("input_tokens_p95", "output_tokens_p95")
LOG, CONFIGURATION = "log", "configuration"


@dataclass(frozen=True, slots=True)
class SizesQuestion:
    """What to compare with.

    Args:
        limits: The output limit of features (glob) whose requests do not log it.
        basis: The cost basis ``cost`` was taken on, for the data-quality figures.
    """

    limits: Mapping[str, int] = field(default_factory=dict)
    basis: str = "auto"


@dataclass(frozen=True, slots=True, eq=False)
class RequestSizes:
    """Sizes by use case, most requests first.

    ``rows``: feature, requests (single ones), input_tokens_p95, baseline (the same of the period before; null: none),
    baseline_requests, change (relative), output_tokens_p95, max_output_tokens (the largest limit logged, else the
    configured one), limit_from (``log`` or ``configuration``), share_of_limit (output P95 / limit), at_limit (share of
    the requests that reach their own limit, of those that log one, else the configured one).
    """

    rows: pl.DataFrame
    quality: Quality

    def report(self) -> Report:
        """Return the presentable form."""
        return Report("request-sizes", f"{self.rows.height} use cases have single requests.", (self.table(),))

    def table(self) -> Table:
        """Return the table people read."""
        columns = (
            Column("feature", "Use case", null="(untagged)"),
            Column("requests", "Requests", Unit.COUNT, 3),
            Column("input_tokens_p95", "Input P95", Unit.TOKENS),
            Column("baseline", "Baseline", Unit.TOKENS, 1),
            Column("change", "Change", Unit.CHANGE, 1, good=Direction.DOWN),
            Column("output_tokens_p95", "Output P95", Unit.TOKENS),
            Column("max_output_tokens", "Limit", Unit.TOKENS, 1),
            Column("share_of_limit", "Of limit", Unit.SHARE, 1),
            Column("at_limit", "Cut off", Unit.SHARE, 2),
            Column("limit_from", "Limit from", priority=3),
        )
        return Table("Tokens a request", self.rows, columns)


def request_sizes(ledger: pl.LazyFrame, previous: pl.LazyFrame | None, question: SizesQuestion) -> RequestSizes:
    """Return how large the requests of each use case are.

    Args:
        ledger: Ledger columns and ``cost``, filtered to the period and to ``--where``.
        previous: The same of the period that is the baseline; None: there is none.
        question: Limits.
    """
    lazy = {"now": _sizes(ledger, question.limits), "rollup": rollup(ledger, {}, ())}
    if previous is not None:
        lazy["then"] = _sizes(previous, question.limits)
    frames = collect([lazy])[0]
    now = frames["now"]
    then = frames["then"] if previous is not None else now.clear()
    before = then.select("feature", baseline="input_tokens_p95", baseline_requests="requests")
    joined = now.join(before, on="feature", how="left", nulls_equal=True)
    configured = pl.Series([_limit(name, question.limits) for name in joined["feature"]], dtype=pl.Int64)
    rows = joined.with_columns(
        change=ratio(pl.col("input_tokens_p95") - pl.col("baseline"), pl.col("baseline")),
        limit_from=pl.when(pl.col("logged").is_not_null())
        .then(pl.lit(LOG))
        .when(configured.is_not_null())
        .then(pl.lit(CONFIGURATION)),
        max_output_tokens=pl.coalesce("logged", configured),
    ).with_columns(share_of_limit=ratio(pl.col("output_tokens_p95"), pl.col("max_output_tokens")))
    ordered = rows.sort("requests", "feature", descending=[True, False], nulls_last=True)
    return RequestSizes(ordered.select(_NAMES), quality_of(frames["rollup"], question.basis))


_NAMES = (
    *("feature", "requests", "input_tokens_p95", "baseline", "baseline_requests", "change"),
    *("output_tokens_p95", "max_output_tokens", "limit_from", "share_of_limit", "at_limit"),
)


def _sizes(ledger: pl.LazyFrame, limits: Mapping[str, int]) -> pl.LazyFrame:
    """Return the quantiles of each use case, its largest logged limit, and how many of its requests reach theirs."""
    single = (pl.col("record_kind") == "request") & (pl.col("requests") == 1) & (pl.col("cache_hits").fill_null(0) == 0)
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in (*INPUT_COLUMNS, *OUTPUT_COLUMNS))
    sizes = ledger.filter(single & known).select(
        "feature",
        "max_output_tokens",
        given=pl.sum_horizontal(INPUT_COLUMNS),
        made=pl.sum_horizontal(OUTPUT_COLUMNS),
    )
    own = pl.coalesce("max_output_tokens", _configured(limits))
    reached = (pl.col("made") >= own).filter(own.is_not_null())
    each = {
        name: pl.col(column).quantile(_QUANTILE, "linear").round().cast(pl.Int64)
        for name, column in zip(_SIZES, ("given", "made"), strict=True)
    }
    return sizes.group_by("feature").agg(
        requests=pl.len().cast(pl.Int64), **each, logged=pl.col("max_output_tokens").max(), at_limit=reached.mean()
    )


def _configured(limits: Mapping[str, int]) -> pl.Expr:
    """Return the configured limit of a row's use case: of the first pattern that fits."""

    def limit_of(names: pl.Series) -> pl.Series:
        return pl.Series([_limit(name, limits) for name in names], dtype=pl.Int64)

    found: pl.Expr = pl.lit(None, pl.Int64)
    return pl.col("feature").map_batches(limit_of, return_dtype=pl.Int64) if limits else found


def _limit(feature: Any, limits: Mapping[str, int]) -> int | None:  # noqa: ANN401 - a value of a text column
    return next((limit for glob, limit in limits.items() if feature is not None and fits(feature, (glob,))), None)
