"""Reads a file, or content put into one, the way the tool does: look, detect, read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.sources import Faults, InputFile, Source, detect, probe, read

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, eq=False)
class FileRead:
    """What came of one file: the source it was taken for, its ledger rows, what was set aside or remarked on."""

    source: str
    rows: pl.DataFrame
    faults: Faults

    def row(self) -> dict[str, Any]:
        """Return the only row, without its nulls."""
        (only,) = self.rows.rows(named=True)
        return {name: value for name, value in only.items() if value is not None}

    def values(self, column: str) -> list[Any]:
        """Return one column."""
        return self.rows[column].to_list()

    @property
    def bad(self) -> list[str]:
        """Reasons why records were set aside."""
        return [reason for _, reason in self.faults.bad_examples]

    @property
    def odd(self) -> list[str]:
        """Remarks on records that count all the same."""
        return [reason for _, reason in self.faults.odd_examples]


def read_path(path: Path) -> FileRead:
    """Read a file as whatever it is detected as."""
    file = InputFile(path, path.name)
    look = probe(file)
    source = detect(look)
    assert isinstance(source, Source), f"{path.name} is taken for {source and source.name}"
    faults = Faults(file.name)
    frames = list(read(file, look, source, faults))
    rows = pl.concat(frames) if frames else LEDGER_SCHEMA.to_frame()
    return FileRead(source.name, rows, faults)


def read_content(folder: Path, content: str | bytes | object, name: str = "input") -> FileRead:
    """Read ``content`` (text, bytes, or a value to write as JSON) out of a file in ``folder``."""
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8", newline="")
    return read_path(path)
