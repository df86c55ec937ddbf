"""What a prompt cache would do on a trace: hit rates by capacity, or what a provider's rule would bill.

Input cost factor, 1 = no cache, with prices in units of the input price (r read, w written):

    factor = 1 - read share x (1 - r) + written share x (w - 1)

A write pays when what it wrote is read again at least (w - 1) / (1 - r) times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.caching.lifetimes import LIFETIMES, SOLD, spelt
from finopsctl.analyses.caching.simulation_report import report_of
from finopsctl.caching.eviction import POLICIES, replay
from finopsctl.caching.provider_rules import (
    AT_THE_END,
    LEAST_TOKENS,
    RULES,
    Breakpoints,
    Cached,
    automatic,
    breakpoints,
    marked,
)
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.schema import MONEY
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from finopsctl.analyses.caching.prices import ModelPrices
    from finopsctl.caching.trace import Trace
    from finopsctl.results.report import Report

_STEPS = (1, 2, 3, 5)
CURVE = tuple(step * 10**power for power in range(4, 10) for step in _STEPS)
"""Capacities tried where none is asked for, up to the first that holds all of a trace; then without limit."""
DISCOUNT, READ_PRICE = Fraction(1, 2), Fraction(1, 10)
_WRITE_PRICES = {timedelta(minutes=5): Fraction(5, 4), timedelta(hours=1): Fraction(2)}
_OTHER_PLACES = ("end", f"first:{LEAST_TOKENS}", "blocks")
_PICO = 10**12

ROWS = pl.Schema(
    {
        "rule": pl.String(),
        "capacity": pl.Int64(),
        "ttl": pl.String(),
        "breakpoints": pl.String(),
        "cached_tokens": pl.Int64(),
        "written_tokens": pl.Int64(),
        "hit_rate": pl.Float64(),
        "token_share": pl.Float64(),
        "written_share": pl.Float64(),
        "read_price": pl.Float64(),
        "write_price": pl.Float64(),
        "input_cost_factor": pl.Float64(),
        "factor_if_read_again": pl.Float64(),
        "break_even_rereads": pl.Float64(),
        "rereads": pl.Float64(),
        "baseline": MONEY,
        "scenario": MONEY,
        "saving": MONEY,
        "asked": pl.Boolean(),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """What to try.

    Args:
        rule: A policy of a cache of limited capacity, or a provider's rule.
        capacities: In tokens (None: unlimited), for policies; empty: a curve of usual ones.
        lifetime: How long a provider keeps what is not used.
        places: Where requests put breakpoints (``anthropic``).
        read_price: Of a token read from the cache, input = 1; None: the model's, else the rule's usual one.
        write_price: Of a token written to it at ``lifetime``; None: likewise.
        prices: Those of a model, for amounts of money; None: shares only.
    """

    rule: str
    capacities: tuple[int | None, ...] = ()
    lifetime: timedelta = timedelta(minutes=5)
    places: Breakpoints = AT_THE_END
    read_price: Fraction | None = None
    write_price: Fraction | None = None
    prices: ModelPrices | None = None

    def __post_init__(self) -> None:
        """Refuse what the rule does not know."""
        if self.rule not in (*POLICIES, *RULES):
            raise ConfigError(f"unknown rule '{self.rule}'", nearest(self.rule, (*POLICIES, *RULES)))
        if self.rule in RULES and self.capacities:
            raise ConfigError(
                f"the rule {self.rule} knows no capacity: the provider keeps what it keeps",
                f"Leave out --capacity, or use --rule {POLICIES[0]}.",
            )
        if self.rule != "anthropic" and self.places != AT_THE_END:
            raise ConfigError(f"the rule {self.rule} knows no breakpoints", "Use --rule anthropic.")


@dataclass(frozen=True, slots=True, eq=False)
class CacheSimulation:
    """What each variant would do; ``rows`` has the columns of ``ROWS``.

    Provider rules: the variant ``asked`` for among other lifetimes and breakpoints. Policies: one row a capacity.
    ``cached_tokens`` of a policy are in whole blocks, of ``whole_tokens`` (the denominator of its hit rate);
    ``token_share`` counts the last, unfilled block, too, as a share of all input tokens. Amounts are of input alone.

    ``totals``: those of the variant asked for (of several capacities the largest), input_tokens, denominator_tokens,
    requests, output_cost, and of provider rules the best variant: best_ttl, best_breakpoints, best_factor.
    """

    rows: pl.DataFrame
    totals: Mapping[str, Any]
    experiment: Experiment
    trace: Trace
    findings: tuple[Finding, ...] = ()

    def report(self) -> Report:
        """Return the presentable form."""
        return report_of(self)


def simulate(trace: Trace, experiment: Experiment) -> CacheSimulation:
    """Replay a trace under a rule, and under its neighbours: other capacities, lifetimes and breakpoints.

    Args:
        trace: The requests.
        experiment: What to try.

    Raises:
        ConfigError: When a price is missing that the rule needs.
    """
    bill = _Bill(trace, experiment.prices)
    variants = _capacities(trace, experiment) if experiment.rule in POLICIES else _lifetimes(trace, experiment)
    rows = pl.DataFrame([{**row, **bill.of(row.pop("tokens"))} for row in variants], schema=ROWS)
    asked = rows.filter("asked").row(-1, named=True)
    sizes = {
        "requests": len(trace.prompts),
        "input_tokens": trace.input_tokens,
        "denominator_tokens": trace.whole_tokens if experiment.rule in POLICIES else trace.input_tokens,
    }
    totals = {**sizes, **{k: v for k, v in asked.items() if k != "asked"}, "output_cost": bill.output}
    if experiment.rule in RULES:
        best = rows.sort("input_cost_factor", maintain_order=True).row(0, named=True)
        totals |= {f"best_{name}": best[name] for name in ("ttl", "breakpoints")}
        totals["best_factor"] = best["input_cost_factor"]
    return CacheSimulation(rows, totals, experiment, trace, (*_losses(asked), *trace.findings))


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What each request reads and writes, and at which prices."""

    read: Sequence[int]
    written: Sequence[int]
    read_price: Fraction
    write_price: Fraction


