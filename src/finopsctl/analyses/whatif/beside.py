"""What a period costs beside the traffic that a scenario prices: charges, fees, credits, requests without a price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif.playing import in_currency
from finopsctl.analyses.whatif.state import is_usage
from finopsctl.ledger.schema import MONEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.analyses.whatif.question import WhatIfQuestion

PRICED, UNPRICED = "priced", "unpriced"


def charges_of(batch: pl.DataFrame, question: WhatIfQuestion) -> pl.Series:
    """Return what rows that are no traffic cost on the question's basis, else as their source reports it.

    Args:
        batch: Ledger columns, and ``cost`` as reported.
        question: Basis and currency.
    """
    ours = batch["list_cost" if question.basis == "list" else "effective_cost"].cast(MONEY)
    rows = batch.select("charge_period_start", "cost", _ours=ours.to_physical().cast(pl.Int128))
    rows = in_currency(rows, ["_ours"], question.currency, question.rates)
    return pl.select(pl.coalesce(rows["_ours"].reinterpret(dtype=MONEY), rows["cost"].cast(MONEY))).to_series()


def beside_of(batch: pl.DataFrame, rows: pl.DataFrame, charges: pl.Series, question: WhatIfQuestion) -> pl.DataFrame:
    """Sum one batch: ``what`` (kind of charge, ``priced`` and ``unpriced`` traffic), records and amount (pico-units).

    Traffic without a price of ours counts what its source reports.

    Args:
        batch: Ledger columns, and ``cost`` as reported.
        rows: The batch, opened.
        charges: Of :func:`charges_of`.
        question: The currency.
    """
    ours = in_currency(rows.select("charge_period_start", "_base"), ["_base"], question.currency, question.rates)
    base, reported = ours["_base"].cast(pl.Int128), batch["cost"].cast(MONEY).to_physical().cast(pl.Int128)
    traffic = pl.coalesce(base, reported)
    kind = pl.col("record_kind").cast(pl.String)
    kind = pl.when(kind == "cost").then(pl.col("cost_type").fill_null("cost")).otherwise(kind)
    is_priced = pl.when(base.is_not_null()).then(pl.lit(PRICED)).otherwise(pl.lit(UNPRICED))
    amounts = batch.select(
        what=pl.when(is_usage()).then(is_priced).otherwise(kind),
        amount=pl.when(is_usage()).then(traffic).otherwise(charges.to_physical().cast(pl.Int128)),
    )
    return amounts.group_by("what").agg(records=pl.len(), amount=pl.col("amount").sum().cast(pl.Int128))


def added(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up all batches, the largest amount first."""
    whole = pl.concat(parts).group_by("what").agg(pl.col("records", "amount").sum())
    return whole.sort("amount", "what", descending=[True, False])
