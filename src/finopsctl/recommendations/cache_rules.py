"""Rules on caches: a response cache with few hits, prompt caches that lose money or are not used."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.caching.repricing import PROMPT, RESPONSE
from finopsctl.analyses.whatif import Scenario, parsing
from finopsctl.analyses.whatif.costs import offered
from finopsctl.recommendations.advice import Advice, Confidence, Effort
from finopsctl.recommendations.signals import MODEL
from finopsctl.recommendations.wording import limited, workload
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finopsctl.recommendations.question import RecommendQuestion
    from finopsctl.recommendations.signals import Signals

_DIGITS = Decimal("0.0001")


def low_hit_rate(signals: Signals) -> Iterator[Advice]:
    """Look at repeated queries and the lifetime of answers where the response cache rarely hits.

    Not where look-ups cost more than hits save: there :func:`cache_loses` says to stop.
    """
    limits, question = signals.question.thresholds, signals.question
    yield from _no_hits(signals)
    losing = _losing_lookups(signals)
    for row in signals.large():
        if not row["asked"] or not row["hits"] or row["hits"] / row["asked"] >= limits.hit_rate:
            continue
        if tuple(row[name] for name in signals.names) in losing:
            continue
        now, target = Decimal(row["hits"]) / Decimal(row["asked"]), Decimal(str(limits.hit_rate_target))
        # Of what still reaches the provider, the part that would not once hits / requests is at the target.
        more = ((target - now) / (1 - now)).quantize(_DIGITS, ROUND_DOWN)
        if more <= 0:
            continue
        place = signals.place(row)
        text, lookup = limited(f"{more:f}", place), f"{question.lookup:f}"
        yield Advice(
            "low_hit_rate",
            "response cache",
            f"Raise the hit rate of {workload(signals, row)}: repeated queries, lifetime of answers",
            Confidence.ESTIMATED,
            Effort.LOW,
            f"{row['hits']:,} of {row['asked']:,} requests were answered from the cache ({now:.1%}, low below "
            f"{limits.hit_rate:.0%}); at {target:.0%} another {more:.2%} of the rest would be",
            ("whatif", "--cache-hit-rate", text, *_lookups(question)),
            place,
            Scenario(hits=(parsing.hits(text, lookup, on_all=question.lookup_on_all),)),
        )


def _losing_lookups(signals: Signals) -> frozenset[tuple[str | None, ...]]:
    """Return the workloads some of whose look-ups :func:`cache_loses` advises against."""
    if "cache_loses" in signals.question.thresholds.disabled:
        return frozenset()
    return frozenset(
        tuple(row[name] for name in signals.names) for row in _losses(signals).filter(kind=RESPONSE).to_dicts()
    )


def _losses(signals: Signals) -> pl.DataFrame:
    """Return what caches cost more than they saved, by workload, provider, model and kind, the most first."""
    names = list(dict.fromkeys((*signals.names, *MODEL, "kind")))
    sums = ("gross", "write_premium", "lookup", "net", "written_tokens", "lookups")
    found = signals.shown.cache.rows.group_by(names).agg(pl.col(sums).sum()).sort("net", *names)
    return found.filter(pl.col("net") < 0)


def _no_hits(signals: Signals) -> Iterator[Advice]:
    """Ask whether queries repeat where no cache has ever answered one: what it would save is not known."""
    asked, spend = (sum(row[name] for row in signals.large()) for name in ("asked", "spend"))
    if not asked or signals.workloads["hits"].sum():
        return
    yield Advice(
        "low_hit_rate",
        "response cache",
        "Look whether queries repeat: no response cache answers any",
        Confidence.ESTIMATED,
        Effort.MEDIUM,
        f"None of {asked:,} requests was answered from a cache; what one would save depends on how many repeat",
        ("kpi", "--kpi", "cache_hit_rate", "--by", ",".join(signals.names)),
        stake=signals.monthly(Decimal(spend)),
    )


def cache_unused(signals: Signals) -> Iterator[Advice]:
    """Put what prompts have in common first where they are long and nothing of them is cached."""
    limits = signals.question.thresholds
    shares = f"{limits.cache_read:f}/{limits.cache_write:f}"
    for large in signals.large():
        for row in signals.of(large):
            served = row["served_requests"]
            is_long = served and row["input"] >= limits.large_prefix * served
            if not is_long or row["cached"] or not row["knows_cached"] or not _reads(signals, row):
                continue
            place = signals.place(row, model=True)
            text = limited(shares, place)
            yield Advice(
                "cache_unused",
                "prompt cache",
                f"Use prompt caching for {workload(signals, row)} on {row['model']}",
                Confidence.ESTIMATED,
                Effort.LOW,
                f"{counted(served, 'request')} of {row['input'] / served:,.0f} input tokens each, none of them cached; "
                f"if {limits.cache_read:.0%} of them were read from the cache and {limits.cache_write:.0%} written",
                ("whatif", "--prompt-cache", text),
                place,
                Scenario(prefixes=(parsing.prefix(text),)),
            )


def _reads(signals: Signals, row: Mapping[str, Any]) -> bool:
    """Return whether the price list has a price for cached tokens of a slice's model."""
    resolver = signals.question.prices.resolver
    found = offered(resolver.names, row["provider"], row["model"]) if row["model"] else None
    if found is None or found.name is None:
        return False
    lines = resolver.book.prices.filter(provider=found.price_provider, model=found.name)
    # An alias has no lines of its own: what-if knows whether it has such a price.
    return lines.is_empty() or bool(lines["cache_read"].is_not_null().any())


