"""A trace of prompts: when each request came, how long it is, and a hash for each of its prefixes.

A prompt is cut into units (blocks of a fixed number of tokens, or messages); the id of a unit stands for everything up
to its end, so two prompts share a prefix exactly as far as their ids agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from finopsctl.results.finding import Finding

BLOCK = 512
"""Tokens in a block of the published traces (Mooncake, FAST'25)."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request.

    Args:
        at: When it came, in milliseconds since any fixed instant.
        input_tokens: Its length.
        output_tokens: That of the answer.
        units: Ids of its prefixes, shortest first.
        ends: How many tokens each of them has.
        whole: How many leading units are whole: all, but for a block that the prompt does not fill.
    """

    at: float
    input_tokens: int
    output_tokens: int
    units: Sequence[Hashable]
    ends: Sequence[int]
    whole: int

    @property
    def whole_tokens(self) -> int:
        """Tokens in whole units."""
        return self.upto(self.whole)

    def upto(self, units: int) -> int:
        """Return how many tokens the first ``units`` units have."""
        return self.ends[units - 1] if units else 0


@dataclass(frozen=True, slots=True)
class Trace:
    """Requests in order of time, those of one instant as they stand in the file.

    Args:
        name: The file, as the user wrote it.
        prompts: The requests.
        block: Tokens of the room that a unit takes in a cache; None: units are messages and take what they have.
        bad_lines: How many lines could not be used.
        left_out: How many requests are not in it for a good reason.
        findings: What reading noticed.
    """

    name: str
    prompts: tuple[Prompt, ...]
    block: int | None = BLOCK
    bad_lines: int = 0
    left_out: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def input_tokens(self) -> int:
        """Input tokens of all requests."""
        return sum(prompt.input_tokens for prompt in self.prompts)

    @property
    def whole_tokens(self) -> int:
        """Input tokens in whole units: what a cache of blocks could answer at best."""
        return sum(prompt.whole_tokens for prompt in self.prompts)

    def rooms(self, prompt: Prompt) -> Sequence[int]:
        """Return how many tokens of a cache's capacity each unit of a prompt takes."""
        if self.block:
            return (self.block,) * len(prompt.units)
        return [end - before for before, end in zip((0, *prompt.ends), prompt.ends, strict=False)]

    def room_of_all(self) -> int:
        """Return the capacity that a cache needs never to forget anything."""
        if self.block:
            return self.block * len({unit for prompt in self.prompts for unit in prompt.units})
        rooms: dict[Hashable, int] = {}
        for prompt in self.prompts:
            rooms.update(zip(prompt.units, self.rooms(prompt), strict=True))
        return sum(rooms.values())


def blocks_of(length: int, block: int = BLOCK) -> tuple[int, ...]:
    """Return how many tokens a prompt of ``length`` has up to the end of each of its blocks."""
    return tuple(min(start + block, length) for start in range(0, length, block))
