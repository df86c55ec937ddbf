"""Usage times price: token classes, service tiers, overflow, fees, and what stays unpriced."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.pricing import catalog, rating
from finopsctl.pricing.models import Resolver
from pricing.price_files import GPT_4O, SONNET, book, costs, rate, rows, usd
from shared import DATA, EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.pricing.book import PriceBook


@pytest.fixture
def prices(tmp_path: Path) -> PriceBook:
    return book(tmp_path, openai=GPT_4O, anthropic=SONNET)


def _tally(prices: PriceBook, *records: dict[str, Any]) -> rating.Tally:
    return rating.rated(rows(*records), Resolver(prices)).tally


def _at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@needs_shared
def test_the_azure_code_trace_as_gpt_4o_costs_to_the_cent_what_it_should() -> None:
    """18,059,974 in x 2.50/M = 45.149935; 245,896 out x 10/M = 2.45896; together 47.608895 USD."""
    trace = pl.read_csv(DATA / "azure_llm_2023_code" / "AzureLLMInferenceTrace_code.csv.gz")
    frame = rows({"model": "gpt-4o"}).drop("input_tokens", "output_tokens")
    usage = trace.select(input_tokens="ContextTokens", output_tokens="GeneratedTokens")
    ledger = usage.join(frame, how="cross").select(LEDGER_SCHEMA.names())
    found = rating.rate(
        ledger, Resolver(catalog.load(base=EXAMPLES / "pricing")), price_at=datetime(2026, 11, 1, tzinfo=UTC)
    )

    assert found["list_cost"].sum() == usd("47.608895")
    assert found["list_input_cost"].sum() == usd("45.149935")
    assert found["list_output_cost"].sum() == usd("2.45896")


@needs_shared
def test_the_shipped_catalogue_prices_the_azure_code_trace_alike() -> None:
    """The same 47.608895 USD: gpt-4o on 2026-11-01 is 2.50/10."""
    usage = {"model": "gpt-4o", "input_tokens": 18_059_974, "output_tokens": 245_896}

    assert costs(catalog.load(), usage, price_at=datetime(2026, 11, 1, tzinfo=UTC)) == [usd("47.608895")]


def test_cached_tokens_are_not_counted_twice(prices: PriceBook) -> None:
    """A 1M-token prompt, 800,000 of it cached: 200,000 x 2.50/M + 800,000 x 1.25/M = 0.50 + 1.00 = 1.50.

    Billing the whole prompt and the cached part again makes 2.50 + 1.00 = 3.50.
    """
    call = {"model": "gpt-4o", "input_tokens": 200_000, "cache_read_tokens": 800_000}

    assert costs(prices, call) == [usd("1.50")]


def test_cache_writes_bill_by_their_lifetime(prices: PriceBook) -> None:
    """12 in, 5,000 read, 1,500 written 5m, 500 written 1h, 40 out on 3/0.30/3.75/6/15:

    0.000036 + 0.0015 + 0.005625 + 0.003 + 0.0006 = 0.010761.
    """
    call = {
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "input_tokens": 12,
        "cache_read_tokens": 5_000,
        "cache_write_tokens": 1_500,
        "cache_write_1h_tokens": 500,
        "output_tokens": 40,
    }
    found = rate(prices, call).row(0, named=True)

    assert found["list_cost"] == usd("0.010761")
    assert found["list_input_cost"] == usd("0.000036")
    assert found["list_cache_read_cost"] == usd("0.0015")
    assert found["list_cache_write_cost"] == usd("0.008625")
    assert found["list_output_cost"] == usd("0.0006")
    assert found["list_other_cost"] == 0
    assert found["effective_cost"] == usd("0.010761")


@pytest.mark.parametrize(
    ("tier", "cost", "kept"),
    [
        ("standard", "2.5", "standard"),
        ("default", "2.5", "standard"),
        ("on_demand", "2.5", "standard"),
        ("not_available", "2.5", "standard"),
        ("auto", "2.5", None),
        (None, "2.5", None),
        ("batch", "1.25", "batch"),
        ("Batch", "1.25", "batch"),
    ],
)
def test_a_service_tier_is_normalised_and_priced(
    prices: PriceBook, tier: str | None, cost: str, kept: str | None
) -> None:
    found = rate(prices, {"model": "gpt-4o", "service_tier": tier, "input_tokens": 1_000_000})

    assert found["list_cost"].to_list() == [usd(cost)]
    assert found["service_tier"].to_list() == [kept]


@pytest.mark.parametrize("tier", ["flex", "priority_on_demand", "flex_discount", "turbo"])
def test_a_service_tier_without_a_price_is_unpriced_and_never_standard(prices: PriceBook, tier: str) -> None:
    call = {"model": "gpt-4o", "service_tier": tier, "input_tokens": 1_000_000}
    tally = _tally(prices, call)

    assert costs(prices, call) == [None]
    assert tally.unpriced["reason"].to_list() == ["unknown service tier"]
    assert rate(prices, call)["canonical_model"].to_list() == ["gpt-4o-2024-08-06"]


def test_a_missing_service_tier_is_standard_and_counted(prices: PriceBook) -> None:
    usage = {"model": "gpt-4o", "input_tokens": 10}

    assert _tally(prices, usage, {**usage, "service_tier": "standard"}).standard_tier_assumed == 1


def test_a_bucket_of_a_trillion_tokens_does_not_overflow(prices: PriceBook) -> None:
    """1e12 x 10/M = 10,000,000 USD, 1e19 pico-USD, beyond 64 bits; beside it 1 token is 0.00001 USD."""
    found = costs(prices, {"model": "gpt-4o", "output_tokens": 10**12}, {"model": "gpt-4o", "output_tokens": 1})

    assert found == [usd("10000000"), usd("0.00001")]


def test_reasoning_bills_as_output_unless_listed_apart(tmp_path: Path) -> None:
    """1M reasoning: 10.00 where only output is listed, 3.00 where it is listed."""
    body = '[[model]]\nid = "a"\nrates = [ { from = 2026-01-01, input = 1, output = 10 } ]\n'
    body += '[[model]]\nid = "b"\nrates = [ { from = 2026-01-01, input = 1, output = 10, reasoning = 3 } ]'
    calls = ({"model": name, "reasoning_tokens": 1_000_000} for name in "ab")

    assert costs(book(tmp_path, openai=body), *calls) == [usd("10"), usd("3")]


def test_image_input_bills_as_input_unless_listed_apart(prices: PriceBook) -> None:
    assert costs(prices, {"model": "gpt-4o", "image_input_tokens": 1_000_000}) == [usd("2.5")]


def test_a_class_with_tokens_and_no_rate_leaves_the_row_unpriced_and_is_named(prices: PriceBook) -> None:
    audio = {"model": "gpt-4o", "input_tokens": 10, "audio_input_tokens": 5}
    found = rate(prices, audio, {"model": "gpt-4o", "input_tokens": 10, "audio_input_tokens": 0})

    assert found["list_cost"].to_list() == [None, usd("0.000025")]
    assert found["list_input_cost"].to_list() == [None, usd("0.000025")]
    assert _tally(prices, audio).unpriced["reason"].to_list() == ["no rate for audio_input"]


def test_a_row_before_the_first_price_is_unpriced(prices: PriceBook) -> None:
    early = {"model": "gpt-4o", "charge_period_start": _at("2024-05-12"), "input_tokens": 1}

    assert costs(prices, early) == [None]
    assert _tally(prices, early).unpriced["reason"].to_list() == ["no price at that date"]


def test_one_date_prices_everything_when_asked(prices: PriceBook) -> None:
    """2024-06-01 prices for a call of 2026: 1M x 5.00/M."""
    call = {"model": "gpt-4o", "input_tokens": 1_000_000}

    assert costs(prices, call, price_at=_at("2024-06-01")) == [usd("5")]


def test_what_the_response_cache_served_costs_nothing(prices: PriceBook) -> None:
    served = {"model": "gpt-4o", "input_tokens": 1_000, "output_tokens": 100, "cache_hits": 1}
    found = rate(prices, served, {**served, "model": "unlisted"}).select(pl.col("^list_.*$"), "effective_cost")

    assert set(found.row(0)) == set(found.row(1)) == {Decimal(0)}


def test_a_failed_call_without_tokens_costs_nothing(prices: PriceBook) -> None:
    failed = {"model": "gpt-4o", "errors": 1}

    assert costs(prices, failed, {**failed, "model": "unlisted", "input_tokens": 0}) == [Decimal(0), Decimal(0)]


def test_a_failed_call_with_tokens_costs_what_they_cost(prices: PriceBook) -> None:
    assert costs(prices, {"model": "gpt-4o", "errors": 1, "input_tokens": 1_000}) == [usd("0.0025")]


def test_a_call_of_which_no_tokens_are_known_is_unpriced(prices: PriceBook) -> None:
    unknown = {"model": "gpt-4o"}

    assert costs(prices, unknown) == [None]
    assert _tally(prices, unknown).unpriced["reason"].to_list() == ["no usage"]


@pytest.mark.parametrize("kind", ["cost", "credit"])
def test_money_lines_are_not_priced_by_tokens(prices: PriceBook, kind: str) -> None:
    line = {"model": "gpt-4o", "record_kind": kind, "input_tokens": 1_000, "reported_cost": usd("3")}
    found = rate(prices, line)

    assert found.select("list_cost", "effective_cost").row(0) == (None, None)
    assert _tally(prices, line).unpriced.is_empty()


def test_a_fee_per_use_is_the_other_part_of_list_cost(prices: PriceBook) -> None:
    """1,000 x 2.50/M + 3 searches x 10.00/1,000 = 0.0025 + 0.03; a row of searches alone is 0.03."""
    searches = {"model": "gpt-4o", "consumed_quantity": 3.0, "consumed_unit": "web_search"}
    found = rate(prices, {**searches, "input_tokens": 1_000}, searches)

    assert found["list_cost"].to_list() == [usd("0.0325"), usd("0.03")]
    assert found["list_other_cost"].to_list() == [usd("0.03"), usd("0.03")]


def test_a_use_without_a_listed_fee_is_named(prices: PriceBook) -> None:
    images = {"model": "gpt-4o", "consumed_quantity": 3.0, "consumed_unit": "image"}
    tally = _tally(prices, images, {**images, "input_tokens": 1_000})

    assert tally.unpriced["reason"].to_list() == ["no fee for image"]
    assert tally.assumed["reason"].to_list() == ["no fee for image, tokens priced"]


def test_a_files_own_fee_prices_uses_of_no_model(tmp_path: Path) -> None:
    """5 x 10.00/1,000 = 0.05, without a model; a quantity of half a pico rounds to even."""
    prices = book(tmp_path, openai='fees = [ { from = 2025-01-01, unit = "web_search", per = 1000, price = 10.00 } ]')
    use = {"model": None, "consumed_quantity": 5.0, "consumed_unit": "web_search"}

    assert costs(prices, use, {**use, "consumed_quantity": None}) == [usd("0.05"), None]


def test_what_is_unpriced_adds_up_over_chunks(prices: PriceBook) -> None:
    """Two chunks of one unknown model, 3 + 4 tokens, and one unknown tier."""
    unknown = {"model": "gpt-9", "input_tokens": 3}
    first = _tally(prices, unknown)
    second = _tally(prices, {**unknown, "input_tokens": 4}, {"model": "gpt-4o", "service_tier": "x", "input_tokens": 1})
    total = (first + second).unpriced

    assert total.select("model", "reason", "requests", "tokens").rows() == [
        ("gpt-9", "unknown model", 2, 7),
        ("gpt-4o", "unknown service tier", 1, 1),
    ]
    assert rating.unpriced(rows(unknown), Resolver(prices))["reason"].to_list() == ["unknown model"]


def test_rating_keeps_every_column_and_the_order_of_rows(prices: PriceBook) -> None:
    frame = rows(*({"model": name, "input_tokens": n} for n, name in enumerate(["gpt-4o", "gpt-9", "gpt-4o"])))
    found = rating.rate(frame, Resolver(prices))

    assert dict(found.schema) == dict(LEDGER_SCHEMA)
    assert found["record_id"].to_list() == frame["record_id"].to_list()


def test_no_rows_are_rated_to_no_rows(prices: PriceBook) -> None:
    empty = rows({"model": "gpt-4o"}).clear()
    found = rating.rated(empty, Resolver(prices))

    assert found.frame.is_empty()
    assert found.tally.findings() == ()
