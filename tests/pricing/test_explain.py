"""An explanation shows the price line used and the arithmetic of every part."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from finopsctl.pricing import rating
from finopsctl.pricing.models import Resolver
from pricing.price_files import DEEPSEEK, GPT_4O, SONNET, book, rows, usd

if TYPE_CHECKING:
    from pathlib import Path


def test_an_explanation_names_the_line_and_multiplies_out(tmp_path: Path) -> None:
    """1,000 x 2.50/M = 0.0025, 100 x 10/M = 0.001, 2 searches x 0.01 = 0.02: 0.0235."""
    call = {
        "model": "gpt-4o",
        "input_tokens": 1_000,
        "output_tokens": 100,
        "consumed_quantity": 2.0,
        "consumed_unit": "web_search",
    }
    found = rating.explain(rows(call), Resolver(book(tmp_path, openai=GPT_4O)))[0]

    assert found["price"]["priced_as"] == "openai/gpt-4o-2024-08-06"
    assert found["price"]["from"] == datetime(2024, 10, 2, tzinfo=UTC)
    assert found["price"]["rates"]["output"] == 10
    assert [part["cost"] for part in found["parts"]] == [usd("0.0025"), usd("0.001"), usd("0.02")]
    assert found["list_cost"] == sum((part["cost"] for part in found["parts"]), Decimal(0)) == usd("0.0235")


def test_an_explanation_shows_band_and_window(tmp_path: Path) -> None:
    resolver = Resolver(book(tmp_path, anthropic=SONNET, deepseek=DEEPSEEK))
    long = {
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "input_tokens": 300_000,
        "charge_period_start": datetime(2026, 3, 1, tzinfo=UTC),
    }
    peak = {
        "provider": "deepseek",
        "model": "deepseek-v4-pro",
        "input_tokens": 1,
        "charge_period_start": datetime(2026, 8, 17, 2, tzinfo=UTC),
    }
    first, second = rating.explain(rows(long, peak), resolver)

    assert (first["price"]["over"], first["price"]["window"]) == (200_000, None)
    assert (second["price"]["over"], second["price"]["window"]) == (None, "peak")


def test_an_explanation_of_an_unpriced_record_says_why(tmp_path: Path) -> None:
    found = rating.explain(rows({"model": "gpt-9", "input_tokens": 1}), Resolver(book(tmp_path, openai=GPT_4O)))[0]

    assert (found["price"], found["parts"], found["list_cost"]) == (None, [], None)
    assert found["reason"] == "unknown model"
