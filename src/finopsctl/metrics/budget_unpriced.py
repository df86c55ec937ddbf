"""What is said of budgets of which nobody knows what is spent: none of their records has a price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def unpriced(usage: pl.DataFrame) -> Iterator[Finding]:
    """Yield one finding a budget whose spend is not known.

    Args:
        usage: ``budget`` (its name) and ``actual``, as :func:`finopsctl.metrics.budgets.budget_usage` returns them.
    """
    for name in usage.filter(pl.col("actual").is_null())["budget"]:
        yield Finding(
            Severity.WARNING,
            "budget_unpriced",
            f"Budget {name}: none of its records has a price, so what is spent of it is not known.",
            "Add prices with --prices DIR; `finopsctl pricing list` shows what has one.",
            {"budget": name},
        )
