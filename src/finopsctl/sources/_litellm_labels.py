"""Labels of LiteLLM requests: which of them name a ledger column, which are tags, which must not be kept.

Labels come as ``metadata.tags``, ``metadata.spend_logs_metadata`` and custom headers; whoever sends a request chooses
them. Secrets, addresses and texts too long for a label are left out.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from finopsctl.sources._parts import tags_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLUMN_OF = {
    "environment": "environment",
    "env": "environment",
    "feature": "feature",
    "use_case": "feature",
    "usecase": "feature",
    "project": "project",
    "product": "project",
    "workload": "workload",
    "prompt_version": "prompt_version",
    "customer": "customer",
    "tenant": "customer",
    "plan": "plan",
    "cache_type": "cache_type",
}

_LABELLED = ("environment", "feature", "project", "workload", "prompt_version", "customer", "plan", "cache_type")
LABELS = pl.Schema(dict.fromkeys((*(f"label_{name}" for name in _LABELLED), "tags"), pl.String()))
"""What it gives: the labels that name a ledger column, and the rest as tags."""
LABEL_TEXTS = ("request_tags", "free_labels", "headers", "organization", "agent")
"""Columns of a request that :func:`sorted_labels` takes, in its order."""
_PRIVATE = re.compile(
    r"(^|[-_ ])(secret|password|passwd|token|authorization|auth|cookie|credentials?|api[-_]?key|ip|ip[-_]?address|"
    r"remote[-_]?addr|prompt|messages?|response|completion|input|output)$"
)
_ADDRESS_IN = re.compile(r'"\d{1,3}(\.\d{1,3}){3}"')
_LIKE_ADDRESS = re.compile(r"\s*[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*[\s%,]|\s*[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*$")
_CONTROL = re.compile(r"[\x00-\x1f]")
_LONGEST_LABEL = 500


@lru_cache(maxsize=1 << 15)
def sorted_labels(
    request_tags: str | None, free: str | None, headers: str | None, organization: str | None, agent: str | None
) -> dict[str, str | None]:
    """Sort a request's labels into ledger columns and tags.

    Args:
        request_tags: JSON list of ``name:value`` texts.
        free: JSON object of free labels; where both name a column, this one wins.
        headers: JSON object of request headers; only ``x-...`` are kept, under their own names.
        organization: Organization id.
        agent: Agent id.

    Returns:
        A value for every column of ``LABELS``.
    """
    columns: dict[str, str] = {}
    tags: dict[str, Any] = {}
    for name, value in (*_pairs(free), *_gathered(_pairs(request_tags))):
        column = _column_of(name)
        if column and isinstance(value, str | int | float) and _is_short(value) and not _is_address(value):
            # A second, different value stays among the tags, as do those that another field may outrank.
            fits = columns.setdefault(column, str(value)) == str(value)
            if fits and column not in ("customer", "project"):
                continue
        _keep(tags, name, value)
    for name, value in _pairs(headers):
        if name.lower().startswith("x-") and not name.lower().startswith("x-stainless-"):
            _keep(tags, name.lower(), value)
    _keep(tags, "organization", organization)
    _keep(tags, "agent", agent)
    return {f"label_{name}": columns.get(name) for name in _LABELLED} | {"tags": tags_json(tags)}


def _keep(tags: dict[str, Any], name: str, value: Any) -> None:  # noqa: ANN401 - a JSON value
    """Add a label unless it is a secret, an address, or too long to be a label (a prompt, say)."""
    if value is None or _is_private(name) or _is_address(value):
        return
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if len(text) <= _LONGEST_LABEL and (isinstance(value, str) or not _ADDRESS_IN.search(text)):
        tags.setdefault(name, value)


def _is_short(value: str | float) -> bool:
    return len(str(value)) <= _LONGEST_LABEL


def _gathered(pairs: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield the labels of a list, a name that stands there several times once, with the list of its values.

    What names a ledger column stays apart: the first value is that column's. So does the user agent, which stands
    there twice, with and without its version. Values beyond what a label may hold are left out.
    """
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        if _column_of(name) or name == "user-agent":
            yield name, value
        elif name not in found:
            found[name] = [value]
        elif not _is_address(value) and len(msgspec.json.encode([*found[name], value])) <= _LONGEST_LABEL:
            found[name].append(value)
    for name, values in found.items():
        yield name, values[0] if len(values) == 1 else values


@lru_cache(maxsize=1 << 12)
def _column_of(name: str) -> str | None:
    return _COLUMN_OF.get(name.lower().replace("-", "_").replace(" ", "_"))


@lru_cache(maxsize=1 << 12)
def _is_private(name: str) -> bool:
    return not name or bool(_PRIVATE.search(name.lower())) or _is_address(name)


def _pairs(text: str | None) -> Iterator[tuple[str, Any]]:
    """Yield the labels in JSON text: an object's items, or a list of ``name:value`` (a bare word is ``true``)."""
    if not text or text in ("[]", "{}", "null"):
        return
    value = _decoded(text)
    if isinstance(value, dict):
        yield from ((str(name), item) for name, item in value.items() if item not in (None, "", [], {}))
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield from ((str(name), inner) for name, inner in item.items() if inner not in (None, "", [], {}))
        elif isinstance(item, str) and item.strip() and not _is_address(item):
            name, colon, rest = item.partition(":")
            name = "user-agent" if name.lower() == "user-agent" else name.strip()
            yield name, rest.strip() if colon else "true"


def _decoded(text: str) -> Any:  # noqa: ANN401 - a JSON value
    for attempt in (text, _CONTROL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)):
        try:
            return msgspec.json.decode(attempt)
        except (msgspec.DecodeError, RecursionError):
            # Polars leaves control characters unescaped where it writes an object as text.
            continue
    return None if text[:1] in "[{" else [text]


def _is_address(value: object) -> bool:
    """Whether a label's value is an IP address (the first of several, with or without a port)."""
    if not isinstance(value, str) or not _LIKE_ADDRESS.match(value):
        return False
    first = value.split(",", 1)[0].strip()
    try:
        ip_address(first.partition(":")[0] if "." in first and first.count(":") == 1 else first)
    except ValueError:
        return False
    return True
