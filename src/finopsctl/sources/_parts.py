"""Expressions that several sources share: what is left of a total, tags as sorted JSON, values worked out once each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PRIVATE_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "x-litellm-api-key",
        "x-auth-token",
        "x-forwarded-for",
        "x-real-ip",
        "x-client-ip",
        "x-original-forwarded-for",
        "x-azure-clientip",
        "x-envoy-external-address",
        "true-client-ip",
        "cf-connecting-ip",
        "fastly-client-ip",
        "forwarded",
    }
)
"""Request headers that carry secrets or addresses: never kept as tags."""


def remainder(total: pl.Expr, parts: Sequence[pl.Expr]) -> pl.Expr:
    """Return what is left of ``total`` after its known ``parts`` (null parts count as none), never below 0.

    Null where the total is not known.
    """
    left = total - pl.sum_horizontal(*(part.fill_null(0) for part in parts))
    return left.clip(lower_bound=0)


def overdrawn(name: str, total: pl.Expr, parts: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the remark for rows whose ``parts`` exceed their ``total``, naming both, else null."""
    whole = pl.sum_horizontal(*(part.fill_null(0) for part in parts.values()))
    text = pl.format("{}: {} is less than its parts {} = {}", pl.lit(name), total, pl.lit(" + ".join(parts)), whole)
    return pl.when(whole > total).then(text)


def by_distinct(
    frame: pl.LazyFrame, columns: Sequence[str], work: Callable[..., Mapping[str, Any]], result: pl.Schema
) -> pl.LazyFrame:
    """Add the columns of ``result``, worked out in Python once for each distinct combination of ``columns``."""

    def add(data: pl.DataFrame) -> pl.DataFrame:
        distinct = data.select(columns).unique(maintain_order=True)
        rows = [work(*values) for values in distinct.iter_rows()]
        answers = pl.DataFrame(rows, schema=result, orient="row") if rows else result.to_frame()
        table = pl.concat([distinct, answers], how="horizontal")
        return data.join(table, on=columns, how="left", nulls_equal=True, maintain_order="left")

    schema = frame.collect_schema()
    return frame.map_batches(add, schema=pl.Schema({**schema, **result}), validate_output_schema=True)


def tags_json(labels: Mapping[str, Any]) -> str | None:
    """Return labels as a JSON object with sorted keys, text values as they are; None when there are none.

    A label with several values is the text of a JSON list, each value once; a list of one is that value. Secrets and
    addresses that arrive as request headers are left out.
    """
    plain = {str(key): _single(value) if isinstance(value, list) else value for key, value in labels.items()}
    kept = {
        key: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for key, value in plain.items()
        if value not in (None, "", [], {}) and key.lower() not in PRIVATE_HEADERS
    }
    return json.dumps(dict(sorted(kept.items())), ensure_ascii=False) if kept else None


def _single(values: list[Any]) -> Any:  # noqa: ANN401 - a JSON value
    """Return a list without empty and repeated values, or its only value."""
    kept = [value for at, value in enumerate(values) if value not in (None, "") and value not in values[:at]]
    return kept[0] if len(kept) == 1 else kept
