r"""The ledger itself: CSV, JSON lines or Parquet with columns named as in the ledger.

``normalize`` writes such files; anyone may. Needed are ``charge_period_start`` (dates are accepted) and one of
``input_tokens``, ``output_tokens``, ``requests``, ``reported_cost``, ``consumed_quantity``; every other column is
optional and columns the ledger does not know become tags. Amounts may be numbers or text. Where ``record_kind`` is
left out a row is ``cost`` when it has a cost type, an amount and no model or usage at all, or when it has an amount
and nothing in the file counts usage or tells of requests; else ``usage`` when it has an end and other than one
request; else one ``request``. In CSV, text that a
spreadsheet would have run as a formula has an apostrophe before it (``^'+[=+\-@\t\r]``), which is taken away.

A Parquet ledger is also scanned where it lies (:func:`scan`), so that a question reads the columns it needs and no
others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT, LEDGER, LEDGER_SCHEMA, MONEY, RECORD_KIND, conform
from finopsctl.sources._kind import is_cost_line, kind_and_requests, unknown_cost_type, unknown_kind
from finopsctl.sources._labels import extra_fields, is_private, merged_tags
from finopsctl.sources._source import AT, BAD, Source
from finopsctl.sources._typed import epoch, instant, money

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from finopsctl.sources._probe import Probe

_ONE_OF = ("input_tokens", "output_tokens", "requests", "reported_cost", "consumed_quantity")
_TEXTS = tuple(c.name for c in LEDGER if c.dtype == pl.String)
_ESCAPED = r"^'+[=+\-@\t\r]"
_RAW = pl.Schema({**LEDGER_SCHEMA, "record_kind": pl.String()})
_NOT_IDENTITY = ("record_id", "source", "origin", "canonical_model", "model_tier")


def is_ledger(look: Probe) -> bool:
    """Whether a file has the columns that make it a ledger."""
    if look.shape in ("csv", "parquet"):
        return look.has("charge_period_start") and any(look.has(name) for name in _ONE_OF)
    return any(look.any_record("charge_period_start", name) for name in _ONE_OF)


def _score(look: Probe) -> float:
    return 1.0 if is_ledger(look) else 0.0


def _adapt(look: Probe) -> Source:
    """Return the source for one file: with its further columns, and knowing whether text is escaped."""
    extras = extra_fields(look, LEDGER_SCHEMA.names())
    columns = frozenset(name for name in LEDGER_SCHEMA if look.has(name))
    escaped = look.shape == "csv"
    return replace(
        SOURCE,
        raw=pl.Schema({**_RAW, **dict.fromkeys(extras, pl.String())}),
        to_ledger=lambda frame: _to_ledger(frame, extras, columns, escaped=escaped),
        adapt=None,
    )


def _to_ledger(
    frame: pl.LazyFrame,
    extras: Sequence[str] = (),
    columns: Collection[str] = frozenset(LEDGER_SCHEMA),
    *,
    escaped: bool = False,
) -> pl.LazyFrame:
    if escaped:
        frame = frame.with_columns(_unescaped(name) for name in (*_TEXTS, "record_kind", *extras))
    frame = frame.with_columns(cost_type=pl.col("cost_type").str.strip_chars().str.to_lowercase())
    told = pl.coalesce(pl.col("record_kind"), pl.when(is_cost_line(columns)).then(pl.lit("cost")))
    kind, requests = kind_and_requests(told, pl.col("requests"), pl.col("charge_period_end"))
    return frame.with_columns(
        pl.coalesce(unknown_kind(pl.col("record_kind")), unknown_cost_type(pl.col("cost_type"))).alias(BAD),
        record_kind=kind,
        requests=requests,
        tags=merged_tags([pl.col("tags", *extras)], "tags"),
    ).select(AT, BAD, *LEDGER_SCHEMA)


def _unescaped(name: str) -> pl.Expr:
    text = pl.col(name)
    return pl.when(text.str.contains(_ESCAPED)).then(text.str.slice(1)).otherwise(text).alias(name)


def is_exact(path: Path) -> bool:
    """Whether a Parquet file has every ledger column in the ledger's own type, as ``normalize`` writes it.

    Such a file needs no check of its values' types; any other is better read record by record.
    """
    return pl.read_parquet_schema(path) == dict(LEDGER_SCHEMA)


def scan(path: Path) -> pl.LazyFrame:
    """Return the rows of a Parquet ledger as a lazy frame of exactly the ledger's columns.

    Nothing is read until it is collected, and then only the columns asked for. A file that ``normalize`` wrote comes
    as it is; otherwise missing columns are added, types brought to the ledger's, further columns put into ``tags``.
    Values are not checked here: what does not fit its type is null, so read files with :func:`is_exact` false through
    ``sources.read`` where that matters.

    Args:
        path: A Parquet file, uncompressed as a container.
    """
    frame = pl.scan_parquet(path)
    schema = frame.collect_schema()
    if schema == LEDGER_SCHEMA:
        return frame
    extras = sorted(name for name in schema.names() if name not in LEDGER_SCHEMA and not is_private(name))
    wanted = [_as(name, schema[name], LEDGER_SCHEMA[name]) for name in LEDGER_SCHEMA if name in schema]
    texts = [_as(name, schema[name], pl.String()) for name in extras]
    typed = frame.select(*wanted, *texts)
    kind = pl.col("record_kind").cast(pl.String) if "record_kind" in schema else pl.lit(None, pl.String)
    requests = pl.col("requests") if "requests" in schema else pl.lit(None, pl.Int64)
    end = pl.col("charge_period_end") if "charge_period_end" in schema else pl.lit(None, INSTANT)
    told = pl.coalesce(kind, pl.when(is_cost_line(schema.names())).then(pl.lit("cost")))
    filled_kind, filled_requests = kind_and_requests(told, requests, end)
    origin = pl.format("{}#{}", pl.lit(str(path)), pl.int_range(1, pl.len() + 1))
    filled = typed.with_columns(
        record_kind=filled_kind,
        requests=filled_requests,
        source=_filled("source", schema, pl.lit(SOURCE.name)),
        origin=_filled("origin", schema, origin),
    )
    if extras:
        own = "tags" if "tags" in schema else None
        filled = filled.with_columns(tags=merged_tags([pl.col(*extras, *([own] if own else []))], own))
    return _identified(conform(filled))


def _filled(name: str, schema: pl.Schema, value: pl.Expr) -> pl.Expr:
    return pl.coalesce(pl.col(name), value) if name in schema else value


def _identified(ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Give rows without an id a hash of their columns and their ordinal among equal rows."""
    parts = [pl.col(n).cast(pl.String).fill_null("\x00") for n in LEDGER_SCHEMA if n not in _NOT_IDENTITY]
    digest = pl.concat_str(parts, separator="\x1f").hash()
    ordinal = pl.int_range(pl.len()).over(digest)
    return ledger.with_columns(record_id=pl.coalesce(pl.col("record_id"), pl.format("{}-{}", digest, ordinal)))


