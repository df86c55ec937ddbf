"""Reads an input file the way the tool does: probed, detected or forced, into one frame and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.sources import CALL, RANK, Faults, InputFile, Source, detect, probe, read

if TYPE_CHECKING:
    from pathlib import Path


def read_file(path: Path, source: Source | None = None) -> tuple[pl.DataFrame, Faults]:
    """Return the ledger rows of ``path`` (with ``RANK``) and its faults; without ``source`` it is detected."""
    file = InputFile(path, path.name)
    look = probe(file)
    chosen = source or detect(look)
    assert isinstance(chosen, Source), f"{path.name} is not detected"
    faults = Faults(file.name)
    empty = pl.DataFrame(schema={**LEDGER_SCHEMA, RANK: pl.Int64, CALL: pl.UInt64})
    return pl.concat([empty, *read(file, look, chosen, faults)]), faults


def detected(path: Path) -> str | None:
    """Return the name of the source that ``path`` is taken for."""
    found = detect(probe(InputFile(path, path.name)))
    return found.name if found else None


def settled(rows: pl.DataFrame) -> pl.DataFrame:
    """Settle duplicates as the books do: of one id the highest rank, then most tokens, then with a cost, then last."""
    tokens = pl.sum_horizontal(pl.col("^(input|output|cache_.*|reasoning|audio_.*|image_.*)_tokens$").fill_null(0))
    order = [pl.col(RANK), tokens, pl.col("reported_cost").is_not_null(), pl.int_range(pl.len())]
    return rows.sort(order).unique("record_id", keep="last", maintain_order=True)
