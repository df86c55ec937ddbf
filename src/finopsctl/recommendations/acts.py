"""What the changes of advice do, apart from where: the same act of many workloads is played once.

Two hundred levers, each limited to a workload of its own, would each look at every row. Here a row knows its slice (a
workload, provider and model), an act the slices it is meant for, and only the rows of those are played.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.whatif import Scenario
from finopsctl.recommendations.signals import filters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from finopsctl.recommendations.advice import Advice
    from finopsctl.recommendations.signals import Signals

LEVERS = ("swaps", "tiers", "trims", "caps", "prefixes", "hits", "retries")
SLICE = "_slice"
_MOST = 2_000_000
"""Rows times acts that are played at once: beyond it looking at rows for nothing costs more than starting again."""


@dataclass(frozen=True, slots=True)
class Act:
    """A lever of a kind (a field of the scenario), limited only by what is no place."""

    kind: str
    lever: Any

    @property
    def where(self) -> tuple[str, ...]:
        """Its filters beside the place, e.g. ``workload=batch,eval``."""
        found: tuple[str, ...] = self.lever.where
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Acts:
    """Acts that are played together, each with the slices it is meant for."""

    slices: Mapping[Act, frozenset[int]]

    @property
    def with_retries(self) -> bool:
        """Whether what retried attempts cost is on both sides."""
        return any(act.kind == "retries" for act in self.slices)

    def within(self, slices: Collection[int]) -> Acts:
        """Return the same acts, meant for some slices only."""
        some = {act: at & frozenset(slices) for act, at in self.slices.items()}
        return Acts({act: at for act, at in some.items() if at})

    def parts(self, counts: Mapping[int, int]) -> Iterator[tuple[list[Act], list[int]]]:
        """Yield acts and the slices they are played on: slices with the same acts together, each slice once.

        Args:
            counts: Rows of each slice that are at hand.
        """
        alike: dict[tuple[Act, ...], list[int]] = {}
        rarest_first = sorted(self.slices, key=lambda act: (len(self.slices[act]), repr(act)))
        for at in sorted(set(chain.from_iterable(self.slices.values())) & set(counts)):
            alike.setdefault(tuple(act for act in rarest_first if at in self.slices[act]), []).append(at)
        acts: dict[Act, None] = {}
        places: list[int] = []
        for own, slices in sorted(alike.items(), key=lambda item: [rarest_first.index(act) for act in item[0]]):
            more = dict.fromkeys((*acts, *own))
            if places and len(more) * sum(counts[at] for at in (*places, *slices)) > _MOST:
                yield list(acts), places
                more, places = dict.fromkeys(own), []
            acts, places = more, [*places, *slices]
        if places:
            yield list(acts), places


def acts_of(advice: Iterable[Advice], signals: Signals) -> Acts:
    """Return what advice does, and in which slices."""
    found: dict[Act, set[int]] = {}
    for each in advice:
        if each.change is None:
            continue
        places, at = frozenset(filters(each.where)), slices_at(each.where, signals)
        for kind in LEVERS:
            for lever in getattr(each.change, kind):
                rest = tuple(text for text in lever.where if text not in places)
                found.setdefault(Act(kind, replace(lever, where=rest)), set()).update(at)
    return Acts({act: frozenset(at) for act, at in found.items()})


def slices_at(place: Mapping[str, str | None], signals: Signals) -> list[int]:
    """Return the numbers of the slices of a place."""
    same = (pl.col(name).eq_missing(pl.lit(value)) for name, value in place.items())
    slices = signals.slices.with_row_index(SLICE)
    return slices.filter(pl.all_horizontal(pl.lit(value=True), *same))[SLICE].to_list()


def scenario_of(acts: Sequence[Act]) -> Scenario:
    """Return acts as a scenario; each is limited by the filter that is called after its place among them."""
    levers: dict[str, Any] = {
        kind: tuple(replace(act.lever, where=(str(at),)) for at, act in enumerate(acts) if act.kind == kind)
        for kind in LEVERS
    }
    return Scenario(**levers)
