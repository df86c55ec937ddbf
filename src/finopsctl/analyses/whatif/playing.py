"""One batch of the ledger played through one scenario: from what rows cost now to what they would cost."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif.costs import priced
from finopsctl.analyses.whatif.lengths import capped, prefixed, settled, trimmed, without_cache
from finopsctl.analyses.whatif.moves import moved, retiered
from finopsctl.analyses.whatif.response_cache import answered, unanswered
from finopsctl.analyses.whatif.state import MODEL_COLUMNS, SCALE, holds, is_any_of, rate_of, total_of
from finopsctl.ledger.conditions import fits
from finopsctl.ledger.schema import MONEY
from finopsctl.ledger.token_classes import OUTPUT_COLUMNS
from finopsctl.pricing.currency import converted
from finopsctl.pricing.tokens import divided, divided_by

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from finopsctl.analyses.whatif.levers import Span
    from finopsctl.analyses.whatif.moves import Play
    from finopsctl.pricing.currency import ExchangeRate

SIDES: Mapping[str, Callable[[Span], Decimal]] = {
    "scenario": attrgetter("middle"),
    "cheapest": attrgetter("low"),
    "dearest": attrgetter("high"),
}
"""The columns of a scenario's cost and the end of ranged factors each takes."""

_WIDE = pl.Int128()
_ZERO = pl.lit(0, dtype=_WIDE)


def played(rows: pl.DataFrame, play: Play, observed: Decimal | None, *, with_retries: bool) -> pl.DataFrame:
    """Return opened rows with ``baseline``, ``scenario`` and, where factors are ranges, ``cheapest`` and ``dearest``.

    All are Int128 pico-USD, null where that side has no price.

    Args:
        rows: Of :func:`finopsctl.analyses.whatif.state.opened`.
        play: What the scenario is played with.
        observed: The read share of prompt caches where a lever leaves it to the ledger.
        with_retries: Whether both sides count what retried attempts cost.
    """
    scenario = play.scenario
    for hits in (hits for hits in scenario.hits if hits.off):
        rows = unanswered(rows, hits, play)
    for trim in scenario.trims:
        rows = trimmed(rows, trim, play)
    for number, move in enumerate(scenario.moves):
        rows = moved(rows, move, number, play)
    rows = _hosted(rows, play)
    if not scenario.ranged:
        rows = _priced_side(rows, play, SIDES["scenario"], observed).rename({"_scenario": "scenario"})
        return _after_prices(rows, ["scenario"], play, with_retries=with_retries)
    rows = rows.with_row_index("_at")
    sides = {name: _priced_side(rows, play, side, observed).sort("_at") for name, side in SIDES.items()}
    costs = (side["_scenario"].alias(name) for name, side in sides.items())
    rows = sides["scenario"].with_columns(costs).drop("_scenario", "_at")
    return _after_prices(rows, list(SIDES), play, with_retries=with_retries)


def _hosted(rows: pl.DataFrame, play: Play) -> pl.DataFrame:
    host = play.scenario.self_host
    if host is None:
        return rows
    writes = total_of(OUTPUT_COLUMNS) > 0
    wanted = pl.col("_live") & writes & is_any_of(host.models) & holds(host.where, play.filters)
    return rows.with_columns(_hosted=wanted, _changed=pl.col("_changed") | wanted)


def _priced_side(
    rows: pl.DataFrame, play: Play, side: Callable[[Span], Decimal], observed: Decimal | None
) -> pl.DataFrame:
    """Finish tokens and service tiers and price what has changed; all that is live where the prices have."""
    scenario = play.scenario
    rows = settled(rows, play, side)
    for cap in scenario.caps:
        rows = capped(rows, cap, play)
    for prefix in scenario.prefixes:
        rows = without_cache(rows, prefix, play) if prefix.off else prefixed(rows, prefix, play, observed)
    for tier in scenario.tiers:
        rows = retiered(rows, tier, play)
    again = pl.col("_live") & ~pl.col("_hosted")
    if scenario.prices is None:
        again &= pl.col("_changed")
    rows = rows.with_columns(_again=again)
    ask = pl.col("_again") & pl.col("_known").is_null()
    asked, told = rows.filter(ask), rows.filter(~ask)
    costs = priced(asked, play.prices, play.basis)["cost"].alias("_scenario")
    others = pl.when("_again").then("_known").when("_hosted").then(_ZERO).otherwise("_base").alias("_scenario")
    return pl.concat([asked.with_columns(costs), told.with_columns(others)]).drop("_again")


