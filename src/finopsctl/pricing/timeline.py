"""Which price lines are in force when: versions of a model, with resellers, aliases, currency and uplifts followed.

A version is all lines of one service tier with one start; it holds until the next version of that tier. A version
without lines ends a price without replacing it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from finopsctl.pricing.book import Model, ProviderPrices, RateLine, RegionGroup, Uplift

_GLOBAL_REGIONS = frozenset(["", "global", "globalstandard", "not-available", "default", "none", "unknown"])
_GLOBAL_PATTERN = "global-*"
_REGION_GROUPS: Mapping[str, tuple[str, ...]] = {
    "regional": ("*",),
    "data_residency": ("*",),
    "data_zone": ("us", "eu", "data-zone*", "datazone*", "dz*"),
    "inference_geo_us": ("us",),
}
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Version:
    """The price lines of one service tier from ``start`` on, in pico-USD per token; no lines: no price.

    ``provider`` and ``model`` name the model whose price it is (the maker's, for a reseller's).
    """

    start: datetime
    service_tier: str
    provider: str
    model: str
    model_tier: str | None
    lines: tuple[RateLine, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a name means from ``start`` on: the canonical model and its tier."""

    start: datetime | None
    model: str
    model_tier: str | None


def versions(book: Mapping[str, ProviderPrices], provider: str, name: str, depth: int = 0) -> tuple[Version, ...]:
    """Return every version of a model or alias, by service tier and start; empty when it is not listed.

    Args:
        book: Prices by provider.
        provider: Whose list.
        name: A model id or an alias of that provider.
        depth: How many references were followed to get here.
    """
    prices = book.get(provider)
    if prices is None or depth > _MAX_DEPTH:
        return ()
    if name in prices.models:
        return _model_versions(book, prices, prices.models[name], depth)
    if name in prices.aliases:
        return _alias_versions(book, prices, name, depth)
    return ()


def identities(
    book: Mapping[str, ProviderPrices], provider: str, name: str, *, follow: bool = True
) -> tuple[Identity, ...]:
    """Return what a model id or alias means when, oldest first; a start of None is "always".

    ``follow``: a reseller's model is the maker's; without it, the reseller's own id.
    """
    prices = book[provider]
    alias = name in prices.aliases and name not in prices.models
    segments = prices.aliases[name].segments if alias else ((None, name),)
    if not follow:
        return tuple(Identity(start, model, None) for start, model in segments)
    return tuple(_identity(book, provider, model, start) for start, model in segments)


def _identity(book: Mapping[str, ProviderPrices], provider: str, name: str, start: datetime | None) -> Identity:
    model, tier = name, None
    for _ in range(_MAX_DEPTH):
        prices = book.get(provider)
        if prices is not None and name in prices.aliases:
            name = prices.aliases[name].segments[-1][1]
        entry = prices.models.get(name) if prices else None
        if entry is None:
            break
        model, tier = entry.id, tier or model_tier(entry)
        if entry.like is None:
            break
        provider, _, name = entry.like.partition("/")
    return Identity(start, model, tier)


def model_tier(model: Model) -> str | None:
    """Return the tier a model is reported under, where the file says or implies it."""
    if model.tier is not None:
        return model.tier
    if model.kind == "embedding":
        return "embedding"
    return "self-hosted" if model.provider == "self-hosted" else None


def _model_versions(
    book: Mapping[str, ProviderPrices], prices: ProviderPrices, model: Model, depth: int
) -> tuple[Version, ...]:
    canonical = _identity(book, prices.provider, model.id, None)
    own = _in_usd(prices, model)
    found = [
        Version(start, tier, prices.provider, canonical.model, canonical.model_tier, lines)
        for (tier, start), lines in own.items()
    ]
    if model.like is not None:
        replaced = {line.service_tier for line in model.rates}
        maker, _, name = model.like.partition("/")
        found += [
            replace(version, model_tier=canonical.model_tier)
            for version in versions(book, maker, name, depth + 1)
            if version.service_tier not in replaced and (not model.tiers or version.service_tier in model.tiers)
        ]
    return tuple(sorted(found, key=lambda v: (v.service_tier, v.start)))


def _in_usd(prices: ProviderPrices, model: Model) -> dict[tuple[str, datetime], tuple[RateLine, ...]]:
    grouped: dict[tuple[str, datetime], tuple[RateLine, ...]] = {}
    for line in model.rates:
        named = replace(line, window=line.window and f"{prices.provider}:{line.window}")
        key = (line.service_tier, line.start)
        grouped[key] = (*grouped.get(key, ()), named)
    return grouped if prices.currency == "USD" else _exchanged(prices, grouped)


