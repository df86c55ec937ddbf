"""How far an invoice and the ledger may be apart: a share of the invoice (``1%``) or an amount (``5.00``)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_WRITTEN = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<percent>%?)")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What may be apart.

    Args:
        number: A fraction of the invoice (0.01 is 1 %), or an amount in the report's currency.
        is_share: Which of the two it is.
    """

    number: Decimal = Decimal("0.01")
    is_share: bool = True

    def allows(self, invoice: Decimal) -> Decimal:
        """Return the largest difference that is still within it, for an invoice of this amount."""
        return abs(invoice) * self.number if self.is_share else self.number

    def __str__(self) -> str:
        return f"{(self.number * 100).normalize():f}%" if self.is_share else f"{self.number:,.2f}"


@dataclass(frozen=True, slots=True)
class Tolerances:
    """The tolerance of every provider: its own, else the usual one."""

    usual: Tolerance = field(default_factory=Tolerance)
    own: Mapping[str, Tolerance] = field(default_factory=dict)

    def of(self, provider: str) -> Tolerance:
        """Return the tolerance of a provider."""
        return self.own.get(provider, self.usual)


def parse(text: str) -> Tolerance:
    """Read ``1%``, ``0.5 %`` or, for an amount, ``5.00``.

    Raises:
        ConfigError: When it is neither.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"'{text}' is no tolerance", "Write a share of the invoice (1%) or an amount (5.00).")
    number = Decimal(match["number"])
    return Tolerance(number / 100, is_share=True) if match["percent"] else Tolerance(number, is_share=False)
