"""Read tables of settings: take a layer apart into values by key, and build settings from what layers left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args, get_origin

from finopsctl.config.declarations import Context, Declared, Key, Problem, declared, dotted, is_table, normal
from finopsctl.config.values import convert, kind
from finopsctl.errors import ConfigError, nearest

_SECRETS = frozenset({"redact-key", "password", "token", "secret", "api-key", "webhook", "webhook-url", "url", "user"})
_SECRET_HINT = "Secrets come from the environment only, e.g. FINOPSCTL_REDACT_KEY or FINOPSCTL_SLACK_WEBHOOK."  # noqa: S105 - a sentence

Leaves = dict[tuple[str, ...], Any]
"""Typed values by the path of their key."""


def leaves(owner: type, table: Mapping[str, Any], context: Context, path: tuple[str, ...] = ()) -> Leaves:
    """Read one layer: the typed value of every key given, by its path.

    Tables are taken apart so that layers merge key by key; lists are single values. What is wrong goes to the
    context's problems and is left out.
    """
    found: Leaves = {}
    for item, raw in _matched(owner, table, context, path):
        here = (*path, item.name)
        needs_table = is_table(item.type) or get_origin(item.type) is Mapping
        if needs_table and not isinstance(raw, Mapping):
            context.problems.append(Problem(context.place, dotted(here), f"a table is needed, not {kind(raw)}"))
        elif is_table(item.type):
            found |= leaves(item.type, raw, context, here)
        elif get_origin(item.type) is Mapping:
            for name, entry in raw.items():
                found |= _one(get_args(item.type)[1], entry, item.key, context, (*here, str(name)))
        else:
            found |= _one(item.type, raw, item.key, context, here)
    return found


def build(owner: type, found: Leaves, path: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - an ``owner``
    """Make an ``owner`` from the leaves that layers left, declared defaults for the rest."""
    values = {}
    for item in declared(owner).values():
        here = (*path, item.name)
        if is_table(item.type):
            values[item.field] = build(item.type, found, here)
        elif get_origin(item.type) is Mapping:
            given = {at[-1]: value for at, value in found.items() if at[:-1] == here}
            values[item.field] = {**item.default, **given}
        elif here in found:
            values[item.field] = found[here]
    return owner(**values)


def element(owner: type, table: object, context: Context, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - an ``owner`` or None
    """Read one table of a list (``[[budget]]``) as an ``owner``; None when something is wrong with it."""
    if not isinstance(table, Mapping):
        context.problems.append(Problem(context.place, dotted(path), f"a table is needed, not {kind(table)}"))
        return None
    before = len(context.problems)
    found: Leaves = {}
    for item, raw in _matched(owner, table, context, path):
        found |= _one(item.type, raw, item.key, context, (*path, item.name))
    keys = declared(owner)
    values = {keys[at[-1]].field: value for at, value in found.items()}
    rest = next((item for item in keys.values() if item.key.rest), None)
    if rest is not None:
        values[rest.field] = _others(
            rest, {name: raw for name, raw in table.items() if normal(name) not in keys}, context, path
        )
    given = {normal(name) for name in table}
    for item in keys.values():
        if item.is_required and item.name not in given:
            context.problems.append(Problem(context.place, dotted((*path, item.name)), "is missing", item.key.help))
    if len(context.problems) > before:
        return None
    try:
        return owner(**values)
    except ConfigError as error:
        context.problems.append(Problem(context.place, dotted(path), error.message, error.hint))
        return None


def _others(rest: Declared, table: Mapping[str, Any], context: Context, path: tuple[str, ...]) -> dict[str, Any]:
    """Read the keys a table does not declare into the field that takes them."""
    found: Leaves = {}
    about = replace(rest.key, check=None)
    for name, raw in table.items():
        try:
            if rest.key.check is not None:
                rest.key.check(name)
        except ConfigError as error:
            context.problems.append(Problem(context.place, dotted((*path, name)), error.message, error.hint))
        else:
            found |= _one(get_args(rest.type)[1], raw, about, context, (*path, name))
    return {at[-1]: value for at, value in found.items()}


def _one(wanted: object, raw: object, about: Key, context: Context, path: tuple[str, ...]) -> Leaves:
    """Read the value at one key; empty, with the reason in the context, when it cannot be used."""
    before = len(context.problems)
    try:
        if is_table(wanted):
            value = element(wanted, raw, context, path)
        elif get_origin(wanted) is tuple and is_table(get_args(wanted)[0]):
            value = _elements(get_args(wanted)[0], raw, context, path)
        else:
            value = convert(wanted, raw, about, context)
    except ConfigError as error:
        context.problems.append(Problem(context.place, dotted(path), error.message, error.hint))
    return {path: value} if len(context.problems) == before else {}


def _elements(owner: type, raw: object, context: Context, path: tuple[str, ...]) -> tuple[Any, ...]:
    if not isinstance(raw, (list, tuple)):
        raise ConfigError(f"a list of tables is needed, not {kind(raw)}", f"Write [[{dotted(path)}]] above each.")
    tables = (element(owner, table, context, (*path[:-1], f"{path[-1]}[{at}]")) for at, table in enumerate(raw))
    return tuple(table for table in tables if table is not None)


def _matched(
    owner: type, table: Mapping[str, Any], context: Context, path: tuple[str, ...]
) -> list[tuple[Declared, Any]]:
    """Pair the keys given with their declarations; an unknown key is a problem unless a field takes the rest."""
    keys = {name: item for name, item in declared(owner).items() if not item.key.rest}
    takes_rest = any(item.key.rest for item in declared(owner).values())
    found: dict[str, tuple[Declared, Any]] = {}
    for name, raw in table.items():
        item = keys.get(normal(name))
        where = dotted((*path, name))
        if item is not None and item.name in found:
            context.problems.append(Problem(context.place, where, "given twice, with a dash and with an underscore"))
        elif item is not None:
            found[item.name] = (item, raw)
        elif not takes_rest:
            hint = _SECRET_HINT if normal(name) in _SECRETS else nearest(normal(name), keys)
            context.problems.append(Problem(context.place, where, "unknown key", hint))
    return list(found.values())