def _exchanged(
    prices: ProviderPrices, grouped: Mapping[tuple[str, datetime], tuple[RateLine, ...]]
) -> dict[tuple[str, datetime], tuple[RateLine, ...]]:
    converted: dict[tuple[str, datetime], tuple[RateLine, ...]] = {}
    for tier in {tier for tier, _ in grouped}:
        starts = sorted(start for key, start in grouped if key == tier)
        moments = sorted({*starts, *(day for day, _ in prices.exchange)})
        for moment in moments:
            in_force = [start for start in starts if start <= moment]
            usd = [rate for day, rate in prices.exchange if day <= moment]
            if in_force and usd:
                lines = grouped[tier, in_force[-1]]
                converted[tier, moment] = tuple(replace(_times(line, usd[-1]), start=moment) for line in lines)
    return converted


def _times(line: RateLine, factor: Decimal) -> RateLine:
    rates = {key: int((Decimal(rate) * factor).to_integral_value(ROUND_HALF_EVEN)) for key, rate in line.rates.items()}
    return replace(line, rates=rates)


def _alias_versions(
    book: Mapping[str, ProviderPrices], prices: ProviderPrices, name: str, depth: int
) -> tuple[Version, ...]:
    segments = [
        (start, _identity(book, prices.provider, model, None), versions(book, prices.provider, model, depth + 1))
        for start, model in prices.aliases[name].segments
    ]
    tiers = sorted({version.service_tier for _, _, part in segments for version in part})
    ends = [start for start, _, _ in segments[1:]]
    found: list[Version] = []
    for (start, identity, part), end in zip(segments, [*ends, None], strict=True):
        for tier in tiers:
            kept = clip([v for v in part if v.service_tier == tier], start, end)
            if not kept or kept[0].start > start:
                found.append(Version(start, tier, prices.provider, identity.model, identity.model_tier, ()))
            found.extend(kept)
    return tuple(sorted(found, key=lambda v: (v.service_tier, v.start)))


def clip(part: Sequence[Version], start: datetime, end: datetime | None = None) -> tuple[Version, ...]:
    """Return what of one service tier's versions (oldest first) is in force in [start, end)."""
    kept = []
    for version, following in pairwise([*part, None]):
        if version is None or (end is not None and version.start >= end):
            continue
        if following is None or following.start > start:
            kept.append(replace(version, start=max(version.start, start)))
    return tuple(kept)


def by_tier(found: Iterable[Version]) -> dict[str, list[Version]]:
    """Group versions by service tier, keeping their order."""
    groups: dict[str, list[Version]] = {}
    for version in found:
        groups.setdefault(version.service_tier, []).append(version)
    return groups


def uplifted(found: Sequence[Version], uplift: Uplift | None) -> tuple[Version, ...]:
    """Multiply every rate in force from the uplift's start on, rounding half to even to whole pico-USD."""
    if uplift is None:
        return tuple(found)
    result: list[Version] = []
    for part in by_tier(found).values():
        before = [] if uplift.start is None else [v for v in part if v.start < uplift.start]
        after = part if uplift.start is None else clip(part, uplift.start)
        result += before
        result += [replace(v, lines=tuple(_times(line, uplift.factor) for line in v.lines)) for v in after]
    return tuple(result)


def uplift_for(prices: ProviderPrices, model: Model | None, region: str | None) -> Uplift | None:
    """Return the uplift that holds in ``region``, the model's own list first, else the file's; None: no uplift."""
    if region is None:
        return None
    place = region.strip().casefold().replace(" ", "-").replace("_", "-")
    if place in _GLOBAL_REGIONS or fnmatchcase(place, _GLOBAL_PATTERN):
        return None
    listed = prices.uplift if model is None or model.uplift is None else model.uplift
    return next((uplift for uplift in listed if _in_region(prices.regions, uplift.region, place)), None)


def _in_region(groups: Mapping[str, RegionGroup], name: str, place: str) -> bool:
    group = groups.get(name)
    if group is not None:
        return _any_glob(place, group.match) and not _any_glob(place, group.exclude)
    return _any_glob(place, _REGION_GROUPS.get(name, (name.casefold().replace("_", "-"),)))


def _any_glob(place: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(place, pattern.casefold()) for pattern in patterns)
