"""Numbers inside sentences: an amount of money in its currency, a count with its noun.

Tables hold values and leave their form to the renderers; a headline or a finding is a sentence already.
"""

from __future__ import annotations

from decimal import Decimal

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
"""What stands before an amount, by ISO 4217 code; other currencies are named by their code."""

WITHOUT_MINOR_UNIT = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
"""Currencies without decimals (ISO 4217)."""


def money(amount: Decimal, currency: str = "USD") -> str:
    """Return an amount as ``$1,243.29``, ``-$0.08`` or ``SEK 12.00``; one that is not zero is never shown as zero."""
    smallest = Decimal(1) if currency in WITHOUT_MINOR_UNIT else Decimal("0.01")
    symbol = SYMBOLS.get(currency, f"{currency} ")
    if 0 < abs(amount) < smallest:
        return f"{'less' if amount > 0 else 'more'} than {'-' if amount < 0 else ''}{symbol}{smallest:f}"
    digits = 0 if currency in WITHOUT_MINOR_UNIT else 2
    return f"{'-' if amount < 0 else ''}{symbol}{abs(amount):,.{digits}f}"


def counted(number: float, noun: str, plural: str = "") -> str:
    """Return ``1 record`` or ``1,592 records``; ``plural`` where it is not the noun and an s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
