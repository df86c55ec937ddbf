"""The change in spend against another period, or other logs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsctl.errors import ConfigError
from finopsctl.metrics.dimensions import parse
from finopsctl.policy.measured import Group, Measured
from finopsctl.questions.comparing import BUDGET, check_comparison
from finopsctl.questions.variance import bridge_of, narrowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.config.policy import Rule
    from finopsctl.config.policy_kinds import VarianceRule
    from finopsctl.policy.desk import Desk

_NOTHING = Decimal(0)


def measure(desk: Desk, rule: Rule, ask: VarianceRule) -> Measured:
    """Return the change of each group.

    Raises:
        ConfigError: For what nothing can be compared with.
        SourceError: When there are no records to compare, or to compare with.
    """
    settings = desk.settings_of(rule, ask.by)
    if ask.compare == BUDGET:
        raise ConfigError("budgets are not compared with periods", 'Write kind = "budget" and measure = "variance".')
    check_comparison(ask.compare, settings.tz, settings.fiscal_year_start)
    rows = bridge_of(narrowed(desk.books_of(rule), settings), settings, ask.compare).rows
    names = [d.name for d in parse(ask.by, settings.fiscal_year_start)]
    counting = [row for row in rows.iter_rows(named=True) if _size(row) >= ask.floor]
    return Measured([_group(row, names, ask) for row in counting], rows.height - len(counting))


def _size(row: Mapping[str, Any]) -> Decimal:
    return max(row["baseline"] or _NOTHING, row["actual"] or _NOTHING)


def _group(row: Mapping[str, Any], names: list[str], ask: VarianceRule) -> Group:
    dims = {name: row[name] for name in names}
    change, before = row["change"], row["baseline"]
    if ask.measure == "absolute":
        return Group(dims, change, "" if change is not None else "its spend is not known")
    if change is None or not before:
        return Group(dims, None, "nothing was spent before, so that there is no relative change")
    return Group(dims, float(change / before))
