"""What the source reported against our list price, by provider, model and the likeliest cause of the difference.

Causes, the first that explains a record to within 0.5 %: ``match`` (equal to the pico-dollar), ``rounding``,
``response_cache`` (served from the gateway's cache or failed, yet reported as paid), ``cache`` (cached tokens priced as
fresh input, counted twice, or not at all), ``batch`` (half or twice the list price), ``factor`` (margin or discount:
most records of the model differ by one and the same factor), ``price`` (none of these). Records only one side has a
figure for are ``unpriced`` (by us) or ``not_reported`` and enter no difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import MONEY
from finopsctl.ledger.token_classes import TOKEN_COLUMNS
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCE = 0.005
"""Relative difference below which two figures count as the same price."""

_CAUSES = {
    "response_cache": "free from the gateway's cache, or failed",
    "cache": "cached tokens priced as others",
    "batch": "half or twice the price, as by batch",
    "price": "another price",
}
_WORTH_SAYING = Decimal("0.01")  # USD
_LEAST_RECORDS = 3
_MOST = 0.8
_GROUP = ("provider", "model")


@dataclass(frozen=True, slots=True, eq=False)
class PriceAudit:
    """One row per provider, model and cause, largest difference first.

    ``rows``: provider, model, cause, factor (reported / list), requests, records, reported, list, difference
    (reported - list; null where one side has no figure), USD. ``totals``: reported, list and difference of the records
    both sides price; reported_only and list_only of the others.
    """

    rows: pl.DataFrame
    totals: Mapping[str, Any]
    quality: Quality

    def report(self) -> Report:
        """Return the presentable form."""
        columns = (
            Column("provider", "Provider"),
            Column("model", "Model", null="(none)"),
            Column("cause", "Cause"),
            Column("factor", "Reported / list", Unit.FACTOR, priority=2),
            Column("requests", "Requests", Unit.COUNT, priority=1),
            Column("reported", "Reported", Unit.USD),
            Column("list", "List price", Unit.USD),
            Column("difference", "Difference", Unit.USD),
        )
        shown = {name: self.totals[name] for name in ("reported", "list", "difference")}
        table = Table("Reported against list price", self.rows, columns, {"provider": "Total", **shown})
        return Report("pricing-audit", self._headline(), (table,), totals=self.totals, findings=self._findings())

    def _headline(self) -> str:
        reported, listed = self.totals["reported"], self.totals["list"]
        if not self.rows.height:
            return "No record has a reported or a list price."
        if reported == listed:
            return f"The sources reported exactly our list price: {money(listed)}."
        share = f" ({float((reported - listed) / listed):+.2%})" if listed else ""
        return f"The sources reported {money(reported)} where our list price is {money(listed)}{share}."

    def _findings(self) -> tuple[Finding, ...]:
        odd = self.rows.filter(pl.col("cause").is_in(list(_CAUSES)) & (pl.col("difference").abs() >= _WORTH_SAYING))
        return tuple(
            Finding(
                Severity.WARNING,
                f"price_{row['cause']}",
                f"{row['provider']}/{row['model']}: the source reports {money(abs(row['difference']))} "
                f"{'more' if row['difference'] > 0 else 'less'} than list in {counted(row['records'], 'record')} "
                f"({_CAUSES[row['cause']]}).",
                hint="`finopsctl pricing explain RECORD` shows how a record is priced.",
                evidence={key: str(row[key]) for key in ("provider", "model", "cause", "difference", "records")},
            )
            for row in odd.head(5).iter_rows(named=True)
        )


def audit(ledger: pl.LazyFrame, basis: str = "auto") -> PriceAudit:
    """Compare ``reported_cost`` with ``list_cost`` record by record and sum up by provider, model and cause.

    Args:
        ledger: Priced rows; only requests and usage count. Amounts in another billing currency than US dollars are
            left out: convert them first.
        basis: The cost basis ``cost`` was taken on, for the data-quality figures.
    """
    usage = ledger.filter(
        pl.col("record_kind").is_in(["request", "usage"]),
        pl.col("billing_currency") == "USD",
        pl.col("reported_cost").is_not_null() | pl.col("list_cost").is_not_null(),
    )
    both = pl.col("reported_cost").is_not_null() & pl.col("list_cost").is_not_null()
    compared = pl.when(both)
    rows = (
        _with_cause(usage)
        .group_by(*_GROUP, "cause")
        .agg(
            factor=pl.when(pl.col("cause").first() == "factor").then(pl.col("ratio").median()),
            requests=pl.col("requests").sum(),
            records=pl.len().cast(pl.Int64),
            reported=pl.col("reported_cost").sum(),
            list=pl.col("list_cost").sum(),
            difference=(compared.then(pl.col("reported_cost") - pl.col("list_cost"))).sum(),
        )
        .with_columns(
            reported=pl.when(pl.col("cause") != "not_reported").then("reported"),
            list=pl.when(pl.col("cause") != "unpriced").then("list"),
            difference=pl.when(~pl.col("cause").is_in(["not_reported", "unpriced"])).then("difference"),
        )
        .sort(pl.col("difference").abs(), *_GROUP, "cause", descending=[True, False, False, False], nulls_last=True)
        .collect()
    )
    quality = quality_of(rollup(ledger, {}, ()).collect(engine="streaming"), basis)
    return PriceAudit(rows, _totals(rows), quality)


def _totals(rows: pl.DataFrame) -> dict[str, Any]:
    compared = rows.filter(pl.col("difference").is_not_null())
    return {
        "reported": _sum(compared, "reported"),
        "list": _sum(compared, "list"),
        "difference": _sum(compared, "difference"),
        "reported_only": _sum(rows.filter(pl.col("cause") == "unpriced"), "reported"),
        "list_only": _sum(rows.filter(pl.col("cause") == "not_reported"), "list"),
    }


def _sum(rows: pl.DataFrame, column: str) -> Decimal:
    total: Decimal | None = rows[column].cast(MONEY).sum() if rows.height else None  # type: ignore[assignment]
    return Decimal(0) if total is None else total


def _with_cause(usage: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``ratio`` (reported / list) and ``cause``. Floats serve the diagnosis only, never a sum of money."""
    reported, listed = pl.col("reported_cost").cast(pl.Float64), pl.col("list_cost").cast(pl.Float64)
    return (
        usage.with_columns(ratio=pl.when(listed != 0).then(reported / listed), **_cache_readings())
        .with_columns(guess=_cause(reported, listed))
        .with_columns(usual=pl.col("ratio").filter(pl.col("guess") == "price").median().over(_GROUP))
        .with_columns(near=(pl.col("guess") == "price") & ((pl.col("ratio") / pl.col("usual") - 1).abs() <= TOLERANCE))
        .with_columns(
            constant=(pl.col("near").sum().over(_GROUP) >= _LEAST_RECORDS)
            & (pl.col("near").sum().over(_GROUP) >= _MOST * (pl.col("guess") == "price").sum().over(_GROUP))
        )
        .with_columns(
            cause=pl.when(pl.col("near") & pl.col("constant")).then(pl.lit("factor")).otherwise("guess"),
        )
    )


