"""What recommendations answer: rows by rank, and what they come to together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.results.report import Column, Long, Report, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.metrics.dimensions import Dimension
    from finopsctl.metrics.quality import Quality
    from finopsctl.results.finding import Finding

FOCUS = 3
"""How many of the largest line items deserve attention first."""


@dataclass(frozen=True, slots=True, eq=False)
class Recommendations:
    """What to do, ranked by monthly saving.

    ``rows``: rank, lever, title, the dimensions and model it is about (null: any, or unknown), monthly_saving
    (Decimal(38, 12); null: no saving, or not known), confidence, effort, evidence, command, line_item (place of the
    workload among all by spend), rule. ``totals``: monthly_saving_combined (all of them, each dollar once: what
    ``scenarios`` saves), monthly_saving_added (their plain sum), monthly_spend, days, floor, workloads,
    workloads_left_alone, combined_command (null: the scenarios are not written anywhere). ``scenarios``: a file of
    scenarios for what-if, with every change in one.
    """

    all_rows: pl.DataFrame
    totals: Mapping[str, Any]
    by: tuple[Dimension, ...]
    quality: Quality
    findings: tuple[Finding, ...] = ()
    currency: str = "USD"
    top: int | None = None
    scenarios: str = ""

    @property
    def rows(self) -> pl.DataFrame:
        """The first rows, where a number of them is asked for, and how many others there are."""
        rows, top = self.all_rows, self.top
        if top is None or rows.height <= top:
            return rows
        rest = pl.DataFrame({"other": [rows.height - top]}, schema={"other": pl.Int64()})
        return pl.concat([rows.head(top), rest], how="diagonal")

    def report(self) -> Report:
        """Return the presentable form."""
        number = Column("rank", "#", Unit.COUNT)
        columns = (
            number,
            Column("title", "What to do", long=Long.WRAP),
            Column("monthly_saving", "Saves a month", Unit.USD),
            Column("confidence", "Confidence", priority=1),
            Column("effort", "Effort", priority=2),
            Column("lever", "Lever", priority=3),
        )
        shown = self.rows.filter(pl.col("rank").is_not_null())
        tables = [Table("Recommendations", self.rows, columns)]
        if shown.height:
            tables += [
                Table("Why", shown.select("rank", "evidence"), (number, Column("evidence", "Why", long=Long.WRAP))),
                Table(
                    "The command that shows it",
                    shown.select("rank", "command"),
                    (number, Column("command", "Command", long=Long.WHOLE)),
                ),
            ]
        return Report("recommend", self._headline(), tuple(tables), self.totals, self.findings)

    def _headline(self) -> str:
        rows, totals = self.all_rows, self.totals
        if rows.is_empty():
            return "Nothing to recommend: no signal is beyond its threshold."
        saving = rows.filter(pl.col("monthly_saving").is_not_null())
        if saving.is_empty():
            return f"{counted(rows.height, 'recommendation')}, none with a saving that can be worked out."
        spend, combined = totals["monthly_spend"], totals["monthly_saving_combined"]
        share = f" of {money(spend, self.currency)} ({combined / spend:.1%})" if spend > 0 else ""
        focus = Decimal(saving.filter(pl.col("line_item") <= FOCUS)["monthly_saving"].sum() or 0)
        whole = Decimal(saving["monthly_saving"].sum())
        largest = f"; {focus / whole:.0%} of it lies in the {FOCUS} largest workloads" if focus and whole else ""
        return (
            f"{counted(saving.height, 'change')} would save {money(combined, self.currency)} a month{share} together, "
            f"the first {money(saving['monthly_saving'][0], self.currency)}{largest}."
        )
