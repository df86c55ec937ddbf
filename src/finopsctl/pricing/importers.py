"""Reading other price lists: an installed genai-prices or litellm, OpenRouter's model list, a file in our own format.

Prices are facts; names and structure here are ours. Whatever a list cannot say stays unsaid: a price without a date is
``UNDATED``, a class without a figure is absent.
"""

from __future__ import annotations

import json
import re
import tomllib
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsctl.errors import PricingError, reason_of
from finopsctl.pricing.candidates import UNDATED, Candidate, midnight, pico_per_token, rate_lines
from finopsctl.pricing.names import price_provider
from finopsctl.pricing.price_file import parse
from finopsctl.transport.http import get, is_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

OPENROUTER_URL = "https://openrouter.ai/api/v1/models"
_LITELLM_FILE = "model_prices_and_context_window_backup.json"
_INSTALL = "pip install {}: it is not a dependency of finopsctl."

_GENAI_KEYS = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "input_audio_mtok": "audio_input",
    "output_audio_mtok": "audio_output",
    "input_image_mtok": "image_input",
    "output_image_mtok": "image_output",
}
_LITELLM_KEYS = {
    "input_cost_per_token": "input",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "output_cost_per_token": "output",
    "input_cost_per_audio_token": "audio_input",
    "output_cost_per_audio_token": "audio_output",
}
_LITELLM_TIERS = {"standard": "", "batch": "_batches", "flex": "_flex", "priority": "_priority"}
_LITELLM_BAND = re.compile(r"_above_(\d+)k_tokens")
_LITELLM_KINDS = {"chat": "chat", "responses": "chat", "completion": "completion", "embedding": "embedding"}
_ON_VERTEX = re.compile(r"^claude|-maas$")
_INCLUSIVE_BANDS = frozenset(["xai"])
_OPENROUTER_KEYS = {
    "prompt": "input",
    "completion": "output",
    "input_cache_read": "cache_read",
    "input_cache_write": "cache_write",
}
_OPENROUTER_MAKERS = frozenset(["openai", "anthropic", "google", "xai", "cohere"])
_OPEN_WEIGHTS = re.compile(r"^(gpt-oss|gemma)")


def candidates(source: str) -> tuple[Candidate, ...]:
    """Read a price list.

    Args:
        source: ``genai-prices`` or ``litellm`` (as installed), ``openrouter`` (fetched), or a file or https address in
            our TOML format, in litellm's JSON or in OpenRouter's.

    Raises:
        PricingError: not installed, not readable, or no known format.
        DeliveryError: an address that cannot be fetched.
    """
    named: dict[str, Callable[[], Iterator[Candidate]]] = {
        "genai-prices": _installed_genai,
        "litellm": _installed_litellm,
        "openrouter": lambda: _json(get(OPENROUTER_URL), "openrouter"),
    }
    reader = named.get(source)
    if reader is not None:
        return tuple(reader())
    content = get(source) if is_address(source) else _file(Path(source))
    toml = source.partition("?")[0].endswith(".toml") or content.lstrip()[:1] != b"{"
    return tuple(_toml(content, source) if toml else _json(content, source))


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise PricingError(
            f"{path}: {reason_of(problem)}",
            hint="Name genai-prices, litellm, openrouter, or a file or https address of prices.",
        ) from None


def _installed_genai() -> Iterator[Candidate]:
    try:
        from genai_prices.data import providers
    except ImportError:
        raise PricingError("genai-prices is not installed", hint=_INSTALL.format("genai-prices")) from None
    for provider in providers:
        name = {"aws": "bedrock"}.get(provider.id) or price_provider(provider.id)
        page = (provider.pricing_urls or [None])[0]
        for model in provider.models:
            if model.id.startswith("regional."):
                continue  # a region's price of a model our files list once, with an uplift
            lines = tuple(line for version in _genai_versions(model) for line in version)
            if lines:
                host = "vertex_ai" if name == "google" and _ON_VERTEX.search(model.id) else name
                yield Candidate(host, model.id, lines, context=model.context_window, source=page)


