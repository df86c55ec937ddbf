"""``finopsctl forecast``: its JSON contract, its origin, and what it refuses."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from book_files import write
from commands import document, told

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a log of 50 days from 1 September 2026: search $2 a day, support $1."""
    monkeypatch.chdir(tmp_path)
    days = [date(2026, 9, 1) + timedelta(days=at) for at in range(50)]
    teams = (("search", "2"), ("support", "1"))
    records = [
        {"charge_period_start": f"{day}T09:00:00Z", "team": team, "reported_cost": cost}
        for day in days
        for team, cost in teams
    ]
    return str(write(tmp_path / "log.jsonl", *records))


def test_the_json_document_keeps_its_keys(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    """20 of 31 days at $3 a day: $60 so far, $93 at the month's end."""
    found = document(capsys, "forecast", log, "--by", "team")

    assert found["schema"] == "finopsctl/forecast/1"
    assert list(found["rows"][0]) == ["day", "team", "actual", "p10", "p50", "p90"]
    assert len(found["rows"]) == 31 * 2
    totals = found["totals"]
    assert (totals["actual"], totals["projected"], totals["projected_p50"]) == (60, 93, 93)
    assert totals["run_rate_monthly"] == 90
    assert totals["method"] == "weekday profile x level"
    assert totals["backtest_errors"] > 20


def test_until_is_the_origin(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "forecast", log, "--until", "2026-10-11")

    assert (found["totals"]["origin"], found["totals"]["actual"]) == ("2026-10-11", 30)


def test_until_is_what_the_document_says_it_is_seen_from(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not the end of the data, 2026-10-21."""
    assert document(capsys, "forecast", log, "--until", "2026-10-11")["as_of"] == "2026-10-11T00:00:00Z"


def test_as_of_is_the_origin(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "forecast", log, "--as-of", "2026-10-11", "--horizon", "7d")

    assert next(row["day"] for row in found["rows"]) == "2026-10-11"
    assert found["totals"]["projected"] == 21


def test_a_period_that_is_not_over_does_not_move_the_origin(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, "forecast", log, "--month", "2026-10")["totals"]["origin"] == "2026-10-21"


def test_fiscal_quarters_follow_the_configuration(
    log: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year that begins in February has a quarter from August to October."""
    monkeypatch.setenv("FINOPSCTL_FISCAL_YEAR_START", "2")

    found = document(capsys, "forecast", log, "--horizon", "quarter-end")

    assert (found["totals"]["horizon_start"], found["totals"]["horizon_end"]) == ("2026-08-01", "2026-11-01")
    assert found["totals"]["projected"] == 3 * 61


def test_scenarios_stand_beside_the_baseline(log: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """From 26 October search costs half: 5 x $3 + 6 x $2 = $27 instead of $33 to come."""
    (tmp_path / "s.toml").write_text(
        '[[scenario]]\nname = "half"\n[[scenario.change]]\nfrom = 2026-10-26\n'
        'where = { team = "search" }\nfactor = 0.5\n'
    )
    found = document(capsys, "forecast", log, "--scenarios", str(tmp_path / "s.toml"))

    assert [(row["scenario"], row["projected"]) for row in found["scenarios"]] == [("(baseline)", 93), ("half", 87)]


def test_people_read_a_sentence_parts_and_weeks_and_no_daily_rows(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = told(capsys, "forecast", log, "--by", "team", "--backtest")

    assert out.startswith(
        "October 2026 will cost about $93.00 (80% likely between $93.00 and $93.00), of which $60.00 is spent;"
    )
    assert "By team" in out
    assert "Forecast by week" in out
    assert "Backtest" in out
    assert out.count("2026-10-2") < 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "etz"), "unknown forecast method 'etz'"),
        (("--horizon", "monthend"), "Did you mean 'month-end'?"),
        (("--by", "week"), "week cannot be a part of it"),
        (("--scenarios", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_what_cannot_be_asked_is_exit_2(
    log: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = told(capsys, "forecast", log, *arguments)

    assert (code, out) == (2, "")
    assert message in err


def test_nothing_before_the_origin_is_exit_4(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, "forecast", log, "--until", "2026-08-01")

    assert code == 4
    assert "no records" in err
