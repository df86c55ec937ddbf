"""What kind of record a row is where its file does not say: one request, or a bucket of them."""

from __future__ import annotations

import polars as pl

from finopsctl.ledger.schema import RECORD_KIND, RECORD_KINDS


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


def unknown_kind(kind: pl.Expr) -> pl.Expr:
    """Return the reason to set a record aside when its written kind is none the ledger knows, else null."""
    said = kind.str.strip_chars().str.to_lowercase()
    reason = pl.format("record_kind: '{}' is none of {}", kind.str.slice(0, 60), pl.lit(", ".join(RECORD_KINDS)))
    return pl.when(said.is_not_null() & ~said.is_in(RECORD_KINDS)).then(reason)
