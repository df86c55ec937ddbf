"""YAML that says any text exactly, on one line, and text that a Go template leaves as it is.

A name from a log or a configuration may hold quotes, line breaks, ``{{ }}`` or what a build server takes for a command
at the start of a line. Text with anything but plain characters is therefore written in double quotes with escapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

_WIDTH = 1 << 20  # a fold would begin a line with whatever stands there
_BRACE = '{{ "{" }}'


class _Exact(yaml.SafeDumper):
    """Writes text that is not plain in double quotes, lists indented below their key, and everything in its place."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)


def _text(dumper: _Exact, text: str) -> yaml.ScalarNode:
    style = None if text.isascii() and text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Exact.add_representer(str, _text)


def document(content: Any) -> str:  # noqa: ANN401 - plain lists, mappings, texts and numbers
    """Return ``content`` as YAML, keys in their order."""
    written: str = yaml.dump(content, Dumper=_Exact, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return written


def comment(lines: Iterable[str]) -> str:
    """Return lines as comments; each stays on its line, whatever it holds."""
    return "".join(f"# {one_line(line)}".rstrip() + "\n" for line in lines)


def one_line(text: str) -> str:
    """Return text without line breaks and control characters."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in " ".join(text.split()))


def literal(text: str) -> str:
    """Return what a Go template prints as ``text``: a brace of the text opens no action."""
    return text.replace("{", _BRACE)
