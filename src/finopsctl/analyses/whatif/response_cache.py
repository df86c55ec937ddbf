"""Giving up the gateway's response cache: what it answered goes to the provider, and nothing is looked up any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif.costs import priced
from finopsctl.analyses.whatif.state import holds

if TYPE_CHECKING:
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
    taken = again.filter(pays).with_columns(_live=pl.lit(value=True), _changed=pl.lit(value=True))
    stays = was.with_columns(why.zip_with(costs["cost"].is_null(), was["_stays"])).filter(~pays)
    return pl.concat([others, taken, stays]).drop("_wanted")
