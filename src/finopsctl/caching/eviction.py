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

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

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

    def touch(self, unit: Hashable, room: int, *, request: int, place: int) -> None: ...


def replay(trace: Trace, policy: str, capacity: int | None) -> Found:
    """Run the requests of a trace through a cache.

    Args:
        trace: The requests.
        policy: One of ``POLICIES``.
        capacity: In tokens; None: it never forgets. A unit larger than all of it is not kept.
    """
    cache: _Cache = _Recent(capacity) if policy == "lru" or capacity is None else _Ranked(capacity, _RANKS[policy])
    whole, leading = [], []
    for number, prompt in enumerate(trace.prompts):
        present = next((at for at, unit in enumerate(prompt.units) if unit not in cache), len(prompt.units))
        whole.append(prompt.upto(min(present, prompt.whole)))
        leading.append(prompt.upto(present))
        for place, unit in enumerate(prompt.units):
            cache.touch(unit, trace.room(prompt, place), request=number, place=place)
    return Found(tuple(whole), tuple(leading))


class _Recent:
    """Least recently used first; a dict keeps the order, since what is touched moves to its end."""

    def __init__(self, capacity: int | None) -> None:
        self._capacity = capacity
        self._rooms: dict[Hashable, int] = {}
        self._held = 0

    def __contains__(self, unit: Hashable) -> bool:
        return unit in self._rooms

    def touch(self, unit: Hashable, room: int, **_: int) -> None:
        self._held += room - self._rooms.pop(unit, 0)
        self._rooms[unit] = room
        while self._capacity is not None and self._held > self._capacity:
            oldest = next(iter(self._rooms))
            self._held -= self._rooms.pop(oldest)


class _Ranked:
    """Lowest rank first: a heap in which outdated entries stay until they surface."""

    def __init__(self, capacity: int, rank: Callable[[int, int, int, int], Rank]) -> None:
        self._capacity, self._rank = capacity, rank
        self._units: dict[Hashable, tuple[Rank, int, int]] = {}  # rank, how often touched, room
        self._heap: list[tuple[Rank, Hashable]] = []
        self._held = self._clock = 0

    def __contains__(self, unit: Hashable) -> bool:
        return unit in self._units

    def touch(self, unit: Hashable, room: int, *, request: int, place: int) -> None:
        self._clock += 1
        _, often, held = self._units.pop(unit, ((), 0, 0))
        self._held -= held
        if room > self._capacity:
            return
        while self._held + room > self._capacity:
            self._forget_lowest()
        rank = (*self._rank(often + 1, request, place, self._clock), self._clock)
        self._units[unit] = (rank, often + 1, room)
        self._held += room
        heappush(self._heap, (rank, unit))

    def _forget_lowest(self) -> None:
        while True:
            rank, unit = heappop(self._heap)
            if unit in self._units and self._units[unit][0] == rank:
                self._held -= self._units.pop(unit)[2]
                return


_RANKS: dict[str, Callable[[int, int, int, int], Rank]] = {
    "lfu": lambda often, request, place, _clock: (often, request, -place),
    "length-aware": lambda often, _request, place, clock: (often, -place, clock),
}
