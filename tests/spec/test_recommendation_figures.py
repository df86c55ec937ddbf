"""What the playbook says of where to begin: a simple workload of 50,000 a month first, one below 500 not at all."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from book_files import write
from commands import finopsctl

if TYPE_CHECKING:
    from pathlib import Path


DAYS = [*range(1, 20), 30]
"""Twenty working days among the thirty that are looked at."""


def each_day(feature: str, requests: int, *, read: int, written: int) -> list[dict[str, Any]]:
    """Return a day's bucket of a feature for each working day, of so many tokens a request."""
    bucket = {
        "record_kind": "usage",
        "provider": "openai",
        "model": "gpt-4o",
        "team": "support",
        "feature": feature,
        "requests": requests,
        "input_tokens": read * requests,
        "output_tokens": written * requests,
    }
    ends = [(f"2026-10-{day:02d}T00:00:00Z", f"2026-10-{day + 1:02d}T00:00:00Z") for day in DAYS]
    return [{**bucket, "charge_period_start": start, "charge_period_end": end} for start, end in ends]


def test_a_simple_workload_of_50_000_a_month_comes_first_and_one_of_400_is_left_alone(tmp_path: Path) -> None:
    """At 2.50 and 10.00 a million. Tickets: 20 days of 1M requests of 600 in and 100 out, 20M x (0.0015 + 0.001) =
    $50,000. The report: 160,000 of the same, $400 and below $500. Drafting: 1M x (0.0050 + 0.0080) = $13,000, and not
    simple. As gpt-4o-mini tickets cost 20M x (0.00009 + 0.00006) = $3,000: $47,000 less."""
    logs = write(
        tmp_path / "october.jsonl",
        *each_day("tickets", 1_000_000, read=600, written=100),
        *each_day("report", 8_000, read=600, written=100),
        *each_day("drafting", 50_000, read=2000, written=800),
    )
    done = finopsctl("recommend", logs, "--since", "2026-10-01", "--until", "2026-10-31", "-f", "json")
    found = json.loads(done.stdout, parse_float=Decimal)
    first, features = found["rows"][0], {row["feature"] for row in found["rows"]}

    assert done.returncode == 0, done.stderr
    assert (first["rank"], first["feature"], first["title"]) == (
        1,
        "tickets",
        "Move support / tickets from gpt-4o to gpt-4o-mini",
    )
    assert first["monthly_saving"] == 47_000
    assert first["line_item"] == 1
    assert "report" not in features
    assert found["totals"]["workloads_left_alone"] == 1
