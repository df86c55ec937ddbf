"""The names a scenario is written in, held against the price lists and the traffic, so that a typo is not silence.

What a price list alone can tell (a service tier, the model a factor is about) is an error before any work; what only
the traffic can tell (a model nobody uses, a filter nothing passes, the same model under a dated name) is said beside
the figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from finopsctl.analyses.whatif.state import MODEL_COLUMNS, is_usage
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import fits
from finopsctl.metrics.dimensions import dimension
from finopsctl.metrics.where import condition, exact_values
from finopsctl.pricing.costing import SERVICE_TIERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import polars as pl

    from finopsctl.analyses.whatif.levers import Move, Prices, Scenario

_SNAPSHOT = re.compile(r"[-@](?:20\d{2}-?\d{2}-?\d{2}|\d{3,4}|latest|default)")


@dataclass(frozen=True, slots=True)
class Unmet:
    """A filter that no request passes.

    Args:
        text: The part of it that is to blame, or all of it.
        hint: The nearest value there is.
    """

    text: str
    hint: str


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """What the requests go by.

    Args:
        names: One row a combination: model, requested_model, canonical_model, requests.
        unmet: By set of filters: those that no request passes.
    """

    names: pl.DataFrame
    unmet: Mapping[tuple[str, ...], Unmet] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def models(self) -> tuple[str, ...]:
        """Every name a model goes by, sorted."""
        found = {name for column in MODEL_COLUMNS for name in self.names[column].to_list() if name}
        return tuple(sorted(found))


def check_names(scenario: Scenario, prices: Prices) -> None:
    """Refuse a service tier that no price has, and a factor of a model that nothing moves to.

    Args:
        scenario: Whose levers are looked at.
        prices: Of its side.

    Raises:
        ConfigError: Naming the nearest tier or model there is.
    """
    known = _tiers(prices)
    for tier in scenario.tiers:
        if tier.name not in known:
            raise ConfigError(f"no price list has a service tier '{tier.name}'", nearest(tier.name, known))
    targets = tuple(dict.fromkeys(move.target for move in scenario.moves))
    for what, factors in (("token", scenario.token_factors), ("output", scenario.output_factors)):
        for name in factors:
            if name not in targets:
                hint = nearest(name, targets) if targets else f"Add --swap MODEL={name}."
                raise ConfigError(f"the {what} factor is of '{name}', and no request goes there", hint)


def _tiers(prices: Prices) -> frozenset[str]:
    """Return the service tiers of price lists and contracts, and providers' words for them."""
    models = [model for listed in prices.resolver.book.providers.values() for model in listed.models.values()]
    found = {line.service_tier for model in models for line in model.rates}
    found |= {line.service_tier for contract in prices.contracts for line in contract.lines}
    return frozenset(found.union(SERVICE_TIERS, SERVICE_TIERS.values()) - {""})


def unmet(
    ledger: pl.LazyFrame, filters: Iterable[tuple[str, ...]], timezone: str, first_month: int
) -> dict[tuple[str, ...], Unmet]:
    """Return which part of each set of filters no request passes.

    Args:
        ledger: Ledger columns.
        filters: Sets of filters of which it is known that no request passes them.
        timezone: Of calendar dimensions.
        first_month: The month fiscal years begin with.
    """
    requests = ledger.filter(is_usage())
    found = {}
    for where in filters:
        tests = {f"_{at}": condition((text,), timezone, first_month) for at, text in enumerate(where)}
        passed = requests.select(test.any().alias(name) for name, test in tests.items() if test is not None).collect()
        lost = [text for text, passes in zip(where, passed.row(0), strict=True) if not passes]
        hint = _nearest_value(requests, lost[0], timezone) if lost else "Each of them passes some requests."
        found[where] = Unmet(lost[0] if lost else " and ".join(where), hint)
    return found


def _nearest_value(requests: pl.LazyFrame, text: str, timezone: str) -> str:
    exact = exact_values(text)
    if exact is None:
        return ""
    name, wanted = exact
    asked = dimension(name)
    values = requests.select(value=asked.expr(timezone)).unique().collect()["value"].drop_nulls().to_list()
    return nearest(wanted[0], map(str, values)) if values else f"No request says its {asked.title.lower()}."


def unknown_models(models: Sequence[str], traffic: Traffic, earlier: Iterable[str] = ()) -> list[str]:
    """Return the names and globs that no request's model goes by.

    Args:
        models: Names and globs.
        traffic: What requests go by.
        earlier: Models that requests go to before.
    """
    known = (*traffic.models, *earlier)
    return [model for model in models if not any(fits(name, (model,)) for name in known)]


def same_models(traffic: Traffic, move: Move, swaps: Iterable[Move]) -> dict[str, int]:
    """Return requests by name that are of a model a swap takes, but go by a name that no swap names.

    Of the same model are a name of the same canonical model and a dated version of it.

    Args:
        traffic: What requests go by.
        move: The swap.
        swaps: All of the scenario.
    """
    if move.target in move.models:
        return {}
    taken = [models for swap in swaps for models in swap.models]
    rows = list(traffic.names.iter_rows())
    canonical = {canon for model, _, canon, _ in rows if canon and _goes_by((model, canon), move.models)}
    found: dict[str, int] = {}
    for model, asked, canon, requests in rows:
        if not model or model == move.target or _goes_by((model, asked, canon), taken):
            continue
        if canon in canonical or any(_is_dated(model, name) for name in move.models):
            found[model] = found.get(model, 0) + requests
    return found


def _goes_by(names: Iterable[str | None], models: Sequence[str]) -> bool:
    return any(fits(name, models) for name in names if name)


def _is_dated(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and _SNAPSHOT.fullmatch(long[len(short) :]) is not None


def idle_rates(scenario: Scenario, traffic: Traffic) -> Iterator[str]:
    """Yield the names and globs with a success rate that neither a request nor a move goes by."""
    targets = [move.target for move in scenario.moves]
    yield from unknown_models(tuple(scenario.success_rates), traffic, targets)
