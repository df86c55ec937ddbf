"""The level two sides are compared at: model, service tier, class and project count where both sides name them.

Where one side does not, the lines of both are brought one level higher, so that what has a name on one side only is
not taken for something the other side misses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.reconciliation.lines import USAGE
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

MODEL, TIER, CLASS, PROJECT = "model", "service_tier", "token_class", "project"
_PLACE = ["provider", "month"]
_ITEM = ["provider", "month", "model", "meter"]
_NAMES = {MODEL: "model", TIER: "service tier", CLASS: "class of tokens", PROJECT: "project"}


def at_one_level(ledger: pl.DataFrame, invoice: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, tuple[Finding, ...]]:
    """Return both sides with the dimensions that cannot be compared taken out, and what was taken out as findings.

    Args:
        ledger: Lines with ``month``.
        invoice: Lines with ``month``.
    """
    sides = ledger, invoice
    findings: list[Finding] = []
    for name, unusable in ((MODEL, _models), (TIER, _tiers), (CLASS, _classes), (PROJECT, _projects)):
        places = unusable(*sides)
        sides = _without(sides[0], name, places), _without(sides[1], name, places)
        findings += _findings(name, places)
    return *sides, tuple(findings)


def _models(ledger: pl.DataFrame, invoice: pl.DataFrame) -> pl.DataFrame:
    """Return where models cannot be compared: one side names none, or the invoice has names of its own."""

    def known(lines: pl.DataFrame, side: str) -> pl.DataFrame:
        return (
            lines.filter((pl.col("nature") == USAGE) & pl.col("meter").is_null() & (pl.col("lines") > 0))
            .group_by(_PLACE)
            .agg(
                pl.col("model").drop_nulls().unique().alias(side),
                pl.col("model").filter(~pl.col("listed")).drop_nulls().unique().alias(f"strange_{side}"),
            )
        )

    both = known(ledger, "ledger").join(known(invoice, "invoice"), on=_PLACE, how="inner")
    one_is_silent = (pl.col("ledger").list.len() == 0) | (pl.col("invoice").list.len() == 0)
    # A bill may call models by names of its own, which the price catalogue does not know where it knows the ledger's.
    other_names = (
        (pl.col("ledger").list.set_intersection("invoice").list.len() == 0)
        & (pl.col("strange_invoice").list.len() == pl.col("invoice").list.len())
        & (pl.col("strange_ledger").list.len() == 0)
    )
    return both.filter(one_is_silent | other_names).select(_PLACE).sort(_PLACE)


def _tiers(ledger: pl.DataFrame, invoice: pl.DataFrame) -> pl.DataFrame:
    """Return the models that the sides do not have in the same service tiers."""

    def known(lines: pl.DataFrame, side: str) -> pl.DataFrame:
        usage = lines.filter((pl.col("nature") == USAGE) & pl.col("meter").is_null())
        return usage.group_by(_ITEM).agg(pl.col(TIER).unique().sort().str.join(",").alias(side))

    both = known(ledger, "ledger").join(known(invoice, "invoice"), on=_ITEM, how="inner", nulls_equal=True)
    return both.filter(pl.col("ledger") != pl.col("invoice")).select(_ITEM).sort(_ITEM)


def _classes(ledger: pl.DataFrame, invoice: pl.DataFrame) -> pl.DataFrame:
    """Return the models whose money one side does not split by class of tokens."""

    def unsplit(lines: pl.DataFrame, side: str) -> pl.DataFrame:
        usage = lines.filter((pl.col("nature") == USAGE) & pl.col("meter").is_null())
        whole = pl.col(CLASS).is_null() & (pl.col("amount") != 0)
        return usage.group_by(_ITEM).agg(whole.any().alias(side))

    both = unsplit(ledger, "ledger").join(unsplit(invoice, "invoice"), on=_ITEM, how="inner", nulls_equal=True)
    return both.filter(pl.col("ledger") | pl.col("invoice")).select(_ITEM).sort(_ITEM)


def _projects(ledger: pl.DataFrame, invoice: pl.DataFrame) -> pl.DataFrame:
    """Return the models with lines without a project, and the months in which the sides name projects differently."""
    usage = pl.col("nature") == USAGE

    def named(lines: pl.DataFrame, side: str) -> pl.DataFrame:
        return lines.filter(usage).group_by(_PLACE).agg(pl.col(PROJECT).drop_nulls().unique().alias(side))

    def silent(lines: pl.DataFrame, side: str) -> pl.DataFrame:
        missing = pl.col(PROJECT).is_null() & (pl.col("amount") != 0)
        return lines.filter(usage).group_by(_ITEM).agg(missing.any().alias(side))

    places = named(ledger, "ledger").join(named(invoice, "invoice"), on=_PLACE, how="inner")
    shared = pl.col("ledger").list.set_intersection("invoice").list.len() > 0
    apart = places.filter(~shared).select(_PLACE)
    items = silent(ledger, "ledger").join(
        silent(invoice, "invoice"), on=_ITEM, how="full", nulls_equal=True, coalesce=True
    )
    in_both = pl.col("ledger").is_not_null() & pl.col("invoice").is_not_null()
    holes = items.filter(in_both & (pl.col("ledger") | pl.col("invoice"))).select(_ITEM)
    foreign = items.join(apart, on=_PLACE, how="semi").filter(in_both).select(_ITEM)
    return pl.concat([holes, foreign]).unique().sort(_ITEM)


def _without(lines: pl.DataFrame, name: str, places: pl.DataFrame) -> pl.DataFrame:
    """Take a dimension out of the usage lines of ``places``; below a model that is taken out, so is its class."""
    marked = lines.join(
        places.with_columns(blank=pl.lit(value=True)), on=places.columns, how="left", nulls_equal=True
    ).with_columns(blank=pl.col("blank").fill_null(value=False) & (pl.col("nature") == USAGE))
    is_blank = pl.col("blank") & pl.col("meter").is_null() if name == MODEL else pl.col("blank")
    return marked.with_columns(pl.when(~is_blank).then(name).alias(name)).drop("blank")


def _findings(name: str, places: pl.DataFrame) -> Iterable[Finding]:
    for provider in places["provider"].unique().sort():
        months = places.filter(pl.col("provider") == provider)["month"].unique().sort().to_list()
        message = f"{provider}: compared without {_NAMES[name]}, which one side does not name or names otherwise"
        yield Finding(
            Severity.INFO,
            "compared_higher",
            message,
            "",
            {"provider": provider, "dimension": name, "months": months},
        )
