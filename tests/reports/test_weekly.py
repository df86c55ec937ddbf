"""The weekly report: the last ISO week that is over against the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from book_files import write
from commands import document, told
from two_months import records

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from reports.conftest import Ask


def test_it_is_of_the_last_week_that_is_over(ask: Ask) -> None:
    """1 October 2026 is a Thursday. Seen on the 6th: 28 September to 4 October, 3 days at $3 and 4 at $4 = $25.

    The week before had 7 days at $3.
    """
    found = ask("report", "weekly", "--as-of", "2026-10-06")

    assert (found["totals"]["period_key"], found["totals"]["compared_key"]) == ("2026-W40", "2026-W39")
    assert (found["rows"][0]["value"], found["rows"][0]["previous"]) == (25, 21)


def test_spenders_are_users_largest_first(ask: Ask) -> None:
    """19 to 25 October: ann 7 x $3, bob 7 x $1."""
    rows = ask("report", "weekly")["top_spenders"]

    assert [(row["user"], row["spend"]) for row in rows] == [("ann", 21), ("bob", 7)]


def test_the_rest_of_the_spenders_is_one_row(ask: Ask) -> None:
    rows = ask("report", "weekly", "--top", "1")["top_spenders"]

    assert [(row["user"], row["spend"], row["other"]) for row in rows] == [("ann", 21, None), (None, 7, 1)]


def test_the_model_mix_is_that_of_the_scorecard(ask: Ask) -> None:
    (row,) = ask("report", "weekly")["model_mix"]

    assert (row["model_tier"], row["value_spend"], row["value_requests"]) == ("standard", 1, 1)
    assert row["target_requests"] == "25% to 35%"


def test_recommendations_are_the_first_of_the_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty thousand times the tokens are worth looking at: one saves money, another has no figure and is told too."""
    monkeypatch.chdir(tmp_path)
    big = [{**r, "input_tokens": r["input_tokens"] * 20_000, "reported_cost": None} for r in records()]
    log = str(write(tmp_path / "log.jsonl", *big))
    week = ("--since", "2026-10-19", "--until", "2026-10-26")

    found = document(capsys, "report", "weekly", log)
    single = document(capsys, "recommend", log, *week)

    savings = [row["monthly_saving"] for row in single["rows"]]
    assert {saving is None for saving in savings} == {True, False}
    assert [(r["title"], r["monthly_saving"]) for r in found["recommendations"]] == [
        (r["title"], r["monthly_saving"]) for r in single["rows"][:5]
    ]
    combined = next(row["value"] for row in found["rows"] if row["figure"] == "monthly_saving")
    assert combined == single["totals"]["monthly_saving_combined"]


def test_recommendations_that_save_nothing_are_told_all_the_same(ask: Ask) -> None:
    """Support has used $31 of its $10: to alert its owners saves nothing, and is what there is to do."""
    found = ask("report", "weekly", "--budgets", "budgets.toml")

    titles = [row["title"] for row in found["recommendations"] if row["monthly_saving"] is None]
    assert any("budget support" in title for title in titles)
    assert "monthly_saving" not in {row["figure"] for row in found["rows"]}
    assert not [f for f in found["findings"] if f["code"] == "not_in_report" and "recommendations" in f["what"]]


def test_without_a_whole_week_it_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = write(tmp_path / "log.jsonl", {"charge_period_start": "2026-10-06T09:00:00Z", "reported_cost": "1"})

    code, _, err = told(capsys, "report", "weekly", str(log))

    assert code == 4
    assert "nothing of the last whole week, 28 September to 4 October 2026" in err
    assert "from 2026-10-06 to 2026-10-06" in err
