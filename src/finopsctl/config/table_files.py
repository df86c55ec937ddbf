"""Files that hold tables of one kind and nothing else: ``[[budget]]`` tables, ``[[scenario]]`` tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finopsctl.config.declarations import Context, Problem
from finopsctl.config.files import read
from finopsctl.config.tables import element
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def entries_of(path: Path, name: str, *, example: str, holder: str) -> tuple[Mapping[str, Any], ...]:
    """Return the tables of a TOML file, as written.

    Args:
        path: The file.
        name: What each table is called: ``budget``.
        example: What to write into a file without any.
        holder: What such a file is called in a sentence: ``A budgets file``.

    Raises:
        ConfigError: For a file that cannot be read, holds no such table, or anything else.
    """
    table = dict(read(path))
    entries = table.pop(name, None)
    if not isinstance(entries, list):
        raise ConfigError(f"{path}: no [[{name}]] in it", example)
    if table:
        raise ConfigError(f"{path}: {next(iter(table))}: unknown key", f"{holder} holds [[{name}]] tables only.")
    return tuple(entries)


def elements_of(path: Path, name: str, owner: type, entries: Iterable[object]) -> list[Any]:
    """Read each table as an ``owner``.

    Raises:
        ConfigError: For the first thing wrong, naming file and key.
    """
    problems: list[Problem] = []
    context = Context(str(path), path.parent, problems)
    tables = [element(owner, entry, context, (f"{name}[{at}]",)) for at, entry in enumerate(entries)]
    if problems:
        raise problems[0].error()
    return tables


def refuse_twins(names: Iterable[str], kind: str, place: object = "", hint: str = "") -> None:
    """Raise ConfigError when two tables share a name, so that a report could not tell them apart.

    Args:
        names: Of the tables.
        kind: What they are, in the plural.
        place: The file, where it has to be named.
        hint: What to do, where it is more than to give each a name.
    """
    found = list(names)
    twin = next((name for name in found if found.count(name) > 1), None)
    if twin is not None:
        where = f"{place}: " if place else ""
        raise ConfigError(f"{where}two {kind} are called '{twin}'", hint or "Give each a name of its own.")
