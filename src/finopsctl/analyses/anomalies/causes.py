"""What changed in an episode: a product of four factors, and which of them moved most.

spend = requests x (1 - cache hit rate) x tokens per request served x cost per token. Each is compared with the same of
the baseline; the factor that moved furthest in the direction of the excess is the cause.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finopsctl.analyses.anomalies.rules import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.anomalies.rules import Rule

_NOTABLE = 1.1  # times


@dataclass(frozen=True, slots=True)
class Cause:
    """Why: ``code`` is volume, tokens_per_request, price, cache_rate or silence; None: it cannot be told."""

    code: str | None
    text: str


def cause_of(rule: Rule, amounts: Mapping[str, Any]) -> Cause:
    """Return what changed.

    Args:
        rule: That the episode is called after.
        amounts: ``spend``, ``requests``, ``tokens``, ``hits`` and ``hit_requests`` of the episode (``_now``) and of
            its baseline (``_then``).
    """
    sides = [{name: float(amounts[f"{name}_{side}"] or 0) for name in _NAMES} for side in ("now", "then")]
    now, then = sides
    if rule.name == "silence":
        return Cause("silence", "no spend, though its source has other records")
    if rule.measure is Measure.CACHE_RATE:
        rates = [_divided(side["hits"], side["hit_requests"]) or 0.0 for side in sides]
        return Cause("cache_rate", f"hit rate {rates[0]:.0%} instead of {rates[1]:.0%}")
    if not then["spend"]:
        return Cause("volume", "no spend before")
    moved = _factors(now, then)
    if not moved:
        return Cause(None, "no request or token counts to tell it from")
    code = max(moved, key=lambda name: moved[name])
    notable = [name for name in sorted(moved, key=lambda n: -moved[n]) if abs(moved[name]) > math.log(_NOTABLE)]
    return Cause(code, ", ".join(f"{_WORDS[name]} {_times(math.exp(moved[name]))}" for name in notable[:3]))


_NAMES = ("spend", "requests", "tokens", "hits", "hit_requests")
_WORDS = {
    "volume": "requests",
    "cache_rate": "share not served from cache",
    "tokens_per_request": "tokens per request",
    "price": "cost per token",
}


def _factors(now: Mapping[str, float], then: Mapping[str, float]) -> dict[str, float]:
    """Return the logarithm of how much each factor grew; of those that both sides know."""
    before = _facts(then)
    return {
        name: math.log(value / old)
        for name, value in _facts(now).items()
        if value and (old := before[name]) and value > 0 and old > 0
    }


def _facts(side: Mapping[str, float]) -> dict[str, float | None]:
    missed = 1 - (_divided(side["hits"], side["hit_requests"]) or 0.0)
    served = side["requests"] * missed
    return {
        "volume": side["requests"] or None,
        "cache_rate": missed,
        "tokens_per_request": _divided(side["tokens"], served),
        "price": _divided(side["spend"], side["tokens"]),
    }


def _divided(top: float, bottom: float) -> float | None:
    return top / bottom if bottom else None


def _times(factor: float) -> str:
    return f"{factor:,.0f}x" if factor >= 10 else f"{factor:.2g}x"
