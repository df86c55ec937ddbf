"""A cache simulation as a report: the sentence, the variants, what else a reader must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.caching.simulation import CacheSimulation

_DISCOUNTS = (50, 75, 90)
_UNLIMITED = "unlimited"
_CACHES = {"lru": "An LRU cache", "lfu": "An LFU cache", "length-aware": "A length-aware cache"}


def report_of(simulation: CacheSimulation) -> Report:
    """Return the presentable form of a simulation."""
    totals = simulation.totals
    has_capacity = totals["input_cost_factor"] is None
    answer = _by_capacity(simulation) if has_capacity else _by_lifetime(simulation)
    tables = [answer]
    if totals["rule"] == "openai":
        tables.append(_discounts(simulation))
    headline = _found(totals) if has_capacity else _billed(totals)
    return Report("cache-simulate", headline, tuple(tables), totals, simulation.findings)


def _money(rows: pl.DataFrame) -> tuple[Column, ...]:
    if rows["baseline"].null_count() == rows.height:
        return ()
    return (
        Column("baseline", "Input without", Unit.USD, 2),
        Column("scenario", "Input with", Unit.USD, 1),
        Column("saving", "Saving", Unit.USD),
    )


def _by_capacity(simulation: CacheSimulation) -> Table:
    columns = (
        Column("capacity", "Capacity", Unit.TOKENS, null=_UNLIMITED),
        Column("cached_tokens", "Cached tokens", Unit.TOKENS, 1),
        Column("hit_rate", "Hit rate", Unit.SHARE),
        Column("token_share", "Of all input", Unit.SHARE, 2),
        *_money(simulation.rows),
    )
    return Table("Hit rate by capacity", simulation.rows, columns)


def _by_lifetime(simulation: CacheSimulation) -> Table:
    rows = simulation.rows
    is_marked = rows["breakpoints"].null_count() < rows.height
    has_writes = rows["rereads"].null_count() < rows.height
    marked = (
        Column("breakpoints", "Breakpoints"),
        Column("written_share", "Written", Unit.SHARE, 1),
    )
    again = (
        Column("factor_if_read_again", "If only what is read again", Unit.RATIO, 3),
        Column("rereads", "Re-reads", Unit.FACTOR, 3),
        Column("break_even_rereads", "Break-even", Unit.FACTOR, 2),
    )
    columns = (
        Column("ttl", "Lifetime"),
        *(marked if is_marked else ()),
        Column("hit_rate", "Read", Unit.SHARE),
        Column("input_cost_factor", "Input cost", Unit.RATIO),
        *(again if is_marked else again[1:] if has_writes else ()),
        *_money(rows),
        Column("note", ""),
    )
    best = simulation.totals["best_ttl"], simulation.totals["best_breakpoints"]
    is_best = (pl.col("ttl") == best[0]) & pl.col("breakpoints").eq_missing(pl.lit(best[1], dtype=pl.String))
    words = pl.concat_str(
        pl.when("asked").then(pl.lit("asked for")),
        pl.when(is_best).then(pl.lit("best")),
        separator=", ",
        ignore_nulls=True,
    )
    frame = rows.with_columns(note=pl.when(pl.col("asked") | is_best).then(words))
    columns = (*columns[:-1], Column("note", "", null=""))
    return Table("Input cost by lifetime", frame, columns)


def _discounts(simulation: CacheSimulation) -> Table:
    """Return the input cost at usual discounts on cached tokens."""
    premium = pl.col("written_share") * (pl.col("write_price") - 1)
    cost = {f"at_{percent}": 1 - pl.col("hit_rate") * percent / 100 + premium for percent in _DISCOUNTS}
    columns = (
        Column("ttl", "Lifetime"),
        *(Column(f"at_{percent}", f"{percent} % off", Unit.RATIO) for percent in _DISCOUNTS),
    )
    return Table("Input cost by discount", simulation.rows.select("ttl", **cost), columns)


def _found(totals: Mapping[str, Any]) -> str:
    capacity = totals["capacity"]
    size = "without limit" if capacity is None else f"of {capacity:,} tokens"
    if totals["hit_rate"] is None:
        return f"{counted(totals['requests'], 'request')} fill no block of a cache: there is nothing to find."
    cache, requests = _CACHES[totals["rule"]], counted(totals["requests"], "request")
    said = (
        f"{cache} {size} finds {totals['cached_tokens']:,} of {totals['denominator_tokens']:,} tokens in whole blocks: "
        f"a hit rate of {totals['hit_rate']:.1%} over {requests}"
    )
    return f"{said}{_saved(totals)}."


def _billed(totals: Mapping[str, Any]) -> str:
    factor = totals["input_cost_factor"]
    if factor > 1:
        outcome = f"input would cost {factor:.1%} of what it costs without a cache: this cache LOSES money"
    else:
        outcome = f"input would cost {factor:.1%} of what it costs without a cache"
    places = "" if totals["breakpoints"] is None else f" with breakpoints at {totals['breakpoints']}"
    best = ""
    if (totals["best_ttl"], totals["best_breakpoints"]) != (totals["ttl"], totals["breakpoints"]):
        at = "" if totals["best_breakpoints"] is None else f" and breakpoints at {totals['best_breakpoints']}"
        best = f"; the best tried is a lifetime of {totals['best_ttl']}{at} ({totals['best_factor']:.1%})"
    return (
        f"With {totals['rule']}'s rule and a lifetime of {totals['ttl']}{places}, {totals['cached_tokens']:,} of "
        f"{totals['input_tokens']:,} input tokens ({totals['hit_rate']:.1%}) are read from the cache: "
        f"{outcome}{_saved(totals)}{best}."
    )


def _saved(totals: Mapping[str, Any]) -> str:
    saving = totals["saving"]
    if saving is None:
        return ""
    outcome = f"loses {money(-saving)}" if saving < 0 else f"saves {money(saving)}"
    return f"; on {money(totals['baseline'])} of input that {outcome}"
