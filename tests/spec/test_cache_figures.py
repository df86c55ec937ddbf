"""The published figures of caching: a real trace under every rule, a real session, the planning formula."""

from __future__ import annotations

import gzip
import time
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from book_files import opened
from finopsctl.analyses.caching import Experiment, PricesInForce, SavingsQuestion, estimate, savings, simulate
from finopsctl.analyses.whatif import Prices, Scenario, WhatIfQuestion, parsing, whatif
from finopsctl.books.prices import Pricer
from finopsctl.caching.provider_rules import breakpoints
from finopsctl.caching.reading import read_trace
from finopsctl.caching.trace import BLOCK, Prompt, Trace, blocks_of
from shared import DATA, needs_shared

if TYPE_CHECKING:
    from collections.abc import Mapping

FIVE, TEN, HOUR = (timedelta(minutes=minutes) for minutes in (5, 10, 60))
LOSES = (
    "This cache LOSES money: a 1h cache written at the end of every prompt makes input cost 1.9% more, since what is "
    "written is read again only 1.07 times; it takes 1.11."
)


@lru_cache(maxsize=1)
def mooncake() -> Trace:
    """Return the trace: 3,993 requests, 15,325 input tokens each on average."""
    with gzip.open(DATA / "mooncake_synthetic" / "synthetic_trace.jsonl.gz") as lines:
        return read_trace(lines, "mooncake")


@lru_cache(maxsize=32)
def totals(rule: str, capacity: int | None = None, ttl: timedelta = FIVE, **more: Any) -> Mapping[str, Any]:
    places = breakpoints(more.pop("places", "end"))
    limited = rule in {"lru", "lfu", "length-aware"}
    asked = Experiment(rule, (capacity,) if limited else (), lifetime=ttl, places=places, **more)
    return simulate(mooncake(), asked).totals


@needs_shared
def test_the_trace_is_as_long_as_published() -> None:
    """On average 15,325 tokens in and 149 out; hit rates are of 117,888 whole blocks."""
    prompts = mooncake().prompts

    assert len(prompts) == 3993
    assert round(mooncake().input_tokens / 3993) == 15_325
    assert round(sum(prompt.output_tokens for prompt in prompts) / 3993) == 149
    assert mooncake().whole_tokens == 117_888 * 512


@needs_shared
@pytest.mark.parametrize(
    ("capacity", "rate"),
    [
        (10_000, 0.000),
        (100_000, 0.012),
        (1_000_000, 0.144),
        (2_000_000, 0.235),
        (3_000_000, 0.319),
        (5_000_000, 0.433),
        (10_000_000, 0.584),
        (50_000_000, 0.659),
        (None, 0.659),
    ],
)
def test_an_lru_cache_hits_as_often_as_published(capacity: int | None, rate: float) -> None:
    """Published: 66 % without limit, and the curve of figure 9."""
    assert round(totals("lru", capacity)["hit_rate"], 3) == rate


@needs_shared
@pytest.mark.parametrize(
    ("policy", "capacity", "share"),
    [
        ("lru", 3_000_000, 0.315),
        ("lru", 10_000_000, 0.577),
        ("lfu", 3_000_000, 0.247),
        ("lfu", 10_000_000, 0.599),
        ("length-aware", 3_000_000, 0.108),
        ("length-aware", 10_000_000, 0.354),
    ],
)
def test_the_policies_find_these_shares_of_all_input(policy: str, capacity: int, share: float) -> None:
    assert round(totals(policy, capacity)["token_share"], 3) == share


@needs_shared
def test_an_automatic_cache_of_five_minutes_reads_36_401_280_tokens() -> None:
    found = totals("openai")

    assert found["cached_tokens"] == 36_401_280
    assert round(found["hit_rate"], 5) == 0.59484
    assert found["denominator_tokens"] == found["input_tokens"] == 61_194_628


@needs_shared
@pytest.mark.parametrize(
    ("ttl", "discount", "factor"),
    [
        (FIVE, "0.5", 0.70258),
        (FIVE, "0.75", 0.55387),
        (FIVE, "0.9", 0.46464),
        (TEN, "0.5", 0.67741),
        (HOUR, "0.5", 0.67454),
    ],
)
def test_input_costs_this_much_of_what_it_costs_without_the_automatic_cache(
    ttl: timedelta, discount: str, factor: float
) -> None:
    """Five minutes: 1 - 0.59484 x 0.5 = 0.70258."""
    found = totals("openai", ttl=ttl, read_price=1 - Fraction(discount))

    assert round(found["input_cost_factor"], 5) == factor


@needs_shared
def test_a_cache_written_at_the_end_of_every_prompt_costs_71_percent() -> None:
    """1 - 0.46401 x 0.9 + 0.52141 x 0.25 = 0.71274."""
    found = totals("anthropic")

    assert (round(found["hit_rate"], 5), round(found["written_share"], 5)) == (0.46401, 0.52141)
    assert round(found["input_cost_factor"], 5) == 0.71274


