"""The token classes: disjoint parts whose sum is all tokens of a record.

Each class is a ledger column and, in a price file, a rate key. A class without a rate may fall back to another one
(``reasoning`` bills as ``output``, ``image_input`` as ``input``); any other class that has tokens and no rate leaves
the record unpriced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class TokenClass:
    """One class of tokens.

    Args:
        column: The ledger column that counts it.
        rate_key: The key of its rate in a price file; also its name in ``--by token_class``.
        direction: Whether it counts as input or as output.
        cost_part: The ledger column that takes its list cost.
        bills_as: The rate key used where a price line has no rate of its own for the class; None: no fallback.
    """

    column: str
    rate_key: str
    direction: Literal["input", "output"]
    cost_part: str
    bills_as: str | None = None


TOKEN_CLASSES: tuple[TokenClass, ...] = (
    TokenClass("input_tokens", "input", "input", "list_input_cost"),
    TokenClass("cache_read_tokens", "cache_read", "input", "list_cache_read_cost"),
    TokenClass("cache_write_tokens", "cache_write", "input", "list_cache_write_cost"),
    TokenClass("cache_write_1h_tokens", "cache_write_1h", "input", "list_cache_write_cost"),
    TokenClass("audio_input_tokens", "audio_input", "input", "list_input_cost"),
    TokenClass("image_input_tokens", "image_input", "input", "list_input_cost", bills_as="input"),
    TokenClass("output_tokens", "output", "output", "list_output_cost"),
    TokenClass("reasoning_tokens", "reasoning", "output", "list_output_cost", bills_as="output"),
    TokenClass("audio_output_tokens", "audio_output", "output", "list_output_cost"),
    TokenClass("image_output_tokens", "image_output", "output", "list_output_cost"),
)

TOKEN_COLUMNS: tuple[str, ...] = tuple(c.column for c in TOKEN_CLASSES)
INPUT_COLUMNS: tuple[str, ...] = tuple(c.column for c in TOKEN_CLASSES if c.direction == "input")
OUTPUT_COLUMNS: tuple[str, ...] = tuple(c.column for c in TOKEN_CLASSES if c.direction == "output")
