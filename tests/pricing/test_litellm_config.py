"""LiteLLM's config.yaml names deployments and custom prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finopsctl.errors import PricingError
from finopsctl.pricing import catalog, litellm_config, rating
from finopsctl.pricing.models import Resolver
from pricing.price_files import GPT_4O, NOON, book, rows, usd

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

CONFIG = """
model_list:
  - model_name: gpt-4o-eu
    litellm_params:
      model: azure/gpt4o-prod-eu
      api_base: os.environ/AZURE_API_BASE
      api_key: os.environ/AZURE_API_KEY
    model_info:
      id: dep-1
      base_model: azure/gpt-4o
  - model_name: llama
    litellm_params:
      model: hosted_vllm/meta-llama/Llama-3.3-70B-Instruct
      input_cost_per_token: 1.1e-7
      output_cost_per_token: 0.00000044
      cache_read_input_token_cost: 2e-8
    model_info: {mode: chat}
  - model_name: committed
    litellm_params: {model: azure/committed}
    model_info:
      base_model: azure/gpt-4o
      input_cost_per_token: 0.000002
      output_cost_per_token: 0.000008
      input_cost_per_token_batches: 0.000001
      input_cost_per_token_above_200k_tokens: 0.000004
  - model_name: "openai/*"
    litellm_params: {model: "openai/*"}
general_settings: {master_key: sk-secret}
"""


@pytest.fixture
def config(tmp_path: Path) -> litellm_config.LiteLLMConfig:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return litellm_config.read(path)


def _cost(tmp_path: Path, config: litellm_config.LiteLLMConfig, **record: object) -> Decimal | None:
    listed = book(
        tmp_path / "prices", openai=GPT_4O, azure='[[model]]\nid = "gpt-4o"\nlike = "openai/gpt-4o-2024-08-06"\n'
    )
    resolver = Resolver(catalog.overlay(listed, config.prices), config.deployments)
    cost: Decimal | None = rating.rate(rows(record), resolver)["list_cost"].item()
    return cost


@pytest.mark.parametrize(
    ("provider", "model"),
    [("azure", "azure/gpt4o-prod-eu"), ("azure", "gpt4o-prod-eu"), ("unknown", "gpt-4o-eu"), ("azure", "dep-1")],
)
def test_a_deployment_is_priced_as_its_base_model(
    tmp_path: Path, config: litellm_config.LiteLLMConfig, provider: str, model: str
) -> None:
    assert _cost(tmp_path, config, provider=provider, model=model, input_tokens=1_000_000) == usd("2.5")


def test_deployments_are_named_with_their_provider(config: litellm_config.LiteLLMConfig) -> None:
    assert config.deployments["gpt-4o-eu"] == "azure/gpt-4o"
    assert config.deployments["llama"] == "self-hosted/meta-llama/Llama-3.3-70B-Instruct"


def test_custom_prices_are_exact_and_hold_since_ever(tmp_path: Path, config: litellm_config.LiteLLMConfig) -> None:
    """1M in x 0.11/M + 1M read x 0.02/M + 1M out x 0.44/M = 0.57, in 2001 too."""
    usage = dict.fromkeys(("input_tokens", "cache_read_tokens", "output_tokens"), 1_000_000)
    model = "hosted_vllm/meta-llama/Llama-3.3-70B-Instruct"

    assert _cost(
        tmp_path, config, provider="hosted_vllm", model=model, charge_period_start=NOON.replace(year=2001), **usage
    ) == usd("0.57")


@pytest.mark.parametrize(
    ("tier", "tokens", "cost"),
    [("standard", 100_000, "0.2"), ("standard", 300_000, "1.2"), ("batch", 100_000, "0.1"), ("priority", 1, None)],
)
def test_custom_prices_have_tiers_and_bands(
    tmp_path: Path, config: litellm_config.LiteLLMConfig, tier: str, tokens: int, cost: str | None
) -> None:
    """100,000 x 2/M; 300,000 x 4/M over 200k; batch 100,000 x 1/M; what is not written has no price."""
    found = _cost(tmp_path, config, provider="azure", model="azure/committed", service_tier=tier, input_tokens=tokens)

    assert found == (None if cost is None else usd(cost))


def test_a_deployment_with_two_prices_has_none(tmp_path: Path) -> None:
    entry = "  - {{model_name: m, litellm_params: {{model: vllm/x, input_cost_per_token: {}}}}}\n"
    path = tmp_path / "config.yaml"
    path.write_text("model_list:\n" + entry.format("1.0e-6") + entry.format("2.0e-6"), encoding="utf-8")
    found = litellm_config.read(path)

    assert found.prices == ()
    assert [finding.code for finding in found.findings] == ["custom_price_clash"]


def test_a_group_name_of_several_models_means_none_of_them(tmp_path: Path) -> None:
    entry = "  - {{model_name: fast, litellm_params: {{model: {}}}}}\n"
    path = tmp_path / "config.yaml"
    path.write_text("model_list:\n" + entry.format("openai/a") + entry.format("azure/b"), encoding="utf-8")

    assert "fast" not in litellm_config.read(path).deployments


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not valid YAML"),
        ("general_settings: {}", "no model_list"),
        ("model_list:\n  - {model_name: m, litellm_params: {model: a/b, input_cost_per_token: cheap}}", "not a number"),
        ("model_list:\n  - {model_name: m, litellm_params: {model: a/b, input_cost_per_token: -1}}", "not a price"),
    ],
)
def test_a_bad_configuration_names_the_file(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(PricingError, match=words) as caught:
        litellm_config.read(path)

    assert "config.yaml" in caught.value.message
