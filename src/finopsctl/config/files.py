"""Which configuration files apply, and what they hold.

Two files at most: one for the project (``--config``, else ``$FINOPSCTL_CONFIG``, else the nearest ``finopsctl.toml``
or ``pyproject.toml`` with a ``[tool.finopsctl]`` table, from the working folder up to the repository root) and, below
it, the user's own (``$XDG_CONFIG_HOME/finopsctl/config.toml``, by default in ``~/.config``; ``%APPDATA%`` on Windows).
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsctl.config.origin import Layer
from finopsctl.errors import ConfigError, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE_NAME = "finopsctl.toml"
CONFIG_VARIABLE = "FINOPSCTL_CONFIG"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One configuration file, read.

    Args:
        layer: PROJECT or USER.
        path: The file.
        table: Its keys, decimals exact.
    """

    layer: Layer
    path: Path
    table: Mapping[str, Any]


def applicable(config: Path | None, environ: Mapping[str, str], start: Path) -> tuple[ConfigFile, ...]:
    """Return the user's file and the project's, as far as there are any, lowest first.

    Raises:
        ConfigError: When a file that was named does not exist, or one that applies cannot be read.
    """
    user, project = user_file(environ), _project(config, environ, start)
    files = [ConfigFile(Layer.USER, user, read(user))] if user.is_file() else []
    return (*files, project) if project is not None else tuple(files)


def user_file(environ: Mapping[str, str]) -> Path:
    """Return where the user's own configuration lies, whether or not it exists."""
    if os.name == "nt" and environ.get("APPDATA"):
        return Path(environ["APPDATA"]) / "finopsctl" / "config.toml"
    home = Path(environ.get("HOME") or Path.home())
    folder = Path(environ.get("XDG_CONFIG_HOME") or "")
    return (folder if folder.is_absolute() else home / ".config") / "finopsctl" / "config.toml"


def read(path: Path, missing: str = "Name an existing file.") -> Mapping[str, Any]:
    """Return the keys of a configuration file; of a ``pyproject.toml`` those of ``[tool.finopsctl]``.

    Args:
        path: A TOML file.
        missing: What to do when it cannot be opened.

    Raises:
        ConfigError: When it cannot be read or is no TOML.
    """
    document = _document(path, _text(path, missing))
    if path.name != "pyproject.toml":
        return document
    table = document.get("tool", {}).get("finopsctl", {})
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: tool.finopsctl is not a table", "Write [tool.finopsctl] above its keys.")
    return table


def _project(config: Path | None, environ: Mapping[str, str], start: Path) -> ConfigFile | None:
    named = config or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    if named is not None:
        path = start / named.expanduser()
        hint = "Name an existing file, or write one with: finopsctl init"
        return ConfigFile(Layer.PROJECT, path, read(path, hint))
    for folder in _upwards(start):
        own, shared = folder / FILE_NAME, folder / "pyproject.toml"
        if own.is_file():
            return ConfigFile(Layer.PROJECT, own, read(own))
        if shared.is_file() and _mentions_us(shared):
            return ConfigFile(Layer.PROJECT, shared, read(shared))
    return None


def _upwards(start: Path) -> Iterator[Path]:
    for folder in (start.absolute(), *start.absolute().parents):
        yield folder
        if (folder / ".git").exists():
            return


def _mentions_us(path: Path) -> bool:
    """Return whether a pyproject.toml has a table of ours; one that is broken or unreadable is not ours to report."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return "finopsctl" in document.get("tool", {})


def _text(path: Path, missing: str) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {reason_of(error)}", missing) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})", "Save the file as UTF-8.") from error


def _document(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}", "Text needs quotes, lists need brackets.") from error
