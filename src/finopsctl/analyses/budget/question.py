"""What is asked about budgets: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from finopsctl.ledger.period import zone
from finopsctl.metrics.kpi import KpiSettings

if TYPE_CHECKING:
    from finopsctl.metrics.budgets import Budget


@dataclass(frozen=True, slots=True)
class BudgetQuestion:
    """What to show of which budgets.

    Args:
        budgets: Those asked for, of one time zone.
        as_of: The first instant not seen.
        settings: Scales from configuration: the bands of budget_utilization and days_to_exhaustion decide the status.
        basis: The cost basis ``cost`` was taken on, for the data-quality figures.
        currency: ISO 4217 code of ``cost`` and limits, for sentences.
        is_filtered: Whether a filter keeps rows out of the ledger.
        partial: Names of the budgets that limit more than the ledger holds because of a filter.
        data_end: The day of the newest record of all, filters or not; None: not known.
    """

    budgets: tuple[Budget, ...]
    as_of: datetime
    settings: KpiSettings = field(default_factory=KpiSettings)
    basis: str = "auto"
    currency: str = "USD"
    is_filtered: bool = False
    partial: frozenset[str] = frozenset()
    data_end: date | None = None

    @property
    def timezone(self) -> str:
        """Whose midnight begins a day."""
        return self.budgets[0].timezone if self.budgets else "UTC"

    def looks_back(self, name: str) -> bool:
        """Return whether the budget of that name is for the last so many days, without an end."""
        return any(budget.name == name and budget.looks_back for budget in self.budgets)

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions budgets are limited to, in the order they come up."""
        return tuple(dict.fromkeys(name for budget in self.budgets for name in budget.scope))

    @property
    def end_day(self) -> date:
        """The calendar day of ``as_of``: the first that is not over."""
        return self.as_of.astimezone(zone(self.timezone)).date()

    @property
    def since(self) -> datetime:
        """The first instant of any current period that has begun."""
        begun = [b.current(self.as_of).start for b in self.budgets if b.has_begun(self.as_of)]
        return min(begun, default=self.as_of - timedelta(days=1))

    @property
    def first_day(self) -> date:
        """The calendar day of ``since``."""
        return self.since.astimezone(zone(self.timezone)).date()
