"""Numbers in options: amounts, shares and counts, read exactly."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from finopsctl.errors import ConfigError

_FACTORS = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_MOST_DIGITS = 30
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span(option: str, text: str) -> timedelta:
    """Read ``30s``, ``5m``, ``2h`` or ``1d``.

    Raises:
        ConfigError: Naming the option, when it is none.
    """
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip().lower())
    if not match:
        raise ConfigError(f"{option} '{text}' is no length of time", "Write it as 30s, 5m, 2h or 1d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def count(option: str, text: str) -> Decimal:
    """Read ``3000000``, ``3_000_000``, ``3M`` or ``1e7``.

    Raises:
        ConfigError: Naming the option, when it is no whole number.
    """
    word = text.strip().lower()
    factor = _FACTORS.get(word[-1:], 1)
    number = amount(option, word if factor == 1 else word[:-1]) * factor
    if number != number.to_integral_value():
        raise ConfigError(f"{option} {text} is no whole number", "Write it as 3000000, 3M or 3e6.")
    return number


def amount(option: str, text: str, *, share: bool = False) -> Decimal:
    """Read a number that is not negative, of a share a percentage too, exactly.

    Raises:
        ConfigError: Naming the option, when it is none.
    """
    word = text.strip().replace("_", "")
    try:
        number = Decimal(word[:-1]) / 100 if share and word.endswith("%") else Decimal(word)
    except InvalidOperation as problem:
        raise ConfigError(f"{option} '{text}' is no number", "Write digits, e.g. 0.0084.") from problem
    if not number.is_finite() or number < 0 or abs(number.adjusted()) > _MOST_DIGITS:
        raise ConfigError(f"{option} {text} is no number that makes sense here", "Write a number of 0 or more.")
    if share and number > 1:
        raise ConfigError(f"{option} {text} is not between 0 and 1", "Write a share, e.g. 0.35 or 35%.")
    return number
