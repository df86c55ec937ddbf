"""What tables of facts beside the ledger (outcomes, revenue) share: alternative column names, spans of time, checks.

A time may be an instant, a day, a month (``2026-10``), a quarter (``2026Q4``) or a year. Days and longer spans keep
their dates in every time zone, as daily buckets of the ledger do: they are UTC midnights with an exclusive end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.sources._source import AT, BAD
from finopsctl.sources._typed import instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.sources._probe import Probe
    from finopsctl.sources._source import SideTable

USAGE = frozenset(
    {
        *("model", "input_tokens", "output_tokens", "prompt_tokens", "completion_tokens", "requests", "record_kind"),
        *("reported_cost", "cost_usd", "task_success", "spend", "request_id", "api_requests", "billedcost"),
    }
)
"""Names (in lower case) that only usage and cost have: a file with one of them is no such table."""

_DAY = r"^\d{4}-\d{1,2}-\d{1,2}$|^\d{4}/\d{1,2}/\d{1,2}$|^\d{8}$"
_MONTH = r"^(\d{4})-?(\d{2})$"
_QUARTER = r"^(\d{4})-?[Qq]([1-4])$"
_YEAR = r"^(\d{4})$"
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


def own_names(look: Probe) -> frozenset[str]:
    """Return the names a record of the file has itself, rather than something nested in it, in lower case."""
    return frozenset(name.lower() for name in _spelled(look))


def _spelled(look: Probe) -> frozenset[str]:
    if look.shape in ("csv", "parquet"):
        return look.names
    return look.top.union(*look.records) if look.records else look.top


def as_spelled(table: SideTable, look: Probe) -> SideTable:
    """Return the table for a file that writes its columns in another case: ``Use_Case``, ``AMOUNT``.

    Of two spellings of one name the one in lower case is read.
    """
    found = {name.lower(): name for name in sorted(_spelled(look))}
    spelled = {name: found.get(name, name) for name in table.raw.names()}
    finish = table.finish
    if finish is None or all(name == known for known, name in spelled.items()):
        return table
    plain = {name: known for known, name in spelled.items()}
    raw = pl.Schema({spelled[known]: dtype for known, dtype in table.raw.items()})
    return replace(table, raw=raw, finish=lambda frame: finish(frame.rename(plain)))


def texts(names: Sequence[str]) -> dict[str, pl.DataType]:
    """Return the raw schema of text columns."""
    return dict.fromkeys(names, pl.String())


def first_text(names: Sequence[str]) -> pl.Expr:
    """Return the first of some text columns that is not blank, without spaces at its ends."""
    stripped = [pl.col(name).str.strip_chars() for name in names]
    return pl.coalesce(pl.when(text != "").then(text) for text in stripped)


def span(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the start and the exclusive end of the time a text names; an instant has no end, no time neither."""
    plain = text.str.replace_all("/", "-")
    day = pl.coalesce(plain.str.to_date("%Y-%m-%d", strict=False), plain.str.to_date("%Y%m%d", strict=False))
    quarter_month = text.str.extract(_QUARTER, 2).cast(pl.Int32) * 3 - 2
    kinds = (
        (text.str.contains(_DAY), day, "1d"),
        (text.str.contains(_MONTH), _first_day(text, _MONTH, text.str.extract(_MONTH, 2).cast(pl.Int32)), "1mo"),
        (text.str.contains(_QUARTER), _first_day(text, _QUARTER, quarter_month), "3mo"),
        (text.str.contains(_YEAR), _first_day(text, _YEAR, pl.lit(1, dtype=pl.Int32)), "1y"),
    )
    start: pl.Expr = instant(text)
    end: pl.Expr = pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    for is_kind, first, length in kinds:
        midnight = first.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        start = pl.when(is_kind).then(midnight).otherwise(start)
        end = pl.when(is_kind).then(midnight.dt.offset_by(length)).otherwise(end)
    return start, end


def _first_day(text: pl.Expr, pattern: str, month: pl.Expr) -> pl.Expr:
    digits = pl.format("{}-{}-01", text.str.extract(pattern, 1), month.cast(pl.String).str.zfill(2))
    return digits.str.to_date("%Y-%m-%d", strict=False)


def unread_time(name: str, text: pl.Expr, start: pl.Expr) -> pl.Expr:
    """Return why a time that is written cannot be used, else null."""
    shown = text.str.slice(0, 60)
    return (
        pl.when(text.is_not_null() & start.is_null())
        .then(pl.format("{}: '{}' is not a time", pl.lit(name), shown))
        .when(~start.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR))
        .then(pl.format("{}: '{}' is not plausible", pl.lit(name), shown))
    )


def outside(name: str, lowest: float | None, highest: float) -> pl.Expr:
    """Return why the number in a column is no amount that can be counted, else null."""
    value = pl.col(name)
    said = pl.when(value.abs() > highest).then(pl.format("{}: {} is not plausible", pl.lit(name), value))
    if lowest is None:
        return said
    return said.when(value < lowest).then(pl.format("{}: {} is negative", pl.lit(name), value))


def judged(frame: pl.DataFrame, reasons: Sequence[pl.Expr]) -> pl.DataFrame:
    """Return the frame with ``AT`` and ``BAD`` last, the first reason of each row added to what ``BAD`` says."""
    return frame.with_columns(pl.coalesce(BAD, *reasons).alias(BAD)).select(pl.exclude(AT, BAD), AT, BAD)
