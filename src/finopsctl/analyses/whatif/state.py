"""The rows of one batch on their way through a scenario, and what each lever may touch.

Columns of ours begin with an underscore: ``_units`` (requests), ``_base`` (what the row costs now, Int128 pico-USD),
``_no_fee``, ``_live`` (it reached a provider and has a price), ``_target`` (number of the move that took it),
``_routed``, ``_stays`` (why a lever meant for it left it), ``_cold``, ``_changed``, ``_retiered``, ``_hosted``,
``_known`` (the scenario's price of the row as it stands, where a lever has asked for it already; null: ask), ``_lacks``
(classes of cached tokens, as bits, that its new model has no rate for), and what was logged: ``_maker``,
``_logged_model`` ... ``_when<n>`` are the answers of the scenarios' filters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl

from finopsctl.analyses.whatif.costs import listing, offered, priced
from finopsctl.ledger.conditions import matches
from finopsctl.ledger.schema import MONEY
from finopsctl.ledger.token_classes import INPUT_COLUMNS, OUTPUT_COLUMNS, TOKEN_COLUMNS
from finopsctl.metrics.where import condition
from finopsctl.pricing.tokens import divided

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from finopsctl.analyses.whatif.levers import Prices, Scenario

SCALE = 10**9
"""What shares and factors are multiplied by to be integers."""

NEEDED = (
    *("charge_period_start", "record_kind", "record_id", "provider", "model", "requested_model", "canonical_model"),
    *("region", "service_tier", "context_band", "consumed_quantity", "consumed_unit", "requests", "errors"),
    *("cache_hits", "retries", "cost", *TOKEN_COLUMNS),
)
"""The ledger columns a scenario reads, beside those of dimensions and filters."""

_DIVISIBLE = (*TOKEN_COLUMNS, "requests", "errors", "cache_hits", "retries")
MODEL_COLUMNS = ("model", "requested_model", "canonical_model")


class Limited(Protocol):
    """A lever that may be limited by filters."""

    @property
    def where(self) -> tuple[str, ...]:
        """Its filters."""
        ...


def filters_of(scenarios: Iterable[Scenario]) -> tuple[tuple[str, ...], ...]:
    """Return every set of filters that a lever is limited by, each once."""
    found: dict[tuple[str, ...], None] = {}
    for each in scenarios:
        levers: list[Limited] = [*each.moves, *each.tiers, *each.trims, *each.caps]
        levers += [*each.prefixes, *each.hits, *each.retries]
        found |= {lever.where: None for lever in levers if lever.where}
        if each.self_host is not None and each.self_host.where:
            found[each.self_host.where] = None
    return tuple(found)


def filter_columns(filters: Sequence[tuple[str, ...]], timezone: str, first_month: int) -> dict[str, pl.Expr]:
    """Return the answers of filters as columns, by name."""
    tests = (condition(where, timezone, first_month) for where in filters)
    return {f"_when{at}": test for at, test in enumerate(tests) if test is not None}


def holds(where: tuple[str, ...], filters: Sequence[tuple[str, ...]]) -> pl.Expr:
    """Return whether a row passes a lever's filters."""
    return pl.col(f"_when{filters.index(where)}") if where else pl.lit(value=True)


def is_usage() -> pl.Expr:
    """Return whether a row is traffic, which a scenario prices again, and not a charge, a fee or a credit."""
    return pl.col("record_kind").is_in(["request", "usage"])


def opened(batch: pl.DataFrame, prices: Prices, fallback: Prices | None, basis: str) -> pl.DataFrame:
    """Return a batch with what it costs now.

    Args:
        batch: The columns of ``NEEDED``, filters, dimensions.
        prices: Of the baseline.
        fallback: Prices for rows that have none at their own time; None: they stay unpriced.
        basis: ``list`` or ``effective``.
    """
    costs = priced(batch, prices, basis)
    usage = batch.select(is_usage()).to_series()
    later = pl.Series("_later", [False]).new_from_index(0, batch.height)
    if fallback is not None:
        later = (costs["cost"].is_null() & usage).alias("_later")
        if later.any():
            again = priced(batch.filter(later), fallback, basis)
            at = later.arg_true()
            costs = costs.with_columns(costs[name].scatter(at, again[name]) for name in ("cost", "reason", "no_fee"))
    single = (pl.col("record_kind") == "request").cast(pl.Int64)
    rows = batch.with_columns(
        costs["cost"].alias("_base"),
        costs["no_fee"].alias("_no_fee"),
        (costs["cost"].is_not_null() & usage & ~costs["free"]).alias("_live"),
        (later & costs["cost"].is_not_null()).alias("_later"),
        usage.alias("_usage"),
        *(pl.col(name).alias(f"_logged_{name}") for name in MODEL_COLUMNS),
        _units=pl.col("requests").fill_null(single),
        _target=pl.lit(None, dtype=pl.Int32),
        _stays=pl.lit(None, dtype=pl.String),
        _known=pl.lit(None, dtype=pl.Int128),
        _lacks=pl.lit(0, dtype=pl.Int8),
        **{name: pl.lit(value=False) for name in ("_routed", "_cold", "_changed", "_retiered", "_hosted")},
    )
    return rows.with_columns(_maker=looked_up(rows, prices)["maker"])


