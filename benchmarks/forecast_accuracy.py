"""Measure the forecast on real and invented daily series, and print the table of docs/methods.md.

    python benchmarks/forecast_accuracy.py [FOLDER]

FOLDER holds two public data sets: daily page views of a Wikipedia article (``wiki_daily_R``, from facebook/prophet)
and request rates of 162 clients of one model over 14 days (``servegen_mlarge``, from alibaba/ServeGen). What is not
there is left out. Every day with two weeks known is an origin; totals of 7 and 30 days are forecast from each.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from finopsctl.forecasting import Accuracy, Series, backtest, outlook

LENGTHS = (7, 30)
PRICE = 0.002
"""USD a request: any fixed price gives the same errors."""

_FIRST = date(2024, 10, 1)
_WEEKDAYS = np.array([1.15, 1.2, 1.2, 1.15, 1.05, 0.6, 0.65])
_SHIFTS = ((200, 1.5), (420, 0.75), (600, 1.35))


@dataclass(frozen=True, slots=True)
class Week:
    """Week 2 forecast from week 1: errors of the whole and of each client.

    Args:
        method: What forecast it.
        fleet: |forecast - actual| / actual of all clients together.
        client_median: The median of that over clients with any request in week 2.
        clients: How many those are.
    """

    method: str
    fleet: float
    client_median: float
    clients: int


def invented(seed: int, days: int = 730) -> Series:
    """Return two years of spend: weekdays, drifting growth, noise, and three level shifts."""
    random = np.random.default_rng(seed)
    level = 400 * np.exp(np.cumsum(random.normal(0.0015, 0.012, days)))
    for day, factor in _SHIFTS:
        level[day:] *= factor
    weekdays = _WEEKDAYS[[(_FIRST + timedelta(days=at)).weekday() for at in range(days)]]
    return Series(_FIRST, tuple((level * weekdays * np.exp(random.normal(0, 0.12, days))).tolist()))


def page_views(folder: Path) -> Series:
    """Return the daily page views; the 59 days that are missing are drawn straight between their neighbours."""
    log = pl.read_csv(folder / "wiki_daily_R" / "example_wp_log_R.csv.gz").select(
        day=pl.col("ds").str.to_date(), views=pl.col("y").exp()
    )
    days = log.sort("day").upsample("day", every="1d")
    first: date = days["day"][0]
    return Series(first, tuple(days["views"].interpolate().to_list()))


def clients(folder: Path) -> tuple[Series, ...]:
    """Return what each client's requests of 14 days cost at a fixed price: rate a second x 600 s a window."""
    rates = pl.read_parquet(folder / "servegen_mlarge" / "rates.parquet")
    spend = (pl.col("rate").sum() * 600 * PRICE).alias("spend")
    daily = rates.group_by("client", day=pl.col("t") // 86_400).agg(spend).sort("client", "day")
    found = daily.group_by("client", maintain_order=True).agg("spend")["spend"]
    return tuple(Series(_FIRST, tuple(values)) for values in found.to_list())


def second_week(folder: Path) -> tuple[Week, ...]:
    """Forecast week 2 of every client and of all together from week 1, by our method and by others."""
    all_clients = clients(folder)
    fleet = _added(all_clients)
    return tuple(_week(method, fleet, all_clients) for method in ("auto", "burn_rate", "seasonal_naive"))


def _week(method: str, fleet: Series, all_clients: tuple[Series, ...]) -> Week:
    errors = [error for series in all_clients if (error := _error(method, series)) is not None]
    whole = _error(method, fleet)
    return Week("ours" if method == "auto" else method, whole or 0.0, median(errors), len(errors))


def _error(method: str, series: Series) -> float | None:
    known = outlook(Series(series.first_day, series.values[:7]), 7, method=method).total() or 0.0
    actual = sum(series.values[7:])
    return abs(known - actual) / actual if actual else None


def _added(all_series: tuple[Series, ...]) -> Series:
    return Series(all_series[0].first_day, tuple(np.sum([s.values for s in all_series], axis=0).tolist()))


def accuracies(series: Series, days: int) -> tuple[Accuracy, ...]:
    """Return the back-test of every method on totals of so many days."""
    return backtest(series, days)


def main() -> None:
    """Print the tables."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "shared" / "data"
    named = {"invented, seed 7": invented(7), "invented, seed 3": invented(3)}
    if (folder / "wiki_daily_R").is_dir():
        named = {"page views of R": page_views(folder), **named}
    print("| series | days | method | WAPE | 80 % interval held | origins |\n|---|--:|---|--:|--:|--:|")
    for name, series in named.items():
        for days in LENGTHS:
            for row in accuracies(series, days):
                wape, held = (f"{100 * (x or 0):.1f} %" for x in (row.wape, row.coverage))
                print(f"| {name} | {days} | {row.title} | {wape} | {held} | {row.origins:,} |")
    if (folder / "servegen_mlarge").is_dir():
        print("\n| week 2 from week 1 | all clients | median client | clients |\n|---|--:|--:|--:|")
        for week in second_week(folder):
            print(f"| {week.method} | {week.fleet:.2%} | {week.client_median:.1%} | {week.clients} |")


if __name__ == "__main__":
    main()
