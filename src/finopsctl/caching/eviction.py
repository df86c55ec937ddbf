"""Caches of limited capacity that forget: which leading units of each prompt are there when it comes.

A request finds the longest run of its units, from the first on, that is present before it; then all its units are
touched in order. When a new one does not fit, the cache gives up what its policy ranks lowest:

- ``lru``: what was touched longest ago (the end of a prompt outlives its beginning, which was touched first);
- ``lfu``: what was touched least often since it came in; of equals, what the older request touched, and of its units
  the last, which no other depends on;
- ``length-aware``: as lfu, but of units touched equally often the one furthest from its prompt's beginning (Mooncake,
  FAST'25: like LFU, but evicting first what occurs late in requests).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from finopsctl.caching.trace import Trace

    Rank = tuple[int, ...]

POLICIES = ("lru", "lfu", "length-aware")


@dataclass(frozen=True, slots=True)
class Found:
    """What a cache found of each request, in tokens.

    Args:
        whole: In whole units: what the hit rate counts.
        leading: With the unfilled last block, where all of a prompt was there.
    """

    whole: tuple[int, ...]
    leading: tuple[int, ...]


class _Cache(Protocol):
    def __contains__(self, unit: Hashable, /) -> bool: ...

    def touch(self, units: Sequence[Hashable], rooms: Sequence[int], request: int, /) -> None: ...


def replay(trace: Trace, policy: str, capacity: int | None) -> Found:
    """Run the requests of a trace through a cache.

    Args:
        trace: The requests.
        policy: One of ``POLICIES``.
        capacity: In tokens; None: it never forgets. A unit larger than all of it is not kept.
    """
    cache: _Cache
    if capacity is None:
        cache = _Unlimited()
    else:
        cache = _Recent(capacity) if policy == "lru" else _Ranked(capacity, _RANKS[policy])
    whole, leading = [], []
    for number, prompt in enumerate(trace.prompts):
        present = next((at for at, unit in enumerate(prompt.units) if unit not in cache), len(prompt.units))
        whole.append(prompt.upto(min(present, prompt.whole)))
        leading.append(prompt.upto(present))
        cache.touch(prompt.units, trace.rooms(prompt), number)
    return Found(tuple(whole), tuple(leading))


class _Unlimited(set[Hashable]):
    """Whatever was touched."""

    def touch(self, units: Sequence[Hashable], _rooms: Sequence[int], _request: int) -> None:
        self.update(units)


class _Recent:
    """Least recently used first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._rooms: OrderedDict[Hashable, int] = OrderedDict()
        self._held = 0

    def __contains__(self, unit: Hashable) -> bool:
        return unit in self._rooms

    def touch(self, units: Sequence[Hashable], rooms: Sequence[int], _request: int) -> None:
        kept, held, capacity = self._rooms, self._held, self._capacity
        for unit, room in zip(units, rooms, strict=True):
            held += room - kept.pop(unit, 0)
            kept[unit] = room
            while held > capacity:
                held -= kept.popitem(last=False)[1]
        self._held = held


class _Ranked:
    """Lowest rank first: a heap with an entry of each unit, of the rank it had then; ranks only rise."""

    def __init__(self, capacity: int, rank: Callable[[int, int, int, int], Rank]) -> None:
        self._capacity, self._rank = capacity, rank
        self._units: dict[Hashable, tuple[Rank, int, int]] = {}  # rank, how often touched, room
        self._heap: list[tuple[Rank, Hashable]] = []
        self._held = self._clock = 0

    def __contains__(self, unit: Hashable) -> bool:
        return unit in self._units

    def touch(self, units: Sequence[Hashable], rooms: Sequence[int], request: int) -> None:
        kept, capacity, rank_of = self._units, self._capacity, self._rank
        for place, (unit, room) in enumerate(zip(units, rooms, strict=True)):
            self._clock += 1
            known = kept.get(unit)
            if known is not None and known[2] == room:  # nothing has to go, and its entry will do until it surfaces
                kept[unit] = (rank_of(known[1] + 1, request, place, self._clock), known[1] + 1, room)
                continue
            _, often, held = kept.pop(unit, _NEVER)
            self._held -= held
            if room > capacity:
                continue
            while self._held + room > capacity:
                self._forget_lowest()
            rank = rank_of(often + 1, request, place, self._clock)
            kept[unit] = (rank, often + 1, room)
            self._held += room
            heappush(self._heap, (rank, unit))

    def _forget_lowest(self) -> None:
        """Drop the unit of the lowest rank; one that rose since it was entered is entered anew."""
        while True:
            rank, unit = self._heap[0]
            known = self._units.get(unit)
            if known is None:
                heappop(self._heap)
            elif known[0] != rank:
                heapreplace(self._heap, (known[0], unit))
            else:
                heappop(self._heap)
                self._held -= known[2]
                del self._units[unit]
                return


_NEVER: tuple[Rank, int, int] = ((), 0, 0)
_RANKS: dict[str, Callable[[int, int, int, int], Rank]] = {
    "lfu": lambda often, request, place, clock: (often, request, -place, clock),
    "length-aware": lambda often, _request, place, clock: (often, -place, clock),
}
