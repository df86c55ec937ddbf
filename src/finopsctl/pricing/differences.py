"""How the same model's prices differ between two lists, and which differences are no price change at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from finopsctl.pricing.book import Model, RateLine
    from finopsctl.pricing.timeline import Version

Rates = dict[int, dict[str, int]]
"""Pico-USD per token by least number of input tokens and rate key."""

FORCEABLE = frozenset(["disagrees", "suspicious", "band_missing"])
_FALLBACKS = {"audio_input": "input", "image_input": "input", "reasoning": "output", "audio_output": "output"}
_SLIP = 10
_SEVERITIES = {
    "suspicious": Severity.CRITICAL,
    "windowed": Severity.WARNING,
    "band_missing": Severity.WARNING,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One service tier of one model, ours against theirs, from one instant on.

    Args:
        model: Ours.
        service_tier: Of both.
        start: Since when theirs is said to hold; the day of comparison where it does not say.
        ours: What is in force here then; None: the tier is not listed.
        theirs: What the other list has.
        standard: Ours of the standard tier then, to judge a tier we do not list by.
    """

    model: Model
    service_tier: str
    start: datetime
    ours: Version | None
    theirs: Rates
    standard: Rates

    @property
    def before(self) -> Rates:
        """Ours outside clock windows."""
        return flat(self.ours.lines) if self.ours else {}

    @property
    def after(self) -> Rates:
        """Ours with their figures laid over it."""
        return laid_over(self.before, self.theirs)


def flat(lines: Iterable[RateLine]) -> Rates:
    """Return the lines outside clock windows by band."""
    return {line.min_ctx: dict(line.rates) for line in lines if line.window is None}


def laid_over(before: Rates, theirs: Rates) -> Rates:
    """Return ``before`` with their figures; one that only repeats what we would bill anyway changes nothing."""
    after = {band: dict(rates) for band, rates in before.items()}
    for band, rates in sorted(theirs.items()):
        own = after.setdefault(band, dict(after.get(0, {})) if before else {})
        for key, value in rates.items():
            implied = own[key] if key in own else own.get(_FALLBACKS.get(key, ""), 0 if before else None)
            if value != implied:
                own[key] = value
    return {band: rates for band, rates in after.items() if band == 0 or band in before or rates != after.get(0)}


def is_same(difference: Difference) -> bool:
    """Say whether both lists bill alike, one of our clock windows included."""
    if difference.after == difference.before:
        return True
    base = difference.theirs.get(0, {})
    windowed = [line for line in (difference.ours.lines if difference.ours else ()) if line.window]
    return any(all(line.rates.get(key, value) == value for key, value in base.items()) for line in windowed)


def problem(difference: Difference) -> Finding | None:
    """Return why a difference is not to be added as a price change; None: add it."""
    model, ours = difference.model, difference.ours
    said = described(difference.before, difference.after)
    other = f"the other list has {said}"
    checked = max((line.checked for line in model.rates if line.checked), default=model.checked)
    starts = {line.start for line in model.rates if line.service_tier == difference.service_tier}
    yardstick = difference.before if ours else difference.standard
    slip = slip_of_units(yardstick, difference.after)
    missing = {key for key in ("input", "output") if key in yardstick.get(0, {})} - difference.after.get(0, {}).keys()
    by_hand = "Add the lines by hand."
    reasons = (
        (model.like is not None, "reseller", f"is priced like {model.like}; {other}", "Change the maker's line."),
        (not model.rates, "no_rates", f"has fees only; {other}", by_hand),
        (
            difference.start in starts or (ours is not None and difference.start <= ours.start),
            "disagrees_with_history",
            f"{other} since {difference.start:%Y-%m-%d}, before our line in force",
            "Rule on it: history is not edited.",
        ),
        (slip is not None, "suspicious", f"{slip}", "Check the provider's page; --force adds it."),
        (bool(missing), "incomplete", f"has no {' and no '.join(sorted(missing))} rate there: {said}", by_hand),
        (
            ours is not None and any(line.window for line in ours.lines),
            "windowed",
            f"has clock windows; {other}",
            by_hand,
        ),
        (
            len(difference.before) > 1 and len(difference.theirs) == 1,
            "band_missing",
            f"has a long-context band and the other list none: {said}",
            "Add base and band by hand; --force.",
        ),
        (
            ours is not None and checked is not None and difference.start.date() <= checked,
            "disagrees",
            f"{other}; ours was compared on {checked}",
            "A ruling rather than a change; --force adds it.",
        ),
    )
    return next((_finding(difference, *reason) for applies, *reason in reasons if applies), None)


def slip_of_units(before: Rates, after: Rates) -> str | None:
    """Say which figure became ten times what it was, a tenth, or zero; None: no such thing."""
    for band, rates in after.items():
        for key, new in rates.items():
            old = before.get(band, {}).get(key)
            if old and (new == 0 or new >= old * _SLIP or new * _SLIP <= old):
                return f"{key} {usd(old)} -> {usd(new)} per 1M tokens looks like a slip of units"
    if not before and not any(rate for rates in after.values() for rate in rates.values()):
        return "every rate is 0"
    return None


def described(before: Rates, after: Rates) -> str:
    """Say in words which figures differ."""
    parts = [
        f"{key}{f' over {band - 1:,}' if band else ''} {usd(new)} (ours {usd(before.get(band, {}).get(key))})"
        for band, rates in sorted(after.items())
        for key, new in rates.items()
        if before.get(band, {}).get(key) != new
    ]
    return ", ".join(parts)


def usd(pico: int | None) -> str:
    """Return a rate as USD per 1M tokens, for messages."""
    return "none" if pico is None else f"{pico / 1_000_000:g}"


def _finding(difference: Difference, code: str, text: str, hint: str) -> Finding:
    model = difference.model
    evidence: Mapping[str, object] = {
        "provider": model.provider,
        "model": model.id,
        "service_tier": difference.service_tier,
        "from": f"{difference.start:%Y-%m-%d}",
    }
    message = f"{model.provider}/{model.id} {difference.service_tier}: {text}"
    return Finding(_SEVERITIES.get(code, Severity.INFO), code, message, hint, evidence)
