"""Reports as documents: one file per format, listed in :data:`RENDERERS`.

A renderer sees a report and a screen, nothing else, and returns bytes. Its module is imported when it is first used:
a JSON document needs no terminal library.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from finopsctl.results.report import Report


@dataclass(frozen=True, slots=True)
class Screen:
    """What a document is shown on, as the command line found it.

    Args:
        width: Terminal cells; None when piped: no width limit, no line drawing.
        color: Whether colour may be used (decided from ``--color``, ``NO_COLOR`` and the terminal).
        ascii: Whether to stay within ASCII.
        wide: Whether to show all columns, however wide.
        interactive: Whether charts answer a pointer, in documents that can run a script.
    """

    width: int | None = None
    color: bool = False
    ascii: bool = False
    wide: bool = False
    interactive: bool = False


@dataclass(frozen=True, slots=True)
class Renderer:
    """One output format.

    Args:
        name: As in ``-f NAME``.
        extensions: File endings that choose it, with the dot.
        binary: Whether its bytes are no text, and not fit for a terminal.
        render: The report as bytes.
        extra: The extra that installs what it needs beyond the core; "": nothing.
        libraries: The modules that extra brings.
        scripted: Whether its documents can run a script, and so answer a pointer.
    """

    name: str
    extensions: tuple[str, ...]
    binary: bool
    render: Callable[[Report, Screen], bytes]
    extra: str = ""
    libraries: tuple[str, ...] = ()
    scripted: bool = False


def _module(name: str) -> Callable[[Report, Screen], bytes]:
    """Return the ``render`` function of a module here, imported when it is called."""

    def render(report: Report, screen: Screen) -> bytes:
        document: bytes = import_module(f"finopsctl.renderers.{name}").render(report, screen)
        return document

    return render


RENDERERS: tuple[Renderer, ...] = (
    Renderer("table", (".txt",), binary=False, render=_module("terminal")),
    Renderer("md", (".md", ".markdown"), binary=False, render=_module("markdown")),
    Renderer("csv", (".csv",), binary=False, render=_module("csv")),
    Renderer("json", (".json",), binary=False, render=_module("json")),
    Renderer("jsonl", (".jsonl", ".ndjson"), binary=False, render=_module("jsonl")),
    Renderer("parquet", (".parquet",), binary=True, render=_module("parquet")),
    Renderer("github", (), binary=False, render=_module("github")),
    Renderer("github-comment", (), binary=False, render=_module("github_comment")),
    Renderer("github-summary", (), binary=False, render=_module("github_summary")),
    Renderer("gitlab", (), binary=False, render=_module("gitlab")),
    Renderer("junit", (".xml",), binary=False, render=_module("junit")),
    Renderer("openmetrics", (".prom",), binary=False, render=_module("openmetrics")),
    Renderer("slack", (), binary=False, render=_module("slack")),
    Renderer("email", (".eml",), binary=False, render=_module("email")),
    Renderer("confluence", (".xhtml",), binary=False, render=_module("confluence")),
    Renderer("xlsx", (".xlsx",), binary=True, render=_module("xlsx"), extra="xlsx", libraries=("xlsxwriter",)),
    Renderer(
        "html",
        (".html", ".htm"),
        binary=False,
        render=_module("html"),
        extra="html",
        libraries=("altair", "vl_convert"),
        scripted=True,
    ),
)
"""Every output format, the default first."""

FORMATS = f"{', '.join(renderer.name for renderer in RENDERERS[:-1])} or {RENDERERS[-1].name}"
"""Their names in words, for helps."""


def renderer_named(name: str) -> Renderer:
    """Return the renderer of ``-f NAME``.

    Raises:
        ConfigError: For an unknown name, with the nearest one; or where its library is not installed.
    """
    for renderer in RENDERERS:
        if renderer.name == name:
            return _installed(renderer)
    raise ConfigError(f"unknown format '{name}'", nearest(name, (renderer.name for renderer in RENDERERS)))


def renderer_for_extension(extension: str) -> Renderer | None:
    """Return the renderer that writes files ending in ``extension`` (``.json``, case does not matter), if any.

    Raises:
        ConfigError: Where its library is not installed.
    """
    wanted = extension.lower()
    found = next((renderer for renderer in RENDERERS if wanted in renderer.extensions), None)
    return _installed(found) if found else None


def _installed(renderer: Renderer) -> Renderer:
    missing = next((library for library in renderer.libraries if find_spec(library) is None), None)
    if missing:
        raise ConfigError(
            f"the format {renderer.name} needs {missing}, which is not installed",
            f"pip install 'finopsctl[{renderer.extra}]'",
        )
    return renderer