def cache_loses(signals: Signals) -> Iterator[Advice]:
    """Stop writing to a prompt cache, or asking a response cache, that costs more than it saves."""
    large = {tuple(row[name] for name in signals.names) for row in signals.large()}
    currency = signals.question.currency
    for row in _losses(signals).iter_rows(named=True):
        if tuple(row[name] for name in signals.names) not in large:
            continue
        place, prompt = signals.place(row, model=True), row["kind"] == PROMPT
        name, text = workload(signals, row), limited("off", place)
        command, change = _given_up(signals, text, prompt=prompt)
        wasted = row["write_premium"] if prompt else row["lookup"]
        cost, gross = (money(amount or Decimal(0), currency) for amount in (wasted, row["gross"]))
        what = f"Writing {row['written_tokens']:,} tokens cost" if prompt else f"{row['lookups']:,} look-ups cost"
        more = "more than as input " if prompt else ""
        yield Advice(
            "cache_loses",
            "prompt cache" if prompt else "response cache",
            f"Stop writing prompts of {name} to the cache of {row['model']}"
            if prompt
            else f"Stop looking up {name} in the response cache",
            Confidence.MEASURED,
            Effort.LOW,
            f"{what} {cost} {more}and saved {gross}, a loss of {money(-row['net'], currency)}",
            command,
            place,
            change,
        )


def _given_up(signals: Signals, text: str, *, prompt: bool) -> tuple[tuple[str, ...], Scenario]:
    """Return the command and the scenario of giving up a cache."""
    if prompt:
        return ("whatif", "--prompt-cache", text), Scenario(prefixes=(parsing.prefix(text),))
    question = signals.question
    hits = parsing.hits(text, f"{question.lookup:f}", on_all=question.lookup_on_all)
    return ("whatif", "--cache-hit-rate", text, *_lookups(question)), Scenario(hits=(hits,))


def _lookups(question: RecommendQuestion) -> tuple[str, ...]:
    """Return the options that say what a look-up costs."""
    priced = ("--cache-cost", f"{question.lookup:f}") if question.lookup else ()
    return (*priced, *(("--cache-lookups", "all") if question.lookup and question.lookup_on_all else ()))
