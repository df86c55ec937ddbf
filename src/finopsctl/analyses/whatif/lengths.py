"""Levers on tokens: trimming, factors between tokenizers, output caps, prompt caching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif.costs import CACHES, adapted, uncached, without_lacking
from finopsctl.analyses.whatif.moves import cooled
from finopsctl.analyses.whatif.state import SCALE, holds, scaled, total_of
from finopsctl.ledger.token_classes import OUTPUT_COLUMNS, TOKEN_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from finopsctl.analyses.whatif.levers import Cap, Prefix, Span, Trim
    from finopsctl.analyses.whatif.moves import Play

_TEXT = ("input_tokens", *CACHES)
_WRITTEN = ("output_tokens", "reasoning_tokens")
UNCOUNTED = "the record does not say how many requests it stands for"
_LEAST_PREFIX = 1024
"""Fewer input tokens than this no provider caches."""


def trimmed(rows: pl.DataFrame, trim: Trim, play: Play) -> pl.DataFrame:
    """Return rows with shorter text input, every class of it cut alike."""
    wanted = pl.col("_live") & holds(trim.where, play.filters)
    if trim.tokens is None:
        keep = SCALE - int(trim.share * SCALE)
        wanted &= total_of(_TEXT) > 0
        shorter = {name: scaled(name, keep) for name in _TEXT}
    else:
        most = trim.tokens * pl.col("_units")
        rows = _uncounted(rows, wanted & (total_of(_TEXT) > 0))
        wanted &= (pl.col("_units") > 0) & (total_of(_TEXT) > most)
        shorter = _cut(_TEXT, most)
    return _where(rows, wanted, shorter)


def capped(rows: pl.DataFrame, cap: Cap, play: Play) -> pl.DataFrame:
    """Return rows with at most so many output tokens a request, visible ones and reasoning cut alike."""
    most = cap.tokens * pl.col("_units")
    meant = pl.col("_live") & holds(cap.where, play.filters)
    rows = _uncounted(rows, meant & (total_of(_WRITTEN) > 0))
    wanted = meant & (pl.col("_units") > 0) & (total_of(_WRITTEN) > most)
    return _where(rows, wanted, _cut(_WRITTEN, most))


def _uncounted(rows: pl.DataFrame, meant: pl.Expr) -> pl.DataFrame:
    """Say of records without a count of requests that a limit on each request leaves them as they are."""
    uncounted = meant & (pl.col("_units") <= 0) & pl.col("_stays").is_null()
    return rows.with_columns(_stays=pl.when(uncounted).then(pl.lit(UNCOUNTED)).otherwise("_stays"))


def _cut(columns: tuple[str, ...], most: pl.Expr) -> dict[str, pl.Expr]:
    """Return columns cut to a sum, in proportion, rounded down; what rounding leaves goes to the first."""
    first, *others = columns
    whole = total_of(columns).cast(pl.Int128).clip(1)
    cut = {name: (pl.col(name).cast(pl.Int128) * most // whole).cast(pl.Int64) for name in others}
    return {first: most - pl.sum_horizontal(part.fill_null(0) for part in cut.values()), **cut}


def _where(rows: pl.DataFrame, wanted: pl.Expr, values: Mapping[str, pl.Expr]) -> pl.DataFrame:
    return rows.with_columns(
        *(pl.when(wanted).then(value).otherwise(name).alias(name) for name, value in values.items()),
        _changed=pl.col("_changed") | wanted,
        _known=unknown(wanted),
    )


def unknown(where: pl.Expr) -> pl.Expr:
    """Return what the prices say of rows, forgotten of those that are no longer what they were."""
    return pl.when(~where).then("_known")


def settled(rows: pl.DataFrame, play: Play, side: Callable[[Span], Decimal]) -> pl.DataFrame:
    """Return rows with the tokens that the models they moved to count and write.

    Args:
        rows: After all moves.
        play: What the scenario is played with.
        side: The end of a factor's range to take.
    """
    scenario = play.scenario
    gone = rows.filter(pl.col("_target").is_not_null())
    if gone.is_empty():
        return rows
    gone = without_lacking(cooled(gone))
    targets = [move.target for move in scenario.moves]

    def factor(spans: Mapping[str, Span]) -> pl.Expr:
        figures = {at: int(side(spans[name]) * SCALE) for at, name in enumerate(targets) if name in spans}
        return pl.col("_target").replace_strict(figures, default=SCALE, return_dtype=pl.Int64)

    if scenario.token_factors:
        gone = gone.with_columns(scaled(name, factor(scenario.token_factors)) for name in TOKEN_COLUMNS)
    if scenario.output_factors:
        gone = gone.with_columns(scaled(name, factor(scenario.output_factors)) for name in OUTPUT_COLUMNS)
    if scenario.token_factors or scenario.output_factors:
        gone = gone.with_columns(_known=pl.lit(None, dtype=pl.Int128))
    return pl.concat([rows.filter(pl.col("_target").is_null()), gone])


def without_cache(rows: pl.DataFrame, prefix: Prefix, play: Play) -> pl.DataFrame:
    """Return rows whose prompt cache is given up: what they read from it and wrote to it is plain input."""
    wanted = pl.col("_live") & holds(prefix.where, play.filters) & (total_of(CACHES) > 0)
    marked = rows.with_columns(_changed=pl.col("_changed") | wanted, _known=unknown(wanted), _wanted=wanted)
    for column in CACHES:
        marked = marked.with_columns(uncached(column, marked["_wanted"]))
    return marked.drop("_wanted")


def prefixed(rows: pl.DataFrame, prefix: Prefix, play: Play, observed: Decimal | None) -> pl.DataFrame:
    """Return rows with part of their uncached input read from, and part written to, a provider's prompt cache.

    Requests with cache reads, with less input than providers cache, or on a model without a price for reads stay.

    Args:
        rows: After caps.
        prefix: The lever.
        play: What the scenario is played with.
        observed: The read share to take where the lever names none.
    """
    share = prefix.read if prefix.read is not None else observed
    assert share is not None
    read = int(share * SCALE)
    write = SCALE - read if prefix.write is None else int(prefix.write * SCALE)
    none_yet = total_of(CACHES) == 0
    long_enough = pl.col("input_tokens").fill_null(0) >= _LEAST_PREFIX * pl.col("_units").clip(1)
    wanted = pl.col("_live") & holds(prefix.where, play.filters) & none_yet & long_enough
    marked = rows.with_columns(_wanted=wanted)
    before, others = marked.filter("_wanted"), marked.filter(~pl.col("_wanted"))
    if before.is_empty():
        return rows
    tokens = pl.col("input_tokens").cast(pl.Int128)
    reads, writes = ((tokens * part // SCALE).cast(pl.Int64) for part in (read, write))
    after = before.with_columns(
        cache_read_tokens=reads, cache_write_tokens=writes, input_tokens=pl.col("input_tokens") - reads - writes
    )
    after, costs = adapted(after, play.prices, play.basis)
    lacking = (costs["lacks"] & 1) > 0  # reads
    after = after.with_columns(costs["cost"].alias("_known"))
    why = pl.concat_str(pl.lit("no prompt-cache price for "), pl.col("model").fill_null("a record without a model"))
    taken = after.filter(~lacking).with_columns(_changed=pl.lit(value=True))
    return pl.concat([others, taken, before.filter(lacking).with_columns(_stays=why)]).drop("_wanted")
