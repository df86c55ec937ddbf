"""What ``--strict`` refuses: records that could not be read, that count twice, or that have no price."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import SourceError
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from finopsctl.books.books import Books
    from finopsctl.metrics.quality import Quality

_HINT = "--strict refuses them."


def checked(books: Books) -> Books:
    """Return the books, certain where the request is strict that every record was read and counts once.

    A ledger used in place is distinct by contract; only then is it looked through for duplicates.

    Raises:
        SourceError: When a record could not be read, or stands in the ledger twice.
    """
    if not books.request.strict:
        return books
    if books.bad_lines:
        first = next(f for f in books.findings if f.code == "bad_line")
        raise SourceError(f"{books.bad_lines:,} records could not be read; first {first.message}", _HINT)
    if books.duplicates is not None:
        return books
    identities = books.rows.select(pl.struct("source", "record_id").hash().alias("identity"))
    repeated: int = identities.select(pl.len() - pl.col("identity").n_unique()).collect(engine="streaming").item()
    if repeated:
        names = ", ".join(summary.path for summary in books.inputs)
        raise SourceError(f"{names}: {repeated:,} records stand in it twice", _HINT)
    return replace(books, duplicates=0)


def refuse_unpriced(books: Books, quality: Quality) -> None:
    """Raise when usage that a report covers has no cost, or records have one that no rate converts.

    Raises:
        SourceError: Naming how much, and of which models.
    """
    if books.request.strict and quality.unpriced_models:
        models = ", ".join(quality.unpriced_models[:5])
        raise SourceError(
            f"{counted(quality.unpriced_requests, 'request')} and {counted(quality.unpriced_tokens, 'token')} "
            f"have no price ({models})",
            f"{_HINT} Add prices with --prices DIR.",
        )
    if books.request.strict and books.unconverted:
        raise SourceError(
            f"{counted(books.unconverted, 'record is', 'records are')} billed in a currency without a rate to "
            f"{books.request.currency}",
            f"{_HINT} Add [[exchange-rate]] tables to the configuration.",
        )


def refuse_unpriced_rows(books: Books) -> None:
    """Raise when usage among the rows themselves has no cost, for what writes rows rather than a report.

    Raises:
        SourceError: Naming how many rows and of which models.
    """
    if not books.request.strict:
        return
    lost = books.ledger.filter(pl.col("cost").is_null() & pl.col("record_kind").is_in(["request", "usage"]))
    found = lost.group_by("model").agg(rows=pl.len()).sort("model", nulls_last=True).collect(engine="streaming")
    if found.height:
        models = ", ".join(found["model"].fill_null("no model").head(5))
        raise SourceError(
            f"{found['rows'].sum():,} records have no price ({models})", f"{_HINT} Add prices with --prices DIR."
        )
