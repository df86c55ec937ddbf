"""The schedules that docs/delivery.md shows say what they are said to."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

import pytest
import yaml

from documents import ROOT

PAGE = (ROOT / "docs/delivery.md").read_text(encoding="utf-8")


def third_business_day(day: date) -> date:
    """Return the third Monday to Friday of a day's month."""
    days = (day.replace(day=at) for at in range(1, 8))
    return [each for each in days if each.weekday() < 5][2]


def test_every_guard_lets_the_third_business_day_through_and_no_other() -> None:
    """All 6,210 days of seventeen years: every month has begun on every day of the week."""
    guards = {tuple(found.split("|")) for found in re.findall(r"(03-[^)\s]+)\)", PAGE)}
    assert guards == {("03-[345]", "04-3", "05-[123]")}

    (patterns,) = guards
    days = [date(2024, 1, 1) + timedelta(days=at) for at in range((date(2041, 1, 1) - date(2024, 1, 1)).days)]
    let_through = [day for day in days if any(fnmatchcase(f"{day:%d}-{day.isoweekday()}", one) for one in patterns)]

    assert let_through == [day for day in days if day == third_business_day(day)]
    assert len(let_through) == 17 * 12
    assert {day.day for day in let_through} == {3, 4, 5}  # the days of the cron line


@pytest.mark.parametrize(
    ("cron", "local"), [("30 3 * * *", "09:00"), ("30 4 * * 1", "10:00"), ("30 4 3-5 * *", "10:00")]
)
def test_every_cron_line_is_at_its_hour_in_india(cron: str, local: str) -> None:
    minute, hour, *_ = cron.split()
    moment = datetime(2026, 11, 2, int(hour), int(minute), tzinfo=UTC).astimezone(ZoneInfo("Asia/Kolkata"))

    assert f"{moment:%H:%M}" == local
    assert moment.date() == date(2026, 11, 2)  # the same day, so days of the week and month need no shift
    assert PAGE.count(cron) >= 3  # the table, the crontab, GitHub


def test_every_example_of_a_pipeline_is_yaml() -> None:
    examples = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    crons = [entry["cron"] for entry in examples[0][True]["schedule"]]  # YAML 1.1 reads the key `on` as true
    steps = [step for step in examples[0]["jobs"]["report"]["steps"] if "finopsctl report" in step.get("run", "")]

    assert [step["if"] for step in steps] == [f"github.event.schedule == '{cron}'" for cron in crons]
    assert "report" in examples[1]
