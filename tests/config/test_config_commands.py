"""The commands ``init`` and ``config``, run as the program runs them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from commands import finopsctl
from finopsctl.config.schema import json_schema_text

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


def _run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return finopsctl(*arguments, folder=folder, **environ)


def test_init_writes_a_file_that_checks_clean_and_is_not_overwritten(folder: Path) -> None:
    first, check, second = _run(folder, "init"), _run(folder, "config", "check"), _run(folder, "init")

    assert (first.returncode, check.returncode, second.returncode) == (0, 0, 2)
    assert "Nothing is configured" in check.stdout
    assert "already there" in second.stderr
    assert "--force" in second.stderr


def test_init_writes_elsewhere_and_over_a_file_when_told_to(folder: Path) -> None:
    (folder / "conf").mkdir()
    (folder / "conf" / "finopsctl.toml").write_text("top = 1")
    outcome = _run(folder, "init", "--path", "conf", "--force")

    assert outcome.returncode == 0
    assert "top = 1" not in (folder / "conf" / "finopsctl.toml").read_text().splitlines()


def test_show_says_where_values_come_from(folder: Path) -> None:
    (folder / "finopsctl.toml").write_text('tz = "Asia/Kolkata"')
    outcome = _run(folder, "config", "show", "--origin", "-f", "json", FINOPSCTL_TOP="5")
    rows = {row["key"]: row for row in json.loads(outcome.stdout)["rows"]}

    assert rows["tz"] == {"key": "tz", "value": '"Asia/Kolkata"', "origin": "project file finopsctl.toml"}
    assert rows["top"] == {"key": "top", "value": "5", "origin": "environment FINOPSCTL_TOP"}
    assert rows["currency"]["origin"] == "default"


def test_a_redaction_key_is_never_shown(folder: Path) -> None:
    outcome = _run(folder, "config", "show", "--origin", FINOPSCTL_REDACT_KEY="s3cret")

    assert outcome.returncode == 0
    assert "s3cret" not in outcome.stdout + outcome.stderr


def test_check_ends_with_2_when_a_command_could_not_run(folder: Path) -> None:
    (folder / "finopsctl.toml").write_text("tpo = 3")
    outcome = _run(folder, "config", "check")

    assert outcome.returncode == 2
    assert "tpo: unknown key" in outcome.stdout
    assert "'top'" in outcome.stdout


def test_check_ends_with_0_when_something_is_only_doubtful(folder: Path) -> None:
    outcome = _run(folder, "config", "check", "-f", "json", FINOPSCTL_TPO="3")

    assert outcome.returncode == 0
    assert [finding["code"] for finding in json.loads(outcome.stdout)["findings"]] == ["unknown_variable"]


def test_schema_prints_or_writes_the_json_schema(folder: Path) -> None:
    printed, written = _run(folder, "config", "schema"), _run(folder, "config", "schema", "-o", "s.json")

    assert printed.stdout == (folder / "s.json").read_text() == json_schema_text()
    assert written.stdout == ""
