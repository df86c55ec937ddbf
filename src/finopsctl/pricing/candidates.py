"""What another price list says, in our terms: one candidate per model name, its lines in pico-USD per token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING

from finopsctl.pricing.book import RateLine

if TYPE_CHECKING:
    from collections.abc import Mapping

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""The start of a price whose list does not say since when it holds."""

_PICO = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model of another price list.

    Args:
        provider: As our price files name it.
        model: As that list names it.
        lines: Its price lines; ``start`` is ``UNDATED`` where the list does not say.
        kind: chat, embedding ... where it says.
        context: Greatest number of input tokens, where it says.
        source: The page it refers to.
    """

    provider: str
    model: str
    lines: tuple[RateLine, ...]
    kind: str | None = None
    context: int | None = None
    source: str | None = None


def pico_per_token(usd_per_token: object) -> int | None:
    """Return a price for one token in whole pico-USD, float noise rounded away; None for what is no price."""
    try:
        exact = Decimal(str(usd_per_token)) * _PICO
    except InvalidOperation:
        return None
    if not exact.is_finite() or exact < 0 or isinstance(usd_per_token, bool):
        return None
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


def midnight(day: date) -> datetime:
    """Return the instant a UTC day begins."""
    return datetime.combine(day, time(), UTC)


def rate_lines(start: datetime, service_tier: str, rates: Mapping[str, Mapping[int, int]]) -> tuple[RateLine, ...]:
    """Return the lines of one version.

    Args:
        start: In force from then on.
        service_tier: standard, batch ...
        rates: For each rate key, pico-USD per token by least number of input tokens; 0 is the base. A key without a
            figure for a band keeps that of the band below.
    """
    bands = sorted({band for by_band in rates.values() for band in by_band} | {0})
    lines = []
    for band in bands:
        figures = {
            key: by_band[max(b for b in by_band if b <= band)]
            for key, by_band in rates.items()
            if any(b <= band for b in by_band)
        }
        if figures:
            lines.append(RateLine(start, service_tier, band, None, MappingProxyType(figures)))
    return tuple(lines)
