"""Which budgets a question with filters is about."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finopsctl.errors import ConfigError
from finopsctl.metrics.budget_choice import chosen
from finopsctl.metrics.budgets import Budget

BUDGETS = (
    Budget("company", Decimal(9)),
    Budget("support", Decimal(1), scope={"team": "support"}),
    Budget("s teams", Decimal(1), scope={"team": "s*"}),
    Budget("search", Decimal(1), scope={"team": "search"}),
)


def names(*filters: str) -> list[str]:
    return [budget.name for budget in chosen(BUDGETS, filters)[0]]


def test_without_a_filter_all_budgets_are_asked_for() -> None:
    assert (names(), chosen(BUDGETS, ())[1]) == ([b.name for b in BUDGETS], frozenset())


def test_a_team_asks_for_its_budgets_and_those_of_patterns_it_fits() -> None:
    assert names("team=support") == ["support", "s teams"]
    assert names("team=support,search") == ["support", "s teams", "search"]


def test_a_budget_of_several_teams_is_only_partly_counted_for_one() -> None:
    assert chosen(BUDGETS, ["team=support"])[1] == {"s teams"}


def test_a_filter_on_what_no_budget_is_limited_to_leaves_all_of_them_partly_counted() -> None:
    assert chosen(BUDGETS, ["environment=prod"]) == (BUDGETS, frozenset(b.name for b in BUDGETS))
    assert chosen(BUDGETS, ["team!=support"])[0] == BUDGETS


def test_a_team_without_a_budget_is_refused_naming_the_budgets() -> None:
    with pytest.raises(ConfigError, match="team 'data' has no budget") as caught:
        chosen(BUDGETS, ["team=data"])

    assert caught.value.hint == "Budgets: company, s teams, search, support."
