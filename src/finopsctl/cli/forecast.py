"""``finopsctl forecast``: where spend will end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common, Top

if TYPE_CHECKING:
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
        from finopsctl.config.scenarios import load
        from finopsctl.questions.forecast import forecast_of

        laid = load(scenarios) if scenarios is not None else ()
        return forecast_of(books, settings, horizon, method=method, backtest=backtest, scenarios=laid)

    answer(common, analyse, by=by, top=top)
