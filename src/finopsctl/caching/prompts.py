"""Prompts in LiteLLM's logs, as hashes of message prefixes: nothing of the text is kept.

Spend logs and standard logging carry ``messages`` where the gateway is told to store prompts (in newer versions inside
``proxy_server_request``). A message gets the share of the row's prompt tokens that its length has in the whole.
Requests to different models never share a prefix: providers keep a cache per model.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from finopsctl.caching.trace import Prompt

if TYPE_CHECKING:
    from collections.abc import Mapping

_REDACTED = "redacted-by-litellm"
_DIGEST = 16


class LeftOut(Exception):  # noqa: N818 - not a problem: a request that tells nothing of prompt caches
    """A request that is no part of the trace for a good reason, which is its text."""


def is_log(record: Mapping[str, Any]) -> bool:
    """Whether a record is a line of a gateway log rather than of a hash trace."""
    return "hash_ids" not in record and ("messages" in record or "startTime" in record)


def prompt_of_log(record: Mapping[str, Any]) -> Prompt:
    """Return the request of one row of a log.

    Raises:
        LeftOut: It was answered by the gateway's own cache, or carries no prompt.
        ValueError: It cannot be read; the text says why.
    """
    if str(record.get("cache_hit")).lower() == "true":
        raise LeftOut("answered by the gateway's response cache")
    messages = _messages(record)
    if not messages:
        raise LeftOut("no prompt is logged")
    length, at = _count(record, "prompt_tokens"), _milliseconds(record.get("startTime"))
    texts = [json.dumps(message, sort_keys=True, separators=(",", ":")).encode() for message in messages]
    chain = blake2b(f"{record.get('custom_llm_provider')}/{record.get('model')}".encode(), digest_size=_DIGEST)
    units = []
    for text in texts:
        chain.update(len(text).to_bytes(8, "big") + text)
        units.append(chain.digest())
    sizes = list(accumulate(len(text) for text in texts))
    ends = tuple(length * size // sizes[-1] for size in sizes)
    return Prompt(at, length, _count(record, "completion_tokens"), tuple(units), ends, len(units))


def _messages(record: Mapping[str, Any]) -> list[Any]:
    body = _parsed(record.get("proxy_server_request"))
    inside = body.get("messages") if isinstance(body, dict) else None
    for value in (record.get("messages"), inside):
        found = _parsed(value)
        if isinstance(found, list) and found:
            return [] if any(_REDACTED in json.dumps(message) for message in found) else found
    return []


def _parsed(value: object) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def _count(record: Mapping[str, Any], key: str) -> int:
    count = record.get(key) or 0
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ValueError(f"{key} is no number of tokens")
    return count


def _milliseconds(value: object) -> float:
    """Read LiteLLM's times: seconds since 1970, or ISO 8601, in UTC where it names no zone."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf"):
        return value * 1000
    with suppress(ValueError, TypeError):
        moment = datetime.fromisoformat(str(value).replace(" ", "T", 1))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
    raise ValueError("startTime is no time")
