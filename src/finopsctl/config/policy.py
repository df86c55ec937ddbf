"""Policies of ``finopsctl check``: a TOML file of ``[[rule]]`` and ``[[waiver]]`` tables, and the line of each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from finopsctl.config import whatif_scenarios
from finopsctl.config.declarations import Context, Problem, declared, normal
from finopsctl.config.files import read
from finopsctl.config.policy_kinds import KINDS, Kind, WhatIfRule
from finopsctl.config.policy_terms import Terms, WaiverTable
from finopsctl.config.table_files import refuse_twins
from finopsctl.config.tables import element
from finopsctl.errors import ConfigError, nearest

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "finops-policy.toml"
_NUMBERS = ("max", "min", "warn", "max-increase", "max-decrease", "max-change", "limit", "floor")
_LARGEST = 40  # exponent of a limit: far beyond any money
_WAY_OUT = "Write one with: finopsctl check --init"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its terms, what it measures, and the line of its ``[[rule]]``."""

    terms: Terms
    ask: Kind
    line: int

    @property
    def name(self) -> str:
        """What it is called."""
        return self.terms.name

    @property
    def most(self) -> Decimal | None:
        """The highest value that passes: its own, else the usual one of its kind where it names no limit at all."""
        given = self.terms
        return given.most if given.is_bounded or given.compares else self.ask.usual_most


@dataclass(frozen=True, slots=True)
class Waiver:
    """One waiver, and the line of its ``[[waiver]]``."""

    table: WaiverTable
    line: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules and waivers of a file, in order; ``path`` is the file as reports name it."""

    path: str
    rules: tuple[Rule, ...]
    waivers: tuple[Waiver, ...] = ()


def load(path: Path, shown: str = "") -> Policy:
    """Read a policy.

    Args:
        path: A TOML file.
        shown: What reports call it; empty: as it is named here.

    Raises:
        ConfigError: For the first thing wrong, naming file, line and key.
    """
    tables = read(path, _WAY_OUT)
    text = path.read_text("utf-8-sig")
    place = shown or str(path)
    for name in tables:
        if name not in {"rule", "waiver"}:
            raise ConfigError(f"{place}: {name}: unknown key", nearest(name, ("rule", "waiver")))
    rules = tuple(_rule(entry, line, place, path) for entry, line in _placed(tables, "rule", text, place))
    if not rules:
        raise ConfigError(f"{place}: no [[rule]] in it: nothing would be checked", _WAY_OUT)
    refuse_twins((rule.name for rule in rules), "rules", place)
    waivers = tuple(_waiver(entry, line, place, path) for entry, line in _placed(tables, "waiver", text, place))
    _refuse_unknown_rules(waivers, rules, place)
    return Policy(place, rules, waivers)


def header_lines(text: str, name: str) -> tuple[int, ...]:
    """Return the line of each ``[[name]]`` header of a valid TOML document.

    A line that only looks like one, inside a text of several lines, is told by this: what comes before it is then no
    whole document. Tables written as ``name = [{...}]`` have no header.
    """
    header = re.compile(rf"\s*\[\[\s*(?:{name}|\"{name}\"|'{name}')\s*\]\]\s*(?:#.*)?\r?")
    lines = text.split("\n")
    return tuple(
        at
        for at, line in enumerate(lines, 1)
        if header.fullmatch(line) and _is_whole("\n".join([*lines[: at - 1], ""]))
    )


def _is_whole(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _placed(tables: Mapping[str, Any], name: str, text: str, place: str) -> list[tuple[Mapping[str, Any], int]]:
    """Return the tables of one name with the line each begins on; 1 where it has no header of its own."""
    entries = tables.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{place}: {name}: a list of tables is needed", f"Write [[{name}]] above each.")
    lines = header_lines(text, name)
    return [(entry, lines[at] if at < len(lines) else 1) for at, entry in enumerate(entries)]


def _rule(entry: Mapping[str, Any], line: int, place: str, path: Path) -> Rule:
    problems: list[Problem] = []
    context = Context(f"{place}:{line}", path.parent, problems)
    kind = _kind(entry, context)
    common, own = _parted(entry, kind, context)
    scenario = own.pop("scenario", None)
    terms = element(Terms, common, context, ("rule",))
    _stop_at_first(problems)
    ask = element(kind, own, context, ("rule",))
    _stop_at_first(problems)
    if isinstance(ask, WhatIfRule):
        ask = replace(ask, planned=_scenario(ask, scenario, terms.name, context))
    rule = Rule(terms, ask, line)
    _check(rule, context)
    return rule


def _kind(entry: Mapping[str, Any], context: Context) -> type[Kind]:
    name = entry.get("kind", "kpi")
    found = KINDS.get(normal(name)) if isinstance(name, str) else None
    if found is None:
        raise Problem(context.place, "rule.kind", f"unknown kind '{name}'", nearest(str(name), KINDS)).error()
    return found


def _parted(entry: Mapping[str, Any], kind: type[Kind], context: Context) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part the keys of all rules from those of a kind; an unknown one names the nearest of both."""
    common, own = set(declared(Terms)), set(declared(kind)) | ({"scenario"} if kind is WhatIfRule else set())
    for name in entry:
        if normal(name) not in common | own:
            hint = nearest(normal(name), common | own)
            raise Problem(context.place, f"rule.{name}", "unknown key", hint).error()
    typed = {name: _as_number(name, value, context) for name, value in entry.items()}
    return (
        {name: value for name, value in typed.items() if normal(name) in common},
        {name: value for name, value in typed.items() if normal(name) not in common},
    )


