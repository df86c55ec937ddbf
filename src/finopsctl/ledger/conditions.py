"""What filters, budgets and allocation rules have in common: dimension names, tag values and patterns.

A tag may have several values: its text is then a JSON list. A record still counts once: its value is the first one,
while a pattern fits when it fits any of them.

A pattern is plain text, or a glob: ``*`` stands for any run of characters and ``?`` for one; everything else,
brackets included, means itself (model names such as ``claude-opus-4[1m]`` contain them). ``*`` alone means "has a
value", an empty pattern "has none". Upper and lower case differ.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache, partial
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
    """Return the value of the tag ``name`` in the column ``tags``, the first of several; null without any."""
    return pl.coalesce(_listed(name).str.json_path_match("$[0]"), tag_text(name))


def tag_text(name: str) -> pl.Expr:
    """Return the text of the tag ``name``, a JSON list where it has several values (:func:`values_in`); null: none.

    A name with a backslash in it is never found: the path language of Polars has no way to write one.
    """
    tags = pl.col("tags")
    if _PLAIN_NAME.fullmatch(name):
        # Records without the tag skip the JSON parser, which costs forty times as much as this search.
        tags = pl.when(tags.str.contains(f'"{name}"', literal=True)).then(tags)
    quoted = name.replace("'", r"\'")
    text = tags.str.json_path_match(f"$['{quoted}']")
    return pl.when(text.str.len_bytes() > 0).then(text)


def tag_matches(name: str, patterns: Iterable[str], *, glob: bool = True, first: pl.Expr | None = None) -> pl.Expr:
    """Return whether any value of the tag ``name`` fits any of ``patterns``; never null.

    Args:
        name: The tag.
        patterns: As ``matches`` takes them.
        glob: Whether ``*`` and ``?`` stand for other characters.
        first: ``tag_value(name)`` where it is at hand, so that tags are not read again.
    """
    wanted = tuple(patterns)
    several = _listed(name).map_batches(partial(_any_fits, wanted, glob), pl.Boolean(), is_elementwise=True)
    fits_first = matches(tag_value(name) if first is None else first, wanted, glob=glob)
    return fits_first | several.fill_null(value=False)


@lru_cache(maxsize=1 << 12)
def values_in(text: str) -> tuple[str, ...]:
    """Return the values that a tag's text stands for: those of a JSON list, each once, else the text itself."""
    if not text.startswith("["):
        return (text,)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return (text,)
    texts = (item if isinstance(item, str) else _compact(item) for item in found if item not in (None, ""))
    return tuple(dict.fromkeys(texts)) or (text,)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _listed(name: str) -> pl.Expr:
    """Return the text of a tag where it is a list; the search spares most records the JSON parser."""
    text = pl.when(pl.col("tags").str.contains("[", literal=True)).then(tag_text(name))
    return pl.when(text.str.starts_with("[")).then(text)


def _any_fits(patterns: tuple[str, ...], glob: bool, texts: pl.Series) -> pl.Series:  # noqa: FBT001 - for partial
    """Tell of each list whether one of its values fits; each distinct list is looked at once."""
    distinct = texts.drop_nulls().unique().to_list()
    fitting = [
        text
        for text in distinct
        if any(value in patterns or (glob and fits(value, patterns)) for value in values_in(text))
    ]
    return texts.is_in(fitting)


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
        elif glob and is_glob(pattern):
            tests.append(text.str.contains(rf"\A{_regex(pattern)}\z"))
        else:
            literals.append(pattern)
    if literals or not tests:
        tests.append(text.is_in(literals))
    return pl.any_horizontal(tests).fill_null(value=False)


def is_glob(pattern: str) -> bool:
    """Return whether a pattern is more than plain text."""
    return "*" in pattern or "?" in pattern


def fits(text: str, patterns: Iterable[str]) -> bool:
    """Return whether a known, plain text fits any of ``patterns``: ``matches`` for one value."""
    return any(re.fullmatch(_regex(pattern), text) for pattern in patterns if pattern)


def _regex(pattern: str) -> str:
    jokers = {"*": ".*", "?": "."}
    return f"(?s:{''.join(jokers.get(letter) or re.escape(letter) for letter in pattern)})"
