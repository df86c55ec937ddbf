"""How long a prompt cache keeps what is not used, as the command line writes it."""

from __future__ import annotations

import re
from datetime import timedelta

from finopsctl.errors import ConfigError

LIFETIMES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 10, 15, 30, 60, 24 * 60))
"""Lifetimes that are tried to find the best."""
SOLD = (timedelta(minutes=5), timedelta(hours=1))
"""Those that Anthropic sells."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def lifetime(text: str) -> timedelta:
    """Read ``90s``, ``5m``, ``1h`` or ``1d``.

    Raises:
        ConfigError: For anything else.
    """
    match = re.fullmatch(r"(\d{1,6})\s*([smhd])", text.strip().lower())
    if not match:
        raise ConfigError(f"'{text}' is no lifetime", "Write it as 5m, 1h or 90s.")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def spelt(length: timedelta) -> str:
    """Return a lifetime as ``lifetime`` reads it, in its largest whole unit."""
    seconds = int(length.total_seconds())
    unit = next(unit for unit in reversed(_UNITS) if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}" if seconds else "0s"
