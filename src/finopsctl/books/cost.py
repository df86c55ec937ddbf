"""The column ``cost``: the amount that counts, on the basis asked for, in the currency of the report.

``auto`` takes what the source reports and, where it reports nothing, our effective cost; the other bases take just
their column. Amounts in another currency are converted at the dated rate of their day; without a rate they are
unknown, never added as if they were the report's.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import ConfigError
from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.outcomes import UNCONVERTED
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
    """Return how many rows have a cost on the basis asked for that no rate brings to the report's currency.

    Raises:
        ConfigError: When that is so of every row that has a cost: a report would say that nothing was spent.
    """
    lost, unit = _lost(request)
    some = pl.col("lost")
    count, known, units, first = (
        with_cost(rows, request)
        .select(cost="cost", lost=lost, unit=unit, first="charge_period_start")
        .select(
            some.sum(),
            pl.col("cost").is_not_null().any(),
            pl.col("unit").filter(some).str.to_uppercase().unique().sort().implode(),
            pl.col("first").filter(some).min(),
        )
        .collect(engine="streaming")
        .row(0)
    )
    if count and not known:
        raise no_rate(" and ".join(units), request.currency, first.date())
    return int(count)


def _lost(request: Request) -> tuple[pl.Expr, pl.Expr]:
    """Return whether a row has a cost that no rate converts, and the currency of that cost."""
    rates, basis = _rates(request), request.basis
    reported = pl.col("reported_cost")
    lost, unit = pl.lit(value=False), pl.lit("USD")
    if basis in {"auto", "reported"}:
        exchanged = _in_currency(reported, pl.col("billing_currency"), request.currency, rates)
        lost |= reported.is_not_null() & exchanged.is_null()
        unit = pl.when(lost).then(pl.col("billing_currency")).otherwise(unit)
    if basis != "reported" and request.currency != "USD":
        ours = pl.col("list_cost" if basis == "list" else "effective_cost")
        counts = ours.is_not_null() & (reported.is_null() if basis == "auto" else pl.lit(value=True))
        lost |= counts & _in_currency(ours, pl.lit("USD"), request.currency, rates).is_null()
    return lost, unit


def no_rate(unit: str, currency: str, day: date) -> ConfigError:
    """Return the error for an amount in ``unit`` of a day that no rate brings to ``currency``."""
    return ConfigError(
        f"there is no rate from {unit} to {currency} on {day}",
        f'Add [[exchange-rate]] to the configuration: from = "{unit}", to = "{currency}", date = {day} or '
        f"earlier, rate = ...; or report in {unit}.",
    )


def in_report_currency(amount: Decimal, unit: str, day: date, request: Request) -> Decimal:
    """Return an amount that stands in no record in the report's currency, at the rate of a day.

    Args:
        amount: In ``unit``.
        unit: ISO 4217 code.
        day: Whose rate counts (UTC).
        request: The report's currency and the rates.

    Raises:
        ConfigError: When there is no rate.
    """
    if unit == request.currency:
        return amount
    at = pl.Series([datetime.combine(day, time(), UTC)])
    money = pl.Series([amount], dtype=MONEY)
    found = converted(money, pl.Series([unit.upper()]), at, _rates(request), request.currency).item()
    if found is None:
        raise no_rate(unit, request.currency, day)
    return Decimal(found)


def table_in_currency(table: pl.DataFrame, request: Request) -> pl.DataFrame:
    """Return a table beside the ledger with its amounts in the report's currency, null where no rate brings them there.

    The column ``UNCONVERTED`` then tells of each row whether it lost one.

    Args:
        table: Money columns in ``currency`` (null: that of the configuration) of ``charge_period_start``.
        request: The report's currency and the rates.
    """
    amounts = [name for name, dtype in table.schema.items() if dtype == MONEY]
    own, rates = request.own_currency or request.currency, _rates(request)
    says = "currency" in table.columns and not table["currency"].is_null().all()
    if not says and own == request.currency:
        return table
    unit = pl.col("currency").fill_null(own) if says else pl.lit(own)
    exchanged = {name: _in_currency(pl.col(name), unit, request.currency, rates) for name in amounts}
    lost = [pl.col(name).is_not_null() & amount.is_null() for name, amount in exchanged.items()]
    return table.with_columns(**exchanged, **{UNCONVERTED: pl.any_horizontal(lost)})


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
