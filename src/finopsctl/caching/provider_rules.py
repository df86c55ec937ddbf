"""The prompt caches that providers sell, replayed over a trace.

``openai``: automatic. What is read is the longest prefix that a request within the idle time (its end included) had,
from 1,024 tokens on, in steps of 128; every use starts the idle time anew.
https://platform.openai.com/docs/guides/prompt-caching

``anthropic``: by request. A prefix can be read only where a breakpoint wrote it; the longest such prefix within its
lifetime (refreshed by every use) is read, and what is between it and the request's last breakpoint is written.
Prompts shorter than 1,024 tokens are not cached. https://docs.claude.com/en/docs/build-with-claude/prompt-caching
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from finopsctl.caching.trace import Prompt, Trace

RULES = ("openai", "anthropic")
LEAST_TOKENS = 1024
STEP = 128
_PLACES = "end, first:N (one after N tokens, one at the end) or blocks (at every boundary)"


@dataclass(frozen=True, slots=True)
class Cached:
    """What each request reads and writes, in tokens.

    Args:
        read: From the cache.
        written: To the cache.
        read_again: Of what was written, what some later request reads; null where nothing is written by request.
    """

    read: tuple[int, ...]
    written: tuple[int, ...]
    read_again: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Breakpoints:
    """Where a request marks its prompt to be cached.

    Args:
        name: As the user wrote it.
        first: Another mark at the last boundary within so many tokens; None: only the end is marked.
        everywhere: Every boundary is marked.
    """

    name: str = "end"
    first: int | None = None
    everywhere: bool = False

    def of(self, prompt: Prompt, least: int) -> list[int]:
        """Return the numbers of leading units that are marked, ascending; a prefix below ``least`` tokens is not."""
        last = prompt.whole
        wanted = {last} if not self.everywhere else set(range(1, last + 1))
        if self.first is not None:
            wanted.add(bisect_right(prompt.ends, self.first, 0, last))
        return sorted(units for units in wanted if units and prompt.ends[units - 1] >= least)


AT_THE_END = Breakpoints()


def breakpoints(text: str) -> Breakpoints:
    """Read ``end``, ``first:N`` or ``blocks``.

    Raises:
        ConfigError: For anything else.
    """
    word, _, count = text.strip().partition(":")
    if word == "first" and count.isdecimal() and int(count):
        return Breakpoints(f"first:{int(count)}", first=int(count))
    if count or word not in {"end", "blocks"}:
        raise ConfigError(f"'{text}' is no place for breakpoints", f"Write {_PLACES}.")
    return Breakpoints(word, everywhere=word == "blocks")


def automatic(trace: Trace, lifetime: float, least: int = LEAST_TOKENS) -> Cached:
    """Replay the rule ``openai``.

    Args:
        trace: The requests.
        lifetime: How many milliseconds a prefix is kept after its last use.
        least: Shortest prefix that is cached, in tokens.
    """
    used: dict[Hashable, float] = {}
    read, written = [], []
    for prompt in trace.prompts:
        oldest = prompt.at - lifetime
        present = next(
            (at for at, unit in enumerate(prompt.units) if not used.get(unit, float("-inf")) >= oldest),
            len(prompt.units),
        )
        found = _in_steps(prompt.upto(present), least)
        read.append(found)
        written.append(_in_steps(prompt.input_tokens, least) - found)
        used.update(dict.fromkeys(prompt.units, prompt.at))
    return Cached(tuple(read), tuple(written))


def _in_steps(tokens: int, least: int) -> int:
    return tokens // STEP * STEP if tokens >= least else 0


def marked(trace: Trace, lifetime: float, places: Breakpoints, least: int = LEAST_TOKENS) -> Cached:
    """Replay the rule ``anthropic``.

    Args:
        trace: The requests.
        lifetime: How many milliseconds an entry is kept after its last use.
        places: Where requests put breakpoints.
        least: Shortest prefix that is cached, in tokens.
    """
    used: dict[Hashable, float] = {}
    writer: dict[Hashable, int] = {}
    read, written, wanted = [], [], set()
    for number, prompt in enumerate(trace.prompts):
        oldest = prompt.at - lifetime
        marks = places.of(prompt, least)
        last = marks[-1] if marks else 0
        units = prompt.units
        hit = next((n for n in range(last, 0, -1) if used.get(units[n - 1], float("-inf")) >= oldest), 0)
        if hit:
            wanted.add(writer[units[hit - 1]])
            used[units[hit - 1]] = prompt.at
        for mark in marks:
            if used.get(units[mark - 1], float("-inf")) < oldest:
                writer[units[mark - 1]] = number
            used[units[mark - 1]] = prompt.at
        read.append(prompt.upto(hit))
        written.append(prompt.upto(last) - prompt.upto(hit))
    again = tuple(tokens if number in wanted else 0 for number, tokens in enumerate(written))
    return Cached(tuple(read), tuple(written), again)
