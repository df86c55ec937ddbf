"""The budgets in force: those of the configuration, and those a gateway's tables among the inputs hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.metrics.gateway_budgets import combined, from_litellm
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.metrics.budgets import Budget


def budgets_of(
    books: Books, settings: Settings, *, everything: bool = False
) -> tuple[tuple[Budget, ...], tuple[Finding, ...]]:
    """Return the budgets of the configuration and of the gateway, and what is wrong between them.

    Args:
        books: The open books; their side tables hold what the gateway enforces.
        settings: The configuration.
        everything: Whether the gateway's budgets of configured scopes are wanted, too.
    """
    configured = settings.all_budgets()
    if not books.side_tables:
        return configured, ()
    gateway, lost = from_litellm(books.side_tables, books.as_of, settings.tz)
    if gateway and settings.currency != "USD":
        message = f"The gateway's budgets are in USD and the report is in {settings.currency}: they are left out."
        return configured, (Finding(Severity.WARNING, "budget_currency", message),)
    budgets, differences = combined(configured, gateway, everything=everything)
    return budgets, (*differences, *lost)


def team_budgets_of(books: Books, settings: Settings) -> tuple[Budget, ...]:
    """Return the budgets a scorecard shows: all configured ones, of the gateway those of teams and of everything."""
    budgets, _ = budgets_of(books, settings)
    own = {budget.name for budget in settings.all_budgets()}
    return tuple(budget for budget in budgets if budget.name in own or set(budget.scope) <= {"team"})
