"""From ledger rows to price lines and list costs: the steps behind ``pricing.rating``, in integer pico-USD."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT
from finopsctl.ledger.token_classes import INPUT_COLUMNS, TOKEN_COLUMNS
from finopsctl.pricing import problems as notes
from finopsctl.pricing.lookup import MAX_CONTEXT, in_window
from finopsctl.pricing.models import PLACE_KEYS
from finopsctl.pricing.resolution import UNKNOWN_SNAPSHOT
from finopsctl.pricing.tokens import PARTS, fee_cost, tokens_cost

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from finopsctl.pricing.book import Window
    from finopsctl.pricing.models import Resolver

SERVICE_TIERS = {
    "": "standard",
    "default": "standard",
    "on_demand": "standard",
    "not_available": "standard",
    "priority_on_demand": "priority",
    "flex_discount": "flex",
}
"""Providers' words for service tiers; ``auto`` says nothing, any other word is itself."""

NO_USAGE = "no usage"
NO_DATE = "no price at that date"
NO_BAND = "no price for that many tokens or that hour"
_PLAIN_UNITS = frozenset(["token", "tokens", "request", "requests", "1k tokens", "1m tokens"])
_NEEDED = (
    *("charge_period_start", "record_kind", *PLACE_KEYS, *TOKEN_COLUMNS, "consumed_quantity", "consumed_unit"),
    *("requests", "errors", "cache_hits", "context_band", "requested_model"),
)


def service_tier(column: pl.Expr) -> pl.Expr:
    """Normalise a provider's service tier; null and ``auto`` are null."""
    word = column.str.to_lowercase()
    return pl.when(word != "auto").then(word.replace(SERVICE_TIERS))


def costed(frame: pl.DataFrame, resolver: Resolver, *, price_at: datetime | None = None) -> pl.DataFrame:
    """Return one row per row of ``frame`` with its place in the price book and its list cost in Int128 pico-USD.

    Columns beside those rating reads: canonical, tier, service_tier (normalised), key, version, line, context, tokens,
    band_unknown, reason (why list_cost is null), list_cost and its parts.
    """
    rows = _placed(frame, resolver, price_at)
    rows = _lined(rows, resolver)
    costs = tokens_cost(rows, resolver.lines.rates, rows["line"])
    fee = fee_cost(rows, resolver)
    rows = rows.hstack([*costs.parts, costs.missing, fee])
    return _settled(rows)


def _placed(frame: pl.DataFrame, resolver: Resolver, price_at: datetime | None) -> pl.DataFrame:
    """Find the version in force: names, region and tier to a slot, the slot and the instant to a version."""
    rows = frame.select(_NEEDED).with_columns(
        service_tier=service_tier(pl.col("service_tier")),
        at=pl.col("charge_period_start") if price_at is None else pl.lit(price_at, dtype=INSTANT),
        context=_total(INPUT_COLUMNS),
        tokens=_total(TOKEN_COLUMNS),
    )
    places = resolver.places(rows.select(PLACE_KEYS).unique())
    rows = rows.join(places, on=PLACE_KEYS, how="left", nulls_equal=True, maintain_order="left")
    seconds = rows["at"].dt.epoch("s")
    meaning = resolver.identity_frame.select(pl.all().gather(resolver.meanings.at(rows["key"], seconds)))
    moving = pl.col("moving")
    return rows.with_columns(
        version=resolver.prices.at(rows["slot"], seconds),
        canonical=pl.when(moving).then(meaning["canonical"]).otherwise("canonical"),
        tier=pl.when(moving).then(meaning["tier"]).otherwise("tier"),
    )


def _lined(rows: pl.DataFrame, resolver: Resolver) -> pl.DataFrame:
    """Find the price line: the version's clock window, then its context band."""
    lines = resolver.lines
    rows = rows.hstack(lines.frame.select(pl.all().gather(rows["version"])))
    group = pl.col("base")
    for name, window in lines.windows.items():
        if rows[name].null_count() < rows.height:
            group = (
                pl.when(_inside(window, rows["charge_period_start"], rows[name].is_not_null()))
                .then(name)
                .otherwise(group)
            )
    requests = pl.col("requests")
    bucket = ((pl.col("record_kind") == "usage") & (requests != 1).fill_null(value=True)) | (requests > 1).fill_null(
        value=False
    )
    floor = _band_floor(rows["context_band"])
    reaches = pl.col("context") >= pl.col("first_band")
    rows = rows.with_columns(
        group=group,
        context=pl.when(bucket).then(floor.fill_null(0)).otherwise("context"),
        band_unknown=(bucket & floor.is_null() & reaches).fill_null(value=False),
    )
    return rows.with_columns(line=lines.line(rows["group"], rows["context"]))


