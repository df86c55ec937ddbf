"""Measure the anomaly rules on labelled real series and on real tenants, and print the tables of docs/methods.md.

    python benchmarks/anomaly_accuracy.py [FOLDER]

FOLDER holds two public data sets: three labelled series of the Numenta Anomaly Benchmark (``nab_three``) and request
rates of 162 clients of one model over 14 days (``servegen_mlarge``, from alibaba/ServeGen). What is not there is left
out. A labelled window is found when an episode overlaps it; an episode that overlaps none is false.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from finopsctl.analyses.anomalies.question import rule_named
from finopsctl.analyses.anomalies.rules import GROUP, RULES, Rule

ON_SERIES = ("three-sigma", "seasonal", "double-week", "ten-fold", "week-over-week", "silence")
"""The rules that a series of amounts alone can be judged by."""

PRICE = 0.002
"""USD a request of a tenant: it sets what a floor of $1 means there."""

_MONTH = 30.0
_DAY = timedelta(days=1)
_LENGTHS = {"day": _DAY, "hour": timedelta(hours=1)}
_GROUP_TYPE = pl.UInt32


@dataclass(frozen=True, slots=True)
class Labelled:
    """A series (``t``, ``v``) and the windows that people called anomalous."""

    frame: pl.DataFrame
    windows: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one rule did on the labelled series.

    Args:
        found: Windows an episode overlaps.
        false: Episodes that overlap none.
        windows: All windows.
        judgeable: Windows that begin once the rule has the history it needs.
        months: Series-months of 30 days, those without enough history included.
    """

    found: int
    false: int
    windows: int
    judgeable: int
    months: float

    @property
    def precision(self) -> float | None:
        """Windows found / (those and false episodes)."""
        return self.found / (self.found + self.false) if self.found + self.false else None

    @property
    def recall(self) -> float:
        """Windows found / all windows."""
        return self.found / self.windows

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.found / (self.found + self.false + self.windows)

    @property
    def false_per_month(self) -> float:
        """False episodes per series-month."""
        return self.false / self.months


