"""What a what-if answers: baseline and scenario of the same rows, by dimensions, and what did not move."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.whatif import wording
from finopsctl.analyses.whatif.beside import PRICED
from finopsctl.analyses.whatif.findings import findings_of
from finopsctl.analyses.whatif.hosting import Hosting, hosting, spread
from finopsctl.analyses.whatif.playing import success_of
from finopsctl.analyses.whatif.tables import kept_table, moves_table, rows_table, scenarios_table
from finopsctl.ledger.schema import MONEY, PICO
from finopsctl.metrics.measures import ratio, to_money
from finopsctl.results.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.whatif.levers import Scenario
    from finopsctl.analyses.whatif.names import Traffic
    from finopsctl.analyses.whatif.question import WhatIfQuestion
    from finopsctl.analyses.whatif.tallies import Tally
    from finopsctl.metrics.quality import Quality
    from finopsctl.results.finding import Finding

_MONTH = 30
_COUNTS = ("requests", "requests_moved", "requests_kept", "unpriced_requests")


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What one scenario comes to.

    Args:
        scenario: The levers.
        tally: Its sums, without the cost of machines of one's own.
        question: What was asked.
        days: How many days the rows stand for.
        beside: What the period holds at today's prices, of :func:`finopsctl.analyses.whatif.beside.added`.
    """

    scenario: Scenario
    tally: Tally
    question: WhatIfQuestion
    days: int
    beside: pl.DataFrame

    @property
    def hosting(self) -> Hosting | None:
        """Self-hosting, where the scenario has it."""
        host = self.scenario.self_host
        if host is None:
            return None
        return hosting(host, self.tally.total("hosted_output"), _usd(self.tally.total("hosted")), self.days)

    @property
    def groups(self) -> pl.DataFrame:
        """The groups with the scenario's whole cost, Int128 pico-units."""
        found = self.hosting
        return self.tally.groups if found is None else spread(self.tally.groups, found.cost)

    @property
    def rows(self) -> pl.DataFrame:
        """One row a group: dimensions, baseline, scenario, saving, saving_share, counts; the largest baseline first."""
        banded = self.scenario.ranged
        known = pl.col("priced_rows") > 0
        band = (
            {
                "saving_low": pl.when(known).then(to_money(pl.col("baseline") - pl.col("dearest"))),
                "saving_high": pl.when(known).then(to_money(pl.col("baseline") - pl.col("cheapest"))),
            }
            if banded
            else {}
        )
        dims = [d.name for d in self.question.by]
        saving = pl.col("baseline") - pl.col("scenario")
        shown = self.groups.filter(pl.col("usage_rows") > 0).select(
            *(pl.col(f"_by_{name}").alias(name) for name in dims),
            baseline=pl.when(known).then(to_money(pl.col("baseline"))),
            scenario=pl.when(known).then(to_money(pl.col("scenario"))),
            saving=pl.when(known).then(to_money(saving)),
            saving_share=ratio(saving, pl.col("baseline")),
            **band,
            **{name: pl.col(name).cast(pl.Int64) for name in _COUNTS},
        )
        return shown.sort("baseline", *dims, descending=[True, *(False for _ in dims)], nulls_last=True)

    @property
    def moves(self) -> pl.DataFrame:
        """One row a swap or rule that took requests: from, to, requests, costs, break_even_success_rate ..."""
        moves = self.scenario.moves
        rates = {name: int(rate * 10**9) for name, rate in self.scenario.success_rates.items()}
        whole = self.tally.moves.group_by("_target").agg(pl.exclude("_cold").sum()).sort("_target")
        entries = []
        for row in whole.iter_rows(named=True):
            move = moves[row["_target"]]
            entries.append(_move_row(row, move.models, move.target, success_of(move.target, rates)))
        return pl.DataFrame(entries, schema=_MOVES, orient="row")

    @property
    def totals(self) -> dict[str, Any]:
        """The figures of the whole."""
        groups, tally = self.groups, self.tally
        sums = {name: int(groups[name].sum() or 0) for name in ("baseline", "scenario", "cheapest", "dearest")}
        none = not tally.total("priced_rows")
        baseline, scenario = (None if none else _usd(sums[name]) for name in ("baseline", "scenario"))
        saving = None if baseline is None or scenario is None else baseline - scenario
        found: dict[str, Any] = {
            "baseline": baseline,
            "scenario": scenario,
            "saving": saving,
            "saving_share": float(saving / baseline) if saving is not None and baseline else None,
        }
        if self.scenario.ranged and not none:
            found |= {"saving_low": _usd(sums["baseline"] - sums["dearest"])}
            found |= {"saving_high": _usd(sums["baseline"] - sums["cheapest"])}
        found |= {
            "reported": _usd(tally.total("reported")) if tally.total("reports") else None,
            **{name: tally.total(name) for name in ("requests", "requests_moved", "requests_kept")},
            "requests_changed": tally.total("requests_changed"),
            "unpriced_requests": tally.total("unpriced_requests"),
            **self._left_out(),
            "days": self.days,
            "monthly_baseline": self._monthly(baseline),
            "monthly_run_rate": self._monthly(scenario),
            "monthly_saving": self._monthly(saving),
        }
        moves = self.moves
        if moves.height == 1:
            found |= moves.select("break_even_success_rate", "cost_per_success_before", "cost_per_success_after").row(
                0, named=True
            )
        if (host := self.hosting) is not None:
            found["self_host"] = host.totals()
        return found

    def _left_out(self) -> dict[str, Any]:
        """Return what the period holds that is on neither side: without a price there, or no traffic."""
        left, beside = self.tally.left, self.beside
        others = beside.filter(pl.col("what") != PRICED)
        return {
            "left_out_requests": int(left["requests"].sum()),
            "left_out_tokens": int(left["tokens"].sum()),
            "left_out": _usd(int(left["baseline"].sum())),
            "other_spend": _usd(int(others["amount"].sum())),
            "period_spend": _usd(int(beside["amount"].sum())),
        }

    def _monthly(self, amount: Decimal | None) -> Decimal | None:
        return None if amount is None else (amount * _MONTH / self.days).quantize(PICO)


