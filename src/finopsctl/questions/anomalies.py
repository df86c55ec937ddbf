"""What anomaly detection is asked: rules, budgets, and which part of the records is judged by which history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.analyses.anomalies.detection import anomalies
from finopsctl.analyses.anomalies.question import AnomalyQuestion
from finopsctl.books.books import refuse_nothing
from finopsctl.metrics.dimensions import parse
from finopsctl.questions.limits import budgets_of

if TYPE_CHECKING:
    from finopsctl.analyses.anomalies.result import Anomalies
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings


def anomalies_of(books: Books, settings: Settings, grain: str) -> Anomalies:
    """Answer from opened books and settings.

    Args:
        books: The open books; what they hold before their period is its history.
        settings: Dimensions, rules, budgets.
        grain: ``day`` or ``hour``.
    """
    refuse_nothing(books)
    return anomalies(books.within(None), _question(books, settings, grain), unfiltered=books.rows)


def _question(books: Books, settings: Settings, grain: str) -> AnomalyQuestion:
    """Return the question that the settings ask of the books."""
    period, is_named = books.period, books.request.as_of is not None
    return AnomalyQuestion(
        end=books.as_of if period is None else min(books.as_of, period.end),
        by=parse(settings.by, settings.fiscal_year_start),
        grain=grain,
        period=period,
        is_complete=is_named or (period is not None and period.end < books.as_of),
        last_day_only=is_named,
        rules=settings.anomalies.rules(),
        critical_excess=settings.anomalies.critical_excess,
        budgets=budgets_of(books, settings)[0],
        timezone=settings.tz,
        basis=books.request.basis,
        currency=books.request.currency,
    )
