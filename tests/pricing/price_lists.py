"""Two open price lists to compare ours with: what each charges for one usage, as its own code works it out.

Both are optional; importing litellm takes seconds and must not reach for the network.
"""

from __future__ import annotations

import os
import random
import warnings
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.pricing import catalog
from finopsctl.pricing.models import Resolver
from finopsctl.pricing.names import spellings
from finopsctl.pricing.rating import rate
from finopsctl.pricing.resolution import Names
from finopsctl.pricing.timeline import versions
from pricing.price_files import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from finopsctl.pricing.book import PriceBook

TODAY = datetime(2026, 11, 22, tzinfo=UTC)
"""The day the catalogue was compared: a Sunday, off-peak at DeepSeek."""

GENAI = {
    "openai": "openai", "anthropic": "anthropic", "google": "google", "xai": "x-ai", "mistral": "mistral",
    "deepseek": "deepseek", "groq": "groq", "cohere": "cohere", "voyage": "voyageai", "bedrock": "aws",
    "vertex_ai": "google", "azure": "azure",
}  # fmt: skip
LITELLM = {
    "openai": "", "anthropic": "", "google": "gemini/", "xai": "xai/", "mistral": "mistral/", "deepseek": "deepseek/",
    "groq": "groq/", "cohere": "", "voyage": "voyage/", "bedrock": "", "vertex_ai": "vertex_ai/", "azure": "azure/",
}  # fmt: skip
TIERS = ("standard", "standard", "standard", "batch", "batch", "flex", "priority")


@dataclass(frozen=True, slots=True)
class Usage:
    """One drawn request; the token classes do not overlap."""

    provider: str
    model: str
    when: datetime
    tier: str
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int

    @property
    def prompt(self) -> int:
        """All input tokens."""
        return self.input + self.cache_read + self.cache_write + self.cache_write_1h


@cache
def book() -> PriceBook:
    """Return the catalogue that comes with the program."""
    return catalog.load(base=catalog.catalogue_folder())


@cache
def genai() -> dict[str, Any]:
    """Return genai-prices' providers by its own ids; skips the test where it is not installed."""
    data = pytest.importorskip("genai_prices.data", reason="the extra `crosscheck` is not installed")
    return {provider.id: provider for provider in data.providers}


@cache
def litellm() -> Any:
    """Return litellm with the price map it ships; skips the test where it is not installed."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = pytest.importorskip("litellm", reason="the extra `crosscheck` is not installed")
    library.suppress_debug_info = True
    return library


def litellm_entry(provider: str, model: str) -> dict[str, Any] | None:
    """Return what litellm's map holds for a model, None when it is not listed."""
    costs = litellm().model_cost
    entry = costs.get(LITELLM[provider] + model)
    kinds = {"chat", "responses", "completion", "embedding"}
    found: dict[str, Any] | None = entry if entry is not None and entry.get("mode") in kinds else None
    return found


def genai_model(provider: str, model: str) -> Any:
    """Return genai-prices' model, None when it is not listed."""
    return genai()[GENAI[provider]].find_model(model, all_providers=list(genai().values()))


@cache
def comparable() -> tuple[tuple[str, str], ...]:
    """Return every (provider, name) that we price and at least one of the other lists does, by their spellings."""
    names = Names(book())
    listed = {(p, i) for p, g in GENAI.items() if p not in {"vertex_ai", "azure"} for i in _genai_names(g)}
    for provider, prefix in LITELLM.items():
        listed |= {(provider, key.removeprefix(prefix)) for key in litellm().model_cost if _belongs(provider, key)}
    found = []
    for provider, model in sorted(listed):
        resolved = names.resolve(provider, model)
        if resolved.name is not None and not resolved.flagged and resolved.price_provider == provider:
            found.append((provider, model))
    return tuple(found)


def _genai_names(provider: str) -> list[str]:
    return [model.id for model in genai()[provider].models if not model.id.startswith("regional.")]


def _belongs(provider: str, key: str) -> bool:
    theirs = str(litellm().model_cost[key].get("litellm_provider", ""))
    own = {
        "google": theirs == "gemini",
        "cohere": theirs in {"cohere", "cohere_chat"},
        "bedrock": theirs in {"bedrock", "bedrock_converse"} and "/" not in key,
        "vertex_ai": theirs.startswith("vertex_ai") and key.startswith("vertex_ai/"),
        "azure": theirs == "azure" and key.startswith("azure/"),
    }
    return own.get(provider, theirs == provider and key.startswith(LITELLM[provider]))


