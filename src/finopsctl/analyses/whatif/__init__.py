"""What-if: the same traffic priced under another model, tier, price, length or cache."""

from finopsctl.analyses.whatif.levers import (
    Cap,
    Hits,
    Move,
    Prefix,
    Prices,
    Retries,
    Scenario,
    SelfHost,
    Span,
    Tier,
    Trim,
)
from finopsctl.analyses.whatif.question import WhatIfQuestion
from finopsctl.analyses.whatif.result import Outcome, WhatIf
from finopsctl.analyses.whatif.run import days_covered, whatif

__all__ = [
    "Cap",
    "Hits",
    "Move",
    "Outcome",
    "Prefix",
    "Prices",
    "Retries",
    "Scenario",
    "SelfHost",
    "Span",
    "Tier",
    "Trim",
    "WhatIf",
    "WhatIfQuestion",
    "days_covered",
    "whatif",
]
