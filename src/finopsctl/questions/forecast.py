"""What a forecast is asked: from which instant, how far, in which parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.analyses.forecast import ForecastQuestion, forecast
from finopsctl.books.books import refuse_nothing
from finopsctl.metrics.dimensions import parse

if TYPE_CHECKING:
    from datetime import datetime

    from finopsctl.analyses.forecast import Forecast
    from finopsctl.analyses.forecast.scenarios import Scenario
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings


def forecast_of(  # noqa: PLR0913 - the three by name are refinements
    books: Books,
    settings: Settings,
    horizon: str,
    *,
    method: str = "auto",
    backtest: bool = False,
    scenarios: tuple[Scenario, ...] = (),
) -> Forecast:
    """Answer from opened books and settings.

    Args:
        books: The open books.
        settings: Dimensions and top.
        horizon: ``month-end``, ``quarter-end``, ``year-end`` or days: ``30d``.
        method: As the forecasting methods are called.
        backtest: Whether to add how far off each method would have been.
        scenarios: To lay over it.
    """
    refuse_nothing(books)
    question = ForecastQuestion(
        as_of=origin_of(books),
        by=parse(settings.by, settings.fiscal_year_start),
        horizon=horizon,
        method=method,
        top=settings.top,
        backtest=backtest,
        scenarios=scenarios,
        timezone=settings.tz,
        first_month=settings.fiscal_year_start,
        basis=books.request.basis,
        currency=books.request.currency,
    )
    return forecast(books.ledger, question)


def origin_of(books: Books) -> datetime:
    """Return the first instant to forecast: ``--until`` where given, else as of; a period that ended earlier bounds it.

    An end that is named counts as written, even where the data ends before it: those days cost nothing.
    """
    period, as_of = books.period, books.as_of
    if period is None:
        return as_of
    named = books.request.period.until is not None and books.request.as_of is None
    return period.end if named else min(period.end, as_of)
