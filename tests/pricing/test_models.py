"""Logged names find their listed model, or are left unpriced; nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from finopsctl.pricing import rating
from finopsctl.pricing.models import Resolver, resolve
from pricing.price_files import GPT_4O, SONNET, book, costs, rate, rows, usd

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from finopsctl.pricing.book import PriceBook

LINE = "rates = [ { from = 2024-01-01, input = 1.00, output = 2.00 } ]"
RESELLER = """
strip = ["bedrock/"]
uplift = { regional = 1.10 }
[[model]]
id = "anthropic.claude-sonnet-4-6"
like = "anthropic/claude-sonnet-4-6"
"""


@pytest.fixture
def prices(tmp_path: Path) -> PriceBook:
    def model(name: str, extra: str = "") -> str:
        return f'[[model]]\nid = "{name}"\n{extra}{LINE}\n'

    return book(
        tmp_path,
        openai=GPT_4O
        + model("ft:gpt-4o-mini-2024-07-18")
        + model("gpt-4o-mini")
        + model("gpt-5-glob", 'match = ["gpt-5-*"]\n'),
        anthropic=SONNET + model("claude-haiku-4-5") + model("claude-3-5-sonnet"),
        bedrock=RESELLER + model("amazon.nova-pro-v1:0"),
        azure='[[model]]\nid = "gpt-4o"\nlike = "openai/gpt-4o-2024-08-06"\n',
        vertex_ai='[[model]]\nid = "claude-3-5-sonnet"\nlike = "anthropic/claude-3-5-sonnet"\n',
        google='strip = ["gemini/", "models/"]\n' + model("gemini-2.5-pro"),
        groq=model("openai/gpt-oss-120b"),
        self__hosted=model("llama-3.3-70b", 'match = ["meta-llama/Llama-3.3-70B-Instruct"]\n'),
    )


def _one(
    prices: PriceBook, provider: str, model: str, deployments: Mapping[str, str] | None = None
) -> tuple[str, str | None]:
    found = resolve(pl.DataFrame({"provider": [provider], "model": [model]}), prices, deployments)
    return found["price_provider"].item(), found["listed_as"].item()


@pytest.mark.parametrize(
    ("provider", "model", "listed"),
    [
        ("openai", "gpt-4o-2024-08-06", ("openai", "gpt-4o-2024-08-06")),
        ("openai", "openai/gpt-4o", ("openai", "gpt-4o")),
        ("openai", "GPT-4o-Mini", ("openai", "gpt-4o-mini")),
        ("openai", "gpt-5-anything", ("openai", "gpt-5-glob")),
        ("openai", "gpt-4o-mini-2024-07-18", ("openai", "gpt-4o-mini")),
        ("openai", "ft:gpt-4o-mini-2024-07-18:org::id", ("openai", "ft:gpt-4o-mini-2024-07-18")),
        ("anthropic", "claude-sonnet-4.6", ("anthropic", "claude-sonnet-4-6")),
        ("anthropic", "Claude Haiku 4.5", ("anthropic", "claude-haiku-4-5")),
        ("anthropic", "claude-haiku-4-5-20251001", ("anthropic", "claude-haiku-4-5")),
        ("anthropic", "claude-3-5-sonnet-latest", ("anthropic", "claude-3-5-sonnet")),
        ("unknown", "anthropic/claude-sonnet-4-6", ("anthropic", "claude-sonnet-4-6")),
        ("unknown", "claude-sonnet-4-6", ("anthropic", "claude-sonnet-4-6")),
        ("openrouter", "openrouter/anthropic/claude-sonnet-4.6", ("anthropic", "claude-sonnet-4-6")),
        ("litellm_proxy", "azure/gpt-4o", ("azure", "gpt-4o")),
        ("gemini", "gemini/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("unknown", "models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("groq", "openai/gpt-oss-120b", ("groq", "openai/gpt-oss-120b")),
        ("unknown", "groq/openai/gpt-oss-120b", ("groq", "openai/gpt-oss-120b")),
        ("hosted_vllm", "hosted_vllm/meta-llama/Llama-3.3-70B-Instruct", ("self-hosted", "llama-3.3-70b")),
        ("bedrock", "us.anthropic.claude-sonnet-4-6-20260217-v1:0", ("bedrock", "anthropic.claude-sonnet-4-6")),
        (
            "bedrock_converse",
            "bedrock/us-east-1/anthropic.claude-sonnet-4-6",
            ("bedrock", "anthropic.claude-sonnet-4-6"),
        ),
        ("unknown", "eu.amazon.nova-pro-v1:0", ("bedrock", "amazon.nova-pro-v1:0")),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-sonnet-4-6-v1:0",
            ("bedrock", "anthropic.claude-sonnet-4-6"),
        ),
        ("azure", "azure/eu/gpt-4o", ("azure", "gpt-4o")),
        ("azure", "azure/us-gov/gpt-4o", ("azure", "gpt-4o")),
        ("bedrock", "bedrock/us-gov-east-1/claude-sonnet-4-6-v1:0", ("bedrock", "anthropic.claude-sonnet-4-6")),
        ("vertex_ai-anthropic_models", "vertex_ai/claude-3-5-sonnet@20240620", ("vertex_ai", "claude-3-5-sonnet")),
        ("vertex_ai", "publishers/anthropic/models/claude-3-5-sonnet", ("vertex_ai", "claude-3-5-sonnet")),
    ],
)
def test_a_logged_name_finds_its_listed_model(
    prices: PriceBook, provider: str, model: str, listed: tuple[str, str]
) -> None:
    assert _one(prices, provider, model) == listed


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-9"),
        ("openai", "gpt-9-2026-01-01"),
        ("openai", "ft:gpt-4o-2024-08-06:org::id"),
        ("azure", "my-deployment"),
        ("groq", "gpt-4o"),
        ("bedrock", "anthropic/claude-sonnet-9"),
        ("together_ai", "openai/gpt-oss-120b"),
        ("unknown", "llama-3.3-70b"),
        ("openai", "gpt-4o-2024-13-45"),
        ("openai", " "),
    ],
)
def test_a_name_nobody_lists_is_not_guessed(prices: PriceBook, provider: str, model: str) -> None:
    assert _one(prices, provider, model)[1] is None


def test_a_name_two_makers_list_is_not_guessed(tmp_path: Path) -> None:
    twins = f'[[model]]\nid = "twin"\n{LINE}'
    prices = book(tmp_path, openai=twins, mistral=twins)

    assert _one(prices, "unknown", "twin")[1] is None


@pytest.mark.parametrize("key", ["azure/gpt4o-prod", "gpt4o-prod"])
def test_a_deployment_is_what_its_map_says(prices: PriceBook, key: str) -> None:
    assert _one(prices, "azure", "azure/gpt4o-prod", {"azure/gpt4o-prod": "azure/gpt-4o", key: "azure/gpt-4o"}) == (
        "azure",
        "gpt-4o",
    )


def test_an_application_inference_profile_is_what_its_map_says(prices: PriceBook) -> None:
    arn = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123"

    assert (
        _one(prices, "bedrock", arn, {arn: "bedrock/anthropic.claude-sonnet-4-6"})[1] == "anthropic.claude-sonnet-4-6"
    )
    assert (
        _one(prices, "bedrock", arn, {"abc123": "bedrock/anthropic.claude-sonnet-4-6"})[1]
        == "anthropic.claude-sonnet-4-6"
    )


def test_a_bare_map_key_leaves_other_providers_own_models_alone(prices: PriceBook) -> None:
    assert _one(prices, "openai", "gpt-4o-mini", {"gpt-4o-mini": "azure/gpt-4o"}) == ("openai", "gpt-4o-mini")


def test_a_map_that_leads_to_itself_ends(prices: PriceBook) -> None:
    assert _one(prices, "unknown", "x", {"x": "litellm_proxy/x"})[1] is None


def test_a_moving_name_means_what_it_meant_at_the_time(prices: PriceBook) -> None:
    """1,000 in and 100 out: 5/15 in September 2024 is 0.0065; 2.5/10 in November 2024 is 0.0035."""
    september = {
        "model": "gpt-4o",
        "input_tokens": 1000,
        "output_tokens": 100,
        "charge_period_start": datetime(2024, 9, 1, tzinfo=UTC),
    }
    november = {**september, "charge_period_start": datetime(2024, 11, 1, tzinfo=UTC)}
    found = rate(prices, september, november)

    assert found["list_cost"].to_list() == [usd("0.0065"), usd("0.0035")]
    assert found["canonical_model"].to_list() == ["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"]
    assert found["model_tier"].to_list() == [None, "standard"]


def test_an_unknown_snapshot_has_no_price_before_the_day_in_its_name(prices: PriceBook) -> None:
    later = {"model": "gpt-4o-2099-01-01", "input_tokens": 1000}
    found = rating.rated(rows(later), Resolver(prices))

    assert found.frame["list_cost"].to_list() == [None]
    assert found.frame["canonical_model"].to_list() == [None]
    assert found.tally.unpriced["reason"].to_list() == ["unknown snapshot"]


def test_an_unknown_snapshot_of_a_listed_model_is_priced_as_it_and_flagged(prices: PriceBook) -> None:
    """1,000 x 2.50/M = 0.0025: the alias's model of the request's day."""
    found = rating.rated(rows({"model": "gpt-4o-2026-01-01", "input_tokens": 1000}), Resolver(prices))

    assert found.frame["list_cost"].to_list() == [usd("0.0025")]
    assert [finding.code for finding in found.tally.findings()] == ["unknown_snapshot", "standard_tier_assumed"]


def test_the_snapshot_a_model_was_launched_with_is_no_news(prices: PriceBook) -> None:
    found = resolve(pl.DataFrame({"provider": ["openai"], "model": ["gpt-4o-2024-05-14"]}), prices)

    assert found["unknown_snapshot"].to_list() == [False]


def test_a_reseller_sells_at_the_makers_history_and_the_makers_name(prices: PriceBook) -> None:
    """Bedrock like claude-sonnet-4-6: 300,000 tokens in February at 6.00/M = 1.80, in November at 3.00/M = 0.90."""
    february = {
        "provider": "bedrock",
        "model": "global.anthropic.claude-sonnet-4-6-v1:0",
        "input_tokens": 300_000,
        "charge_period_start": datetime(2026, 2, 20, tzinfo=UTC),
    }
    found = rate(prices, february, {**february, "charge_period_start": datetime(2026, 11, 1, tzinfo=UTC)})

    assert found["list_cost"].to_list() == [usd("1.8"), usd("0.9")]
    assert found["canonical_model"].to_list() == ["claude-sonnet-4-6"] * 2


@pytest.mark.parametrize(
    ("model", "region", "cost"),
    [
        ("anthropic.claude-sonnet-4-6", None, "3"),
        ("anthropic.claude-sonnet-4-6", "us-east-1", "3.3"),
        ("us.anthropic.claude-sonnet-4-6", None, "3.3"),
        ("global.anthropic.claude-sonnet-4-6", "us-east-1", "3"),
        ("bedrock/eu-west-1/anthropic.claude-sonnet-4-6", None, "3.3"),
        ("anthropic.claude-sonnet-4-6", "Global", "3"),
    ],
)
def test_a_regional_endpoint_costs_ten_per_cent_more_than_the_global_one(
    prices: PriceBook, model: str, region: str | None, cost: str
) -> None:
    """1M input tokens at 3.00/M, times 1.10 where the region in the name, or else the row's, is not a global one."""
    row = {"provider": "bedrock", "model": model, "region": region, "input_tokens": 1_000_000}

    assert costs(prices, row) == [usd(cost)]


