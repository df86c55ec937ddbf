"""The forecast of a ledger: daily series, fleet and parts, what they leave out, and scenarios over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.forecast.comparison import compared, verdicts
from finopsctl.analyses.forecast.daily import daily_spend
from finopsctl.analyses.forecast.doubts import doubts_of
from finopsctl.analyses.forecast.horizon import Horizon, horizon_of
from finopsctl.analyses.forecast.parts import MICRO, OTHER, RECENT_DAYS, Part, forecast_fleet, forecast_parts
from finopsctl.analyses.forecast.result import Forecast
from finopsctl.analyses.forecast.scenarios import Scenario, baseline, dimensions_of, overlays
from finopsctl.forecasting import Series
from finopsctl.forecasting.methods import SHORT
from finopsctl.ledger.period import zone
from finopsctl.metrics.dimensions import Dimension, dimension
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from finopsctl.analyses.forecast.comparison import Backtest
    from finopsctl.analyses.forecast.scenarios import Overlay

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class ForecastQuestion:
    """What is asked.

    Args:
        as_of: The first instant not seen; the day that holds it is the first to be forecast.
        by: The dimensions of the parts; none: the fleet alone.
        horizon: ``month-end``, ``quarter-end``, ``year-end`` or ``30d``.
        method: A forecast method (``finopsctl.forecasting.METHOD_NAMES``).
        top: Keep this many parts, by recent spend, and forecast the others as one; None: all.
        backtest: Whether to add how far off each method would have been.
        scenarios: What to lay over the forecast.
        timezone: Of days.
        first_month: The month fiscal quarters and years begin with.
        basis: The cost basis ``cost`` was taken on.
        currency: Of ``cost``, for sentences.
    """

    as_of: datetime
    by: tuple[Dimension, ...] = ()
    horizon: str = "month-end"
    method: str = "auto"
    top: int | None = None
    backtest: bool = False
    scenarios: tuple[Scenario, ...] = ()
    timezone: str = "UTC"
    first_month: int = 1
    basis: str = "auto"
    currency: str = "USD"


def forecast(ledger: pl.LazyFrame, question: ForecastQuestion) -> Forecast:
    """Forecast spend from its own past.

    The history is every whole day of the ledger before the origin, from the first one with a record on; days without
    a record are days without spend.

    Args:
        ledger: Ledger columns and ``cost``, filtered to the history that counts and to ``--where``.
        question: Horizon, parts, method.

    Raises:
        ConfigError: For an unknown horizon or method, or a dimension that cannot be forecast by.
        SourceError: When no record lies before the origin.
    """
    origin = question.as_of.astimezone(zone(question.timezone)).date()
    horizon = horizon_of(question.horizon, origin, question.timezone, question.first_month)
    names = [d.name for d in question.by]
    filters = tuple(dimension(n, question.first_month) for n in dimensions_of(question.scenarios) if n not in names)
    daily = daily_spend(ledger, (*question.by, *filters), question.as_of, question.timezone, question.basis)
    known = daily.amounts["spend"].is_not_null().any()
    so_far = pl.concat([daily.amounts, daily.begun.select(pl.lit(origin).alias("day"), pl.all())])
    to_date, others = _kept(so_far, names, question.top)
    by_part, begun = to_date.filter(pl.col("day") < origin), _begun(to_date, names, origin)
    whole_begun = sum(begun.values())
    fleet = forecast_fleet(_fleet_series(by_part, origin, known=known), horizon.ahead, question.method, whole_begun)
    series = _part_series(by_part, names, fleet, tuple(begun)) if names and known else []
    parts = forecast_parts(series, fleet, question.method, begun)
    laid, doubts = _overlays(question, by_part, parts or (fleet,), names) if known else ((), ())
    backtests = compared(fleet, parts, horizon.ahead, question.method) if question.backtest and known else None
    return Forecast(
        horizon=horizon,
        by=question.by,
        fleet=fleet,
        parts=parts,
        others=others,
        spent=_spent(to_date, names, horizon),
        overlays=laid,
        backtests=backtests,
        quality=daily.quality,
        findings=(*doubts_of(question, daily, horizon, fleet, parts), *_scenario_doubts(doubts), *_tested(backtests)),
        currency=question.currency,
        as_of=question.as_of,
    )


def _kept(amounts: pl.DataFrame, names: list[str], top: int | None) -> tuple[pl.DataFrame, int]:
    """Return the amounts with all parts beyond ``top`` as one, whose ``other`` is true, and how many those are."""
    marked = amounts.with_columns(pl.lit(value=False).alias(OTHER))
    if top is None or not names:
        return marked, 0
    last = amounts["day"].max()
    recent = pl.col("day") > pl.lit(last) - timedelta(days=RECENT_DAYS)
    size = pl.col("spend").filter(recent).sum().abs().alias("size")
    ranked = amounts.group_by(names).agg(size).sort("size", *names, descending=[True, *(False for _ in names)])
    if ranked.height <= top:
        return marked, 0
    kept = ranked.head(top).select(*names, pl.lit(value=False).alias("__rest"))
    joined = amounts.join(kept, on=names, how="left", nulls_equal=True, maintain_order="left")
    rest = pl.col("__rest").is_null()
    return joined.select(
        "day",
        *(
            pl.when(~rest).then(pl.col(n)).alias(n) if n in names else pl.col(n)
            for n in amounts.columns
            if n not in ("day", "spend")
        ),
        "spend",
        rest.alias(OTHER),
    ), ranked.height - top


def _fleet_series(amounts: pl.DataFrame, origin: date, *, known: bool) -> Series:
    whole = amounts.group_by("day").agg(pl.col("spend").sum().cast(pl.Float64))
    return Series.of(dict(whole.iter_rows()) if known else {}, origin)


def _begun(amounts: pl.DataFrame, names: list[str], origin: date) -> dict[tuple[str | None, ...], int]:
    """Return what each part has spent of the day that is not over, in whole micro-units."""
    keys = [*names, OTHER]
    sums = amounts.filter(pl.col("day") == origin).group_by(keys).agg(pl.col("spend").sum())
    return {tuple(row[key] for key in keys): round(row["spend"] * MICRO) for row in sums.iter_rows(named=True)}


def _part_series(
    amounts: pl.DataFrame, names: list[str], fleet: Part, begun: Sequence[tuple[str | None, ...]]
) -> list[tuple[tuple[str | None, ...], Series]]:
    """Return the days of each part, from its first one on: a part that is new was not free before.

    In a history of less than two weeks, a part that was silent at first is more likely one that is used now and then,
    so there all parts begin with the whole. A part that began on the day that is not over had a day without spend.
    """
    days = amounts.group_by(*names, OTHER, "day").agg(pl.col("spend").sum().cast(pl.Float64))
    parts = days.sort("day").partition_by(*names, OTHER, as_dict=True, include_key=False, maintain_order=True)
    first = fleet.series.first_day if fleet.outlook.history < SHORT else None
    after = fleet.series.after
    found = [(key, Series.of(dict(frame.iter_rows()), after, first)) for key, frame in parts.items()]
    return [*found, *((key, Series.of({}, after, first or after - _DAY)) for key in begun if key not in parts)]


def _spent(amounts: pl.DataFrame, names: list[str], horizon: Horizon) -> pl.DataFrame:
    """Return the exact amounts of the horizon's days so far, by day and part; the last one may not be over."""
    inside = amounts.filter(pl.col("day") >= horizon.first_day)
    return inside.group_by("day", *names, OTHER).agg(pl.col("spend").sum()).sort("day", *names, OTHER)


def _overlays(
    question: ForecastQuestion, amounts: pl.DataFrame, parts: Sequence[Part], names: list[str]
) -> tuple[tuple[Overlay, ...], tuple[str, ...]]:
    if not question.scenarios:
        return (), ()
    others = [n for n in amounts.columns if n not in ("day", "spend")]
    recent = pl.col("day") > pl.lit(amounts["day"].max()) - timedelta(days=RECENT_DAYS)
    groups = amounts.filter(recent).group_by(others).agg(pl.col("spend").sum()).sort(others)
    laid, doubts = overlays(question.scenarios, groups, parts, [*names, OTHER])
    return (*(baseline(part) for part in parts), *laid), doubts


def _scenario_doubts(doubts: tuple[str, ...]) -> tuple[Finding, ...]:
    return tuple(Finding(Severity.WARNING, "scenario", text) for text in doubts)


def _tested(backtests: tuple[Backtest, ...] | None) -> tuple[Finding, ...]:
    if backtests is None:
        return ()
    if backtests:
        return verdicts(backtests)
    message = "The history is too short for a back-test: two weeks and the length of the totals are needed."
    return (Finding(Severity.WARNING, "no_backtest", message),)
