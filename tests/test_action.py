"""The GitHub action and the GitLab job do what they say: their scripts are run as a job runs them.

``pip`` only notes what it is asked to install, ``finopsctl`` is the one under test, and what an action of someone
else's would do (set Python up, upload files) is looked at instead of done.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from documents import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
SAMPLE = ROOT / "sample_data"
LOGS = str(SAMPLE / "voice_assistant_events.csv")
POLICY = '[[rule]]\nname = "cost"\nkpi = "cost_per_request"\nmax = 0.001\nratchet = true\n'
"""A request of the voice assistant costs $0.00853."""
ERROR = "line=1,title=cost::Cost per request: $0.00853, more than the $0.00100 allowed."
_EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Return a checkout with a policy, and a ``pip`` and a ``finopsctl`` to call."""
    tools, checkout = tmp_path / "bin", tmp_path / "checkout"
    tools.mkdir()
    checkout.mkdir()
    (checkout / "finops-policy.toml").write_text(POLICY)
    programs = {
        "pip": f'echo "$@" >> "{tmp_path}/installed"',
        "finopsctl": f'exec "{sys.executable}" -m finopsctl "$@"',
    }
    for name, line in programs.items():
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod(0o755)
    return checkout


def environment(desk: Path) -> dict[str, str]:
    """Return what a runner's job has."""
    home = desk.parent
    return {
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "HOME": str(home),
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(desk),
        "GITHUB_STEP_SUMMARY": str(home / "summary.md"),
        "GITHUB_OUTPUT": str(home / "output"),
        "GITHUB_REPOSITORY": "acme/llm",
        "GITHUB_REF": "refs/pull/7/merge",
    }


def resolved(text: str, given: Mapping[str, str], desk: Path) -> str:
    """Return a value with its expressions replaced, as the runner does."""
    known = {f"inputs.{name}": str(about.get("default", "")) for name, about in ACTION["inputs"].items()}
    known |= {f"inputs.{name}": value for name, value in given.items()}
    known |= {"github.action_path": str(ROOT), "runner.temp": str(desk.parent / "temp"), "github.token": "ghs_0SECRET"}
    once = _EXPRESSION.sub(lambda found: known[found[1]], text)
    return _EXPRESSION.sub(lambda found: known[found[1]], once)


def run(desk: Path, script: str, more: Mapping[str, str], folder: str = ".") -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub's ``shell: bash`` does."""
    file = desk.parent / "step.sh"
    file.write_text(script, encoding="utf-8")
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)]
    there = {**environment(desk), **more}
    return subprocess.run(words, cwd=desk / folder, env=there, capture_output=True, text=True, check=False)


