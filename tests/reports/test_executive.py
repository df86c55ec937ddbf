"""The executive report: figures worked out by hand, and the same as those of the single commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from commands import told

if TYPE_CHECKING:
    from pathlib import Path

    from reports.conftest import Ask


def figures(found: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a report's key figures by name."""
    return {row["figure"]: row["value"] for row in found["rows"]}


def test_the_month_so_far_is_compared_with_as_many_days_before(ask: Ask) -> None:
    """15 days at $3 + $1 = $60; 16 to 30 September: 15 days at $2 + $1 = $45; up by a third."""
    found = ask("report", "executive", "--as-of", "2026-10-16")

    spend = found["rows"][0]
    assert found["schema"] == "finopsctl/report/1"
    assert (spend["figure"], spend["value"], spend["previous"]) == ("spend", 60, 45)
    assert spend["change"] == pytest.approx(1 / 3)
    assert found["totals"]["report"] == "executive"
    assert found["totals"]["period_key"] == "2026-10-01..2026-10-15"


def test_at_the_end_of_a_month_it_is_of_the_whole_month(ask: Ask) -> None:
    """31 days at $4 = $124 against 30 days at $3 = $90."""
    found = ask("report", "executive")

    assert (found["totals"]["period_key"], found["totals"]["compared_key"]) == ("2026-10", "2026-09")
    assert (found["rows"][0]["value"], found["rows"][0]["previous"]) == (124, 90)
    assert [(row["month"], row["spend"]) for row in found["spend_by_month"]] == [("2026-09", 90), ("2026-10", 124)]


def test_budgets_forecast_and_run_rate_are_those_of_the_commands(ask: Ask) -> None:
    """$60 of $200 is 30 %; support's $15 of $10 has set off the alert at 50 %."""
    seen = ("--as-of", "2026-10-16")
    found = ask("report", "executive", "--budgets", "budgets.toml", *seen)
    project = ask("budget", "project", "--budgets", "budgets.toml", *seen)
    month = ask("forecast", *seen)
    year = ask("forecast", "--horizon", "year-end", *seen)

    values = figures(found)
    assert values["budget_utilization"] == 0.3
    company = next(row for row in project["rows"] if row["budget"] == "company")
    assert values["budget_projected"] == company["projected_p50"]
    assert values["forecast_month_end"] == month["totals"]["projected"]
    assert values["forecast_year_end"] == year["totals"]["projected"]
    assert values["run_rate_year_end"] == year["totals"]["run_rate_monthly"]
    assert [row["budget"] for row in found["budgets"]] == ["support", "company"]
    assert found["budgets"][0]["fired"] == "50%: tell the team"


def test_drivers_and_teams_are_those_of_the_commands(ask: Ask) -> None:
    found = ask("report", "executive")
    month = ("--month", "2026-10")
    variance = ask("variance", *month, "--compare", "previous", "--by", "team")
    teams = ask("attribution", *month, "--compare", "previous")

    effects = [(row["effect"], row["amount"]) for row in variance["effects"][1:4]]
    assert [(row["effect"], row["amount"]) for row in found["what_drove_the_change"]] == effects
    assert found["spend_by_team"] == teams["rows"]


def test_the_days_to_come_follow_the_days_that_are_over(ask: Ask) -> None:
    """15 actual days of October, then 16 forecast ones."""
    rows = ask("report", "executive", "--as-of", "2026-10-16")["spend_a_day_and_forecast"]

    assert [row["kind"] for row in rows] == ["actual"] * 15 + ["forecast"] * 16
    assert {row["spend"] for row in rows[:15]} == {4}
    assert all(row["spend"] == row["p50"] for row in rows[15:])


def test_the_same_question_has_the_same_bytes(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("report", "executive", log, "--budgets", "budgets.toml", "--as-of", "2026-10-16", "-f", "json")

    assert told(capsys, *words) == told(capsys, *words)


def test_what_is_missing_is_said_in_one_line_with_what_to_pass(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "report", "executive", log)

    lines = [line for line in out.splitlines() if "Not in this report" in line]
    assert (code, len(lines)) == (0, 1)
    for option in ("--budgets FILE", "--outcomes FILE", "--revenue FILE"):
        assert option in lines[0]
    assert "nothing to show" not in out


def test_the_margin_of_customers_stands_beside_all_spend(ask: Ask, tmp_path: Path) -> None:
    """Nobody's records name a customer here, so the margin is on no spend, and all of $124 comes off $310."""
    revenue = tmp_path / "revenue.csv"
    revenue.write_text("customer,month,amount,currency\nacme,2026-10,310,USD\n", encoding="utf-8")

    found = ask("report", "executive", "--month", "2026-10", "--revenue", str(revenue))
    single = ask("unit-economics", "--month", "2026-10", "--revenue", str(revenue))

    values = figures(found)
    assert values["gross_margin_after_all_spend"] == pytest.approx(single["totals"]["margin_after_all_spend"])
    assert values["gross_margin_after_all_spend"] == pytest.approx(0.6)
