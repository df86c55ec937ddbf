"""What every report says about how much its figures cover.

The figures are sums over a rollup, so they cost no pass of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.token_classes import TOKEN_COLUMNS
from finopsctl.metrics.measures import SPEND, UNOWNED_SPEND, UNPRICED_REQUESTS, Measure, holds, ratio, total

if TYPE_CHECKING:
    from datetime import datetime

_REPORTED_SPEND = Measure("reported_spend", "Reported spend", ("cost",), ("cost",), ("reported",), money=True)


@dataclass(frozen=True, slots=True)
class Quality:
    """How much of the input the figures cover.

    Args:
        records: Ledger rows counted.
        unpriced_requests: Requests of usage rows without a cost.
        unpriced_tokens: Tokens of usage rows without a cost.
        unpriced_models: The models of those rows, sorted.
        unattributed_share: Spend without a team / spend; null without spend.
        standard_tier_assumed: Rows priced by us as standard because they name no service tier.
        spend: All spend.
        from_reported: Spend whose source reported it; the rest was priced by us. Equal to 0 unless the basis takes
            reported cost.
        spend_known: Whether any row has a cost, or there is no row; else ``spend`` is 0 for want of knowing.
        start: First instant, and ``end`` the last one, of any row (charge_period_start); null without rows.
    """

    records: int
    unpriced_requests: int
    unpriced_tokens: int
    unpriced_models: tuple[str, ...]
    unattributed_share: float | None
    standard_tier_assumed: int
    spend: Decimal
    from_reported: Decimal
    start: datetime | None
    end: datetime | None
    spend_known: bool = True

    def basis_split(self, basis: str) -> dict[str, Decimal]:
        """Return how much spend came from which cost column, for the cost basis in use."""
        if basis != "auto":
            return {basis: self.spend}
        return {"reported": self.from_reported, "effective": self.spend - self.from_reported}


def quality_of(rollup: pl.DataFrame, basis: str = "auto") -> Quality:
    """Add up the data-quality figures of a rollup.

    Args:
        rollup: Of :func:`finopsctl.metrics.rollup.rollup`, over everything the report covers.
        basis: ``auto``, ``reported``, ``list`` or ``effective``: which column ``cost`` came from.
    """
    unpriced = holds(("no_cost", "usage")) & ~_unconverted(basis)
    priced_by_us = holds(("cost", "usage", "no_service_tier"))
    if basis == "auto":
        priced_by_us &= ~pl.col("is_reported")
    figures = rollup.select(
        records=pl.col("records").sum(),
        unpriced_requests=pl.col("requests").filter(unpriced & holds(UNPRICED_REQUESTS.knows)).sum(),
        unpriced_tokens=pl.sum_horizontal(TOKEN_COLUMNS).filter(unpriced).sum(),
        unattributed_share=ratio(total(UNOWNED_SPEND), total(SPEND)),
        standard_tier_assumed=pl.col("records").filter(priced_by_us).sum(),
        spend=total(SPEND),
        from_reported=total(_REPORTED_SPEND),
        start=pl.col("first").min(),
        end=pl.col("last").max(),
    ).row(0, named=True)
    ours = basis in {"list", "effective"}
    return Quality(
        records=figures["records"],
        unpriced_requests=int(figures["unpriced_requests"] or 0),
        unpriced_tokens=figures["unpriced_tokens"] or 0,
        unpriced_models=tuple(rollup.filter(unpriced)["unpriced_model"].drop_nulls().unique().sort()),
        unattributed_share=figures["unattributed_share"],
        standard_tier_assumed=0 if basis == "reported" else figures["standard_tier_assumed"],
        spend=figures["spend"] or Decimal(0),
        from_reported=Decimal(0) if ours else figures["from_reported"] or Decimal(0),
        start=figures["start"],
        end=figures["end"],
        spend_known=figures["spend"] is not None or not figures["records"],
    )


def _unconverted(basis: str) -> pl.Expr:
    """Return whether rows without a cost have one in a currency without a rate to the report's: they are not unpriced.

    On the basis ``list`` they cannot be told from the unpriced.
    """
    facts = {"auto": ("reported", "rated"), "reported": ("reported",), "effective": ("rated",)}.get(basis, ())
    known = reduce(or_, (pl.col(f"is_{fact}") for fact in facts), pl.lit(value=False))
    return pl.col("is_no_cost") & known
