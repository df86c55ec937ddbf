"""Which prices a ledger on disk was priced with: said in the metadata of the Parquet file, read where it is used."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.books.request import PeriodWish

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from finopsctl.books.books import Books

KEY = "finopsctl.pricing"
"""The metadata key: JSON with ``version``, ``checked`` (a date or null) and ``band_unknown`` (a count or null)."""


@dataclass(frozen=True, slots=True)
class StatedPrices:
    """What a ledger says of its prices.

    Args:
        version: Of the price catalogue.
        checked: Latest day any of its prices was compared with its source.
        band_unknown: Buckets priced in the lowest context band for want of knowing theirs; None: not said.
    """

    version: str
    checked: date | None
    band_unknown: int | None


def metadata_of(books: Books, *, whole: bool = True) -> dict[str, str]:
    """Return what a file that holds rows of ``books`` says of their prices; nothing where nothing was priced.

    Args:
        books: The books the rows are from.
        whole: Whether the file is to hold every row that the books' request asks for.
    """
    book = books.price_book or books.stated_prices
    if book is None:
        return {}
    request = books.request
    is_all = whole and not (request.where or request.as_of or request.period != PeriodWish())
    said = {
        "version": book.version,
        "checked": book.checked.isoformat() if book.checked else None,
        "band_unknown": books.band_unknown if is_all else None,
    }
    return {KEY: json.dumps(said)}


def stated(paths: Sequence[Path]) -> StatedPrices | None:
    """Return what Parquet ledgers say of their prices; None when one says nothing, or another catalogue."""
    found = [_stated(path) for path in paths]
    known = [each for each in found if each is not None]
    if not known or len(known) < len(found) or len({(each.version, each.checked) for each in known}) > 1:
        return None
    counts = [each.band_unknown for each in known]
    unknown = None if None in counts else sum(count or 0 for count in counts)
    return StatedPrices(known[0].version, known[0].checked, unknown)


def _stated(path: Path) -> StatedPrices | None:
    text = pl.read_parquet_metadata(path).get(KEY)
    try:
        said = json.loads(text or "null")
        checked, count = said["checked"], said["band_unknown"]
        return StatedPrices(
            str(said["version"]),
            date.fromisoformat(checked) if checked else None,
            None if count is None else int(count),
        )
    except (ValueError, KeyError, TypeError):
        return None
