"""Caches of limited capacity: what they forget first."""

from __future__ import annotations

import pytest

from finopsctl.caching.eviction import POLICIES, replay
from finopsctl.caching.trace import Trace
from traces import prompt, trace

ROOM = 512


def found(policy: str, blocks: int | None, *prompts: str) -> list[int]:
    """Return how many whole blocks each prompt finds, one a second."""
    requests = trace(*((float(at), letters) for at, letters in enumerate(prompts)))
    return [tokens // ROOM for tokens in replay(requests, policy, None if blocks is None else blocks * ROOM).whole]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_prefix_is_found_as_far_as_two_prompts_agree(policy: str) -> None:
    """``ab`` then ``abc`` then ``axc``: nothing, a and ab, a alone (a block behind another one is another block)."""
    assert found(policy, None, "ab", "abc", "axc") == [0, 2, 1]


@pytest.mark.parametrize("policy", POLICIES)
def test_no_capacity_is_no_cache(policy: str) -> None:
    assert found(policy, 0, "ab", "ab", "ab") == [0, 0, 0]


def test_lru_forgets_what_was_touched_longest_ago() -> None:
    """Room for two: x, y, x again, z drops y; x is still there, y is not."""
    assert found("lru", 2, "x", "y", "x", "z", "x", "y") == [0, 0, 1, 0, 1, 0]


def test_lfu_keeps_what_was_touched_often() -> None:
    """Room for two: x twice, y once; z drops y although x is older."""
    assert found("lfu", 2, "x", "x", "y", "z", "x") == [0, 1, 0, 0, 1]


def test_lfu_forgets_the_end_of_a_prompt_before_its_beginning() -> None:
    """Room for three: ``abc`` once, then z drops abc's last block; ``ab`` is found."""
    assert found("lfu", 3, "abc", "z", "ab") == [0, 0, 2]


def test_lru_forgets_the_beginning_of_a_prompt_before_its_end() -> None:
    """It was touched first; without it nothing behind it can be found."""
    assert found("lru", 3, "abc", "z", "ab") == [0, 0, 0]


def test_length_aware_forgets_what_is_furthest_from_its_prompts_beginning() -> None:
    """Room for three: of ab (older) and z, all touched once, ab's second block goes for y."""
    assert found("length-aware", 3, "z", "ab", "y", "z", "ab") == [0, 0, 0, 1, 1]


def test_a_block_that_is_not_full_counts_among_tokens_but_not_in_the_hit_rate() -> None:
    """1,000 tokens twice: one whole block of 512 is counted as hit, of all 1,000 tokens all are there."""
    twice = Trace("small", (prompt(0, "ab", 1000), prompt(1, "ab", 1000)))

    again = replay(twice, "lru", None)

    assert (again.whole, again.leading) == ((0, 512), (0, 1000))


def test_a_unit_larger_than_the_whole_cache_is_not_kept() -> None:
    assert found("lfu", 0, "a", "a") == [0, 0]
    assert found("lru", 0, "a", "a") == [0, 0]


@pytest.mark.parametrize("policy", ["lfu", "length-aware"])
def test_a_unit_that_rose_is_not_forgotten_for_what_it_was(policy: str) -> None:
    """Room for two: x was touched once when it came in, then twice more; y and z make room for each other."""
    assert found(policy, 2, "x", "y", "x", "x", "z", "y", "x") == [0, 0, 1, 1, 0, 0, 1]


@pytest.mark.parametrize("policy", ["lfu", "length-aware"])
def test_a_unit_that_comes_back_begins_anew(policy: str) -> None:
    """Room for one: x twice, y drops it all the same; x comes back with one touch and z drops it."""
    assert found(policy, 1, "x", "x", "y", "x", "z", "x") == [0, 1, 0, 0, 0, 0]