def test_a_models_own_uplift_is_not_the_resellers(prices: PriceBook) -> None:
    """Anthropic's inference_geo us: 1M x 3.00 x 1.10 = 3.30; eu has none."""
    us = {"provider": "anthropic", "model": "claude-sonnet-4-6", "region": "us", "input_tokens": 1_000_000}

    assert costs(prices, us, {**us, "region": "eu"}) == [usd("3.3"), usd("3")]


def test_an_uplift_holds_from_its_day_on(tmp_path: Path) -> None:
    """1M x 1.00 before 2026-06-01, x 1.20 after."""
    body = f'[[model]]\nid = "m"\nuplift = {{ eu = {{ factor = 1.20, from = 2026-06-01 }} }}\n{LINE}'
    prices = book(tmp_path, openai=body)
    row = {"model": "m", "region": "EU", "input_tokens": 1_000_000}
    may, june = (datetime(2026, month, 31 if month == 5 else 1, tzinfo=UTC) for month in (5, 6))

    assert costs(prices, {**row, "charge_period_start": may}, {**row, "charge_period_start": june}) == [
        usd("1"),
        usd("1.2"),
    ]


def test_a_reseller_may_sell_some_tiers_and_price_one_itself(tmp_path: Path) -> None:
    azure = (
        '[[model]]\nid = "gpt-4o"\nlike = "openai/gpt-4o-2024-08-06"\ntiers = ["standard"]\n'
        'rates = [ { from = 2025-01-01, service_tier = "priority", input = 4.00 } ]'
    )
    prices = book(tmp_path, openai=GPT_4O, azure=azure)
    row = {"provider": "azure", "model": "gpt-4o", "input_tokens": 1_000_000}

    assert costs(prices, *({**row, "service_tier": tier} for tier in ("standard", "priority", "batch"))) == [
        usd("2.5"),
        usd("4"),
        None,
    ]


def test_a_resolver_learns_new_names_without_forgetting_old_ones(prices: PriceBook) -> None:
    resolver = Resolver(prices)
    first = rows({"model": "gpt-4o", "input_tokens": 1_000_000})
    second = rows({"provider": "anthropic", "model": "claude-haiku-4-5", "input_tokens": 1_000_000})

    assert [rating.rate(frame, resolver)["list_cost"].item() for frame in (first, second, first)] == [
        usd("2.5"),
        usd("1"),
        usd("2.5"),
    ]
