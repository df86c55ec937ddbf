"""What a rule may look at and fill: ledger dimensions, tags and request headers, and templates made of them."""

from __future__ import annotations

import re

import polars as pl

from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import SYNONYMS, TAG, tag_value
from finopsctl.ledger.schema import LEDGER

HEADER = "header:"

DIMENSIONS: tuple[str, ...] = tuple(column.name for column in LEDGER if column.role == "dimension")
"""The ledger columns a rule may look at."""

OWNER_DIMENSIONS: tuple[str, ...] = (
    "environment",
    "team",
    "user",
    "customer",
    "project",
    "feature",
    "workload",
    "cost_type",
    "prompt_version",
    "plan",
)
"""The ledger columns a rule may fill: who and what for, never what was used or what it cost."""

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def canonical(dimension: str) -> str:
    """Return the one spelling of a dimension a rule may look at.

    ``header:X-Team`` becomes ``tag:x-team``: sources keep custom request headers as tags under their lower-case name.

    Raises:
        ConfigError: For a name that is no dimension, naming the nearest.
    """
    if dimension.startswith(HEADER):
        return _named(dimension, TAG + dimension.removeprefix(HEADER).lower())
    if dimension.startswith(TAG):
        return _named(dimension, dimension)
    return _known(dimension, DIMENSIONS, (*DIMENSIONS, *SYNONYMS, "tag:NAME", "header:NAME"))


def owner(dimension: str) -> str:
    """Return the one spelling of a dimension a rule may fill.

    Raises:
        ConfigError: For a dimension that is no owner dimension, naming the nearest.
    """
    return _known(dimension, OWNER_DIMENSIONS, (*OWNER_DIMENSIONS, *SYNONYMS))


def value(dimension: str) -> pl.Expr:
    """Return the text of a dimension in its ``canonical`` spelling; null where the record has none."""
    if dimension.startswith(TAG):
        return tag_value(dimension.removeprefix(TAG))
    return pl.col(dimension).cast(pl.String)


def filled(template: str) -> pl.Expr:
    """Return ``template`` with its placeholders filled; null where one of them has no value.

    Args:
        template: Text with ``{dimension}``, ``{tag:NAME}`` or ``{header:NAME}``; ``{{`` and ``}}`` are braces. The
            frame must hold each dimension as a column named by its canonical spelling.
    """
    parts = [pl.col(part) if is_name else pl.lit(part) for part, is_name in _parts(template) if part]
    return pl.concat_str([part.cast(pl.String) for part in parts])


def names_in(template: str) -> frozenset[str]:
    """Return the dimensions a template reads, in canonical spelling.

    Raises:
        ConfigError: For an empty template, a stray brace or an unknown dimension.
    """
    if not template:
        raise ConfigError("an empty value cannot be assigned", "Remove it: what no rule assigns stays unowned.")
    return frozenset(part for part, is_name in _parts(template) if is_name)


def _parts(template: str) -> list[tuple[str, bool]]:
    parts: list[tuple[str, bool]] = []
    end = 0
    for found in _PLACEHOLDER.finditer(template):
        parts.append((template[end : found.start()], False))
        end = found.end()
        if found[0] in {"{{", "}}"}:
            parts.append((found[0][0], False))
        elif found[1] is None:
            raise ConfigError(f"'{template}' has a stray '{found[0]}'", f"Write '{found[0] * 2}' for the character.")
        else:
            parts.append((canonical(found[1]), True))
    parts.append((template[end:], False))
    return parts


def _named(written: str, dimension: str) -> str:
    if dimension == TAG:
        raise ConfigError(f"'{written}' names no {written.rstrip(':')}", f"Write {written}NAME.")
    return dimension


def _known(dimension: str, allowed: tuple[str, ...], offered: tuple[str, ...]) -> str:
    name = SYNONYMS.get(dimension, dimension)
    if name not in allowed:
        raise ConfigError(f"'{dimension}' is no dimension a rule can use here", nearest(dimension, offered))
    return name