_MOVES = pl.Schema(
    {
        **dict.fromkeys(("from", "to"), pl.String()),
        "requests": pl.Int64(),
        **dict.fromkeys(("baseline", "scenario", "saving"), MONEY),
        "saving_share": pl.Float64(),
        **dict.fromkeys(("success_rate_before", "success_rate_after", "break_even_success_rate"), pl.Float64()),
        **dict.fromkeys(("cost_per_success_before", "cost_per_success_after"), MONEY),
    }
)


def _move_row(row: Mapping[str, Any], models: tuple[str, ...], target: str, new: int | None) -> tuple[Any, ...]:
    baseline, scenario, plain = (_usd(row[name]) for name in ("baseline", "scenario", "unscaled"))
    requests = row["requests"]
    share = float((baseline - scenario) / baseline) if baseline else None
    now = row["successes"] if requests and not row["unrated"] else None  # of different models: as they are mixed
    then = None if new is None or not requests else requests * new
    rates = [None if successes is None else successes / requests / 10**9 for successes in (now, then)]
    even = float(plain / baseline) * (1.0 if rates[0] is None else rates[0]) if baseline else None
    per_success = (
        None if not successes else (cost * 10**9 / successes).quantize(PICO)
        for cost, successes in ((baseline, now), (plain, then))
    )
    name = ", ".join(models) if models else "(any)"
    return (
        *(name, target, row["requests"], baseline, scenario, baseline - scenario, share),
        *(*rates, even, *per_success),
    )


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """Scenarios of the same rows.

    ``rows``: of one scenario by dimensions (default: model); of several one row each, in the order given, and by
    dimensions where asked. ``totals``: of the one scenario, of several those of the cheapest, with its ``name``.
    ``traffic``: the names that its requests go by.
    """

    outcomes: tuple[Outcome, ...]
    question: WhatIfQuestion
    quality: Quality
    traffic: Traffic

    @property
    def rows(self) -> pl.DataFrame:
        """The answer's rows."""
        if not self.question.compare:
            return self._topped(self.outcomes[0].rows)
        if self.question.by:
            named = [each.rows.select(pl.lit(each.scenario.name).alias("name"), pl.all()) for each in self.outcomes]
            return pl.concat(named, how="diagonal")
        names = list(dict.fromkeys(name for each in self.outcomes for name in _SUMMARY if name in each.totals))
        records = [{"name": each.scenario.name, **{n: each.totals.get(n) for n in names}} for each in self.outcomes]
        schema = {"name": pl.String(), **{name: _SUMMARY[name] for name in _SUMMARY if name in names}}
        return pl.DataFrame(records, schema=schema)

    @property
    def best(self) -> Outcome:
        """The scenario that saves most."""
        return max(self.outcomes, key=lambda each: each.totals["saving"] or Decimal(0))

    @property
    def totals(self) -> Mapping[str, Any]:
        """The figures of the whole."""
        if not self.question.compare:
            return self.outcomes[0].totals
        return {"name": self.best.scenario.name, **self.best.totals}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a reader must know."""
        return findings_of(self)

    def report(self) -> Report:
        """Return the presentable form."""
        if self.question.compare:
            tables = [scenarios_table(self)]
        else:
            tables = [rows_table(self), moves_table(self.outcomes[0]), kept_table(self.outcomes[0])]
        shown = tuple(table for at, table in enumerate(tables) if not at or table.frame.height)
        return Report("whatif", wording.headline(self), shown, self.totals, self.findings)

    def _topped(self, rows: pl.DataFrame) -> pl.DataFrame:
        top = self.question.top
        if top is None or rows.height <= top:
            return rows
        rest = rows.tail(rows.height - top)
        sums = [name for name in rows.columns if rows.schema[name] in (MONEY, pl.Int64())]
        other = rest.select(
            *(pl.lit(None, dtype=pl.String).alias(d.name) for d in self.question.by),
            *(pl.col(name).sum() for name in sums),
            saving_share=ratio(pl.col("saving").sum(), pl.col("baseline").sum()),
            other=pl.lit(rest.height, dtype=pl.Int64),
        )
        nothing = pl.lit(None, dtype=pl.Int64).alias("other")
        return pl.concat([rows.head(top).with_columns(nothing), other.select(*rows.columns, "other")])


_SUMMARY: dict[str, Any] = {
    **dict.fromkeys(("baseline", "scenario", "saving"), MONEY),
    "saving_share": pl.Float64(),
    **dict.fromkeys(("saving_low", "saving_high"), MONEY),
    **dict.fromkeys(("requests", "requests_moved", "requests_kept", "unpriced_requests"), pl.Int64()),
    "left_out": MONEY,
    **dict.fromkeys(("monthly_run_rate", "monthly_saving"), MONEY),
}


def _usd(pico: int) -> Decimal:
    return (Decimal(pico) * PICO).quantize(PICO)
