"""What Slack documents about messages, as a check: https://docs.slack.dev/reference/block-kit/blocks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEXT, _HEADER, _FIELD = 3000, 150, 2000


def violations(document: bytes) -> list[str]:
    """Return what Slack would refuse a message for."""
    message = json.loads(document)
    blocks = message["blocks"]
    found = [] if 1 <= len(blocks) <= 50 else [f"{len(blocks)} blocks"]
    whole = len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
    found += [] if whole <= 13_000 else [f"{whole} characters in all"]
    found += [] if 0 < len(message["text"]) <= 40_000 else ["text"]
    return found + [problem for block in blocks for problem in _of(block)]


def texts(document: bytes) -> list[dict[str, Any]]:
    """Return every text object of a message."""
    return [text for block in json.loads(document)["blocks"] for text in _texts(block)]


def _texts(block: dict[str, Any]) -> list[dict[str, Any]]:
    return [*([block["text"]] if "text" in block else []), *block.get("fields", []), *block.get("elements", [])]


def _of(block: dict[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "header":
            if block["text"]["type"] != "plain_text" or not 0 < len(block["text"]["text"]) <= _HEADER:
                yield "header"
        case "section":
            if "text" not in block and "fields" not in block:
                yield "empty section"
            if not all(0 < len(field["text"]) <= _FIELD for field in block.get("fields", [])):
                yield "field"
            if not len(block.get("fields", [])) <= 10:
                yield "fields"
        case "context":
            if not 1 <= len(block["elements"]) <= 10:
                yield "elements"
        case unknown:
            yield f"block {unknown}"
    yield from (f"text of {len(text['text'])}" for text in _texts(block) if not 0 < len(text["text"]) <= _TEXT)
