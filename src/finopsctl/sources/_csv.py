"""CSV read as text in batches, then typed; rows with the wrong number of fields are set aside with their number.

pyarrow's reader is used since it reports malformed rows instead of padding or cutting them. Row numbers count the
header as row 1, as a spreadsheet does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

    with guarded(file) as stream:
        try:
            reader = csv.open_csv(
                stream,
                read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK, encoding="utf8"),
                parse_options=csv.ParseOptions(
                    delimiter=look.delimiter, newlines_in_values=True, invalid_row_handler=skip, ignore_empty_lines=True
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(_header(file, look), pa.binary()),
                    strings_can_be_null=False,
                    check_utf8=False,
                ),
            )
            yield from _batches(reader, wanted, malformed, faults)
        except pa.ArrowInvalid as problem:
            raise SourceError(
                f"{file.name}: the CSV cannot be read ({str(problem).splitlines()[0][:120]})",
                "A quote is probably never closed; open the file near its end.",
            ) from problem


def _header(file: InputFile, look: Probe) -> list[str]:
    import csv as stdlib_csv

    text = file.head().decode("utf-8", "replace").lstrip()
    header = next(stdlib_csv.reader(text.splitlines(), delimiter=look.delimiter))
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise SourceError(f"{file.name}: the header names the column '{twice}' twice", "Rename one of the two columns.")
    return header


def _batches(
    reader: Iterable[Any], wanted: tuple[str, ...] | None, malformed: set[int], faults: Faults
) -> Iterator[pl.DataFrame]:
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
        kept = frame.select(name for name in frame.columns if wanted is None or name in wanted)
        yield _utf8(kept.with_columns(pl.Series(AT, numbers, dtype=pl.Int64)), faults)


def _utf8(frame: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """Decode binary columns; rows with a value that is not UTF-8 are set aside."""
    try:
        return frame.with_columns(pl.col(pl.Binary).cast(pl.String))
    except pl.exceptions.PolarsError:
        sound = [all(_decodes(value) for value in row) for row in frame.select(pl.col(pl.Binary)).rows()]
        for number in frame[AT].filter(~pl.Series(sound)):
            faults.reject(f"{faults.file}#{number}", "the text is not UTF-8")
        return frame.filter(pl.Series(sound)).with_columns(pl.col(pl.Binary).cast(pl.String))


def _decodes(value: bytes | None) -> bool:
    try:
        (value or b"").decode()
    except UnicodeDecodeError:
        return False
    return True
