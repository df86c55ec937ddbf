"""Budgets against spend: where they stand, how fast they burn, where they end and when they run out."""

from finopsctl.analyses.budget.question import BudgetQuestion
from finopsctl.analyses.budget.standing import BudgetStanding, project, status

__all__ = ["BudgetQuestion", "BudgetStanding", "project", "status"]
