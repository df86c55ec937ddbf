"""Tables beside the ledger: LiteLLM's names and limits, each once, and facts (outcomes, revenue), every one counted.

The same file read twice counts its facts once: a fact is told by its columns and its ordinal among equal rows of its
file, or, where it has one, by its id, of which the last row counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.books.recognition import Recognised
from finopsctl.errors import SourceError
from finopsctl.sources import Faults, SideTable, expand, outcomes, probe, read_raw, revenue
from finopsctl.sources._source import AT, BAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from finopsctl.books.request import Request

_NTH = "__nth"


@dataclass(frozen=True, slots=True, eq=False)
class TableFile:
    """What one file of a side table gave.

    Args:
        file: Which, and as what.
        frame: Its rows.
        faults: The rows that could not be counted.
    """

    file: Recognised
    frame: pl.DataFrame
    faults: Faults


def named(request: Request, scratch: Path) -> Iterator[Recognised]:
    """Yield the files that the request names as outcomes or as revenue.

    Raises:
        SourceError: When one is missing or lacks the columns for it.
    """
    for path, table in ((request.outcomes, outcomes.TABLE), (request.revenue, revenue.TABLE)):
        for file in expand([str(path)] if path else [], scratch):
            look = probe(file)
            assert table.lacks is not None
            missing = table.lacks(look)
            if missing:
                names = ", ".join(sorted(look.names)[:8]) or "no names"
                raise SourceError(
                    f"{file.name}: as {table.name} it lacks {' and '.join(missing)}; it has {names}",
                    f"Add or rename the columns; `finopsctl sources {table.name}` shows what such a file holds.",
                )
            yield Recognised(file, look, table)


def read_table(recognised: Recognised, faults: Faults | None = None) -> TableFile:
    """Read one file of a side table; of facts, the rows that cannot be counted are set aside with the reason.

    Args:
        recognised: The file, read as a side table.
        faults: Takes those rows; None: a collection of its own.

    Raises:
        SourceError: When the file is damaged, or none of its facts could be read.
    """
    file, look, table = recognised.file, recognised.look, recognised.format
    assert isinstance(table, SideTable)
    table = table.adapt(table, look) if table.adapt else table
    faults = Faults(file.name) if faults is None else faults
    order = [AT, *table.raw.names(), BAD]
    nothing = pl.DataFrame(schema={AT: pl.Int64, **table.raw, BAD: pl.String})
    raw = [frame.select(order) for frame in read_raw(file, look, table, faults)]
    if table.finish is None:
        return TableFile(recognised, pl.concat([nothing, *raw]).drop(AT, BAD), faults)
    frame = pl.concat([table.finish(part) for part in raw or (nothing,)])
    separator = ":" if look.shape == "jsonl" else "#"
    for at, reason in frame.filter(pl.col(BAD).is_not_null()).select(AT, BAD).iter_rows():
        faults.reject(f"{file.name}{separator}{at}", reason)
    facts = frame.filter(pl.col(BAD).is_null()).drop(AT, BAD)
    if facts.is_empty() and faults.bad:
        place, reason = faults.bad_examples[0]
        raise SourceError(
            f"{file.name}: none of its {faults.bad:,} rows could be read as {table.name}; first {place}: {reason}",
            f"`finopsctl sources {table.name}` shows what such a file holds.",
        )
    return TableFile(recognised, facts.with_columns(_ordinal(facts).alias(_NTH)), faults)


def _ordinal(facts: pl.DataFrame) -> pl.Expr:
    """Number equal rows of a file; those with an id of their own are told by that."""
    nth = pl.int_range(pl.len(), dtype=pl.Int64).over(facts.columns)
    return pl.when(pl.col("id").is_null()).then(nth).otherwise(0)


def merged(files: Sequence[TableFile]) -> tuple[dict[str, pl.DataFrame], list[int]]:
    """Return the tables by name, each row once, and how many rows of each file another file already had."""
    tables: dict[str, pl.DataFrame] = {}
    dropped = [0] * len(files)
    for name in dict.fromkeys(f.file.format.name for f in files):
        parts = [(at, f.frame) for at, f in enumerate(files) if f.file.format.name == name]
        frame = pl.concat(part.with_columns(__file=pl.lit(at)) for at, part in parts)
        before = dict(frame.group_by("__file").len().iter_rows())
        frame = _once(frame)
        after = dict(frame.group_by("__file").len().iter_rows())
        for at, _ in parts:
            dropped[at] = before.get(at, 0) - after.get(at, 0)
        tables[name] = frame.drop("__file", _NTH, strict=False)
    return tables, dropped


def _once(frame: pl.DataFrame) -> pl.DataFrame:
    if _NTH not in frame.columns:
        return frame.unique(frame.drop("__file").columns, keep="first", maintain_order=True)
    plain = frame.filter(pl.col("id").is_null()).unique(frame.drop("__file").columns, keep="first", maintain_order=True)
    by = [name for name in ("id", "feature", "customer") if name in frame.columns]
    identified = frame.filter(pl.col("id").is_not_null()).unique(by, keep="last", maintain_order=True)
    return pl.concat([plain, identified])
