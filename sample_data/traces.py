"""Prompts of the recipe assistant as hashes of their prefixes: what ``finopsctl cache simulate`` replays.

Developers ask it about the robots' handbooks: every prompt begins with the same instructions, goes on with one of a few
handbooks and ends with the conversation so far, which grows with every question. In the morning many ask at once; later
questions come so far apart that what a cache keeps for five minutes is gone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

BLOCK = 512
_INSTRUCTIONS = 2_048
_HANDBOOKS = (9_216, 6_144, 12_288, 4_608, 7_680)
_MORNING, _DAY = 3_600_000, 8 * 3_600_000  # milliseconds
_CONVERSATIONS = 36


def recipe_chat(rng: Random) -> str:
    """Return the trace as JSON lines: timestamp (ms), input_length, output_length, hash_ids."""
    ids: dict[tuple[object, ...], int] = {}
    requests = []
    for number in range(_CONVERSATIONS):
        book = min(rng.randrange(len(_HANDBOOKS)), rng.randrange(len(_HANDBOOKS)))
        at = rng.randrange(_MORNING) if number % 3 else rng.randrange(_MORNING, _DAY)
        known, said = _INSTRUCTIONS + _HANDBOOKS[book], 0
        for _ in range(rng.randint(1, 6)):
            said += rng.randint(40, 400)
            answer = rng.randint(60, 500)
            requests.append((at, known + said, answer, (number, book, known)))
            said += answer
            at += rng.randint(20_000, 150_000) if number % 3 else rng.randint(200_000, 900_000)
    return "".join(_line(*request, ids) for request in sorted(requests))


def _line(
    at: int, length: int, answer: int, conversation: tuple[int, int, int], ids: dict[tuple[object, ...], int]
) -> str:
    hashes = [ids.setdefault(name, len(ids)) for name in _prefixes(length, *conversation)]
    request = {"timestamp": at, "input_length": length, "output_length": answer, "hash_ids": hashes}
    return json.dumps(request, separators=(",", ":")) + "\n"


def _prefixes(length: int, number: int, book: int, known: int) -> Iterable[tuple[object, ...]]:
    """Yield what each block of a prompt depends on: nothing, the handbook, or the conversation so far."""
    for start in range(0, length, BLOCK):
        end = min(start + BLOCK, length)
        if end <= _INSTRUCTIONS:
            yield ("instructions", end)
        elif end <= known:
            yield (book, end)
        else:
            yield (book, number, end)
