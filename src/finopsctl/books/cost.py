"""The column ``cost``: the amount that counts, on the basis asked for, in the currency of the report.

``auto`` takes what the source reports and, where it reports nothing, our effective cost; the other bases take just
their column. Amounts in another currency are converted at the dated rate of their day; without a rate they are
unknown, never added as if they were the report's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import MONEY
from finopsctl.pricing.currency import ExchangeRate, converted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.books.request import Request


def with_cost(rows: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    """Return ledger rows with the column ``cost`` added; null is unpriced or not convertible."""
    rates = _rates(request)
    currency = request.currency
    reported = _in_currency(pl.col("reported_cost"), pl.col("billing_currency"), currency, rates)

    def ours(column: str) -> pl.Expr:
        return pl.col(column) if currency == "USD" else _in_currency(pl.col(column), pl.lit("USD"), currency, rates)

    cost = {
        "auto": pl.coalesce(reported, ours("effective_cost")),
        "reported": reported,
        "list": ours("list_cost"),
        "effective": ours("effective_cost"),
    }[request.basis]
    return rows.with_columns(cost=cost)


def unconverted(rows: pl.LazyFrame, request: Request) -> int:
    """Return how many rows have a cost on the basis asked for that no rate brings to the report's currency."""
    rates, basis = _rates(request), request.basis
    reported = pl.col("reported_cost")
    lost = pl.lit(value=False)
    if basis in {"auto", "reported"}:
        exchanged = _in_currency(reported, pl.col("billing_currency"), request.currency, rates)
        lost |= reported.is_not_null() & exchanged.is_null()
    if basis != "reported" and request.currency != "USD":
        ours = pl.col("list_cost" if basis == "list" else "effective_cost")
        counts = ours.is_not_null() & (reported.is_null() if basis == "auto" else pl.lit(value=True))
        lost |= counts & _in_currency(ours, pl.lit("USD"), request.currency, rates).is_null()
    count: int = rows.select(lost.sum()).collect(engine="streaming").item()
    return count


def table_in_currency(table: pl.DataFrame, request: Request) -> pl.DataFrame:
    """Return a table beside the ledger with its amounts in the report's currency, null where no rate brings them there.

    Args:
        table: Money columns in ``currency`` (null: the report's) of ``charge_period_start``.
        request: The report's currency and the rates.
    """
    amounts = [name for name, dtype in table.schema.items() if dtype == MONEY]
    if "currency" not in table.columns or table["currency"].is_null().all():
        return table
    unit, rates = pl.col("currency").fill_null(request.currency), _rates(request)
    return table.with_columns(_in_currency(pl.col(name), unit, request.currency, rates).alias(name) for name in amounts)


def _rates(request: Request) -> tuple[ExchangeRate, ...]:
    return tuple(ExchangeRate(*entry) for entry in request.exchange_rates)


def _in_currency(amount: pl.Expr, unit: pl.Expr, currency: str, rates: Sequence[ExchangeRate]) -> pl.Expr:
    same = unit == currency
    if not rates:
        return pl.when(same).then(amount)
    fields = pl.struct(amount.alias("amount"), unit.alias("unit"), pl.col("charge_period_start").alias("at"))

    def convert(values: pl.Series) -> pl.Series:
        parts = values.struct.unnest()
        return converted(parts["amount"], parts["unit"].str.to_uppercase(), parts["at"], rates, currency)

    exchanged = fields.map_batches(convert, return_dtype=MONEY, is_elementwise=True)
    return pl.when(same).then(amount).otherwise(exchanged)
