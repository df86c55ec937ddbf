"""The prompt caches that providers sell: minimum, steps, lifetime, breakpoints."""

from __future__ import annotations

import pytest

from finopsctl.caching.provider_rules import AT_THE_END, automatic, breakpoints, marked
from finopsctl.caching.trace import Trace
from finopsctl.errors import ConfigError
from traces import prompt, trace

FIVE_MINUTES = 300_000


def test_the_automatic_cache_starts_at_1024_tokens() -> None:
    """One block of 512 is too short, two are 1,024."""
    assert automatic(trace((0, "a"), (1, "a"), (2, "ab"), (3, "ab")), FIVE_MINUTES).read == (0, 0, 0, 1024)


def test_the_automatic_cache_goes_in_steps_of_128_tokens() -> None:
    """1,400 = 10 x 128 + 120: 1,280 are read."""
    twice = Trace("small", (prompt(0, "abc", 1400), prompt(1, "abc", 1400)))

    assert automatic(twice, FIVE_MINUTES).read == (0, 1280)


@pytest.mark.parametrize(("gap", "read"), [(300, 1024), (300.001, 0)])
def test_a_prefix_is_there_up_to_and_including_the_end_of_its_lifetime(gap: float, read: int) -> None:
    requests = trace((0, "ab"), (gap, "ab"))

    assert automatic(requests, FIVE_MINUTES).read == (0, read)
    assert marked(requests, FIVE_MINUTES, AT_THE_END).read == (0, read)


def test_every_use_starts_the_lifetime_anew() -> None:
    """At 0, 200 and 400 seconds: the third comes 200 after the second."""
    requests = trace((0, "ab"), (200, "ab"), (400, "ab"))

    assert automatic(requests, FIVE_MINUTES).read == (0, 1024, 1024)
    assert marked(requests, FIVE_MINUTES, AT_THE_END).read == (0, 1024, 1024)


def test_a_prefix_can_be_read_only_where_a_breakpoint_wrote_it() -> None:
    """``abcd`` wrote its end alone: ``abcx`` shares three blocks and reads none; with all boundaries it reads them."""
    requests = trace((0, "abcd"), (1, "abcx"))

    at_end = marked(requests, FIVE_MINUTES, AT_THE_END)
    everywhere = marked(requests, FIVE_MINUTES, breakpoints("blocks"))

    assert (at_end.read, at_end.written) == ((0, 0), (2048, 2048))
    assert (everywhere.read, everywhere.written) == ((0, 1536), (2048, 512))


def test_a_first_breakpoint_is_at_the_last_boundary_within_its_tokens() -> None:
    """first:1100 marks 1,024 tokens: ``abxy`` reads them."""
    assert marked(trace((0, "abcd"), (1, "abxy")), FIVE_MINUTES, breakpoints("first:1100")).read == (0, 1024)


def test_what_is_written_counts_as_read_again_only_when_a_later_request_reads_it() -> None:
    """``ab`` is read by ``abc``; what ``abc`` adds is not read again."""
    cached = marked(trace((0, "ab"), (1, "abc")), FIVE_MINUTES, AT_THE_END)

    assert cached.written == (1024, 512)
    assert cached.read_again == (1024, 0)


def test_a_prompt_below_1024_tokens_is_neither_written_nor_read() -> None:
    cached = marked(trace((0, "a"), (1, "a")), FIVE_MINUTES, AT_THE_END)

    assert (cached.read, cached.written) == ((0, 0), (0, 0))


@pytest.mark.parametrize("text", ["first", "first:0", "first:x", "begin", "end:3", ""])
def test_a_place_for_breakpoints_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no place for breakpoints"):
        breakpoints(text)