def labelled(folder: Path) -> tuple[Labelled, ...]:
    """Return the labelled series."""
    windows = json.loads((folder / "nab_three" / "windows.json").read_text(encoding="utf-8"))
    found = []
    for name, spans in windows.items():
        table = pl.read_csv(folder / "nab_three" / f"{name.rpartition('/')[2]}.gz")
        frame = table.select(t=pl.col("timestamp").str.to_datetime(), v=pl.col("value").cast(pl.Float64))
        moments = tuple((datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in spans)
        found.append(Labelled(frame, moments))
    return tuple(found)


def slots(series: pl.DataFrame, grain: str) -> pl.DataFrame:
    """Return the mean of each day (hour) as a dense series of one group, as the rules want it."""
    every = "1d" if grain == "day" else "1h"
    means = series.group_by(slot=pl.col("t").dt.truncate(every)).agg(value=pl.col("v").mean()).sort("slot")
    weekday, hour = pl.col("slot").dt.weekday(), pl.col("slot").dt.hour()
    return means.upsample("slot", every=every).with_columns(
        pl.lit(0, dtype=_GROUP_TYPE).alias(GROUP),
        phase=hour if grain == "hour" else weekday,
        week_phase=weekday * 24 + hour,
        source_alive=pl.lit(value=True),
    )


def alerted(dense: pl.DataFrame, rule: Rule, grain: str, floor: float = 0.0) -> pl.DataFrame:
    """Add ``fires`` and ``enough`` (history) to every slot."""
    judged = rule.judge(rule, 24 if grain == "hour" else 1)
    enough = (judged.history >= rule.min_history).fill_null(value=False)
    over = judged.excess.abs() >= floor
    breaks = dense.with_columns(fires=(judged.fires & enough & over).fill_null(value=False), enough=enough)
    if not rule.onset:
        return breaks
    return breaks.with_columns(fires=pl.col("fires") & ~pl.col("fires").shift(1).over(GROUP).fill_null(value=False))


def episodes(moments: list[datetime], grain: str) -> list[tuple[datetime, datetime]]:
    """Merge alerts within a day of each other, as the command does."""
    merged: list[tuple[datetime, datetime]] = []
    for moment in moments:
        end = moment + _LENGTHS[grain]
        if merged and moment <= merged[-1][1] + _DAY:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((moment, end))
    return merged


def outcome(all_series: tuple[Labelled, ...], rule: Rule, grain: str) -> Outcome:
    """Judge every series by one rule, without a floor: the series are not money."""
    found = false = windows = judgeable = 0
    months = 0.0
    for series in all_series:
        judged = alerted(slots(series.frame, grain), rule, grain)
        spans = episodes(judged.filter("fires")["slot"].to_list(), grain)
        found += sum(any(_overlap(span, window) for span in spans) for window in series.windows)
        false += sum(not any(_overlap(span, window) for window in series.windows) for span in spans)
        windows += len(series.windows)
        able = judged.filter("enough")["slot"]
        judgeable += sum(bool(able.len()) and able[0] <= window[0] for window in series.windows)
        months += judged.height * _LENGTHS[grain] / _DAY / _MONTH
    return Outcome(found, false, windows, judgeable, months)


def _overlap(span: tuple[datetime, datetime], window: tuple[datetime, datetime]) -> bool:
    return span[0] < window[1] and window[0] < span[1]


def tenants(folder: Path, grain: str) -> pl.DataFrame:
    """Return what each client's requests cost a day (an hour) at a fixed price: rate a second x 600 s a window."""
    rates = pl.read_parquet(folder / "servegen_mlarge" / "rates.parquet")
    start = datetime(2024, 10, 1)  # noqa: DTZ001 - the data set counts from zero
    moment = (pl.lit(start) + pl.duration(seconds=pl.col("t"))).dt.truncate("1d" if grain == "day" else "1h")
    spend = rates.group_by("client", slot=moment).agg(value=pl.col("rate").sum() * 600 * PRICE)
    weekday, hour = pl.col("slot").dt.weekday(), pl.col("slot").dt.hour()
    return spend.with_columns(
        pl.col("client").rank("dense").cast(_GROUP_TYPE).alias(GROUP),
        phase=hour if grain == "hour" else weekday,
        week_phase=weekday * 24 + hour,
        source_alive=pl.lit(value=True),
    ).sort(GROUP, "slot")


def per_client_month(series: pl.DataFrame, rule: Rule, grain: str, floor: float = 1.0) -> float | None:
    """Return episodes per client and 30 days that could be judged; None when none could."""
    judged = alerted(series, rule, grain, floor)
    gap = _LENGTHS[grain] + _DAY
    count = judged.filter("fires").select((pl.col("slot").diff().over(GROUP) > gap).fill_null(value=True).sum()).item()
    days = judged.filter("enough").height * (_LENGTHS[grain] / _DAY)
    return count / days * _MONTH if days else None


def bare_double_week(series: pl.DataFrame) -> float:
    """Return how often a day above twice the mean of 7 days comes per client-month: no floor, no episodes."""
    week = pl.col("value").shift(1).rolling_mean(7).over(GROUP)
    judged = series.with_columns(week=week).filter(pl.col("week").is_not_null())
    return judged.filter(pl.col("value") > 2 * pl.col("week")).height / judged.height * _MONTH


def main() -> None:
    """Print the tables."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "shared" / "data"
    rules = [rule for rule in RULES if rule.name in ON_SERIES]
    if (folder / "nab_three").is_dir():
        series = labelled(folder)
        print("| rule | grain | precision | recall | F1 | false per series-month | found of judgeable |")
        print("|---|---|--:|--:|--:|--:|--:|")
        for grain in _LENGTHS:
            for rule in rules:
                if grain in rule.grains:
                    print(_line(rule.name, grain, outcome(series, rule, grain)))
    if (folder / "servegen_mlarge").is_dir():
        print("\n| rule | grain | episodes per client-month |\n|---|---|--:|")
        for grain in _LENGTHS:
            clients = tenants(folder, grain)
            if grain == "day":
                print(f"| bare: a day above twice the mean of 7 | day | {bare_double_week(clients):.1f} |")
            for rule in rules:
                rate = per_client_month(clients, rule, grain) if grain in rule.grains else None
                if rate is not None:
                    print(f"| {rule.name} | {grain} | {rate:.1f} |")


def _line(name: str, grain: str, found: Outcome) -> str:
    precision = "-" if found.precision is None else f"{found.precision:.2f}"
    rates = f"{precision} | {found.recall:.2f} | {found.f1:.2f} | {found.false_per_month:.2f}"
    return f"| {name} | {grain} | {rates} | {found.found} of {found.judgeable} (of {found.windows}) |"


__all__ = ["alerted", "bare_double_week", "labelled", "outcome", "per_client_month", "rule_named", "tenants"]

if __name__ == "__main__":
    main()
