"""Baselines: what an earlier check or scorecard says of the same groups, and what is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from commands import finopsctl
from finopsctl.books import PeriodWish
from finopsctl.errors import ConfigError
from policies import checked, fared

if TYPE_CHECKING:
    from pathlib import Path

RULE = '[[rule]]\nname = "cost"\nkpi = "cost_per_request"\nby = ["team"]\nmax-increase = "10%"\n'
OCTOBER = {"start": "2026-10-01T00:00:00Z", "end": "2026-11-01T00:00:00Z", "timezone": "UTC"}


def costs(**teams: float) -> list[dict[str, Any]]:
    """Return one request a team."""
    return [{"record_id": team, "team": team, "reported_cost": cost} for team, cost in teams.items()]


def document(rows: list[dict[str, Any]], schema: str = "finopsctl/check/1", **more: Any) -> str:
    """Return an earlier document of October, in dollars."""
    return json.dumps({"schema": schema, "period": OCTOBER, "currency": "USD", "rows": rows, **more})


def row(team: str | None, value: float | None) -> dict[str, Any]:
    """Return an earlier row of the rule."""
    return {"rule": "cost", "value": value, "measure": "cost_per_request", "by": ["team"], "team": team}


def held(tmp_path: Path, baseline: str, rule: str = RULE, **teams: float) -> dict[str, str]:
    """Return how the teams fare in October."""
    found = checked(tmp_path, rule, costs(**teams), baseline=baseline, period=PeriodWish(month="2026-10"))
    return {subject: status for subject, _, _, status in fared(found)}


def test_a_group_may_rise_by_what_is_allowed_and_a_new_one_cannot_be_judged(tmp_path: Path) -> None:
    """a: 10 -> 11 is +10 %, b: 10 -> 11.1 is +11 %, c is new."""
    baseline = document([row("a", 10), row("b", 10), row("gone", 1)])

    assert held(tmp_path, baseline, a=11, b=11.1, c=1) == {"a": "pass", "b": "fail", "c": "no_data"}


def test_a_new_group_is_judged_by_the_limit_where_there_is_one(tmp_path: Path) -> None:
    rule = f"{RULE}max = 5\n"

    assert held(tmp_path, document([row("a", 1)]), rule, a=1, c=4, d=6) == {"a": "pass", "c": "pass", "d": "fail"}


def test_rows_without_a_value_and_of_other_rules_are_no_baseline(tmp_path: Path) -> None:
    rows = [row("a", None), {**row("a", 10), "rule": "other"}, {**row("a", 10), "measure": "tokens"}]

    assert held(tmp_path, document(rows), a=10) == {"a": "no_data"}


def test_the_message_names_what_is_allowed_and_what_was(tmp_path: Path) -> None:
    found = checked(tmp_path, RULE, costs(a=12), baseline=document([row("a", 10)]), period=PeriodWish(month="2026-10"))

    assert found.rows["message"].item() == (
        "Cost per request of a: $12.00, more than the $11.00 allowed after $10.00 in the baseline."
    )


def test_a_check_is_the_baseline_of_the_next_one(tmp_path: Path) -> None:
    """The first run is saved, the second is of the same data: nothing has changed."""
    (tmp_path / "log.csv").write_text("charge_period_start,team,requests,reported_cost\n2026-10-01,a,1,3\n")
    (tmp_path / "p.toml").write_text(f"{RULE}max = 1\nratchet = true\n")
    words = ["check", "log.csv", "--policy", "p.toml", "--as-of", "2026-11-01"]
    first = finopsctl(*words, "-o", "before.json", folder=tmp_path)
    second = finopsctl(*words, "--baseline", "before.json", folder=tmp_path)

    assert first.returncode == 3
    assert second.returncode == 0, second.stderr
    assert "no worse than in the baseline" in second.stdout


def test_a_scorecard_is_a_baseline_too(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "charge_period_start,team,requests,reported_cost\n2026-10-01,a,1,3\n2026-10-01,,1,1\n"
    )
    (tmp_path / "p.toml").write_text(RULE)
    finopsctl("kpi", "log.csv", "--by", "team", "-o", "kpi.json", folder=tmp_path)

    done = finopsctl("check", "log.csv", "--policy", "p.toml", "--baseline", "kpi.json", "-f", "json", folder=tmp_path)
    rows = json.loads(done.stdout)["rows"]

    assert {(found["team"], found["value"], found["previous"], found["result"]) for found in rows} == {
        ("a", 3, 3, "pass"),
        (None, 1, 1, "pass"),
    }


def test_a_scorecard_is_no_baseline_of_a_rule_with_filters_of_its_own(tmp_path: Path) -> None:
    scorecard = document(
        [{"kpi": "cost_per_request", "title": "x", "team": "a", "member": None, "value": 10, "member_of": None}],
        "finopsctl/kpi/1",
    )

    assert held(tmp_path, scorecard, a=10) == {"a": "pass"}
    assert held(tmp_path, scorecard, f'{RULE}where = ["model!=x"]\n', a=10) == {"a": "no_data"}


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no document of finopsctl"),
        (document([], "finopsctl/forecast/1"), "this is a document of finopsctl/forecast/1"),
        (document([], currency="EUR"), "its amounts are in EUR, and these in USD"),
        (document([], period={**OCTOBER, "end": "2026-10-02T00:00:00Z"}), "it is of a day, and this is of a month"),
        (document([], period={**OCTOBER, "end": "2026-12-15T00:00:00Z"}), "it is of 75 days, and this is of a month"),
    ],
)
def test_what_does_not_compare_is_refused(tmp_path: Path, baseline: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"baseline.json: .*{message}"):
        held(tmp_path, baseline, a=1)


def test_a_baseline_edited_into_nonsense_has_no_such_values(tmp_path: Path) -> None:
    rows = [{**row("a", 1), "value": odd} for odd in ("1", True, [1], {"a": 1})]
    rows += [{**row("a", 1), "by": 3}, {**row("a", 1), "by": ["team"], "team": ["a"]}, {}]

    assert held(tmp_path, document(rows), a=1) == {"a": "no_data"}
    assert held(tmp_path, document([row("a", 1)]).replace('"value": 1', '"value": 1e400'), a=1) == {"a": "no_data"}


def test_months_of_other_lengths_compare(tmp_path: Path) -> None:
    september = {**OCTOBER, "start": "2026-09-01T00:00:00Z", "end": "2026-10-01T00:00:00Z"}

    assert held(tmp_path, document([row("a", 1)], period=september), a=1) == {"a": "pass"}


def test_a_policy_made_for_a_baseline_says_when_there_is_none(tmp_path: Path) -> None:
    found = checked(tmp_path, RULE, costs(a=1))

    assert "no_baseline" in [finding.code for finding in found.findings]
    assert [status for *_, status in fared(found)] == ["no_data"]
