"""What October's calls were good for: outcomes as helpdesk and repository count them, and what bakeries pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from company import CUSTOMERS, between, digest
from elsewhere import DAYS
from gateway_files import csv_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from random import Random

_COUNTED = (
    ("ticket_reply", "support", 4, 8, 0.84, "4.10"),
    ("code_review", "platform", 1, 3, 0.90, "18.00"),
    ("catalog_writing", "search", 2, 4, 0.95, "9.00"),
    ("invoice_matching", "finance", 30, 60, 0.97, "0.35"),
)
"""Use case, team, fewest and most a workday, how many of them succeed, and what one costs by hand in USD."""
_RUNAWAY_DAY = 22
_FEE, _OLD_FEES = "2.40", {"bakery-11": "0.99", "bakery-14": "1.20"}
"""What the assistant costs a bakery on the plan pro each month; two still pay what it cost in spring."""


def outcomes(rng: Random) -> str:
    """Return outcomes by day; those of the fleet agent one by one, with the trace that brought them about."""
    return csv_text([row for day in DAYS if day.weekday() < 5 for row in _outcomes_of(rng, day)])


def _outcomes_of(rng: Random, day: date) -> Iterator[dict[str, Any]]:
    for use_case, team, fewest, most, rate, by_hand in _COUNTED:
        count = between(rng, fewest, most)
        good = sum(rng.random() < rate for _ in range(count))
        yield _row(day, (use_case, team, ""), count, good, by_hand)
    is_fine = day.day != _RUNAWAY_DAY and rng.random() < 0.9
    trace = f"agent-{digest(f'fleet {day}', 10)}"
    yield _row(day, ("fleet_agent", "platform", trace), 1, int(is_fine), "2.50")
    if day.day in {13, 27}:
        # A pilot that ran on somebody's own account: no record of it is here.
        yield _row(day, ("recipe_video", "marketing", ""), 1, 1, "")


def _row(day: date, whose: tuple[str, str, str], count: int, good: int, by_hand: str) -> dict[str, Any]:
    use_case, team, trace = whose
    return {
        "day": day.isoformat(),
        "use_case": use_case,
        "team": team,
        "trace_id": trace,
        "outcomes": count,
        "successes": good,
        "alternative_cost": by_hand,
    }


def revenue() -> str:
    """Return what bakeries on the plan pro paid for October; one of them has not begun to use it."""
    paying = [name for name, plan in CUSTOMERS.items() if plan == "pro"]
    return csv_text(
        [
            {
                "customer": name,
                "month": "2026-10",
                "amount": _OLD_FEES.get(name, _FEE),
                "currency": "USD",
                "plan": "pro",
            }
            for name in (*paying, "bakery-16")
        ]
    )