def _as_number(name: str, value: object, context: Context) -> object:
    """Let a fraction be written as ``"30%"``."""
    if normal(name) not in _NUMBERS or not isinstance(value, str) or not value.strip().endswith("%"):
        return value
    try:
        return Decimal(value.strip().removesuffix("%")) / 100
    except InvalidOperation:
        raise Problem(context.place, f"rule.{name}", f"'{value}' is no share", 'Write 0.3 or "30%".').error() from None


def _scenario(ask: WhatIfRule, given: object, name: str, context: Context) -> whatif_scenarios.Planned:
    """Return the scenario a rule plays: its own table, or one of a file by name."""
    table = None
    if isinstance(given, Mapping):
        entry = whatif_scenarios.as_typed({"name": name, **given})
        table = element(whatif_scenarios.ScenarioTable, entry, context, ("rule", "scenario"))
        _stop_at_first(context.problems)
    try:
        return _planned(ask, given, table)
    except ConfigError as error:
        raise Problem(context.place, "rule.scenario", error.message, error.hint).error() from error


def _planned(ask: WhatIfRule, given: object, table: whatif_scenarios.ScenarioTable | None) -> whatif_scenarios.Planned:
    if ask.scenarios is not None:
        found = {each.scenario.name: each for each in whatif_scenarios.load(ask.scenarios)}
        if not isinstance(given, str) or given not in found:
            raise ConfigError(f"{ask.scenarios} has no scenario '{given}'", nearest(str(given), found))
        return found[given]
    if table is None:
        raise ConfigError("no scenario is given", 'Write [rule.scenario] and swap = ["gpt-4o=gpt-4o-mini"].')
    return table.planned()


def _check(rule: Rule, context: Context) -> None:
    """Refuse a rule that nothing can fail, and one that has a period where its kind has none."""
    terms = rule.terms
    numbers = (terms.most, terms.least, terms.warn, terms.max_increase, terms.max_decrease, terms.max_change)
    if far := [number for number in numbers if number is not None and number.adjusted() > _LARGEST]:
        raise Problem(context.place, "rule", f"{far[0]} is a limit beyond all figures", "Write a smaller one.").error()
    if rule.most is None and not rule.terms.is_bounded and not rule.terms.compares:
        hint = "Write max = ..., min = ..., or max-increase = ... to hold it against a --baseline."
        raise Problem(context.place, "rule", f"rule '{rule.name}' has no limit", hint).error()
    if rule.terms.ratchet and rule.most is None and rule.terms.least is None:
        raise Problem(context.place, "rule.ratchet", "a ratchet needs a max or a min", "Add one.").error()
    _check_warning(rule, context)
    if rule.terms.last and rule.terms.kind == "budget":
        hint = "Leave `last` out: budgets have periods of their own."
        raise Problem(context.place, "rule.last", "a budget is not looked at over another period", hint).error()


def _check_warning(rule: Rule, context: Context) -> None:
    """Refuse a warning level that is beside no limit, beside two, or on the wrong side of one."""
    warn, most, least = rule.terms.warn, rule.most, rule.terms.least
    if warn is None:
        return
    if (most is None) == (least is None):
        hint = 'Write max (or min) and warn; or max alone and severity = "warning".'
        raise Problem(context.place, "rule.warn", "a warning level stands beside one limit", hint).error()
    if (most is not None and warn > most) or (least is not None and warn < least):
        limit = f"max {most}" if most is not None else f"min {least}"
        message = f"warn {warn} is beyond {limit}: it would never warn"
        raise Problem(context.place, "rule.warn", message, "A warning comes before the limit.").error()


def _waiver(entry: Mapping[str, Any], line: int, place: str, path: Path) -> Waiver:
    context = Context(f"{place}:{line}", path.parent, [])
    typed = {name: _as_number(name, value, context) for name, value in entry.items()}
    table = element(WaiverTable, typed, context, ("waiver",))
    _stop_at_first(context.problems)
    return Waiver(table, line)


def _refuse_unknown_rules(waivers: tuple[Waiver, ...], rules: tuple[Rule, ...], place: str) -> None:
    names = [rule.name for rule in rules]
    for waiver in waivers:
        if waiver.table.rule not in names:
            message = f"no rule is called '{waiver.table.rule}'"
            raise Problem(f"{place}:{waiver.line}", "waiver.rule", message, nearest(waiver.table.rule, names)).error()


def _stop_at_first(problems: list[Problem]) -> None:
    if problems:
        raise problems[0].error()
