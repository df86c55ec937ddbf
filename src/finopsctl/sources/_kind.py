"""What kind of record a row is where its file does not say: one request, a bucket of them, or money without usage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import COST_TYPES, RECORD_KIND, RECORD_KINDS
from finopsctl.ledger.token_classes import TOKEN_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection

_COUNTS = ("requests", "consumed_quantity", *TOKEN_COLUMNS)
_OF_REQUESTS = (
    *("trace_id", "latency_ms", "time_to_first_token_ms", "errors", "retries", "fallbacks", "cache_hits"),
    *("tasks", "task_successes", "cost_type"),
)


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


def is_cost_line(columns: Collection[str]) -> pl.Expr:
    """Return whether a row is money that says nothing of usage, so that no request is counted.

    That is money for something of a cost type; and all money of a file that counts nothing and knows of no requests.

    Args:
        columns: The columns of the ledger that the file has.
    """
    if "reported_cost" not in columns:
        return pl.lit(value=False)
    is_silent = [pl.col(name).is_null() for name in _COUNTS if name in columns]
    is_money = pl.all_horizontal(*is_silent, pl.col("reported_cost").is_not_null())
    if not any(name in columns for name in (*_COUNTS, *_OF_REQUESTS)):
        return is_money
    if "cost_type" not in columns:
        return pl.lit(value=False)
    no_model = pl.col("model").is_null() if "model" in columns else pl.lit(value=True)
    return is_money & no_model & pl.col("cost_type").is_not_null()


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
