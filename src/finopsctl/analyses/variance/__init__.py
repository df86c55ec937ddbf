"""Variance: why spend changed between two periods, or how it stands against plan and budget."""

from finopsctl.analyses.variance.bridge import Bridge, bridge
from finopsctl.analyses.variance.budget import BudgetVariance, budget_variance
from finopsctl.analyses.variance.question import BridgeQuestion, Periods

__all__ = ["Bridge", "BridgeQuestion", "BudgetVariance", "Periods", "bridge", "budget_variance"]
