"""``config check``: what is wrong or doubtful about a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finopsctl.config.checking import check

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.results.finding import Finding


def _check(folder: Path, text: str, **environ: str) -> tuple[Finding, ...]:
    (folder / ".git").mkdir()
    (folder / "finopsctl.toml").write_text(text, "utf-8")
    return check(config=None, environ={"HOME": str(folder)} | environ, start=folder)[1]


def test_a_sound_configuration_has_no_findings(tmp_path: Path) -> None:
    (tmp_path / "keys.csv").write_text("key,team\nh1,a\n")
    (tmp_path / "log.jsonl").write_text("")
    text = 'keys = "keys.csv"\ninputs = ["*.jsonl"]\n[[budget]]\nlimit = 1\n[[allocation.rule]]\nset = { team = "a" }'

    assert _check(tmp_path, text) == ()


def test_all_problems_are_listed_errors_first(tmp_path: Path) -> None:
    found = _check(tmp_path, 'tpo = 1\nbyy = 2\ninputs = ["none/*"]', FINOPSCTL_X="1")

    assert [(finding.severity.value, finding.code) for finding in found] == [
        ("critical", "config_error"),
        ("critical", "config_error"),
        ("warning", "inputs_missing"),
        ("warning", "unknown_variable"),
    ]


def test_a_file_that_is_no_toml_is_the_one_finding(tmp_path: Path) -> None:
    (finding,) = _check(tmp_path, "[[")

    assert finding.code == "config_unreadable"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('prices = "none"', "config_file_missing", "prices: none does not exist"),
        ('keys = "none.csv"', "config_file_missing", "keys: none.csv does not exist"),
        ("[[budget]]\nlimit = 1\n[[budget]]\nlimit = 2", "config_error", "two budgets are called 'global'"),
        ("[[budget]]\nlimit = 0", "budget_without_limit", "a limit of 0"),
        ("[[budget]]\nteam = 'a'", "config_error", "limit: is missing"),
        ("[kpi.scales]\ncost_per_reqest = [1]", "config_error", "cost_per_reqest"),
        ("[kpi.scales]\ncost_per_request = [1]", "config_error", "3 limits"),
        (
            "[[allocation.rule]]\nname='a'\nset={team='a'}\n[[allocation.rule]]\nname='b'\nset={team='b'}\nwhen={model='m'}",
            "rule_shadowed",
            "'b' never assigns anything",
        ),
        (
            "[[allocation.rule]]\nname='a'\nset={user='a'}\nwhen={team='b'}\n[[allocation.rule]]\nname='b'\nset={team='b'}",
            "rule_reads_later",
            "'a' reads team, which 'b' sets afterwards",
        ),
    ],
)
def test_what_is_doubtful_is_found(tmp_path: Path, text: str, code: str, words: str) -> None:
    (finding,) = _check(tmp_path, text)

    assert finding.code == code
    assert words in finding.message


def test_a_broken_key_map_or_budgets_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "keys.csv").write_text("kye,team\n")
    (tmp_path / "keys.csv").write_text("kye,team\nh1,a\n")
    (tmp_path / "budgets.toml").write_text("[[budget]]\nlimt = 1")
    found = _check(tmp_path, 'keys = "keys.csv"\nbudgets = "budgets.toml"\n[[budget]]\nlimit = 1')

    assert {finding.code for finding in found} == {"config_error", "budgets_unused"}
    assert any("kye" in finding.message for finding in found)
    assert any("limt" in finding.message for finding in found)
