"""Scenario files of ``whatif``: ``[[scenario]]`` tables whose keys are the command's options."""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from finopsctl.analyses.whatif import parsing
from finopsctl.analyses.whatif.levers import Hits, Move, Scenario
from finopsctl.config.declarations import key
from finopsctl.config.table_files import elements_of, entries_of, refuse_twins
from finopsctl.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A scenario and where the prices of its side come from.

    Args:
        scenario: The levers; its prices are still to be loaded.
        price_date: The date it is priced at, as written.
        price_book: A folder or file of prices of its own.
    """

    scenario: Scenario
    price_date: str | None = None
    price_book: Path | None = None


@dataclass(frozen=True, slots=True)
class RouteTable:
    """``[[scenario.route]]``: a routing rule; the first that matches takes a request."""

    model: str = field(metadata=key("Where to, as a logged name or provider/model."))
    where: tuple[str, ...] = field(default=(), metadata=key("Filters, as --where takes them."))
    share: Decimal = field(default=Decimal(1), metadata=key("Share of the requests that match.", minimum=0, maximum=1))
    max_input_tokens: int | None = field(
        default=None, metadata=key("Only requests of at most so many input tokens.", minimum=0)
    )
    min_input_tokens: int | None = field(
        default=None, metadata=key("Only requests of at least so many input tokens.", minimum=0)
    )

    def move(self) -> Move:
        """Return what the analysis takes."""
        return Move(self.model, (), self.share, self.where, self.max_input_tokens, self.min_input_tokens)


@dataclass(frozen=True, slots=True)
class ScenarioTable:
    """``[[scenario]]``: what would be done."""

    name: str = field(metadata=key("What it is called in reports."))
    swap: tuple[str, ...] = field(default=(), metadata=key("Model swaps, in order: gpt-4o=gpt-4o-mini:0.5."))
    route: tuple[RouteTable, ...] = field(default=(), metadata=key("Routing rules, in order."))
    service_tier: tuple[str, ...] = field(default=(), metadata=key("Service tiers: batch:feature=reports."))
    trim_input: tuple[str, ...] = field(default=(), metadata=key("Shorter prompts: 30%, or tokens a request."))
    cap_output: tuple[str, ...] = field(default=(), metadata=key("Most output tokens a request."))
    prompt_cache: tuple[str, ...] = field(default=(), metadata=key("Provider prompt caching: on, off, 0.6, 0.6/0.1."))
    cache_hit_rate: tuple[str, ...] = field(default=(), metadata=key("Share a response cache serves, or off."))
    cache_cost: str | None = field(default=None, metadata=key("Cost of a look-up, USD.", accepts_bare=True))
    cache_lookups: str = field(default="hits", metadata=key("What pays for a look-up: hits or all."))
    retries: tuple[str, ...] = field(default=(), metadata=key("Share of today's retries that remains."))
    token_factor: Mapping[str, str] = field(
        default_factory=dict,
        metadata=key("Tokens a model counts per token logged: 1.1 or 1.0..1.2.", accepts_bare=True),
    )
    output_factor: Mapping[str, str] = field(
        default_factory=dict, metadata=key("Output a model writes per token logged.", accepts_bare=True)
    )
    success_rate: Mapping[str, Decimal] = field(
        default_factory=dict, metadata=key("Share of tasks a model solves.", minimum=0, maximum=1)
    )
    keep_cache: bool = field(default=False, metadata=key("Prompt caches stay warm after a move to another maker."))
    self_host: Mapping[str, str] = field(
        default_factory=dict,
        metadata=key("cost-per-hour, tokens-per-second, utilization, overhead, model.", accepts_bare=True),
    )
    price_date: str | None = field(default=None, metadata=key("Price it at this date's prices.", accepts_bare=True))
    price_book: Path | None = field(default=None, metadata=key("Prices laid over those of the baseline."))

    def planned(self) -> Planned:
        """Return what the command takes.

        Raises:
            ConfigError: For a lever that cannot be read, or no lever at all.
        """
        rates = {name: Decimal(rate) for name, rate in self.success_rate.items()}
        if not all(rates.values()):
            raise ConfigError(
                "success-rate: a model that never succeeds has no cost per success", "Give a rate above 0."
            )
        host = {name.replace("_", "-"): figure for name, figure in self.self_host.items()}
        scenario = Scenario(
            name=self.name,
            routes=tuple(rule.move() for rule in self.route),
            swaps=tuple(parsing.swap(text) for text in self.swap),
            tiers=tuple(parsing.tier(text) for text in self.service_tier),
            trims=tuple(parsing.trim(text) for text in self.trim_input),
            caps=tuple(parsing.cap(text) for text in self.cap_output),
            prefixes=tuple(parsing.prefix(text) for text in self.prompt_cache),
            hits=self._hits(),
            retries=tuple(parsing.retries(text) for text in self.retries),
            token_factors={n: parsing.span_of(text, "token-factor") for n, text in self.token_factor.items()},
            output_factors={n: parsing.span_of(text, "output-factor") for n, text in self.output_factor.items()},
            success_rates=rates,
            keep_cache=self.keep_cache,
            self_host=parsing.hosted(host) if host else None,
        )
        if scenario.is_empty and self.price_date is None and self.price_book is None:
            raise ConfigError(f"scenario '{self.name}' changes nothing", 'Write swap = ["gpt-4o=gpt-4o-mini"].')
        return Planned(scenario, self.price_date, self.price_book)

    def _hits(self) -> tuple[Hits, ...]:
        on_all = lookups_on_all(self.cache_lookups)
        return tuple(parsing.hits(text, self.cache_cost, on_all=on_all) for text in self.cache_hit_rate)


def lookups_on_all(word: str) -> bool:
    """Return whether every request pays for a look-up, or hits only."""
    if word not in {"hits", "all"}:
        raise ConfigError(f"look-ups are charged on hits or on all, not on '{word}'", "Write hits or all.")
    return word == "all"


def load(path: Path) -> tuple[Planned, ...]:
    """Read the scenarios of a TOML file that holds ``[[scenario]]`` tables and nothing else.

    Raises:
        ConfigError: For a file that cannot be read, an unknown key, a lever that cannot be read, or two of one name.
    """
    example = 'Write [[scenario]], name = "mini", swap = ["gpt-4o=gpt-4o-mini"].'
    entries = entries_of(path, "scenario", example=example, holder="A scenario file")
    tables = elements_of(path, "scenario", ScenarioTable, map(as_typed, entries))
    refuse_twins((table.name for table in tables), "scenarios", path)
    return tuple(_planned(each, path) for each in tables)


_LISTS = ("swap", "service-tier", "trim-input", "cap-output", "prompt-cache", "cache-hit-rate", "retries")
_TEXTS = ("cache-cost", "token-factor", "output-factor", "self-host")


def as_typed(entry: object) -> object:
    """Let levers be written as TOML has them: one instead of a list of one, numbers instead of text."""
    if not isinstance(entry, dict):
        return entry
    found: dict[str, object] = {}
    for name, value in entry.items():
        key_name = name.replace("_", "-")
        if key_name in _LISTS:
            found[name] = [_text(item) for item in (value if isinstance(value, list) else [value])]
        elif key_name in _TEXTS:
            found[name] = {n: _text(item) for n, item in value.items()} if isinstance(value, dict) else _text(value)
        else:
            found[name] = value
    return found


def _text(value: object) -> object:
    is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    return str(value) if is_number else value


def _planned(table: ScenarioTable, path: Path) -> Planned:
    try:
        return table.planned()
    except ConfigError as error:
        raise ConfigError(f"{path}: scenario '{table.name}': {error.message}", error.hint) from error
