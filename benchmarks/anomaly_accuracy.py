"""Measure the anomaly rules on labelled real series and on real tenants, and print the tables of docs/methods.md.

    python benchmarks/anomaly_accuracy.py [FOLDER]

FOLDER holds two public data sets: three labelled series of the Numenta Anomaly Benchmark (``nab_three``) and request
rates of 162 clients of one model over 14 days (``servegen_mlarge``, from alibaba/ServeGen). What is not there is left
out. A labelled window is found when an episode overlaps it; an episode that overlaps none is false. Nobody labelled the
clients: their days (hours) are multiplied, one at a time, and a rule has found that when it fires on it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from finopsctl.analyses.anomalies.question import rule_named
from finopsctl.analyses.anomalies.rules import GROUP, RULES, Rule

ON_SERIES = ("three-sigma", "seasonal", "double-week", "ten-fold", "week-over-week", "silence")
"""The rules that a series of amounts alone can be judged by."""

SIZES = (1.5, 2.0, 3.0, 5.0, 10.0)
"""What a tenant's day (hour; the last 7 days, for rules of weeks) is multiplied by."""

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


def outcome(all_series: tuple[Labelled, ...], rules: Rule | tuple[Rule, ...], grain: str) -> Outcome:
    """Judge every series by one rule, or by several together, without a floor: the series are not money."""
    several = rules if isinstance(rules, tuple) else (rules,)
    found = false = windows = judgeable = 0
    months = 0.0
    for series in all_series:
        dense = slots(series.frame, grain)
        each = [alerted(dense, rule, grain) for rule in several]
        alerts = sorted({moment for judged in each for moment in judged.filter("fires")["slot"]})
        spans = episodes(alerts, grain)
        found += sum(any(_overlap(span, window) for span in spans) for window in series.windows)
        false += sum(not any(_overlap(span, window) for window in series.windows) for span in spans)
        windows += len(series.windows)
        able = [judged.filter("enough")["slot"].first() for judged in each]
        judgeable += sum(any(first is not None and first <= window[0] for first in able) for window in series.windows)
        months += dense.height * _LENGTHS[grain] / _DAY / _MONTH
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


def per_client_month(
    series: pl.DataFrame, rules: Rule | tuple[Rule, ...], grain: str, floor: float = 1.0
) -> float | None:
    """Return episodes per client and 30 days that could be judged; None when none could."""
    several = rules if isinstance(rules, tuple) else (rules,)
    each = [alerted(series, rule, grain, floor) for rule in several]
    judged = series.with_columns(
        fires=pl.any_horizontal(*(one["fires"] for one in each)),
        enough=pl.any_horizontal(*(one["enough"] for one in each)),
    )
    gap = _LENGTHS[grain] + _DAY
    count = judged.filter("fires").select((pl.col("slot").diff().over(GROUP) > gap).fill_null(value=True).sum()).item()
    days = judged.filter("enough").height * (_LENGTHS[grain] / _DAY)
    return count / days * _MONTH if days else None


def changed(series: pl.DataFrame, rule: Rule, grain: str, size: float) -> pl.DataFrame:
    """Return a copy of each client's series for some of its slots, ended there and changed: ``is_last``, ``was``.

    Every day from the third on is one of those slots, of the second week's hours every 31st; a rule of weeks is asked
    about the last day, whose last 7 are all changed.
    """
    at = pl.int_range(pl.len()).over(GROUP)
    lasts = [13] if rule.onset else list(range(2, 14)) if grain == "day" else list(range(168, 336, 31))
    ends = pl.DataFrame({"last": lasts}, schema={"last": pl.Int64})
    copies = series.with_columns(at=at).join(ends, how="cross").filter(pl.col("at") <= pl.col("last"))
    is_last, own = pl.col("at") == pl.col("last"), pl.col(GROUP) * 1000 + pl.col("last").cast(_GROUP_TYPE)
    is_changed = pl.col("at") > pl.col("last") - 7 if rule.onset else is_last
    value = pl.when(is_changed).then(pl.col("value") * size).otherwise("value")
    return copies.with_columns(own.alias(GROUP), is_last=is_last, was="value", value=value).sort(GROUP, "slot")


def recalled(series: pl.DataFrame, rule: Rule, grain: str, size: float, floor: float = 1.0) -> tuple[float, float]:
    """Return the shares of slots on which a rule fires when they are multiplied, and when they are not.

    Slots are those that such a change makes dearer by the floor at least, with enough history or not.
    """
    copies = changed(series, rule, grain, size)
    now, before = (alerted(rows, rule, grain, floor) for rows in (copies, copies.with_columns(value="was")))
    large = now.filter("is_last").select(pl.col("was") * (size - 1) >= floor).to_series()
    hits, chance = (judged.filter("is_last")["fires"].filter(large) for judged in (now, before))
    return float(hits.sum()) / len(hits), float(chance.sum()) / len(chance)


