"""Parquet read in batches, its columns brought to the types a source declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import UnreadableError
from finopsctl.sources._source import AT, BAD
from finopsctl.sources._typed import from_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.sources._input import InputFile

_ROWS = 200_000


def read_parquet(file: InputFile, raw: pl.Schema) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet file as frames of the types of ``raw``; row numbers start at 1.

    Columns of another type than declared are brought to it through text, by the rules for text.

    Raises:
        UnreadableError: When the file is cut short or damaged.
    """
    for frame in read_native(file, tuple(raw.names())):
        yield as_declared(frame, raw)


def read_native(file: InputFile, wanted: tuple[str, ...] | None) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet file with the columns' own types; ``wanted`` None reads every column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = 1
    try:
        parquet = pq.ParquetFile(file.path)
        names = [name for name in parquet.schema_arrow.names if wanted is None or name in wanted]
        for batch in parquet.iter_batches(batch_size=_ROWS, columns=names):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            yield frame.with_columns(pl.int_range(first, first + frame.height, dtype=pl.Int64).alias(AT))
            first += frame.height
    except (pa.ArrowException, OSError) as problem:
        raise UnreadableError(
            f"{file.name}: the Parquet file is cut short or damaged", "Write or fetch it again."
        ) from problem


def as_declared(frame: pl.DataFrame, raw: pl.Schema) -> pl.DataFrame:
    """Bring columns to the types of ``raw``: as they are where they fit, through text where they do not."""
    texts: list[str] = []
    same: list[str] = []
    for name, dtype in raw.items():
        if name in frame.columns:
            (same if frame.schema[name] == dtype else texts).append(name)
    as_text = [_as_text(name, frame.schema[name]) for name in texts]
    through = from_text(frame.select(AT, *as_text), pl.Schema({n: t for n, t in raw.items() if n not in same}))
    return through.with_columns(frame.select(same)).select(AT, *raw.names(), BAD)


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Struct | pl.List):
        text = pl.col(name).struct.json_encode() if isinstance(dtype, pl.Struct) else _list_text(name)
        return pl.when(pl.col(name).is_not_null()).then(text).alias(name)
    if isinstance(dtype, pl.Datetime):
        zone = "Z" if dtype.time_zone is None else ""
        value = pl.col(name) if dtype.time_zone is None else pl.col(name).dt.convert_time_zone("UTC")
        return value.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f" + ("" if zone else "+00:00")).alias(name)
    return pl.col(name).cast(pl.String)


def _list_text(name: str) -> pl.Expr:
    # Polars encodes structs only, so the list travels as a struct's one field: {"v":[...]} without its wrapping.
    return pl.struct(v=pl.col(name)).struct.json_encode().str.slice(5).str.head(-1).alias(name)