def _as(name: str, have: pl.DataType, want: pl.DataType) -> pl.Expr:
    """Return a column in the type the ledger has for it."""
    value = pl.col(name)
    if have == want:
        return value
    text = value.cast(pl.String).str.strip_chars()
    if want == INSTANT:
        return _as_instant(value, have).alias(name)
    if want == MONEY:
        return value.cast(MONEY) if have.is_decimal() or have.is_integer() else money(text)
    if want in (RECORD_KIND, pl.String()):
        return value.struct.json_encode() if isinstance(have, pl.Struct) else value.cast(pl.String, strict=False)
    if want.is_integer() and have.is_float():
        return pl.when(value == value.round()).then(value.cast(want, strict=False))
    return value.cast(want, strict=False) if have.is_numeric() else text.cast(want, strict=False)


def _as_instant(value: pl.Expr, have: pl.DataType) -> pl.Expr:
    if isinstance(have, pl.Datetime) and have.time_zone:
        return value.dt.convert_time_zone("UTC").cast(INSTANT)
    if isinstance(have, pl.Datetime | pl.Date):
        return value.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    text = value.cast(pl.String)
    return epoch(text) if have.is_numeric() else instant(text)


SOURCE = Source(
    name="ledger",
    title="The ledger itself (what normalize writes), or any file with its column names",
    family="ledger",
    shapes=("csv", "jsonl", "json", "parquet"),
    raw=_RAW,
    score=_score,
    to_ledger=_to_ledger,
    export="finopsctl normalize logs/ -f parquet -o ledger.parquet",
    adapt=_adapt,
)
