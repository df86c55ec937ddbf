"""Laws of what-if: doing nothing saves nothing, swaps compose, parts add up, order means nothing."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.analyses.whatif import Prices, Scenario, WhatIf, WhatIfQuestion, parsing, whatif
from finopsctl.metrics.dimensions import parse
from whatif_cases import ledger, prices

if TYPE_CHECKING:
    import random

COUNT = st.integers(0, 200_000)
ROW = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["big", "small", "vectors", "nobody"]),
        "requested_model": st.sampled_from([None, None, "big", "small", "fast"]),
        "team": st.sampled_from(["a", "b", None]),
        "record_kind": st.sampled_from(["request", "usage"]),
        "requests": st.sampled_from([1, 7, 1000, None]),
        "input_tokens": COUNT,
        "cache_read_tokens": COUNT,
        "output_tokens": st.integers(0, 5000),
        "reasoning_tokens": st.one_of(st.none(), st.integers(0, 5000)),
        "retries": st.sampled_from([None, 0, 2]),
        "service_tier": st.sampled_from([None, "batch"]),
    }
)
ROWS = st.lists(ROW, min_size=1, max_size=24)
SHARE = st.sampled_from(["0", "0.25", "0.5", "0.9", "1"])
SEVERAL = Scenario(
    "all",
    swaps=(parsing.swap("big=small:0.5"), parsing.swap("small=other:0.3:team=a")),
    trims=(parsing.trim("17%"),),
    caps=(parsing.cap("999"),),
    hits=(parsing.hits("0.31", "0.0001"),),
    token_factors=parsing.spans(["other=1.0..1.3"], ""),
    success_rates=parsing.rates(["big=0.9,small=0.7"]),
)
ONE = Decimal(1)


@cache
def book() -> Prices:
    return prices(Path(tempfile.mkdtemp()))


def asked(rows: list[dict[str, Any]], *scenarios: Scenario, by: str = "model,team") -> WhatIf:
    question = WhatIfQuestion(scenarios, book(), by=parse(by), compare=len(scenarios) > 1)
    return whatif(ledger(*rows), question)


def swapped(*texts: str) -> Scenario:
    return Scenario(swaps=tuple(parsing.swap(text) for text in texts))


def figures(found: WhatIf) -> tuple[Any, ...]:
    names = ("baseline", "scenario", "saving", "unpriced_requests")
    return tuple(found.totals[name] for name in names)


@settings(max_examples=8, deadline=None)
@given(ROWS, st.sampled_from(["big", "small", "vectors"]), SHARE)
def test_swapping_a_model_for_itself_saves_nothing(rows: list[dict[str, Any]], model: str, share: str) -> None:
    found = asked(rows, swapped(f"{model}={model}:{share}"))

    assert found.totals["saving"] in (None, 0)
    assert found.totals["requests_moved"] == 0


@settings(max_examples=8, deadline=None)
@given(ROWS)
def test_two_swaps_in_sequence_equal_their_composition(rows: list[dict[str, Any]]) -> None:
    """big to small and what is then small to other: both big and small go to other at once."""
    assert figures(asked(rows, swapped("big=small", "small=other"))) == figures(asked(rows, swapped("big,small=other")))


@settings(max_examples=8, deadline=None)
@given(ROWS)
def test_a_swap_there_and_back_saves_nothing(rows: list[dict[str, Any]]) -> None:
    only_big = [{**row, "model": "big", "service_tier": None} for row in rows]

    assert asked(only_big, swapped("big=small", "small=big")).totals["saving"] in (None, 0)


@settings(max_examples=8, deadline=None)
@given(ROWS)
def test_the_parts_add_up_to_the_totals(rows: list[dict[str, Any]]) -> None:
    found = asked(rows, SEVERAL)

    for name in ("baseline", "scenario", "saving", "saving_low", "saving_high"):
        if found.totals["baseline"] is not None:
            assert found.rows[name].sum() == found.totals[name]
    for name in ("requests", "requests_moved", "requests_kept", "unpriced_requests"):
        assert found.rows[name].sum() == found.totals[name]
    if found.totals["baseline"] is not None:
        assert found.totals["baseline"] - found.totals["scenario"] == found.totals["saving"]
        assert found.totals["saving_low"] <= found.totals["saving"] <= found.totals["saving_high"]


@settings(max_examples=8, deadline=None)
@given(ROWS)
def test_grouping_changes_no_total(rows: list[dict[str, Any]]) -> None:
    assert figures(asked(rows, SEVERAL, by="team")) == figures(asked(rows, SEVERAL, by="model,service_tier"))


@settings(max_examples=8, deadline=None)
@given(ROWS, SHARE)
def test_a_share_of_nothing_is_the_baseline_and_of_all_the_whole_swap(rows: list[dict[str, Any]], share: str) -> None:
    none, part, whole = (asked(rows, swapped(f"big=small:{each}")) for each in ("0", share, "1"))

    assert none.totals["saving"] in (None, 0)
    assert figures(whole) == figures(asked(rows, swapped("big=small")))
    if whole.totals["saving"] is not None:
        assert 0 <= part.totals["saving"] <= whole.totals["saving"]


@settings(max_examples=8, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_records_means_nothing(rows: list[dict[str, Any]], shuffler: random.Random) -> None:
    named = [{**row, "record_id": str(at)} for at, row in enumerate(rows)]
    shuffled = list(named)
    shuffler.shuffle(shuffled)

    assert asked(named, SEVERAL).totals == asked(shuffled, SEVERAL).totals


@settings(max_examples=8, deadline=None)
@given(ROWS)
def test_a_scenario_is_what_it_is_whatever_stands_beside_it(rows: list[dict[str, Any]]) -> None:
    scenarios = [
        SEVERAL,
        Scenario("tiers", tiers=(parsing.tier("batch"),)),
        Scenario("cut", trims=(parsing.trim("9%"),)),
    ]
    forth, back = asked(rows, *scenarios), asked(rows, *reversed(scenarios))

    assert sorted(forth.rows.select(back.rows.columns).rows(), key=repr) == sorted(back.rows.rows(), key=repr)


@settings(max_examples=8, deadline=None)
@given(ROWS, st.sampled_from(["0%", "40%", "100%"]))
def test_trimming_saves_its_share_of_the_input(rows: list[dict[str, Any]], text: str) -> None:
    """To within half a token of each class a record: at most $0.00001 each."""
    plain = [{**row, "output_tokens": 0, "reasoning_tokens": None} for row in rows]
    totals = asked(plain, Scenario(trims=(parsing.trim(text),))).totals
    share = Decimal(text.removesuffix("%")) / 100

    if totals["baseline"] is not None:
        assert totals["saving"] == pytest.approx(totals["baseline"] * share, abs=Decimal("0.00001") * len(rows))


@settings(max_examples=8, deadline=None)
@given(ROWS)
def test_the_baseline_of_a_batch_is_what_pricing_says(rows: list[dict[str, Any]]) -> None:
    from finopsctl.pricing.rating import rate

    priced = rate(ledger(*rows).drop("cost").collect(), book().resolver)["effective_cost"].sum()

    assert (asked(rows, SEVERAL).totals["baseline"] or 0) == priced
