"""``finopsctl cache simulate``: prompts replayed through a cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.amounts import amount, count
from finopsctl.cli.options import Display, option
from finopsctl.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from fractions import Fraction

    from finopsctl.analyses.caching import CacheSimulation, ModelPrices
    from finopsctl.caching.trace import Trace
    from finopsctl.config.settings import Settings
    from finopsctl.results.report import Context

_UNLIMITED = "unlimited"
_POLICIES, _PROVIDERS = ("lru", "lfu", "length-aware"), ("openai", "anthropic")


TraceFile = Annotated[
    str,
    typer.Argument(
        metavar="TRACE",
        help="Prompt hashes (timestamp, input_length, output_length, hash_ids) or LiteLLM logs with messages, "
        "as JSON lines; .gz and .zst too; - is standard input.",
    ),
]
Rule = Annotated[
    str,
    option(
        None,
        f"A policy ({', '.join(_POLICIES)}) or a provider's rule ({', '.join(_PROVIDERS)}).",
        "--rule",
        metavar="RULE",
    ),
]
Capacity = Annotated[
    list[str] | None,
    option(
        None,
        "Of a policy's cache, in tokens: 3000000, 3M or unlimited; several for a curve. Default: a curve.",
        "--capacity",
        metavar="TOKENS",
    ),
]
Lifetime = Annotated[
    str, option(None, "How long a provider keeps what is not used. Default: 5m.", "--ttl", metavar="TIME")
]
Discount = Annotated[
    str | None,
    option(None, "Off the input price for cached tokens. Default: the model's, else 0.5.", "--discount", metavar="F"),
]
Breakpoints = Annotated[
    str, option(None, "Of anthropic's rule: end, first:N or blocks. Default: end.", "--breakpoints", metavar="WHERE")
]
WritePrice = Annotated[
    str | None,
    option(
        None,
        "Of a token written, input = 1. Default: the model's, else 1.25 at 5m, 2 at 1h.",
        "--write-price",
        metavar="X",
    ),
]
ReadPrice = Annotated[
    str | None,
    option(None, "Of a token read, input = 1. Default: the model's, else 0.1.", "--read-price", metavar="X"),
]
Model = Annotated[
    str | None, option(None, "Price the tokens as this model's, for amounts.", "--model", metavar="MODEL")
]
PriceDate = Annotated[str | None, option(None, "Whose prices. Default: the latest.", "--price-date", metavar="DATE")]
Block = Annotated[int, typer.Option("--block", metavar="TOKENS", help="Tokens per hash id.", min=1, show_default=True)]


def simulate(
    display: Display,
    trace: TraceFile,
    *,
    rule: Rule,
    capacity: Capacity = None,
    ttl: Lifetime = "5m",
    discount: Discount = None,
    breakpoints: Breakpoints = "end",
    write_price: WritePrice = None,
    read_price: ReadPrice = None,
    model: Model = None,
    price_date: PriceDate = None,
    block: Block = 512,
) -> None:
    """Replay prompts through a cache: hit rates by capacity, or the bill under a provider's rule.

    A trace holds hashes of prompt prefixes; of logs with prompts only hashes are made, nothing of a text is kept or
    shown. Beside what is asked for, other lifetimes and breakpoints are tried to find the best.
    """
    from finopsctl.analyses.caching import Experiment
    from finopsctl.analyses.caching import simulate as replayed
    from finopsctl.analyses.caching.lifetimes import lifetime
    from finopsctl.caching import provider_rules
    from finopsctl.cli.run import settings_for, show

    settings = settings_for(display, price_date=price_date)
    experiment = Experiment(
        rule=rule,
        capacities=tuple(_capacity(item) for text in capacity or () for item in text.split(",")),
        lifetime=lifetime(ttl),
        places=provider_rules.breakpoints(breakpoints),
        read_price=_read_price(discount, read_price),
        write_price=_price("--write-price", write_price),
        prices=None if model is None else _model_prices(model, rule, settings),
    )
    read = _trace(trace, block)
    if settings.strict and read.bad_lines:
        raise SourceError(read.findings[0].message, "Leave out --strict to count the other lines.")
    result = replayed(read, experiment)
    show(replace(result.report(), context=_context(result)), settings, display)


def _trace(name: str, block: int) -> Trace:
    from tempfile import TemporaryDirectory

    from finopsctl.caching.reading import read_trace
    from finopsctl.sources._input import expand, guarded

    with TemporaryDirectory(prefix="finopsctl-") as scratch:
        files = expand([name], Path(scratch))
        if len(files) > 1:
            raise ConfigError(
                f"{name} stands for {len(files)} files, and a simulation replays one", "Name one of them."
            )
        with guarded(files[0]) as lines:
            return read_trace(lines, files[0].name, block)


def _model_prices(model: str, rule: str, settings: Settings) -> ModelPrices:
    from datetime import UTC, datetime, time

    from finopsctl.analyses.caching import model_prices
    from finopsctl.books import Request
    from finopsctl.books.prices import price_book
    from finopsctl.ledger.period import parse_instant
    from finopsctl.pricing.models import Resolver

    book = price_book(Request((), prices=settings.prices))
    if settings.price_date:
        at = parse_instant(settings.price_date, settings.tz)
    else:
        at = datetime.combine(book.checked, time(), UTC) if book.checked else datetime.now(UTC)
    return model_prices(Resolver(book, settings.deployments), model, at, rule if rule in _PROVIDERS else None)


def _context(result: CacheSimulation) -> Context:
    from finopsctl.results.report import Context
    from finopsctl.results.wording import counted

    trace, prices = result.trace, result.experiment.prices
    entry = {
        "path": trace.name,
        "source": "prompts" if trace.block is None else "trace",
        "records": len(trace.prompts),
        "bad_lines": trace.bad_lines,
        "left_out": trace.left_out,
    }
    notes = [f"{counted(len(trace.prompts), 'request')} of {trace.name}, {counted(trace.input_tokens, 'input token')}"]
    if trace.bad_lines:
        notes.append(f"{counted(trace.bad_lines, 'bad line')} not used")
    if result.totals["read_price"] is not None:
        read, written = (f"{result.totals[name]:.4g}" for name in ("read_price", "write_price"))
        notes.append(f"Prices in units of the input price: {read} read, {written} written at the lifetime asked for")
    if result.experiment.rule == "anthropic":
        notes.append("blocks is an upper bound: Anthropic takes at most four breakpoints a request")
    book = None
    if prices is not None:
        known = prices.resolver.book
        book = {"version": known.version, "checked": known.checked}
        notes.append(
            f"Prices: {prices.provider}/{prices.model} on {prices.at:%Y-%m-%d}, catalogue {known.version}; input only"
        )
        if not result.totals["input_cost_factor"]:
            notes.append("Cached tokens at the model's price for tokens read from a cache")
    return Context({"currency": "USD", "price_book": book, "inputs": [entry]}, tuple(notes))


def _read_price(discount: str | None, price: str | None) -> Fraction | None:
    """Return the price of a cached token, input = 1: given as such, or as a discount."""
    if discount is None:
        return _price("--read-price", price)
    if price is not None:
        raise ConfigError("--discount and --read-price say the same", "Give one of them.")
    from fractions import Fraction

    return 1 - Fraction(amount("--discount", discount, share=True))


def _price(option: str, text: str | None) -> Fraction | None:
    from fractions import Fraction

    return None if text is None else Fraction(amount(option, text, share=option == "--read-price"))


def _capacity(text: str) -> int | None:
    """Read a number of tokens, or ``unlimited`` (None)."""
    return None if text.strip().lower() == _UNLIMITED else int(count("--capacity", text))
