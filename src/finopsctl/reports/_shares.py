"""What each team is charged for a month, and how that ties to the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.questions.chargeback import chargeback_of
from finopsctl.reports._parts import Part, first_rows, notable, sentence
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from finopsctl.reports._scene import Scene


def chargeback(scene: Scene) -> Part:
    """Return the charges by owner with the sentence that ties them to the ledger."""
    settings = replace(scene.given, by=(), top=None, compare=None)
    found = chargeback_of(scene.books, settings)
    amounts = {name: money(found.totals[name], scene.given.currency) for name in _TIE}
    tie = (
        f"ledger {amounts['ledger']} - {amounts['replaced']} that capacity stands for + {amounts['outside']} that no "
        f"log holds = {amounts['total']} charged, difference {amounts['difference']}"
    )
    table = replace(found.report().for_people[0], title="Chargeback", basis=sentence(tie))
    totals = {f"chargeback_{name}": found.totals[name] for name in _TIE}
    return Part(tables=(first_rows(table, scene.top * 2),), findings=notable(found.findings), totals=totals)


_TIE = ("ledger", "replaced", "outside", "total", "difference")
