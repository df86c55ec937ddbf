"""What is asked of a what-if."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finopsctl.ledger.period import JANUARY

if TYPE_CHECKING:
    from datetime import datetime

    from finopsctl.analyses.whatif.levers import Prices, Scenario
    from finopsctl.metrics.dimensions import Dimension
    from finopsctl.pricing.currency import ExchangeRate


@dataclass(frozen=True, slots=True, eq=False)
class WhatIfQuestion:
    """What is asked.

    Args:
        scenarios: One, or several to compare.
        prices: Of the baseline, and of scenarios without prices of their own.
        by: Dimensions of the rows; empty with several scenarios: one row each.
        compare: Whether scenarios are set side by side, a row each, even a single one.
        span: First and last instant (exclusive) that the ledger covers, for rates a month; None: the days of its rows.
        timezone: Of calendar dimensions and days.
        first_month: The month fiscal years begin with.
        basis: ``list`` or ``effective`` cost.
        currency: ISO 4217 code of the report.
        rates: Exchange rates.
        top: Keep this many rows and one for the rest; None: all.
    """

    scenarios: tuple[Scenario, ...]
    prices: Prices
    by: tuple[Dimension, ...] = ()
    compare: bool = False
    span: tuple[datetime, datetime] | None = None
    timezone: str = "UTC"
    first_month: int = JANUARY
    basis: str = "effective"
    currency: str = "USD"
    rates: tuple[ExchangeRate, ...] = ()
    top: int | None = None
