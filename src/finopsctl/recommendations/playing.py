"""What advice saves, alone and together: its changes played through what-if."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.whatif import Scenario, WhatIf, WhatIfQuestion, whatif
from finopsctl.metrics.dimensions import dimension
from finopsctl.recommendations.signals import MODEL, filters
from finopsctl.recommendations.wording import arithmetic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from finopsctl.recommendations.advice import Advice
    from finopsctl.recommendations.signals import Signals

_LEVERS = ("swaps", "tiers", "trims", "caps", "prefixes", "hits", "retries")
_SAME = ("swaps", "tiers", "trims", "prefixes", "retries")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """What all changes come to together, each dollar counted once.

    Args:
        monthly: In 30 days.
        parts: How it is made up, for a sentence.
    """

    monthly: Decimal
    parts: str


def figured(ledger: pl.LazyFrame, advice: Sequence[Advice], signals: Signals) -> list[Advice]:
    """Return advice with its saving; advice whose change saves nothing is left out.

    The changes of one rule are about different records, so they are played as one scenario and told apart by place.

    Args:
        ledger: Ledger columns and ``cost``.
        advice: Found by the rules.
        signals: What it was found in.
    """
    plain = [each for each in advice if each.change is not None and not each.change.retries]
    again = [each for each in advice if each.change is not None and each.change.retries]
    played: dict[int, Advice] = {}
    for group in (plain, again):  # what retries cost is on both sides as soon as a scenario is about them
        rules = list(dict.fromkeys(each.rule for each in group))
        if not rules:
            continue
        scenarios = [merged(rule, (_everywhere(each) for each in group if each.rule == rule)) for rule in rules]
        found = whatif(ledger, _asked(signals, scenarios))
        rows = {rule: outcome.rows for rule, outcome in zip(rules, found.outcomes, strict=True)}
        for each in group:
            played |= {id(each): _with_saving(each, rows[each.rule], signals)}
    known = [played.get(id(each), _with_month(each, signals)) for each in advice]
    return [each for each in known if each.change is None or (each.saving or _NOTHING) > 0]


def merged(name: str, changes: Iterable[Scenario | None]) -> Scenario:
    """Return one scenario with the levers of several, in order."""
    whole = Scenario(name)
    for change in changes:
        if change is None:
            continue
        added: dict[str, Any] = {
            lever: tuple(dict.fromkeys((*getattr(whole, lever), *getattr(change, lever)))) for lever in _LEVERS
        }
        whole = replace(whole, self_host=change.self_host or whole.self_host, **added)
    return whole


def _everywhere(advice: Advice) -> Scenario | None:
    """Return a change without the limits of its workload, where it is the same for all: one lever instead of many.

    What it does elsewhere is not looked at. A swap stays limited to its model, and limits by place differ.
    """
    change = advice.change
    if change is None:
        return None
    places = {name: value for name, value in advice.where.items() if name not in MODEL}
    limits = frozenset(filters(places))
    wider: dict[str, Any] = {}
    for name in _SAME:
        levers = getattr(change, name)
        wider[name] = tuple(replace(lever, where=tuple(w for w in lever.where if w not in limits)) for lever in levers)
    return replace(change, **wider)


def together(ledger: pl.LazyFrame, advice: Sequence[Advice], signals: Signals) -> Together:
    """Return what all advice saves a month together.

    Changes that what-if can play act one after the other in a single scenario. A cache that is given up and another
    change of the same workload and model are not added: of both the larger counts. Machines of one's own take the
    requests themselves: they count instead of all the others, where they save more.

    Args:
        ledger: Ledger columns and ``cost``.
        advice: With savings.
        signals: What it was found in.
    """
    hosting = [each for each in advice if each.change is not None and each.change.self_host is not None]
    changes = [each for each in advice if each.change is not None and each.change.self_host is None]
    losses = [each for each in advice if each.change is None and (each.saving or _NOTHING) > 0]
    saving, kept = _NOTHING, _NOTHING
    rows = None
    if changes:
        rows = _played(ledger, changes, signals).outcomes[0].rows
        saving = _saving(rows)
    for places, lost in _by_place(losses):
        same = _NOTHING if rows is None else _saving(rows.filter(_at(dict(places))))
        kept += max(lost - max(same, _NOTHING), _NOTHING)
    alone = max((each.saving or _NOTHING for each in hosting), default=_NOTHING)
    if alone > saving + kept:
        return Together(signals.monthly(alone), "machines of one's own alone, which save more than all the rest")
    parts = f"{len(changes)} played in one scenario" if changes else ""
    if losses:
        parts += f"{', ' if parts else ''}{len(losses)} of caches given up, where they save more than those"
    return Together(signals.monthly(saving + kept), parts)


def _played(ledger: pl.LazyFrame, changes: Sequence[Advice], signals: Signals) -> WhatIf:
    return whatif(ledger, _asked(signals, [merged("together", (each.change for each in changes))]))


def _asked(signals: Signals, scenarios: Sequence[Scenario]) -> WhatIfQuestion:
    question = signals.question
    names = [d.name for d in question.by]
    by = (*question.by, *(dimension(name) for name in MODEL if name not in names))
    return WhatIfQuestion(
        tuple(scenarios),
        question.prices,
        by=by,
        compare=True,
        span=question.span,
        timezone=question.timezone,
        first_month=question.first_month,
        basis=question.basis,
        currency=question.currency,
        rates=question.rates,
    )


def _with_saving(advice: Advice, rows: pl.DataFrame, signals: Signals) -> Advice:
    here = rows.filter(_at(advice.where))
    now, then = (Decimal(here[name].sum()) for name in ("baseline", "scenario"))
    said = f"{advice.evidence}: {arithmetic(signals, now, then)}"
    return replace(advice, saving=now - then, monthly=signals.monthly(now - then), evidence=said)


def _with_month(advice: Advice, signals: Signals) -> Advice:
    return advice if advice.saving is None else replace(advice, monthly=signals.monthly(advice.saving))


def _at(place: Mapping[str, str | None]) -> pl.Expr:
    """Return whether a row is of a place."""
    return pl.all_horizontal(pl.lit(value=True), *(pl.col(name).eq_missing(value) for name, value in place.items()))


def _saving(rows: pl.DataFrame) -> Decimal:
    return Decimal(rows["saving"].sum() or 0)


def _by_place(losses: Sequence[Advice]) -> list[tuple[tuple[tuple[str, str | None], ...], Decimal]]:
    sums: dict[tuple[tuple[str, str | None], ...], Decimal] = {}
    for each in losses:
        place = tuple(each.where.items())
        sums[place] = sums.get(place, _NOTHING) + (each.saving or _NOTHING)
    return list(sums.items())
