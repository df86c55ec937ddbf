"""A temporary folder that lives as long as the frames that are read from it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl


@dataclass(slots=True, eq=False, weakref_slot=True)
class Scratch:
    """A folder only its owner can read, removed when nothing holds on to this object any more, or at exit."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="finopsctl-")))

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def kept_for(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return ``frame`` such that the folder is there as long as it, or any frame derived from it, is.

        A lazy frame holds on to the functions in its plan: here to one for a column that nothing asks for, so that it
        never runs and polars takes it out of the query before anything is read.
        """

        def hold(values: pl.Series, _scratch: Scratch = self) -> pl.Series:
            return values

        names = frame.collect_schema().names()
        held = pl.lit(None, pl.Null).map_batches(hold, return_dtype=pl.Null, is_elementwise=True)
        return frame.with_columns(held.alias("__scratch")).select(names)
