"""What the command line says to someone who mistypes: `error: ...`, `hint: ...`, exit code 2, no traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bad_inputs import GOOD
from book_files import lines
from finopsctl.cli.app import app
from finopsctl.cli.run import guard

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["kpii"], "no such command 'kpii'", "Did you mean 'kpi', 'kpis'?"),
        (["kpi", "--budgetz", "x"], "no such option: --budgetz", "Did you mean '--budgets'"),
        (["pricing", "explain"], "missing argument 'RECORD'", "See `finopsctl pricing explain --help`."),
        (["kpi"], "no input is named", "Give a log"),
    ],
)
def test_a_mistyped_command_is_told_what_was_meant(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str, hint: str
) -> None:
    assert guard(app, arguments) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].startswith(f"error: {message}")
    assert said[1].startswith(f"hint: {hint}")


@pytest.mark.parametrize("arguments", [[], ["pricing"], ["config"]])
def test_a_group_without_a_command_prints_its_help_and_no_error(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert guard(app, arguments) == 2
    assert capsys.readouterr().err == ""


def test_a_wrong_grade_to_fail_on_is_said_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard(app, ["kpi", "not-read.jsonl", "--fail-on", "warn"]) == 2
    assert "unknown grade 'warn'" in capsys.readouterr().err


def test_a_file_ending_that_no_format_writes_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(lines(GOOD), encoding="utf-8")

    assert guard(app, ["kpi", str(path), "-o", "out.odt"]) == 2
    assert "no format is written to files ending in .odt" in capsys.readouterr().err
    assert not (tmp_path / "out.odt").exists()
    assert guard(app, ["kpi", str(path), "-f", "md", "-o", "out.odt"]) == 0


def test_inspect_of_a_folder_without_a_readable_file_ends_with_exit_code_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "page.json").write_text("<html>no</html>", encoding="utf-8")

    assert guard(app, ["inspect", "logs"]) == 4
    said = capsys.readouterr()
    assert "logs/page.json" in said.out
    assert said.err.startswith("error: nothing could be read\n")


def test_doctor_shows_a_broken_configuration_as_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "finopsctl.toml").write_text("inputs = [", encoding="utf-8")

    assert guard(app, ["doctor"]) == 3
    said = capsys.readouterr()
    assert "not valid TOML" in said.out
    assert said.err == "error: something is broken: configuration\n"
