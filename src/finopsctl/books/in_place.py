"""Parquet ledgers used where they lie: one is distinct by contract, several are checked against each other."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.period import is_day_bucket
from finopsctl.sources import SOURCES
from finopsctl.sources import ledger as ledger_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from finopsctl.sources import InputFile


def identical(files: Sequence[InputFile]) -> tuple[list[InputFile], list[InputFile]]:
    """Split files into those to read and those that repeat one of them byte by byte."""
    kept: list[InputFile] = []
    repeated: list[InputFile] = []
    seen: dict[tuple[int, bytes], InputFile] = {}
    sizes = [file.path.stat().st_size for file in files]
    for file, size in zip(files, sizes, strict=True):
        key = (size, _digest(file.path) if sizes.count(size) > 1 else b"")
        (repeated if key in seen else kept).append(file)
        seen.setdefault(key, file)
    return kept, repeated


def scan(files: Sequence[InputFile]) -> pl.LazyFrame:
    """Return the rows of Parquet ledgers, lazily, in ledger columns."""
    return pl.concat([ledger_source.scan(file.path) for file in files])


def records(file: InputFile) -> int:
    """Return how many rows a Parquet file holds, from its footer."""
    count: int = pl.scan_parquet(file.path).select(pl.len()).collect().item()
    return count


def share_records(files: Sequence[InputFile]) -> bool:
    """Whether two rows of the ledgers stand for one record (a hash collision says yes too, and is settled later)."""
    if len(files) < 2:
        return False
    family = pl.col("source").replace({s.name: s.family for s in SOURCES})
    hashes = (
        scan(files)
        .select(pl.struct(family, "record_id").hash().alias("hash"))
        .collect(engine="streaming")
        .to_series()
        .sort()
    )
    return bool((hashes == hashes.shift()).any())


def bills_otherwise(files: Sequence[InputFile], currency: str) -> bool:
    """Whether a row of Parquet ledgers is billed in another currency; parts whose footer says no are not read."""
    others = scan(files).filter(pl.col("billing_currency") != currency).select("billing_currency").head(1)
    return not others.collect(engine="streaming").is_empty()


def day_buckets(rows: pl.LazyFrame) -> bool:
    """Whether a record covers a day or more."""
    return bool(rows.select(is_day_bucket().any()).collect(engine="streaming").item())


def _digest(path: Path) -> bytes:
    digest = blake2b(digest_size=16)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.digest()
