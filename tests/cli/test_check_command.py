"""``check`` on the command line: exit codes, what is told where, names that do nothing, comments and files."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from commands import finopsctl
from finopsctl.renderers import RENDERERS
from github_server import TOKEN, hub
from renderers.checks import NASTY

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "charge_period_start,team,model,requests,reported_cost\n"
CRITICAL = '[[rule]]\nname = "cost"\nkpi = "cost_per_request"\nmax = 1\n'
WARNING = CRITICAL.replace("max = 1", 'max = 1\nseverity = "warning"')


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Return a folder with a log of one request of $2 on 1 October, and a policy that allows $1."""
    (tmp_path / "log.csv").write_text(f"{HEADER}2026-10-01,a,m,1,2\n")
    (tmp_path / "finops-policy.toml").write_text(CRITICAL)
    return tmp_path


def check(desk: Path, *words: str, log: str = "log.csv", **environment: str) -> subprocess.CompletedProcess[str]:
    """Check the folder's policy."""
    return finopsctl("check", log, *words, folder=desk, **environment)


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return the rows of a JSON document."""
    found: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    return found


@pytest.mark.parametrize(
    ("policy", "level", "code"),
    [(CRITICAL, "critical", 3), (CRITICAL, "warning", 3), (WARNING, "critical", 0), (WARNING, "warning", 3),
     (CRITICAL.replace("1", "2"), "warning", 0), (CRITICAL.replace("cost_per_request", "success_rate"), "critical", 0),
     (CRITICAL.replace("cost_per_request", "success_rate"), "warning", 3)],
)  # fmt: skip
def test_what_closes_the_gate_is_exit_3(desk: Path, policy: str, level: str, code: int) -> None:
    (desk / "finops-policy.toml").write_text(policy)

    assert check(desk, "--fail-on", level).returncode == code


def test_the_result_is_shown_before_the_exit(desk: Path) -> None:
    done = check(desk)

    assert done.stdout.startswith("Failed: 1 check of 1 rule: 1 failed; cost.\n")
    assert done.stderr == "error: 1 of 1 check closes the gate: cost\n"


def test_a_row_has_the_keys_of_the_interface_in_their_order(desk: Path) -> None:
    (desk / "finops-policy.toml").write_text(f'{CRITICAL}by = ["team"]\n')
    done = check(desk, "-f", "json")
    (row,) = rows(done)

    assert json.loads(done.stdout)["schema"] == "finopsctl/check/1"
    assert list(row)[:6] == ["rule", "severity", "value", "limit", "result", "team"]
    assert (row["value"], row["limit"], row["result"], row["team"]) == (2, 1, "fail", "a")
    assert (row["file"], row["line"], row["unit"], row["by"]) == ("finops-policy.toml", 1, "usd", ["team"])


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ("--policy", "nowhere.toml"),
            2,
            "error: nowhere.toml: no such file or directory\nhint: Write one with: finopsctl",
        ),
        (("--fail-on", "waning"), 2, "unknown level 'waning' for --fail-on\nhint: Did you mean 'warning'?"),
        (("--comment", "gitlab"), 2, "unknown place 'gitlab' for --comment"),
        (("--dry-run",), 2, "--dry-run has nothing to print"),
        (("--comment", "github"), 2, "which repository to comment in"),
        (("--baseline", "nowhere.json"), 2, "nowhere.json: no such file"),
        (("--baseline", "log.csv"), 2, "log.csv: no JSON"),
        (("--also", "check.docx"), 2, "its ending says no format"),
        (("--also", "juint=check.xml"), 0, ""),
        (("--month", "2025-01"), 4, "the inputs hold no records from 2025-01-01 to 2025-01-31"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_a_line(desk: Path, words: tuple[str, ...], code: int, message: str) -> None:
    (desk / "finops-policy.toml").write_text(CRITICAL.replace("1", "9"))

    done = check(desk, *words)

    assert done.returncode == code
    assert message in done.stderr


def test_a_typo_in_a_rule_is_found_before_the_log_is_read(desk: Path) -> None:
    (desk / "finops-policy.toml").write_text(CRITICAL.replace("kpi =", "kpl ="))

    done = check(desk, log="nowhere.csv")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: finops-policy.toml:1: rule.kpl: unknown key\nhint: Did you mean 'kpi'?\n"


def test_an_empty_policy_is_no_gate(desk: Path) -> None:
    (desk / "finops-policy.toml").write_text("# later\n")

    done = check(desk)

    assert done.returncode == 2
    assert "no [[rule]] in it: nothing would be checked" in done.stderr


def test_a_policy_that_matches_nothing_says_so(desk: Path) -> None:
    (desk / "finops-policy.toml").write_text(f'{CRITICAL}where = ["team=nobody"]\n')

    done = check(desk)

    assert done.returncode == 0
    assert done.stdout.startswith("Nothing was judged: 1 check of 1 rule: 1 without data.\n")
    assert "No rule had anything to judge" in done.stdout


def test_the_starter_is_written_once_and_works(desk: Path) -> None:
    first, second = check(desk, "--init", "--policy", "new.toml"), check(desk, "--init", "--policy", "new.toml")

    assert (first.returncode, second.returncode) == (0, 2)
    assert check(desk, "--policy", "new.toml").returncode == 3
    assert "already there" in second.stderr


@pytest.mark.parametrize("kind", ["github", "gitlab", "junit", "github-comment", "json", "csv", "md", "table"])
def test_the_same_input_as_of_the_same_day_gives_the_same_bytes(desk: Path, kind: str) -> None:
    words = ("-f", kind, "--as-of", "2026-10-02")

    assert check(desk, *words).stdout == check(desk, *words).stdout


@pytest.mark.parametrize("days", [("2026-10-05", "waived"), ("2026-10-06", "fail")])
def test_a_waiver_is_judged_on_the_day_before_as_of(desk: Path, days: tuple[str, str]) -> None:
    """It holds until the 4th: seen as of the 5th, midnight, the 4th is the last day seen."""
    waiver = '[[waiver]]\nrule = "cost"\nexpires = 2026-10-04\nreason = "known"\n'
    (desk / "finops-policy.toml").write_text(CRITICAL + waiver)

    assert [row["result"] for row in rows(check(desk, "-f", "json", "--as-of", days[0]))] == [days[1]]


def test_without_as_of_a_waiver_is_judged_today(desk: Path) -> None:
    waiver = '[[waiver]]\nrule = "cost"\nreason = "known"\nexpires = '
    (desk / "finops-policy.toml").write_text(f"{CRITICAL}{waiver}2026-10-04\n")
    (desk / "later.toml").write_text(f"{CRITICAL}{waiver}9999-12-31\n")

    assert check(desk).returncode == 3  # the log is of October 2026, and so is this test or later
    assert check(desk, "--policy", "later.toml").returncode == 0


def test_other_formats_are_written_beside_it_in_one_run(desk: Path) -> None:
    check(desk, "-q", "--also", "check.json", "--also", "gitlab=quality.json", "--also", "check.xml")

    assert json.loads((desk / "check.json").read_text())["totals"]["failed"] == 1
    assert json.loads((desk / "quality.json").read_text())[0]["severity"] == "critical"
    assert (desk / "check.xml").read_text().startswith("<?xml")


def test_a_job_gets_a_summary_with_annotations_only(desk: Path) -> None:
    summary = desk / "summary.md"
    summary.write_text("before\n")
    check(desk, "-f", "table", GITHUB_STEP_SUMMARY=str(summary))
    untouched = summary.read_text()
    check(desk, "-f", "github", GITHUB_STEP_SUMMARY=str(summary))

    assert untouched == "before\n"
    assert summary.read_text().startswith("before\n### FinOps policy\n\nFailed: ")


def test_a_summary_that_is_full_is_left_as_it_is(desk: Path) -> None:
    summary = desk / "summary.md"
    summary.write_bytes(b"x" * 1024 * 1024)
    done = check(desk, "-f", "github", GITHUB_STEP_SUMMARY=str(summary))

    assert summary.stat().st_size == 1024 * 1024
    assert "summary is full" in done.stderr


def test_a_summary_that_cannot_be_written_does_not_hide_that_the_gate_is_closed(desk: Path) -> None:
    done = check(desk, "-f", "github", GITHUB_STEP_SUMMARY=str(desk / "nowhere" / "summary.md"))

    assert done.returncode == 3
    assert done.stderr.startswith("warning: GITHUB_STEP_SUMMARY: no such file or directory; the result is not in it.\n")


def test_annotations_name_the_policy_from_the_root_whatever_way_leads_to_it(desk: Path) -> None:
    sub = desk / "sub"
    sub.mkdir()
    (desk / "link").symlink_to(desk, target_is_directory=True)
    words = ("check", "../log.csv", "--policy", "../finops-policy.toml", "-f", "github")
    found = [finopsctl(*words, folder=sub, GITHUB_WORKSPACE=str(root)).stdout for root in (desk, desk / "link")]

    assert ["::error file=finops-policy.toml,line=1," in text for text in found] == [True, True]


def test_a_reader_who_has_had_enough_does_not_open_the_gate(desk: Path) -> None:
    """``check ... | head -1``: the document, larger than any pipe, is not read to its end."""
    rows = "".join(f"2026-10-01,team-{at}-{'x' * 200},m,1,2\n" for at in range(500))
    (desk / "log.csv").write_text(HEADER + rows)
    (desk / "finops-policy.toml").write_text(f'{CRITICAL}by = ["team"]\n')
    words = [sys.executable, "-m", "finopsctl", "check", "log.csv"]
    with subprocess.Popen(words, cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as done:
        assert done.stdout is not None
        assert done.stdout.readline().startswith(b"Failed")
        done.stdout.close()

    assert done.returncode == 3


def job(api: str) -> dict[str, str]:
    """Return the environment of a job for pull request 7."""
    return {
        "GITHUB_REPOSITORY": "acme/llm",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_API_URL": api,
    }


def test_a_comment_is_created_once_and_updated_the_second_time(desk: Path) -> None:
    with hub("LGTM") as github:
        first = check(desk, "--comment", "github", **job(github.api))
        (desk / "finops-policy.toml").write_text(CRITICAL.replace("1", "9"))
        second = check(desk, "--comment", "github", **job(github.api))

    assert (first.returncode, second.returncode) == (3, 0)
    assert first.stderr.startswith("Commented on acme/llm#7.\nerror: ")
    assert second.stderr == "Brought the comment on acme/llm#7 up to date.\n"
    assert len(github.comments) == 2
    assert github.comments[1]["body"].startswith("<!-- finopsctl-check -->\n### FinOps policy\n\nPassed")
    assert TOKEN not in first.stdout + first.stderr + second.stdout + second.stderr


def test_a_dry_run_shows_the_request_and_connects_nowhere(desk: Path) -> None:
    with hub() as github:
        done = check(desk, "--comment", "github", "--dry-run", **job(github.api))

    assert github.asked == []
    assert "POST http://127.0.0.1" in done.stderr
    assert "<!-- finopsctl-check -->" in done.stderr
    assert TOKEN not in done.stderr


def test_a_comment_that_fails_is_exit_5_unless_the_gate_is_closed(desk: Path) -> None:
    nowhere = job("http://127.0.0.1:9") | {"GITHUB_TOKEN": ""}
    closed = check(desk, "--comment", "github", **nowhere)
    (desk / "finops-policy.toml").write_text(CRITICAL.replace("1", "9"))
    open_ = check(desk, "--comment", "github", **nowhere)

    assert closed.returncode == 3
    assert "warning: not commented: there is no token" in closed.stderr
    assert open_.returncode == 2


TEXT_FORMATS = [renderer.name for renderer in RENDERERS if not renderer.binary]


@pytest.mark.parametrize("kind", TEXT_FORMATS)
def test_no_name_in_a_log_steers_a_terminal_or_a_runner(desk: Path, kind: str) -> None:
    """Teams are called what a log may call them, models too; every one of them fails."""
    lines = [
        {
            "record_id": str(at),
            "charge_period_start": "2026-10-01",
            "team": name,
            "model": name,
            "requests": 1,
            "reported_cost": 2,
        }
        for at, name in enumerate(name.encode("utf-8", "replace").decode() for name in NASTY)
    ]
    (desk / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (desk / "finops-policy.toml").write_text(
        f'{CRITICAL}by = ["team"]\n[[rule]]\nname = "models"\nkind = "forbidden-models"\nmodels = ["*"]\n'
    )

    done = check(desk, "-f", kind, "--as-of", "2026-10-02", log="log.jsonl")
    begins = [line.lstrip() for line in done.stdout.split("\n")]

    assert done.returncode == 3, done.stderr
    assert "##[" not in done.stderr

    if kind == "csv":  # data as they are, but for what a spreadsheet would run
        assert ",'=cmd()," in done.stdout
        assert ",=cmd()," not in done.stdout
        return

    assert not {"\x1b", "\x07", "\x9b", "\r", "\u202e"} & set(done.stdout + done.stderr)
    assert [
        line for line in begins if line.startswith("::") and not line.startswith("::error file=finops-policy")
    ] == []
