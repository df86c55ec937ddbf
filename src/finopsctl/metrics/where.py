"""Filters on ledger rows: ``team=support``, ``environment!=dev``, ``model~gpt-4*``.

A comma means "or", several filters mean "and". ``~`` and ``!~`` take globs (``*`` any text, ``?`` one character),
case-sensitive. An empty value or ``(untagged)`` stands for unknown. ``!=`` keeps rows whose value is unknown: unknown
is not dev.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError
from finopsctl.ledger import conditions
from finopsctl.metrics.dimensions import TOKEN_CLASS, UNTAGGED, dimension

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

_FILTER = re.compile(r"\s*(?P<name>(?:tag:.*?|\w+))\s*(?P<operator>!=|!~|=|~)(?P<values>.*)", re.DOTALL)


def condition(filters: Iterable[str], timezone: str = "UTC") -> pl.Expr | None:
    """Return the boolean expression rows must meet, or None when there is no filter.

    Args:
        filters: Texts such as ``team=support,search``.
        timezone: Of calendar dimensions.

    Raises:
        ConfigError: A filter that is not DIMENSION=VALUE, or an unknown dimension.
    """
    parts = [_parse(text, timezone) for text in filters]
    return reduce(and_, parts) if parts else None


def _parse(text: str, timezone: str) -> pl.Expr:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise ConfigError(f"cannot read the filter '{text}'", hint="Write DIMENSION=VALUE, !=VALUE, ~GLOB or !~GLOB.")
    asked = dimension(found["name"])
    if asked.name == TOKEN_CLASS:
        raise ConfigError(
            "filters act on records, and one record has several token classes", hint="Use --by token_class."
        )
    values = [value.strip() for value in found["values"].split(",")]
    matched = matches(asked.expr(timezone), values, glob="~" in found["operator"])
    return ~matched if found["operator"].startswith("!") else matched


def matches(value: pl.Expr, wanted: Iterable[str], *, glob: bool = True) -> pl.Expr:
    """Tell whether text ``value`` is one of ``wanted``, never null.

    Args:
        value: A text expression.
        wanted: Exact texts, or globs; "" and ``(untagged)`` match null.
        glob: Whether ``*`` and ``?`` are wildcards.
    """
    return conditions.matches(value, ("" if word == UNTAGGED else word for word in wanted), glob=glob)
