"""Negotiated prices, applied to list cost after list pricing, contract by contract in the file's order.

A contract file lives outside the public catalogue::

    schema = 1
    [[contract]]
    id = "openai-ea-2026"
    provider = "openai"             # who bills; absent: any
    models = ["gpt-4*"]             # globs on the model as logged, as listed, or canonical; absent: all
    deployment = "gpt-4o-ptu"       # the model as logged (its last path segment) or the requested model
    from = 2026-01-01               # midnight UTC; absent: always
    to = 2027-01-01                 # exclusive
    discount = 0.075                # off what tokens and fees cost so far
    exclude_units = ["web_search"]  # fees the discount leaves alone
    rates = [ { service_tier = "standard", input = 2.70, output = 13.50 } ]   # USD per `per` (1M) tokens
    capacity = { unit = "PTU", count = 50, price_per_unit_hour = 1.00 }

``rates`` replace list rates class by class (a class they do not mention keeps its list rate); lines may have ``from``,
``over`` and ``at_least`` as in the catalogue, and price models the catalogue does not list. A service tier without a
line keeps its cost. ``capacity`` (provisioned throughput) makes token costs 0 at the margin: the hourly bill is a cost
of its own and not spread over requests, unless a shared-cost pool of the configuration names the contract. Each step
rounds to whole pico-USD, half to even, tokens and fees apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.pricing.book import RATE_KEYS
from finopsctl.pricing.lookup import LineTables, Steps, line_tables
from finopsctl.pricing.names import price_provider
from finopsctl.pricing.price_file import price_line
from finopsctl.pricing.price_values import Place, amount, count, document_of, instant, tables, text, words
from finopsctl.pricing.timeline import Version
from finopsctl.pricing.tokens import divided, tokens_cost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from finopsctl.pricing.book import RateLine

_SCALE = 10**9
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MIDDLEMEN_WHO_BILL = ("openrouter", "vercel")
_KEYS = (
    "id",
    "provider",
    "models",
    "deployment",
    "from",
    "to",
    "discount",
    "exclude_units",
    "rates",
    "per",
    "capacity",
    "note",
)
_IDENTITY = ("provider", "price_provider", "model", "requested_model", "listed_as", "canonical")


@dataclass(frozen=True, slots=True)
class Capacity:
    """Provisioned throughput: ``count`` units of ``unit`` at ``price_per_unit_hour`` USD, paid busy or idle."""

    unit: str
    count: int
    price_per_unit_hour: Decimal


@dataclass(frozen=True, slots=True)
class Contract:
    """One negotiated price; see the module for what each part means. ``discount`` is a fraction."""

    id: str
    provider: str | None = None
    models: tuple[str, ...] = ()
    deployment: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    discount: Decimal | None = None
    exclude_units: tuple[str, ...] = ()
    lines: tuple[RateLine, ...] = ()
    capacity: Capacity | None = None


def load(path: Path) -> tuple[Contract, ...]:
    """Read a contract file.

    Raises:
        PricingError: unreadable, or not in the format; names file, contract and key.
    """
    document = document_of(path, "Name a readable contract file.")
    place = Place(str(path))
    place.keys("", document, ("schema", "contract", "note"))
    if document.get("schema") != 1:
        raise place.error("", f"schema is {document.get('schema')!r}, not 1", "Start the file with `schema = 1`.")
    return tuple(_contract(place, table) for table in tables(place, "", document, "contract"))


def _contract(place: Place, table: Mapping[str, Any]) -> Contract:
    where = f"contract {table.get('id', '?')}"
    place.keys(where, table, _KEYS)
    start = instant(place, where, table) if "from" in table else None
    end = instant(place, where, {"from": table["to"]}) if "to" in table else None
    if start is not None and end is not None and end <= start:
        raise place.error(where, "ends before it begins", "`to` is exclusive and after `from`.")
    per = count(place, where, table.get("per", 1_000_000), "per")
    first = {"from": start or _BEGINNING}
    lines = tuple(
        price_line(place, f"{where}, rates line {n}", {**first, **line}, per)
        for n, line in enumerate(tables(place, where, table, "rates"), start=1)
    )
    if any(line.window for line in lines):
        raise place.error(where, "contract rates have no clock windows")
    found = Contract(
        id=text(place, where, table, "id"),
        provider=price_provider(table["provider"]) if "provider" in table else None,
        models=words(place, where, table, "models"),
        deployment=table.get("deployment"),
        start=start,
        end=end,
        discount=_discount(place, where, table["discount"]) if "discount" in table else None,
        exclude_units=words(place, where, table, "exclude_units"),
        lines=lines,
        capacity=_capacity(place, where, table["capacity"]) if "capacity" in table else None,
    )
    if found.discount is None and not found.lines and found.capacity is None:
        raise place.error(where, "changes nothing", "Give it a discount, rates, or capacity.")
    return found


def _discount(place: Place, where: str, value: object) -> Decimal:
    discount = amount(place, where, value, "discount")
    if discount > 1 or discount * _SCALE % 1:
        raise place.error(
            where, f"discount = {discount} is not a fraction up to 1", "0.075 is seven and a half per cent."
        )
    return discount


def _capacity(place: Place, where: str, table: Mapping[str, Any]) -> Capacity:
    place.keys(where, table, ("unit", "count", "price_per_unit_hour"))
    return Capacity(
        unit=text(place, where, table, "unit"),
        count=count(place, where, table.get("count"), "count"),
        price_per_unit_hour=amount(place, where, table.get("price_per_unit_hour"), "price_per_unit_hour"),
    )


def apply(rows: pl.DataFrame, contracts: Sequence[Contract], list_rates: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return effective cost (Int128 pico-USD) and whether the row ran on provisioned capacity.

    Args:
        rows: Rows with list costs, as ``rating.costed`` returns them.
        contracts: Applied in order; without any, effective cost is list cost.
        list_rates: The price lines ``rows`` were priced with, by number.
    """
    no_capacity = pl.Series([False]).new_from_index(0, rows.height)
    if not contracts or rows.is_empty():
        return rows["list_cost"], no_capacity
    fees = pl.when(pl.col("list_cost").is_not_null() & ~pl.col("free")).then(pl.col("fee").fill_null(0)).otherwise(0)
    work = rows.with_columns(fees_now=fees.cast(pl.Int128), on_capacity=no_capacity).with_columns(
        tokens_now=pl.col("list_cost") - pl.col("fees_now")
    )
    for contract in contracts:
        work = _applied(work, contract, list_rates)
    return work.select(pl.col("tokens_now") + pl.col("fees_now")).to_series(), work["on_capacity"]


