"""What the literature says that swaps, trimming, caps, caches and machines of one's own save, asked of what-if."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from book_files import opened
from finopsctl.analyses.whatif import Prices, Scenario, WhatIf, WhatIfQuestion, parsing, whatif
from finopsctl.metrics.dimensions import parse
from finopsctl.pricing import catalog
from finopsctl.pricing.models import Resolver
from pricing.price_files import book
from shared import DATA, needs_shared
from whatif_cases import ledger

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.pricing.book import PriceBook

AT = datetime(2026, 11, 1, tzinfo=UTC)
GPT_4O = {"model": "gpt-4o", "input_tokens": 450, "output_tokens": 125}


@pytest.fixture(scope="module")
def catalogue() -> PriceBook:
    return catalog.load()


def asked(catalogue: PriceBook, scenario: Scenario, *records: dict[str, Any]) -> WhatIf:
    question = WhatIfQuestion((scenario,), Prices(Resolver(catalogue), AT), by=parse("model"))
    return whatif(ledger(*records), question)


def swap(text: str) -> Scenario:
    return Scenario(swaps=(parsing.swap(text),))


@needs_shared
def test_the_azure_code_trace_costs_47_608895_as_gpt_4o_and_2_856534_as_gpt_4o_mini(
    catalogue: PriceBook, tmp_path: Path
) -> None:
    """18,059,974 in and 245,896 out: at 2.50 / 10.00 per million 45.149935 + 2.458960, at 0.15 / 0.60 a 16.67th of
    each, 2.70899610 + 0.14753760 = 2.85653370."""
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        '[columns]\ncharge_period_start = "TIMESTAMP"\ninput_tokens = "ContextTokens"\n'
        'output_tokens = "GeneratedTokens"\n[constants]\nprovider = "openai"\nmodel = "gpt-4o"\n',
        encoding="utf-8",
    )
    books = opened(DATA / "azure_llm_2023_code", column_map=mapping)
    prices = Prices(Resolver(catalogue))
    dated = Prices(prices.resolver, AT)
    scenario = Scenario(swaps=(parsing.swap("gpt-4o=gpt-4o-mini"),), prices=dated)
    totals = whatif(books.ledger, WhatIfQuestion((scenario,), prices)).totals

    assert totals["baseline"] == Decimal("47.608895")
    assert totals["scenario"] == Decimal("2.8565337")
    assert totals["requests_moved"] == 8819
    assert totals["requests_kept"] == 0


def test_a_mini_model_said_to_be_20_times_cheaper_is_16_7_times_cheaper(catalogue: PriceBook) -> None:
    """2.50 / 0.15 = 10.00 / 0.60 = 16.67, whatever the mix; 20 is refuted."""
    totals = asked(catalogue, swap("gpt-4o=gpt-4o-mini"), GPT_4O).totals

    assert totals["baseline"] / totals["scenario"] == pytest.approx(Decimal(50) / 3, rel=Decimal("1e-12"))


@pytest.mark.parametrize(
    ("before", "after", "saved"),
    [("0.0084", "0.0021", 0.75), ("0.0112", "0.0008", 0.9286), ("0.0112", "0.0084", 0.25)],
)
def test_swaps_save_what_they_are_said_to_save(tmp_path: Path, before: str, after: str, saved: float) -> None:
    """A request of 1,000 tokens costs $0.0084 at $8.40 a million: 1 - 0.0021 / 0.0084 = 75 %; 1 - 0.0008 / 0.0112 =
    92.9 %, printed as 93; 1 - 0.0084 / 0.0112 = 25 %."""
    lists = "".join(
        f'[[model]]\nid = "{name}"\nrates = [ {{ from = 2025-01-01, input = {Decimal(price) * 1000} }} ]\n'
        for name, price in (("old", before), ("new", after))
    )
    totals = asked(book(tmp_path, openai=lists), swap("old=new"), {"model": "old", "input_tokens": 1000}).totals

    assert (totals["baseline"], totals["scenario"]) == (Decimal(before), Decimal(after))
    assert totals["saving_share"] == pytest.approx(saved, abs=5e-5)


def test_a_document_cut_from_5000_to_2000_tokens_costs_60_percent_less_to_read(catalogue: PriceBook) -> None:
    """5,000 x $2.50 = $0.0125 becomes 2,000 x $2.50 = $0.005 per million, by length and by share alike."""
    for text in ("2000", "60%"):
        scenario = Scenario(trims=(parsing.trim(text),))
        totals = asked(catalogue, scenario, {"model": "gpt-4o", "input_tokens": 5000}).totals

        assert (totals["baseline"], totals["scenario"]) == (Decimal("0.0125"), Decimal("0.005"))
        assert totals["saving_share"] == pytest.approx(0.6)


def test_answers_of_1000_tokens_capped_at_200_cost_80_percent_less_to_write(catalogue: PriceBook) -> None:
    """1,000 x $10 = $0.01 becomes 200 x $10 = $0.002 per million; an answer of 150 tokens is not touched."""
    scenario = Scenario(caps=(parsing.cap("200"),))
    long, short = ({"model": "gpt-4o", "output_tokens": tokens} for tokens in (1000, 150))
    found = asked(catalogue, scenario, long, short)

    assert found.totals["saving"] == Decimal("0.008")
    assert found.totals["requests_changed"] == 1


def test_three_chunks_instead_of_ten_cost_70_percent_less(catalogue: PriceBook) -> None:
    """Chunks of 400 tokens behind a prompt of 600: 4,600 tokens cut to 1,800 save 2,800 of the 4,000 retrieved."""
    scenario = Scenario(trims=(parsing.trim("1800"),))
    saving = asked(catalogue, scenario, {"model": "gpt-4o", "input_tokens": 4600}).totals["saving"]

    assert saving == Decimal("0.007")
    assert saving / Decimal("0.01") == Decimal("0.7")


def test_a_batch_costs_half_and_not_a_fifth_less(catalogue: PriceBook) -> None:
    """The 20 % said of batches is refuted: the providers' lists say 50 %."""
    totals = asked(catalogue, Scenario(tiers=(parsing.tier("batch"),)), GPT_4O).totals

    assert totals["saving_share"] == 0.5


