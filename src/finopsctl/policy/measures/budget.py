"""How budgets stand, and where their periods end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import fits
from finopsctl.policy.measured import UNPRICED, Group, Measured
from finopsctl.questions.budgets import standing_of, until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    import polars as pl

    from finopsctl.config.policy import Rule
    from finopsctl.config.policy_kinds import BudgetRule
    from finopsctl.policy.desk import Desk

_COLUMNS = {
    "utilization": "utilization",
    "overrun-probability": "overrun_probability",
    "days-to-exhaustion": "days_to_exhaustion",
    "burn-rate": "burn_rate",
    "variance": "budget_variance",
}
_AHEAD = frozenset({"projected", "overrun-probability"})
_SPENT = frozenset({"utilization", "projected", "alert", "variance"})  # what a limit of 0 has no number for
_GLOB = frozenset("*?")


def measure(desk: Desk, rule: Rule, ask: BudgetRule) -> Measured:
    """Return the measure of every budget asked for.

    Raises:
        ConfigError: When there are no budgets, or none of a name that is no pattern.
    """
    settings = desk.settings_of(rule)
    books = until(desk.books_of(rule), settings)
    rows = standing_of(books, settings, is_projection=ask.measure in _AHEAD).rows
    _refuse_unknown(ask, rows)
    named = [row for row in rows.iter_rows(named=True) if not ask.budgets or fits(row["budget"], ask.budgets)]
    if not named:
        return Measured.nothing(f"no budget is called {' or '.join(ask.budgets)}")
    return Measured([_group(row, ask) for row in named])


def _refuse_unknown(ask: BudgetRule, rows: pl.DataFrame) -> None:
    known = rows["budget"].to_list()
    for name in ask.budgets:
        if not _GLOB & set(name) and name not in known:
            raise ConfigError(f"there is no budget '{name}'", nearest(name, known))


def _group(row: Mapping[str, Any], ask: BudgetRule) -> Group:
    value = _value(row, ask.measure)
    dims = {"budget": row["budget"]}
    if row["status"] == "exhausted" and value is None and ask.measure in _SPENT:
        return Group(dims, None, "its limit is 0, and something is spent", is_beyond=True)
    if row["actual"] is None:
        return Group(dims, None, UNPRICED)
    if row["status"] == "no_data":
        return Group(dims, value, "most days of its period hold no record", is_doubtful=True)
    why = "" if value is not None else "it is too early in its period, or it burns nothing"
    return Group(dims, value, why)


def _value(row: Mapping[str, Any], measure: str) -> Decimal | float | None:
    if measure == "alert":
        fired = [alert["at"] for alert in row["alerts"]]
        return None if row["utilization"] is None else max(fired, default=0.0)
    if measure == "projected":
        end, limit = row["projected_p50"], row["limit"]
        return None if end is None or not limit else float(end / limit)
    value: Decimal | float | None = row[_COLUMNS[measure]]
    return value