def _cache_readings() -> dict[str, pl.Expr]:
    """Return what a record would cost if its cached tokens were read otherwise, in USD."""
    cost = {
        name: pl.col(name).cast(pl.Float64)
        for name in ("list_cost", "list_input_cost", "list_cache_read_cost", "list_cache_write_cost")
    }
    read = pl.col("cache_read_tokens").fill_null(0)
    written = pl.sum_horizontal(pl.col("cache_write_tokens", "cache_write_1h_tokens").fill_null(0))
    rate = pl.when(pl.col("input_tokens") > 0).then(cost["list_input_cost"] / pl.col("input_tokens"))
    no_read = cost["list_cost"] - cost["list_cache_read_cost"]
    no_cache = no_read - cost["list_cache_write_cost"]
    return {
        "read_as_input": no_read + read * rate,
        "read_twice": cost["list_cost"] + read * rate,
        "read_free": no_read,
        "all_as_input": no_cache + (read + written) * rate,
        "all_twice": cost["list_cost"] + (read + written) * rate,
        "written_as_input": cost["list_cost"] - cost["list_cache_write_cost"] + written * rate,
        "cache_free": no_cache,
    }


def _cause(reported: pl.Expr, listed: pl.Expr) -> pl.Expr:
    cached = pl.sum_horizontal(pl.col("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens").fill_null(0))
    tokens = pl.sum_horizontal(pl.col(TOKEN_COLUMNS).fill_null(0))
    other_cache = pl.any_horizontal(_near(reported, pl.col(name)) for name in _cache_readings())
    return (
        pl.when(pl.col("reported_cost").is_null())
        .then(pl.lit("not_reported"))
        .when(pl.col("list_cost").is_null())
        .then(pl.lit("unpriced"))
        .when(pl.col("reported_cost") == pl.col("list_cost"))
        .then(pl.lit("match"))
        .when(_near(reported, listed))
        .then(pl.lit("rounding"))
        .when((listed == 0) & ((tokens > 0) | (pl.col("errors") > 0) | (pl.col("cache_hits") > 0)))
        .then(pl.lit("response_cache"))
        .when((cached > 0) & other_cache)
        .then(pl.lit("cache"))
        .when(_near(reported, listed * 0.5) | _near(reported, listed * 2))
        .then(pl.lit("batch"))
        .otherwise(pl.lit("price"))
    )


def _near(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    return ((a - b).abs() <= b.abs() * TOLERANCE).fill_null(value=False)