def test_a_35_percent_hit_rate_saves_34_58_percent_and_not_35(tmp_path: Path) -> None:
    """15M requests at $0.0084 are $126,000; 35 % of them hits, 5.25M look-ups at $0.0001 are $525: $82,425 remain."""
    listed = '[[model]]\nid = "chat"\nrates = [ { from = 2025-01-01, input = 8.40 } ]\n'
    year = {"record_kind": "usage", "requests": 15_000_000, "model": "chat", "input_tokens": 15_000_000_000}
    scenario = Scenario(hits=(parsing.hits("35%", "0.0001"),))
    totals = asked(book(tmp_path, openai=listed), scenario, year).totals

    assert (totals["baseline"], totals["scenario"]) == (Decimal(126_000), Decimal(82_425))
    assert totals["saving"] == Decimal(43_575)
    assert totals["saving_share"] == pytest.approx(0.34583, abs=1e-5)


def test_a_4k_prefix_read_from_the_cache_costs_a_tenth(catalogue: PriceBook) -> None:
    """4,000 x $3.00 = $0.012 fresh, 4,000 x $0.30 = $0.0012 from the cache, per million."""
    call = {"provider": "anthropic", "model": "claude-sonnet-4-5", "input_tokens": 4000}
    scenario = Scenario(prefixes=(parsing.prefix("1"),))
    totals = asked(catalogue, scenario, call).totals

    assert (totals["baseline"], totals["scenario"]) == (Decimal("0.012"), Decimal("0.0012"))


def test_self_hosting_pays_from_about_30_million_output_tokens_a_day(catalogue: PriceBook) -> None:
    """Four H100 at $2.49 an hour and 18 % for operations are $9.96 x 24 x 1.18 = $282.07 a day. Output at $10 a million
    and none of the input: 28.2 million tokens a day. It depends on what is replaced: of gpt-4o with four tokens read
    for one written ($20 a million) it is half, of gpt-4o-mini at $0.60 470 million, more than a node of 1,500 tokens a
    second writes when it is busy all day (129.6 million)."""
    host = parsing.self_host("cost-per-hour=9.96,tokens-per-second=1500,utilization=1,overhead=0.18")

    def even(**call: Any) -> dict[str, Any]:
        found: dict[str, Any] = asked(catalogue, Scenario(self_host=host), call).totals["self_host"]
        return found

    plain = even(model="gpt-4o", output_tokens=1_000_000)
    assert plain["break_even_output_tokens_per_day"] == 28_206_720
    assert plain["break_even_output_tokens_per_day"] == pytest.approx(30_000_000, rel=0.07)
    chatty = even(model="gpt-4o", input_tokens=4_000_000, output_tokens=1_000_000)
    assert chatty["break_even_output_tokens_per_day"] == 14_103_360
    mini = even(model="gpt-4o-mini", output_tokens=1_000_000)
    assert mini["break_even_output_tokens_per_day"] == 470_112_000
    assert not mini["pays_within_capacity"]