def _genai_versions(model: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - another library's objects
    prices = model.prices if isinstance(model.prices, list) else [None]
    for conditional in prices:
        constraint = getattr(conditional, "constraint", None)
        if hasattr(constraint, "start_time"):
            continue  # a daily window; our own files say weekdays and holidays too
        yield rate_lines(
            _genai_start(constraint), "standard", _genai_rates(getattr(conditional, "prices", model.prices))
        )
    for variant in model.price_variants or ():
        tier = _genai_tier(variant.when)
        if tier is not None:
            yield rate_lines(_genai_start(variant.constraint), tier, _genai_rates(variant.prices))


def _genai_tier(when: Mapping[str, str]) -> str | None:
    tier = when.get("processing") or when.get("service_tier") or when.get("speed")
    return None if len(when) != 1 or tier in {None, "default"} else tier


def _genai_start(constraint: Any) -> datetime:  # noqa: ANN401
    return UNDATED if constraint is None else midnight(constraint.start_date)


def _genai_rates(prices: Any) -> dict[str, dict[int, int]]:  # noqa: ANN401
    rates: dict[str, dict[int, int]] = {}
    for their, key in _GENAI_KEYS.items():
        value = prices.__dict__.get(their)
        if value is None:
            continue
        steps = {0: getattr(value, "base", value), **{t.start + 1: t.price for t in getattr(value, "tiers", ())}}
        rates[key] = {band: int(Decimal(price) * 1_000_000) for band, price in steps.items()}
    return rates


def _installed_litellm() -> Iterator[Candidate]:
    spec = find_spec("litellm")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _LITELLM_FILE
        if path.is_file():
            return _litellm(json.loads(path.read_text(encoding="utf-8")))
    raise PricingError("litellm is not installed", hint=_INSTALL.format("litellm"))


def _json(content: bytes, source: str) -> Iterator[Candidate]:
    try:
        document = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise PricingError(f"{source}: not JSON", hint="Name a price list of litellm or OpenRouter.") from None
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        return _openrouter(document["data"])
    if isinstance(document, dict) and any(isinstance(v, dict) and "litellm_provider" in v for v in document.values()):
        return _litellm(document)
    raise PricingError(f"{source}: no price list that is known", hint="Known: our TOML, litellm's JSON, OpenRouter's.")


def _litellm(document: Mapping[str, Any]) -> Iterator[Candidate]:
    for name, entry in document.items():
        kind = _LITELLM_KINDS.get(str(entry.get("mode"))) if isinstance(entry, dict) else None
        if kind is None:
            continue
        provider = price_provider(str(entry.get("litellm_provider", "")))
        if provider == "self-hosted":
            continue  # listed as free: nobody's list knows what your own machines cost
        rates = _litellm_rates(entry, inclusive=provider in _INCLUSIVE_BANDS)
        if kind == "embedding":
            rates = {tier: {k: v for k, v in keys.items() if k != "output"} for tier, keys in rates.items()}
        lines = tuple(line for tier, keys in rates.items() for line in rate_lines(UNDATED, tier, keys))
        context = entry.get("max_input_tokens")
        if lines:
            yield Candidate(
                provider, name, lines, kind, context if isinstance(context, int) else None, entry.get("source")
            )


def _litellm_rates(entry: Mapping[str, Any], *, inclusive: bool) -> dict[str, dict[str, dict[int, int]]]:
    """Return the figures by service tier, rate key and band; a tier needs an input price of its own to be listed."""
    found: dict[str, dict[str, dict[int, int]]] = {}
    for field, value in entry.items():
        band = _LITELLM_BAND.search(field)
        plain = field.replace(band.group(), "") if band else field
        tier = next((t for t, suffix in _LITELLM_TIERS.items() if suffix and plain.endswith(suffix)), "standard")
        key = _LITELLM_KEYS.get(plain.removesuffix(_LITELLM_TIERS[tier]))
        pico = pico_per_token(value) if key else None
        if key is None or pico is None or (key.startswith("cache") and pico == 0):
            continue
        least = (int(band[1]) * 1000 + (not inclusive)) if band else 0
        found.setdefault(tier, {}).setdefault(key, {})[least] = pico
    return {tier: found[tier] for tier in _LITELLM_TIERS if "input" in found.get(tier, {})}


def _openrouter(models: list[Any]) -> Iterator[Candidate]:
    """Only makers that serve their models themselves: for open weights the list shows what other hosts charge."""
    for entry in models:
        if not isinstance(entry, dict) or not isinstance(entry.get("pricing"), dict):
            continue
        maker, _, name = str(entry.get("id", "")).partition("/")
        provider = price_provider(maker)
        if provider not in _OPENROUTER_MAKERS or ":" in name or _OPEN_WEIGHTS.match(name):
            continue
        figures = {key: pico_per_token(entry["pricing"].get(their)) for their, key in _OPENROUTER_KEYS.items()}
        rates = {k: {0: v} for k, v in figures.items() if v is not None and not (k.startswith("cache") and v == 0)}
        context = entry.get("context_length")
        if "input" in rates:
            lines = rate_lines(UNDATED, "standard", rates)
            yield Candidate(provider, name, lines, "chat", context if isinstance(context, int) else None)


def _toml(content: bytes, source: str) -> Iterator[Candidate]:
    try:
        document = tomllib.loads(content.decode("utf-8-sig"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise PricingError(
            f"{source}: neither a price file in TOML nor a JSON price list: {problem}",
            hint="Known: our TOML, litellm's JSON, OpenRouter's.",
        ) from None
    prices = parse(document, source)
    if prices.currency != "USD":
        raise PricingError(
            f"{source}: prices are in {prices.currency}", hint="Use it with --prices instead: only USD can be compared."
        )
    for model in prices.models.values():
        page = model.source or (prices.urls[0] if prices.urls else None)
        if model.rates:
            yield Candidate(prices.provider, model.id, model.rates, model.kind, model.context, page)
