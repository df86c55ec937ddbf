"""What to do about the bill: what the analyses show, as a list ranked by money.

The one analysis that stands on others: it asks what-if what a change would save, and reads what caching saved, where
budgets stand and where reported prices are off.
"""

from finopsctl.recommendations.question import RecommendQuestion, Shown, Thresholds
from finopsctl.recommendations.recommend import recommend
from finopsctl.recommendations.result import Recommendations
from finopsctl.recommendations.rules import RULES

__all__ = ["RULES", "RecommendQuestion", "Recommendations", "Shown", "Thresholds", "recommend"]
