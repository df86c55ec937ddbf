"""What a scenario would save or cost in 30 days."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsctl.metrics.dimensions import parse
from finopsctl.policy.measured import Group, Measured
from finopsctl.questions.whatif import priced_by_us, whatif_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.config.policy import Rule
    from finopsctl.config.policy_kinds import WhatIfRule
    from finopsctl.policy.desk import Desk

_MONTH = 30
_PICO = Decimal("1e-12")


def measure(desk: Desk, rule: Rule, ask: WhatIfRule) -> Measured:
    """Return the scenario's figure, by group where asked.

    Raises:
        SourceError: When no record is in the period.
    """
    assert ask.planned is not None
    books = priced_by_us(desk.books_of(rule), dated=False)
    found = whatif_of(books, desk.settings_of(rule, ask.by), (ask.planned,), compare=False)
    names = [d.name for d in parse(ask.by, desk.settings.fiscal_year_start)]
    rows = list(found.rows.iter_rows(named=True)) if names else [found.totals]
    counting = [row for row in rows if not ask.floor or row["baseline"] is None or row["baseline"] >= ask.floor]
    days = found.outcomes[0].days
    return Measured([_group(row, names, ask.measure, days) for row in counting], len(rows) - len(counting))


def _group(row: Mapping[str, Any], names: list[str], measure: str, days: int) -> Group:
    dims = {name: row[name] for name in names}
    baseline, scenario = row["baseline"], row["scenario"]
    if baseline is None or scenario is None:
        return Group(dims, None, "nothing of it has a price")
    if measure in {"saving", "cost"}:
        amount = scenario if measure == "cost" else baseline - scenario
        return Group(dims, (amount * _MONTH / days).quantize(_PICO), _note(row))
    if not baseline:
        return Group(dims, None, "it costs nothing today")
    change = float(scenario / baseline) - 1
    return Group(dims, change if measure == "increase" else -change, _note(row))


def _note(row: Mapping[str, Any]) -> str:
    kept = row["requests_kept"] or 0
    return "" if not kept else f"{kept:,} requests could not be moved"