@needs_shared
@pytest.mark.parametrize(
    ("places", "ttl", "factor"), [("first:1024", FIVE, 0.70731), ("blocks", FIVE, 0.56287), ("end", HOUR, 1.01888)]
)
def test_more_breakpoints_help_and_an_hour_at_twice_the_price_does_not(
    places: str, ttl: timedelta, factor: float
) -> None:
    assert round(totals("anthropic", ttl=ttl, places=places)["input_cost_factor"], 5) == factor


@needs_shared
def test_an_hours_cache_written_everywhere_loses_money_and_the_report_says_so() -> None:
    report = simulate(mooncake(), Experiment("anthropic", lifetime=HOUR)).report()

    assert "this cache LOSES money" in report.headline
    assert [(finding.code, finding.message) for finding in report.findings] == [("cache_loses_money", LOSES)]


@needs_shared
@pytest.mark.parametrize(("ttl", "factor"), [(FIVE, 0.60997), (HOUR, 0.64698)])
def test_writing_only_what_is_read_later_would_save_more(ttl: timedelta, factor: float) -> None:
    assert round(totals("anthropic", ttl=ttl)["factor_if_read_again"], 5) == factor


@needs_shared
@pytest.mark.parametrize(("ttl", "times"), [(FIVE, 0.28), (HOUR, 1.11)])
def test_a_write_pays_after_so_many_re_reads(ttl: timedelta, times: float) -> None:
    """(1.25 - 1) / (1 - 0.1) = 0.28 and (2 - 1) / 0.9 = 1.11."""
    assert round(totals("anthropic", ttl=ttl)["break_even_rereads"], 2) == times


@needs_shared
def test_the_best_automatic_lifetime_is_found_among_its_neighbours() -> None:
    """Nothing of this trace of 17 minutes comes again after 15."""
    found = totals("openai")

    assert (found["best_ttl"], round(found["best_factor"], 5)) == ("15m", 0.67454)


@needs_shared
def test_caching_saved_84_percent_of_a_real_agents_bill() -> None:
    """12.225731 with it, 77.654315 without: 67.314917 saved by reads, 1.886333 more for writes."""
    books = opened(DATA / "claude_code_one", cost_basis="effective")
    found = savings(books.ledger, SavingsQuestion(), PricesInForce(Pricer.of(books.request).resolver)).totals

    assert round(found["actual"], 6) == Decimal("12.225731")
    assert found["baseline"] == Decimal("77.654315")
    assert round(found["saving_share"], 3) == 0.843
    assert (found["gross"], found["write_premium"]) == (Decimal("67.3149168"), Decimal("1.886333"))


@needs_shared
def test_giving_that_cache_up_would_cost_what_the_bill_is_said_to_be_without_it() -> None:
    """12.225731 becomes 77.654315, as ``whatif --prompt-cache off`` plays it."""
    books = opened(DATA / "claude_code_one", cost_basis="effective")
    off = Scenario(prefixes=(parsing.prefix("off"),))
    question = WhatIfQuestion((off,), Prices(Pricer.of(books.request).resolver))
    found = whatif(books.ledger, question).totals

    assert (round(found["baseline"], 6), found["scenario"]) == (Decimal("12.225731"), Decimal("77.654315"))


def test_15_million_requests_with_35_percent_hits_cost_82_425_instead_of_126_000() -> None:
    """126,000 x 0.65 = 81,900, and 5.25M look-ups at 0.0001 = 525. The saving is 34.58 %: 35 % forgets the look-ups."""
    found = estimate(Decimal(15_000_000), Decimal("0.0084"), Decimal("0.35"), Decimal("0.0001")).totals

    assert (found["baseline"], found["scenario"], found["saving"]) == (126_000, 82_425, 43_575)
    assert round(found["saving_share"], 4) == 0.3458


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["lru", "lfu", "length-aware", "openai", "anthropic"])
def test_12_000_requests_take_less_than_a_minute(rule: str) -> None:
    """Conversations of 30 blocks on average over 40 documents: 360,000 blocks touched, under every variant tried."""
    rng, prompts = Random(12), []
    for number in range(12_000):
        length = rng.randint(4_000, 26_000)
        document, own = rng.randrange(40), rng.randint(0, 4_000)
        ends = blocks_of(length)
        units = tuple((document, end) if end <= length - own else (document, number, end) for end in ends)
        prompts.append(Prompt(number * 250.0, length, 150, units, ends, length // BLOCK))

    start = time.perf_counter()
    simulate(Trace("long", tuple(prompts)), Experiment(rule))

    assert time.perf_counter() - start < 60
