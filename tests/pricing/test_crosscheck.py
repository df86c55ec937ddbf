"""Drawn usages priced by us and by two open price lists: every disagreement belongs to a named class with a ruling.

A disagreement that no class explains fails the test: either a price of ours is wrong, or a new class has to be ruled
on here. Neither list is right everywhere; where a class holds, ours stands for the reason given.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

import pytest

from finopsctl.pricing.names import price_provider
from finopsctl.pricing.resolution import Names
from finopsctl.pricing.timeline import versions
from pricing import price_lists as lists
from pricing.price_lists import TODAY, Usage, at, book, by_genai, by_litellm, litellm_entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from finopsctl.pricing.timeline import Version

pytestmark = pytest.mark.filterwarnings("ignore")  # what litellm imports on its first call warns of itself

DRAWS, SEED = 4000, 20261122
PEAK = datetime(2026, 11, 16, 2, tzinfo=UTC)
"""A Monday at ten in Beijing."""


@dataclass(frozen=True, slots=True)
class Case:
    """One usage that another list prices otherwise.

    Args:
        usage: What was drawn.
        ours: Our price on its day; None where we have none.
        now: Our price of the same usage on the day of comparison.
        peak: The same at a peak hour of DeepSeek.
        theirs: The other list's.
    """

    usage: Usage
    ours: Decimal | None
    now: Decimal | None
    peak: Decimal | None
    theirs: Decimal

    def is_theirs(self, other: Decimal | None, factor: str = "1") -> bool:
        """Say whether an amount, times a factor, is what the other list says."""
        return other is not None and _same(other * Decimal(factor), self.theirs)

    def named(self, *globs: str) -> bool:
        """Say whether the model, as ``provider/name``, fits one of the patterns."""
        name = f"{self.usage.provider}/{self.usage.model}"
        return any(fnmatchcase(name, glob) for glob in globs)


@dataclass(frozen=True, slots=True)
class Ruling:
    """A class of disagreements: what they have in common, and why ours stands."""

    name: str
    why: str
    holds: Callable[[Case], bool]


def _same(a: Decimal, b: Decimal) -> bool:
    """Say whether two amounts are one, but for the float noise of a list that counts in floats."""
    return abs(a - b) <= max(abs(a), abs(b)) * Decimal("1e-9") + Decimal("2e-12")


def _sold(usage: Usage) -> list[Version]:
    """Return the versions of the model in the usage's service tier, oldest first."""
    resolved = Names(book()).resolve(usage.provider, usage.model)
    found = versions(book().providers, usage.provider, str(resolved.name))
    return [version for version in found if version.service_tier == usage.tier and version.lines]


def _banded(usage: Usage) -> bool:
    """Say whether our price of so long a prompt is a long-context one."""
    in_force = [version for version in _sold(usage) if version.start <= usage.when]
    return any(0 < line.min_ctx <= usage.prompt for line in (in_force[-1].lines if in_force else ()))


def _key(usage: Usage, *parts: str) -> bool:
    """Say whether litellm's entry holds a figure whose name contains all these parts."""
    entry = litellm_entry(usage.provider, usage.model) or {}
    return any(all(part in key for part in parts) for key, value in entry.items() if value is not None)


def _moving(usage: Usage) -> bool:
    return usage.model in book().providers[price_provider(usage.provider)].aliases


def _zoned(case: Case) -> bool:
    """Say whether ours is theirs plus what the region in the name costs more."""
    factors = ("1.1", "1.2", "1.25", "1.375")
    region = lists.region_in_name(case.usage)
    return region is not None and any(_same(case.theirs * Decimal(f), case.ours or Decimal(0)) for f in factors)


_SUFFIX = {"batch": "_batches", "flex": "_flex", "priority": "_priority"}

