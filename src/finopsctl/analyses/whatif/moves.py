"""Requests that go to another model or service tier, and why some that were meant to stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif.costs import CACHES, adapted, listing, offered, priced, same_provider, uncached
from finopsctl.analyses.whatif.state import (
    MODEL_COLUMNS,
    SCALE,
    divided_rows,
    holds,
    input_each,
    is_any_of,
    looked_up,
    output_each,
    scaled,
)
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from finopsctl.analyses.whatif.levers import Move, Prices, Scenario, Tier

OUTSIDE = "outside the share"
_ALL = 2**64 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Play:
    """What the levers of one scenario are played with.

    Args:
        scenario: The levers.
        prices: Of the scenario's side.
        basis: ``list`` or ``effective``.
        filters: The filters that ``_when<n>`` columns answer.
    """

    scenario: Scenario
    prices: Prices
    basis: str
    filters: Sequence[tuple[str, ...]]


def check_targets(scenario: Scenario, prices: Prices, providers: Iterable[str | None]) -> None:
    """Raise ConfigError for a model that no price list has, naming the nearest one that is listed.

    Args:
        scenario: Whose moves are looked at.
        prices: Of its side.
        providers: The providers of the traffic.
    """
    names, book = prices.resolver.names, prices.resolver.book
    everywhere = tuple(providers)
    for target in dict.fromkeys(move.target for move in scenario.moves):
        if not any(offered(names, provider, target) for provider in (None, *everywhere)):
            known = [name for provider in book.providers.values() for name in provider.known()]
            makers = sorted(provider for provider, listed in book.providers.items() if target in listed.known())
            close = nearest(target, known)
            hint = close if close.startswith("Did") else "`finopsctl pricing list` shows the models with a price."
            hint = f"Say whose: {makers[0]}/{target}." if makers else hint
            raise ConfigError(f"no price list has the model '{target}'", hint)


def _asked_otherwise(rows: pl.DataFrame, move: Move, play: Play) -> pl.Series:
    """Return whether rows go by a name that a swap leaves and that is not its target already.

    A request that a fallback served goes by two: swapping what it asked for for itself leaves it where it is.
    """
    names = play.prices.resolver.names

    def is_target(provider: str | None, name: str, listed: str | None) -> bool:
        found = offered(names, provider, name)
        return name == move.target or (found is not None and f"{found.price_provider}/{found.name}" == listed)

    keys = ["provider", *MODEL_COLUMNS, "_to"]
    leaving = [
        (*row, any(name and fits(name, move.models) and not is_target(row[0], name, row[-1]) for name in row[1:-1]))
        for row in rows.select(keys).unique().iter_rows()
    ]
    schema = {**dict.fromkeys(keys, pl.String), "_leaves": pl.Boolean}
    known = pl.DataFrame(leaving, schema=schema, orient="row")
    return rows.select(keys).join(known, on=keys, how="left", nulls_equal=True, maintain_order="left")["_leaves"]


def moved(rows: pl.DataFrame, move: Move, number: int, play: Play) -> pl.DataFrame:
    """Return rows with those on another model that a swap or routing rule takes, and the others as they were."""
    is_route = number < len(play.scenario.routes)
    wanted = pl.col("_live") & is_any_of(move.models) & holds(move.where, play.filters)
    if is_route:
        wanted &= ~pl.col("_routed")
    if move.min_input_tokens is not None:
        wanted &= input_each() >= move.min_input_tokens
    if move.max_input_tokens is not None:
        wanted &= input_each() <= move.max_input_tokens
    rows = rows.with_columns(_wanted=wanted)
    if not rows["_wanted"].any():
        return rows.drop("_wanted")
    known = _with_target(rows, move, play).with_columns(
        pl.col("_wanted") & pl.col("_listed").ne_missing(pl.col("_to")).fill_null(value=True)
    )
    if move.models:
        known = known.with_columns(pl.col("_wanted") & _asked_otherwise(known, move, play))
    chosen, others = _chosen(known, move, number)
    fit, stay = _fitting(chosen, move, play)
    gone = _gone(fit, number, play, is_route=is_route)
    taken, refused = _accepted(fit, gone, move, play)
    whole = pl.concat([others, stay, taken, refused])
    return whole.drop(
        "_wanted", "_listed", "_kind", "_context", "_to", "_to_provider", "_to_maker", "_to_kind", "_to_context"
    )


def _with_target(rows: pl.DataFrame, move: Move, play: Play) -> pl.DataFrame:
    """Add what the price list says of each row's model and of the one it would go to."""
    names, book = play.prices.resolver.names, play.prices.resolver.book
    entries: list[tuple[str | int | None, ...]] = []
    for provider in rows["provider"].unique().to_list():
        found = listing(book, offered(names, provider, move.target))
        if found is None:
            entries.append((provider, None, None, None, None, None))
            continue
        stays = same_provider(provider, found.provider)
        entries.append(
            (
                *(provider, f"{found.provider}/{found.name}", provider if stays else found.provider),
                *(found.maker, found.kind, found.context),
            )
        )
    texts = dict.fromkeys(("provider", "_to", "_to_provider", "_to_maker", "_to_kind"), pl.String)
    targets = pl.DataFrame(entries, schema={**texts, "_to_context": pl.Int64}, orient="row")
    now = looked_up(rows, play.prices).select(_listed="listed", _kind="kind", _context="context")
    return rows.hstack(now).join(targets, on="provider", how="left", nulls_equal=True, maintain_order="left")


