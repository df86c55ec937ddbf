"""Proposing price changes from another price list, and appending them: never an edit of a line that is there.

For every model of the other list that has a file here, its prices are compared with ours on one day. What differs
becomes a dated line, what we do not list a new model, unless

- we compared that price ourselves since it is said to hold (``checked``): then the lists disagree about the same
  price, and a person has to rule;
- it is ten times ours or a tenth of it, or zero: a slip of units;
- the other list has no long-context band where ours has one: adding its line would end the band;
- ours is a reseller's reference, or has clock windows: one line cannot say it.

Those come back as findings; ``force`` adds the first three kinds all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from finopsctl.pricing.candidates import UNDATED, Candidate, midnight
from finopsctl.pricing.importers import candidates
from finopsctl.pricing.models import Names
from finopsctl.pricing.names import undated
from finopsctl.pricing.timeline import by_tier, versions
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from finopsctl.pricing.book import Model, PriceBook, RateLine
    from finopsctl.pricing.timeline import Version

NEW_MODEL, NEW_PRICE, NEW_TIER = "new model", "new price", "new service tier"
_FALLBACKS = {"audio_input": "input", "image_input": "input", "reasoning": "output", "audio_output": "output"}
_SLIP = 10
_PRICED_KINDS = frozenset(["chat", "embedding", "completion", None])
_Rates = dict[int, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Change:
    """Lines to append: one version of one service tier.

    Args:
        kind: ``new model``, ``new price`` or ``new service tier``.
        provider: Whose price file.
        model: The model's id there.
        lines: The new version, complete.
        before: What ours is on that day, by least number of input tokens and rate key; empty for something new.
        candidate: Where it comes from.
    """

    kind: str
    provider: str
    model: str
    lines: tuple[RateLine, ...]
    before: Mapping[int, Mapping[str, int]]
    candidate: Candidate


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What another price list would add to ours.

    Args:
        source: As it was named.
        as_of: The day both were compared on.
        changes: By provider, model, service tier and start.
        findings: What was not taken over, and why.
        compared: How many models of the other list have a file here.
    """

    source: str
    as_of: date
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    compared: int


@dataclass(frozen=True, slots=True)
class _Terms:
    book: PriceBook
    as_of: date
    force: bool


def plan(book: PriceBook, source: str, as_of: date, *, only: Sequence[str] = (), force: bool = False) -> Update:
    """Compare another price list with ours.

    Args:
        book: Our prices.
        source: What ``importers.candidates`` reads.
        as_of: The day to compare on; an undated price is taken to hold from then on.
        only: Globs on ``provider/model`` or ``model``, either list's names; empty: everything.
        force: Add also what looks wrong or was ruled on before.
    """
    return compare(book, candidates(source), source, as_of, only=only, force=force)


def compare(
    book: PriceBook,
    listed: Iterable[Candidate],
    source: str,
    as_of: date,
    *,
    only: Sequence[str] = (),
    force: bool = False,
) -> Update:
    """Compare candidates already read with ours; see ``plan``."""
    names = Names(book)
    terms = _Terms(book, as_of, force)
    changes: dict[tuple[str, str, str, datetime], Change] = {}
    findings: list[Finding] = []
    compared = 0
    for candidate in listed:
        if candidate.provider not in book.providers or candidate.kind not in _PRICED_KINDS:
            continue
        found = names.resolve(candidate.provider, candidate.model)
        known = found.name if found.price_provider == candidate.provider and not found.flagged else None
        if found.region is not None or not _wanted(candidate, known, only):
            continue
        compared += 1
        for result in _known(terms, candidate, known) if known else _unknown(terms, candidate, found.name):
            if isinstance(result, Finding):
                findings.append(result)
            else:
                line = result.lines[0]
                changes.setdefault((result.provider, result.model, line.service_tier, line.start), result)
    kept = [change for _, change in sorted(changes.items(), key=lambda item: item[0])]
    return Update(source, as_of, tuple(_without_snapshots(kept)), tuple(_distinct(findings)), compared)


def _wanted(candidate: Candidate, known: str | None, only: Sequence[str]) -> bool:
    spellings = [name for name in (candidate.model, known) if name]
    spellings += [f"{candidate.provider}/{name}" for name in spellings]
    return not only or any(fnmatchcase(name, glob) for name in spellings for glob in only)


def _known(terms: _Terms, candidate: Candidate, name: str) -> Iterator[Change | Finding]:
    ours = by_tier(versions(terms.book.providers, candidate.provider, name))
    standard = ours.get("standard", [])
    target = terms.book.find(candidate.provider, _in_force(standard, _noon(terms)).model) if standard else None
    target = _in_force_model(terms, candidate.provider, name, standard) or target
    if target is None:
        return
    for tier, group in groupby(candidate.lines, key=lambda line: line.service_tier):
        for start, lines in _their_versions(tuple(group), terms.as_of):
            yield from _version(terms, candidate, target, _Asked(tier, start, lines, tuple(ours.get(tier, []))))


