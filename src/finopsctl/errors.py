"""Problems a user can fix, each with what to do next and the exit code it ends the program with.

Exit codes: 0 fine, 1 a bug, 2 usage or configuration, 3 a threshold failed, 4 input, 5 delivery or price refresh,
130 interrupted.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class FinopsError(Exception):
    """A problem that stops the work.

    Args:
        message: What is wrong with which thing, one line.
        hint: What to type or change next, one line; empty when there is nothing to add.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(FinopsError):
    """Usage or configuration: an unknown option value, a broken configuration file (exit 2)."""


class PricingError(FinopsError):
    """A price file that cannot be used: off-grid rate, overlapping lines, unknown key (exit 2)."""


class ThresholdError(FinopsError):
    """A ``--fail-on`` threshold or a policy was not met (exit 3)."""

    exit_code = 3


class SourceError(FinopsError):
    """Input that cannot be read, or holds nothing in the period asked for (exit 4)."""

    exit_code = 4


class UnreadableError(SourceError):
    """A file that is damaged or may not be read: it may well hold charges, so it is never passed over (exit 4)."""


class NoChargesError(SourceError):
    """Input of a known format that holds no usage and no cost (exit 4)."""


class DeliveryError(FinopsError):
    """Something could not be sent or fetched over the network (exit 5)."""

    exit_code = 5


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the known word closest to ``name``, or the first few known words."""
    words = sorted(known)
    close = get_close_matches(name, words, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(words[:40])}{', ...' if len(words) > 40 else ''}."


def reason_of(problem: OSError) -> str:
    """Return why the system refused something, in lower case to follow a colon; libraries add number and file to it."""
    return (problem.strerror or str(problem).partition(" (os error")[0]).lower()
