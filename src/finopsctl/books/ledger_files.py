"""The ledger on disk: one Parquet file, or a folder of one file per month and input that grows without re-reading.

A partitioned folder looks like ``month=2026-10/<id of the input>.parquet``; the hidden file ``.finopsctl.json`` in it
remembers which inputs it holds, by path, size, time and content, so that a run over 13 months of logs reads only what is
new. An input whose content changed has its old rows replaced.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.books.opening import open_books
from finopsctl.books.request import PeriodWish
from finopsctl.errors import ConfigError, SourceError
from finopsctl.sources import expand
from finopsctl.whole_file import whole_file, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.books.request import Request
    from finopsctl.sources import InputFile

MANIFEST = ".finopsctl.json"
_ROW_GROUP = 500_000


def write_parquet(ledger: pl.LazyFrame, path: Path) -> None:
    """Write ledger rows to one Parquet file; the file appears only when it is whole.

    Raises:
        ConfigError: When it cannot be written.
    """
    with whole_file(path) as beside:
        ledger.sink_parquet(beside, compression="zstd", compression_level=3, row_group_size=_ROW_GROUP, statistics=True)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the manifest says of one input: how it looked and which rows it gave."""

    path: str
    size: int
    modified: int
    digest: str
    parts: tuple[str, ...]
    records: int


def write_partitions(request: Request, folder: Path) -> Iterator[str]:
    """Bring a partitioned ledger up to date with the inputs, and say of each what was done.

    Args:
        request: What to read; its filters and period must be empty, since the folder is to hold everything.
        folder: Where the ledger lies; made when missing.

    Raises:
        ConfigError: When the request filters, or the folder holds something else.
        SourceError: When an input cannot be read.
    """
    if request.where or request.as_of or request.period != PeriodWish():
        raise ConfigError(
            "a partitioned ledger holds everything", "Leave out --where and the period; filter when you ask it."
        )
    known = _manifest(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="finopsctl-") as scratch:
        for file in expand(request.inputs, Path(scratch)):
            if _lies_in(file.path, folder):
                continue
            entry = known.get(file.name)
            state = file.path.stat()
            if entry and (entry.size, entry.modified) == (state.st_size, state.st_mtime_ns):
                yield f"{file.name}: unchanged, {entry.records:,} records"
                continue
            digest = _digest(file.path)
            same = next((e for e in known.values() if e.digest == digest), None)
            if same:
                known[file.name] = replace(same, path=file.name, size=state.st_size, modified=state.st_mtime_ns)
                yield f"{file.name}: the content of {same.path}, {same.records:,} records"
            else:
                parts, records = _write_months(request, file, folder, digest)
                known[file.name] = _Entry(file.name, state.st_size, state.st_mtime_ns, digest, parts, records)
                _remove_stale(entry, known, folder)
                yield f"{file.name}: {records:,} records in {len(parts)} months"
            _write_manifest(folder, known)


def _write_months(request: Request, file: InputFile, folder: Path, digest: str) -> tuple[tuple[str, ...], int]:
    try:
        books = open_books(replace(request, inputs=(str(file.path),)))
    except SourceError as problem:
        if file.named:
            raise
        raise SourceError(f"{problem.message}; nothing of it was written", problem.hint) from problem
    rows = books.ledger.drop("cost")
    month = pl.col("charge_period_start").dt.strftime("%Y-%m")
    counts = rows.group_by(month.alias("month")).agg(pl.len()).sort("month").collect(engine="streaming")
    parts = []
    for name in counts["month"]:
        part = folder / f"month={name}" / f"{digest}.parquet"
        part.parent.mkdir(exist_ok=True)
        write_parquet(rows.filter(month == name), part)
        parts.append(part.relative_to(folder).as_posix())
    return tuple(parts), int(counts["len"].sum())


def _remove_stale(old: _Entry | None, known: dict[str, _Entry], folder: Path) -> None:
    used = {part for entry in known.values() for part in entry.parts}
    for part in old.parts if old else ():
        if part not in used:
            (folder / part).unlink(missing_ok=True)


def _manifest(folder: Path) -> dict[str, _Entry]:
    path = folder / MANIFEST
    if not path.exists():
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
            raise ConfigError(
                f"{folder} holds something else than a partitioned ledger", "Name a new folder with -o DIR/."
            )
        return {}
    try:
        entries: list[dict[str, Any]] = json.loads(path.read_text())["inputs"]
        return {e["path"]: _Entry(**{**e, "parts": tuple(e["parts"])}) for e in entries}
    except (ValueError, KeyError, TypeError) as problem:
        raise ConfigError(f"{path} is damaged", "Remove the folder and write it anew.") from problem


def _write_manifest(folder: Path, known: dict[str, _Entry]) -> None:
    content = {"schema": 1, "inputs": [asdict(known[name]) for name in sorted(known)]}
    write_whole(folder / MANIFEST, json.dumps(content, indent=1).encode())


def _lies_in(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents


def _digest(path: Path) -> str:
    digest = blake2b(digest_size=8)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
