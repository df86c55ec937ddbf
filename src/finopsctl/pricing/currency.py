"""Amounts in one currency to another, by the dated rate of each row's day, in whole pico-units.

A rate says what one unit of ``from_currency`` is worth in ``to`` from that day on, until the next one. A pair given
only the other way round is divided by. Products are rounded to whole pico-units, half to even. No rate on or before the
day: null, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import ConfigError
from finopsctl.ledger.schema import MONEY
from finopsctl.pricing.lookup import Steps
from finopsctl.pricing.tokens import divided_by

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

_SCALE = 10**12
_LIMIT = 2**126


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """From ``day`` (UTC) on, one ``from_currency`` is ``rate`` ``to``; ISO 4217 codes."""

    from_currency: str
    to: str
    day: date
    rate: Decimal

    def __post_init__(self) -> None:
        scaled = self.rate * _SCALE
        if not self.rate.is_finite() or self.rate <= 0 or scaled % 1:
            raise ConfigError(
                f"exchange rate {self.from_currency} to {self.to} on {self.day}: {self.rate} is not a rate",
                hint="A rate is above zero and has at most 12 decimals.",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """Rows with ``reported_cost`` in one currency, and how many have a cost no rate converts (now null)."""

    frame: pl.DataFrame
    unconverted: int
    missing: tuple[str, ...]


def convert(frame: pl.DataFrame, rates: Iterable[ExchangeRate], to: str = "USD") -> Converted:
    """Convert ``reported_cost`` from each row's ``billing_currency`` to ``to`` and say so in ``billing_currency``.

    Rows without a rate get a null cost and keep their ``billing_currency``; ``missing`` names those currencies.
    """
    currency = pl.col("billing_currency").str.to_uppercase()
    foreign = frame.select((currency != to.upper()) & pl.col("reported_cost").is_not_null()).to_series()
    if not foreign.any():
        return Converted(frame, 0, ())
    cost = converted(
        frame["reported_cost"], frame.select(currency).to_series(), frame["charge_period_start"], rates, to
    )
    lost = cost.is_null() & frame["reported_cost"].is_not_null()
    out = frame.with_columns(
        cost.alias("reported_cost"),
        billing_currency=pl.when(~lost).then(pl.lit(to.upper())).otherwise("billing_currency"),
    )
    missing = frame["billing_currency"].filter(lost).unique().sort().to_list()
    return Converted(out, int(lost.sum()), tuple(missing))


def converted(
    money: pl.Series, currency: pl.Series, at: pl.Series, rates: Iterable[ExchangeRate], to: str
) -> pl.Series:
    """Return ``money`` (MONEY, in each row's ``currency``) in ``to`` at the rate of each instant's UTC day.

    Raises:
        ConfigError: an amount so large that its product leaves 128 bits.
    """
    pairs = _pairs(rates, to.upper())
    table = [entry for steps in pairs.values() for entry in steps]
    numbers = {id(entry): number for number, entry in enumerate(table)}
    steps = Steps({code: [(entry[0], numbers[id(entry)]) for entry in part] for code, part in pairs.items()})
    slots = {code: steps.number(code) for code in pairs}
    slot = currency.replace_strict(slots, default=None, return_dtype=pl.Int64)
    which = steps.at(slot, at.dt.epoch("s"))
    times = pl.Series("times", [entry[1] for entry in table], dtype=pl.Int128).gather(which)
    over = pl.Series("over", [entry[2] for entry in table], dtype=pl.Int128).gather(which)
    pico = money.cast(MONEY).to_physical().alias("pico")
    if int(pico.abs().max() or 0) * int(times.max() or 0) > _LIMIT:  # type: ignore[arg-type]
        raise ConfigError(
            "an amount is too large to convert exactly", hint="Check reported_cost and the exchange rate."
        )
    product = pl.DataFrame([pico, times, over]).select(divided_by(pl.col("pico") * pl.col("times"), pl.col("over")))
    return product.to_series().reinterpret(dtype=MONEY).alias(money.name)


def _pairs(rates: Iterable[ExchangeRate], to: str) -> dict[str, list[tuple[datetime | None, int, int]]]:
    """Return, by currency, (from, multiply by, divide by); a direct quote beats the inverse of the other."""
    direct: dict[str, list[tuple[datetime | None, int, int]]] = {to: [(None, 1, 1)]}
    inverse: dict[str, list[tuple[datetime | None, int, int]]] = {}
    for rate in rates:
        start = datetime.combine(rate.day, time(), UTC)
        scaled = int(rate.rate * _SCALE)
        if rate.to.upper() == to and rate.from_currency.upper() != to:
            direct.setdefault(rate.from_currency.upper(), []).append((start, scaled, _SCALE))
        elif rate.from_currency.upper() == to:
            inverse.setdefault(rate.to.upper(), []).append((start, _SCALE, scaled))
    return {**inverse, **direct}
