"""A look at the first 64 KiB of a file: its container, the names in it, its first records.

Detection is by content, never by file name, and by names that occur together in one format only.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finopsctl.errors import SourceError, UnreadableError

if TYPE_CHECKING:
    from finopsctl.sources._input import InputFile

_HEAD = 1 << 16
_LONGEST_HEAD = 1 << 26
_RECORDS = 200
_NAME = re.compile(rb'"([^"\\\x00-\x1f]{1,100})"\s*:')


@dataclass(frozen=True, slots=True)
class Probe:
    """What the start of a file shows.

    Args:
        shape: ``jsonl`` (one object a line), ``json`` (one document), ``csv`` or ``parquet``.
        names: All JSON keys at any depth, or the CSV header, or the Parquet columns.
        records: The first records that are complete in the head: parsed lines, or elements of the document's first
            list, or CSV rows as dicts of text.
        top: Keys of the document itself (``json``), else of the first record.
        delimiter: CSV only.
    """

    shape: str
    names: frozenset[str]
    records: tuple[dict[str, Any], ...]
    top: frozenset[str]
    delimiter: str = ","

    def has(self, *names: str) -> bool:
        """Whether all ``names`` occur."""
        return self.names.issuperset(names)

    def any_record(self, *names: str) -> bool:
        """Whether one of the first records has all ``names`` as its own keys."""
        return any(record.keys() >= set(names) for record in self.records)


def probe(file: InputFile) -> Probe:
    """Look at the start of ``file``.

    Raises:
        SourceError: When it is empty, binary, a web page, in an encoding other than UTF-8, or no known container.
    """
    if file.is_parquet():
        return _parquet(file)
    head = _head(file)
    _refuse(file.name, head)
    text = head.lstrip()
    if lines := _json_lines(text):
        return lines
    if text[:1] == b"<":
        raise SourceError(
            f"{file.name}: this is a web page or XML, no data file",
            "The export probably failed or asked for a login: fetch it again.",
        )
    return _json(file.name, text) if text[:1] in (b"{", b"[") else _csv(file.name, head)


def _head(file: InputFile) -> bytes:
    """Return the first bytes; more where a first line longer than that would hide that there are lines at all."""
    size = _HEAD
    head = file.head(size)
    while head.lstrip()[:1] == b"{" and b"\n" not in head and size - 16 <= len(head) and size < _LONGEST_HEAD:
        size *= 8
        head = file.head(size)
    return head


def _refuse(name: str, head: bytes) -> None:
    if not head.strip():
        raise SourceError(f"{name}: the file is empty", "Check the export that wrote it.")
    if _is_utf16(head):
        raise SourceError(f"{name}: this is UTF-16 text, not UTF-8", "Save it as UTF-8: iconv -f UTF-16 -t UTF-8.")
    if _is_binary(head[:4096]):
        raise SourceError(f"{name}: this is binary data, no text that can be read", "Give a log, export or Parquet.")


def _is_utf16(head: bytes) -> bool:
    """Whether there is its mark, or every other byte of the first words is 0 and the others are not."""
    even, odd = head[0:64:2].count(0), head[1:64:2].count(0)
    half = len(head[:64]) // 4
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or (max(even, odd) > half and min(even, odd) == 0)


def _is_binary(head: bytes) -> bool:
    """Whether there is a 0 byte, or a tenth of the characters are control characters or no UTF-8."""
    text = head.decode("utf-8", "replace")
    strange = sum(c == "\ufffd" or (c < " " and c not in "\t\r\n\x1b") for c in text)
    return b"\x00" in head or 10 * strange > len(text)


def _json_lines(head: bytes) -> Probe | None:
    """Return the probe of a log of one object a line, some of which may be damaged; None when it is none.

    A log begins with a line that is an object, or most of its lines are objects. Of a document the first line is none,
    though the last element of its list may stand alone on a line.
    """
    lines = head.split(b"\n")
    complete = lines if len(head) < _HEAD - 16 else lines[:-1]
    filled = [line for line in complete[:_RECORDS] if line.strip()]
    parsed = [_parse(line) for line in filled]
    records = [record for record in parsed if record is not None]
    if records and (parsed[0] is not None or 2 * len(records) > len(filled)):
        return Probe("jsonl", _names(head), tuple(records), frozenset(records[0]))
    return None


def _names(head: bytes) -> frozenset[str]:
    return frozenset(match.decode("utf-8", "replace") for match in _NAME.findall(head))


def _json(name: str, head: bytes) -> Probe:
    names = _names(head)
    if not names and _parse_any(head) is None:
        raise SourceError(f"{name}: this is no JSON that can be read", "Check that the export is complete.")
    document, top = _elements(head.decode("utf-8", "replace"))
    return Probe("json", names, tuple(document), top)


def _parse(line: bytes) -> dict[str, Any] | None:
    value = _parse_any(line)
    return value if isinstance(value, dict) else None


def _parse_any(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _elements(text: str) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """Return the complete objects of the first list in ``text`` (or the document itself) and the document's keys."""
    document = _parse_any(text.encode())
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        inner = [item for item in (lists[0] if lists else []) if isinstance(item, dict)]
        return inner or [document], frozenset(document)
    start = text.find("[")
    top = frozenset(re.findall(r'"([^"\\]{1,100})"\s*:', text[: max(0, start)]))
    return _decode_from(text, start + 1), top


def _decode_from(text: str, position: int) -> list[dict[str, Any]]:
    decoder = json.JSONDecoder()
    found: list[dict[str, Any]] = []
    while len(found) < _RECORDS:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        if isinstance(value, dict):
            found.append(value)
    return found


def _csv(name: str, head: bytes) -> Probe:
    text = head.decode("utf-8", "replace")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    if not first.count(delimiter):
        raise SourceError(
            f"{name}: no known format (neither JSON nor CSV nor Parquet)",
            "Run `finopsctl sources` for what can be read.",
        )
    try:
        rows = list(csv.reader(io.StringIO(text, newline=None), delimiter=delimiter))[: _RECORDS + 1]
    except csv.Error as problem:
        raise SourceError(f"{name}: no CSV that can be read ({problem})", "Check its quotes.") from problem
    header = [column.strip() for column in rows[0]]
    records = tuple(dict(zip(header, row, strict=False)) for row in rows[1:] if len(row) == len(header))
    return Probe("csv", frozenset(header), records, frozenset(header), delimiter)


def _parquet(file: InputFile) -> Probe:
    import polars as pl

    try:
        schema = pl.read_parquet_schema(file.path)
    except (pl.exceptions.PolarsError, OSError) as problem:
        raise UnreadableError(
            f"{file.name}: the Parquet file is cut short or damaged", "Write or fetch it again."
        ) from problem
    names = frozenset(schema)
    return Probe("parquet", names, (), names)