BOTH = (
    Ruling(
        "no price yet",
        "Before a model or a service tier was offered there is no price; undated lists price any day.",
        lambda c: c.ours is None and c.usage.when < _sold(c.usage)[0].start,
    ),
    Ruling(
        "history not kept",
        "Theirs is today's price, ours the one in force on the day of the request.",
        lambda c: c.is_theirs(c.now) or c.is_theirs(c.peak),
    ),
)

GENAI_FIGURES = {
    "openai/o3*": "Before the cut of 2025-06-10 cached input was 2.50; genai-prices has today's 0.50.",
    "google/gemini-pro": "0.125/0.375 is the price of 1,000 characters on the cloud; the API asked 0.50/1.50.",
    "google/gemini-1.0-pro": "The same.",
    "google/gemini-2.5-flash-preview": "The preview's cached rate, from memory; genai-prices lists none.",
    "vertex_ai/gemini-2.0-flash": "Dearer on Vertex AI than on the Gemini API, whose price genai-prices has.",
    "vertex_ai/gemini-3.8-flash-cyber": "Twice gemini-3.8-flash, whose name it matches there.",
    "vertex_ai/gemini-4-argon-cyber-permissive": "Twice gemini-4-argon, whose name it matches there.",
    "vertex_ai/gemma-4-*": "Free on the Gemini API, not on Vertex AI.",
}
LITELLM_FIGURES = {
    "mistral/mistral-large-4*": "The launch price; 0.70/2.10 since 2026-10-29, cached 0.07.",
    "mistral/magistral-*": "Priced as the recommended successor; no date of such a move is known.",
    "mistral/open-mistral-nemo": "The launch price of 2024-07.",
    "mistral/mistral-small": "The price of Small 3.2; the name moved to Small 4 on 2026-03-16.",
    "cohere/embed-multilingual-light-v3.0": "A thousand times too dear: a slip of units.",
    "groq/openai/gpt-oss-safeguard-20b": "Cached 0.0375 rounded to 0.037.",
    "openai/gpt-5.6-cyber": "A long-context band the provider's page does not have.",
    "openai/*daybreak-red-latest": "The same.",
    "openai/gpt-5-nano*": "A priority input rate above all its others by fifty times.",
    "openai/ft:gpt-4o-2024-11-20": "Has a cache-write rate where the cached rate belongs.",
    "anthropic/claude-sonnet-4-5*": "Has no band above 200,000 tokens; it held until the beta ended.",
    "vertex_ai/claude-3-5-haiku*": "The launch price of 2024-11.",
    "vertex_ai/claude-opus-5-5*": "The batch rates of Opus 5.",
    "bedrock/openai.gpt-6-*": "In region a tenth above the maker's price; litellm has the maker's.",
    "azure/mistral-large-latest": "Two prices in litellm; 8/24 is that of 2024-02.",
    "azure/gpt-5.4*": "A long-context price for priority, which the maker does not offer there.",
    "azure/*gpt-5.5*": "The same, and flex rates that are only partly those of the maker.",
    "openai/gpt-5.5-pro*": "A long-context price for batch; the page has base rates only.",
    "vertex_ai/gemini-3.5-flash*": "Cached rates of batch, flex and priority unrounded; ours are the page's.",
    "vertex_ai/xai/*": "Long from 200,001 tokens on; the maker's threshold is 200,000 itself.",
    "bedrock/anthropic.claude-3-7-sonnet-20240620-v1:0": "No such id: its day is that of another model.",
    "deepseek/*": "One figure a name, of one day; the models behind the names and their prices changed.",
}

