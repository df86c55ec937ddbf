"""LiteLLM's own ``config.yaml``: which deployment is which model, and the prices written into it.

Read from ``model_list``: ``model_name`` (what clients ask for), ``litellm_params.model`` (``provider/deployment``),
``model_info.base_model`` (what an Azure deployment really is), ``model_info.id``, and custom prices per token in
``model_info`` or ``litellm_params`` (https://docs.litellm.ai/docs/proxy/custom_pricing). Nothing else in the file is
looked at: keys and secrets stay where they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from finopsctl.errors import PricingError, reason_of
from finopsctl.pricing.book import Model, ProviderPrices
from finopsctl.pricing.names import prefix_provider, price_provider
from finopsctl.pricing.price_file import price_line
from finopsctl.pricing.price_values import Place
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from finopsctl.pricing.book import RateLine

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when a price without a date of its own holds."""

_RATES = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_audio_token": "audio_input",
    "output_cost_per_audio_token": "audio_output",
    "input_cost_per_image_token": "image_input",
    "output_cost_per_image_token": "image_output",
}
_TIERS = {"": "standard", "_batches": "batch", "_flex": "flex", "_priority": "priority"}
_RATE_KEY = re.compile(r"^(?P<rate>.*?)(?:_above_(?P<over>\d+)k_tokens)?(?P<tier>_batches|_flex|_priority)?$")
_KINDS = {"chat": "chat", "completion": "completion", "embedding": "embedding", "rerank": "rerank", "responses": "chat"}


@dataclass(frozen=True, slots=True, eq=False)
class LiteLLMConfig:
    """What a LiteLLM configuration says about prices.

    Args:
        deployments: Model names, deployments and their ids -> ``provider/model``, for a ``models.Resolver``.
        prices: Custom prices, to lay over a book with ``catalog.overlay``.
        findings: Prices that could not be used.
    """

    deployments: Mapping[str, str]
    prices: tuple[ProviderPrices, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    provider: str
    deployment: str
    base: str | None
    info_id: str | None
    kind: str | None
    lines: tuple[RateLine, ...]

    @property
    def target(self) -> str:
        """The listed model it is priced as: itself where it has own prices, else its base model."""
        own = f"{self.provider}/{self.deployment}"
        return own if self.lines or self.base is None else self.base


def read(path: Path, *, since: datetime = BEGINNING) -> LiteLLMConfig:
    """Read a LiteLLM ``config.yaml``.

    Args:
        path: The file.
        since: From when its custom prices hold.

    Raises:
        PricingError: unreadable, not YAML, or without a model_list; a price that is no number.
    """
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise PricingError(f"{path}: {reason_of(problem)}", hint="Name LiteLLM's config.yaml.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise PricingError(f"{path}: not valid YAML: {str(problem).splitlines()[0]}") from None
    entries = document.get("model_list") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise PricingError(f"{path}: has no model_list", hint="Name the configuration LiteLLM is started with.")
    place = Place(str(path))
    found = [_entry(place, number, entry, since) for number, entry in enumerate(entries, start=1)]
    known = [entry for entry in found if entry is not None]
    return LiteLLMConfig(MappingProxyType(_deployments(known)), _prices(place, known), tuple(place.findings))


def _entry(place: Place, number: int, table: object, since: datetime) -> _Entry | None:
    where = f"model_list entry {number}"
    table = table if isinstance(table, dict) else {}
    params = table.get("litellm_params") or {}
    info = table.get("model_info") or {}
    model = params.get("model")
    if not isinstance(model, str) or "*" in model:
        return None
    head, slash, rest = model.partition("/")
    stated = params.get("custom_llm_provider")
    provider, deployment = (price_provider(head), rest) if slash and not stated else (price_provider(stated), model)
    base = info.get("base_model") or params.get("base_model")
    info_id = info.get("id")
    return _Entry(
        name=str(table.get("model_name") or model),
        provider=provider,
        deployment=deployment,
        base=_base(provider, str(base)) if base else None,
        info_id=str(info_id) if info_id else None,
        kind=_KINDS.get(str(info.get("mode"))),
        lines=_lines(place, where, {**params, **info}, since),
    )


def _base(provider: str, base: str) -> str:
    """Return the base model with its provider; one without a provider is sold by the deployment's own."""
    head, slash, _ = base.partition("/")
    return base if slash and prefix_provider(head) else f"{provider}/{base}"


def _lines(place: Place, where: str, settings: Mapping[str, Any], since: datetime) -> tuple[RateLine, ...]:
    rates: dict[tuple[str, int], dict[str, Decimal]] = {}
    for key, value in settings.items():
        match = _RATE_KEY.match(key)
        if match is None or match["rate"] not in _RATES or value is None:
            continue
        slot = (_TIERS[match["tier"] or ""], int(match["over"] or 0) * 1000)
        rates.setdefault(slot, {})[_RATES[match["rate"]]] = _price(place, where, key, value)
    return tuple(
        price_line(
            place,
            where,
            {"from": since, "service_tier": tier, **({"over": over} if over else {}), **_whole(rates, tier, over)},
            per=1,
            inherited=("LiteLLM configuration", None),
        )
        for tier, over in sorted(rates)
    )


def _whole(rates: Mapping[tuple[str, int], Mapping[str, Decimal]], tier: str, over: int) -> dict[str, Decimal]:
    """Return a band's rates; what a dearer band does not mention it shares with the base."""
    return {**(rates.get((tier, 0), {}) if over else {}), **rates[tier, over]}


def _price(place: Place, where: str, key: str, value: object) -> Decimal:
    """Read a YAML number exactly as written: its shortest decimal form, not its binary value."""
    try:
        if isinstance(value, bool):
            raise InvalidOperation  # noqa: TRY301 - same answer as for text that is no number
        return Decimal(str(value))
    except InvalidOperation:
        raise place.error(where, f"{key} = {value!r} is not a number", "USD per token, e.g. 0.0000025.") from None


def _deployments(entries: Sequence[_Entry]) -> dict[str, str]:
    """Return every name an entry is logged under; a name that means different models is left out."""
    meanings: dict[str, set[str]] = {}
    for entry in entries:
        names = {entry.name, f"{entry.provider}/{entry.name}", f"{entry.provider}/{entry.deployment}", entry.info_id}
        for name in names - {None}:
            meanings.setdefault(str(name), set()).add(entry.target)
    return {name: next(iter(targets)) for name, targets in meanings.items() if targets != {name} and len(targets) == 1}


def _prices(place: Place, entries: Sequence[_Entry]) -> tuple[ProviderPrices, ...]:
    models: dict[str, dict[str, Model]] = {}
    clashes: set[tuple[str, str]] = set()
    for entry in entries:
        if not entry.lines:
            continue
        model = Model(
            provider=entry.provider,
            id=entry.deployment,
            kind=entry.kind,
            rates=entry.lines,
            source=f"{place.file} (custom price)",
            like=entry.base,
            tiers=("standard",) if entry.base else (),
            origin=place.file,
        )
        other = models.setdefault(entry.provider, {}).setdefault(entry.deployment, model)
        if other.rates != model.rates:
            clashes.add((entry.provider, entry.deployment))
    for provider, deployment in sorted(clashes):
        del models[provider][deployment]
        text = f"{place.file}: {provider}/{deployment} has several custom prices; none is used."
        hint = "Give the deployments model names of their own."
        place.findings.append(Finding(Severity.WARNING, "custom_price_clash", text, hint, {"model": deployment}))
    return tuple(
        ProviderPrices(provider=provider, models=MappingProxyType(listed), origin=place.file)
        for provider, listed in models.items()
        if listed
    )
