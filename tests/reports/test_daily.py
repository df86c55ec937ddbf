"""The daily report: the last day that is over, against the day before and the week before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from book_files import write
from commands import document, told

if TYPE_CHECKING:
    from pathlib import Path

    from reports.conftest import Ask


def test_it_is_of_the_last_day_that_is_over(ask: Ask) -> None:
    """At noon of 2 October that is the 1st: $4, against $3 the day before and $3 a day in the week before."""
    found = ask("report", "daily", "--as-of", "2026-10-02T12:00:00Z")

    rows = {row["figure"]: row for row in found["rows"]}
    assert found["totals"]["period_key"] == "2026-10-01"
    assert (rows["spend"]["value"], rows["spend"]["previous"]) == (4, 3)
    week = rows["spend_against_7_day_mean"]
    assert (week["value"], week["previous"], week["change"]) == (4, 3, pytest.approx(1 / 3))
    assert rows["cost_per_request"]["value"] == 2
    assert rows["cost_per_request_against_7_days"]["previous"] == 1.5


def test_the_mean_is_of_the_days_that_have_records(ask: Ask) -> None:
    """On 3 September two days came before, at $3."""
    found = ask("report", "daily", "--as-of", "2026-09-04")

    row = next(row for row in found["rows"] if row["figure"] == "spend_against_7_day_mean")
    assert (row["previous"], row["basis"]) == (3, "only 2 days before it with records")


def test_a_day_without_records_cost_nothing_and_has_no_cost_per_request(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    days = ("2026-10-01", "2026-10-03", "2026-10-04")
    records = ({"charge_period_start": f"{day}T09:00:00Z", "reported_cost": "2"} for day in days)
    log = write(tmp_path / "log.jsonl", *records)

    found = document(capsys, "report", "daily", str(log))

    assert [row["spend"] for row in found["spend_a_day"]] == [2, 0, 2, 2]
    assert [row["cost_per_request"] for row in found["cost_per_request_a_day"]] == [2, None, 2, 2]


def test_budgets_show_which_alerts_have_fired_and_what_to_do(ask: Ask) -> None:
    """Support's $31 of $10 in October is beyond its alert at 50 %."""
    found = ask("report", "daily", "--budgets", "budgets.toml")
    status = ask("budget", "status", "--budgets", "budgets.toml")

    assert [(row["budget"], row["utilization"]) for row in found["budgets"]] == [
        (row["budget"], row["utilization"]) for row in status["rows"]
    ]
    assert found["budgets"][0]["fired"] == "50%: tell the team"


def test_it_cannot_be_of_a_month(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, "report", "daily", log, "--month", "2026-10")

    assert code == 2
    assert "this report is of one day, and the period named is October 2026" in err


def test_a_day_can_be_named(ask: Ask) -> None:
    found = ask("report", "daily", "--since", "2026-09-30", "--until", "2026-10-01")

    assert (found["totals"]["period_key"], found["rows"][0]["value"]) == ("2026-09-30", 3)
