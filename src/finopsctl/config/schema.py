"""The JSON Schema and the reference table of the configuration, derived from the declarations.

Editors that know the TOML language server Taplo use the schema for completion and checks
(``#:schema docs/finopsctl.schema.json`` as the first line of finopsctl.toml).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from finopsctl.config.declarations import Declared, Key, declared, is_table
from finopsctl.config.settings import Settings, from_variables, variable

_TYPES: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    str | float: {"type": ["string", "number"]},
    Path: {"type": "string", "minLength": 1},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": "number"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string"},
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of finopsctl.toml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "finopsctl configuration",
        "description": "finopsctl.toml, or [tool.finopsctl] in pyproject.toml.",
        **_table(Settings),
    }


def json_schema_text() -> str:
    """Return the schema as the text of a file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def reference() -> str:
    """Return a Markdown table of all keys: type, default, variable and meaning."""
    lines = ["| key | type | default | variable | meaning |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(cells)} |" for cells in _reference(Settings, "")]
    return "\n".join(lines) + "\n"


def toml(value: object) -> str:
    """Write a settings value as TOML; empty for None."""
    if value is None:
        return ""
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(toml(item) for item in value)}]"
    if isinstance(value, Mapping):
        return _inline({_quoted(name): item for name, item in value.items()})
    if is_table(type(value)):
        return _inline(_entries(value))
    return _scalar(value)


def rows(settings: Settings) -> list[tuple[str, object, str]]:
    """Return every key with its value and where that came from, tables taken apart."""
    return list(_rows(settings, settings, ""))


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return _string(str(value))


def _string(text: str) -> str:
    letters = {"\\": "\\\\", '"': '\\"'}
    written = (letters.get(c) or (c if c.isprintable() else f"\\U{ord(c):08x}") for c in text)
    return f'"{"".join(written)}"'


def _rows(settings: Settings, owner: object, prefix: str) -> list[tuple[str, object, str]]:
    found: list[tuple[str, object, str]] = []
    for item in declared(type(owner)).values():
        name, value = f"{prefix}{item.name}", getattr(owner, item.field)
        if is_table(item.type):
            found += _rows(settings, value, f"{name}.")
        elif isinstance(value, Mapping) and value:
            entries = ((f"{name}.{_quoted(entry)}", held) for entry, held in value.items())
            found += [(entry, held, str(settings.origin(entry))) for entry, held in entries]
        else:
            found.append((name, value, str(settings.origin(name))))
    return found


def _entries(table: object) -> dict[str, object]:
    """Return what a table holds beyond its defaults, by key."""
    found: dict[str, object] = {}
    for item in declared(type(table)).values():
        value = getattr(table, item.field)
        if item.key.rest:
            found |= {_quoted(name): held for name, held in value.items()}
        elif item.is_required or value != item.default:
            found[item.name] = value
    return found


def _inline(entries: Mapping[str, object]) -> str:
    return f"{{ {', '.join(f'{name} = {toml(held)}' for name, held in entries.items())} }}" if entries else "{}"


def _quoted(name: str) -> str:
    return name if name.replace("-", "a").replace("_", "a").isalnum() and name.isascii() else toml(name)


def _table(owner: type) -> dict[str, Any]:
    keys = declared(owner)
    properties: dict[str, Any] = {}
    patterns: dict[str, Any] = {}
    rest: Any = False
    for item in keys.values():
        if item.key.rest:
            rest = _type(get_args(item.type)[1], item.key)
            continue
        properties[item.name] = _property(item)
        if "-" in item.name:
            patterns[f"^{item.name.replace('-', '_')}$"] = _type(item.type, item.key)
    required = [item.name for item in keys.values() if item.is_required]
    return (
        {"type": "object", "properties": properties, "additionalProperties": rest}
        | ({"patternProperties": patterns} if patterns else {})
        | ({"required": required} if required else {})
    )


def _property(item: Declared) -> dict[str, Any]:
    default = item.default
    is_plain = isinstance(default, (str, bool, int)) or default == ()
    return _type(item.type, item.key) | {"description": item.key.help} | ({"default": default} if is_plain else {})


def _type(wanted: Any, about: Key) -> dict[str, Any]:  # noqa: ANN401 - a declared type
    inner = get_args(wanted)
    if is_table(wanted):
        return _table(wanted)
    if get_origin(wanted) is Literal:
        return {"enum": list(inner)}
    if get_origin(wanted) is Mapping:
        return {"type": "object", "additionalProperties": _type(inner[1], about)}
    if get_origin(wanted) is tuple and inner[-1] is not Ellipsis:
        return {"type": "array", "items": _type(inner[0], about), "minItems": len(inner), "maxItems": len(inner)}
    if get_origin(wanted) is tuple:
        items = _type(inner[0], about)
        several = {"type": "array", "items": items}
        return {"anyOf": [{"type": "string"}, several]} if items.get("type") == "string" else several
    limits = {"minimum": about.minimum, "maximum": about.maximum} if wanted in {int, float, Decimal} else {}
    pattern = {"pattern": f"^({about.pattern})$"} if about.pattern and wanted is str else {}
    kinds = {"type": ["string", "integer"]} if about.accepts_bare else {}
    return _TYPES[wanted] | pattern | kinds | {name: bound for name, bound in limits.items() if bound is not None}


def _reference(owner: type, prefix: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    variables = from_variables()
    for item in declared(owner).values():
        name = f"{prefix}{'DIMENSION' if item.key.rest else item.name}"
        inner = get_args(item.type)
        help_text = item.key.help.replace("|", "\\|")
        if is_table(item.type):
            found += _reference(item.type, f"{name}.")
        elif get_origin(item.type) is tuple and is_table(inner[0]):
            found.append((f"`[[{name}]]`", "tables", "", "", help_text))
            found += _reference(inner[0], f"{name}.")
        elif get_origin(item.type) is Mapping and is_table(inner[1]):
            found += _reference(inner[1], f"{name}.NAME.")
        else:
            env = f"`{variable(name)}`" if not prefix and name in variables else ""
            default = toml(item.default) if item.default not in (None, (), {}) else ""
            found.append((f"`{name}`", _named(item.type), f"`{default}`" if default else "", env, help_text))
    return found


def _named(wanted: Any) -> str:  # noqa: ANN401 - a declared type
    inner = get_args(wanted)
    if get_origin(wanted) is Literal:
        return ", ".join(f"`{choice}`" for choice in inner)
    if get_origin(wanted) is Mapping:
        return f"table of {_named(inner[1])}"
    if get_origin(wanted) is tuple:
        return f"list of {_named(inner[0])}" if inner[-1] is Ellipsis else "range"
    words = {str: "text", bool: "true or false", int: "whole number", float: "number", Decimal: "number"}
    return words.get(wanted, "file" if wanted is Path else "date")
