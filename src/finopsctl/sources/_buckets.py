"""Reports in time buckets: each bucket's list of results becomes one row a result, typed by the readers' own rules.

A result that cannot be typed is set aside alone; the rest of its bucket counts.
"""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from finopsctl.ledger.schema import MONEY
from finopsctl.sources._parts import by_distinct, tags_json
from finopsctl.sources._source import BAD
from finopsctl.sources._typed import LOST_ESCAPES, coerce_record, from_wire, money, wire_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finopsctl.sources._probe import Probe

_REFUSED = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_NUMBER = "__result"


def results_of(buckets: pl.LazyFrame, column: str, fields: pl.Schema) -> pl.LazyFrame:
    """Return one row for each element of a bucket's list.

    Args:
        buckets: Rows with a List(String) ``column`` of JSON texts; their other columns are repeated.
        column: The list; a bucket whose list is empty gives no row, one without a list is bad.
        fields: What to read of each element; the names must differ from those of the other columns.

    Returns:
        The other columns, ``fields`` in their types, and ``BAD``: why an element cannot be counted, else null.
    """
    kept = {name: dtype for name, dtype in buckets.collect_schema().items() if name != column}
    schema = pl.Schema({**kept, **fields, BAD: pl.String()})
    return buckets.map_batches(lambda frame: _results(frame, column, fields).select(schema.names()), schema=schema)


def _results(buckets: pl.DataFrame, column: str, fields: pl.Schema) -> pl.DataFrame:
    listless = buckets.filter(pl.col(column).is_null()).drop(column)
    empty = fields.to_frame().clear(listless.height)
    unread = pl.concat([listless, empty], how="horizontal").with_columns(
        pl.lit(f"it has no list of {column}", pl.String).alias(BAD)
    )
    elements = (
        buckets.filter(pl.col(column).list.len() > 0)
        .with_columns(pl.int_ranges(1, pl.col(column).list.len() + 1).alias(_NUMBER))
        .explode(column, _NUMBER)
    )
    typed = _typed(elements[column], fields)
    placed = pl.concat([elements.drop(column), typed], how="horizontal").with_columns(
        pl.when(pl.col(BAD).is_not_null())
        .then(pl.format("{} {}: {}", pl.lit(column.removesuffix("s")), pl.col(_NUMBER), pl.col(BAD)))
        .alias(BAD)
    )
    return pl.concat([placed.drop(_NUMBER), unread], how="vertical")


def _typed(texts: pl.Series, fields: pl.Schema) -> pl.DataFrame:
    """Return the JSON objects in ``texts`` as columns ``fields`` and ``BAD``."""
    wired = wire_schema(fields)
    if texts.is_empty():
        return fields.to_frame().with_columns(pl.lit(None, pl.String).alias(BAD))
    frame = pl.DataFrame()
    if not texts.str.contains(LOST_ESCAPES).any():
        with suppress(*_REFUSED):
            frame = pl.read_ndjson(io.BytesIO("\n".join(texts.fill_null("")).encode()), schema=wired)
    if frame.height == texts.len():
        return from_wire(frame, fields)
    records: list[dict[str, object]] = []
    reasons: list[str | None] = []
    for text in texts:
        try:
            records.append(coerce_record(msgspec.json.decode(text or "null"), wired))
            reasons.append(None)
        except (msgspec.DecodeError, RecursionError):
            records.append({})
            reasons.append("an object was expected, not text")
        except ValueError as problem:
            records.append({})
            reasons.append(str(problem))
    lines = b"\n".join(msgspec.json.encode(record) for record in records)
    typed = from_wire(pl.read_ndjson(io.BytesIO(lines), schema=wired), fields)
    return typed.with_columns(pl.coalesce(pl.Series(reasons, dtype=pl.String), BAD).alias(BAD))


def with_tags(frame: pl.LazyFrame, labels: Mapping[str, str]) -> pl.LazyFrame:
    """Add the column ``tags`` from text columns.

    Args:
        frame: Rows.
        labels: Tag name to column name; null and empty values give no tag.
    """
    names = tuple(labels)
    return by_distinct(
        frame,
        tuple(labels.values()),
        lambda *values: {"tags": tags_json(dict(zip(names, values, strict=True)))},
        pl.Schema({"tags": pl.String()}),
    )


def cents(text: pl.Expr) -> pl.Expr:
    """Read an amount in cents from text as dollars, exactly to 1e-12; null where it is none or does not fit."""
    plain = text.str.strip_chars()
    scaled = plain.cast(pl.Decimal(38, 14), strict=False) / pl.lit(100, pl.Decimal(38, 0))
    return pl.when(plain.str.contains("[eE]")).then(scaled.cast(MONEY, strict=False)).otherwise(money(plain + "e-2"))


def amount_text(amount: pl.Expr) -> pl.Expr:
    """Return an amount as text without zeros at its end, for a tag."""
    return amount.cast(pl.String).str.replace(r"\.?0+$", "")


def not_an_amount(name: str, text: pl.Expr, amount: pl.Expr) -> pl.Expr:
    """Return why ``text`` gave no ``amount``, else null (also where there is no text)."""
    given = text.str.strip_chars() != ""
    reason = pl.format("{}: '{}' is not an amount", pl.lit(name), text.str.slice(0, 60))
    return pl.when(given & amount.is_null()).then(reason)


def in_buckets(look: Probe, start: str, column: str) -> bool:
    """Return whether a file is made of buckets, bare or in pages: objects with the keys ``start`` and ``column``.

    Names deeper down do not count, since a log may hold anything there; only of a bucket too large for the first look
    the names are all there is.
    """
    for record in look.records:
        page = record.get("data")
        for bucket in page if isinstance(page, list) else [record]:
            if isinstance(bucket, dict) and {start, column} <= bucket.keys():
                return True
    return not look.records and look.has(start, column) and bool(look.top & {"data", start})


def listed(look: Probe, column: str) -> Iterator[dict[str, object]]:
    """Yield the elements of the lists called ``column`` in the records a probe saw, whether pages or buckets."""
    for record in look.records:
        page = record.get("data")
        for bucket in page if isinstance(page, list) else [record]:
            inner = bucket.get(column) if isinstance(bucket, dict) else None
            yield from (item for item in inner if isinstance(item, dict)) if isinstance(inner, list) else ()
