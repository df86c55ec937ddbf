"""``finopsctl forecast``: where spend will end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common, Top

if TYPE_CHECKING:
    from datetime import datetime

    from finopsctl.analyses.forecast import Forecast
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings

EXAMPLES = """Examples:

  finopsctl forecast sample_data --as-of 2026-10-16 --by team

  finopsctl forecast sample_data --horizon 30d --backtest
"""

Horizon = Annotated[
    str, typer.Option("--horizon", metavar="WHEN", help="month-end, quarter-end, year-end or a number of days: 30d.")
]
Method = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="NAME",
        help="auto, weekday, mean, burn_rate, last_7_days, seasonal_naive, or auto_ets (needs an extra).",
    ),
]
Backtest = Annotated[
    bool,
    typer.Option("--backtest", help="Add how far off each method would have been on these very data."),
]
Scenarios = Annotated[
    Path | None,
    typer.Option(
        "--scenarios",
        metavar="FILE",
        help="Scenarios (TOML) to lay over it: growth, a price change on a date.",
        show_default=False,
    ),
]


def forecast(
    common: Common,
    *,
    by: By = None,
    top: Top = None,
    horizon: Horizon = "month-end",
    method: Method = "auto",
    backtest: Backtest = False,
    scenarios: Scenarios = None,
) -> None:
    """Forecast spend to a period's end or for some days, in parts that add up, with intervals learnt from the past."""
    from datetime import date

    from finopsctl.analyses.forecast import horizon_of
    from finopsctl.cli.run import answer
    from finopsctl.forecasting.methods import check_method

    check_method(method)  # said before the work, not after it
    horizon_of(horizon, date(2000, 1, 1))

    def analyse(books: Books, settings: Settings) -> Forecast:
        from finopsctl.analyses.forecast import ForecastQuestion, forecast
        from finopsctl.books.books import refuse_nothing
        from finopsctl.config.scenarios import load
        from finopsctl.metrics.dimensions import parse

        laid = load(scenarios) if scenarios is not None else ()
        refuse_nothing(books)
        question = ForecastQuestion(
            as_of=origin_of(books),
            by=parse(settings.by, settings.fiscal_year_start),
            horizon=horizon,
            method=method,
            top=settings.top,
            backtest=backtest,
            scenarios=laid,
            timezone=settings.tz,
            first_month=settings.fiscal_year_start,
            basis=books.request.basis,
            currency=books.request.currency,
        )
        return forecast(books.ledger, question)

    answer(common, analyse, by=by, top=top)


def origin_of(books: Books) -> datetime:
    """Return the first instant to forecast: ``--until`` where given, else as of; a period that ended earlier bounds it.

    An end that is named counts as written, even where the data ends before it: those days cost nothing.
    """
    period, as_of = books.period, books.as_of
    if period is None:
        return as_of
    named = books.request.period.until is not None and books.request.as_of is None
    return period.end if named else min(period.end, as_of)
