"""The bridge: the change in spend between two periods, or plan and actual, split into effects that add up to it.

The split is made on the cells of both periods (:mod:`finopsctl.analyses.variance.factors`), in floating point; each
effect of a group is then rounded to its own precision, and what is missing to the exact change goes into its largest
effect. Totals are the sums of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.variance.cells import cells, plan, priced, retry_weights
from finopsctl.analyses.variance.effects import EFFECTS, NAMES
from finopsctl.analyses.variance.factors import column, paired, split
from finopsctl.analyses.variance.question import BridgeQuestion
from finopsctl.analyses.variance.wording import findings, headline, reasons
from finopsctl.errors import ConfigError
from finopsctl.ledger.schema import MONEY, constant
from finopsctl.metrics.dimensions import TIME_DIMENSIONS, TOKEN_CLASS
from finopsctl.metrics.figures import collect
from finopsctl.metrics.measures import to_money
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.results.report import Column, Long, Report, Table
from finopsctl.results.units import Direction, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from finopsctl.results.finding import Finding

_DIGITS = 13  # what a float of the largest effect surely has


@dataclass(frozen=True, slots=True, eq=False)
class Bridge:
    """A change in spend and its parts, the largest change first.

    ``rows``: the dimensions; baseline, actual, change (money); one money column per effect (``effects.NAMES``; without
    ``service_tier`` where groups are service tiers); other (only with ``top``: how many groups the last row stands
    for). The effects of a row add up to its change; ``totals`` has the sums of all columns.
    ``effects``: effect, title, amount, share (of the change), reason; the largest first, those that are 0 left out.
    """

    rows: pl.DataFrame
    totals: Mapping[str, Any]
    effects: pl.DataFrame
    quality: Quality
    question: BridgeQuestion
    sentence: str
    findings: tuple[Finding, ...] = ()

    def report(self) -> Report:
        """Return the presentable form."""
        by = self.question.by
        title = f"Change by {', '.join(d.title.lower() for d in by)}" if by else "Change"
        rows = Table(title, self.rows, tuple(self._columns()), self.totals, machine_only=not by, rest="Other effects")
        return Report("variance", self.sentence, (rows, self._waterfall()), self.totals, self.findings)

    def _columns(self) -> list[Column]:
        """The effects that are there, those that move the rows most first and the last to go on a narrow screen."""
        titles = {effect.name: effect.title for effect in EFFECTS}
        sizes = {name: self.rows[name].abs().sum() for name in titles if name in self.rows.columns}
        ordered = sorted((name for name, size in sizes.items() if size), key=lambda name: -sizes[name])
        shown = [
            Column(name, titles[name], Unit.USD, rank, good=Direction.DOWN)
            for rank, name in enumerate(ordered, start=1)
        ]
        amounts = (
            Column("baseline", self.question.periods.heading, Unit.USD),
            Column("actual", "Spend", Unit.USD),
            Column("change", "Change", Unit.USD, good=Direction.DOWN),
        )
        return [*(d.column for d in self.question.by), *amounts, *shown]

    def _waterfall(self) -> Table:
        periods = self.question.periods
        first = pl.DataFrame({"effect": ["baseline"], "title": [periods.baseline]})
        start = first.with_columns(amount=constant(self.totals["baseline"]))
        frame = pl.concat([start, self.effects], how="diagonal")
        columns = (
            Column("title", "Effect"),
            Column("amount", "Amount", Unit.USD),
            Column("share", "Of the change", Unit.SHARE, 2, null=""),
            Column("reason", "What changed", priority=1, null="", long=Long.WRAP),
        )
        signs = (Direction.NEUTRAL, *(Direction.DOWN for _ in range(self.effects.height)))
        totals = {"title": periods.actual, "amount": self.totals["actual"]}
        return Table("Effects", frame, columns, totals, row_good=signs)


def bridge(baseline: pl.LazyFrame, actual: pl.LazyFrame, question: BridgeQuestion | None = None) -> Bridge:
    """Split the change in spend from ``baseline`` to ``actual`` into effects that add up to it.

    Args:
        baseline: Ledger columns and ``cost``: another period, or a plan.
        actual: The same for what happened.
        question: Dimensions, and what the two sides are called.

    Raises:
        ConfigError: Calendar dimensions, which two periods do not share, or token_class.
    """
    asked = question or BridgeQuestion()
    dims = [d.name for d in asked.by]
    _check(dims)
    plans = [{"rows": plan(ledger, asked.by, asked.timezone)} for ledger in (baseline, actual)]
    summed = [frames["rows"] for frames in collect(plans)]
    rows = [priced(frame, asked.by) for frame in summed]
    weights = retry_weights(rows, dims)
    both = split(paired(cells(rows[0], dims), cells(rows[1], dims), dims, asked.periods.told_apart), weights)
    groups = _exact(both, dims)
    totals = groups.select(pl.exclude(dims).sum()).row(0, named=True)
    effects = _effects(both, totals, asked)
    qualities = [quality_of(frame, asked.basis) for frame in summed]
    return Bridge(
        rows=groups if asked.top is None or groups.height <= asked.top else _with_other(groups, asked.top, dims),
        totals=totals,
        effects=effects,
        quality=qualities[1],
        question=asked,
        sentence=headline(groups, totals, effects, asked),
        findings=findings(both, qualities[0], asked.periods, asked.currency),
    )


def _check(dims: Sequence[str]) -> None:
    calendar = sorted(TIME_DIMENSIONS.intersection(dims))
    if calendar:
        raise ConfigError(f"two periods have no {calendar[0]} in common to compare by", "Leave it out of --by.")
    if TOKEN_CLASS in dims:
        raise ConfigError("a change cannot be split by token_class", "Use attribution --by token_class --compare.")


def _exact(both: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
    """Add the cells up to groups, in money whose effects add up to the change to the last digit."""
    names = [name for name in NAMES if name not in dims]
    spend = {
        name: (pl.col(f"cost_{side}") + pl.col(f"charges_{side}")).sum().cast(MONEY)
        for name, side in (("baseline", "0"), ("actual", "1"))
    }
    sums = [*(expr.alias(name) for name, expr in spend.items()), *(pl.col(column(name)).sum() for name in names)]
    groups = both.group_by(dims, maintain_order=True).agg(sums) if dims else both.select(sums)
    sizes = [pl.col(column(name)).abs() for name in names]
    largest = pl.max_horizontal(sizes)
    exponent = pl.when(largest > 0).then(largest.log10().floor()).otherwise(0.0) - _DIGITS
    digit = pl.max_horizontal(exponent + 12, pl.lit(0.0)).cast(pl.Int64)  # the last digit kept, in powers of pico-units
    grid = pl.lit(10.0).pow(digit)
    rounded = [
        ((pl.col(column(n)) * 1e12 / grid).round().cast(pl.Int128) * grid.cast(pl.Int128)).alias(n) for n in names
    ]
    place = pl.concat_list(sizes).list.arg_max()
    exact = groups.with_columns(change=pl.col("actual") - pl.col("baseline")).with_columns(*rounded, place=place)
    left = pl.col("change").cast(MONEY).to_physical() - pl.sum_horizontal(names)
    filled = [
        to_money(pl.when(pl.col("place") == at).then(pl.col(n) + left).otherwise(n)).alias(n)
        for at, n in enumerate(names)
    ]
    found = exact.select(*dims, "baseline", "actual", pl.col("change").cast(MONEY), *filled)
    return found.sort(pl.col("change").abs(), *dims, descending=[True, *(False for _ in dims)], nulls_last=True)


def _effects(both: pl.DataFrame, totals: Mapping[str, Any], question: BridgeQuestion) -> pl.DataFrame:
    """Return the effects of the total that are not 0, the largest first, each with its reason."""
    titles = {effect.name: effect.title for effect in EFFECTS}
    change = totals["change"]
    present = [name for name in NAMES if totals.get(name)]
    words = reasons(both, present, question.by, question.periods, question.currency)
    records = [
        {
            "effect": name,
            "title": titles[name],
            "amount": totals[name],
            "share": float(totals[name] / change) if change else None,
            "reason": words[name],
        }
        for name in sorted(present, key=lambda name: (-abs(totals[name]), NAMES.index(name)))
    ]
    text = pl.String()
    schema = {"effect": text, "title": text, "amount": MONEY, "share": pl.Float64(), "reason": text}
    return pl.DataFrame(records, schema=schema)


def _with_other(rows: pl.DataFrame, top: int, dims: Sequence[str]) -> pl.DataFrame:
    """Keep the first rows and add up the rest in one; ``other`` says how many it stands for."""
    kept, rest = rows.head(top), rows.tail(rows.height - top)
    other = rest.select(*(pl.lit(None, rows.schema[d]).alias(d) for d in dims), pl.exclude(dims).sum())
    return pl.concat(
        [
            kept.with_columns(other=pl.lit(None, pl.Int64)),
            other.select(rows.columns).with_columns(other=pl.lit(rest.height, pl.Int64)),
        ]
    )
