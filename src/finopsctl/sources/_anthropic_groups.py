"""Groups of people in Anthropic's analytics reports: they overlap, so their rows cannot be added."""

from __future__ import annotations

import polars as pl

from finopsctl.sources._source import AT


def overlapping() -> pl.Expr:
    """Return why the rows of a bucket that is grouped by ``rbac_group_id`` are bad, else null.

    A member of several groups counts fully in each of them, so such rows add up to more than the organization's
    total; the rows without a group are those of members without one, not the rest.
    """
    grouped = pl.col("rbac_group_id").is_not_null().any().over(AT, "starting_at")
    reason = "grouped by rbac_group_id, and groups overlap: export it again without group_by[]=rbac_group_id"
    return pl.when(grouped).then(pl.lit(reason))