GENAI_RULINGS = (
    *BOTH,
    Ruling(
        "service tier from the day it was verified",
        "genai-prices dates batch, flex and priority by the day it read them (2026-10) and bills standard before, or "
        "where it lists no such tier; a tier we list holds since it was offered.",
        lambda c: c.usage.tier != "standard" and c.is_theirs(by_genai(c.usage, tier="standard")),
    ),
    Ruling(
        "cached tokens in a batch",
        "Where no cached price is published for batch, cached tokens bill as batch input, not at the standard rate.",
        lambda c: c.usage.tier == "batch" and c.usage.cache_read > 0 and c.named("openai/*", "azure/*"),
    ),
    Ruling(
        "no cached rate listed",
        "genai-prices has no cached rate for the model and bills cached tokens as input; the provider lists one.",
        lambda c: (
            c.usage.cache_read > 0
            and c.is_theirs(by_genai(at(c.usage, input=c.usage.input + c.usage.cache_read, cache_read=0)))
        ),
    ),
    Ruling(
        "one-hour cache writes",
        "A one-hour write costs twice the input; genai-prices lists none there and bills a five-minute one.",
        lambda c: (
            c.usage.cache_write_1h > 0
            and c.is_theirs(
                by_genai(at(c.usage, cache_write=c.usage.cache_write + c.usage.cache_write_1h, cache_write_1h=0))
            )
        ),
    ),
    Ruling(
        "clock windows",
        "DeepSeek's peak has weekdays and holidays and its prices dates and hours; a daily window says none of that.",
        lambda c: c.usage.provider == "deepseek",
    ),
    Ruling(
        "moving names",
        "A `-latest` or retired name means other models over time; genai-prices has one meaning, or fewer steps.",
        lambda c: _moving(c.usage),
    ),
    Ruling(
        "no long-context band listed",
        "The whole request bills at the band's rates; genai-prices lists none for the model.",
        lambda c: _banded(c.usage) and not lists.genai_bands(c.usage) and c.theirs < (c.ours or 0),
    ),
    Ruling(
        "one price for every region",
        "A regional profile or data zone that the id names costs more; genai-prices lists one price.",
        lambda c: (
            _zoned(c)
            or (c.named("bedrock/*.*.*") and lists.region_in_name(c.usage) is not None and c.theirs < (c.ours or 0))
        ),
    ),
    Ruling(
        "Bedrock id without a region",
        "An id that names no region is taken at the global price; genai-prices takes the regional one, a tenth more.",
        lambda c: (
            c.usage.provider == "bedrock" and lists.region_in_name(c.usage) is None and c.is_theirs(c.ours, "1.1")
        ),
    ),
    Ruling(
        "figures ruled on one by one",
        "See GENAI_FIGURES.",
        lambda c: c.named(*GENAI_FIGURES),
    ),
)

LITELLM_RULINGS = (
    *BOTH,
    Ruling(
        "unknown service tier billed as standard",
        "litellm falls back to standard silently where it has no rate of a tier.",
        lambda c: c.usage.tier != "standard" and c.is_theirs(by_litellm(c.usage, tier="standard")),
    ),
    Ruling(
        "long context in another service tier",
        "The whole request bills at the band's rate of its tier; litellm has no such figure and keeps the base, or "
        "takes standard's.",
        lambda c: (
            c.usage.tier != "standard"
            and _banded(c.usage)
            and not _key(c.usage, "_above_", "k_tokens", _SUFFIX[c.usage.tier])
        ),
    ),
    Ruling(
        "one-hour cache writes",
        "A one-hour write costs twice the input; litellm leaves it out in a batch, and where it lists no such rate.",
        lambda c: c.usage.cache_write_1h > 0 and (c.usage.tier == "batch" or not _key(c.usage, "above_1hr")),
    ),
    Ruling(
        "no cache rates listed",
        "litellm has no cache rate for the model and bills cached tokens as input or not at all.",
        lambda c: c.usage.cache_read + c.usage.cache_write > 0 and not _key(c.usage, "cache_read_input_token_cost"),
    ),
    Ruling(
        "cache rates in another service tier",
        "litellm lists no cache rate of the tier and derives one; ours is the provider's, or batch input where none "
        "is published.",
        lambda c: (
            c.usage.tier != "standard"
            and c.usage.cache_read + c.usage.cache_write > 0
            and not _key(c.usage, "cache_read", _SUFFIX[c.usage.tier])
        ),
    ),
    Ruling(
        "batch taken for half",
        "litellm halves where it lists no batch rate; xAI takes 20 % off and Voyage 33 %.",
        lambda c: (
            c.usage.tier == "batch"
            and not _key(c.usage, "_batches")
            and c.is_theirs(by_litellm(c.usage, tier="standard"), "0.5")
        ),
    ),
    Ruling(
        "Azure's regional price",
        "litellm lists the regional price of an Azure model, a tenth more; ours is global unless a zone is named.",
        lambda c: c.usage.provider == "azure" and lists.region_in_name(c.usage) is None and c.is_theirs(c.ours, "1.1"),
    ),
    Ruling(
        "rounded data-zone rates",
        "litellm rounds uplifted rates to three decimals a million; a tenth more is exact.",
        lambda c: (
            c.usage.provider == "azure"
            and lists.region_in_name(c.usage) is not None
            and any(price and abs(c.theirs / price - 1) < Decimal("0.01") for price in (c.ours, c.now))
        ),
    ),
    Ruling(
        "moving names",
        "A `-latest` or retired name means another model over time; litellm knows one meaning.",
        lambda c: _moving(c.usage),
    ),
    Ruling(
        "figures ruled on one by one",
        "See LITELLM_FIGURES.",
        lambda c: c.named(*LITELLM_FIGURES),
    ),
)


