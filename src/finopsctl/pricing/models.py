"""Logged names to price lines: resolves every distinct (provider, model, region, service tier) once, and remembers.

A ``Resolver`` is kept across the chunks of a ledger; how a name is matched is told in ``pricing.resolution``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.pricing.lookup import LineTables, Steps, line_tables
from finopsctl.pricing.resolution import Names
from finopsctl.pricing.timeline import by_tier, clip, identities, uplift_for, uplifted, versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from finopsctl.pricing.book import Fee, PriceBook, Uplift
    from finopsctl.pricing.resolution import Resolution
    from finopsctl.pricing.timeline import Identity, Version

    _Key = tuple[str, str | None, Uplift | None, datetime | None]

UNKNOWN_TIER = "unknown service tier"

PLACE_KEYS = ("provider", "model", "region", "service_tier")
"""The columns a price depends on besides time and tokens."""

_PLACES = pl.Schema(
    {
        **dict.fromkeys(PLACE_KEYS, pl.String()),
        "key": pl.Int64(),
        "slot": pl.Int64(),
        "price_provider": pl.String(),
        "listed_as": pl.String(),
        "canonical": pl.String(),
        "tier": pl.String(),
        "moving": pl.Boolean(),
        "flagged": pl.Boolean(),
        "why": pl.String(),
    }
)


class Resolver:
    """Answers what a logged name costs, against one price book; keeps what it learnt.

    Args:
        book: The prices.
        deployments: What a deployment, an inference profile or a gateway's model name stands for, e.g.
            ``{"azure/gpt4o-prod": "azure/gpt-4o"}``; see ``pricing.resolution``.
    """

    def __init__(self, book: PriceBook, deployments: Mapping[str, str] | None = None) -> None:
        self.book = book
        self.names = Names(book, deployments)
        self._windows = {
            f"{provider}:{name}": window
            for provider, prices in book.providers.items()
            for name, window in prices.windows.items()
        }
        self._keys: dict[_Key, int] = {}
        self._places: dict[tuple[str | None, ...], tuple[object, ...]] = {}
        self._compile()

    def places(self, distinct: pl.DataFrame) -> pl.DataFrame:
        """Return each distinct (provider, model, region, service_tier) with where its price lies.

        Args:
            distinct: The columns of ``PLACE_KEYS``; a null service tier is standard.
        """
        wanted = list(distinct.select(PLACE_KEYS).iter_rows())
        before = len(self._keys)
        resolved = [(row, self.names.resolve(row[0], row[1])) for row in wanted if row not in self._places]
        keys = {row: self._key(found, row[2]) for row, found in resolved}
        if len(self._keys) > before:
            self._compile()
        for row, found in resolved:
            self._places[row] = self._place(keys[row], found, row[3] or "standard")
        return pl.DataFrame([(*row, *self._places[row]) for row in wanted], schema=_PLACES, orient="row")

    def _key(self, found: Resolution, region: str | None) -> int:
        uplift = None
        if found.name is not None:
            prices = self.book.providers[found.price_provider]
            listed = identities(self.book.providers, found.price_provider, found.name, follow=False)[-1].model
            uplift = uplift_for(prices, prices.models.get(listed), found.region or region)
        key = (found.price_provider, found.name, uplift, found.snapshot)
        return self._keys.setdefault(key, len(self._keys))

    def _place(self, key: int, found: Resolution, tier: str) -> tuple[object, ...]:
        slot = self.prices.number((key, tier))
        means = self._identities[key]
        moving = len(means) > 1 or (len(means) == 1 and means[0].start is not None)
        fixed = means[0] if means and not moving else None
        why = found.reason or (UNKNOWN_TIER if slot is None else None)
        return (
            *(key, slot, found.price_provider, found.name),
            *(fixed and fixed.model, fixed and fixed.model_tier, moving, found.flagged, why),
        )

    def _compile(self) -> None:
        """Build the tables of every key met so far; new ones are rare after the first chunk."""
        all_versions: list[Version] = []
        all_identities: list[Identity] = []
        all_fees: list[Fee] = []
        prices: dict[tuple[int, str], list[tuple[datetime | None, int]]] = {}
        meanings: dict[int, list[tuple[datetime | None, int]]] = {}
        fees: dict[tuple[int, str], list[tuple[datetime | None, int]]] = {}
        self._identities: dict[int, tuple[Identity, ...]] = {}
        for key, number in self._keys.items():
            for version in self._versions(key):
                prices.setdefault((number, version.service_tier), []).append((version.start, len(all_versions)))
                all_versions.append(version)
            self._identities[number] = self._meaning(key)
            meanings[number] = []
            for identity in self._identities[number]:
                meanings[number].append((identity.start, len(all_identities)))
                all_identities.append(identity)
            for fee in self._fees(key):
                fees.setdefault((number, fee.unit), []).append((fee.start, len(all_fees)))
                all_fees.append(fee)
        self.prices = Steps(prices)
        self.meanings = Steps(meanings)
        self.fees = Steps(fees)
        self.lines: LineTables = line_tables(all_versions, self._windows)
        self.identity_frame = pl.DataFrame(
            [(identity.model, identity.model_tier) for identity in all_identities],
            schema={"canonical": pl.String, "tier": pl.String},
            orient="row",
        )
        self.fee_pico = pl.Series([fee.pico for fee in all_fees], dtype=pl.Int64)

    def _versions(self, key: _Key) -> tuple[Version, ...]:
        provider, name, uplift, snapshot = key
        if name is None:
            return ()
        found = versions(self.book.providers, provider, name)
        if snapshot is not None:
            found = tuple(v for part in by_tier(found).values() for v in clip(part, snapshot))
        return uplifted(found, uplift)

    def _meaning(self, key: _Key) -> tuple[Identity, ...]:
        provider, name, _, snapshot = key
        if name is None:
            return ()
        means = identities(self.book.providers, provider, name)
        if snapshot is None:
            return means
        later = tuple(m for m in means if m.start is not None and m.start > snapshot)
        now = [m for m in means if m not in later]
        return (*(type(m)(snapshot, m.model, m.model_tier) for m in now[-1:]), *later)

    def _fees(self, key: _Key) -> tuple[Fee, ...]:
        """Fees of the model, or of each model an alias means, and the file's for units the model lists none for."""
        provider, name, _, _ = key
        prices = self.book.providers.get(provider)
        if prices is None:
            return ()
        own: tuple[Fee, ...] = ()
        if name is not None:
            last = identities(self.book.providers, provider, name, follow=False)[-1].model
            own = prices.models[last].fees if last in prices.models else ()
        units = {fee.unit for fee in own}
        return (*own, *(fee for fee in prices.fees if fee.unit not in units))


def resolve(frame: pl.DataFrame, book: PriceBook, deployments: Mapping[str, str] | None = None) -> pl.DataFrame:
    """Resolve every distinct (provider, model) of ``frame``.

    Returns one row each, sorted: provider, model, price_provider, canonical_model and model_tier (of an alias: what it
    means last), listed_as (the id or alias in the price list), region (stated by the name), unknown_snapshot, reason
    (why it is unpriced; null when it is not).
    """
    names = Names(book, deployments)
    rows = []
    for provider, model in frame.select("provider", "model").unique().sort("provider", "model").iter_rows():
        found = names.resolve(provider, model)
        last = identities(book.providers, found.price_provider, found.name)[-1] if found.name else None
        rows.append(
            (
                *(provider, model, found.price_provider, last and last.model, last and last.model_tier),
                *(found.name, found.region, found.flagged, found.reason),
            )
        )
    columns = ("provider", "model", "price_provider", "canonical_model", "model_tier", "listed_as", "region")
    schema = {**dict.fromkeys(columns, pl.String()), "unknown_snapshot": pl.Boolean(), "reason": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row")
