"""Which budgets a question with filters is about, and whether the filters leave part of their spend out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError
from finopsctl.ledger.conditions import fits
from finopsctl.metrics.where import exact_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from finopsctl.metrics.budgets import Budget


def chosen(budgets: Sequence[Budget], filters: Iterable[str]) -> tuple[tuple[Budget, ...], frozenset[str]]:
    """Return the budgets the filters ask for, and the names of those that limit more than passes the filters.

    ``team=support`` asks for the budgets of that team where any budget is a team's; a filter on what no budget is
    limited to leaves all of them.

    Args:
        budgets: All there are.
        filters: As typed: ``team=support``.

    Raises:
        ConfigError: When no budget is left, naming those there are.
    """
    left, partial = tuple(budgets), set[str]()
    for text in filters:
        asked = exact_values(text)
        if asked is None or not any(asked[0] in budget.scope for budget in budgets):
            partial |= {budget.name for budget in left}
            continue
        name, values = asked
        matching = tuple(b for b in left if name in b.scope and _matches(b.scope[name], values))
        if not matching:
            raise without_budget(name, ",".join(values), budgets)
        left = matching
        partial |= {budget.name for budget in left if budget.scope[name] not in values}
    return left, frozenset(partial & {budget.name for budget in left})


def without_budget(name: str, value: str, budgets: Iterable[Budget]) -> ConfigError:
    """Return the error for a team, say, that has no budget."""
    names = ", ".join(sorted(budget.name for budget in budgets))
    return ConfigError(f"{name} '{value}' has no budget", f"Budgets: {names}.")


def _matches(pattern: str, values: Iterable[str]) -> bool:
    return any(value == pattern or (value and fits(value, [pattern])) for value in values)
