"""What a simulation says it rests on: the days of its requests, where they can be known."""

from __future__ import annotations

import pytest

from finopsctl.analyses.caching import Experiment, simulate
from finopsctl.analyses.caching.simulation_context import context_of
from finopsctl.caching.trace import Prompt, Trace
from finopsctl.renderers._machine_text import encode

HOUR = 3_600_000
OCTOBER = 1_790_812_800_000
"""2026-10-01T00:00:00Z in milliseconds."""


def period(*instants: float, block: int | None, timezone: str = "UTC") -> str:
    prompts = tuple(Prompt(at, 512, 1, ("a",), (512,), 1) for at in instants)
    simulation = simulate(Trace("trace", prompts, block), Experiment("lru"))
    return encode(context_of(simulation, timezone).header["period"])


@pytest.mark.parametrize("block", [512, None])
def test_the_period_is_the_days_that_hold_requests(block: int | None) -> None:
    assert period(OCTOBER, OCTOBER + 25 * HOUR, block=block) == (
        '{"start":"2026-10-01T00:00:00Z","end":"2026-10-03T00:00:00Z","timezone":"UTC","seconds":90000}'
    )


def test_days_are_those_of_the_time_zone() -> None:
    """Midnight in UTC is two o'clock in Berlin; so is the last request of 23 hours later, one o'clock the day after."""
    assert period(OCTOBER, OCTOBER + 23 * HOUR, block=512, timezone="Europe/Berlin").startswith(
        '{"start":"2026-09-30T22:00:00Z","end":"2026-10-02T22:00:00Z"'
    )


@pytest.mark.parametrize("instants", [(0, 2000), (-2000, 0), (OCTOBER, 10**18), (0, OCTOBER)])
def test_times_that_are_no_instants_have_no_days(instants: tuple[float, float]) -> None:
    assert period(*instants, block=512).startswith('{"start":null,"end":null,')
