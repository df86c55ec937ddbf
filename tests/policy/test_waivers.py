"""Waivers: whom they are for, how far and how long they hold, and what is said of those that nobody needs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from policies import checked, fared

if TYPE_CHECKING:
    from pathlib import Path

RULE = '[[rule]]\nname = "cost"\nkpi = "cost_per_request"\nby = ["team", "model"]\nmax = 1\n'
WAIVER = '[[waiver]]\nrule = "cost"\nreason = "FIN-42"\nexpires = 2026-10-31\n'


def costs() -> list[dict[str, Any]]:
    """Return a request of $5 by the team data, one of $2 by data-eu and one of $3 by nobody, to the model m."""
    spent = {"data": 5, "data-eu": 2, None: 3}
    return [
        {"record_id": str(at), "team": team, "model": "m", "reported_cost": cost}
        for at, (team, cost) in enumerate(spent.items())
    ]


def statuses(tmp_path: Path, waivers: str, **more: Any) -> dict[str, str]:
    """Return how each team fares."""
    rows = fared(checked(tmp_path, RULE + waivers, costs(), **more))
    return {subject.removesuffix(" / m"): status for subject, _, _, status in rows}


@pytest.mark.parametrize(
    ("scope", "waived"),
    [
        ("", {"data", "data-eu", "(untagged)"}),
        ('team = "data"', {"data"}),
        ('team = "data*"', {"data", "data-eu"}),
        ('team = "(untagged)"', {"(untagged)"}),
        ('team = "data"\nmodel = "m"', {"data"}),
        ('team = "data"\nmodel = "other"', set()),
        ('feature = "chat"', set()),
    ],
)
def test_a_waiver_is_for_the_groups_its_scope_names(tmp_path: Path, scope: str, waived: set[str]) -> None:
    found = statuses(tmp_path, f"{WAIVER}{scope}\n")

    assert {team for team, status in found.items() if status == "waived"} == waived
    assert {team for team, status in found.items() if status == "fail"} == set(found) - waived


def test_a_waiver_holds_up_to_its_limit(tmp_path: Path) -> None:
    found = checked(tmp_path, f"{RULE}{WAIVER}limit = 3\n", costs())

    assert {row[0]: row[3] for row in fared(found)} == {
        "data / m": "fail",
        "data-eu / m": "waived",
        "(untagged) / m": "waived",
    }
    assert found.rows.row(0, named=True)["message"].endswith("(its waiver does not go that far).")


def test_a_waiver_of_a_least_value_holds_down_to_its_limit(tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "cost"\nkpi = "cost_per_request"\nmin = 10\n'

    assert fared(checked(tmp_path, f"{rule}{WAIVER}limit = 3\n", costs()))[0][3] == "waived"  # 10 / 3 = 3.33
    assert fared(checked(tmp_path, f"{rule}{WAIVER}limit = 4\n", costs()))[0][3] == "fail"


def test_an_expired_waiver_excuses_nothing_and_says_so(tmp_path: Path) -> None:
    found = checked(tmp_path, RULE + WAIVER, costs(), today=date(2026, 11, 1))
    (finding,) = found.findings

    assert {row[3] for row in fared(found)} == {"fail"}
    assert (finding.code, finding.evidence["line"]) == ("waiver_expired", 6)
    assert finding.message == "The waiver of 'cost' expired on 2026-10-31: it counts no more."


def test_a_waiver_that_excuses_nothing_is_told(tmp_path: Path) -> None:
    found = checked(tmp_path, f'{RULE}{WAIVER}team = "gone"\n', costs())

    assert [finding.message for finding in found.findings] == [
        "The waiver of 'cost' for team gone excuses nothing: nothing fails that it is for."
    ]


def test_a_waiver_says_until_when_and_why(tmp_path: Path) -> None:
    (note,) = checked(tmp_path, RULE + WAIVER, costs()).rows["note"].unique().to_list()

    assert note == "waived until 2026-10-31: FIN-42"


def test_a_waiver_finds_its_group_also_where_names_are_redacted(tmp_path: Path) -> None:
    found = checked(tmp_path, f'{RULE}{WAIVER}team = "data"\n', costs(), redact=("team",), redact_key="a key")
    (waived,) = (row for row in fared(found) if row[3] == "waived")

    assert waived[0].startswith("h:")
    assert waived[1] == 5


def test_a_waiver_may_use_another_spelling_of_a_dimension(tmp_path: Path) -> None:
    rule = RULE.replace('"team", "model"', '"use_case"')
    records = [{"feature": "chat", "reported_cost": 5}]

    assert [row[3] for row in fared(checked(tmp_path, f'{rule}{WAIVER}use_case = "chat"\n', records))] == ["waived"]


def test_what_is_waived_does_not_close_the_gate(tmp_path: Path) -> None:
    assert checked(tmp_path, RULE + WAIVER, costs(), fail_on="warning").blocking == ()