class _Bill:
    """Adds up what requests cost at a model's prices; without any, amounts are unknown."""

    def __init__(self, trace: Trace, prices: ModelPrices | None) -> None:
        self._lengths = [prompt.input_tokens for prompt in trace.prompts]
        self._each: list[int] | None = None
        self.output: Decimal | None = None
        if prices is not None:
            self._each, output = prices.of_requests(self._lengths, [prompt.output_tokens for prompt in trace.prompts])
            self.output = _usd(Fraction(output))

    def of(self, tokens: _Tokens) -> dict[str, Decimal | None]:
        if self._each is None:
            return {"baseline": None, "scenario": None, "saving": None}
        baseline = _usd(Fraction(sum(map(int.__mul__, self._each, self._lengths))))
        read, written = (sum(map(int.__mul__, self._each, each)) for each in (tokens.read, tokens.written))
        saving = _usd(read * (1 - tokens.read_price) - written * (tokens.write_price - 1))
        return {"baseline": baseline, "scenario": baseline - saving, "saving": saving}


def _usd(pico: Fraction) -> Decimal:
    return Decimal(round(pico)).scaleb(-12)


def _capacities(trace: Trace, experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Yield what a cache of each capacity finds, smallest first; the last one is the one asked for."""
    asked = experiment.capacities or _curve(trace.room_of_all())
    ordered = sorted(set(asked), key=lambda capacity: (capacity is None, capacity or 0))
    read_price = _read_price(experiment)
    for capacity in ordered:
        found = replay(trace, experiment.rule, capacity)
        whole, nothing = sum(found.whole), [0] * len(found.whole)
        yield {
            "rule": experiment.rule,
            "capacity": capacity,
            "cached_tokens": whole,
            "hit_rate": _share(whole, trace.whole_tokens),
            "token_share": _share(sum(found.leading), trace.input_tokens),
            "asked": bool(experiment.capacities) or capacity is None,
            "tokens": _Tokens(found.whole, nothing, read_price, Fraction(1)),
        }


def _curve(enough: int) -> tuple[int | None, ...]:
    """Return usual capacities up to the first that is enough, then None."""
    return (*(at for at, before in zip(CURVE, (0, *CURVE), strict=False) if before < enough), None)


def _lifetimes(trace: Trace, experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Yield the variant asked for among its neighbours, shortest lifetime first."""
    read_price, is_marked = _read_price(experiment), experiment.rule == "anthropic"
    lifetimes = sorted({experiment.lifetime, *(SOLD if is_marked else LIFETIMES)})
    places = {place.name: place for place in (experiment.places, *map(breakpoints, _OTHER_PLACES if is_marked else ()))}
    for place in places.values():
        for lifetime in lifetimes:
            milliseconds = lifetime.total_seconds() * 1000
            cached = marked(trace, milliseconds, place) if is_marked else automatic(trace, milliseconds)
            is_asked = lifetime == experiment.lifetime and place == experiment.places
            write_price = _write_price(experiment, lifetime)
            yield {
                "rule": experiment.rule,
                "ttl": spelt(lifetime),
                "breakpoints": place.name if is_marked else None,
                "asked": is_asked,
                **_figures(trace, cached, read_price, write_price),
            }


def _figures(trace: Trace, cached: Cached, read_price: Fraction, write_price: Fraction) -> dict[str, Any]:
    read, written = sum(cached.read), sum(cached.written)
    again = None if cached.read_again is None else sum(cached.read_again)
    premium = write_price - 1
    return {
        "cached_tokens": read,
        "written_tokens": written,
        "hit_rate": _share(read, trace.input_tokens),
        "token_share": _share(read, trace.input_tokens),
        "written_share": _share(written, trace.input_tokens),
        "read_price": float(read_price),
        "write_price": float(write_price),
        "input_cost_factor": _factor(trace, read, written, read_price, write_price),
        "factor_if_read_again": None if again is None else _factor(trace, read, again, read_price, write_price),
        "break_even_rereads": float(premium / (1 - read_price)) if premium > 0 and read_price < 1 else None,
        "rereads": _share(read, written) if premium > 0 else None,
        "tokens": _Tokens(cached.read, cached.written, read_price, write_price),
    }


def _factor(trace: Trace, read: int, written: int, read_price: Fraction, write_price: Fraction) -> float | None:
    whole = trace.input_tokens
    return float(1 - (read * (1 - read_price) - written * (write_price - 1)) / whole) if whole else None


def _read_price(experiment: Experiment) -> Fraction:
    if experiment.read_price is not None:
        return experiment.read_price
    if experiment.prices is not None:
        if experiment.prices.read is None:
            raise ConfigError(
                f"{experiment.prices.model} has no price for tokens read from a cache", "Give one with --read-price."
            )
        return experiment.prices.read
    return READ_PRICE if experiment.rule == "anthropic" else 1 - DISCOUNT


def _write_price(experiment: Experiment, lifetime: timedelta) -> Fraction:
    """Return the price of a written token: as asked, the model's, or the rule's usual one for the lifetime."""
    is_automatic = experiment.rule == "openai"  # its writes cost the same however long they last
    if experiment.write_price is not None and (is_automatic or lifetime == experiment.lifetime):
        return experiment.write_price
    prices = experiment.prices
    if is_automatic:
        return prices.write if prices is not None and prices.write is not None else Fraction(1)
    if lifetime not in SOLD:
        raise ConfigError(
            f"a cache of {spelt(lifetime)} has no known write price", "Use --ttl 5m or 1h, or --write-price."
        )
    own = None if prices is None else (prices.write if lifetime == SOLD[0] else prices.write_1h)
    return _WRITE_PRICES[lifetime] if own is None else own


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _losses(asked: Mapping[str, Any]) -> Iterable[Finding]:
    factor = asked["input_cost_factor"]
    if factor is None or factor <= 1:
        return
    message = (
        f"This cache LOSES money: a {asked['ttl']} cache written at {_where(asked)} makes input cost {factor - 1:.1%} "
        f"more, since what is written is read again only {asked['rereads']:.2f} times; it takes "
        f"{_times(asked['break_even_rereads'])}."
    )
    hint = ""
    if (better := asked["factor_if_read_again"]) is not None and better < 1:
        hint = f"Writing only what is read again would bring input to {better:.1%}; or use a shorter lifetime."
    yield Finding(Severity.WARNING, "cache_loses_money", message, hint, {"input_cost_factor": factor})


def _times(count: float | None) -> str:
    return "more than any" if count is None else f"{count:.2f}"


def _where(row: Mapping[str, Any]) -> str:
    places = row["breakpoints"]
    if places is None:
        return "every prompt"
    if places == "end":
        return "the end of every prompt"
    return "every boundary" if places == "blocks" else f"{places.removeprefix('first:')} tokens and the end"