def silenced(series: pl.DataFrame, rule: Rule) -> tuple[float, float]:
    """Return the shares of active client-days on which ``silence`` fires when they fall silent, and when they do not.

    It needs 28 days, so that the 14 there are stand three times in a row; every day of the last time falls silent.
    """
    again = [series.with_columns(pl.col("slot") + timedelta(days=14 * time)) for time in range(3)]
    long = pl.concat(again).sort(GROUP, "slot").with_columns(at=pl.int_range(pl.len()).over(GROUP), was="value")
    found = [
        alerted(long.with_columns(value=pl.when(pl.col("at") == day).then(0.0).otherwise("value")), rule, "day", 1.0)
        .filter((pl.col("at") == day) & (pl.col("was") >= 1))
        .select("fires")
        for day in range(28, 42)
    ]
    quiet = alerted(long, rule, "day", 1.0).filter(pl.col("at") >= 28)["fires"]
    fired = pl.concat(found)["fires"]
    return float(fired.sum()) / len(fired), float(quiet.sum()) / len(quiet)


def bare_double_week(series: pl.DataFrame) -> float:
    """Return how often a day above twice the mean of 7 days comes per client-month: no floor, no episodes."""
    week = pl.col("value").shift(1).rolling_mean(7).over(GROUP)
    judged = series.with_columns(week=week).filter(pl.col("week").is_not_null())
    return judged.filter(pl.col("value") > 2 * pl.col("week")).height / judged.height * _MONTH


def main() -> None:
    """Print the tables."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "shared" / "data"
    if (folder / "nab_three").is_dir():
        _print_labelled(labelled(folder))
    if (folder / "servegen_mlarge").is_dir():
        _print_tenants(folder)


def _asked(grain: str) -> list[tuple[str, tuple[Rule, ...]]]:
    """Return what is measured at a grain: each rule alone, and those that are on together."""
    known = [rule for rule in RULES if rule.name in ON_SERIES and grain in rule.grains]
    usual = tuple(rule for rule in known if rule.enabled)
    alone = [(rule.name, (rule,)) for rule in known]
    return [*alone, ("all that are on", usual)] if len(usual) > 1 else alone


def _print_labelled(series: tuple[Labelled, ...]) -> None:
    print("| rule | grain | precision | recall | F1 | false per series-month | found of judgeable |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for grain in _LENGTHS:
        for name, rules in _asked(grain):
            print(_line(name, grain, outcome(series, rules, grain)))
    print("\n| three-sigma by the day | found | false |\n|---|--:|--:|")
    three = rule_named("three-sigma")
    for factor in (2.0, 2.5, 3.0, 3.5, 4.0):
        found = outcome(series, replace(three, factor=factor), "day")
        print(f"| {factor:g} sigma | {found.found} | {found.false} |")


def _line(name: str, grain: str, found: Outcome) -> str:
    precision = "-" if found.precision is None else f"{found.precision:.2f}"
    rates = f"{precision} | {found.recall:.2f} | {found.f1:.2f} | {found.false_per_month:.2f}"
    return f"| {name} | {grain} | {rates} | {found.found} of {found.judgeable} (of {found.windows}) |"


def _print_tenants(folder: Path) -> None:
    sizes = " | ".join(f"x {size:g}" for size in SIZES)
    print(f"\n| rule | grain | episodes per client-month | unchanged | {sizes} |")
    print(f"|---|---|--:|--:|{'--:|' * len(SIZES)}")
    for grain in _LENGTHS:
        clients = tenants(folder, grain)
        if grain == "day":
            print(f"| bare: a day above twice the mean of 7 | day | {bare_double_week(clients):.1f} | {'| ' * 6}")
        for name, rules in _asked(grain):
            rate = per_client_month(clients, rules, grain)
            if rate is None:
                continue
            shares = [recalled(clients, rules[0], grain, size) for size in SIZES] if len(rules) == 1 else []
            cells = [f"{shares[2][1]:.2f}", *(f"{share:.2f}" for share, _ in shares)] if shares else [""] * 6
            print(f"| {name} | {grain} | {rate:.1f} | {' | '.join(cells)} |")
    clients, three = tenants(folder, "day"), rule_named("three-sigma")
    fallen, quiet = silenced(clients, rule_named("silence"))
    print(f"\nsilence: {fallen:.2f} of the days that fall silent, {quiet:.4f} of those that do not")
    print("\n| three-sigma from | episodes per client-month | unchanged | x 2 | x 3 |\n|---|--:|--:|--:|--:|")
    for days in range(2, 9):
        rule = replace(three, min_history=days)
        twice, thrice = (recalled(clients, rule, "day", size) for size in (2.0, 3.0))
        rate = per_client_month(clients, rule, "day")
        print(f"| {days} days | {rate:.1f} | {twice[1]:.2f} | {twice[0]:.2f} | {thrice[0]:.2f} |")


__all__ = [
    "ON_SERIES",
    "RULES",
    "bare_double_week",
    "labelled",
    "outcome",
    "per_client_month",
    "recalled",
    "rule_named",
    "silenced",
    "tenants",
]

if __name__ == "__main__":
    main()
