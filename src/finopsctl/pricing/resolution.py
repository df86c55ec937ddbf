"""Which listed model a logged name means: resolved once per distinct name, never guessed.

The order, first hit wins: an explicit deployment map; then in the provider's own list, for each spelling of the name
(as logged, routing prefixes off, cloud id forms): id, ``match``, alias, the same without regard to case, glob, display
name; then the same with a dated suffix taken off (an unknown snapshot); then the provider that the name's own prefix
says, where the row's provider is a middleman or another maker; then, for a row without a provider, the one maker that
lists the name.

An unknown snapshot of a listed model is priced as that model at the request's instant and flagged, but not before the
day in its own name: ``gpt-4o-2099-01-01`` stays unpriced until 2099. One dated no later than a week after the model's
first price is the snapshot the model was launched with, and not flagged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from finopsctl.pricing import names
from finopsctl.pricing.names import GATEWAYS, HOSTS
from finopsctl.pricing.timeline import versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from finopsctl.pricing.book import PriceBook, ProviderPrices

UNKNOWN_MODEL = "unknown model"
UNKNOWN_SNAPSHOT = "unknown snapshot"
NO_MODEL = "no model"
_LAUNCH = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a logged (provider, model) means.

    Args:
        price_provider: Whose list prices it.
        name: A model id or alias of that list; None: unpriced.
        region: The region the name itself states.
        snapshot: For an unknown snapshot: the day in its name, before which it has no price.
        flagged: It is an unknown snapshot, priced as the undated model.
        reason: Why it is unpriced; None when it is not.
    """

    price_provider: str
    name: str | None
    region: str | None = None
    snapshot: datetime | None = None
    flagged: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Index:
    exact: Mapping[str, str]
    folded: Mapping[str, str]
    globs: tuple[tuple[str, str], ...]
    loose: Mapping[str, str | None]


