"""Fields that a format does not name become tags, except those that hold prompts, responses, addresses or secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.sources._parts import tags_json

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from finopsctl.sources._probe import Probe

_PRIVATE = frozenset(
    {
        *(
            "prompt",
            "prompts",
            "system_prompt",
            "messages",
            "message",
            "content",
            "contents",
            "text",
            "query",
            "question",
        ),
        *("input", "inputs", "output", "outputs", "answer", "completion", "completions", "response", "responses"),
        *("request", "request_body", "response_body", "body", "raw", "payload", "choices", "arguments", "tool_calls"),
        *("ip", "ip_address", "ip_addr", "client_ip", "remote_ip", "remote_addr", "source_ip", "x_forwarded_for"),
        *("requester_ip", "requester_ip_address", "user_agent", "headers", "cookie", "cookies"),
        *("authorization", "password", "secret", "token", "access_token", "api_secret"),
    }
)


def is_private(name: str) -> bool:
    """Whether a field of this name holds what is never kept: a prompt, a response, an address or a secret."""
    return name.strip().lower().replace("-", "_").replace(".", "_").replace(" ", "_") in _PRIVATE


def extra_fields(look: Probe, known: Collection[str]) -> tuple[str, ...]:
    """Return the fields of the file at hand that can become tags, sorted.

    Args:
        look: The file's probe; of JSON its first records, fields that hold objects or lists left out.
        known: Fields that the source reads itself.
    """
    if look.shape in ("csv", "parquet"):
        found, nested = set(look.names), set[str]()
    else:
        found = {name for record in look.records for name in record}
        nested = {name for record in look.records for name, value in record.items() if isinstance(value, dict | list)}
    kept = found - nested - set(known)
    return tuple(sorted(name for name in kept if name.strip() and not name.startswith("__") and not is_private(name)))


def merged_tags(labels: Sequence[pl.Expr], own: str | None) -> pl.Expr:
    """Return tags as sorted JSON out of text expressions, each named as its tag.

    Each distinct combination is worked out once.

    Args:
        labels: The tags, named.
        own: The name of the one that holds tags as JSON text itself; text that is no JSON object is the tag ``tags``.
    """

    def merge(values: pl.Series) -> pl.Series:
        frame = values.struct.unnest()
        names = frame.columns
        distinct = frame.unique(maintain_order=True)
        texts = [tags_of(row, own) for row in distinct.iter_rows(named=True)]
        answers = distinct.with_columns(pl.Series("__tags", texts, dtype=pl.String))
        joined = frame.join(answers, on=names, how="left", nulls_equal=True, maintain_order="left")
        return joined["__tags"]

    return pl.struct(labels).map_batches(merge, return_dtype=pl.String())


def tags_of(row: Mapping[str, Any], own: str | None) -> str | None:
    """Return one record's tags; a field of the record wins over a tag of the same name."""
    fields = {name: value for name, value in row.items() if name != own}
    return tags_json({**labels_in(row[own] if own else None), **fields})


def labels_in(text: str | None) -> dict[str, Any]:
    """Return the labels that JSON text holds: an object, or a list of ``{"key": ..., "value": ...}`` (Parquet maps)."""
    if text is None or not text.strip():
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {"tags": text}
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(item, dict) and "key" in item for item in value):
        return {str(item["key"]): item.get("value") for item in value}
    return {} if value is None else {"tags": text}
