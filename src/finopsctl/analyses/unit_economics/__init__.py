"""Unit economics: what a user, an outcome, a successful task and a customer cost, and what is left of what they pay.

Every figure says what it leaves out: spend without a user or a customer, use cases without outcomes, outcomes and
revenue without spend. A success rate stands beside each cost.
"""

from finopsctl.analyses.unit_economics.answer import UnitEconomics, unit_economics
from finopsctl.analyses.unit_economics.question import UnitQuestion

__all__ = ["UnitEconomics", "UnitQuestion", "unit_economics"]
