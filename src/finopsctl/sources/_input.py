"""Input files: what the user named, opened decompressed and free of a byte order mark.

A folder stands for the data files below it, a glob for what it matches, ``-`` for standard input. Compression is told
by the first bytes, never by the name. A container that ends early raises :class:`SourceError`: half a file is no file.
"""

from __future__ import annotations

import glob
import gzip
import io
import os
import shutil
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from finopsctl.errors import SourceError, UnreadableError, reason_of
from finopsctl.transport.http import is_live

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DATA_ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".log")
COMPRESSED_ENDINGS = (".gz", ".zst", ".zstd")
_GZIP, _ZSTD, _PARQUET, _BOM = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to read.

    Args:
        path: Where its bytes are.
        name: How it is called in messages, as the user wrote it.
        named: Whether the user named the file itself (rather than a folder or a glob that holds it).
    """

    path: Path
    name: str
    named: bool = True

    def open(self) -> io.BufferedReader:
        """Return the decompressed bytes as a buffered stream."""
        start = self._first_bytes()
        if start.startswith(_GZIP):
            return io.BufferedReader(gzip.GzipFile(self.path), 1 << 20)
        if start.startswith(_ZSTD):
            import pyarrow as pa

            return io.BufferedReader(_Readable(pa.CompressedInputStream(pa.OSFile(str(self.path)), "zstd")), 1 << 20)
        return io.BufferedReader(self.path.open("rb", buffering=0), 1 << 20)

    def _first_bytes(self) -> bytes:
        try:
            with self.path.open("rb") as stream:
                return stream.read(4)
        except OSError as problem:
            raise _unreadable(self.name, problem) from problem

    def is_parquet(self) -> bool:
        """Whether the file is Parquet (uncompressed container)."""
        return self._first_bytes() == _PARQUET

    def head(self, size: int = 1 << 16) -> bytes:
        """Return the first ``size`` decompressed bytes without a byte order mark."""
        with guarded(self) as stream:
            return stream.read(size).removeprefix(_BOM)


@dataclass(frozen=True, slots=True)
class Pipe:
    """Bytes that can be read only once, for a reader that needs no second time: they are never put into a file.

    Args:
        stream: Where they come from.
        name: How it is called in messages.
    """

    stream: io.BufferedReader
    name: str = "-"

    def open(self) -> io.BufferedReader:
        """Return the decompressed bytes as a buffered stream; closing it leaves ``stream`` open."""
        start = self.stream.peek(4)
        if start.startswith(_GZIP):
            return io.BufferedReader(gzip.GzipFile(fileobj=self.stream), 1 << 20)
        if start.startswith(_ZSTD):
            import pyarrow as pa

            return io.BufferedReader(_Readable(pa.CompressedInputStream(self.stream, "zstd")), 1 << 20)
        return io.BufferedReader(_Readable(self.stream), 1 << 20)


class _Readable(io.RawIOBase):
    """Lets the standard library buffer a pyarrow stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class guarded:  # noqa: N801 - used as a verb: ``with guarded(file) as stream``
    """Open a file and turn what can go wrong while reading it into :class:`SourceError`."""

    def __init__(self, file: InputFile | Pipe) -> None:
        self._file = file

    def __enter__(self) -> io.BufferedReader:
        self._stream = self._file.open()
        return self._stream

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: object) -> None:
        self._stream.close()
        if isinstance(problem, (EOFError, zlib.error, gzip.BadGzipFile)) or (
            isinstance(problem, OSError) and "compressed" in str(problem).lower()
        ):
            raise UnreadableError(
                f"{self._file.name}: the compressed file is cut short or damaged ({problem})",
                "Fetch or export it again; nothing of it was counted.",
            ) from problem
        if isinstance(problem, OSError):
            raise _unreadable(self._file.name, problem) from problem


def expand(inputs: Iterable[str], scratch: Path) -> list[InputFile]:
    """Return the files that ``inputs`` stand for, in a stable order, each once.

    Args:
        inputs: Paths, folders, globs or ``-`` as typed.
        scratch: A folder where standard input may be put, since a file is read more than once.

    Raises:
        SourceError: For something missing, not permitted, or a folder without data files.
    """
    files: dict[Path, InputFile] = {}
    for text in inputs:
        if is_live(text):
            raise SourceError(
                "a live Prometheus is asked by questions about a period, it is no file to look into",
                "Save an answer instead: finopsctl sources prometheus",
            )
        try:
            for file in _expand_one(text, scratch):
                files.setdefault(file.path.resolve(), file)
        except OSError as problem:
            raise _unreadable(text, problem) from problem
    return list(files.values())


def _expand_one(text: str, scratch: Path) -> Iterator[InputFile]:
    if text == "-":
        yield _standard_input(scratch)
        return
    path = Path(text).expanduser()
    if path.is_dir():
        yield from _folder(path, text)
    elif path.is_file():
        yield InputFile(path, text)
    elif path.exists():
        with path.open("rb") as pipe:
            yield InputFile(_kept(pipe, scratch), text)
    elif path.is_symlink():
        raise SourceError(f"{text}: the link points to nothing", "Mend or remove the link.")
    elif glob.has_magic(text):
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - absolute patterns too
        if not matches:
            raise SourceError(f"{text}: nothing matches", "Check the pattern; quote it so that the shell leaves it.")
        for match in matches:
            if Path(match).is_dir():
                yield from _folder(Path(match), match)
            else:
                yield InputFile(Path(match), match, named=False)
    else:
        raise SourceError(f"{text}: no such file or folder", "Check the path.")


def _standard_input(scratch: Path) -> InputFile:
    return InputFile(_kept(sys.stdin.buffer, scratch), "-")


def _kept(pipe: IO[bytes], scratch: Path) -> Path:
    """Put what can be read only once into a file of its own."""
    path = scratch / f"pipe-{len(list(scratch.iterdir()))}"
    with path.open("wb") as target:
        shutil.copyfileobj(pipe, target)
    return path


def _folder(folder: Path, text: str) -> Iterator[InputFile]:
    found = False
    seen: set[Path] = set()
    for root, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        seen.add(Path(root).resolve())
        folders[:] = sorted(n for n in folders if not n.startswith(".") and Path(root, n).resolve() not in seen)
        for name in sorted(names):
            if is_data_name(name):
                found = True
                path = Path(root, name)
                yield InputFile(path, str(path), named=False)
    if not found:
        raise SourceError(
            f"{text}: the folder holds no data files",
            f"Data files end in {' '.join(DATA_ENDINGS)}, or these with .gz or .zst.",
        )


def _raise(problem: OSError) -> None:
    raise _unreadable(str(problem.filename), problem) from problem


def is_data_name(name: str) -> bool:
    """Whether a file of this name in a folder is read."""
    stem = name.lower()
    for ending in COMPRESSED_ENDINGS:
        stem = stem.removesuffix(ending)
    return not name.startswith(".") and stem.endswith(DATA_ENDINGS)


def _unreadable(name: str, problem: OSError) -> UnreadableError:
    return UnreadableError(f"{name}: {reason_of(problem)}", "Check that the file exists and that you may read it.")