def _applied(work: pl.DataFrame, contract: Contract, list_rates: pl.DataFrame) -> pl.DataFrame:
    work = work.with_columns(covered=_covered(work, contract))
    if not work["covered"].any():
        return work
    if contract.lines:
        work = work.with_columns(tokens_now=_overridden(work, contract, list_rates))
    if contract.discount is not None:
        keep = _SCALE - int(contract.discount * _SCALE)
        spared = pl.col("consumed_unit").is_in(contract.exclude_units).fill_null(value=False)
        covered = pl.col("covered")
        work = work.with_columns(
            tokens_now=pl.when(covered).then(divided(pl.col("tokens_now") * keep, _SCALE)).otherwise("tokens_now"),
            fees_now=pl.when(covered & ~spared).then(divided(pl.col("fees_now") * keep, _SCALE)).otherwise("fees_now"),
        )
    if contract.capacity is not None:
        work = work.with_columns(
            tokens_now=pl.when("covered").then(pl.lit(0, dtype=pl.Int128)).otherwise("tokens_now"),
            on_capacity=pl.col("on_capacity") | pl.col("covered"),
        )
    return work


def _covered(work: pl.DataFrame, contract: Contract) -> pl.Series:
    """Say which rows the contract is about: usage that reached the provider, of its models, in its period."""
    distinct = work.select(_IDENTITY).unique()
    meant = pl.Series("meant", [_is_about(contract, row) for row in distinct.iter_rows(named=True)], dtype=pl.Boolean)
    found = work.select(*_IDENTITY, "at", "usage", "free").join(
        distinct.with_columns(meant), on=_IDENTITY, how="left", nulls_equal=True, maintain_order="left"
    )
    covered = pl.col("meant") & pl.col("usage") & ~pl.col("free")
    if contract.start is not None:
        covered &= pl.col("at") >= contract.start
    if contract.end is not None:
        covered &= pl.col("at") < contract.end
    return found.select(covered).to_series()


def _is_about(contract: Contract, row: Mapping[str, str | None]) -> bool:
    logged = price_provider(row["provider"])
    biller = logged if logged in _MIDDLEMEN_WHO_BILL else row["price_provider"]
    if contract.provider is not None and contract.provider != biller:
        return False
    if contract.deployment is not None:
        asked = {row["model"], (row["model"] or "").rpartition("/")[2], row["requested_model"]}
        return contract.deployment.casefold() in {name.casefold() for name in asked if name}
    named = [name.casefold() for name in (row["model"], row["listed_as"], row["canonical"]) if name]
    return not contract.models or any(fnmatchcase(n, glob.casefold()) for n in named for glob in contract.models)


def _overridden(work: pl.DataFrame, contract: Contract, list_rates: pl.DataFrame) -> pl.Series:
    """Return token costs with the contract's rates where it has a line, else what they were."""
    lines, tiers = _lines(contract)
    slots = work.select(
        pl.when("covered")
        .then(pl.col("service_tier").fill_null("standard"))
        .replace_strict(tiers, default=None, return_dtype=pl.Int64)
    ).to_series()
    steps = Steps({tier: _starts(lines, tier) for tier in tiers})
    version = steps.at(slots, work["at"].dt.epoch("s"))
    line = lines.line(lines.frame["base"].gather(version), work["context"])
    agreed = lines.rates.select(pl.col(RATE_KEYS).gather(line))
    listed = list_rates.select(pl.col(RATE_KEYS).gather(work["line"]))
    rates = agreed.select(pl.col(key).fill_null(listed[key]) for key in RATE_KEYS)
    each = pl.int_range(work.height, eager=True)
    costs = tokens_cost(work, rates, each)
    priced = line.is_not_null() & costs.missing.is_null() & (work["tokens"] != 0)
    total = pl.select(pl.sum_horizontal(*costs.parts)).to_series()
    return total.zip_with(priced, work["tokens_now"])


def _lines(contract: Contract) -> tuple[LineTables, dict[str, int]]:
    grouped: dict[tuple[str, datetime], list[RateLine]] = {}
    for line in contract.lines:
        grouped.setdefault((line.service_tier, line.start), []).append(line)
    found = [Version(start, tier, "", "", None, tuple(lines)) for (tier, start), lines in grouped.items()]
    tiers = {tier: number for number, tier in enumerate(dict.fromkeys(line.service_tier for line in contract.lines))}
    return line_tables(found, {}), tiers


def _starts(lines: LineTables, tier: str) -> list[tuple[datetime | None, int]]:
    return [(v.start, number) for number, v in enumerate(lines.versions) if v.service_tier == tier]