@dataclass(frozen=True, slots=True)
class _Asked:
    tier: str
    start: datetime
    lines: tuple[RateLine, ...]
    ours: tuple[Version, ...]


def _in_force_model(terms: _Terms, provider: str, name: str, standard: Sequence[Version]) -> Model | None:
    """The model a name means on the day: itself, or what the alias points at."""
    prices = terms.book.providers[provider]
    if name in prices.models:
        return prices.models[name]
    segments = [model for start, model in prices.aliases[name].segments if start <= _noon(terms)]
    return prices.models.get(segments[-1]) if segments and standard else None


def _noon(terms: _Terms) -> datetime:
    return midnight(terms.as_of)


def _their_versions(lines: tuple[RateLine, ...], as_of: date) -> list[tuple[datetime, tuple[RateLine, ...]]]:
    """What is in force on the day, and what is announced for later."""
    starts: dict[datetime, list[RateLine]] = {}
    for line in lines:
        starts.setdefault(line.start, []).append(line)
    ordered = sorted(starts.items())
    past = [item for item in ordered if item[0] <= midnight(as_of)]
    return [(start, tuple(group)) for start, group in (*past[-1:], *(i for i in ordered if i[0] > midnight(as_of)))]


def _version(terms: _Terms, candidate: Candidate, target: Model, asked: _Asked) -> Iterator[Change | Finding]:
    moment = max(asked.start, _noon(terms))
    ours = _in_force(asked.ours, moment)
    before = _rates(ours.lines) if ours else {}
    theirs = _rates(asked.lines)
    merged = _merged(before, theirs)
    if merged == before or (ours and any(line.window for line in ours.lines) and _in_some_window(ours, theirs)):
        return
    kind = NEW_PRICE if before else NEW_TIER
    start = asked.start if asked.start > UNDATED else _noon(terms)
    problem = _problem(terms, target, asked, (before, merged, theirs), start)
    if problem and not (terms.force and problem.code in {"disagrees", "suspicious", "band_missing"}):
        yield problem
        return
    yield Change(
        kind, candidate.provider, target.id, _lines(terms, candidate, asked.tier, start, merged), before, candidate
    )


def _in_force(found: Sequence[Version], moment: datetime) -> Version | None:
    past = [version for version in found if version.start <= moment]
    return past[-1] if past and past[-1].lines else None


def _rates(lines: Iterable[RateLine]) -> _Rates:
    return {line.min_ctx: dict(line.rates) for line in lines if line.window is None}


def _merged(before: _Rates, theirs: _Rates) -> _Rates:
    """Ours with their figures laid over; a figure that only repeats what we would bill anyway changes nothing."""
    merged = {band: dict(rates) for band, rates in before.items()}
    for band, rates in theirs.items():
        own = merged.setdefault(band, dict(merged.get(0, {})) if before else {})
        for key, value in rates.items():
            implied = own.get(_FALLBACKS.get(key, ""), None) if key not in own else own[key]
            if value != implied and not (key not in own and value == 0):
                own[key] = value
    if before and len(theirs) > 1:
        merged = {band: rates for band, rates in merged.items() if band in before or rates != merged[0]}
    return merged


def _in_some_window(ours: Version, theirs: _Rates) -> bool:
    wanted = theirs.get(0, {})
    return any(all(line.rates.get(k, v) == v for k, v in wanted.items()) for line in ours.lines)


def _problem(
    terms: _Terms, target: Model, asked: _Asked, rates: tuple[_Rates, _Rates, _Rates], start: datetime
) -> Finding | None:
    before, merged, theirs = rates
    place = f"{target.provider}/{target.id} {asked.tier}"
    evidence = {
        "provider": target.provider,
        "model": target.id,
        "service_tier": asked.tier,
        "from": f"{start:%Y-%m-%d}",
    }
    changed = _said(before, merged)
    checked = max((line.checked for line in target.rates if line.checked), default=target.checked)
    if target.like is not None:
        text, code = f"{place} is priced like {target.like}; the other list has {changed}", "reseller"
        return Finding(Severity.INFO, code, text, "Change the maker's line, or add rates of its own by hand.", evidence)
    if not target.rates:
        return Finding(Severity.INFO, "no_rates", f"{place} has only fees here", "Add the lines by hand.", evidence)
    latest = max((line.start for line in target.rates if line.service_tier == asked.tier), default=UNDATED)
    if before and start <= latest:
        text = f"{place}: the other list has {changed} since before our latest line ({latest:%Y-%m-%d})"
        return Finding(Severity.WARNING, "disagrees_with_history", text, "Rule on it; history is not edited.", evidence)
    slip = _slip(before, merged)
    if slip:
        return Finding(
            Severity.CRITICAL, "suspicious", f"{place}: {slip}", "Check the page; --force adds it.", evidence
        )
    if before and len(before) > 1 and len(theirs) == 1:
        text = f"{place}: the other list has {changed} and no long-context band"
        return Finding(Severity.WARNING, "band_missing", text, "Add base and band by hand, or --force.", evidence)
    if any(line.window for version in asked.ours for line in version.lines if version.start == latest):
        text = f"{place} has clock windows; the other list has {changed}"
        return Finding(Severity.WARNING, "windowed", text, "Add the lines by hand.", evidence)
    if before and checked is not None and start.date() <= checked:
        text = f"{place}: the other list has {changed}; ours was compared on {checked}"
        return Finding(Severity.INFO, "disagrees", text, "A ruling, not a change; --force adds it.", evidence)
    return None


