"""Inputs that are wrong in every way one can think of, each with what must be said of it."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from book_files import lines, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD = record(record_id="good", reported_cost="1.5", model="gpt-4o", input_tokens=10)
_BIG = lines(*({**GOOD, "record_id": os.urandom(40).hex()} for _ in range(2000))).encode()


@dataclass(frozen=True, slots=True)
class Bad:
    """One bad input.

    Args:
        name: The file's name.
        make: Returns its bytes; or makes it at the path itself and returns None.
        says: A part of the message.
    """

    name: str
    make: Callable[[Path], bytes | None]
    says: str

    def put(self, folder: Path) -> Path:
        """Make it in ``folder``; return its path."""
        path = folder / self.name
        content = self.make(path)
        if content is not None:
            path.write_bytes(content)
        return path


def _parquet(path: Path) -> bytes:
    pl.DataFrame({"a": range(1000)}).write_parquet(path)
    return path.read_bytes()


def _spoilt(path: Path) -> bytes:
    data = _parquet(path)
    return data[:4] + bytes(255 - byte for byte in data[4:-60]) + data[-60:]


REFUSED = (
    Bad("empty.jsonl", lambda _: b"", "the file is empty"),
    Bad("blank.csv", lambda _: b"\n \n\r\n", "the file is empty"),
    Bad("nothing.jsonl.gz", lambda _: gzip.compress(b""), "the file is empty"),
    Bad("cut.jsonl.gz", lambda _: gzip.compress(_BIG)[:-2000], "cut short or damaged"),
    Bad("short.jsonl.gz", lambda _: gzip.compress(lines(GOOD).encode())[:-9], "cut short or damaged"),
    Bad("spoilt.jsonl.gz", lambda _: gzip.compress(_BIG)[:5000] + b"\0" * 99 + gzip.compress(_BIG)[5099:], "damaged"),
    Bad("cut.jsonl.zst", lambda _: pa.compress(_BIG, "zstd", asbytes=True)[:-2000], "cut short or damaged"),
    Bad("cut.parquet", lambda path: _parquet(path)[:-10], "cut short or damaged"),
    Bad("head.parquet", lambda _: b"PAR1", "cut short or damaged"),
    Bad("other.parquet", _parquet, "no source knows this format"),
    Bad("picture.jsonl", lambda _: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "binary"),
    Bad("noise.csv", lambda _: b"\xfe\xfd," * 400, "binary"),
    Bad("archive.tar", lambda _: b"log.jsonl".ljust(600, b"\0"), "binary"),
    Bad("login.json", lambda _: b"<!DOCTYPE html><html><body>Log in</body></html>", "web page"),
    Bad("denied.jsonl", lambda _: b"<Error><Code>AccessDenied</Code></Error>", "web page or XML"),
    Bad("wide.jsonl", lambda _: lines(GOOD).encode("utf-16"), "UTF-16"),
    Bad("wide.csv", lambda _: "charge_period_start,requests\n2026-10-01,1\n".encode("utf-16-le"), "UTF-16"),
    Bad("header.csv", lambda _: "charge_period_start,requests,größe\n2026-10-01,1,2\n".encode("latin-1"), "UTF-8"),
    Bad("twice.csv", lambda _: b"charge_period_start,requests,requests\n2026-10-01,1,2\n", "twice"),
    Bad("rows.csv", lambda _: b"charge_period_start,requests\n", "no records"),
    Bad("all.csv", lambda _: b"charge_period_start,requests\nx,1\n2026-10-01,-3\n", "none of its 2 records"),
    Bad("quote.csv", lambda _: b'charge_period_start,requests,team\n2026-10-01,1,"a\n2026-10-02,1,b\n', "never closed"),
    Bad("foreign.csv", lambda _: b"a,b\n1,2\n", "no source knows this format"),
    Bad("foreign.jsonl", lambda _: b'{"a": 1}\n', "no source knows this format"),
    Bad("error.json", lambda _: b'{"error": {"message": "invalid api key"}}', "no source knows this format"),
    Bad("prose.log", lambda _: b"it was a dark\nand stormy night\n", "no known format"),
    Bad("numbers.json", lambda _: b"[1, 2, 3]", "no source knows this format"),
    Bad("null.json", lambda _: b"null", "no known format"),
    Bad("list.json", lambda _: b"[]", "no source knows this format"),
    Bad("deep.json", lambda _: b"[" * 100_000, "no JSON"),
    Bad("missing.jsonl", lambda _: None, "no such file"),
    Bad("x" * 300, lambda _: None, "too long"),
    Bad("none*.jsonl", lambda _: None, "nothing matches"),
    Bad("folder", lambda path: path.mkdir(), "no data files"),
    Bad("dangling.jsonl", lambda path: path.symlink_to(path.with_name("gone")), "points to nothing"),
    Bad("loop.jsonl", lambda path: path.symlink_to(path), "points to nothing"),
)
"""Inputs of which nothing can be counted."""


def _line(**values: object) -> bytes:
    return lines({**GOOD, "record_id": "bad", **values}).encode()


BAD_LINES = {
    "not a number": (_line(input_tokens=float("nan")), "not JSON"),
    "endless": (_line(input_tokens=float("inf")), "not JSON"),
    "negative": (_line(input_tokens=-5), "input_tokens: -5 is negative"),
    "1e30 tokens": (_line(input_tokens=1e30), "not a whole number"),
    "half a token": (_line(input_tokens=1.5), "not a whole number"),
    "more tokens than there are": (_line(input_tokens=10**14), "not plausible"),
    "1e30 dollars": (_line(reported_cost=1e30), "is not an amount"),
    "a trillion dollars and more": (_line(reported_cost="1000000000001"), "not plausible"),
    "an amount that is no number": (_line(reported_cost="NaN"), "'NaN' is not an amount"),
    "words for a number": (_line(output_tokens="ten"), "output_tokens: 'ten'"),
    "a list for a number": (_line(output_tokens=[1]), "output_tokens"),
    "no time": (_line(charge_period_start=None), "no time"),
    "a time that is none": (_line(charge_period_start="soon"), "'soon' is not a time"),
    "30 February": (_line(charge_period_start="2026-02-30"), "is not a time"),
    "the year 9999": (_line(charge_period_start="9999-01-01"), "not plausible"),
    "an unknown kind": (_line(record_kind="gift"), "gift"),
    "latin-1": (_line(team="MUELLER").replace(b"MUELLER", b"M\xfcller"), "not UTF-8"),
    "cut": (_line()[:30] + b"\n", "not JSON"),
    "an error page": (b"<html>502 Bad Gateway</html>\n", "not JSON"),
    "two records in a line": (_line().strip() + _line(), "not JSON"),
    "deep nesting": (b'{"charge_period_start": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "nested too deeply"),
    "a number": (b"42\n", ""),
    "a list": (b"[1, 2]\n", ""),
}
"""Lines that cannot be counted, among lines that can, and the reason that is given."""
