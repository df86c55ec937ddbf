"""Context bands and clock windows: which line of a version holds for a request, and for a bucket of many."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.pricing import rating
from finopsctl.pricing.costing import band_floor
from finopsctl.pricing.models import Resolver
from pricing.price_files import DEEPSEEK, SONNET, book, costs, rows, usd

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.pricing.book import PriceBook

GROK = """
[[model]]
id = "grok-4.3"
rates = [
  { from = 2026-01-01, input = 1.25, cache_read = 0.20, output = 2.50 },
  { from = 2026-01-01, at_least = 200_000, input = 2.50, cache_read = 0.40, output = 5.00 },
]
"""
HAIKU = """
[[model]]
id = "claude-haiku-5-5"
rates = [
  { from = 2026-10-07, input = 0.10, cache_read = 0.01, output = 0.50 },
  { from = 2026-10-07, over = 100_000, input = 0.50, cache_read = 0.05, output = 2.50 },
]
"""


@pytest.fixture
def prices(tmp_path: Path) -> PriceBook:
    return book(tmp_path, anthropic=SONNET + HAIKU, deepseek=DEEPSEEK, xai=GROK)


def _tally(prices: PriceBook, *records: dict[str, Any]) -> rating.Tally:
    return rating.rated(rows(*records), Resolver(prices)).tally


def _at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(("tokens", "rate_per_mtok"), [(200_000, "3"), (200_001, "6")])
def test_a_band_over_a_threshold_begins_one_token_above_it(prices: PriceBook, tokens: int, rate_per_mtok: str) -> None:
    call = {
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "charge_period_start": _at("2026-03-01"),
        "input_tokens": tokens,
    }

    assert costs(prices, call) == [tokens * usd(rate_per_mtok) / 1_000_000]


@pytest.mark.parametrize(("tokens", "rate_per_mtok"), [(199_999, "1.25"), (200_000, "2.5")])
def test_a_band_at_least_a_threshold_begins_on_it(prices: PriceBook, tokens: int, rate_per_mtok: str) -> None:
    call = {"provider": "xai", "model": "grok-4.3", "input_tokens": tokens}

    assert costs(prices, call) == [tokens * usd(rate_per_mtok) / 1_000_000]


def test_the_whole_request_bills_in_its_band_and_cached_tokens_count_towards_it(prices: PriceBook) -> None:
    """60,000 fresh + 50,000 cached = 110,000 > 100,000: 60,000 x 0.50/M + 50,000 x 0.05/M + 1,000 x 2.50/M = 0.035.

    Output never counts: 90,000 in and 50,000 out stay in the low band: 0.009 + 0.025 = 0.034.
    """
    haiku = {"provider": "anthropic", "model": "claude-haiku-5-5"}
    long = {**haiku, "input_tokens": 60_000, "cache_read_tokens": 50_000, "output_tokens": 1_000}
    short = {**haiku, "input_tokens": 90_000, "output_tokens": 50_000}

    assert costs(prices, long, short) == [usd("0.035"), usd("0.034")]


def test_a_new_version_without_a_band_ends_the_band(prices: PriceBook) -> None:
    """300,000 tokens: 6.00/M on 12 March 2026, 3.00/M on 13 March."""
    call = {"provider": "anthropic", "model": "claude-sonnet-4-6", "input_tokens": 300_000}
    days = [_at("2026-03-12T23:59:59"), _at("2026-03-13")]

    assert costs(prices, *({**call, "charge_period_start": day} for day in days)) == [usd("1.8"), usd("0.9")]


def test_a_bucket_is_priced_in_the_band_its_source_names(prices: PriceBook) -> None:
    """500,000 tokens of 40 requests: 0-200k 0.05, 200k-1M 0.25."""
    bucket = {
        "provider": "anthropic",
        "model": "claude-haiku-5-5",
        "record_kind": "usage",
        "requests": 40,
        "input_tokens": 500_000,
    }

    assert costs(prices, {**bucket, "context_band": "0-200k"}, {**bucket, "context_band": "200k-1M"}) == [
        usd("0.05"),
        usd("0.25"),
    ]


def test_a_bucket_that_could_hide_long_requests_takes_the_lowest_band_and_says_what_is_at_stake(
    prices: PriceBook,
) -> None:
    """500,000 x 0.10/M = 0.05; at 0.50/M it would be 0.25: 0.20 at stake. 90,000 tokens cannot hide any."""
    bucket = {"provider": "anthropic", "model": "claude-haiku-5-5", "record_kind": "usage", "requests": 40}
    tally = _tally(prices, {**bucket, "input_tokens": 500_000}, {**bucket, "input_tokens": 90_000})

    assert costs(prices, {**bucket, "input_tokens": 500_000}) == [usd("0.05")]
    assert (tally.band_unknown, tally.band_at_stake) == (1, usd("0.20"))


def test_a_bucket_without_a_count_of_requests_is_a_bucket(prices: PriceBook) -> None:
    usage = {"provider": "anthropic", "model": "claude-haiku-5-5", "record_kind": "usage", "requests": None}

    assert _tally(prices, {**usage, "input_tokens": 500_000}).band_unknown == 1


@pytest.mark.parametrize(
    ("band", "floor"),
    [
        ("0-200k", 0),
        ("200k-1M", 200_001),
        ("≤ 200k", 0),
        ("> 200k", 200_001),
        (">= 128,000", 128_000),
        ("<=200k", 0),
        ("200k+", 200_001),
        ("short", 0),
        ("sideways", None),
    ],
)
def test_a_bands_name_says_its_least_context(band: str, floor: int | None) -> None:
    assert band_floor(band) == floor


@pytest.mark.parametrize(
    ("moment", "rate_per_mtok", "why"),
    [
        ("2026-08-16T15:59:59", "0.435", "the second before the change, mid-day UTC, a Sunday"),
        ("2026-08-16T16:00:00", "0.66", "the change itself: Monday 00:00 in Shanghai, off-peak"),
        ("2026-08-17T00:59:59", "0.66", "08:59:59 local"),
        ("2026-08-17T01:00:00", "1.32", "09:00 local on a Monday: peak"),
        ("2026-08-17T04:00:00", "0.66", "12:00 local: the window is half-open"),
        ("2026-08-17T06:00:00", "1.32", "14:00 local: the second span"),
        ("2026-08-17T10:00:00", "0.66", "18:00 local"),
        ("2026-08-22T02:00:00", "0.66", "10:00 local on a Saturday"),
        ("2026-10-01T02:00:00", "0.66", "10:00 local on a Thursday, a holiday"),
        ("2026-10-08T02:00:00", "1.32", "10:00 local on the Thursday after it"),
    ],
)
def test_a_clock_window_follows_local_hours_weekdays_and_holidays(
    prices: PriceBook, moment: str, rate_per_mtok: str, why: str
) -> None:
    call = {
        "provider": "deepseek",
        "model": "deepseek-v4-pro",
        "charge_period_start": _at(moment),
        "input_tokens": 1_000_000,
    }

    assert costs(prices, call) == [usd(rate_per_mtok)], why


def test_hours_that_pass_midnight_belong_to_the_day_they_begin_on(tmp_path: Path) -> None:
    """Fridays 22:00-06:00 UTC: 6 November 2026 is a Friday; Saturday 05:59 still counts, Friday 05:59 does not."""
    body = (
        '[window.night]\ntz = "UTC"\nweekdays = [5]\nhours = ["22:00-06:00"]\n[[model]]\nid = "m"\n'
        'rates = [ { from = 2026-01-01, input = 2 }, { from = 2026-01-01, window = "night", input = 1 } ]'
    )
    moments = ["2026-11-06T05:59", "2026-11-06T22:00", "2026-11-07T05:59", "2026-11-07T06:00"]
    prices = book(tmp_path, openai=body)
    calls = ({"model": "m", "charge_period_start": _at(m), "input_tokens": 1_000_000} for m in moments)

    assert costs(prices, *calls) == [usd("2"), usd("1"), usd("1"), usd("2")]


def test_prices_of_another_day_keep_the_clock_of_the_request(prices: PriceBook) -> None:
    """Priced as of 2026-11-01 (a Sunday midnight), a call of a Monday 10:00 in Shanghai is still at peak: 1.32/M."""
    call = {
        "provider": "deepseek",
        "model": "deepseek-v4-pro",
        "charge_period_start": _at("2026-06-01T02:00:00"),
        "input_tokens": 1_000_000,
    }

    assert costs(prices, call) == [usd("0.435")]
    assert costs(prices, call, price_at=_at("2026-11-01")) == [usd("1.32")]
