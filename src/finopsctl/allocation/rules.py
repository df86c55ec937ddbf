"""Ordered, effective-dated rules that fill owner dimensions from tags, headers and any other dimension.

Rules run in the order they are written; a rule sees what the rules before it assigned. A rule matches a record when
the record starts within its dates, every condition holds and the value it would assign is known. For each dimension
the first rule that matches decides: it fills the dimension where it is empty, and replaces a value that is already
there only if it says ``overwrite``. What no rule assigns stays null and shows as unowned; rows and money are never
added or removed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.allocation import keys as key_map
from finopsctl.allocation.conditions import canonical, filled, names_in, owner, value
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import TAG, fits, matches, tag_matches
from finopsctl.ledger.schema import COST_TYPES, MONEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from finopsctl.allocation.keys import KeyMap

_INDEX = pl.Int32()
_COVERAGE = pl.Schema(
    {
        "dimension": pl.String(),
        "by": pl.String(),
        "rule": pl.String(),
        "rows": pl.Int64(),
        "requests": pl.Int64(),
        "spend": MONEY,
    }
)
_KEPT = -1  # a rule matched and left the value that was there


@dataclass(frozen=True, slots=True)
class Rule:
    """One allocation rule.

    Args:
        name: What it is called in findings and in ``coverage``.
        assign: Owner dimension to value: text, or a template such as ``{tag:x-team}``.
        when: Dimension, ``tag:NAME`` or ``header:NAME`` to the patterns of which one must fit; all must hold.
        start: First instant the rule applies to; None: always did.
        end: First instant it no longer applies to; None: still does.
        overwrite: Whether it replaces a value that is already there.
    """

    name: str
    assign: Mapping[str, str]
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None
    overwrite: bool = False

    @property
    def reads(self) -> frozenset[str]:
        """The dimensions it looks at, in canonical spelling."""
        captured = (names_in(template) for template in self.assign.values())
        return frozenset(canonical(name) for name in self.when).union(*captured)

    @property
    def writes(self) -> frozenset[str]:
        """The dimensions it fills, in canonical spelling."""
        return frozenset(owner(name) for name in self.assign)


def checked(rule: Rule) -> Rule:
    """Return ``rule`` unchanged when it can be used.

    Raises:
        ConfigError: For an unknown dimension, an empty or broken value, nothing to assign, or dates that exclude
            everything.
    """
    if not rule.assign:
        raise ConfigError("it assigns nothing", 'Add for example set = { team = "{tag:x-team}" }.')
    if rule.start and rule.end and rule.start >= rule.end:
        raise ConfigError(
            f"it ends ({rule.end:%Y-%m-%d}) before it starts ({rule.start:%Y-%m-%d})", "'to' is exclusive."
        )
    _ = rule.reads, rule.writes
    cost_type = rule.assign.get("cost_type")
    if cost_type is not None and not names_in(cost_type) and cost_type not in COST_TYPES:
        raise ConfigError(f"'{cost_type}' is no cost type", nearest(cost_type, COST_TYPES))
    return rule


def allocate(ledger: pl.LazyFrame, rules: Sequence[Rule], keys: KeyMap | None = None) -> pl.LazyFrame:
    """Fill the owner dimensions of ``ledger``: first from the key map, then by ``rules``.

    Without rules and keys the same frame comes back, so that a large scan pays nothing.

    Raises:
        ConfigError: When a rule cannot be used (see ``checked``).
    """
    frame = key_map.apply(ledger, keys) if keys is not None else ledger
    if not rules:
        return frame
    decided = _decide(frame, rules).drop(_tag_columns(rules), _winner_columns(rules))
    if keys is None or not any("team" in rule.writes for rule in rules):
        return decided
    return key_map.name_teams(decided, keys)  # a header may carry a team id


def coverage(
    ledger: pl.LazyFrame, rules: Sequence[Rule], keys: KeyMap | None = None, *, cost: str = "cost"
) -> pl.DataFrame:
    """Count what each rule assigned.

    Args:
        ledger: Charges before allocation, with the money column ``cost``.
        rules: As given to ``allocate``.
        keys: As given to ``allocate``.
        cost: The money column to add up.

    Returns:
        A row per dimension and way of coming by its value: ``dimension``, ``by`` (source, keys, rule, unowned),
        ``rule`` (its name), ``rows``, ``requests``, ``spend`` (null when none of its rows has a cost). The rows of a
        dimension add up to the ledger.
    """
    targets = sorted({name for rule in rules for name in rule.writes} | ({"team"} if keys is not None else set()))
    before = ledger.with_columns(pl.col(name).alias(_source(name)) for name in targets)
    frame = _decide(key_map.apply(before, keys) if keys is not None else before, rules)
    if not targets:
        return pl.DataFrame(schema=_COVERAGE)
    groups = [(name, *group) for name in targets for group in _groups(name, rules)]
    counted = frame.select(
        expression.alias(f"{index}{measure}")
        for index, (_, _, _, member) in enumerate(groups)
        for measure, expression in _measures(member, cost).items()
    ).collect()
    rows = counted.row(0, named=True)
    return pl.DataFrame(
        [
            {"dimension": name, "by": by, "rule": rule}
            | {measure: rows[f"{index}{measure}"] for measure in ("rows", "requests", "spend")}
            for index, (name, by, rule, _) in enumerate(groups)
        ],
        schema=_COVERAGE,
    )


def shadowed(rules: Sequence[Rule]) -> list[tuple[Rule, Rule]]:
    """Return the rules that can never assign anything, each with the earlier rule that always decides before it.

    Only what is certain is listed: the earlier rule asks for no more, covers the same dates, assigns plain text to
    all that the later one assigns, and no rule from there on sets what they ask for.
    """
    found = []
    for position, later in enumerate(rules):
        for index, earlier in enumerate(rules[:position]):
            moving = frozenset[str]().union(*(rule.writes for rule in rules[index:position]))
            if not moving & later.reads and _hides(earlier, later):
                found.append((later, earlier))
                break
    return found


def read_before_set(rules: Sequence[Rule]) -> list[tuple[Rule, Rule, str]]:
    """Return (reader, setter, dimension) where a rule reads what it sets itself or a later rule sets.

    Such a rule may decide otherwise when a ledger that was allocated before is allocated again. A setter whose plain
    text the reader's patterns do not fit (``proj_1`` renamed to ``search``) is not listed.
    """
    found = []
    for index, reader in enumerate(rules):
        for setter in rules[index:]:
            found += [
                (reader, setter, name) for name in sorted(reader.reads & setter.writes) if _reacts(reader, setter, name)
            ]
    return found


def _decide(frame: pl.LazyFrame, rules: Sequence[Rule]) -> pl.LazyFrame:
    """Apply the rules and keep, for each target, the index of the rule that assigned it."""
    for rule in rules:
        checked(rule)
    frame = frame.with_columns(
        *(value(column).alias(column) for column in _tag_columns(rules)),
        *(pl.lit(None, _INDEX).alias(column) for column in _winner_columns(rules)),
    )
    for index, rule in enumerate(rules):
        frame = frame.with_columns(_assignments(index, rule))
    return frame


def _fits(name: str, patterns: tuple[str, ...]) -> pl.Expr:
    """Return whether a dimension, which is a column by now, fits; of a tag with several values, any."""
    known = pl.col(name).cast(pl.String)
    if name.startswith(TAG):
        return tag_matches(name.removeprefix(TAG), patterns, first=known)
    return matches(known, patterns)


def _assignments(index: int, rule: Rule) -> list[pl.Expr]:
    holds = [_fits(canonical(name), patterns) for name, patterns in rule.when.items()]
    start = pl.col("charge_period_start")
    if rule.start is not None:
        holds.append(start >= rule.start)
    if rule.end is not None:
        holds.append(start < rule.end)
    expressions: list[pl.Expr] = []
    for name, template in rule.assign.items():
        target, assigned = owner(name), filled(template)
        winner, current = pl.col(_winner(target)), pl.col(target)
        decides = pl.all_horizontal(*holds, winner.is_null(), assigned.is_not_null())
        assigns = decides if rule.overwrite else decides & current.is_null()
        outcome = pl.when(assigns).then(pl.lit(index, _INDEX)).when(decides).then(pl.lit(_KEPT, _INDEX))
        expressions += [
            pl.when(assigns).then(assigned).otherwise(current).alias(target),
            outcome.otherwise(winner).alias(_winner(target)),
        ]
    return expressions


def _groups(name: str, rules: Sequence[Rule]) -> Iterable[tuple[str, str | None, pl.Expr]]:
    is_target = any(name in rule.writes for rule in rules)
    winner = (pl.col(_winner(name)) if is_target else pl.lit(None, _INDEX)).fill_null(_KEPT)
    given, has_value = pl.col(_source(name)).is_not_null(), pl.col(name).is_not_null()
    yield "source", None, (winner == _KEPT) & given
    yield "keys", None, (winner == _KEPT) & ~given & has_value
    for index, rule in enumerate(rules):
        if name in rule.writes:
            yield "rule", rule.name, winner == index
    yield "unowned", None, ~has_value


def _measures(member: pl.Expr, cost: str) -> dict[str, pl.Expr]:
    spend = pl.col(cost).filter(member)
    return {
        "rows": member.sum().cast(pl.Int64),
        "requests": pl.col("requests").filter(member).sum(),
        "spend": pl.when(spend.count() > 0).then(spend.sum()),
    }


def _hides(earlier: Rule, later: Rule) -> bool:
    mine = {canonical(name): set(patterns) for name, patterns in later.when.items()}
    theirs = {canonical(name): set(patterns) for name, patterns in earlier.when.items()}
    asks_no_more = all(name in mine and mine[name] <= patterns for name, patterns in theirs.items())
    starts = earlier.start is None or (later.start is not None and earlier.start <= later.start)
    ends = earlier.end is None or (later.end is not None and earlier.end >= later.end)
    certain = not any(names_in(template) for template in earlier.assign.values())
    return asks_no_more and starts and ends and certain and later.writes <= earlier.writes


def _reacts(reader: Rule, setter: Rule, name: str) -> bool:
    if reader is setter and not reader.overwrite:
        return False
    patterns = [pattern for read, given in reader.when.items() if canonical(read) == name for pattern in given]
    templates = [template for written, template in setter.assign.items() if owner(written) == name]
    captured = any(name in names_in(template) for template in reader.assign.values())
    return captured or any(names_in(template) or fits(template, patterns) for template in templates)


def _tag_columns(rules: Sequence[Rule]) -> list[str]:
    return sorted({name for rule in rules for name in rule.reads if name.startswith(TAG)})


def _winner_columns(rules: Sequence[Rule]) -> list[str]:
    return sorted({_winner(name) for rule in rules for name in rule.writes})


def _winner(dimension: str) -> str:
    return f"rule:{dimension}"


def _source(dimension: str) -> str:
    return f"source:{dimension}"
