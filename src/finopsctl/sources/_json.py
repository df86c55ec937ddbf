"""JSON lines and JSON documents, read in line-aligned chunks into typed frames without losing a record.

Polars reads each chunk strictly with the source's own types. When it refuses one, the chunk is cut into blocks, and
only the lines of a refused block are looked at one by one: what the tolerant rules can bring to the declared types is
counted, what they cannot is set aside with its line and the reason. A document (an array, or an object that envelops
one) is taken apart into its elements first and goes the same way.
"""

from __future__ import annotations

import io
import json
import re
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import polars as pl

from finopsctl.errors import SourceError
from finopsctl.ledger.schema import MONEY
from finopsctl.sources._input import guarded
from finopsctl.sources._source import AT
from finopsctl.sources._typed import LOST_ESCAPES, coerce_record, decoded, from_wire, read_objects, wire_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from finopsctl.sources._bad import Faults
    from finopsctl.sources._input import InputFile

_Result = TypeVar("_Result")

CHUNK_BYTES = 16 << 20
_AHEAD = 2
_BLOCK_BYTES = 128 << 10
_LONGEST_LINE = 256 << 20
_BOM = b"\xef\xbb\xbf"
_DECODER = json.JSONDecoder()
_REFUSED = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_LOST_ESCAPES = re.compile(LOST_ESCAPES.encode())


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some whole lines, the first of which is number ``first`` (from 1) of its file.

    ``step`` is by how much the number grows from line to line: 0 where all were taken out of one line. ``breaks``
    counts the line breaks, where that is known.
    """

    data: bytes
    first: int
    step: int = 1
    breaks: int | None = None


def read_lines(file: InputFile, raw: pl.Schema, envelope: tuple[str, ...], faults: Faults) -> Iterator[pl.DataFrame]:
    """Yield the records of a file of one JSON object a line.

    A line may itself be an envelope (one API page a line); then its elements are the records.
    """
    for chunk in line_chunks(file):
        if envelope and _is_enveloped(chunk.data, envelope):
            yield from _frames(_unfold_lines(chunk, envelope, faults), raw, faults)
        else:
            yield from _frames([chunk], raw, faults)


def _is_enveloped(data: bytes, envelope: tuple[str, ...]) -> bool:
    """Whether the first line that is an object envelops others, rather than having such a word somewhere inside."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        try:
            record = msgspec.json.decode(data[start:end], type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            start = end
            continue
        return any(bytes(record[key]).lstrip()[:1] in (b"[", b"{") for key in envelope if key in record)
    return False


def read_document(file: InputFile, raw: pl.Schema, envelope: tuple[str, ...], faults: Faults) -> Iterator[pl.DataFrame]:
    """Yield the records of one JSON document (or several in a row).

    A document that ends early gives the records before the cut; the cut is one bad record.
    """
    with guarded(file) as stream:
        data = stream.read().removeprefix(_BOM)
    elements = _document_elements(data, envelope, faults)
    yield from _frames(_numbered(elements), raw, faults, separator="#")


def line_chunks(file: InputFile, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Yield a file's lines in chunks of about ``size`` bytes."""
    first, rest = 1, b""
    # One buffer for the whole file: fresh memory for every chunk costs more than reading it.
    buffer = bytearray(size)
    view = memoryview(buffer)
    with guarded(file) as stream:
        while count := stream.readinto(view):
            start = len(_BOM) if first == 1 and not rest and buffer.startswith(_BOM) else 0
            cut = buffer.rfind(b"\n", start, count) + 1
            if not cut:
                rest += view[start:count]
                if len(rest) > _LONGEST_LINE:
                    raise SourceError(
                        f"{file.name}:{first}: one line is longer than 256 MiB", "Is this a log of JSON lines?"
                    )
                continue
            whole, rest = b"".join((rest, view[start:cut])), bytes(view[cut:count])
            breaks = whole.count(b"\n")
            yield Chunk(whole, first, breaks=breaks)
            first += breaks
    if rest:
        yield Chunk(rest, first)


def _frames(chunks: Iterable[Chunk], raw: pl.Schema, faults: Faults, separator: str = ":") -> Iterator[pl.DataFrame]:
    wired = wire_schema(raw)
    long_amounts = _long_amounts(raw)

    def parsed(chunk: Chunk) -> tuple[Chunk, pl.DataFrame | None]:
        if long_amounts:
            chunk = replace(chunk, data=long_amounts.sub(rb'\1"\2"', chunk.data))
        return chunk, _strict(chunk, wired)

    for chunk, strict in _ahead(parsed, chunks):
        frame = _opened(chunk, wired) if strict is None else strict
        if frame is None:
            frame = _tolerant(chunk, wired, faults, separator)
        frame = _escaped(frame, chunk, wired, faults, separator)
        if frame.height:
            yield from_wire(frame, raw)


def _ahead(work: Callable[[Chunk], _Result], chunks: Iterable[Chunk]) -> Iterator[_Result]:
    """Yield ``work(chunk)`` in order, with the next chunks already being worked on while the caller uses the last."""
    with ThreadPoolExecutor(_AHEAD) as pool:
        waiting: deque[Future[_Result]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(work, chunk))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _long_amounts(raw: pl.Schema) -> re.Pattern[bytes] | None:
    """Return what finds amounts written as numbers with more digits than a float holds.

    JSON readers go through floats; such an amount is read as text instead, so that no digit is lost. Inside a JSON
    string a quote is escaped, so the pattern cannot match there.
    """
    names = sorted(_money_fields(raw.items()))
    if not names:
        return None
    keys = "|".join(map(re.escape, names))
    keys = keys if len(names) == 1 else f"(?:{keys})"
    return re.compile(rf'("{keys}"\s*:\s*)(-?[0-9.]{{16,}}(?:[eE][-+]?[0-9]+)?)'.encode())


def _money_fields(fields: Iterable[tuple[str, Any]]) -> Iterator[str]:
    for name, dtype in fields:
        inner = dtype.inner if isinstance(dtype, pl.List) else dtype
        if inner == MONEY:
            yield name
        elif isinstance(inner, pl.Struct):
            yield from _money_fields((field.name, field.dtype) for field in inner.fields)


def _strict(chunk: Chunk, wired: pl.Schema) -> pl.DataFrame | None:
    try:
        frame = read_objects(chunk.data, wired)
    except _REFUSED:
        return None
    return frame.with_columns(_line_numbers(chunk, frame.height).alias(AT))


def _opened(chunk: Chunk, wired: pl.Schema) -> pl.DataFrame | None:
    """Read a chunk whose objects may stand as JSON text, as some exporters write all of them; None where that fails."""
    nested = {name: dtype for name, dtype in wired.items() if isinstance(dtype, pl.Struct | pl.List)}
    frame = _strict(chunk, pl.Schema({**wired, **dict.fromkeys(nested, pl.String())})) if nested else None
    if frame is None:
        return None
    try:
        return frame.with_columns(decoded(frame[name], dtype) for name, dtype in nested.items())
    except _REFUSED:
        return None


def _line_numbers(chunk: Chunk, height: int) -> pl.Series:
    breaks = chunk.data.count(b"\n") if chunk.breaks is None else chunk.breaks
    lines = breaks + (not chunk.data.endswith(b"\n"))
    if lines == height and chunk.step == 1:
        return pl.int_range(chunk.first, chunk.first + height, eager=True, dtype=pl.Int64)
    numbers = [chunk.first + i * chunk.step for i, line in enumerate(chunk.data.split(b"\n")) if line.strip()]
    return pl.Series(numbers, dtype=pl.Int64)


def _escaped(frame: pl.DataFrame, chunk: Chunk, wired: pl.Schema, faults: Faults, separator: str) -> pl.DataFrame:
    """Read again, one by one, the records of a chunk in which Polars loses escapes."""
    if not _LOST_ESCAPES.search(chunk.data):
        return frame
    if not chunk.step:  # one line's elements, which share its number
        return _by_line(chunk, wired, faults, separator)
    read = set(frame[AT])
    lines = list(enumerate(chunk.data.split(b"\n"), chunk.first))
    again = {number: line for number, line in lines if number in read and _LOST_ESCAPES.search(line)}
    # The others are left blank, so that those read again keep their numbers.
    kept = b"\n".join(again.get(number, b"") for number, _ in lines)
    part = _by_line(replace(chunk, data=kept), wired, faults, separator)
    return pl.concat([frame.filter(~pl.col(AT).is_in(list(again))), part]).sort(AT)


def _tolerant(chunk: Chunk, wired: pl.Schema, faults: Faults, separator: str) -> pl.DataFrame:
    parts = [wired.to_frame().with_columns(pl.lit(None, pl.Int64).alias(AT))]
    for block in _blocks(chunk):
        frame = _strict(block, wired)
        parts.append(_by_line(block, wired, faults, separator) if frame is None else frame)
    return pl.concat(parts)


def _blocks(chunk: Chunk) -> Iterator[Chunk]:
    start, first = 0, chunk.first
    while start < len(chunk.data):
        end = chunk.data.find(b"\n", start + _BLOCK_BYTES) + 1 or len(chunk.data)
        block = chunk.data[start:end]
        yield Chunk(block, first, chunk.step)
        first += block.count(b"\n") * chunk.step
        start = end


def _by_line(block: Chunk, wired: pl.Schema, faults: Faults, separator: str) -> pl.DataFrame:
    records, numbers = [], []
    for place, line in enumerate(block.data.split(b"\n")):
        if not line.strip():
            continue
        number = block.first + place * block.step
        try:
            records.append(msgspec.json.encode(coerce_record(msgspec.json.decode(line), wired)))
            numbers.append(number)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            faults.reject(f"{faults.file}{separator}{number}", f"not JSON: {_why(problem)}")
        except ValueError as problem:
            faults.reject(f"{faults.file}{separator}{number}", str(problem))
    if not records:
        return wired.to_frame().with_columns(pl.lit(None, pl.Int64).alias(AT))
    frame = pl.read_ndjson(io.BytesIO(b"\n".join(records)), schema=wired)
    return frame.with_columns(pl.Series(AT, numbers, dtype=pl.Int64))


def _why(problem: Exception) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    if isinstance(problem, UnicodeDecodeError):
        return "the text is not UTF-8"
    return str(problem).removeprefix("JSON is malformed: ")


def _unfold_lines(chunk: Chunk, envelope: tuple[str, ...], faults: Faults) -> Iterator[Chunk]:
    for number, line in enumerate(chunk.data.split(b"\n"), chunk.first):
        if not line.strip():
            continue
        try:
            elements = _unfold(line, envelope)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            faults.reject(f"{faults.file}:{number}", f"not JSON: {_why(problem)}")
            continue
        # Every element of one line keeps that line's number.
        yield Chunk(b"\n".join(map(_one_line, elements)), number, step=0)


def _document_elements(data: bytes, envelope: tuple[str, ...], faults: Faults) -> list[bytes]:
    try:
        return _unfold(data, envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        elements, whole = _salvage(data.decode("utf-8", "replace"), envelope)
        if not whole:
            place = f"{faults.file}#{len(elements) + 1}"
            faults.reject(place, f"the document is cut or malformed here, nothing after it is counted: {_why(problem)}")
        return elements


def _unfold(data: bytes, envelope: tuple[str, ...]) -> list[bytes]:
    """Return the elements of an array, of the list an object envelops, or the object itself."""
    start = data.lstrip()[:1]
    if start == b"[":
        return [bytes(item) for item in msgspec.json.decode(data, type=list[msgspec.Raw])]
    if start == b"{":
        document = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        for key in envelope:
            inner = bytes(document[key]) if key in document else b""
            if inner.lstrip()[:1] == b"[":
                return [bytes(item) for item in msgspec.json.decode(inner, type=list[msgspec.Raw])]
            if inner.lstrip()[:1] == b"{":
                return [inner]
    return [data]


def _salvage(text: str, envelope: tuple[str, ...]) -> tuple[list[bytes], bool]:
    """Return the elements of several documents in a row, or of a broken one up to its break, and if all was whole."""
    elements: list[bytes] = []
    position, in_list, is_object = _skip_layout(text, 0), False, False
    while position < len(text):
        end: int | None
        if in_list and text[position] == "]":
            end, in_list = _document_end(text, position, is_object=is_object), False
        else:
            try:
                _, end = _DECODER.raw_decode(text, position)
                value = text[position:end].encode()
                elements += [value] if in_list else _unfold(value, envelope)
            except (ValueError, RecursionError, msgspec.DecodeError):
                is_object = text[position] == "{"
                end, in_list = (None if in_list else _list_start(text, position, envelope)), True
        if end is None:
            return elements, False
        position = _skip_layout(text, end)
    return elements, not in_list


def _document_end(text: str, position: int, *, is_object: bool) -> int | None:
    """Return where the document ends whose list closes at ``position``, or None when it is cut before that."""
    if not is_object:
        return position + 1
    opening = '{"":0'
    try:
        _, end = _DECODER.raw_decode(opening + text[position + 1 :])
    except (ValueError, RecursionError):
        return None
    return position + 1 + end - len(opening)


def _skip_layout(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n,\ufeff":
        position += 1
    return position


def _list_start(text: str, position: int, envelope: tuple[str, ...]) -> int | None:
    """Return where the elements of the broken document at ``position`` begin."""
    if text[position] == "[":
        return position + 1
    keys = "|".join(map(re.escape, envelope))
    match = re.compile(rf'"(?:{keys})"\s*:\s*\[').search(text, position) if keys else None
    return match.end() if match else None


def _numbered(elements: list[bytes]) -> Iterator[Chunk]:
    """Join elements, one a line, into chunks numbered by element."""
    batch: list[bytes] = []
    first, size = 1, 0
    for number, element in enumerate(elements, 1):
        batch.append(_one_line(element))
        size += len(element)
        if size >= CHUNK_BYTES:
            yield Chunk(b"\n".join(batch), first)
            batch, first, size = [], number + 1, 0
    if batch:
        yield Chunk(b"\n".join(batch), first)


def _one_line(element: bytes) -> bytes:
    # Inside a JSON string a line break is always escaped, so a bare one is layout.
    return element.replace(b"\n", b" ").replace(b"\r", b" ")
