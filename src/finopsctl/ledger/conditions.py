"""What filters, budgets and allocation rules have in common: dimension names, tag values and patterns.

A pattern is plain text, or a glob: ``*`` stands for any run of characters and ``?`` for one; everything else,
brackets included, means itself (model names such as ``claude-opus-4[1m]`` contain them). ``*`` alone means "has a
value", an empty pattern "has none". Upper and lower case differ.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

TAG = "tag:"
"""What the name of a dimension begins with that is a tag: ``tag:NAME``."""

SYNONYMS = {"use_case": "feature", "tenant": "customer", "product": "project"}
"""Other spellings of a dimension."""

_PLAIN_NAME = re.compile(r"[\w.:/@ -]+", re.ASCII)


def tag_value(name: str) -> pl.Expr:
    """Return the text of the tag ``name`` in the column ``tags``; null where a record has none or an empty one.

    A name with a backslash in it is never found: the path language of Polars has no way to write one.
    """
    tags = pl.col("tags")
    if _PLAIN_NAME.fullmatch(name):
        # Records without the tag skip the JSON parser, which costs forty times as much as this search.
        tags = pl.when(tags.str.contains(f'"{name}"', literal=True)).then(tags)
    quoted = name.replace("'", r"\'")
    text = tags.str.json_path_match(f"$['{quoted}']")
    return pl.when(text.str.len_bytes() > 0).then(text)


def matches(text: pl.Expr, patterns: Iterable[str], *, glob: bool = True) -> pl.Expr:
    """Return whether ``text`` fits any of ``patterns``; never null.

    Args:
        text: A text expression.
        patterns: Plain texts and globs; an empty one stands for null.
        glob: Whether ``*`` and ``?`` stand for other characters.
    """
    literals: list[str] = []
    tests: list[pl.Expr] = []
    for pattern in patterns:
        if not pattern:
            tests.append(text.is_null())
        elif glob and pattern == "*":
            tests.append(text.is_not_null())
        elif glob and ("*" in pattern or "?" in pattern):
            tests.append(text.str.contains(rf"\A{_regex(pattern)}\z"))
        else:
            literals.append(pattern)
    if literals or not tests:
        tests.append(text.is_in(literals))
    return pl.any_horizontal(tests).fill_null(value=False)


def fits(text: str, patterns: Iterable[str]) -> bool:
    """Return whether a known, plain text fits any of ``patterns``: ``matches`` for one value."""
    return any(re.fullmatch(_regex(pattern), text) for pattern in patterns if pattern)


def _regex(pattern: str) -> str:
    jokers = {"*": ".*", "?": "."}
    return f"(?s:{''.join(jokers.get(letter) or re.escape(letter) for letter in pattern)})"
