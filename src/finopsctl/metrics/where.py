"""Filters on ledger rows: ``team=support``, ``environment!=dev``, ``model~gpt-4*``.

A comma means "or", several filters mean "and". ``~`` and ``!~`` take globs (``*`` any text, ``?`` one character),
case-sensitive. An empty value or ``(untagged)`` stands for unknown. ``!=`` keeps rows whose value is unknown: unknown
is not dev. Of a tag with several values one that fits is enough.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError
from finopsctl.ledger import conditions
from finopsctl.ledger.period import JANUARY
from finopsctl.metrics.dimensions import METER, TOKEN_CLASS, UNTAGGED, dimension

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

_FILTER = re.compile(r"\s*(?P<name>(?:tag:.*?|\w+))\s*(?P<operator>!=|!~|=|~)(?P<values>.*)", re.DOTALL)


def condition(filters: Iterable[str], timezone: str = "UTC", first_month: int = JANUARY) -> pl.Expr | None:
    """Return the boolean expression rows must meet, or None when there is no filter.

    Args:
        filters: Texts such as ``team=support,search``.
        timezone: Of calendar dimensions.
        first_month: The month fiscal quarters and years begin with.

    Raises:
        ConfigError: A filter that is not DIMENSION=VALUE, or an unknown dimension.
    """
    parts = [_parse(text, timezone, first_month) for text in filters]
    return reduce(and_, parts) if parts else None


def exact_values(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the dimension and the values of a filter such as ``team=a,b``; None for any other kind of filter."""
    found = _FILTER.fullmatch(text)
    if found is None or found["operator"] != "=":
        return None
    values = (value.strip() for value in found["values"].split(","))
    return dimension(found["name"]).name, tuple("" if value == UNTAGGED else value for value in values)


def _parse(text: str, timezone: str, first_month: int) -> pl.Expr:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise ConfigError(f"cannot read the filter '{text}'", hint="Write DIMENSION=VALUE, !=VALUE, ~GLOB or !~GLOB.")
    asked = dimension(found["name"], first_month)
    if asked.name in {TOKEN_CLASS, METER}:
        what = "token classes" if asked.name == TOKEN_CLASS else "meters"
        raise ConfigError(f"filters act on records, and one record has several {what}", hint=f"Use --by {asked.name}.")
    values = [value.strip() for value in found["values"].split(",")]
    glob = "~" in found["operator"]
    matched = matches(asked.expr(timezone), values, glob=glob)
    if asked.several is not None:
        wanted = ["" if value == UNTAGGED else value for value in values]
        matched = conditions.tag_matches(asked.name.removeprefix(conditions.TAG), wanted, glob=glob)
    return ~matched if found["operator"].startswith("!") else matched


def matches(value: pl.Expr, wanted: Iterable[str], *, glob: bool = True) -> pl.Expr:
    """Tell whether text ``value`` is one of ``wanted``, never null.

    Args:
        value: A text expression.
        wanted: Exact texts, or globs; "" and ``(untagged)`` match null.
        glob: Whether ``*`` and ``?`` are wildcards.
    """
    return conditions.matches(value, ("" if word == UNTAGGED else word for word in wanted), glob=glob)
