"""``anomalies`` on the command line: what is told, as of when, exit codes, configuration."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsctl.cli.app import app
from finopsctl.cli.run import guard

SAMPLE = Path(__file__).parents[2] / "sample_data"
HEADER = "record_id,charge_period_start,team,feature,model,provider,requests,reported_cost\n"


def log(*amounts: float, first: date = date(2026, 9, 1)) -> str:
    """Return a log of one record a day."""
    lines = [f"r{at},{first + timedelta(days=at)},search,answers,m,p,1,{cost}" for at, cost in enumerate(amounts)]
    return HEADER + "\n".join(lines) + "\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with 40 days of $10, but $90 on 1 October and $14 on the last day, 10 October."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "log.csv").write_text(log(*[10] * 30, 90, *[10] * 9))
    return tmp_path


def asked(capfd: pytest.CaptureFixture[str], *arguments: str, code: int = 0, log: str = "log.csv") -> Any:
    """Return the JSON document of a command, or what it complained of."""
    ended = guard(app, ["anomalies", log, "-f", "json", *arguments])
    out, err = capfd.readouterr()

    assert ended == code, err

    return json.loads(out, parse_float=Decimal) if code == 0 else err


@pytest.mark.usefixtures("desk")
def test_an_episode_has_the_keys_of_the_interface(capfd: pytest.CaptureFixture[str]) -> None:
    found = asked(capfd, "--by", "team")
    (row,) = found["rows"]

    assert found["schema"] == "finopsctl/anomalies/1"
    assert (row["start"], row["end"], row["team"]) == ("2026-10-01", "2026-10-02", "search")
    assert (row["value"], row["expected"], row["excess"]) == (90, 10, 80)
    assert row["contributors"] == [{"feature": "answers", "model": "m", "excess": 80}]
    assert {"score", "rule", "severity", "cause", "history"} <= set(row)


@pytest.mark.usefixtures("desk")
def test_a_daily_run_tells_the_last_day_before_as_of(capfd: pytest.CaptureFixture[str]) -> None:
    assert len(asked(capfd, "--as-of", "2026-10-02")["rows"]) == 1
    assert asked(capfd, "--as-of", "2026-10-05")["rows"] == []


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("limit", ["anomaly", "warning", "critical"])
def test_only_fail_on_makes_an_episode_an_exit_code(capfd: pytest.CaptureFixture[str], limit: str) -> None:
    assert asked(capfd)["totals"]["critical"] == 1

    assert "2026-10-01" in asked(capfd, "--fail-on", limit, code=3)


@pytest.mark.usefixtures("desk")
def test_without_an_episode_fail_on_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    assert asked(capfd, "--month", "2026-09", "--fail-on", "anomaly")["rows"] == []


def test_rules_are_configured_one_by_one(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (desk / "finopsctl.toml").write_text(
        "[anomalies.rule.three-sigma]\nenabled = false\n[anomalies.rule.double-week]\nfloor = 80.5\n"
    )

    assert asked(capfd)["rows"] == []


def test_a_rule_that_is_not_there_is_refused_with_the_nearest(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (desk / "finopsctl.toml").write_text("[anomalies.rule.three-sigmas]\nenabled = false\n")

    assert "did you mean 'three-sigma'" in asked(capfd, code=2).lower()


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    "arguments", [("--grain", "hours"), ("--fail-on", "anomalies"), ("--by", "tem"), ("--by", "day")]
)
def test_a_slip_is_refused_with_a_way_out(capfd: pytest.CaptureFixture[str], arguments: tuple[str, str]) -> None:
    assert "hint:" in asked(capfd, *arguments, code=2)


@pytest.mark.usefixtures("desk")
def test_a_period_without_records_is_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    assert "no records" in asked(capfd, "--month", "2025-01", code=4)


def test_the_sample_companys_runaway_agent_is_found_with_who_made_it(capfd: pytest.CaptureFixture[str]) -> None:
    found = asked(capfd, "--by", "team", "--month", "2026-10", log=str(SAMPLE))
    worst = found["rows"][0]

    assert (worst["team"], worst["start"], worst["severity"]) == ("platform", "2026-10-22", "critical")
    assert worst["contributors"][0]["feature"] == "fleet_agent"
    assert worst["cause"] == "volume"
    assert len(found["rows"]) <= 3


def test_the_sample_companys_cold_cache_is_found(capfd: pytest.CaptureFixture[str]) -> None:
    found = asked(capfd, "--month", "2026-10", log=str(SAMPLE))

    assert "2026-10-29" in [row["start"] for row in found["rows"] if row["rule"] == "cache-rate"]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("form", ["table", "md", "csv", "jsonl"])
def test_every_format_shows_it(capfd: pytest.CaptureFixture[str], form: str) -> None:
    assert guard(app, ["anomalies", "log.csv", "--by", "team", "-f", form]) == 0
    assert "search" in capfd.readouterr().out
