"""The ledger on disk: one Parquet file, or a folder of one file per month and input that grows without re-reading.

A partitioned folder looks like ``month=2026-10/<id of the input>.parquet``; the hidden file ``.finopsctl.json`` in it
remembers which inputs it holds, by path, size, time and content, and under which options they were read, so that a run
over 13 months of logs reads only what is new. An input whose content changed has its old rows replaced.
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
from finopsctl.books.recognition import passed_over, recognise
from finopsctl.books.request import PeriodWish
from finopsctl.books.stated_prices import metadata_of
from finopsctl.books.strictness import refuse_unpriced_rows
from finopsctl.errors import ConfigError, NoChargesError, SourceError, reason_of
from finopsctl.sources import SideTable, expand
from finopsctl.whole_file import whole_file, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from finopsctl.books.request import Request
    from finopsctl.sources import InputFile

MANIFEST = ".finopsctl.json"
_ROW_GROUP = 120_000
_PLAIN_OPTIONS = ("source", "price_date", "deployments", "rules", "redact", "redact_key")
_FILE_OPTIONS = ("column_map", "prices", "contracts", "litellm_config", "keys")


def write_parquet(ledger: pl.LazyFrame, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write ledger rows to one Parquet file; the file appears only when it is whole.

    Args:
        ledger: The rows.
        path: Where to.
        metadata: What the file says of itself (see :mod:`finopsctl.books.stated_prices`).

    Raises:
        ConfigError: When it cannot be written.
    """
    with whole_file(path) as beside:
        ledger.sink_parquet(
            beside,
            compression="zstd",
            compression_level=3,
            row_group_size=_ROW_GROUP,
            statistics=True,
            metadata=dict(metadata) if metadata else None,
        )


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the manifest says of one input: how it looked, how it was read, and which rows it gave."""

    path: str
    size: int
    modified: int
    digest: str
    options: str
    parts: tuple[str, ...]
    records: int


@dataclass(frozen=True, slots=True, eq=False)
class _Partitions:
    """A folder being brought up to date.

    Args:
        request: What the inputs are read with, and the side tables that go with each.
        folder: Where the parts lie.
        known: The manifest, by the input's absolute path.
        options: Stands for all options that decide what the rows look like.
    """

    request: Request
    folder: Path
    known: dict[str, _Entry]
    options: str

    def bring_in(self, file: InputFile) -> str:
        """Bring one input up to date; return what was done."""
        key, state = str(file.path.resolve()), file.path.stat()
        before = self.known.get(key)
        digest = _digest([file.path])
        same = next((e for e in self.known.values() if (e.digest, e.options) == (digest, self.options)), None)
        if same:
            self.known[key] = replace(same, path=key, size=state.st_size, modified=state.st_mtime_ns)
            done = "unchanged" if same.path == key else f"the content of {same.path}"
            done = f"{done}, {same.records:,} records"
        else:
            parts, records, bad = self._write_months(file, digest)
            self.known[key] = _Entry(key, state.st_size, state.st_mtime_ns, digest, self.options, parts, records)
            lost = f", {bad:,} bad lines set aside" if bad else ""
            done = f"{records:,} records in {len(parts)} months{lost}"
        self.save()
        # Only now that the manifest no longer names them: a part without an entry is swept by the next run.
        _remove(self.folder, before.parts if before else (), self.known)
        return f"{file.name}: {done}"

    def unchanged(self, file: InputFile) -> _Entry | None:
        """Return the entry of an input that looks as it did, without reading it."""
        entry, state = self.known.get(str(file.path.resolve())), file.path.stat()
        looks = (state.st_size, state.st_mtime_ns, self.options)
        return entry if entry and (entry.size, entry.modified, entry.options) == looks else None

    def _write_months(self, file: InputFile, digest: str) -> tuple[tuple[str, ...], int, int]:
        try:
            books = open_books(replace(self.request, inputs=(str(file.path), *self.request.inputs)))
        except NoChargesError:
            if file.named:
                raise
            return (), 0, 0
        refuse_unpriced_rows(books)
        rows = books.ledger.drop("cost")
        month = pl.col("charge_period_start").dt.strftime("%Y-%m")
        counts = rows.group_by(month.alias("month")).agg(pl.len()).sort("month").collect(engine="streaming")
        parts = []
        for name in counts["month"]:
            part = self.folder / f"month={name}" / f"{digest}.parquet"
            part.parent.mkdir(exist_ok=True)
            write_parquet(rows.filter(month == name), part, metadata_of(books, whole=counts.height == 1))
            parts.append(part.relative_to(self.folder).as_posix())
        return tuple(parts), int(counts["len"].sum()), books.bad_lines

    def save(self) -> None:
        """Write the manifest."""
        content = {"schema": 1, "inputs": [asdict(self.known[name]) for name in sorted(self.known)]}
        write_whole(self.folder / MANIFEST, json.dumps(content, indent=1).encode())


def write_partitions(request: Request, folder: Path) -> Iterator[str]:
    """Bring a partitioned ledger up to date with the inputs, and say of each what was done.

    Args:
        request: What to read; its filters and period must be empty, since the folder is to hold everything.
        folder: Where the ledger lies; made when missing.

    Raises:
        ConfigError: When the request filters, or the folder holds something else or cannot be written.
        SourceError: When an input cannot be read.
    """
    if request.where or request.as_of or request.period != PeriodWish():
        raise ConfigError(
            "a partitioned ledger holds everything", "Leave out --where and the period; filter when you ask it."
        )
    known = _manifest(folder)
    with tempfile.TemporaryDirectory(prefix="finopsctl-") as scratch:
        files = [f for f in expand(request.inputs, Path(scratch)) if not _lies_in(f.path, folder)]
        tables, skipped = _set_apart(files, request)
        yield from skipped.values()
        asked = replace(request, inputs=tuple(str(table.path) for table in tables))
        partitions = _Partitions(asked, folder, known, _options(request, tables))
        _make(folder, partitions)
        for file in files:
            if file not in tables and file not in skipped:
                entry = partitions.unchanged(file)
                unchanged = entry and f"{file.name}: unchanged, {entry.records:,} records"
                yield unchanged or partitions.bring_in(file)


def _set_apart(files: Sequence[InputFile], request: Request) -> tuple[list[InputFile], dict[InputFile, str]]:
    """Return the side tables among the files, and what is said of those that no source knows."""
    tables: list[InputFile] = []
    skipped: dict[InputFile, str] = {}
    for file in files:
        try:
            if isinstance(recognise(file, request.source, request.column_map).format, SideTable):
                tables.append(file)
        except SourceError as problem:
            skipped[file] = f"skipped: {passed_over(file, problem).message}"
    return tables, skipped


def _make(folder: Path, partitions: _Partitions) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ConfigError(
            f"cannot write {folder}: {reason_of(problem)}", "Name another folder with -o DIR/."
        ) from problem
    partitions.save()
    parts = (path.relative_to(folder).as_posix() for path in folder.glob("month=*/*.parquet"))
    _remove(folder, parts, partitions.known)


def _remove(folder: Path, parts: Iterable[str], known: dict[str, _Entry]) -> None:
    """Remove those of ``parts`` that no input stands behind."""
    used = {part for entry in known.values() for part in entry.parts}
    for part in parts:
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
        entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["inputs"]
        return {e["path"]: _Entry(**{**e, "parts": tuple(e["parts"])}) for e in entries}
    except (ValueError, KeyError, TypeError) as problem:
        raise ConfigError(f"{path} is damaged", "Remove the folder and write it anew.") from problem


def _options(request: Request, tables: Iterable[InputFile]) -> str:
    """Return what stands for everything but an input itself that decides what its rows look like."""
    paths = [path for name in _FILE_OPTIONS if (path := getattr(request, name))]
    files = [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]
    contents = _digest([*files, *sorted(table.path for table in tables)])
    plain = repr([getattr(request, name) for name in _PLAIN_OPTIONS])
    return blake2b((plain + contents).encode(), digest_size=8).hexdigest()


def _lies_in(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents


def _digest(paths: Iterable[Path]) -> str:
    digest = blake2b(digest_size=8)
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
