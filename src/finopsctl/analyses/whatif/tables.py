"""The tables of a what-if."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.results.report import Column, Long, Table
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from finopsctl.analyses.whatif.result import Outcome, WhatIf

_MONEY = (
    Column("baseline", "Now", Unit.USD),
    Column("scenario", "Scenario", Unit.USD),
    Column("saving", "Saving", Unit.USD),
    Column("saving_share", "Saved", Unit.SHARE, 1),
)
_BAND = (Column("saving_low", "At least", Unit.USD, 1), Column("saving_high", "At most", Unit.USD, 1))
_COUNTS = (
    Column("requests", "Requests", Unit.COUNT, 3),
    Column("requests_moved", "Moved", Unit.COUNT, 2),
    Column("requests_kept", "Stay", Unit.COUNT, 2),
    Column("unpriced_requests", "Unpriced", Unit.COUNT, 4),
)
_LEFT = Column("left_out", "Not compared", Unit.USD, 2)
_MONTHLY = Column("monthly_saving", "Saving a month", Unit.USD, 1)


def rows_table(found: WhatIf) -> Table:
    """Return the rows of one scenario by dimensions."""
    rows = found.rows
    dims = found.question.by
    shown = (*(d.column for d in dims), *_MONEY, *_BAND, *_COUNTS)
    columns = tuple(column for column in shown if column.name in rows.columns)
    title = "What if, by " + ", ".join(d.title.lower() for d in dims)
    return Table(title, rows, columns, found.totals)


def scenarios_table(found: WhatIf) -> Table:
    """Return the scenarios side by side."""
    rows = found.rows
    left = (_LEFT,) if "left_out" in rows.columns and rows["left_out"].sum() else ()
    shown = (Column("name", "Name"), *(d.column for d in found.question.by), *_MONEY, *_BAND, *_COUNTS, *left, _MONTHLY)
    return Table("Scenarios", rows, tuple(column for column in shown if column.name in rows.columns))


def moves_table(outcome: Outcome) -> Table:
    """Return what each swap or routing rule moved; empty with one and no success rates."""
    rows = outcome.moves
    columns = (
        Column("from", "From"),
        Column("to", "To"),
        Column("requests", "Requests", Unit.COUNT, 1),
        Column("baseline", "Now", Unit.USD, 2),
        Column("scenario", "Scenario", Unit.USD, 2),
        Column("saving", "Saving", Unit.USD, 1),
        Column("cost_per_success_before", "Per success now", Unit.UNIT_PRICE, 3),
        Column("cost_per_success_after", "Then", Unit.UNIT_PRICE, 3),
        Column("break_even_success_rate", "Break-even success", Unit.RATIO),
    )
    shown = tuple(c for c in columns if not rows.height or not rows[c.name].is_null().all())
    return Table("Models moved", rows, shown)


def kept_table(outcome: Outcome) -> Table:
    """Return why requests that a lever was meant for stay as they are."""
    rows = outcome.tally.kept.select("reason", pl.col("requests", "records").cast(pl.Int64))
    columns = (
        Column("reason", "Why they stay", long=Long.WRAP),
        Column("requests", "Requests", Unit.COUNT),
        Column("records", "Records", Unit.COUNT, 1),
    )
    return Table("Requests that stay", rows, columns)