def _inside(window: Window, at: pl.Series, relevant: pl.Series) -> pl.Series:
    """Say which instants lie in the window; asks the local clock only of the relevant rows, False elsewhere."""
    some = at.filter(relevant).to_frame("at").select(in_window(window, pl.col("at"))).to_series()
    return pl.Series([False]).new_from_index(0, len(at)).scatter(relevant.arg_true(), some)


def _settled(rows: pl.DataFrame) -> pl.DataFrame:
    """Decide which rows have a cost, and why the others have none."""
    hit = (pl.col("record_kind") == "request") & (pl.col("cache_hits") >= 1)
    failed = (pl.col("errors") >= pl.col("requests")) & (pl.col("requests") >= 1) & (pl.col("tokens") == 0)
    free = (hit | failed).fill_null(value=False)
    usage = pl.col("record_kind").is_in(["request", "usage"])
    counted = pl.any_horizontal(pl.col(TOKEN_COLUMNS).is_not_null())
    has_fee = pl.col("fee").is_not_null()
    only_fee = has_fee & (pl.col("tokens") == 0)
    priced = only_fee | (counted & pl.col("line").is_not_null() & pl.col("missing").is_null())
    reason = pl.when(usage & ~free & ~priced).then(_reason(counted))
    total = pl.sum_horizontal(pl.col(name) for name in PARTS)

    def settle(cost: pl.Expr) -> pl.Expr:
        zero = pl.lit(0, dtype=pl.Int128)
        return pl.when(~usage).then(None).when(free).then(zero).when(priced).then(cost)

    rows = rows.with_columns(pl.col("list_other_cost") + pl.col("fee").fill_null(0))
    return rows.with_columns(
        list_cost=settle(total),
        **{name: settle(pl.col(name)) for name in PARTS},
        reason=reason,
        free=free,
        usage=usage,
        assumed=pl.when(usage & ~free & priced).then(_assumption(has_fee)),
    )


def _reason(counted: pl.Expr) -> pl.Expr:
    unit = pl.col("consumed_unit")
    metered = pl.col("consumed_quantity").is_not_null() & unit.is_not_null()
    return (
        pl.when(~counted & metered)
        .then(pl.format(f"{notes.FEE_MISSING} {{}}", unit))
        .when(~counted)
        .then(pl.lit(NO_USAGE))
        .when(pl.col("why").is_not_null())
        .then("why")
        .when(pl.col("version").is_null() & pl.col("flagged"))
        .then(pl.lit(UNKNOWN_SNAPSHOT))
        .when(pl.col("version").is_null())
        .then(pl.lit(NO_DATE))
        .when(pl.col("line").is_null())
        .then(pl.when(pl.col("group").is_null()).then(pl.lit(NO_DATE)).otherwise(pl.lit(NO_BAND)))
        .otherwise(pl.format("no rate for {}", "missing"))
    )


def _assumption(has_fee: pl.Expr) -> pl.Expr:
    unit = pl.col("consumed_unit")
    unbilled = (pl.col("consumed_quantity") > 0) & ~has_fee & ~unit.str.to_lowercase().is_in(_PLAIN_UNITS)
    return (
        pl.when(unbilled)
        .then(pl.format(f"{notes.FEE_MISSING} {{}}, tokens priced", unit))
        .when(pl.col("flagged"))
        .then(pl.lit(notes.UNKNOWN_SNAPSHOT_PRICED))
    )


def _total(columns: Sequence[str]) -> pl.Expr:
    return pl.sum_horizontal(pl.col(name).fill_null(0) for name in columns)


def _band_floor(bands: pl.Series) -> pl.Expr:
    """Return how many input tokens each row's context band stands for at least, null where it says none."""
    distinct = bands.drop_nulls().unique().to_list()
    floors = {band: band_floor(band) for band in distinct}
    return pl.col("context_band").replace_strict(floors, default=None, return_dtype=pl.Int64)


def band_floor(band: str) -> int | None:
    """Return the least context a band's name stands for: ``0-200k`` 0, ``200k-1M`` 200001, ``>= 200k`` 200000.

    Bands are half-open at the bottom, as providers write "over 200k". A name without figures: ``long`` is the highest
    band, ``short`` or ``standard`` the lowest, anything else None.
    """
    word = band.strip().casefold().replace(" ", "").replace(",", "")
    match = re.fullmatch(r"(<=|≤|<|>=|≥|>)?(\d+)(k|m)?(-\d+(?:k|m)?|\+)?", word)
    if match is None:
        words = {
            "long": MAX_CONTEXT,
            "long-context": MAX_CONTEXT,
            "long_context": MAX_CONTEXT,
            "short": 0,
            "standard": 0,
        }
        return words.get(word)
    sign, figure, unit, _ = match.groups()
    tokens = int(figure) * {"k": 1_000, "m": 1_000_000}.get(unit or "", 1)
    if sign in {"<", "<=", "≤"} or tokens == 0:
        return 0
    return tokens if sign in {">=", "≥"} else tokens + 1
