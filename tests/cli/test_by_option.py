"""``--by``: given once or several times it means the same, and a tag that no record has is no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from book_files import write
from commands import answered, finopsctl

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two records of one team, of two models, with one tag."""
    said = {"team": "search", "user": "ann", "tier": "gold", "reported_cost": "1.00"}
    said["charge_period_start"] = "2026-10-05T08:00:00Z"
    return write(
        tmp_path / "log.jsonl",
        {"record_id": "a", "model": "gpt-4o", **said},
        {"record_id": "b", "model": "gpt-4o-mini", **said},
    )


@pytest.mark.parametrize("command", ["attribution", "kpi", "unit-economics", "chargeback"])
def test_dimensions_named_apart_and_together_give_one_answer(log: Path, command: str) -> None:
    together = answered(command, log, "--by", "team,model")["rows"]

    assert answered(command, log, "--by", "team", "--by", "model")["rows"] == together
    assert {row["model"] for row in together} >= {"gpt-4o", "gpt-4o-mini"}


def test_each_dimension_is_split_by_once(log: Path) -> None:
    assert len(answered("attribution", log, "--by", "team", "--by", "team")["rows"]) == 1


@pytest.mark.parametrize("command", ["attribution", "kpi", "unit-economics", "chargeback"])
def test_a_tag_that_no_record_has_is_a_warning_that_names_those_there_are(log: Path, command: str) -> None:
    found = answered(command, log, "--by", "tag:tear")["findings"]
    (said,) = (finding for finding in found if finding["code"] == "unknown_tag")

    assert (said["severity"], said["tag"], said["known"]) == ("warning", "tear", ["tier"])


def test_a_tag_that_records_have_is_fine(log: Path) -> None:
    found = answered("attribution", log, "--by", "tag:tier")

    assert [row["tag:tier"] for row in found["rows"]] == ["gold"]
    assert "unknown_tag" not in {finding["code"] for finding in found["findings"]}


def test_what_fails_a_threshold_is_named_with_its_grade(log: Path) -> None:
    """2.00 USD a request: each of its figures is critical, and says whose it is."""
    done = finopsctl("kpi", log, "--kpi", "cost_per_request", "--by", "team", "--fail-on", "critical")

    assert done.returncode == 3
    assert done.stderr.strip() == (
        "error: 1 of 1 figure is graded critical or worse: cost_per_request search (critical)"
    )


def test_a_kpi_with_members_that_is_asked_for_by_something_else_is_an_empty_scorecard_and_no_crash(log: Path) -> None:
    assert answered("kpi", log, "--kpi", "team_allocation", "--by", "model")["rows"] == []
