"""Both sides of every key that is compared: what ledger and invoice say of a month's model, class and project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from finopsctl.analyses.reconciliation.scope import Scope

KEY = ("provider", "nature", "model", "meter", "service_tier", "token_class", "project")
"""What is compared, month by month."""

_TEXTS = 3
_CENT = 10
_LEAST = 3


@dataclass(frozen=True, slots=True)
class Side:
    """What one side says of a key in a month; amounts in pico-units.

    Args:
        amount: Its money.
        quantity: Tokens, or the meter's units; None where some of the money comes without.
        lines: Records behind it; 0: the side has none.
        unpriced: Records of usage without a cost.
        lost: Its money on days on which the other side knows nothing of the provider, and ``lost_quantity``.
        unseen: Its money of keys and projects that the ledger has no row of, on other days, and ``unseen_quantity``.
        first: Its money on the first day compared, and ``last`` on the last, with their quantities.
        listed: What the quantities cost at list price; None where that was not asked.
        text: What a credit or a tax is called.
    """

    amount: int = 0
    quantity: float | None = 0.0
    lines: int = 0
    unpriced: int = 0
    lost: int = 0
    lost_quantity: float = 0.0
    unseen: int = 0
    unseen_quantity: float = 0.0
    first: int = 0
    first_quantity: float = 0.0
    last: int = 0
    last_quantity: float = 0.0
    listed: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """One key in one month: both sides, and the days that are compared."""

    month: str
    first_day: date
    last_day: date
    outside: bool
    ledger: Side
    invoice: Side


@dataclass(frozen=True, slots=True)
class Pair:
    """One key: its months in order."""

    key: Mapping[str, str | None]
    months: tuple[Month, ...]


def pairs_of(ledger: pl.DataFrame, invoice: pl.DataFrame, scope: Scope) -> list[Pair]:
    """Bring the two sides' lines together by key and month, sorted.

    Args:
        ledger: Lines at the level of comparison, inside the scope; ``listed_amount`` where list prices were asked for.
        invoice: The same of the invoice.
        scope: The days compared.
    """
    months = scope.calendar.group_by("provider", "month", "outside").agg(
        first_day=pl.col("day").min(), last_day=pl.col("day").max()
    )
    apart = _split_outside(months)
    sides = [
        _sums(_placed(own, apart), _days(other, scope), name)
        for own, other, name in ((ledger, invoice, "ledger"), (invoice, ledger, "invoice"))
    ]
    keys = [*KEY, "part"]
    joined = sides[0].join(sides[1], on=keys, how="full", nulls_equal=True, coalesce=True)
    rows = joined.join(apart.drop("day", strict=False), on=["provider", "part"], how="left").sort(
        *KEY, "first_day", nulls_last=True
    )
    found: list[Pair] = []
    for key, group in rows.group_by(KEY, maintain_order=True):
        named = dict(zip(KEY, key, strict=True))
        found.append(Pair(named, tuple(_month(row) for row in group.iter_rows(named=True))))
    return found


def _split_outside(months: pl.DataFrame) -> pl.DataFrame:
    """Give the single days outside the scope parts of their own, beside the months inside."""
    inside = months.filter(~pl.col("outside")).with_columns(part=pl.col("month"))
    around = months.filter("outside")
    edges = [
        around.select("provider", "month", "outside", first_day=pl.col(edge), last_day=pl.col(edge))
        for edge in ("first_day", "last_day")
    ]
    days = pl.concat(edges).unique().with_columns(part=pl.col("first_day").cast(pl.String))
    return pl.concat([inside, days.select(inside.columns)]).sort("provider", "first_day")


def _placed(lines: pl.DataFrame, apart: pl.DataFrame) -> pl.DataFrame:
    part = pl.when("outside").then(pl.col("day").cast(pl.String)).otherwise("month")
    ends = apart.select("provider", "part", "first_day", "last_day")
    return lines.with_columns(part=part).join(ends, on=["provider", "part"], how="left")


def _days(lines: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Return the days on which a side knows something of a provider whose invoice is daily."""
    return lines.filter(pl.col("provider").is_in(sorted(scope.daily))).select("provider", "day").unique()


def _sums(lines: pl.DataFrame, other_days: pl.DataFrame, side: str) -> pl.DataFrame:
    covered = other_days.with_columns(covered=pl.lit(value=True))
    providers = other_days["provider"].unique().to_list()
    lost = pl.col("covered").is_null() & pl.col("provider").is_in(providers) & ~pl.col("outside")
    first, last = pl.col("day") == pl.col("first_day"), pl.col("day") == pl.col("last_day")
    marked = lines.join(covered, on=["provider", "day"], how="left").with_columns(lost=lost)
    listed = pl.col("listed_amount").sum() if "listed_amount" in lines.columns else pl.lit(None, pl.Int128)
    unseen = "unseen_amount" in lines.columns
    sums = marked.group_by(*KEY, "part").agg(
        pl.col("amount", "quantity", "unmeasured", "lines", "unpriced").sum(),
        lost=pl.col("amount").filter("lost").sum(),
        lost_quantity=pl.col("quantity").filter("lost").sum(),
        unseen=pl.col("unseen_amount").filter(~pl.col("lost")).sum() if unseen else pl.lit(0, pl.Int128),
        unseen_quantity=pl.col("unseen_quantity").filter(~pl.col("lost")).sum() if unseen else pl.lit(0.0),
        first=pl.col("amount").filter(first).sum(),
        first_quantity=pl.col("quantity").filter(first).sum(),
        last=pl.col("amount").filter(last).sum(),
        last_quantity=pl.col("quantity").filter(last).sum(),
        listed=listed,
        text=pl.col("text").filter(pl.col("text") != "").unique().sort().head(_TEXTS).str.join("; "),
    )
    measured = sums.with_columns(quantity=pl.when(pl.col("unmeasured") == 0).then("quantity")).drop("unmeasured")
    return measured.rename({name: f"{side} {name}" for name in measured.columns if name not in (*KEY, "part")})


def _month(row: Mapping[str, Any]) -> Month:
    return Month(
        row["month"], row["first_day"], row["last_day"], row["outside"], _side(row, "ledger"), _side(row, "invoice")
    )


def _side(row: Mapping[str, Any], name: str) -> Side:
    if row[f"{name} lines"] is None:
        return Side()
    return Side(**{field: row[f"{name} {field}"] for field in Side.__slots__})


def grain_of(invoice: pl.LazyFrame) -> dict[str, int]:
    """Return the smallest unit of each provider's amounts, in pico-units: a cent, or less where they have more digits.

    Half of it a line is what rounding alone can make the invoice differ by.
    """
    pico = pl.col("cost").to_physical().cast(pl.Int128)
    whole = {digits: (pico % pl.lit(10**digits, dtype=pl.Int128) == 0).all() for digits in range(_LEAST, _CENT + 1)}
    sums = invoice.group_by("provider").agg(expr.alias(str(digits)) for digits, expr in whole.items()).collect()
    return {
        row["provider"]: 10 ** max((digits for digits in whole if row[str(digits)]), default=_LEAST)
        for row in sums.iter_rows(named=True)
    }