def _after_prices(rows: pl.DataFrame, names: Sequence[str], play: Play, *, with_retries: bool) -> pl.DataFrame:
    """Success rates, retries and the gateway's own cache: what acts on costs and not on tokens."""
    scenario = play.scenario
    if scenario.success_rates:
        rows = _per_success(rows, names, play)
    rows = rows.with_columns(baseline="_base")
    if with_retries:
        rows = _retried(rows, names, play)
    if "_lookups" in rows.columns:
        rows = rows.with_columns(baseline=pl.col("baseline") + pl.col("_lookups"))
    for hits in (hits for hits in scenario.hits if not hits.off):
        rows = answered(rows, hits, names, play)
    return rows


def _per_success(rows: pl.DataFrame, names: Sequence[str], play: Play) -> pl.DataFrame:
    """Scale moved requests to as many successes as the logged model had: a task that fails is tried again."""
    rates = {name: int(rate * SCALE) for name, rate in play.scenario.success_rates.items()}
    targets = {at: success_of(move.target, rates) for at, move in enumerate(play.scenario.moves)}
    before = rate_of(rates, [f"_logged_{name}" for name in MODEL_COLUMNS])
    after = pl.col("_target").replace_strict(
        {at: rate for at, rate in targets.items() if rate is not None}, default=None, return_dtype=pl.Int64
    )
    rows = rows.with_columns(_rate_before=before, _rate_after=after)
    both = pl.col("_rate_before").is_not_null() & pl.col("_rate_after").is_not_null()
    old, new = pl.col("_rate_before").cast(_WIDE), pl.col("_rate_after").cast(_WIDE)
    return rows.with_columns(
        *(pl.when(both).then(divided_by(pl.col(name) * old, new)).otherwise(name).alias(name) for name in names),
        _unscaled="scenario",
    )


def success_of(model: str, rates: Mapping[str, int]) -> int | None:
    """Return the success rate given for a model: by its name, else by the first glob it fits."""
    if model in rates:
        return rates[model]
    return next((rate for name, rate in rates.items() if fits(model, (name,))), None)


def _retried(rows: pl.DataFrame, names: Sequence[str], play: Play) -> pl.DataFrame:
    """Add to both sides what attempts beyond the first cost: each as much as the request that is on record."""
    times = pl.when("_live").then(pl.col("retries")).fill_null(0).cast(_WIDE)
    units = pl.col("_units").clip(1).cast(_WIDE)
    kept = pl.lit(SCALE, dtype=_WIDE)
    fewer = pl.lit(value=False)
    for lever in play.scenario.retries:
        wanted = holds(lever.where, play.filters)
        kept = pl.when(wanted).then(pl.lit(int(lever.kept * SCALE), dtype=_WIDE)).otherwise(kept)
        fewer |= wanted
    return rows.with_columns(
        *((pl.col(name) + divided(pl.col(name) * times // units * kept, SCALE)).alias(name) for name in names),
        baseline=pl.col("_base") + pl.col("_base") * times // units,
        _changed=pl.col("_changed") | (fewer & (times > 0)),
    )


def in_currency(rows: pl.DataFrame, names: Sequence[str], currency: str, rates: Sequence[ExchangeRate]) -> pl.DataFrame:
    """Return rows with pico-USD columns in another currency, at each row's day; null where no rate says."""
    if currency == "USD":
        return rows
    unit = pl.Series(["USD"]).new_from_index(0, rows.height)
    at = rows["charge_period_start"]
    return rows.with_columns(
        converted(rows[name].reinterpret(dtype=MONEY), unit, at, rates, currency).to_physical().alias(name)
        for name in names
    )
