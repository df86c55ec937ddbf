"""The product report: users, features, outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands import finopsctl, told

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from reports.conftest import Ask


def test_an_active_user_costs_this_a_day(ask: Ask) -> None:
    """Two users on 31 days: $124 / 62 = $2 a user and day, every day alike; $124 / 2 = $62 a user."""
    found = ask("report", "product")

    values = {row["figure"]: row["value"] for row in found["rows"]}
    assert (values["cost_per_active_user_day"], values["cost_per_user"]) == (2, 62)
    days = found["cost_per_active_user_a_day"]
    assert (len(days), {row["cost_per"] for row in days}) == (31, {2})


def test_users_are_those_of_unit_economics(ask: Ask) -> None:
    found = ask("report", "product")
    rows = ask("unit-economics", "--month", "2026-10")["rows"]

    dearest = [(row["user"], row["spend"]) for row in rows if row["unit"] == "top_user"]
    assert [(row["user"], row["spend"]) for row in found["dearest_users"]] == dearest == [("ann", 93), ("bob", 31)]


def test_a_feature_has_its_success_rate_beside_its_cost(ask: Ask) -> None:
    rows = ask("report", "product")["cost_per_feature"]

    assert [(r["feature"], r["spend"], r["cost_per_request"], r["success_rate"]) for r in rows] == [
        ("find", 93, 3, 1),
        ("reply", 31, 1, 1),
    ]


def test_names_of_users_can_be_hidden(folder: Path) -> None:
    done = finopsctl("report", "product", "log.jsonl", "--redact", "user", folder=folder, FINOPSCTL_REDACT_KEY="k" * 32)

    assert done.returncode == 0, done.stderr
    assert "Dearest users" in done.stdout
    assert " ann" not in done.stdout
    assert "\nann" not in done.stdout


def test_an_outcome_stands_beside_what_it_costs_without_a_model(ask: Ask, tmp_path: Path) -> None:
    """reply: $31 in October for 62 tickets is $0.50 each, of which 31 were solved; a person's would cost $4."""
    path = tmp_path / "outcomes.csv"
    path.write_text("day,use_case,outcomes,successes,alternative_cost\n2026-10-05,reply,62,31,4\n", encoding="utf-8")

    (row,) = ask("report", "product", "--month", "2026-10", "--outcomes", str(path))["outcomes"]

    assert (row["count"], row["cost_per"], row["success_rate"], row["alternative_cost"]) == (62, 0.5, 0.5, 4)


def test_without_users_there_is_a_line_and_no_empty_table(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from book_files import write
    from two_months import records

    monkeypatch.chdir(tmp_path)
    log = write(tmp_path / "log.jsonl", *({**record, "user": None} for record in records()))

    code, out, _ = told(capsys, "report", "product", str(log))

    assert code == 0
    assert "cost per user (no record names a user)" in out
    assert "Dearest users" not in out