def looked_up(rows: pl.DataFrame, prices: Prices) -> pl.DataFrame:
    """Return what the price list says of each row's model: listed (provider/name), maker, kind, context."""
    names, book = prices.resolver.names, prices.resolver.book
    entries = []
    for provider, model in rows.select("provider", "model").unique().iter_rows():
        found = listing(book, offered(names, provider, model) if model else None)
        name = f"{found.provider}/{found.name}" if found else None
        entries.append((provider, model, name, *((found.maker, found.kind, found.context) if found else (None,) * 3)))
    schema = {**dict.fromkeys(("provider", "model", "listed", "maker", "kind"), pl.String), "context": pl.Int64}
    known = pl.DataFrame(entries, schema=schema, orient="row")
    return (
        rows.select("provider", "model")
        .join(known, on=["provider", "model"], how="left", nulls_equal=True, maintain_order="left")
        .select("listed", "maker", "kind", "context")
    )


def is_any_of(models: Sequence[str], columns: Sequence[str] = MODEL_COLUMNS) -> pl.Expr:
    """Return whether a row's model goes by one of these names or globs; none given: always."""
    if not models:
        return pl.lit(value=True)
    return pl.any_horizontal(matches(pl.col(name), models) for name in columns)


def rate_of(rates: Mapping[str, int], columns: Sequence[str]) -> pl.Expr:
    """Return the figure of the first name or glob that a row's model goes by; null where none is given."""
    found = pl.lit(None, dtype=pl.Int64)
    for name in reversed(tuple(rates)):
        found = pl.when(is_any_of((name,), columns)).then(pl.lit(rates[name], dtype=pl.Int64)).otherwise(found)
    return found


def divided_rows(rows: pl.DataFrame, share: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split aggregated rows in two that add up to them exactly: ``share`` / SCALE of all they count, and the rest."""
    counts = [name for name in _DIVISIBLE if name in rows.columns]
    wide = pl.Int128()

    def part(name: str) -> pl.Expr:
        return pl.col(name).cast(wide) * share // SCALE

    first = rows.with_columns(
        *(part(name).cast(pl.Int64) for name in (*counts, "_units")),
        _base=part("_base"),
        _known=pl.lit(None, dtype=pl.Int128),
        cost=pl.col("cost").to_physical().cast(wide) * share // SCALE,
        consumed_quantity=pl.col("consumed_quantity") * (share / SCALE),
    )
    rest = rows.with_columns(
        *(pl.col(name) - first[name] for name in (*counts, "_units", "_base", "consumed_quantity")),
        _known=pl.lit(None, dtype=pl.Int128),
        cost=pl.col("cost").to_physical().cast(wide) - first["cost"],
    )
    first, rest = (part.with_columns(part["cost"].reinterpret(dtype=MONEY)) for part in (first, rest))
    return first, rest


def scaled(column: str | pl.Expr, factor: pl.Expr | int) -> pl.Expr:
    """Return tokens times a factor (by SCALE), rounded to whole tokens, half to even."""
    tokens = pl.col(column) if isinstance(column, str) else column
    by = pl.lit(factor, dtype=pl.Int128) if isinstance(factor, int) else factor.cast(pl.Int128)
    return divided(tokens.cast(pl.Int128) * by, SCALE).cast(pl.Int64)


def total_of(columns: Iterable[str]) -> pl.Expr:
    """Return the sum of token columns, null counting as none."""
    return pl.sum_horizontal(pl.col(name).fill_null(0) for name in columns)


def input_each() -> pl.Expr:
    """Return a row's input tokens a request, on average; null where its requests are not counted."""
    return pl.when(pl.col("_units") > 0).then(total_of(INPUT_COLUMNS) // pl.col("_units").clip(1))


def output_each() -> pl.Expr:
    """Return a row's output tokens a request, on average; null as for the input."""
    return pl.when(pl.col("_units") > 0).then(total_of(OUTPUT_COLUMNS) // pl.col("_units").clip(1))
