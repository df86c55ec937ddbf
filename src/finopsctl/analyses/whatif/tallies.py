"""Sums over batches: a scenario's rows by dimensions, its moves, and why requests stayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif.state import total_of
from finopsctl.ledger.token_classes import INPUT_COLUMNS, OUTPUT_COLUMNS, TOKEN_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What one scenario comes to.

    Args:
        groups: One row a group of the dimensions: Int128 pico-units and counts.
        moves: By number of the move: requests, baseline, scenario, per success as counted and before scaling, and
            where success rates are given how many succeed now (by SCALE) and how many are of no known rate; images:
            requests with any.
        kept: By move or lever's reason: requests.
        left: By model, of traffic that has a price now and none under the scenario: requests, tokens, baseline.
    """

    groups: pl.DataFrame
    moves: pl.DataFrame
    kept: pl.DataFrame
    left: pl.DataFrame

    def total(self, name: str) -> int:
        """Return the sum of a column of ``groups``."""
        return int(self.groups[name].sum() or 0)


def tallied(rows: pl.DataFrame, dims: Sequence[str]) -> Tally:
    """Sum one batch.

    Args:
        rows: Of :func:`finopsctl.analyses.whatif.playing.played`, in the report's currency.
        dims: Key columns, named ``_by_<dimension>``.
    """
    banded = "cheapest" in rows.columns
    both = pl.col("baseline").is_not_null() & pl.col("scenario").is_not_null() & pl.col("_usage")
    went = (pl.col("_target").is_not_null() | pl.col("_retiered") | pl.col("_hosted")) & both
    units = pl.col("_units")

    def pico(column: str, where: pl.Expr) -> pl.Expr:
        return pl.col(column).cast(pl.Int128).filter(where).sum().cast(pl.Int128)

    def some(where: pl.Expr) -> pl.Expr:
        return units.filter(where).sum()

    looked_up = pico("_lookups", both) if "_lookups" in rows.columns else pl.lit(0, dtype=pl.Int128)
    rows = rows.with_columns(cost=pl.col("cost").to_physical())
    groups = rows.group_by(dims).agg(
        baseline=pico("baseline", both),
        scenario=pico("scenario", both),
        cheapest=pico("cheapest" if banded else "scenario", both),
        dearest=pico("dearest" if banded else "scenario", both),
        reported=pico("cost", both),
        reports=(both & pl.col("cost").is_not_null()).sum(),
        hosted=pico("baseline", both & pl.col("_hosted")),
        later=pico("baseline", both & pl.col("_later")),
        retried=pico("baseline", both) - pico("_base", both) - looked_up,
        looked_up=looked_up,
        requests=some(both),
        requests_moved=some(went),
        requests_kept=some(both & ~went & pl.col("_stays").is_not_null()),
        requests_changed=some(both & (pl.col("_changed") | (pl.col("scenario") != pl.col("baseline")))),
        unpriced_requests=some(pl.col("_usage") & ~both),
        priced_rows=both.sum(),
        usage_rows=pl.col("_usage").sum(),
        buckets=(both & pl.col("_changed") & (units != 1)).sum(),
        hosted_output=total_of(OUTPUT_COLUMNS).filter(both & pl.col("_hosted")).sum(),
        rows=pl.len(),
    )
    gone = rows.filter(went & pl.col("_target").is_not_null())
    unscaled = "_unscaled" if "_unscaled" in rows.columns else "scenario"
    rate = pl.col("_rate_before") if "_rate_before" in rows.columns else pl.lit(None, dtype=pl.Int64)
    moves = gone.group_by("_target", "_cold").agg(
        requests=units.sum(),
        successes=(units.cast(pl.Int128) * rate).sum().cast(pl.Int128),
        unrated=units.filter(rate.is_null()).sum(),
        baseline=pl.col("baseline").sum().cast(pl.Int128),
        scenario=pl.col("scenario").sum().cast(pl.Int128),
        unscaled=pl.col(unscaled).sum().cast(pl.Int128),
        tokens=total_of(INPUT_COLUMNS).sum(),
        images=units.filter(pl.col("image_input_tokens") > 0).sum(),
    )
    stayed = rows.filter(both & ~went & pl.col("_stays").is_not_null())
    kept = stayed.group_by(reason="_stays").agg(records=pl.len(), requests=units.sum())
    lost = rows.filter(pl.col("_usage") & pl.col("baseline").is_not_null() & pl.col("scenario").is_null())
    left = lost.group_by(model="_logged_model").agg(
        requests=units.sum(), tokens=total_of(TOKEN_COLUMNS).sum(), baseline=pl.col("baseline").sum().cast(pl.Int128)
    )
    return Tally(groups, moves, kept, left)


def merged(parts: Sequence[Tally]) -> Tally:
    """Add up the tallies of all batches."""
    groups = pl.concat([part.groups for part in parts])
    keys = [name for name in groups.columns if name.startswith("_by_")]
    amounts = [name for name in groups.columns if name not in keys]
    return Tally(
        groups.group_by(keys).agg(pl.col(amounts).sum()),
        _summed(pl.concat([part.moves for part in parts]), ["_target", "_cold"]),
        _summed(pl.concat([part.kept for part in parts]), ["reason"]).sort(
            "requests", "reason", descending=[True, False]
        ),
        _summed(pl.concat([part.left for part in parts]), ["model"]).sort(
            "baseline", "model", descending=[True, False], nulls_last=True
        ),
    )


def _summed(frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    return frame.group_by(keys).agg(pl.exclude(keys).sum())
