"""What a simulation rests on, in the words of every other report: period, prices, the trace and what it lacks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from finopsctl.ledger.period import Period, day_end, midnight, zone
from finopsctl.results.report import Context
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finopsctl.analyses.caching.simulation import CacheSimulation
    from finopsctl.caching.trace import Trace

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_INSTANT, _MOST_INSTANT = 10**12, 253_402_214_400_000
"""Milliseconds since 1970 of 2001-09-09 and 9999-12-31: smaller numbers in a trace count from its own beginning."""


def context_of(simulation: CacheSimulation, timezone: str = "UTC") -> Context:
    """Return the header of a simulation's document and the notes below its table.

    The period is the days that hold a trace's requests, and null where its times count from its own beginning; how
    long it lasts is known either way.

    Args:
        simulation: What was found.
        timezone: Of days.
    """
    trace, prices = simulation.trace, simulation.experiment.prices
    start, end = _days(trace, timezone)
    lasts = (trace.prompts[-1].at - trace.prompts[0].at) / 1000 if trace.prompts else None
    known = None if prices is None else prices.resolver.book
    header = {
        "period": {"start": start, "end": end, "timezone": timezone, "seconds": lasts},
        "as_of": end,
        "currency": "USD",
        "cost_basis": None if prices is None else "list",
        "price_book": None if known is None else {"version": known.version, "checked": known.checked},
        "inputs": [_input(trace)],
        "data_quality": _data_quality(trace, priced=prices is not None),
    }
    return Context(header, tuple(_notes(simulation, timezone)))


def _days(trace: Trace, timezone: str) -> tuple[datetime | None, datetime | None]:
    if not trace.prompts:
        return None, None
    first, last = (trace.prompts[at].at for at in (0, -1))
    least = 0 if trace.block is None else _LEAST_INSTANT
    if not least <= first <= last < _MOST_INSTANT:
        return None, None
    start, end = (_EPOCH + timedelta(milliseconds=at) for at in (first, last))
    return midnight(start.astimezone(zone(timezone)).date(), timezone), day_end(end, timezone)


def _input(trace: Trace) -> Mapping[str, Any]:
    return {
        "path": trace.name,
        "source": "prompts" if trace.block is None else "trace",
        "records": len(trace.prompts),
        "bad_lines": trace.bad_lines,
        "left_out": trace.left_out,
    }


def _data_quality(trace: Trace, *, priced: bool) -> Mapping[str, Any]:
    """Return the figures every report has; null is what a trace cannot tell or nobody looked for."""
    unknown = ("unattributed_share", "standard_tier_assumed", "band_unknown", "unconverted")
    return {
        "records": len(trace.prompts),
        "bad_lines": trace.bad_lines,
        "left_out": trace.left_out,
        "duplicates": None,
        "unpriced_requests": 0 if priced else None,
        "unpriced_tokens": 0 if priced else None,
        "unpriced_models": [],
        "set_aside": [],
        **dict.fromkeys(unknown),
    }


def _notes(simulation: CacheSimulation, timezone: str) -> Iterator[str]:
    trace, totals, prices = simulation.trace, simulation.totals, simulation.experiment.prices
    start, end = _days(trace, timezone)
    if start is not None and end is not None:
        period = Period(start, end, timezone)
        yield f"Period: {period.first_day} to {period.last_day} ({timezone})"
    yield f"{counted(len(trace.prompts), 'request')} of {trace.name}, {counted(trace.input_tokens, 'input token')}"
    if trace.bad_lines:
        yield f"{counted(trace.bad_lines, 'bad line')} not used"
    if totals["read_price"] is not None:
        read, written = (f"{totals[name]:.4g}" for name in ("read_price", "write_price"))
        yield f"Prices in units of the input price: {read} read, {written} written at the lifetime asked for"
    if simulation.experiment.rule == "anthropic":
        yield "blocks is an upper bound: Anthropic takes at most four breakpoints a request"
    if prices is not None:
        listed = f"{prices.provider}/{prices.model} on {prices.at:%Y-%m-%d}, catalogue {prices.resolver.book.version}"
        yield f"Prices: {listed}; input only"
        if totals["read_price"] is None:
            given = simulation.experiment.read_price
            said = (
                "the model's price for tokens read from a cache" if given is None else f"{float(given):.4g} of input's"
            )
            yield f"Cached tokens at {said}"
