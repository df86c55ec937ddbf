"""The gateway's response cache: given up, what it answered goes to the provider; or it answers a share of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif.costs import priced
from finopsctl.analyses.whatif.state import SCALE, holds
from finopsctl.pricing.tokens import divided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.analyses.whatif.levers import Hits
    from finopsctl.analyses.whatif.moves import Play

PICO = 10**12
"""Pico-USD in a dollar."""


def unanswered(rows: pl.DataFrame, hits: Hits, play: Play) -> pl.DataFrame:
    """Return rows with requests that the cache answered as if it had not, and ``_lookups``: what today's cost.

    A look-up is counted as ``cache savings`` counts it: of records of one request, on hits, or on all of which it is
    known whether they were one. A request without a price stays answered.

    Args:
        rows: Of :func:`finopsctl.analyses.whatif.state.opened`.
        hits: The lever.
        play: What the scenario is played with.
    """
    count = pl.col("cache_hits")
    meant = holds(hits.where, play.filters) & (pl.col("record_kind") == "request")
    number = pl.col("requests").fill_null(1) if hits.on_all else count
    asked = meant & (count.is_not_null() if hits.on_all else count > 0)
    paid = pl.when(asked).then(number).fill_null(0).cast(pl.Int128) * int(hits.lookup * PICO)
    before = pl.col("_lookups") if "_lookups" in rows.columns else pl.lit(0, dtype=pl.Int128)
    marked = rows.with_columns(
        _lookups=pl.when(asked).then(paid).otherwise(before), _wanted=(meant & (count > 0)).fill_null(value=False)
    )
    was, others = marked.filter("_wanted"), marked.filter(~pl.col("_wanted"))
    if was.is_empty():
        return marked.drop("_wanted")
    again = was.with_columns(cache_hits=pl.lit(0, dtype=pl.Int64))
    costs = priced(again, play.prices, play.basis)
    pays = costs["cost"].is_not_null() & ~costs["free"]
    why = pl.Series("_stays", ["no price without the cache"]).new_from_index(0, was.height)
    yes = pl.lit(value=True)
    taken = again.with_columns(costs["cost"].alias("_known"), _live=yes, _changed=yes).filter(pays)
    stays = was.with_columns(why.zip_with(costs["cost"].is_null(), was["_stays"])).filter(~pays)
    return pl.concat([others, taken, stays]).drop("_wanted")


def answered(rows: pl.DataFrame, hits: Hits, names: Sequence[str], play: Play) -> pl.DataFrame:
    """Return rows of which the cache answers a share: ``(1 - rate) x cost`` and look-ups, in some columns of costs.

    Args:
        rows: With what they cost.
        hits: The lever.
        names: Columns of costs, in pico-USD.
        play: What the scenario is played with.
    """
    wanted = pl.col("_live") & ~pl.col("_hosted") & holds(hits.where, play.filters)
    marked = rows.with_columns(_wanted=wanted, _changed=pl.col("_changed") | wanted)
    # Only the rows it is meant for are worked out: a report has dozens of such levers, each for a few rows.
    at = marked["_wanted"].arg_true()
    rate, lookup = int(hits.rate * SCALE), int(hits.lookup * PICO)
    asked = pl.col("_units").cast(pl.Int128) * lookup
    looked_up = asked if hits.on_all else divided(asked * rate, SCALE)
    some = marked.select("_units", *names)[at]
    costs = some.select(divided(pl.col(name) * (SCALE - rate), SCALE) + looked_up for name in names)
    return marked.with_columns(marked[name].scatter(at, costs[name]) for name in names).drop("_wanted")