@cache
def cases() -> tuple[tuple[str, Case | None], ...]:
    """Return (list, case) of every drawn usage that the list prices; None where both agree."""
    usages = lists.drawn(DRAWS, SEED)
    prices = [lists.ours(usages, moment)["list_cost"].to_list() for moment in (None, TODAY, PEAK)]
    found: list[tuple[str, Case | None]] = []
    for usage, ours, now, peak in zip(usages, *prices, strict=True):
        for name, price in (("genai-prices", by_genai), ("litellm", by_litellm)):
            theirs = price(usage)
            if theirs is not None:
                case = Case(usage, ours, now, peak, theirs)
                found.append((name, None if ours is not None and _same(ours, theirs) else case))
    return tuple(found)


def classified(name: str, rulings: tuple[Ruling, ...]) -> tuple[Counter[str], list[Case]]:
    """Return how many disagreements with a list each class takes (the first that holds), and what is left."""
    counts: Counter[str] = Counter()
    left = []
    for other, case in cases():
        if other != name:
            continue
        if case is None:
            counts["agree"] += 1
            continue
        ruling = next((ruling for ruling in rulings if ruling.holds(case)), None)
        if ruling is None:
            left.append(case)
        else:
            counts[ruling.name] += 1
    return counts, left


def _shown(cases: list[Case]) -> str:
    return "\n".join(f"{case.usage}: ours {case.ours}, theirs {case.theirs}" for case in cases[:20])


@pytest.mark.parametrize(("name", "rulings"), [("genai-prices", GENAI_RULINGS), ("litellm", LITELLM_RULINGS)])
def test_every_disagreement_with_another_price_list_has_a_ruling(name: str, rulings: tuple[Ruling, ...]) -> None:
    counts, left = classified(name, rulings)
    print(f"\n{name}: {dict(counts.most_common())}")  # noqa: T201 - pytest -s shows the table

    assert not left, f"{len(left)} unexplained:\n{_shown(left)}"
    assert counts["agree"] > 1000


@pytest.mark.parametrize(("name", "rulings"), [("genai-prices", GENAI_RULINGS), ("litellm", LITELLM_RULINGS)])
def test_no_class_of_disagreement_is_empty(name: str, rulings: tuple[Ruling, ...]) -> None:
    """A class nothing falls into any more hides the next disagreement of its kind: take it out."""
    counts, _ = classified(name, rulings)

    assert [ruling.name for ruling in rulings if not counts[ruling.name]] == []
