"""What a price catalogue consists of: models, dated price lines, fees, aliases, clock windows, and the book of all.

Rates are integers: pico-units (1e-12) of the file's currency per token, and of US dollars in ``PriceBook.prices``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT
from finopsctl.ledger.token_classes import TOKEN_CLASSES

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping
    from datetime import date, datetime, time
    from decimal import Decimal
    from typing import Any

    from finopsctl.results.finding import Finding

RATE_KEYS: tuple[str, ...] = tuple(c.rate_key for c in TOKEN_CLASSES)
"""The keys of a price line that are rates: the ledger's token classes."""

PRICES_SCHEMA = pl.Schema(
    {
        "provider": pl.String(),
        "model": pl.String(),
        "service_tier": pl.String(),
        "from": INSTANT,
        "min_ctx": pl.Int64(),
        "window": pl.String(),
        **{key: pl.Int64() for key in RATE_KEYS},
        "source": pl.String(),
        "checked": pl.Date(),
    }
)


@dataclass(frozen=True, slots=True)
class RateLine:
    """One dated price line.

    Args:
        start: In force from this instant (UTC) on, until the next version of its service tier.
        service_tier: standard, batch, flex, priority ...
        min_ctx: Least number of input tokens it holds for: 0, ``over`` + 1, or ``at_least``.
        window: Name of the clock window it holds in; None: at any hour no window claims.
        rates: Pico-units of currency per token, by rate key.
        source: Page it was read on.
        checked: Day it was last compared.
        note: Free text.
    """

    start: datetime
    service_tier: str
    min_ctx: int
    window: str | None
    rates: Mapping[str, int]
    source: str | None = None
    checked: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fee:
    """One dated fee per use: ``pico`` pico-units of currency for one ``unit``."""

    start: datetime
    unit: str
    pico: int
    free_per_day: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Uplift:
    """A factor on every token rate where ``region`` (a group's name or a glob) matches, from ``start`` on."""

    region: str
    factor: Decimal
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class RegionGroup:
    """A named set of regions, as glob patterns on the normalised region."""

    match: tuple[str, ...]
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A clock window: local weekdays (Monday 1) and half-open hours in ``tz``, but for the days in ``exclude``."""

    tz: str
    weekdays: tuple[int, ...]
    hours: tuple[tuple[time, time], ...]
    exclude: tuple[tuple[date, date], ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """One billed model of one provider, as its file lists it (``like`` not yet followed)."""

    provider: str
    id: str
    kind: str | None = None
    tier: str | None = None
    context: int | None = None
    match: tuple[str, ...] = ()
    rates: tuple[RateLine, ...] = ()
    fees: tuple[Fee, ...] = ()
    uplift: tuple[Uplift, ...] | None = None
    source: str | None = None
    checked: date | None = None
    note: str = ""
    like: str | None = None
    tiers: tuple[str, ...] = ()
    capacity: tuple[Mapping[str, Any], ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Alias:
    """A moving name: (from, model id) segments, oldest first."""

    name: str
    segments: tuple[tuple[datetime, str], ...]
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ProviderPrices:
    """One price file, or several of one provider laid over one another."""

    provider: str
    name: str = ""
    currency: str = "USD"
    strip: tuple[str, ...] = ()
    snapshot: re.Pattern[str] | None = None
    urls: tuple[str, ...] = ()
    windows: Mapping[str, Window] = field(default_factory=lambda: MappingProxyType({}))
    regions: Mapping[str, RegionGroup] = field(default_factory=lambda: MappingProxyType({}))
    exchange: tuple[tuple[datetime, Decimal], ...] = ()
    uplift: tuple[Uplift, ...] = ()
    fees: tuple[Fee, ...] = ()
    models: Mapping[str, Model] = field(default_factory=lambda: MappingProxyType({}))
    aliases: Mapping[str, Alias] = field(default_factory=lambda: MappingProxyType({}))
    findings: tuple[Finding, ...] = ()
    origin: str = ""

    def known(self) -> tuple[str, ...]:
        """Return every name the file lists, for "did you mean"."""
        return (*self.models, *self.aliases)


@dataclass(frozen=True, slots=True, eq=False)
class PriceBook:
    """All prices, compiled.

    Args:
        version: Short hash of the content: the same prices give the same version.
        checked: Latest day any price was compared with its source.
        providers: By provider name.
        models: Every model, by provider and id.
        prices: One row per price line in force of every model (``like`` followed, in US dollars), columns of
            ``PRICES_SCHEMA``: rates in pico-USD per token.
        findings: What loading noticed: rounded float noise, references to models that are not listed.
    """

    version: str
    checked: date | None
    providers: Mapping[str, ProviderPrices]
    models: tuple[Model, ...]
    prices: pl.DataFrame
    findings: tuple[Finding, ...] = ()

    def find(self, provider: str, model_id: str) -> Model | None:
        """Return the model with exactly this id, or None."""
        prices = self.providers.get(provider)
        return prices.models.get(model_id) if prices else None

    def lint(self) -> tuple[Finding, ...]:
        """Return what is odd about the prices; see ``pricing.lint``."""
        from finopsctl.pricing.lint import lint

        return lint(self)
