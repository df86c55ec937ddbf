"""Which model a request could go to: one of the same maker, a tier or two cheaper, that was on sale all the time.

Of several the one that the ledger's own traffic uses most is taken, since it is known to work there; else the one whose
name is most like the old one's (gpt-4o-mini for gpt-4o), and of these the newest.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif.costs import listing, offered
from finopsctl.pricing.timeline import identities

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from finopsctl.pricing.models import Resolver

CHEAPER: Mapping[str, tuple[str, ...]] = {"premium": ("standard", "budget"), "standard": ("budget",)}
"""The tiers below a tier, the next one first."""


def cheaper_model(
    resolver: Resolver, row: Mapping[str, str | None], tiers: tuple[str, ...], since: datetime, used: pl.DataFrame
) -> str | None:
    """Return a cheaper model on the same list, of the first of ``tiers`` that has one; None: there is none.

    Args:
        resolver: Of the price book.
        row: ``provider`` and ``model`` as logged.
        tiers: The tiers wanted, in order.
        since: It must have had a price then.
        used: ``provider``, ``model`` and ``requests`` of the ledger.
    """
    found = offered(resolver.names, row["provider"], row["model"] or "")
    now = listing(resolver.book, found)
    if now is None or now.kind != "chat":
        return None
    candidates = list(_sold(resolver, now.provider, since))
    requests = _in_use(resolver, used, now.provider)
    for tier in tiers:
        fitting = []
        for name, start, its_tier in candidates:
            other = listing(resolver.book, resolver.names.resolve(now.provider, name))
            if its_tier != tier or other is None or (other.kind, other.maker) != (now.kind, now.maker):
                continue
            fitting.append((requests.get(name, 0), SequenceMatcher(None, now.name, name).ratio(), start, name))
        if fitting:
            return max(fitting)[-1]
    return None


def _sold(resolver: Resolver, provider: str, since: datetime) -> Iterator[tuple[str, datetime, str | None]]:
    """Yield the models of a list that had a standard price at an instant: name, day of the first price, tier."""
    lines = resolver.book.prices.filter(provider=provider, service_tier="standard")
    first = lines.group_by("model").agg(pl.col("from").min())
    for name, start in first.filter(pl.col("from") <= since).sort("model").iter_rows():
        yield name, start, identities(resolver.book.providers, provider, name)[-1].model_tier


def _in_use(resolver: Resolver, used: pl.DataFrame, provider: str) -> dict[str, int]:
    """Return how many requests of the ledger each model of a list served."""
    found: dict[str, int] = {}
    for logged, model, requests in used.select("provider", "model", "requests").iter_rows():
        resolution = offered(resolver.names, logged, model) if model else None
        if resolution is None or resolution.price_provider != provider or resolution.name is None:
            continue
        last = identities(resolver.book.providers, provider, resolution.name, follow=False)[-1].model
        found[last] = found.get(last, 0) + int(requests or 0)
    return found
