"""What is odd about a price book: gaps, missing sources, figures that look like typing or unit errors.

Loading refuses what cannot be priced exactly (off-grid rates, overlapping lines, unknown keys); this finds the rest.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from finopsctl.pricing.timeline import by_tier, versions
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.pricing.book import Model, PriceBook, ProviderPrices, RateLine
    from finopsctl.pricing.timeline import Version

_CHEAPER_TIERS = ("batch", "flex")
_COMPARED = ("input", "output")
_JUMP = 20


def lint(book: PriceBook) -> tuple[Finding, ...]:
    """Return every oddity, worst first, then in the order of providers and models."""
    found = list(book.findings)
    for prices in book.providers.values():
        found += _names(prices)
        for model in prices.models.values():
            found += _provenance(model)
            found += _order(model)
            found += _figures(model)
            found += _against_standard(model, versions(book.providers, prices.provider, model.id))
    rank = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
    return tuple(sorted(found, key=lambda finding: rank[finding.severity]))


def _about(model: Model, code: str, message: str, severity: Severity = Severity.WARNING, hint: str = "") -> Finding:
    where = f"{model.origin}: " if model.origin else ""
    evidence = {"provider": model.provider, "model": model.id}
    return Finding(severity, code, f"{where}model {model.id}: {message}", hint, evidence)


def _names(prices: ProviderPrices) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for model in prices.models.values():
        for name in model.match:
            other = owners.setdefault(name, model.id)
            if other != model.id or (name in prices.models and name != model.id):
                rival = other if other != model.id else name
                yield _about(model, "name_twice", f"'{name}' also names {rival}", Severity.CRITICAL)
    for name in prices.aliases:
        if name in prices.models or name in owners:
            owner = prices.models.get(name) or prices.models[owners[name]]
            yield _about(owner, "name_twice", f"'{name}' is also an alias; the model wins", Severity.CRITICAL)


def _provenance(model: Model) -> Iterator[Finding]:
    if not model.source and not all(line.source for line in model.rates):
        yield _about(model, "source_missing", "has no source", hint="Add the page the price was read on.")
    if model.checked is None and not all(line.checked for line in model.rates):
        yield _about(model, "checked_missing", "has no checked day", hint="Add the day it was last compared.")


def _order(model: Model) -> Iterator[Finding]:
    slots: dict[tuple[str, int, str | None], list[RateLine]] = {}
    for line in model.rates:
        slots.setdefault((line.service_tier, line.min_ctx, line.window), []).append(line)
    for lines in slots.values():
        if any(later.start < earlier.start for earlier, later in pairwise(lines)):
            yield _about(model, "order", f"{lines[0].service_tier} lines are not in order of from", Severity.INFO)
        for earlier, later in pairwise(sorted(lines, key=lambda line: line.start)):
            yield from _jump(model, earlier, later)
    bases = {(line.service_tier, line.start, line.window) for line in model.rates if line.min_ctx == 0}
    for line in model.rates:
        if line.min_ctx and (line.service_tier, line.start, line.window) not in bases:
            text = f"{line.service_tier} from {line.start:%Y-%m-%d} has a line over {line.min_ctx - 1} and none below"
            yield _about(
                model, "base_missing", text, hint="A new `from` replaces all lines of its tier: repeat the base."
            )
        if line.window and (line.service_tier, line.start, None) not in {
            (other.service_tier, other.start, other.window) for other in model.rates
        }:
            text = f"{line.service_tier} from {line.start:%Y-%m-%d} has no price outside {line.window}"
            yield _about(model, "base_missing", text, hint="Add a line without a window.")


def _jump(model: Model, earlier: RateLine, later: RateLine) -> Iterator[Finding]:
    for key, before in earlier.rates.items():
        after = later.rates.get(key)
        if after and before and not before <= after * _JUMP <= before * _JUMP * _JUMP:
            text = f"{key} changes {max(after, before) / min(after, before):.0f}-fold on {later.start:%Y-%m-%d}"
            yield _about(model, "jump", text, hint="Check the unit: rates are per `per` tokens.")


def _figures(model: Model) -> Iterator[Finding]:
    for line in model.rates:
        rates = line.rates
        base = rates.get("input")
        when = f"from {line.start:%Y-%m-%d} ({line.service_tier})"
        if base is not None and rates.get("cache_read", 0) > base:
            yield _about(model, "cache_read_dear", f"cache_read costs more than input {when}")
        if base and rates.get("output") and rates["output"] * 4 < base:
            yield _about(model, "output_cheap", f"output costs less than a quarter of input {when}")
        if base and rates.get("cache_write") and not base / 2 <= rates["cache_write"] <= base * 4:
            yield _about(model, "cache_write_odd", f"cache_write is not near input {when}")
        if rates.get("cache_write", 0) > rates.get("cache_write_1h", rates.get("cache_write", 0)):
            yield _about(model, "cache_write_odd", f"cache_write_1h is cheaper than cache_write {when}")
        if max(rates.values()) > 2_000_000_000:
            yield _about(model, "rate_high", f"a rate is above $2,000 per million tokens {when}", hint="Check `per`.")


def _against_standard(model: Model, found: tuple[Version, ...]) -> Iterator[Finding]:
    tiers = by_tier(found)
    standard = tiers.get("standard", [])
    for tier in _CHEAPER_TIERS:
        for version in tiers.get(tier, []):
            before = [other for other in standard if other.start <= version.start]
            if before and _dearer(version, before[-1]):
                yield _about(model, "tier_dear", f"{tier} from {version.start:%Y-%m-%d} is dearer than standard")


def _dearer(version: Version, standard: Version) -> bool:
    base = {(line.min_ctx, line.window): line.rates for line in standard.lines}
    return any(
        rate > base[line.min_ctx, line.window].get(key, rate)
        for line in version.lines
        if (line.min_ctx, line.window) in base
        for key, rate in line.rates.items()
        if key in _COMPARED
    )
