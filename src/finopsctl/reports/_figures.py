"""Key figures: a value with its grade, target, what it was before, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import floor, log10
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.catalog import kpi as find_kpi
from finopsctl.metrics.measures import ratio
from finopsctl.questions.scorecard import scorecard_of
from finopsctl.results.report import Column, Look, Table
from finopsctl.results.units import Direction, Unit
from finopsctl.results.wording import SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from finopsctl.books import Books
    from finopsctl.config.settings import Settings

_MOST_DIGITS = 12
_EXACT = Decimal("1e-12")
_FRACTIONS = ("ratio",)
_TEXTS = ("figure", "title", "unit", "grade", "target", "basis")


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure.

    Args:
        name: snake_case name.
        title: What people call it.
        value: Money exactly, other numbers to the twelfth decimal; None: not known.
        unit: ``usd``, ``ratio``, ``days``, ``usd_per_day`` or ``count``.
        grade: How good it is, where it is graded.
        target: What it should be, in words.
        previous: What it was, or what it is held against.
        good: Which direction is good news.
        basis: What it rests on, beyond what all figures rest on.
    """

    name: str
    title: str
    value: Decimal | float | None
    unit: str = "usd"
    grade: str | None = None
    target: str | None = None
    previous: Decimal | float | None = None
    good: Direction = Direction.NEUTRAL
    basis: str = ""


def figures_table(figures: Sequence[Figure], basis: str, previous: str) -> Table:
    """Return key figures as a table: the rows of a report's JSON document.

    Args:
        figures: In the order they are read.
        basis: What they rest on.
        previous: The heading of what they are compared with.
    """
    frame = _frame(figures)
    shown = (
        Column("title", "Figure"),
        Column("value", "Value", Unit.MIXED),
        *_if(frame, "previous", Column("previous", previous or "Before", Unit.MIXED, 3)),
        *_if(frame, "change", Column("change", "Change", Unit.CHANGE, 1)),
        *_if(frame, "target", Column("target", "Target", priority=2)),
        *_if(frame, "basis", Column("basis", "Rests on", priority=4, null="")),
        *_if(frame, "grade", Column("grade", "Grade", Unit.GRADE)),
    )
    nothing = [""] * frame.height
    goods = [figure.good for figure in figures]
    texts = {"grade": ["" if figure.grade is None else None for figure in figures]}
    return Table(
        "Key figures",
        frame,
        shown,
        row_good=goods,
        row_nulls={"target": nothing, "previous": nothing, "change": nothing},
        row_texts=texts,
        basis=basis,
        look=Look.FIGURES,
    )


def _if(frame: pl.DataFrame, name: str, column: Column) -> tuple[Column, ...]:
    """Return the column where any row has a value of it."""
    return (column,) if frame[name].null_count() < frame.height else ()


def _frame(figures: Sequence[Figure]) -> pl.DataFrame:
    records = [
        {
            "figure": f.name,
            "title": f.title,
            "value": _text(f.value),
            "unit": f.unit,
            "grade": f.grade,
            "target": f.target,
            "previous": _text(f.previous),
            "basis": f.basis or None,
        }
        for f in figures
    ]
    texts = pl.DataFrame(records, schema=dict.fromkeys((*_TEXTS, "value", "previous"), pl.String))
    value, then = pl.col("value"), pl.col("previous")
    amounts = texts.with_columns(value.cast(MONEY), then.cast(MONEY))
    relative = ratio(value - then, then.abs())
    difference = value.cast(pl.Float64) - then.cast(pl.Float64)
    change = pl.when(pl.col("unit").is_in(_FRACTIONS)).then(difference).otherwise(relative)
    return amounts.with_columns(change=change).select(
        "figure", "title", "value", "unit", "grade", "target", "previous", "change", "basis"
    )


def _text(value: Decimal | float | None) -> str | None:
    if value is None:
        return None
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    return f"{number.quantize(_EXACT):f}"


def kpi_figures(books: Books, settings: Settings, names: Sequence[str]) -> tuple[Figure, ...]:
    """Return KPIs of the catalogue as figures, those without a value left out."""
    rows = scorecard_of(books, settings, tuple(names)).rows
    own = rows.filter(pl.col("member_of").is_null() & pl.col("value").is_not_null())
    return tuple(_of_kpi(row) for row in own.iter_rows(named=True))


def _of_kpi(row: Mapping[str, Any]) -> Figure:
    share = row["coverage"]
    return Figure(
        row["kpi"],
        row["title"],
        row["value"],
        row["unit"],
        row["grade"],
        row["target"],
        row.get("previous"),
        find_kpi(row["kpi"]).good,
        "" if share is None or not 0 <= share < 1 else f"{share:.1%} of spend",
    )


def price(value: float, currency: str) -> str:
    """Return a cost per unit for a sentence, with three digits that say something."""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    digits = 2 if not value else max(2, 2 - floor(log10(abs(value))))
    return f"{'-' if value < 0 else ''}{symbol}{abs(value):,.{min(digits, _MOST_DIGITS)}f}"
