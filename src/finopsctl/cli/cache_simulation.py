"""``finopsctl cache simulate``: prompts replayed through a cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from finopsctl.cli.amounts import amount, count
from finopsctl.cli.options import Display, option
from finopsctl.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from contextlib import ExitStack
    from fractions import Fraction
    from io import BufferedReader

    from finopsctl.analyses.caching import ModelPrices
    from finopsctl.caching.trace import Trace
    from finopsctl.config.settings import Settings
    from finopsctl.sources._input import InputFile, Pipe

_UNLIMITED = "unlimited"
_POLICIES, _PROVIDERS = ("lru", "lfu", "length-aware"), ("openai", "anthropic")
_USED_BY = {
    "--capacity": _POLICIES,
    "--ttl": _PROVIDERS,
    "--breakpoints": ("anthropic",),
    "--write-price": _PROVIDERS,
}
_OF_MONEY = ("--discount", "--read-price", "--price-date")


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
    str | None, option(None, "How long a provider keeps what is not used. Default: 5m.", "--ttl", metavar="TIME")
]
Discount = Annotated[
    str | None,
    option(None, "Off the input price for cached tokens. Default: the model's, else 0.5.", "--discount", metavar="F"),
]
Breakpoints = Annotated[
    str | None,
    option(None, "Of anthropic's rule: end, first:N or blocks. Default: end.", "--breakpoints", metavar="WHERE"),
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
Block = Annotated[
    int | None, typer.Option("--block", metavar="TOKENS", help="Tokens per hash id. Default: 512.", min=1)
]


def simulate(
    display: Display,
    trace: TraceFile,
    *,
    rule: Rule,
    capacity: Capacity = None,
    ttl: Lifetime = None,
    discount: Discount = None,
    breakpoints: Breakpoints = None,
    write_price: WritePrice = None,
    read_price: ReadPrice = None,
    model: Model = None,
    price_date: PriceDate = None,
    block: Block = None,
) -> None:
    """Replay prompts through a cache: hit rates by capacity, or the bill under a provider's rule.

    A trace holds hashes of prompt prefixes; of logs with prompts only hashes are made, nothing of a text is kept or
    shown. Beside what is asked for, other lifetimes and breakpoints are tried to find the best.
    """
    from finopsctl.analyses.caching import Experiment
    from finopsctl.analyses.caching import simulate as replayed
    from finopsctl.analyses.caching.lifetimes import lifetime
    from finopsctl.analyses.caching.simulation_context import context_of
    from finopsctl.caching import provider_rules
    from finopsctl.cli.run import settings_for, show

    given = {
        "--capacity": capacity,
        "--ttl": ttl,
        "--breakpoints": breakpoints,
        "--write-price": write_price,
        "--read-price": read_price,
        "--discount": discount,
        "--price-date": price_date,
    }
    _refuse_unused(rule, [option for option, value in given.items() if value], priced=model is not None)
    settings = settings_for(display, price_date=price_date)
    experiment = Experiment(
        rule=rule,
        capacities=tuple(_capacity(item) for text in capacity or () for item in text.split(",")),
        lifetime=lifetime(ttl or "5m"),
        places=provider_rules.breakpoints(breakpoints or "end"),
        read_price=_read_price(discount, read_price),
        write_price=_price("--write-price", write_price),
        prices=None if model is None else _model_prices(model, rule, settings),
    )
    read = _trace(trace, block)
    if settings.strict and read.bad_lines:
        raise SourceError(read.findings[0].message, "Leave out --strict to count the other lines.")
    result = replayed(read, experiment)
    show(replace(result.report(), context=context_of(result, settings.tz)), settings, display)


def _refuse_unused(rule: str, given: list[str], *, priced: bool) -> None:
    """Refuse options that a rule makes nothing of, naming the rules that do.

    Args:
        rule: As it was typed; one there is not is refused elsewhere.
        given: Options that were typed.
        priced: Whether a model's prices are asked for, which give policies amounts.
    """
    if rule not in (*_POLICIES, *_PROVIDERS):
        return
    for name in given:
        rules = _USED_BY.get(name, (rule,))
        if rule not in rules:
            raise ConfigError(
                f"the rule {rule} does not use {name}", f"Leave it out, or use --rule {' or '.join(rules)}."
            )
        if name in _OF_MONEY and not priced and (rule in _POLICIES or name == "--price-date"):
            raise ConfigError(
                f"without a model {name} changes nothing under the rule {rule}", "Add --model gpt-4o, for example."
            )


def _trace(name: str, block: int | None) -> Trace:
    from contextlib import ExitStack

    from finopsctl.caching.reading import read_trace
    from finopsctl.caching.trace import BLOCK
    from finopsctl.sources._input import guarded

    with ExitStack() as opened:
        file = _opened(name, opened)
        lines = opened.enter_context(guarded(file))
        found = read_trace(lines, file.name, BLOCK if block is None else block)
    if block is not None and found.block is None:
        raise ConfigError(f"{name} is a log with prompts, which has no blocks", "Leave out --block.")
    return found


def _opened(name: str, opened: ExitStack) -> InputFile | Pipe:
    """Return the one file a trace is read from; what comes through a pipe may hold prompts, and stays off the disk."""
    import sys

    from finopsctl.sources._input import Pipe, expand

    path = Path(name).expanduser()
    if name == "-":
        return Pipe(cast("BufferedReader", sys.stdin.buffer))
    if path.exists() and not path.is_file() and not path.is_dir():
        return Pipe(opened.enter_context(path.open("rb")), name)
    files = expand([name], path)
    if len(files) > 1:
        raise ConfigError(f"{name} stands for {len(files)} files, and a simulation replays one", "Name one of them.")
    return files[0]


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