def action(desk: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run the scripts of the action in turn, until one fails; the last that ran is returned."""
    inputs = {name.replace("_", "-"): value for name, value in given.items()}
    (desk.parent / "temp").mkdir(exist_ok=True)
    done = None
    for step in STEPS:
        if "run" not in step or (done is not None and done.returncode):
            continue
        env = {name: resolved(value, inputs, desk) for name, value in step.get("env", {}).items()}
        folder = resolved(step.get("working-directory", "."), inputs, desk)
        done = run(desk, step["run"], env, folder)
    assert done is not None
    return done


def test_no_script_holds_an_expression_so_that_no_input_becomes_code() -> None:
    assert [step["run"] for step in STEPS if "${{" in step.get("run", "")] == []


def test_every_input_says_what_it_is_and_is_used() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")

    assert [name for name, about in ACTION["inputs"].items() if not about["description"]] == []
    assert [name for name in ACTION["inputs"] if f"inputs.{name} " not in text] == []


def test_the_action_annotates_sums_up_and_fails(desk: Path) -> None:
    done = action(desk, logs=LOGS, options="--as-of=2026-11-01\n")
    summary = (desk.parent / "summary.md").read_text("utf-8")
    result = json.loads((desk.parent / "temp/finops-check/check.json").read_text("utf-8"))

    assert done.returncode == 3, done.stderr
    assert done.stdout.splitlines()[1:] == [f"::error file=finops-policy.toml,{ERROR}"]
    assert summary.startswith("### FinOps policy\n\nFailed: ")
    assert result["totals"]["passes"] is False
    assert ET.parse(desk.parent / "temp/finops-check/check.xml").getroot().get("failures") == "1"
    assert (desk.parent / "output").read_text("utf-8").splitlines() == [
        "exit-code=3",
        f"report={desk.parent}/temp/finops-check/check.json",
    ]


def test_the_action_passes_where_the_policy_holds(desk: Path) -> None:
    (desk / "finops-policy.toml").write_text(POLICY.replace("0.001", "9"))

    done = action(desk, logs=f"{LOGS}\n\n")

    assert done.returncode == 0, done.stderr
    assert "::" not in done.stdout


def test_the_action_installs_itself_unless_told_otherwise(desk: Path) -> None:
    (desk / "finops-policy.toml").unlink()  # then there is nothing to wait for
    action(desk)
    action(desk, install="finopsctl==9")

    assert (desk.parent / "installed").read_text("utf-8").splitlines() == [f"install {ROOT}", "install finopsctl==9"]


def test_an_input_that_looks_like_code_or_an_option_is_neither(desk: Path) -> None:
    name = '$(touch pwned) `touch pwned` "; touch pwned; --init'

    done = action(desk, logs=f"{name}\n--init", policy=name)

    assert done.returncode == 2
    assert not (desk / "pwned").exists()


def test_annotations_name_the_policy_from_the_root_of_the_checkout(desk: Path) -> None:
    (desk / "infra").mkdir()
    (desk / "finops-policy.toml").rename(desk / "infra/finops-policy.toml")

    done = action(desk, logs=LOGS, working_directory="infra")

    assert f"::error file=infra/finops-policy.toml,{ERROR}" in done.stdout


def test_the_action_holds_a_result_against_the_one_before(desk: Path) -> None:
    before = f"{desk.parent}/before.json"
    first = action(desk, logs=LOGS)
    (desk.parent / "temp/finops-check/check.json").rename(before)
    second = action(desk, logs=LOGS, baseline=before)

    assert (first.returncode, second.returncode) == (3, 0), second.stderr


def test_the_action_uploads_what_it_writes_also_when_it_fails(desk: Path) -> None:
    upload = next(step for step in STEPS if step.get("uses", "").startswith("actions/upload-artifact@"))
    action(desk, logs=LOGS)
    folder = desk.parent / "temp/finops-check"

    assert upload["if"] == "always()"
    assert resolved(upload["with"]["path"], {}, desk) == str(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["check.json", "check.xml"]


@pytest.mark.slow
def test_the_action_tells_what_is_wrong_at_the_sample_company(desk: Path) -> None:
    """In October the platform team overspends and an agent of its runs away, and a preview model is used."""
    (desk / "finops-policy.toml").write_text((SAMPLE / "finops-policy.toml").read_text("utf-8"))
    options = f"--month=2026-10\n--as-of=2026-11-01\n--budgets={SAMPLE}/budgets.toml"

    done = action(desk, logs=str(SAMPLE), options=options)

    assert done.returncode == 3
    assert [line.split("::")[1].split("title=")[1] for line in done.stdout.splitlines() if "::error" in line] == [
        "budgets hold (platform)",
        "no runaway spend (platform)",
        "no preview models (shopfloor / mistral-brioche-preview)",
    ]


def gitlab() -> dict[str, Any]:
    """Return the job that the documentation shows."""
    page = (ROOT / "docs/check.md").read_text("utf-8")
    found = next(
        yaml.safe_load(block.body) for block in blocks(page) if block.kind == "yaml" and "codequality" in block.body
    )
    (job,) = (value for value in found.values() if isinstance(value, dict) and "script" in value)
    return dict(job)


def test_the_gitlab_job_leaves_both_reports_and_fails(desk: Path) -> None:
    job = gitlab()
    (desk / "logs").mkdir()
    (desk / "logs/events.csv").symlink_to(LOGS)
    variables = {**{name: str(value) for name, value in job["variables"].items()}, "CI_PROJECT_DIR": str(desk)}

    done = run(desk, "\n".join(job["script"]), variables)
    reports = job["artifacts"]["reports"]
    issues = json.loads((desk / reports["codequality"]).read_text("utf-8"))

    assert done.returncode == 3, done.stderr
    assert job["artifacts"]["when"] == "always"
    assert {issue["location"]["path"] for issue in issues} == {"finops-policy.toml"}
    assert ET.parse(desk / reports["junit"]).getroot().get("failures") == "1"
    assert (desk.parent / "installed").exists()


def test_the_workflow_that_the_documentation_shows_uses_inputs_there_are() -> None:
    page = (ROOT / "docs/check.md").read_text("utf-8")
    found = next(
        yaml.safe_load(block.body) for block in blocks(page) if block.kind == "yaml" and "runs-on" in block.body
    )
    uses = [step for job in found["jobs"].values() for step in job["steps"] if "finopsctl" in step.get("uses", "")]

    assert uses
    assert {name for step in uses for name in step.get("with", {})} <= set(ACTION["inputs"])
