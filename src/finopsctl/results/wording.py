"""Numbers and names inside sentences: an amount of money in its currency, a count with its noun, a list cut short.

Tables hold values and leave their form to the renderers; a headline or a finding is a sentence already.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
"""What stands before an amount, by ISO 4217 code; other currencies are named by their code."""

WITHOUT_MINOR_UNIT = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
"""Currencies without decimals (ISO 4217)."""

_CONTEXT = Context(prec=80, rounding=ROUND_HALF_UP)  # as in tables: one amount is written one way


def money(amount: Decimal, currency: str = "USD") -> str:
    """Return an amount as ``$1,243.29``, ``-$0.08`` or ``SEK 12.00``; one that is not zero is never shown as zero."""
    smallest = Decimal(1) if currency in WITHOUT_MINOR_UNIT else Decimal("0.01")
    symbol = SYMBOLS.get(currency, f"{currency} ")
    if 0 < abs(amount) < smallest:
        return f"{'less' if amount > 0 else 'more'} than {'-' if amount < 0 else ''}{symbol}{smallest:f}"
    rounded = abs(amount).quantize(smallest, context=_CONTEXT)
    return f"{'-' if amount < 0 else ''}{symbol}{rounded:,f}"


def some_of(names: Sequence[object], most: int = 5) -> str:
    """Return the first names, and how many more there are: ``a, b and 3 more``."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(map(str, names[:most]))}{more}"


def counted(number: float, noun: str, plural: str = "") -> str:
    """Return ``1 record`` or ``1,592 records``; ``plural`` where it is not the noun and an s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
