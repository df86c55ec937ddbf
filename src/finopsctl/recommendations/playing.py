"""What advice saves, alone and together: its changes played, as what-if plays them, on the rows they are about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif import WhatIfQuestion, whatif
from finopsctl.analyses.whatif.moves import Play
from finopsctl.analyses.whatif.playing import in_currency, played
from finopsctl.analyses.whatif.state import NEEDED, filter_columns, opened
from finopsctl.recommendations.acts import SLICE, acts_of, scenario_of, slices_at
from finopsctl.recommendations.wording import arithmetic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finopsctl.analyses.whatif import Scenario
    from finopsctl.recommendations.acts import Act, Acts
    from finopsctl.recommendations.advice import Advice
    from finopsctl.recommendations.signals import Signals

_BATCH = 500_000
_NOTHING = Decimal(0)
_REST = "_rest"
_PICO_DIGITS = -12
Sums = dict[int, tuple[int, int]]
"""By slice, what its rows cost and would cost, in pico-units."""


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """What all changes come to together, each dollar counted once.

    Args:
        monthly: In 30 days: what one what-if scenario of them shows.
        changes: The advice that the scenario is made of.
    """

    monthly: Decimal
    changes: tuple[Advice, ...]

    @property
    def parts(self) -> str:
        """How the sum is made up, for a sentence."""
        if any(each.change is not None and each.change.self_host is not None for each in self.changes):
            return "machines of one's own alone, which save more than all the rest"
        return f"{len(self.changes)} played in one scenario"


def figured(ledger: pl.LazyFrame, advice: Sequence[Advice], signals: Signals) -> tuple[list[Advice], Together]:
    """Return advice with its saving, and what all of it saves; advice whose change saves nothing is left out.

    The changes of one rule and lever are about different records: they are played at once and told apart by place.

    Args:
        ledger: Ledger columns and ``cost``.
        advice: Found by the rules.
        signals: What it was found in.
    """
    changes = [each for each in advice if each.change is not None and each.change.self_host is None]
    kinds = list(dict.fromkeys(map(_kind, changes)))
    runs = [acts_of((each for each in changes if _kind(each) == kind), signals) for kind in kinds]
    *alone, whole = _played(ledger, [*runs, acts_of(changes, signals)], signals)
    sums = dict(zip(kinds, alone, strict=True))
    known = [_with_saving(ledger, each, sums.get(_kind(each), {}), signals) for each in advice]
    kept = [each for each in known if each.change is None or (each.saving or _NOTHING) > 0]
    lost = [each for each in known if each.change is not None and (each.saving or _NOTHING) <= 0]
    return kept, _together(kept, _without(ledger, whole, kept, lost, signals), signals)


def _kind(advice: Advice) -> tuple[str, str]:
    return advice.rule, advice.lever


def _played(ledger: pl.LazyFrame, runs: Sequence[Acts], signals: Signals) -> list[Sums]:
    """Play each of several sets of acts on the rows it is meant for."""
    rests = tuple(dict.fromkeys(act.where for run in runs for act in run.slices if act.where))
    found: list[list[pl.DataFrame]] = [[] for _ in runs]
    for batch in _batches(ledger, runs, rests, signals):
        counts = dict(batch.group_by(SLICE).len().iter_rows())
        for at, run in enumerate(runs):
            for acts, slices in run.parts(counts):
                rows = batch.filter(pl.col(SLICE).is_in(slices))
                found[at].append(_sums(rows, acts, run, rests, signals))
    return [_added(parts) for parts in found]


def _batches(
    ledger: pl.LazyFrame, runs: Sequence[Acts], rests: Sequence[tuple[str, ...]], signals: Signals
) -> Iterator[pl.DataFrame]:
    """Yield the rows that any act is meant for, with what they cost now, their slice, and the answers of filters."""
    wanted = sorted(frozenset().union(*(slices for run in runs for slices in run.slices.values())))
    if not wanted:
        return
    question = signals.question
    keys = {f"_by_{name}": key for name, key in signals.keys.items()}
    answers = filter_columns(rests, question.timezone, question.first_month)
    filters = {f"{_REST}{at}": answers[f"_when{at}"] for at in range(len(rests))}
    slices = signals.slices.with_row_index(SLICE).select(SLICE, *(pl.col(n).alias(f"_by_{n}") for n in signals.keys))
    meant = slices.filter(pl.col(SLICE).is_in(wanted))
    usage = ledger.filter(pl.col("record_kind").is_in(["request", "usage"]))
    # A record's id only chooses a share of requests, and no advice is about a share.
    rows = usage.select(*NEEDED, **keys, **filters).with_columns(record_id=pl.lit(None, dtype=pl.String))
    for batch in rows.collect_batches(chunk_size=_BATCH, engine="streaming"):
        placed = batch.join(meant, on=list(keys), nulls_equal=True).drop(keys)
        if placed.height:
            yield opened(placed, question.prices, None, question.basis)


def _sums(
    rows: pl.DataFrame, acts: Sequence[Act], run: Acts, rests: Sequence[tuple[str, ...]], signals: Signals
) -> pl.DataFrame:
    """Return what the rows of each slice cost before and after some acts of a run."""
    question = signals.question
    meant = {
        f"_when{at}": pl.col(SLICE).is_in(sorted(run.slices[act]))
        & (pl.col(f"{_REST}{rests.index(act.where)}") if act.where else pl.lit(value=True))
        for at, act in enumerate(acts)
    }
    names = [(str(at),) for at in range(len(acts))]
    play = Play(scenario_of(acts), question.prices, question.basis, names)
    after = played(rows.with_columns(**meant), play, None, with_retries=run.with_retries)
    shown = in_currency(after, ["baseline", "scenario"], question.currency, question.rates)
    both = pl.all_horizontal(pl.col("baseline", "scenario").is_not_null())
    return shown.filter(both).group_by(SLICE).agg(pl.col("baseline", "scenario").cast(pl.Int128).sum())


def _added(parts: Sequence[pl.DataFrame]) -> Sums:
    if not parts:
        return {}
    sums = pl.concat(parts).group_by(SLICE).agg(pl.col("baseline", "scenario").sum())
    return {at: (now, then) for at, now, then in sums.iter_rows()}


def _without(
    ledger: pl.LazyFrame, whole: Sums, kept: Sequence[Advice], lost: Sequence[Advice], signals: Signals
) -> Sums:
    """Return the sums of all changes together without those that are left out, playing what they touched again."""
    if not lost:
        return whole
    with_lost = acts_of([*kept, *lost], signals)
    changes = [each for each in kept if each.change is not None and each.change.self_host is None]
    wanted = acts_of(changes, signals)
    # Without a lever on retries, what they cost is on neither side, anywhere.
    again = set(whole) if with_lost.with_retries != wanted.with_retries else set(_touched(lost, signals))
    (sums,) = _played(ledger, [wanted.within(again)], signals)
    return {at: amounts for at, amounts in whole.items() if at not in again} | sums


def _touched(advice: Sequence[Advice], signals: Signals) -> Iterator[int]:
    for each in advice:
        yield from slices_at(each.where, signals)


def _together(advice: Sequence[Advice], sums: Sums, signals: Signals) -> Together:
    """Count every dollar once: changes act one after the other in a single scenario.

    Machines of one's own take the requests themselves: they count instead of all the others, where they save more.
    """
    changes = [each for each in advice if each.change is not None and each.change.self_host is None]
    hosting = [each for each in advice if each.change is not None and each.change.self_host is not None]
    saving = _saved(sums)
    best = max(hosting, key=lambda each: each.saving or _NOTHING, default=None)
    if best is not None and (best.saving or _NOTHING) > saving:
        return Together(signals.monthly(best.saving), (best,))
    return Together(signals.monthly(saving), tuple(changes))


def _with_saving(ledger: pl.LazyFrame, advice: Advice, sums: Sums, signals: Signals) -> Advice:
    if advice.change is None:
        return advice
    if advice.change.self_host is not None:
        now, then = _hosted(ledger, advice.change, signals)
    else:
        here = [sums[at] for at in slices_at(advice.where, signals) if at in sums]
        now, then = (_money(sum(amounts[side] for amounts in here)) for side in (0, 1))
    said = f"{advice.evidence}: {arithmetic(signals, now, then)}"
    return replace(advice, saving=now - then, monthly=signals.monthly(now - then), evidence=said)


def _hosted(ledger: pl.LazyFrame, change: Scenario, signals: Signals) -> tuple[Decimal, Decimal]:
    """Return what everything costs now and would on machines of one's own: their hours are no row's."""
    question = signals.question
    asked = WhatIfQuestion(
        (change,),
        question.prices,
        compare=True,
        span=question.span,
        timezone=question.timezone,
        first_month=question.first_month,
        basis=question.basis,
        currency=question.currency,
        rates=question.rates,
    )
    rows = whatif(ledger, asked).outcomes[0].rows
    return Decimal(rows["baseline"].sum() or 0), Decimal(rows["scenario"].sum() or 0)


def _saved(sums: Sums) -> Decimal:
    return _money(sum(now - then for now, then in sums.values()))


def _money(pico: int) -> Decimal:
    return Decimal(pico).scaleb(_PICO_DIGITS)
