"""The last step of every reader: implausible records are set aside, the rest become ledger rows.

A record without an id of its own gets a hash of its columns (of a bucket: of its period and dimensions) plus its
ordinal among equal records of its file: the same file read twice merges, equal records within one file survive.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import LEDGER, LEDGER_SCHEMA, conform
from finopsctl.ledger.token_classes import TOKEN_COLUMNS
from finopsctl.sources._source import AT, BAD, CALL, FLAG, RANK

if TYPE_CHECKING:
    from finopsctl.sources._bad import Faults
    from finopsctl.sources._source import Source

MAX_COUNT = 10**13
"""No bucket holds more tokens or requests than this; a larger count is a broken record (and would wrap a sum)."""

_FIRST_YEAR, _LAST_YEAR = 2000, 2100
MAX_AMOUNT = 10**12
"""No record costs more than this, in any currency; a larger amount is a broken record (and would overflow a sum)."""

_COUNTS = (*TOKEN_COLUMNS, "requests", "errors", "retries", "fallbacks", "cache_hits", "tasks", "task_successes")
_AMOUNTS = ("reported_cost", "list_cost", "effective_cost")
_NOT_IDENTITY = frozenset({"record_id", "origin", "canonical_model", "model_tier"})
_WHOLE = tuple(name for name in LEDGER_SCHEMA if name not in _NOT_IDENTITY)
_BUCKET = tuple(
    column.name
    for column in LEDGER
    if column.name in _WHOLE and column.role != "measure" and not column.dtype.is_float()
)


class Rows:
    """Turns a source's frames into ledger rows, file by file (it remembers the ids it has given out)."""

    def __init__(self, source: Source, faults: Faults, separator: str) -> None:
        self._source = source
        self._faults = faults
        self._separator = separator
        self._seen: dict[str, int] = {}

    def finish(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Return the ledger rows of raw records, plus ``RANK`` (0 where the source gives none) and ``CALL``."""
        raw = self._set_aside(raw, BAD).drop(BAD, strict=False)
        frame = self._source.to_ledger(raw.lazy()).collect()
        if BAD in frame.columns:
            frame = self._set_aside(frame, BAD)
        if _is_suspicious(frame):
            frame = self._set_aside(frame.with_columns(_implausible(frame).alias(BAD)), BAD)
        self._remark(frame)
        rank = pl.col(RANK).cast(pl.Int64).fill_null(0) if RANK in frame.columns else pl.lit(0, pl.Int64).alias(RANK)
        call = pl.col(CALL) if CALL in frame.columns else pl.lit(None, pl.UInt64).alias(CALL)
        origin = pl.format("{}{}{}", pl.lit(self._faults.file), pl.lit(self._separator), pl.col(AT))
        given = {"source": pl.lit(self._source.name), "origin": origin}
        named = frame.with_columns(
            (pl.coalesce(pl.col(name), value) if name in frame.columns else value).alias(name)
            for name, value in given.items()
        )
        rows = conform(named.lazy(), rank, call).with_columns(pl.col("billing_currency").str.to_uppercase())
        return self._identify(rows.collect())

    def _set_aside(self, frame: pl.DataFrame, column: str) -> pl.DataFrame:
        if column not in frame.columns or frame[column].null_count() == frame.height:
            return frame
        for at, reason in frame.filter(pl.col(column).is_not_null()).select(AT, column).iter_rows():
            self._faults.reject(f"{self._faults.file}{self._separator}{at}", reason)
        return frame.filter(pl.col(column).is_null())

    def _remark(self, frame: pl.DataFrame) -> None:
        if FLAG in frame.columns:
            for at, reason in frame.filter(pl.col(FLAG).is_not_null()).select(AT, FLAG).iter_rows():
                self._faults.remark(f"{self._faults.file}{self._separator}{at}", reason)

    def _identify(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Give an id to the rows that have none."""
        nameless = rows["record_id"].is_null()
        if not nameless.any():
            return rows
        columns = _BUCKET if self._source.buckets else _WHOLE
        parts = [pl.col(name).cast(pl.String).fill_null("\x00") for name in columns]
        texts = rows.filter(nameless).select(pl.concat_str(parts, separator="\x1f")).to_series()
        ids = iter([self._numbered(blake2b(text.encode(), digest_size=12).hexdigest()) for text in texts])
        filled = [
            next(ids) if is_nameless else name for name, is_nameless in zip(rows["record_id"], nameless, strict=True)
        ]
        return rows.with_columns(pl.Series("record_id", filled, dtype=pl.String))

    def _numbered(self, digest: str) -> str:
        ordinal = self._seen.get(digest, 0)
        self._seen[digest] = ordinal + 1
        return f"{digest}-{ordinal}" if ordinal else digest


def _is_suspicious(frame: pl.DataFrame) -> bool:
    """Whether a record of ``frame`` may be implausible: a look at extremes, for there hardly ever is one."""
    start = frame["charge_period_start"]
    if start.has_nulls():
        return not frame.is_empty()
    counts = [name for name in _COUNTS if name in frame.columns and frame.schema[name].is_numeric()]
    extremes = [frame[name].min() for name in counts] + [frame[name].max() for name in counts]
    amounts = [name for name in _AMOUNTS if name in frame.columns and frame.schema[name].is_numeric()]
    if any((frame[name].abs().max() or 0) > MAX_AMOUNT for name in amounts):  # type: ignore[operator]
        return True
    years = [start.dt.year().min(), start.dt.year().max()]
    return any(value is not None and not 0 <= value <= MAX_COUNT for value in extremes) or any(  # type: ignore[operator]
        year is not None and not _FIRST_YEAR <= year <= _LAST_YEAR  # type: ignore[operator]
        for year in years
    )


def _implausible(frame: pl.DataFrame) -> pl.Expr:
    start = pl.col("charge_period_start")
    reasons = [
        pl.when(start.is_null()).then(pl.lit("it has no time")),
        pl.when(~start.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)).then(
            pl.format("its time {} is not plausible", start)
        ),
    ]
    for name in _COUNTS:
        if name in frame.columns and frame.schema[name].is_numeric():
            value = pl.col(name)
            reasons.append(pl.when(value < 0).then(pl.format("{}: {} is negative", pl.lit(name), value)))
            reasons.append(pl.when(value > MAX_COUNT).then(pl.format("{}: {} is not plausible", pl.lit(name), value)))
    for name in _AMOUNTS:
        if name in frame.columns and frame.schema[name].is_numeric():
            value = pl.col(name)
            odd = pl.format("{}: {} is not plausible", pl.lit(name), value)
            reasons.append(pl.when(value.abs() > MAX_AMOUNT).then(odd))
    return pl.coalesce(*reasons)
