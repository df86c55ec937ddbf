"""How a setting is declared: one dataclass field per key, from which everything else about the key derives.

A settings class is a frozen dataclass. Its field types say what is accepted and ``key(...)`` adds the rest, so the
reader, the JSON Schema and the documentation all come from the same declaration. Supported types: str, bool, int,
float, Decimal, Path, date, datetime, Literal, ``tuple[T, ...]``, ``tuple[float, float]`` (a range), ``Mapping[str, T]``
and other such dataclasses, each optionally ``| None``.
"""

from __future__ import annotations

import dataclasses
import re
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard, Union, get_args, get_origin

from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Key:
    """What a declaration says beyond its type.

    Args:
        help: One sentence for documentation and editors.
        name: The key, where it is not the field's name with dashes (``from`` is a Python word).
        pattern: A regular expression text must match in full.
        minimum: The smallest number allowed.
        maximum: The largest number allowed.
        group: Keys of one group replace one another across layers: ``month`` on the command line hides ``last``.
        separator: What separates items where a list is given as one text.
        is_input: Whether text is a file name or glob, relative to the file that says it.
        accepts_bare: Whether a TOML date or number may stand for text.
        rest: Whether the field takes all keys of its table that are not declared (a mapping).
        example: A value as TOML, for the commented file that ``init`` writes; by default the default.
        check: Refuses a value (of ``rest``: a key) it cannot use by raising ConfigError.
    """

    help: str
    name: str = ""
    pattern: str = ""
    minimum: int | None = None
    maximum: int | None = None
    group: str = ""
    separator: str = ","
    is_input: bool = False
    accepts_bare: bool = False
    rest: bool = False
    example: str = ""
    check: Callable[[Any], object] | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """One key of a settings class: its field, its name and its type without ``| None``."""

    field: str
    name: str
    type: Any
    key: Key
    default: Any
    is_required: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the configuration: where (file or variable), at which key, what, and what to do."""

    place: str
    key: str
    message: str
    hint: str = ""

    def error(self) -> ConfigError:
        """Return it as the error that stops the work; an option is its own key."""
        where = self.place if self.place.startswith("--") else f"{self.place}: {self.key}"
        return ConfigError(f"{where}: {self.message}", self.hint)


@dataclass(frozen=True, slots=True)
class Context:
    """What reading needs to know: where the values stand, what paths are relative to, and where problems go.

    ``is_text`` is set for variables, where lists, numbers and switches come as text.
    """

    place: str
    base: Path
    problems: list[Problem]
    is_text: bool = False


def key(help: str, **more: Any) -> dict[str, Key]:  # noqa: A002, ANN401 - the fields of Key, forwarded
    """Return the metadata of a declared field; see ``Key``."""
    return {"key": Key(help, **more)}


def declared(owner: type) -> dict[str, Declared]:
    """Return the keys of a settings class by name, in order; fields without ``key(...)`` are not keys."""
    found = {}
    for field in dataclasses.fields(owner):
        about: Key | None = field.metadata.get("key")
        if about is None:
            continue
        name = about.name or field.name.replace("_", "-")
        default = field.default_factory() if callable(field.default_factory) else field.default
        required = default is dataclasses.MISSING
        found[name] = Declared(field.name, name, _plain(field.type), about, None if required else default, required)
    return found


def is_table(wanted: object) -> TypeGuard[type]:
    """Return whether a declared type is a settings class."""
    return isinstance(wanted, type) and dataclasses.is_dataclass(wanted)


def dotted(path: tuple[str, ...]) -> str:
    """Write a key path as TOML does: names joined by dots, quoted where needed."""
    parts = [part if re.fullmatch(r"[\w-]+(\[\d+\])?", part) else f'"{part}"' for part in path]
    return ".".join(parts)


def normal(name: str) -> str:
    """Return the one spelling of a key: ``cost_basis`` and ``cost-basis`` are the same."""
    return name.replace("_", "-")


def _plain(wanted: Any) -> Any:  # noqa: ANN401 - a type expression
    if get_origin(wanted) in {Union, types.UnionType}:
        return next(part for part in get_args(wanted) if part is not types.NoneType)
    return wanted
