"""Invoices in the configuration: tolerances by provider (``[reconcile.tolerance]``) and ``[[prepaid]]`` credits."""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from finopsctl.analyses.reconciliation.prepaid import Prepaid
from finopsctl.analyses.reconciliation.tolerance import Tolerances, parse
from finopsctl.config.declarations import key
from finopsctl.errors import ConfigError

TOLERANCE = r"\d+(\.\d+)?\s*%?"
"""A share of the invoice (``1%``) or an amount (``5.00``)."""


@dataclass(frozen=True, slots=True)
class ReconcileTable:
    """``[reconcile]``: how invoices are compared with the ledger."""

    tolerance: Mapping[str, str] = field(
        default_factory=dict,
        metadata=key("By provider: how far its invoice may be off, e.g. 1% or 5.00.", pattern=TOLERANCE),
    )

    def tolerances(self, usual: str, *, is_given: bool) -> Tolerances:
        """Return every provider's tolerance.

        Args:
            usual: Of providers without their own.
            is_given: Whether ``usual`` was asked for on the command line or by variable, and so holds for all.
        """
        own = {} if is_given else {provider: parse(text) for provider, text in self.tolerance.items()}
        return Tolerances(parse(usual), own)


@dataclass(frozen=True, slots=True)
class PrepaidTable:
    """``[[prepaid]]``: credits bought in advance."""

    provider: str = field(metadata=key("Whose spend it pays."))
    amount: Decimal = field(metadata=key("How much was bought.", minimum=0))
    start: date = field(metadata=key("First day it pays for.", name="from"))
    expires: date | None = field(default=None, metadata=key("First day it no longer does; none: never."))
    name: str = field(default="", metadata=key("What it is called; by default provider and first day."))

    def __post_init__(self) -> None:
        if self.expires is not None and self.expires <= self.start:
            raise ConfigError(
                f"a credit from {self.start} that expires on {self.expires} never pays", "Swap the dates."
            )

    def credit(self) -> Prepaid:
        """Return the credit the table describes."""
        name = self.name or f"{self.provider} {self.start}"
        return Prepaid(name, self.provider, self.amount, self.start, self.expires)
