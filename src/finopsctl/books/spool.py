"""A temporary Parquet store that rows pass through on the way in, so that memory does not grow with the input.

Here duplicates are settled, across all files: of the rows with one (family, record id) the one the source ranks highest
stays, then the one with the most tokens (the last line of a streamed message is the bill), then one with a cost. What
is left to choose between is settled by content, so the order of the files does not matter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.books import attempts
from finopsctl.books.scratch import Scratch
from finopsctl.ledger.period import is_day_bucket
from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.ledger.token_classes import TOKEN_COLUMNS
from finopsctl.sources import CALL, RANK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

PART_ROWS = 50_000
_IDENTITY = "__identity"
_FILE = "__file"


_PREFERENCE = (
    RANK,
    "tokens",
    "has_cost",
    "reported_cost",
    "charge_period_end",
    "charge_period_start",
    "content",
    "origin",
    _FILE,
)


@dataclass(slots=True, eq=False)
class Spool:
    """Rows on disk, in parts.

    Args:
        families: Source name to family: rows of one family with one record id are the same record.
        finish: What is done to each part before it is written (pricing, owners, redaction).
        scratch: Where the parts lie; removed with the spool.
        kinds: The (source, record kind) pairs seen.
        currencies: The billing currencies seen.
        superseded: How many of the dropped rows, by file, are buckets that another export counts more fully.
        attempts: How many records are failed attempts of requests that another record stands for.
        earliest: The first ``charge_period_start`` seen.
        latest: The last one.
        day_buckets: Whether a record covers a day or more.
    """

    families: Mapping[str, str]
    finish: Callable[[pl.DataFrame], pl.DataFrame]
    scratch: Scratch = field(default_factory=Scratch)
    kinds: set[tuple[str, str]] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)
    attempts: int = 0
    earliest: datetime | None = None
    latest: datetime | None = None
    day_buckets: bool = False
    superseded: Counter[str] = field(default_factory=Counter)
    _waiting: list[pl.DataFrame] = field(default_factory=list)
    _identities: list[pl.Series] = field(default_factory=list)
    _failed_calls: list[pl.Series] = field(default_factory=list)

    def add(self, rows: pl.DataFrame, file: str) -> None:
        """Take ledger rows (with ``RANK``) of the input called ``file``."""
        self._waiting.append(rows.with_columns(pl.lit(file).alias(_FILE)))
        if sum(frame.height for frame in self._waiting) >= PART_ROWS:
            self._write()

    def _write(self) -> None:
        rows = pl.concat(self._waiting)
        self._waiting.clear()
        family = pl.col("source").replace(dict(self.families))
        self._identities.append(rows.select(pl.struct(family, "record_id").hash().alias(_IDENTITY)).to_series())
        self.kinds.update(rows.select(pl.col("source"), pl.col("record_kind").cast(pl.String)).unique().iter_rows())
        self.currencies.update(rows["billing_currency"].unique())
        start = pl.col("charge_period_start")
        first, last = rows.select(start.min().alias("first"), start.max().alias("last")).row(0)
        self.earliest = min(filter(None, (self.earliest, first)))
        self.latest = max(filter(None, (self.latest, last)))
        self.day_buckets = self.day_buckets or bool(rows.select(is_day_bucket().any()).item())
        own = rows.select(RANK, CALL, _FILE)
        self._failed_calls.append(attempts.failed_calls(rows))
        self.finish(rows.drop(RANK, CALL, _FILE)).hstack(own).write_parquet(
            self._part(len(self._identities) - 1), compression="lz4"
        )

    def _part(self, index: int) -> Path:
        return self.scratch.folder / f"part-{index:06}.parquet"

    def close(self) -> Counter[str]:
        """Write what is waiting, drop duplicates, settle attempts; return how many were dropped by file."""
        if self._waiting:
            self._write()
        dropped = self._drop_duplicates()
        if self._failed_calls:
            parts = [self._part(index) for index in range(len(self._identities))]
            self.attempts = attempts.settle(parts, pl.concat(self._failed_calls).unique())
        return dropped

    def scan(self) -> pl.LazyFrame:
        """Return all rows in ledger columns."""
        if not self._identities:
            return pl.LazyFrame(schema=LEDGER_SCHEMA)
        parts = pl.scan_parquet(self.scratch.folder / "part-*.parquet", cache=False)
        return self.scratch.kept_for(parts.drop(RANK, CALL, _FILE))

    def _drop_duplicates(self) -> Counter[str]:
        if not self._identities:
            return Counter()
        ordered = pl.concat(self._identities).sort()
        repeated = ordered.filter(ordered == ordered.shift()).unique()
        if repeated.is_empty():
            return Counter()
        shared = pl.concat(
            identity.is_in(repeated.implode())
            .arg_true()
            .to_frame("row")
            .with_columns(pl.lit(part, pl.Int32).alias("part"))
            for part, identity in enumerate(self._identities)
        )
        losers = self._losers(shared)
        for (part,), rows in losers.group_by("part"):
            assert isinstance(part, int)
            self._rewrite(self._part(part), rows["row"])
        return Counter(losers[_FILE].to_list())

    def _losers(self, shared: pl.DataFrame) -> pl.DataFrame:
        """Return part, row and file of the rows to drop among those whose identity hashes are shared."""
        candidates = pl.concat(
            pl.read_parquet(self._part(part[0]))
            .with_row_index("row")[rows["row"].to_list()]
            .with_columns(pl.lit(part[0], pl.Int32).alias("part"))
            for part, rows in shared.group_by("part", maintain_order=True)
        )
        content = pl.concat_str(pl.col(c).cast(pl.String).fill_null("") for c in LEDGER_SCHEMA if c != "origin")
        ordered = candidates.with_columns(
            family=pl.col("source").replace(dict(self.families)),
            tokens=pl.sum_horizontal(pl.col(c).fill_null(0) for c in TOKEN_COLUMNS),
            has_cost=pl.col("reported_cost").is_not_null(),
            content=content,
        ).sort(*_PREFERENCE, descending=True, nulls_last=True)
        same = ("family", "record_id")
        bucket = pl.col("record_kind").is_in(["usage", "cost"])
        losers = ordered.with_columns(superseded=bucket & (pl.col("content") != pl.col("content").first().over(same)))
        losers = losers.filter(pl.int_range(pl.len()).over(same) > 0)
        self.superseded = Counter(losers.filter("superseded")[_FILE].to_list())
        return losers.select("part", "row", _FILE)

    def _rewrite(self, part: Path, drop: pl.Series) -> None:
        kept = pl.read_parquet(part).with_row_index("row").filter(~pl.col("row").is_in(drop.implode())).drop("row")
        kept.write_parquet(part, compression="lz4")