def _slip(before: _Rates, merged: _Rates) -> str | None:
    for band, rates in merged.items():
        for key, new in rates.items():
            old = before.get(band, {}).get(key)
            if old and (new == 0 or not old < new * _SLIP < old * _SLIP * _SLIP):
                return f"{key} {_usd(old)} -> {_usd(new)} per 1M tokens looks like a slip of units"
    if not before and not any(rate for rates in merged.values() for rate in rates.values()):
        return "every rate is 0"
    return None


def _said(before: _Rates, merged: _Rates) -> str:
    parts = []
    for band, rates in merged.items():
        for key, new in rates.items():
            old = before.get(band, {}).get(key)
            if old != new:
                parts.append(f"{key}{f' over {band - 1:,}' if band else ''} {_usd(new)} (ours {_usd(old)})")
    return ", ".join(parts)


def _usd(pico: int | None) -> str:
    return "none" if pico is None else f"{pico / 1_000_000:g}"


def _lines(terms: _Terms, candidate: Candidate, tier: str, start: datetime, rates: _Rates) -> tuple[RateLine, ...]:
    sample = candidate.lines[0]
    return tuple(
        replace(
            sample,
            start=start,
            service_tier=tier,
            min_ctx=band,
            window=None,
            rates=MappingProxyType(rates[band]),
            source=None,
            checked=terms.as_of,
            note="",
        )
        for band in sorted(rates)
    )


def _unknown(terms: _Terms, candidate: Candidate, undated_name: str | None) -> Iterator[Change | Finding]:
    prices = terms.book.providers[candidate.provider]
    tiers = [tier for tier, _ in groupby(candidate.lines, key=lambda line: line.service_tier)]
    if "standard" not in tiers or any(line.window for line in candidate.lines):
        return
    if undated_name and not list(_known(replace(terms, force=True), candidate, undated_name)):
        return  # an unlisted snapshot at the price of its model: already priced so
    label = f"{candidate.provider}/{candidate.model}"
    standard = _rates(line for line in candidate.lines if line.service_tier == "standard")
    slip = _slip({}, standard)
    if slip and not terms.force:
        evidence = {"provider": candidate.provider, "model": candidate.model}
        yield Finding(Severity.WARNING, "suspicious", f"{label}: {slip}", "Check the page; --force adds it.", evidence)
        return
    checked = [model.checked for model in prices.models.values() if model.checked is not None]
    first = midnight(max((day for day in checked if day <= terms.as_of), default=terms.as_of))
    for tier in tiers:
        dated = [line for line in candidate.lines if line.service_tier == tier]
        for start, group in groupby(sorted(dated, key=lambda line: line.start), key=lambda line: line.start):
            since = first if start == UNDATED else start
            yield Change(
                NEW_MODEL,
                candidate.provider,
                candidate.model,
                _lines(terms, candidate, tier, since, _rates(group)),
                {},
                candidate,
            )


def _without_snapshots(changes: list[Change]) -> Iterator[Change]:
    """Leave out a new dated name whose undated model is new too, at the same prices."""
    fresh = {(c.provider, c.model) for c in changes if c.kind == NEW_MODEL}
    same = {(c.provider, c.model, c.lines) for c in changes}
    for change in changes:
        parts = undated(change.model, None) if change.kind == NEW_MODEL else None
        base = (change.provider, parts[0]) if parts else None
        if base is None or base not in fresh or (*base, change.lines) not in same:
            yield change


def _distinct(findings: list[Finding]) -> list[Finding]:
    rank = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
    unique = {(finding.code, finding.message): finding for finding in findings}
    return sorted(unique.values(), key=lambda finding: (rank[finding.severity], finding.code, finding.message))


def is_announced(line: RateLine, as_of: date) -> bool:
    """Say whether a line is not in force yet on the day it is written."""
    return line.start > datetime.combine(as_of, datetime.max.time(), UTC)
