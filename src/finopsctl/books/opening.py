"""Opening the books: find, detect, read, price, assign owners, drop duplicates, set the same traffic aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from finopsctl.allocation import keys as key_map
from finopsctl.allocation.rules import allocate
from finopsctl.books import in_place, same_traffic, side_tables
from finopsctl.books.asking import asked, files_of
from finopsctl.books.books import Books, InputSummary
from finopsctl.books.cost import unconverted, with_cost
from finopsctl.books.prices import Pricer
from finopsctl.books.recognition import Recognised, passed_over, recognise
from finopsctl.books.redaction import Redaction
from finopsctl.books.same_traffic import Traffic
from finopsctl.books.scratch import Scratch
from finopsctl.books.spool import Spool
from finopsctl.books.stated_prices import stated
from finopsctl.books.strictness import checked
from finopsctl.errors import NoChargesError, SourceError
from finopsctl.ledger.period import zone
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted
from finopsctl.sources import SOURCES, Faults, SideTable, expand, read
from finopsctl.sources import ledger as ledger_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from finopsctl.books.request import Request
    from finopsctl.sources import InputFile, Source

_SHOWN_PROBLEMS = 5
_FAMILIES = {s.name: s.family for s in SOURCES}
_WHAT = {"bad_line": "records that could not be read", "odd_record": "odd records"}


@dataclass(slots=True)
class _Progress:
    """What reading has shown so far."""

    inputs: list[InputSummary] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    side_tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    bad_lines: int = 0


def open_books(request: Request, tell: Callable[[str], None] = lambda _: None) -> Books:
    """Read what ``request`` names into a priced ledger.

    Args:
        request: What to open and how.
        tell: Takes one line a file on how it is read, for people who want to know.

    Raises:
        SourceError: When an input cannot be read, or nothing can.
        ConfigError: When an option or a configuration value is wrong.
    """
    _ = request.basis, zone(request.timezone)  # what contradicts or is unknown is said before the work
    progress = _Progress()
    scratch = Scratch()
    named = list(side_tables.named(request, scratch.folder))
    known = {table.file.path.resolve() for table in named}
    given = [*expand(files_of(request), scratch.folder), *asked(request, scratch.folder)]
    inputs = [f for f in given if f.path.resolve() not in known]
    files = [*named, *(r for f in inputs if (r := _recognise(f, request, progress)))]
    if not files:
        raise _nothing_read(progress)
    _read_side_tables([r for r in files if isinstance(r.format, SideTable)], progress, tell)
    charges = [r for r in files if not isinstance(r.format, SideTable)]
    if not charges:
        raise SourceError(
            "the inputs hold only tables beside the ledger (teams, keys, budgets, outcomes, revenue), no usage or cost",
            "Name a log or export too.",
        )
    books = _scan(charges, request, progress, tell, scratch) if _scannable(charges, request) else None
    books = books or _spool(charges, request, progress, tell)
    return checked(replace(books, rows=with_cost(books.rows, request)))


def _recognise(file: InputFile, request: Request, progress: _Progress) -> Recognised | None:
    try:
        return recognise(file, request.source, request.column_map)
    except SourceError as problem:
        progress.findings.append(passed_over(file, problem))
        return None


def _nothing_read(progress: _Progress) -> SourceError:
    reason = progress.findings[0].message if progress.findings else "no inputs"
    return SourceError(f"nothing could be read: {reason}", "Run `finopsctl sources` for what can be.")


def _read_side_tables(tables: Sequence[Recognised], progress: _Progress, tell: Callable[[str], None]) -> None:
    read_files = [side_tables.read_table(table) for table in tables]
    progress.side_tables, repeated = side_tables.merged(read_files)
    for found, duplicates in zip(read_files, repeated, strict=True):
        name, table = found.file.file.name, found.file.format
        progress.inputs.append(InputSummary(name, table.name, found.frame.height, found.faults.bad, duplicates))
        tell(f"{name}: {table.title}")
        _note_faults(found.faults, progress)
        if found.frame.is_empty():
            progress.findings.append(_no_rows(name, table.name, "rows"))


def _scannable(charges: Sequence[Recognised], request: Request) -> bool:
    """Whether every input is a priced Parquet ledger that can be used where it lies."""
    return not (request.prices_named or request.redact) and all(
        r.look.shape == "parquet" and r.format.name == ledger_source.SOURCE.name and ledger_source.is_exact(r.file.path)
        for r in charges
    )


def _scan(
    charges: Sequence[Recognised],
    request: Request,
    progress: _Progress,
    tell: Callable[[str], None],
    scratch: Scratch,
) -> Books | None:
    """Use Parquet ledgers in place; None when some records stand in two of them and have to be settled first."""
    kept, repeated = in_place.identical([r.file for r in charges])
    if in_place.share_records(kept):
        return None
    compared = len(charges) > 1
    for r in charges:
        tell(f"{r.file.name}: ledger (Parquet), used in place")
        records = in_place.records(r.file)
        dropped = (records if r.file in repeated else 0) if compared else None
        progress.inputs.append(InputSummary(r.file.name, r.format.name, records, 0, dropped))
    dropped_by_file = Counter({i.path: i.duplicates for i in progress.inputs if i.duplicates})
    rows = _owned(scratch.kept_for(in_place.scan(kept)), request, progress)
    traffic = _settled(rows) if len(kept) > 1 else Traffic(rows)
    currencies_differ = request.currency != "USD" or in_place.bills_otherwise(kept, request.currency)
    prices = stated([file.path for file in kept])
    return Books(
        request=request,
        rows=traffic.counted,
        price_book=None,
        inputs=tuple(progress.inputs),
        findings=(*progress.findings, *_duplicate_findings(dropped_by_file), *traffic.findings),
        set_aside=traffic.set_aside,
        set_aside_summary=traffic.summary,
        side_tables=progress.side_tables,
        duplicates=dropped_by_file.total() if compared else None,
        stated_prices=prices,
        band_unknown=prices.band_unknown if prices else None,
        unconverted=unconverted(rows, request) if currencies_differ else 0,
        day_buckets=request.timezone != "UTC" and in_place.day_buckets(rows),
    )


def _spool(charges: Sequence[Recognised], request: Request, progress: _Progress, tell: Callable[[str], None]) -> Books:
    pricer = Pricer.of(request)
    redaction = Redaction.of(request)
    spool = Spool(
        _FAMILIES, lambda rows: redaction.apply(_owned(pricer.price(rows).lazy(), request, progress).collect())
    )
    for recognised in charges:
        assert not isinstance(recognised.format, SideTable)
        _read_one(recognised, recognised.format, spool, progress)
        tell(f"{recognised.file.name}: {recognised.format.title} ({progress.inputs[-1].records:,} records)")
    dropped = spool.close()
    progress.side_tables = {name: redaction.of_table(table) for name, table in progress.side_tables.items()}
    if not any(i.records for i in progress.inputs if i.source in _FAMILIES):
        raise _no_records(progress)
    inputs = tuple(replace(i, duplicates=dropped.get(i.path, i.duplicates)) for i in progress.inputs)
    again = (*_duplicate_findings(dropped), *_superseded_findings(spool.superseded), *_attempt_findings(spool.attempts))
    rows = redaction.cleared(spool.scan())
    traffic = _settled(rows) if len(spool.kinds) > 1 else Traffic(rows)
    return Books(
        request=request,
        rows=traffic.counted,
        price_book=pricer.book,
        inputs=inputs,
        findings=(*progress.findings, *again, *pricer.findings(), *traffic.findings),
        set_aside=traffic.set_aside,
        set_aside_summary=traffic.summary,
        side_tables=progress.side_tables,
        bad_lines=progress.bad_lines,
        duplicates=dropped.total(),
        band_unknown=pricer.band_unknown,
        unconverted=unconverted(traffic.counted, request) if spool.currencies | {"USD"} != {request.currency} else 0,
        price_problems=pricer.tally.unpriced,
        day_buckets=spool.day_buckets,
        earliest=spool.earliest,
        latest=spool.latest,
    )


def _read_one(recognised: Recognised, source: Source, spool: Spool, progress: _Progress) -> None:
    faults = Faults(recognised.file.name)
    records = 0
    for rows in read(recognised.file, recognised.look, source, faults):
        records += rows.height
        spool.add(rows, recognised.file.name)
    if not records and faults.bad:
        place, reason = faults.bad_examples[0]
        raise SourceError(
            f"{recognised.file.name}: none of its {faults.bad:,} records could be read; first {place}: {reason}",
            f"It was read as {source.name}; --source NAME reads it as something else.",
        )
    progress.inputs.append(InputSummary(recognised.file.name, source.name, records, faults.bad))
    _note_faults(faults, progress)
    if not records:
        progress.findings.append(_no_rows(recognised.file.name, source.name, "charges"))
    elif source.caution:
        message, evidence = f"{recognised.file.name}: {source.caution}", {"file": recognised.file.name}
        progress.findings.append(Finding(Severity.INFO, "estimate", message, "", evidence))


def _no_rows(file: str, source: str, what: str) -> Finding:
    message = f"{file}: read as {source}, holds no {what}"
    return Finding(Severity.WARNING, "no_records", message, "", {"file": file})


def _no_records(progress: _Progress) -> NoChargesError:
    names = ", ".join(i.path for i in progress.inputs[:3])
    return NoChargesError(f"no records in {names}", "The files are of a known format but hold no usage and no cost.")


def _note_faults(faults: Faults, progress: _Progress) -> None:
    progress.bad_lines += faults.bad
    for code, count, examples, severity in (
        ("bad_line", faults.bad, faults.bad_examples, Severity.WARNING),
        ("odd_record", faults.odd, faults.odd_examples, Severity.INFO),
    ):
        for place, reason in examples[:_SHOWN_PROBLEMS]:
            progress.findings.append(
                Finding(severity, code, f"{place}: {reason}", "", {"place": place, "reason": reason})
            )
        if count > _SHOWN_PROBLEMS:
            rest = count - _SHOWN_PROBLEMS
            message = f"{faults.file}: {rest:,} more {_WHAT[code]}"
            progress.findings.append(
                Finding(severity, f"{code}s_more", message, "", {"file": faults.file, "count": rest})
            )


def _duplicate_findings(dropped: Counter[str]) -> list[Finding]:
    return [
        Finding(
            Severity.INFO,
            "duplicates",
            f"{name}: {counted(count, 'record stands', 'records stand')} elsewhere too and count once",
            "",
            {"file": name, "count": count},
            f"{count:,} in {name}",
            "Records that stand elsewhere too were counted once: {}",
        )
        for name, count in sorted(dropped.items())
    ]


def _superseded_findings(dropped: Counter[str]) -> list[Finding]:
    return [
        Finding(
            Severity.WARNING,
            "superseded",
            f"{name}: {count:,} buckets say less than another export does of the same period and dimensions; "
            "the fuller ones count",
            "Right for a day exported before it was over; exports of different scope need grouping by what differs.",
            {"file": name, "count": count},
        )
        for name, count in sorted(dropped.items())
    ]


def _attempt_findings(count: int) -> list[Finding]:
    if not count:
        return []
    message = f"{count:,} records are failed attempts of requests that another record stands for: counted once"
    return [Finding(Severity.INFO, "attempts", message, "", {"count": count})]


def _owned(rows: pl.LazyFrame, request: Request, progress: _Progress) -> pl.LazyFrame:
    tables = progress.side_tables
    maps = []
    if request.keys:
        maps.append(key_map.load(request.keys))
    if "litellm-keys" in tables or "litellm-teams" in tables:
        maps.append(key_map.from_litellm(tables.get("litellm-keys"), tables.get("litellm-teams")))
    keys = key_map.combine(maps[0], *maps[1:]) if maps else None
    return allocate(rows, request.rules, keys)


def _settled(rows: pl.LazyFrame) -> Traffic:
    return same_traffic.settle(rows, _FAMILIES, {s.name: s.precedence for s in SOURCES})
