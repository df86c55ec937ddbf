"""CSV read as text in batches, then typed; rows with the wrong number of fields are set aside with their number.

pyarrow's reader is used since it reports malformed rows instead of padding or cutting them. Row numbers count the
header as row 1, as a spreadsheet does.
"""

from __future__ import annotations

import codecs
import io
from typing import IO, TYPE_CHECKING, Any

import polars as pl

from finopsctl.errors import SourceError
from finopsctl.sources._input import guarded
from finopsctl.sources._source import AT
from finopsctl.sources._typed import from_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from finopsctl.sources._bad import Faults
    from finopsctl.sources._input import InputFile
    from finopsctl.sources._probe import Probe

_BLOCK = 8 << 20
_MARK = "\uffff\x1anot UTF-8\x1a\uffff"  # nothing that anyone writes
_MARKING = "finopsctl.mark"
codecs.register_error(_MARKING, lambda problem: (_MARK, problem.end))  # type: ignore[attr-defined]


def read_csv(
    file: InputFile, look: Probe, raw: pl.Schema, null_values: tuple[str, ...], faults: Faults
) -> Iterator[pl.DataFrame]:
    """Yield the rows of a CSV file as frames of the types of ``raw``.

    Columns of ``raw`` that the file lacks are null; columns it has besides are not read.
    """
    for frame in read_text(file, look, tuple(raw.names()), faults):
        kept = frame
        if null_values:
            kept = frame.with_columns(
                pl.when(~pl.col(c).is_in(null_values)).then(pl.col(c)) for c in frame.columns if c != AT
            )
        yield from_text(kept, raw)


def read_text(file: InputFile, look: Probe, wanted: tuple[str, ...] | None, faults: Faults) -> Iterator[pl.DataFrame]:
    """Yield the rows of a CSV file as text columns plus ``AT``; ``wanted`` None reads every column."""
    import pyarrow as pa
    from pyarrow import csv

    malformed: set[int] = set()

    def skip(row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow
        number = row.number if row.number is not None else 0
        malformed.add(number)
        faults.reject(
            f"{file.name}#{number}", f"{row.actual_columns} fields where the header has {row.expected_columns}"
        )
        return "skip"

    header = _header(file, look)
    with guarded(file) as stream:
        marked = _Marked(stream)
        try:
            reader = csv.open_csv(
                io.BufferedReader(marked, 1 << 20),
                read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK, encoding="utf8"),
                parse_options=csv.ParseOptions(
                    delimiter=look.delimiter, newlines_in_values=True, invalid_row_handler=skip, ignore_empty_lines=True
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(header, pa.binary()),
                    strings_can_be_null=False,
                    check_utf8=False,
                ),
            )
            held, breaks = None, 0
            for frame, breaks in _batches(reader, wanted, malformed):  # noqa: B007 - the last one is looked at
                if held is not None:
                    yield _without_marks(held, faults) if marked.found else held
                held = frame
            if held is not None:
                whole = _without_open_quote(held, breaks, faults) if breaks and marked.quotes % 2 else held
                yield _without_marks(whole, faults) if marked.found else whole
        except pa.ArrowInvalid as problem:
            raise SourceError(
                f"{file.name}: the CSV cannot be read ({str(problem).splitlines()[0][:120]})",
                "A quote is probably never closed; open the file near its end.",
            ) from problem


def _header(file: InputFile, look: Probe) -> list[str]:
    import csv as stdlib_csv

    head = file.head()
    try:
        head.split(b"\n", 1)[0].decode()
    except UnicodeDecodeError as problem:
        raise SourceError(f"{file.name}: the header is not UTF-8", "Save the file as UTF-8.") from problem
    text = head.decode("utf-8", "replace").lstrip()
    header = next(stdlib_csv.reader(io.StringIO(text, newline=None), delimiter=look.delimiter))
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise SourceError(f"{file.name}: the header names the column '{twice}' twice", "Rename one of the two columns.")
    return header


def _batches(
    reader: Iterable[Any], wanted: tuple[str, ...] | None, malformed: set[int]
) -> Iterator[tuple[pl.DataFrame, int]]:
    """Yield frames, and how many line breaks the last row of each holds in its values, those not wanted included."""
    row = 2
    for batch in reader:
        frame = pl.from_arrow(batch)
        assert isinstance(frame, pl.DataFrame)
        frame = frame.rename({name: name.strip().removeprefix("\ufeff") for name in frame.columns})
        numbers: list[int] = []
        while len(numbers) < frame.height:
            if row not in malformed:
                numbers.append(row)
            row += 1
        kept = [name for name in frame.columns if wanted is None or name in wanted]
        texts = frame.with_columns(pl.col(pl.Binary).cast(pl.String))
        breaks = sum(value.count("\n") for value in texts.row(-1) if value) if texts.height else 0
        yield texts.with_columns(pl.Series(AT, numbers, dtype=pl.Int64)).select(*kept, AT), breaks


class _Marked(io.RawIOBase):
    """A stream of UTF-8 only: a mark stands for what was not, so that its row can be told and set aside.

    pyarrow decodes a malformed row to report it and prints a traceback where that fails.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")(_MARKING)
        self._ready = b""
        self.found = False
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        ended = False
        while not self._ready and not ended:
            data = self._stream.read(1 << 20)
            ended = not data
            self.quotes += data.count(b'"')
            text = self._decoder.decode(data, final=ended)
            self.found = self.found or _MARK in text
            self._ready = text.encode()
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


def _without_marks(frame: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """Set aside the rows of ``frame`` with a value that was not UTF-8."""
    texts = pl.col(pl.String)
    if not any(dtype == pl.String for dtype in frame.dtypes):
        return frame
    broken = frame.select(pl.any_horizontal(texts.str.contains(_MARK, literal=True).fill_null(value=False))).to_series()
    for number in frame[AT].filter(broken):
        faults.reject(f"{faults.file}#{number}", "the text is not UTF-8")
    return frame.filter(~broken)


def _without_open_quote(frame: pl.DataFrame, breaks: int, faults: Faults) -> pl.DataFrame:
    """Set aside the last row of a file, whose open quote took in all lines after it (pyarrow lets that pass)."""
    number = frame[AT].item(-1)
    faults.reject(f"{faults.file}#{number}", f"a quote is never closed and takes in the {breaks:,} lines after it")
    return frame.head(-1)
