"""Two months of two teams' requests, simple enough to work every figure of a report out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

FIRST, DAYS = date(2026, 9, 1), 61


def records() -> list[dict[str, Any]]:
    """Return one request a day and team from 1 September to 31 October 2026.

    search (use case find, user ann) costs $2 a request in September and $3 in October, support (reply, bob) always $1.
    Input is 1,000 tokens in September and 1,500 in October, output 100 of at most 400.
    """
    found = []
    for day in (FIRST + timedelta(days=at) for at in range(DAYS)):
        in_october = day.month == 10
        for team, feature, user, cost in (
            ("search", "find", "ann", "3" if in_october else "2"),
            ("support", "reply", "bob", "1"),
        ):
            found.append(
                {
                    "charge_period_start": f"{day}T09:00:00Z",
                    "team": team,
                    "feature": feature,
                    "user": user,
                    "provider": "openai",
                    "model": "gpt-4o",
                    "requests": 1,
                    "errors": 0,
                    "cache_hits": 0,
                    "input_tokens": 1_500 if in_october else 1_000,
                    "output_tokens": 100,
                    "max_output_tokens": 400,
                    "reported_cost": cost,
                }
            )
    return found


BUDGETS = """
[[budget]]
name = "company"
limit = 200

[[budget]]
team = "support"
limit = 10
alerts = [{ at = 0.5, action = "tell the team" }]
"""
"""Monthly limits: of everything, and of support with an alert at half of it."""
