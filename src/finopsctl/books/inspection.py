"""What files are, before anything is asked of them: format, records, period, coverage, and what their format lacks."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.books.recognition import Recognised, passed_over, recognise
from finopsctl.books.side_tables import read_table
from finopsctl.errors import SourceError
from finopsctl.ledger import checks
from finopsctl.ledger.schema import MONEY
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted
from finopsctl.sources import Faults, SideTable, expand, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from finopsctl.sources import InputFile, Source

_ROWS = pl.Schema(
    {
        "path": pl.String(),
        "source": pl.String(),
        "title": pl.String(),
        "family": pl.String(),
        "kind": pl.String(),
        "records": pl.Int64(),
        "bad": pl.Int64(),
        "duplicates": pl.Int64(),
        "start": pl.Datetime("us", "UTC"),
        "end": pl.Datetime("us", "UTC"),
        "spend": MONEY,
        "missing": pl.List(pl.String()),
    }
)
_SHOWN = 5
_COVERED = ("team", "user", "customer", "feature", "environment", "api_key", "trace_id", "model", "service_tier")
_COVERED_MEASURES = ("requests", "errors", "retries", "cache_hits", "output_tokens", "reported_cost", "latency_ms")


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """One row a file, and what was wrong with any."""

    rows: pl.DataFrame
    findings: tuple[Finding, ...]

    def report(self) -> Report:
        """Return the presentable form."""
        columns = (
            Column("path", "File"),
            Column("source", "Source", null="(unknown)"),
            Column("kind", "Kind", priority=4),
            Column("records", "Records", Unit.COUNT),
            Column("bad", "Bad", Unit.COUNT, 1),
            Column("duplicates", "Repeated", Unit.COUNT, 5),
            Column("start", "First", Unit.INSTANT, 3),
            Column("end", "Last", Unit.INSTANT, 3),
            Column("spend", "Reported spend", Unit.USD, 2),
        )
        known = self.rows["source"].is_not_null().sum()
        return Report(
            "inspect",
            f"{known} of {counted(self.rows.height, 'file')} can be read: "
            f"{counted(int(self.rows['records'].sum()), 'record')}.",
            (Table("Inputs", self.rows, columns),),
            {"records": self.rows["records"].sum(), "bad": self.rows["bad"].sum()},
            self.findings,
        )


@dataclass(slots=True)
class _Tally:
    """What the rows of one file add up to."""

    records: int = 0
    kinds: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)
    spend: Decimal | None = None
    starts: list[datetime] = field(default_factory=list)
    identities: list[pl.Series] = field(default_factory=list)
    failed: dict[str, checks.Failure] = field(default_factory=dict)

    def add(self, rows: pl.DataFrame) -> None:
        """Count some ledger rows."""
        if rows.is_empty():
            return
        self.records += rows.height
        self.kinds |= set(rows["record_kind"].cast(pl.String).unique())
        self.filled |= {name for name in (*_COVERED, *_COVERED_MEASURES) if rows[name].null_count() < rows.height}
        amounts = rows["reported_cost"].drop_nulls()
        if amounts.len():
            self.spend = Decimal(amounts.sum()) + (self.spend or 0)
        start = pl.col("charge_period_start")
        self.starts += rows.select(first=start.min(), last=start.max()).row(0)
        self.identities.append(rows.select(pl.struct("source", "record_id").hash()).to_series())
        for name, failure in checks.failures(rows).items():
            self.failed[name] = self.failed[name] + failure if name in self.failed else failure

    def duplicates(self) -> int:
        """Return how many rows repeat the record of another row of the file."""
        return self.records - pl.concat(self.identities).n_unique() if self.identities else 0


def inspect(inputs: Sequence[str], source: str | None, column_map: Path | None) -> Inspection:
    """Look at every file and read it through once.

    Args:
        inputs: Paths, folders, globs or ``-``.
        source: Read every file as this source instead of detecting it.
        column_map: A column map for files of one's own.

    Raises:
        SourceError: When an input is missing, or a file named itself cannot be read.
    """
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="finopsctl-") as scratch:
        rows = [_one(file, source, column_map, findings) for file in expand(inputs, Path(scratch))]
    return Inspection(pl.DataFrame(rows, schema=_ROWS), (*findings, *_missing(rows)))


def _one(file: InputFile, name: str | None, column_map: Path | None, findings: list[Finding]) -> dict[str, Any]:
    faults = Faults(file.name)
    try:
        row = _read_through(recognise(file, name, column_map), faults, findings)
    except SourceError as problem:
        findings.append(passed_over(file, problem))
        return {"path": file.name, "records": 0, "bad": 0, "missing": []}
    findings.extend(
        Finding(severity, code, f"{at}: {why}", "", {"place": at})
        for severity, code, examples in (
            (Severity.WARNING, "bad_line", faults.bad_examples),
            (Severity.INFO, "odd_record", faults.odd_examples),
        )
        for at, why in examples[:_SHOWN]
    )
    return row


def _missing(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Say once for each source what none or not all of its files tell, and what would bring it."""
    by_source: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["missing"]:
            by_source.setdefault(row["source"], []).append(row)
    for source, files in by_source.items():
        lacking = dict.fromkeys(item for row in files for item in row["missing"])
        columns = ", ".join(item.partition(": ")[0] for item in lacking)
        yield Finding(
            Severity.INFO,
            "missing",
            f"{source} ({counted(len(files), 'file')}) leaves out {columns}",
            f"What would bring them: finopsctl sources {source}",
            {"source": source, "files": [row["path"] for row in files], "missing": list(lacking)},
        )


def _read_through(recognised: Recognised, faults: Faults, findings: list[Finding]) -> dict[str, Any]:
    file, look, found = recognised.file, recognised.look, recognised.format
    if isinstance(found, SideTable):
        table = read_table(recognised, faults)
        return {
            "path": file.name,
            "source": found.name,
            "title": found.title,
            "kind": "side table",
            "records": table.frame.height,
            "bad": faults.bad,
            "missing": [],
        }
    tally = _Tally()
    for frame in read(file, look, found, faults):
        tally.add(frame)
    findings.extend(checks.findings(tally.failed, file.name))
    return _row(file, found, tally, faults)


def _row(file: InputFile, source: Source, tally: _Tally, faults: Faults) -> dict[str, Any]:
    missing = [f"{column}: {remedy}" for column, remedy in source.missing.items() if column not in tally.filled]
    return {
        "path": file.name,
        "source": source.name,
        "title": source.title,
        "family": source.family,
        "kind": ", ".join(sorted(tally.kinds)) or None,
        "records": tally.records,
        "bad": faults.bad,
        "duplicates": tally.duplicates(),
        "start": min(tally.starts, default=None),
        "end": max(tally.starts, default=None),
        "spend": tally.spend,
        "missing": missing,
    }
