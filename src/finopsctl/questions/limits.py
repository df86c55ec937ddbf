"""The budgets in force: those of the configuration, and those a gateway's tables among the inputs hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING

from finopsctl.books.books import nothing_asked_for
from finopsctl.books.cost import in_report_currency
from finopsctl.books.redaction import Redaction
from finopsctl.errors import ConfigError
from finopsctl.metrics.budgets import CONFIGURATION
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.gateway_budgets import combined, from_litellm, told_apart
from finopsctl.metrics.kpi import in_currency

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from finopsctl.analyses.budget import BudgetQuestion
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.metrics.budgets import Budget
    from finopsctl.metrics.kpi import KpiSettings
    from finopsctl.results.finding import Finding


def budgets_of(
    books: Books, settings: Settings, *, everything: bool = False
) -> tuple[tuple[Budget, ...], tuple[Finding, ...]]:
    """Return the budgets of the configuration and of the gateway, and what is wrong between them.

    Names that the books redact are redacted in the budgets, too; limits in another currency than the report's are
    converted at the rate of the last day seen.

    Args:
        books: The open books; their side tables hold what the gateway enforces.
        settings: The configuration.
        everything: Whether the gateway's budgets of configured scopes are wanted, too.

    Raises:
        ConfigError: When a budget is for redacted names of a pattern, or in a currency without a rate.
    """
    redaction = Redaction.of(books.request)
    own = (_converted(budget, books) for budget in settings.all_budgets())
    configured = told_apart(redaction.of_budget(budget) for budget in own)
    if not books.side_tables:
        return configured, ()
    gateway, lost = from_litellm(books.side_tables, books.as_of, settings.tz)
    enforced = [_converted(budget, books) for budget in gateway]
    budgets, differences = combined(configured, enforced, everything=everything)
    return budgets, (*differences, *lost)


def _converted(budget: Budget, books: Books) -> Budget:
    """Return a budget with its limit in the report's currency."""
    request = books.request
    if budget.currency == request.currency:
        return budget
    limit = in_report_currency(budget.limit, budget.currency, last_day(books), request)
    return replace(budget, limit=limit, currency=request.currency)


def budget_question(books: Books, settings: Settings, budgets: Sequence[Budget]) -> BudgetQuestion:
    """Return what to ask of budgets: where they stand at the end of what the books see."""
    from finopsctl.analyses.budget import BudgetQuestion

    return BudgetQuestion(
        budgets=tuple(budgets),
        as_of=seen_until(books),
        settings=kpi_settings_of(books, settings),
        basis=books.request.basis,
        currency=books.request.currency,
        is_filtered=bool(settings.where),
    )


def rate_of_own(books: Books, settings: Settings) -> Decimal:
    """Return what one unit of the configuration's currency is worth in the report's, on the last day seen.

    Raises:
        ConfigError: When there is no rate.
    """
    return in_report_currency(Decimal(1), settings.own_currency, last_day(books), books.request)


def last_day(books: Books) -> date:
    """Return the last day seen (UTC), whose rates bring amounts of the configuration to the report's currency."""
    return (seen_until(books) - timedelta(microseconds=1)).astimezone(UTC).date()


def kpi_settings_of(books: Books, settings: Settings) -> KpiSettings:
    """Return how KPIs are graded, limits in money in the report's currency: scales, targets, types of users.

    The shipped limits are amounts in the configuration's currency as its own are. Where no rate brings them to the
    report's, they grade nothing.

    Raises:
        ConfigError: When there is no rate for amounts the configuration states.
    """
    plain, types = settings.kpi_settings(), settings.kpi.user_types
    if settings.own_currency == books.request.currency:
        return plain
    try:
        rate = float(rate_of_own(books, settings))
    except ConfigError:
        in_money = {kpi.name for kpi in KPIS if kpi.is_in_money}
        if settings.kpi.outcome_targets or types.ranges or in_money & {*plain.scales, *plain.ranges}:
            raise
        return replace(plain, rate=None, user_types=replace(plain.user_types, power_spend=inf, ranges={}))
    ranges = {name: in_currency(pair, rate) for name, pair in plain.user_types.ranges.items()}
    return replace(
        plain,
        rate=rate,
        user_types=replace(plain.user_types, power_spend=plain.user_types.power_spend * rate, ranges=ranges),
    )


def seen_until(books: Books) -> datetime:
    """Return the first instant budgets do not see: as asked, else the end of the data or of the period asked for.

    Filters do not change it: a team that spends nothing on the last days has burnt nothing on them.

    Raises:
        SourceError: When there is no data, or the period asked for begins after it.
    """
    period = books.period
    if books.request.as_of or period is None:
        return books.as_of
    if period.start >= books.as_of:
        raise nothing_asked_for(books)
    return min(books.as_of, period.end)


def team_budgets_of(books: Books, settings: Settings) -> tuple[Budget, ...]:
    """Return the budgets a scorecard shows: all configured ones, of the gateway those of teams and of everything."""
    budgets, _ = budgets_of(books, settings)
    return tuple(b for b in budgets if b.set_in == CONFIGURATION or set(b.scope) <= {"team"})
