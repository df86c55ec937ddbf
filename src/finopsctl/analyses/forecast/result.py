"""A finished forecast: daily rows for machines, totals by part and by week for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.forecast.parts import OTHER, Part
from finopsctl.analyses.forecast.tables import backtest_table, parts_table, scenario_table, weeks_table
from finopsctl.ledger.schema import MONEY
from finopsctl.results.report import Report, Table
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from finopsctl.analyses.forecast.comparison import Backtest
    from finopsctl.analyses.forecast.horizon import Horizon
    from finopsctl.analyses.forecast.scenarios import Overlay
    from finopsctl.metrics.dimensions import Dimension
    from finopsctl.metrics.quality import Quality
    from finopsctl.results.finding import Finding


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What a horizon is expected to cost.

    Args:
        horizon: Its days.
        by: The dimensions of the parts.
        fleet: The whole.
        parts: Largest recent spend first; empty without dimensions.
        others: How many parts the last one stands for.
        spent: The exact amounts so far: day, dimensions, other, spend; the day of the origin if it has begun too.
        overlays: Scenarios, the baseline first; one entry a scenario and part.
        backtests: None unless asked for.
        quality: How much of the input it covers.
        findings: What a reader must know.
        currency: ISO 4217 code.
        as_of: The first instant not seen.
    """

    horizon: Horizon
    by: tuple[Dimension, ...]
    fleet: Part
    parts: tuple[Part, ...]
    others: int
    spent: pl.DataFrame
    overlays: tuple[Overlay, ...]
    backtests: tuple[Backtest, ...] | None
    quality: Quality
    findings: tuple[Finding, ...]
    currency: str
    as_of: datetime | None = None

    @property
    def rows(self) -> pl.DataFrame:
        """One row a day and part: day, dimensions, actual (past days), p10, p50, p90 (days ahead).

        The day that has begun has both: what it has spent so far, and what it is expected to end at. Of days before
        the first record nothing is known.
        """
        records = [*self._past_rows(), *self._future_rows()]
        schema: dict[str, Any] = {
            "day": pl.Date,
            **dict.fromkeys((d.name for d in self.by), pl.String),
            **dict.fromkeys(("actual", "p10", "p50", "p90"), MONEY),
            OTHER: pl.Int64,
        }
        frame = pl.DataFrame(records, schema=schema, orient="row").sort("day", *(d.name for d in self.by), OTHER)
        return frame if self.others else frame.drop(OTHER)

    @property
    def totals(self) -> Mapping[str, Any]:
        """The figures of the whole: actual so far, projected end with P10, P50, P90, run rate, method, errors."""
        found = self.projected(self.fleet)
        return {
            "actual": found["actual"],
            "projected": found["projected"],
            "projected_p10": found["projected_p10"],
            "projected_p50": found["projected"],
            "projected_p90": found["projected_p90"],
            "run_rate_monthly": found["run_rate_monthly"],
            "method": self.fleet.outlook.method,
            "backtest_errors": self.fleet.outlook.errors,
            "independent_errors": round(self.fleet.outlook.independent_errors, 2),
            "horizon_start": self.horizon.first_day,
            "origin": self.horizon.origin,
            "horizon_end": self.horizon.after,
        }

    def report(self) -> Report:
        """Return the presentable form."""
        tables = [Table("Rows", self.rows, (), machine_only=True)]
        if self.parts:
            tables.append(parts_table(self))
        tables.append(weeks_table(self))
        if self.overlays:
            tables.append(scenario_table(self))
        if self.backtests is not None:
            tables.append(backtest_table(self))
        return Report("forecast", self._headline(), tuple(tables), self.totals, self.findings, as_of=self.as_of)

    def projected(self, part: Part) -> dict[str, Any]:
        """Return the totals of one part: its past days and the days ahead."""
        known = self.fleet.outlook.known
        actual = self.actual_of(part) if known else None
        whole = self.whole_days_of(part)
        low, high = part.total(0.1), part.total(0.9)
        return {
            "actual": actual,
            "projected": None if actual is None else whole + part.expected,
            "projected_p10": None if actual is None or low is None else whole + low,
            "projected_p90": None if actual is None or high is None else whole + high,
            "run_rate_monthly": part.run_rate() if known else None,
        }

    def actual_of(self, part: Part) -> Decimal:
        """Return what a part has spent in the horizon so far."""
        return self._sum(part, self.spent)

    def whole_days_of(self, part: Part) -> Decimal:
        """Return what a part has spent on the horizon's days that are over: what its forecast is added to."""
        return self._sum(part, self.spent.filter(pl.col("day") < self.horizon.origin))

    def _sum(self, part: Part, mine: pl.DataFrame) -> Decimal:
        if part.key:
            pairs = zip([*(d.name for d in self.by), OTHER], part.key, strict=True)
            mine = mine.filter([pl.col(name).eq_missing(pl.lit(value)) for name, value in pairs])
        return Decimal(mine["spend"].sum() or 0)

    @property
    def subjects(self) -> tuple[Part, ...]:
        """The parts; the fleet where there are none."""
        return self.parts or (self.fleet,)

    def key_of(self, part: Part) -> tuple[Any, ...]:
        """Return a part's dimensions."""
        return part.key[: len(self.by)] if self.by and part.key else (None,) * len(self.by)

    def others_in(self, part: Part) -> int | None:
        """Return how many parts it stands for; None when it is one itself."""
        return self.others if part.key and part.key[-1] else None

    def _past_rows(self) -> Iterator[tuple[Any, ...]]:
        known = self._amounts()
        if not self.fleet.outlook.known:
            return
        for at in range(self.horizon.past):
            day = self.horizon.first_day + timedelta(days=at)
            for part in self.subjects:
                nothing = None if day < self.fleet.series.first_day else Decimal(0)
                amount = known.get((day, *(part.key or (False,))), nothing)
                yield (day, *self.key_of(part), amount, None, None, None, self.others_in(part))

    def _future_rows(self) -> Iterator[tuple[Any, ...]]:
        begun = self._amounts() if self.fleet.outlook.known else {}
        for at in range(self.horizon.ahead):
            day = self.horizon.origin + timedelta(days=at)
            for part in self.subjects:
                so_far = begun.get((day, *(part.key or (False,))))
                yield (day, *self.key_of(part), so_far, *part.on(at), self.others_in(part))

    def _amounts(self) -> dict[tuple[Any, ...], Decimal]:
        """Return what was spent by day and part."""
        names = ("day", *(d.name for d in self.by), OTHER)
        return {tuple(row[name] for name in names): row["spend"] for row in self.spent.iter_rows(named=True)}

    def _headline(self) -> str:
        totals = self.totals
        if totals["projected"] is None:
            return "No forecast: no record has a known cost."
        end = money(totals["projected"], self.currency)
        name = self.horizon.title[:1].upper() + self.horizon.title[1:]
        if totals["projected_p10"] is None:
            interval = " (no interval: too few past errors)"
        else:
            low, high = (money(totals[key], self.currency) for key in ("projected_p10", "projected_p90"))
            interval = f" (80% likely between {low} and {high})"
        so_far = f", of which {money(totals['actual'], self.currency)} is spent" if self.horizon.past else ""
        rate = money(totals["run_rate_monthly"], self.currency)
        return f"{name} will cost about {end}{interval}{so_far}; the run rate at its end is {rate} a month."
