"""What kind of record a row is where its file does not say: one request, a bucket of them, or money without usage."""

from __future__ import annotations

import polars as pl

from finopsctl.ledger.schema import COST_TYPES, RECORD_KIND, RECORD_KINDS
from finopsctl.ledger.token_classes import TOKEN_COLUMNS

_USAGE = ("model", "requests", "consumed_quantity", *TOKEN_COLUMNS)


def kind_and_requests(kind: pl.Expr, requests: pl.Expr, end: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return ``record_kind`` and ``requests`` with what is left out filled in.

    A row with an end and other than one request is a bucket (``usage``); any other is one request, and counts as one.
    A kind that is written but unknown gives null: see :func:`unknown_kind`.

    Args:
        kind: ``record_kind`` as text, in any case.
        requests: Int64, null where not said.
        end: ``charge_period_end``.
    """
    is_bucket = end.is_not_null() & requests.ne_missing(1)
    guessed = pl.when(is_bucket).then(pl.lit("usage")).otherwise(pl.lit("request"))
    said = kind.str.strip_chars().str.to_lowercase()
    filled = said.fill_null(guessed).cast(RECORD_KIND, strict=False)
    return filled, pl.when(said.is_null() & ~is_bucket).then(requests.fill_null(1)).otherwise(requests)


def is_cost_line() -> pl.Expr:
    """Return whether a row is money for something of a cost type, and says nothing of usage: no request is counted."""
    silent = pl.all_horizontal(pl.col(name).is_null() for name in _USAGE)
    return silent & pl.col("cost_type").is_not_null() & pl.col("reported_cost").is_not_null()


def unknown_cost_type(said: pl.Expr) -> pl.Expr:
    """Return the reason to set a record aside when its cost type is none the ledger knows, else null.

    Args:
        said: ``cost_type`` in lower case.
    """
    reason = pl.format("cost_type: '{}' is none of {}", said.str.slice(0, 60), pl.lit(", ".join(COST_TYPES)))
    return pl.when(said.is_not_null() & ~said.is_in(COST_TYPES)).then(reason)


def unknown_kind(kind: pl.Expr) -> pl.Expr:
    """Return the reason to set a record aside when its written kind is none the ledger knows, else null."""
    said = kind.str.strip_chars().str.to_lowercase()
    reason = pl.format("record_kind: '{}' is none of {}", kind.str.slice(0, 60), pl.lit(", ".join(RECORD_KINDS)))
    return pl.when(said.is_not_null() & ~said.is_in(RECORD_KINDS)).then(reason)