def _chosen(rows: pl.DataFrame, move: Move, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows a move is meant for by its share; aggregated ones are split in two."""
    wanted, others = rows.filter("_wanted"), rows.filter(~pl.col("_wanted"))
    if move.share >= 1:
        return wanted, others
    outside = pl.lit(OUTSIDE).alias("_stays")
    many = pl.col("_units") != 1
    inside = pl.col("record_id").hash(seed=number + 1) < pl.lit(min(int(move.share * 2**64), _ALL), dtype=pl.UInt64)
    single = wanted.filter(~many)
    first, rest = divided_rows(wanted.filter(many), int(move.share * SCALE))
    taken = pl.concat([single.filter(inside), first.filter(pl.lit(move.share > 0))])
    left = pl.concat([single.filter(~inside), rest]).with_columns(outside)
    return taken, pl.concat([others, left])


def _fitting(rows: pl.DataFrame, move: Move, play: Play) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows that fit the new model from those that do not, with the reason."""
    scenario = play.scenario
    most = scenario.token_factors.get(move.target)
    more = scenario.output_factors.get(move.target)
    tokens = int((most.high if most else 1) * SCALE)
    written = int((most.high if most else 1) * (more.high if more else 1) * SCALE)
    length = pl.when(pl.col("_units") > 0).then(scaled(input_each(), tokens) + scaled(output_each(), written))
    # A record longer than what its own model takes is not one prompt: its length says nothing about the other model.
    is_prompt = (input_each() + output_each() <= pl.col("_context")).fill_null(value=True)
    reason = (
        pl.when(pl.col("_to").is_null())
        .then(pl.lit("no such model there"))
        .when(pl.col("_kind") != pl.col("_to_kind"))
        .then(pl.concat_str("_kind", pl.lit(" is not what a "), "_to_kind", pl.lit(" model does")))
        .when((length > pl.col("_to_context")) & is_prompt)
        .then(pl.lit("context too long"))
    )
    marked = rows.with_columns(_why=reason)
    stay = marked.filter(pl.col("_why").is_not_null()).with_columns(_stays="_why").drop("_why")
    return marked.filter(pl.col("_why").is_null()).drop("_why"), stay


def _gone(rows: pl.DataFrame, number: int, play: Play, *, is_route: bool) -> pl.DataFrame:
    target = pl.lit(play.scenario.moves[number].target)
    elsewhere = pl.col("_to_provider").ne_missing(pl.col("provider"))
    cold = pl.lit(value=False) if play.scenario.keep_cache else pl.col("_maker").ne_missing(pl.col("_to_maker"))
    return rows.with_columns(
        provider="_to_provider",
        model=target,
        requested_model=target,
        canonical_model=pl.col("_to").str.splitn("/", 2).struct.field("field_1"),
        region=pl.when(~elsewhere).then("region"),
        _target=pl.lit(number, dtype=pl.Int32),
        _cold=cold,
        _routed=pl.col("_routed") | is_route,
        _changed=pl.lit(value=True),
        _stays=pl.lit(None, dtype=pl.String),
    )


def _accepted(before: pl.DataFrame, after: pl.DataFrame, move: Move, play: Play) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows that have a price on the new model from those that have none, which stay."""
    if after.is_empty():
        return after, before
    _, costs = adapted(cooled(after), play.prices, play.basis)
    lost = costs["no_fee"] & ~after["_no_fee"]
    fine = costs["cost"].is_not_null() & ~lost
    why = pl.DataFrame([costs["reason"], lost.alias("lost"), after["consumed_unit"]]).select(
        pl.when("lost")
        .then(pl.concat_str(pl.lit("no fee for "), "consumed_unit"))
        .otherwise(pl.concat_str(pl.lit(f"{move.target}: "), "reason"))
    )
    refused = before.with_columns(why.to_series().alias("_stays")).filter(~fine)
    priced_already = (costs["cost"].alias("_known"), costs["lacks"].alias("_lacks"))
    return after.with_columns(priced_already).filter(fine), refused


def cooled(rows: pl.DataFrame) -> pl.DataFrame:
    """Count cached tokens of rows whose prompt cache does not come with them as uncached input."""
    for column in CACHES:
        rows = rows.with_columns(uncached(column, rows["_cold"]))
    return rows


def retiered(rows: pl.DataFrame, tier: Tier, play: Play) -> pl.DataFrame:
    """Return rows with those in another service tier that a lever takes and the price list has a price for."""
    now = pl.col("service_tier").fill_null("standard")
    wanted = pl.col("_live") & ~pl.col("_hosted") & holds(tier.where, play.filters) & (now != tier.name)
    marked = rows.with_columns(_wanted=wanted)
    if not marked["_wanted"].any():
        return rows
    before, others = marked.filter("_wanted"), marked.filter(~pl.col("_wanted"))
    after = before.with_columns(service_tier=pl.lit(tier.name))
    costs = priced(after, play.prices, play.basis)
    fine = costs["cost"].is_not_null()
    why = pl.concat_str(pl.lit(f"no {tier.name} price for "), pl.col("model").fill_null("a record without a model"))
    taken = (
        after.with_columns(costs["cost"].alias("_known"))
        .filter(fine)
        .with_columns(_changed=pl.lit(value=True), _retiered=pl.lit(value=True), _stays=pl.lit(None, dtype=pl.String))
    )
    return pl.concat([others, taken, before.filter(~fine).with_columns(_stays=why)]).drop("_wanted")
