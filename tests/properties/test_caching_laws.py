"""Laws of caching: more room never hurts an LRU cache, no room is no cache, and savings add up however split."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.analyses.caching import (
    Experiment,
    ModelPrices,
    PricesInForce,
    SavingsQuestion,
    estimate,
    model_prices,
    savings,
    simulate,
)
from finopsctl.caching.eviction import POLICIES, replay
from finopsctl.caching.provider_rules import automatic, breakpoints, marked
from finopsctl.metrics.dimensions import parse
from finopsctl.pricing import catalog
from finopsctl.pricing.models import Resolver
from ledgers import ledger
from traces import trace

if TYPE_CHECKING:
    from finopsctl.caching.trace import Trace

ROOM = 512
_PARTS = ("gross", "write_premium", "lookup", "net")
_TRACES = st.lists(st.tuples(st.integers(0, 900), st.text("ab", min_size=1, max_size=8)), min_size=1, max_size=25).map(
    lambda requests: trace(*sorted(requests, key=lambda request: request[0]))
)
_COUNTS = st.sampled_from([0, 1, 999, 20_000])
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["anthropic claude-sonnet-4-5", "openai gpt-4o", "nobody nothing"]),
        st.sampled_from(["a", "b", "-"]),
        st.sampled_from(["0 -", "1 exact", "1 semantic", "- -"]),
        _COUNTS,
        _COUNTS,
        _COUNTS,
        _COUNTS,
    ),
    min_size=1,
    max_size=10,
)


@lru_cache(maxsize=1)
def resolver() -> Resolver:
    return Resolver(catalog.load())


@lru_cache(maxsize=1)
def model() -> ModelPrices:
    return model_prices(resolver(), "claude-sonnet-4-5", datetime(2026, 10, 1, tzinfo=UTC), "anthropic")


@settings(max_examples=25, deadline=None)
@given(_TRACES)
def test_an_lru_cache_never_finds_less_with_more_room(requests: Trace) -> None:
    sizes = [*(ROOM * blocks for blocks in range(12)), None]

    found = [sum(replay(requests, "lru", size).whole) for size in sizes]

    assert all(less <= more for less, more in pairwise(found))


@settings(max_examples=25, deadline=None)
@given(_TRACES, st.sampled_from(POLICIES))
def test_no_capacity_is_no_cache_in_tokens_and_in_money(requests: Trace, policy: str) -> None:
    totals = simulate(requests, Experiment(policy, (0,), prices=model())).totals

    assert totals["cached_tokens"] == 0
    assert totals["scenario"] == totals["baseline"]
    assert totals["saving"] == 0


@settings(max_examples=25, deadline=None)
@given(_TRACES, st.sampled_from(POLICIES))
def test_a_cache_that_holds_all_is_one_without_limit(requests: Trace, policy: str) -> None:
    assert replay(requests, policy, requests.room_of_all()) == replay(requests, policy, None)


@settings(max_examples=25, deadline=None)
@given(_TRACES, st.sampled_from([0, 60, 300, 3600]), st.sampled_from(["end", "first:1024", "blocks"]))
def test_what_is_read_and_written_is_never_more_than_the_prompt(requests: Trace, seconds: int, places: str) -> None:
    for cached in (automatic(requests, seconds * 1000), marked(requests, seconds * 1000, breakpoints(places))):
        for prompt, read, written in zip(requests.prompts, cached.read, cached.written, strict=True):
            assert min(read, written) >= 0
            assert read + written <= prompt.input_tokens


@settings(max_examples=25, deadline=None)
@given(_TRACES)
def test_with_every_boundary_marked_the_two_rules_read_the_same_whole_blocks(requests: Trace) -> None:
    """Prompts of whole blocks of 512 tokens, which are steps of 128, from 1,024 tokens on."""
    assert automatic(requests, 300_000).read == marked(requests, 300_000, breakpoints("blocks")).read


@settings(max_examples=25, deadline=None)
@given(_TRACES)
def test_money_follows_the_factor(requests: Trace) -> None:
    for rule in ("openai", "anthropic"):
        rows = simulate(requests, Experiment(rule, prices=model())).rows
        for row in rows.iter_rows(named=True):
            assert row["baseline"] - row["scenario"] == row["saving"]
            assert float(row["scenario"]) == pytest.approx(float(row["baseline"]) * row["input_cost_factor"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("ab", min_size=2, max_size=6), min_size=2, max_size=10))
def test_requests_of_one_instant_keep_their_order(prompts: list[str]) -> None:
    """Replayed a millisecond apart they find the same."""
    together, apart = (trace(*((at * gap, letters) for at, letters in enumerate(prompts))) for gap in (0, 0.001))

    for rule in ("lru", "lfu", "length-aware"):
        assert replay(together, rule, 2048) == replay(apart, rule, 2048)
    assert automatic(together, 1000).read == automatic(apart, 1000).read


@settings(max_examples=12, deadline=None)
@given(
    _ROWS, st.sampled_from(["team", "model", "team,model", "day", "provider,team"]), st.sampled_from(["hits", "all"])
)
def test_savings_add_up_exactly_whatever_they_are_split_by(rows: list[tuple[Any, ...]], by: str, on: str) -> None:
    header = "provider model team cache_hits cache_type input_tokens cache_read_tokens cache_write_tokens output_tokens"
    # OpenAI's gpt-4o has no price for tokens written: such a request is unpriced, with its cache and without.
    records = [row for row in rows if "gpt-4o" not in row[0] or not row[5]]
    table = "\n".join([header, *(" ".join(map(str, row)) for row in records)])
    prices = PricesInForce(resolver())
    frame = ledger(table, requests=1).drop("cost").collect()
    charges = frame.with_columns(cost=prices.cost(frame).reinterpret(dtype=pl.Decimal(38, 12))).lazy()

    whole, split = (
        savings(charges, SavingsQuestion(parse(names), Decimal("0.0001"), on), prices) for names in ("", by)
    )

    assert whole.totals == split.totals
    gross, premium, lookup, net = (Decimal(split.rows[name].sum()) for name in _PARTS)
    assert gross - premium - lookup == net == split.totals["net"]
    assert whole.totals["response_net"] + whole.totals["prompt_net"] == whole.totals["net"]
    uncached = PricesInForce(resolver()).cost(_without_caches(frame)).sum()
    assert whole.totals["baseline"] * 10**12 == uncached


def _without_caches(frame: pl.DataFrame) -> pl.DataFrame:
    """Return requests as the provider would have seen them: none answered before it, and no token cached but those of
    requests that never used its cache."""
    hit = (pl.col("cache_hits") >= 1).fill_null(value=False)
    everything = pl.sum_horizontal("input_tokens", "cache_read_tokens", "cache_write_tokens")
    return frame.with_columns(
        input_tokens=pl.when(hit).then("input_tokens").otherwise(everything),
        cache_read_tokens=pl.when(hit).then("cache_read_tokens").otherwise(0),
        cache_write_tokens=pl.when(hit).then("cache_write_tokens").otherwise(0),
        cache_hits=pl.lit(0, dtype=pl.Int64),
    )


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**9),
    st.decimals(0, 10, places=6),
    st.decimals(0, 1, places=4),
    st.decimals(0, 1, places=6),
    st.sampled_from(["hits", "all"]),
)
def test_an_estimates_parts_add_up(requests: int, cost: Decimal, rate: Decimal, lookup: Decimal, on: str) -> None:
    found = estimate(Decimal(requests), cost, rate, lookup, on)

    assert found.rows["saving"].sum() == found.totals["saving"]
    assert found.totals["baseline"] - found.totals["scenario"] == found.totals["saving"]


def test_a_longer_lifetime_never_reads_less() -> None:
    rng = Random(7)
    requests = trace(*((at * 40, "".join(rng.choices("ab", k=rng.randint(1, 7)))) for at in range(60)))
    read = [sum(automatic(requests, minutes * 60_000).read) for minutes in (0, 1, 5, 10, 60)]

    assert read == sorted(read)