def drawn(count: int, seed: int) -> list[Usage]:
    """Draw requests: any comparable model, 2024 to the day of comparison, caches and service tiers it sells."""
    chance = random.Random(seed)
    names = Names(book())
    usages: list[Usage] = []
    while len(usages) < count:
        provider, model = chance.choice(comparable())
        sold = versions(book().providers, provider, str(names.resolve(provider, model).name))
        if not sold:
            continue  # billed by the piece
        keys = {key for version in sold for line in version.lines for key in line.rates}
        size = chance.choice([1_000, 30_000, 99_999, 150_000, 200_000, 250_000, 272_001, 400_000])
        part = {
            key: chance.randint(0, size // 3) for key in ("cache_read", "cache_write", "cache_write_1h") if key in keys
        }
        part = part if chance.random() < 0.6 else dict.fromkeys(part, 0)
        epoch = datetime(2024, 1, 1, tzinfo=UTC)
        launch = max(epoch, min(version.start for version in sold))
        since = chance.choice([launch, launch, max(launch, TODAY - timedelta(days=60)), epoch])
        when = since + (TODAY - since) * chance.random()
        usages.append(
            Usage(
                provider,
                model,
                when.replace(microsecond=0),
                chance.choice([tier for tier in TIERS if tier in {v.service_tier for v in sold}]),
                size - sum(part.values()),
                part.get("cache_read", 0),
                part.get("cache_write", 0),
                part.get("cache_write_1h", 0),
                chance.randint(1, 4_000) if "output" in keys else 0,
            )
        )
    return usages


def ours(usages: Sequence[Usage], price_at: datetime | None = None) -> pl.DataFrame:
    """Return list_cost of each, by our engine; null where we have no price for that day."""
    frame = rows(
        *(
            {
                "provider": u.provider,
                "model": u.model,
                "charge_period_start": u.when,
                "service_tier": u.tier,
                "input_tokens": u.input,
                "cache_read_tokens": u.cache_read,
                "cache_write_tokens": u.cache_write,
                "cache_write_1h_tokens": u.cache_write_1h,
                "output_tokens": u.output,
            }
            for u in usages
        )
    )
    return rate(frame, Resolver(book()), price_at=price_at)


def by_genai(usage: Usage, *, tier: str | None = None) -> Decimal | None:
    """Return the cost by genai-prices, None when it does not list the model."""
    from genai_prices.types import Usage as Theirs

    model = genai_model(usage.provider, usage.model)
    if model is None:
        return None
    tier = tier or usage.tier
    key = "processing" if tier == "batch" else "service_tier"
    written = usage.cache_write + usage.cache_write_1h
    counted = {
        "input_tokens": usage.prompt,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": written,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "output_tokens": usage.output,
    }
    provider = next(p for p in genai().values() if any(m is model for m in p.models))
    price = model.calc_price(
        Theirs(**{name: value for name, value in counted.items() if value}),
        provider,
        genai_request_timestamp=usage.when,
        price_context=None if tier == "standard" else {key: tier},
    )
    total: Decimal = price.total_price
    return total


def genai_bands(usage: Usage) -> bool:
    """Say whether genai-prices has a long-context price of the model on that day."""
    prices = genai_model(usage.provider, usage.model).get_prices(usage.when)
    return any(hasattr(price, "tiers") for price in prices.__dict__.values())


def by_litellm(usage: Usage, *, tier: str | None = None) -> Decimal | None:
    """Return the cost by litellm, to 12 decimals; None when it does not list the model."""
    if litellm_entry(usage.provider, usage.model) is None:
        return None
    from litellm.cost_calculator import batch_cost_calculator, cost_per_token
    from litellm.types.utils import CacheCreationTokenDetails, PromptTokensDetailsWrapper
    from litellm.types.utils import Usage as Theirs

    written = usage.cache_write + usage.cache_write_1h
    details = PromptTokensDetailsWrapper(
        cached_tokens=usage.cache_read,
        cache_creation_tokens=written,
        cache_creation_token_details=CacheCreationTokenDetails(
            ephemeral_5m_input_tokens=usage.cache_write, ephemeral_1h_input_tokens=usage.cache_write_1h
        ),
    )
    counted = Theirs(
        prompt_tokens=usage.prompt,
        completion_tokens=usage.output,
        total_tokens=usage.prompt + usage.output,
        prompt_tokens_details=details,
        cache_creation_input_tokens=written,
        cache_read_input_tokens=usage.cache_read,
    )
    name = LITELLM[usage.provider] + usage.model
    provider = str(litellm().model_cost[name]["litellm_provider"])
    provider = "vertex_ai" if provider.startswith("vertex_ai") else provider
    tier = tier or usage.tier
    if tier == "batch":
        parts = batch_cost_calculator(counted, model=name, custom_llm_provider=provider)
    else:
        parts = cost_per_token(
            model=name,
            custom_llm_provider=provider,
            usage_object=counted,
            prompt_tokens=usage.prompt,
            completion_tokens=usage.output,
            service_tier=None if tier == "standard" else tier,
            call_type="completion" if usage.output else "embedding",
        )
    return Decimal(repr(round(sum(parts), 12)))


def at(usage: Usage, **changes: Any) -> Usage:
    """Return the usage with some fields changed."""
    return replace(usage, **changes)


def region_in_name(usage: Usage) -> str | None:
    """Return the region a cloud's model id states."""
    return spellings(usage.provider, usage.model, book().providers[usage.provider].strip)[1]
