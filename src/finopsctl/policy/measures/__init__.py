"""What each kind of rule measures, one file a kind; :data:`MEASURES` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finopsctl.config.policy_kinds import (
    AnomaliesRule,
    BudgetRule,
    DataQualityRule,
    ForbiddenModelsRule,
    KpiRule,
    PriceDriftRule,
    SpendRule,
    VarianceRule,
    WhatIfRule,
)
from finopsctl.policy.measures import (
    anomalies,
    budget,
    data_quality,
    forbidden_models,
    kpi,
    price_drift,
    spend,
    variance,
    whatif,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from finopsctl.config.policy import Rule
    from finopsctl.policy.desk import Desk
    from finopsctl.policy.measured import Measured

MEASURES: dict[type, Callable[[Desk, Rule, Any], Measured]] = {
    KpiRule: kpi.measure,
    BudgetRule: budget.measure,
    AnomaliesRule: anomalies.measure,
    VarianceRule: variance.measure,
    PriceDriftRule: price_drift.measure,
    WhatIfRule: whatif.measure,
    ForbiddenModelsRule: forbidden_models.measure,
    DataQualityRule: data_quality.measure,
    SpendRule: spend.measure,
}
"""How each kind is measured, from the desk, the rule and what it asks for; SourceError where there is nothing to."""
