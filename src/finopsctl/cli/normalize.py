"""``finopsctl normalize``: the ledger rows, priced, as JSON lines, CSV or Parquet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import Common
from finopsctl.errors import ConfigError, nearest
from finopsctl.whole_file import whole_file

if TYPE_CHECKING:
    from finopsctl.config.settings import Settings

EXAMPLES = """Examples:

  finopsctl normalize sample_data -o ledger.parquet

  finopsctl normalize sample_data -f jsonl --where team=search
"""
_FORMATS = ("jsonl", "csv", "parquet")

Partition = Annotated[
    str | None,
    typer.Option(
        "--partition",
        metavar="month",
        help="Write a folder (-o DIR) of one Parquet file per month and input; files already in it are not read again.",
        show_default=False,
    ),
]


def normalize(common: Common, partition: Partition = None) -> None:
    """Write the ledger: one exact, priced row a record, whatever the source.

    The ledger is an input itself: `finopsctl normalize LOGS -o ledger.parquet`, then ask it anything.
    """
    from finopsctl.books.books import refuse_nothing
    from finopsctl.books.strictness import refuse_unpriced_rows
    from finopsctl.cli.run import books_for, note_findings, settings_for

    settings = settings_for(common)
    if partition is not None:
        _partition(common, settings, partition)
        return
    form = _format(common, settings)
    books = books_for(settings, common)
    refuse_nothing(books)
    refuse_unpriced_rows(books)
    ledger = books.ledger.drop("cost")
    if form == "parquet":
        from finopsctl.books.ledger_files import write_parquet
        from finopsctl.books.stated_prices import metadata_of

        if common.output is None:
            raise ConfigError("Parquet is written to a file", "Name it with -o ledger.parquet.")
        write_parquet(ledger, common.output, metadata_of(books))
    else:
        _write_text(ledger, form, common.output)
    note_findings(books, common)


def _format(common: Common, settings: Settings) -> str:
    ending = common.output.suffix.lstrip(".").replace("ndjson", "jsonl") if common.output else ""
    form = common.format or (ending if ending in (*_FORMATS, "xlsx", "html") else None) or settings.format or "jsonl"
    if form not in _FORMATS:
        raise ConfigError(f"the ledger is not written as '{form}'", nearest(form, _FORMATS))
    return form


def _write_text(ledger: object, form: str, output: Path | None) -> None:
    from importlib import import_module

    write = import_module(f"finopsctl.renderers.{form}").write
    if output is None:
        write(ledger, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with whole_file(output) as beside, beside.open("wb") as sink:
        write(ledger, sink)


def _partition(common: Common, settings: Settings, partition: str) -> None:
    from dataclasses import replace

    from finopsctl.books import PeriodWish
    from finopsctl.books.ledger_files import write_partitions
    from finopsctl.cli.run import one_line, requested

    if partition != "month":
        raise ConfigError(f"the ledger is not partitioned by '{partition}'", "Use --partition month.")
    if common.output is None:
        raise ConfigError("--partition needs a folder to write to", "Name it with -o DIR/.")
    if common.format not in (None, "parquet"):
        raise ConfigError("a partitioned ledger is Parquet", "Leave out -f.")
    request = requested(settings)
    if not any((common.since, common.until, common.month, common.quarter, common.last)):
        # A period that the configuration sets is for questions; the folder holds everything.
        request = replace(request, period=PeriodWish())
    for line in write_partitions(request, common.output):
        if not common.quiet:
            typer.echo(one_line(line), err=True)