class Names:
    """Resolves names against one price book, remembering every answer.

    Args:
        book: The prices.
        deployments: What a deployment, an inference profile or a gateway's model name stands for:
            ``{"azure/gpt4o-prod": "azure/gpt-4o"}``. A key without a provider holds for rows of the target's provider,
            of none, and of any that does not list such a name itself.
    """

    def __init__(self, book: PriceBook, deployments: Mapping[str, str] | None = None) -> None:
        self.book = book
        self._deployments = {key.casefold(): target for key, target in (deployments or {}).items()}
        self._indexes: dict[str, _Index] = {}
        self._known: dict[tuple[str | None, str | None], Resolution] = {}

    @property
    def deployments(self) -> Mapping[str, str]:
        """What deployments stand for, names in lower case."""
        return self._deployments

    def resolve(self, provider: str | None, model: str | None) -> Resolution:
        """Return what ``model`` means when ``provider`` bills it."""
        key = (provider, model)
        if key not in self._known:
            self._known[key] = self._resolve(names.price_provider(provider), model)
        return self._known[key]

    def _resolve(self, provider: str, model: str | None, *, mapped: bool = False) -> Resolution:
        if model is None or not model.strip():
            return Resolution(provider, None, reason=NO_MODEL)
        name = model.strip()
        target = None if mapped else self._deployment(provider, name)
        if target is not None:
            return self._listed(names.prefix_provider(target.partition("/")[0]) or provider, target, mapped=True)
        return self._listed(provider, name, mapped=mapped)

    def _deployment(self, provider: str, name: str) -> str | None:
        last = name.rpartition("/")[2]
        for key in (f"{provider}/{name}", f"{provider}/{last}"):
            if key.casefold() in self._deployments:
                return self._deployments[key.casefold()]
        target = self._deployments.get(name.casefold())
        if target is None and name.startswith("arn:"):
            target = self._deployments.get(last.casefold())
        if target is None or provider in GATEWAYS or names.prefix_provider(target.partition("/")[0]) == provider:
            return target
        return None if self._within(provider, name) else target

    def _listed(self, provider: str, name: str, *, mapped: bool) -> Resolution:
        own = self._within(provider, name)
        if own is not None:
            return own
        head, slash, rest = name.partition("/")
        named = names.prefix_provider(head) if slash else None
        if named not in {None, provider} and provider not in HOSTS:
            return self._resolve(str(named), rest, mapped=mapped)
        if provider in GATEWAYS and named == provider:
            return self._listed(provider, rest, mapped=mapped)
        if provider in GATEWAYS:
            return self._anyone(provider, name)
        return Resolution(provider, None, reason=UNKNOWN_MODEL)

    def _anyone(self, provider: str, name: str) -> Resolution:
        cloud = names.cloud_of(name)
        if cloud is not None:
            found = self._within(cloud, name)
            return found or Resolution(cloud, None, reason=UNKNOWN_MODEL)
        makers = [maker for maker in self.book.providers if maker not in HOSTS | GATEWAYS]
        hits = [hit for maker in makers if (hit := self._within(maker, name)) is not None]
        return hits[0] if len(hits) == 1 else Resolution(provider, None, reason=UNKNOWN_MODEL)

    def _within(self, provider: str, name: str) -> Resolution | None:
        prices = self.book.providers.get(provider)
        if prices is None:
            return None
        forms, region = names.spellings(provider, name, prices.strip)
        index = self._index_of(prices)
        for find in (_find, _find_loosely):
            for form in forms:
                target = find(index, form)
                if target is not None:
                    return Resolution(provider, target, region)
        for form in forms:
            found = _snapshot(prices, index, form)
            if found is not None:
                return replace(found, region=region, flagged=found.flagged and not self._is_launch(found))
        return None

    def _index_of(self, prices: ProviderPrices) -> _Index:
        """Return the names a provider's list knows; made when one of them is first looked up."""
        if prices.provider not in self._indexes:
            self._indexes[prices.provider] = _index(prices)
        return self._indexes[prices.provider]

    def _is_launch(self, found: Resolution) -> bool:
        """Say whether a snapshot is the one its model was launched with: no news that it is not listed apart."""
        starts = [v.start for v in versions(self.book.providers, found.price_provider, str(found.name)) if v.lines]
        return found.snapshot is not None and bool(starts) and found.snapshot <= min(starts) + _LAUNCH


def _index(prices: ProviderPrices) -> _Index:
    exact: dict[str, str] = {alias: alias for alias in prices.aliases}
    globs: list[tuple[str, str]] = []
    for model in prices.models.values():
        patterns = [name for name in model.match if set(name) & set("*?[")]
        globs += [(pattern.casefold(), model.id) for pattern in patterns]
        exact.update({name: model.id for name in model.match if name not in patterns})
    exact.update({model_id: model_id for model_id in prices.models})
    folded = {name.casefold(): target for name, target in exact.items()}
    similar: dict[str, str | None] = {}
    for name, target in exact.items():
        key = names.loose(name)
        similar[key] = target if similar.get(key, target) == target else None
    return _Index(exact, folded, tuple(globs), similar)


def _find(index: _Index, name: str) -> str | None:
    return index.exact.get(name)


def _find_loosely(index: _Index, name: str) -> str | None:
    folded = name.casefold()
    if folded in index.folded:
        return index.folded[folded]
    glob = next((target for pattern, target in index.globs if fnmatchcase(folded, pattern)), None)
    return glob or index.loose.get(names.loose(name))


def _snapshot(prices: ProviderPrices, index: _Index, name: str) -> Resolution | None:
    parts = names.undated(name, prices.snapshot)
    if parts is None:
        return None
    target = _find(index, parts[0]) or _find_loosely(index, parts[0])
    if target is None:
        return None
    try:
        day = names.suffix_date(parts[1])
    except ValueError:
        return None
    moving = any(word in parts[1] for word in ("latest", "default"))
    return Resolution(prices.provider, target, snapshot=day, flagged=not moving)
