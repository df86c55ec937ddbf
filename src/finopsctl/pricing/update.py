"""Proposing price changes from another price list, and appending them: never an edit of a line that is there.

For every model of the other list that has a file here, its prices are compared with ours on one day. What differs
becomes a dated line, what we do not list a new model, unless

- we compared that price ourselves since it is said to hold (``checked``): then the lists disagree about the same
  price, and a person has to rule;
- it is ten times ours or a tenth of it, or zero: a slip of units;
- the other list has no long-context band where ours has one: the band would be left stale;
- it reaches back before our line in force, ours is a reseller's reference, or ours has clock windows.

Those come back as findings; ``force`` adds the first three kinds all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from finopsctl.pricing.book import RateLine
from finopsctl.pricing.candidates import UNDATED, Candidate, midnight
from finopsctl.pricing.differences import FORCEABLE, Difference, Rates, flat, is_same, problem, slip_of_units
from finopsctl.pricing.importers import candidates
from finopsctl.pricing.names import undated
from finopsctl.pricing.resolution import Names
from finopsctl.pricing.timeline import by_tier, versions
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

    from finopsctl.pricing.book import Model, PriceBook
    from finopsctl.pricing.timeline import Version

NEW_MODEL, NEW_PRICE, NEW_TIER = "new model", "new price", "new service tier"
_KINDS = frozenset(["chat", "embedding", "completion", None])


@dataclass(frozen=True, slots=True)
class Change:
    """Lines to append: one version of one service tier.

    Args:
        kind: ``new model``, ``new price`` or ``new service tier``.
        provider: Whose price file.
        model: The model's id there.
        lines: The new version, complete.
        before: The version it follows; empty for something new.
        candidate: Where it comes from.
    """

    kind: str
    provider: str
    model: str
    lines: tuple[RateLine, ...]
    before: tuple[RateLine, ...]
    candidate: Candidate


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What another price list would add to ours.

    Args:
        source: As it was named.
        as_of: The day both were compared on.
        changes: By provider, model, service tier and start.
        findings: What was not taken over, and why; worst first.
        compared: How many of the other list's models have a file here.
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

    @property
    def moment(self) -> datetime:
        return midnight(self.as_of)


def plan(book: PriceBook, source: str, as_of: date, *, only: Sequence[str] = (), force: bool = False) -> Update:
    """Compare another price list with ours.

    Args:
        book: Our prices.
        source: ``genai-prices``, ``litellm``, ``openrouter``, a file or an https address; see ``importers.candidates``.
        as_of: The day to compare on; an undated price is taken to hold from then on.
        only: Globs on ``model`` or ``provider/model``, in either list's names; empty: everything.
        force: Add also what looks wrong or was ruled on before.

    Raises:
        PricingError: a list that is not there or not readable.
        DeliveryError: an address that cannot be fetched.
    """
    terms = _Terms(book, as_of, force)
    names = Names(book)
    changes: dict[tuple[str, str, str, datetime], Change] = {}
    findings: dict[tuple[str, str], Finding] = {}
    compared = 0
    for candidate in candidates(source):
        known = _listed_name(names, candidate) if candidate.kind in _KINDS else None
        if known is None or not _wanted(candidate, known, only):
            continue
        compared += 1
        for result in _compared(terms, candidate, known):
            if isinstance(result, Finding):
                findings.setdefault((result.code, result.message), result)
            else:
                first = result.lines[0]
                changes.setdefault((result.provider, result.model, first.service_tier, first.start), result)
    ordered = [change for _, change in sorted(changes.items(), key=lambda item: item[0])]
    rank = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
    sorted_findings = sorted(findings.values(), key=lambda f: (rank[f.severity], f.code, f.message))
    return Update(source, as_of, tuple(_without_snapshots(ordered)), tuple(sorted_findings), compared)


def _listed_name(names: Names, candidate: Candidate) -> str | None:
    """Return our id or alias, empty for a name we do not list, None where there is nothing to compare with."""
    if candidate.provider not in names.book.providers:
        return None
    found = names.resolve(candidate.provider, candidate.model)
    if found.region is not None or found.price_provider != candidate.provider:
        return None
    return found.name if found.name is not None and not found.flagged else ""


def _wanted(candidate: Candidate, known: str, only: Sequence[str]) -> bool:
    spellings = [name for name in (candidate.model, known) if name]
    spellings += [f"{candidate.provider}/{name}" for name in spellings]
    return not only or any(fnmatchcase(name, glob) for name in spellings for glob in only)


def _compared(terms: _Terms, candidate: Candidate, known: str) -> Iterator[Change | Finding]:
    if not known:
        yield from _new_model(terms, candidate)
        return
    model = _meaning(terms, candidate.provider, known)
    if model is None:
        return
    ours = by_tier(versions(terms.book.providers, candidate.provider, model.id))
    for tier, group in groupby(candidate.lines, key=lambda line: line.service_tier):
        for since, lines in _in_force_or_announced(tuple(group), terms.moment):
            start = terms.moment if since == UNDATED else since
            moment = max(start, terms.moment)
            before, standard = (_version_at(ours.get(name, ()), moment) for name in (tier, "standard"))
            difference = Difference(model, tier, start, before, flat(lines), flat(standard.lines) if standard else {})
            yield from _ruled(terms, candidate, difference)


def _ruled(terms: _Terms, candidate: Candidate, difference: Difference) -> Iterator[Change | Finding]:
    if is_same(difference):
        return
    found = problem(difference)
    if found is not None and difference.ours is None and difference.model.like is not None:
        return  # a tier that the reseller does not sell
    if found is not None and not (terms.force and found.code in FORCEABLE):
        yield found
        return
    kind = NEW_PRICE if difference.ours else NEW_TIER
    lines = _lines(terms, difference.service_tier, difference.start, difference.after)
    before = difference.ours.lines if difference.ours else ()
    yield Change(kind, candidate.provider, difference.model.id, lines, before, candidate)


def _meaning(terms: _Terms, provider: str, name: str) -> Model | None:
    prices = terms.book.providers[provider]
    if name in prices.models:
        return prices.models[name]
    current = [model for start, model in prices.aliases[name].segments if start <= terms.moment]
    return prices.models.get(current[-1]) if current else None


def _in_force_or_announced(lines: Sequence[RateLine], moment: datetime) -> list[tuple[datetime, tuple[RateLine, ...]]]:
    ordered = [
        (k, tuple(g)) for k, g in groupby(sorted(lines, key=lambda line: line.start), key=lambda line: line.start)
    ]
    past = [item for item in ordered if item[0] <= moment]
    return [*past[-1:], *(item for item in ordered if item[0] > moment)]


def _version_at(found: Sequence[Version], moment: datetime) -> Version | None:
    past = [version for version in found if version.start <= moment]
    return past[-1] if past and past[-1].lines else None


def _new_model(terms: _Terms, candidate: Candidate) -> Iterator[Change | Finding]:
    tiers = _by_tier(candidate.lines)
    if "standard" not in tiers or any(line.window for line in candidate.lines) or _is_priced_snapshot(terms, candidate):
        return
    slip = slip_of_units({}, flat(tiers["standard"]))
    if slip and not terms.force:
        evidence = {"provider": candidate.provider, "model": candidate.model}
        text = f"{candidate.provider}/{candidate.model}: {slip}"
        yield Finding(Severity.WARNING, "suspicious", text, "Check the provider's page; --force adds it.", evidence)
        return
    name = _plain_name(terms, candidate)
    since = _last_check(terms, candidate.provider)
    for tier, lines in tiers.items():
        dated = [line for line in lines if line.start != UNDATED]
        kept = dated if any(line.start <= since for line in dated) else lines  # before the first date: unknown
        for start, group in groupby(sorted(kept, key=lambda line: line.start), key=lambda line: line.start):
            new = _lines(terms, tier, since if start == UNDATED else start, flat(group))
            yield Change(NEW_MODEL, candidate.provider, name, new, (), candidate)


def _plain_name(terms: _Terms, candidate: Candidate) -> str:
    name = candidate.model
    while prefix := next((p for p in terms.book.providers[candidate.provider].strip if name.startswith(p)), None):
        name = name.removeprefix(prefix)
    return name


def _by_tier(lines: Iterable[RateLine]) -> dict[str, list[RateLine]]:
    tiers: dict[str, list[RateLine]] = {}
    for line in lines:
        tiers.setdefault(line.service_tier, []).append(line)
    return tiers


def _is_priced_snapshot(terms: _Terms, candidate: Candidate) -> bool:
    """Say whether the name is a dated one of a model we list, at that model's prices: it is priced so already."""
    found = Names(terms.book).resolve(candidate.provider, candidate.model)
    forced = replace(terms, force=True)
    return bool(found.name) and not list(_compared(forced, candidate, str(found.name)))


def _last_check(terms: _Terms, provider: str) -> datetime:
    """A model that is new to us was, as far as we know, not there when the provider's prices were last compared."""
    days = [m.checked for m in terms.book.providers[provider].models.values() if m.checked is not None]
    return midnight(max((day for day in days if day <= terms.as_of), default=terms.as_of))


def _lines(terms: _Terms, tier: str, start: datetime, rates: Rates) -> tuple[RateLine, ...]:
    return tuple(
        RateLine(start, tier, band, None, MappingProxyType(dict(rates[band])), checked=terms.as_of)
        for band in sorted(rates)
    )


def _without_snapshots(changes: Sequence[Change]) -> Iterator[Change]:
    """Leave out a new dated name whose undated model is new too, at the same prices."""
    fresh = {(c.provider, c.model, repr(c.lines)) for c in changes if c.kind == NEW_MODEL}
    for change in changes:
        parts = undated(change.model, None) if change.kind == NEW_MODEL else None
        if parts is None or (change.provider, parts[0], repr(change.lines)) not in fresh:
            yield change
