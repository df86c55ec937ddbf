"""Builds small prompt traces out of text, so that a test shows the prompts it is about."""

from __future__ import annotations

from finopsctl.caching.trace import BLOCK, Prompt, Trace, blocks_of


def prompt(at: float, letters: str, length: int | None = None) -> Prompt:
    """Return a request at ``at`` seconds of one block per letter; equal letters so far are an equal prefix.

    ``length``: input tokens, where the last block is not full.
    """
    tokens = BLOCK * len(letters) if length is None else length
    units = tuple(letters[: end + 1] for end in range(len(letters)))
    return Prompt(at * 1000, tokens, 10, units, blocks_of(tokens), tokens // BLOCK)


def trace(*requests: tuple[float, str]) -> Trace:
    """Return the trace of some requests: (seconds, a letter a block)."""
    return Trace("small", tuple(prompt(at, letters) for at, letters in requests))
