"""Tests of bad inputs on the command line: the exit code, one line what, one line what to do, no traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bad_inputs import BAD_LINES, GOOD, REFUSED, Bad
from book_files import lines, write
from finopsctl.cli.app import app
from finopsctl.cli.run import guard

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ["kpi", "normalize", "inspect"])
@pytest.mark.parametrize("bad", REFUSED, ids=[bad.name[:20] for bad in REFUSED])
def test_a_bad_input_ends_with_exit_code_4_and_one_line_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: Bad, command: str
) -> None:
    if command == "inspect" and bad.name in ("rows.csv", "all.csv", "quote.csv"):
        pytest.skip("inspect shows these rather than refuse them")
    path = bad.put(tmp_path)

    assert guard(app, [command, str(path)]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    first, *rest = said.err.splitlines()
    assert first.startswith("error: ")
    assert str(path) in first
    assert [line.split(":")[0] for line in rest] == ["hint"]


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_in_the_report_and_no_reason_to_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(GOOD).encode() + BAD_LINES[name][0])

    assert guard(app, ["attribution", str(path), "--by", "team", "-f", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["data_quality"]["records"], document["data_quality"]["bad_lines"]) == (1, 1)
    assert f"{path}:2: " in next(f["message"] for f in document["findings"] if f["code"] == "bad_line")


@pytest.mark.parametrize("name", BAD_LINES)
def test_under_strict_a_bad_line_ends_with_exit_code_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(GOOD).encode() + BAD_LINES[name][0])

    assert guard(app, ["kpi", str(path), "--strict"]) == 4
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 2)


@pytest.mark.parametrize("command", ["kpi", "normalize"])
def test_under_strict_an_unpriced_record_ends_with_exit_code_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    log = write(tmp_path / "log.jsonl", {"model": "no-such-model", "input_tokens": 5})

    assert guard(app, [command, str(log)]) == 0
    capsys.readouterr()
    assert guard(app, [command, str(log), "--strict"]) == 4
    assert "no-such-model" in capsys.readouterr().err


def test_control_sequences_in_a_bad_line_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write(tmp_path / "log.jsonl", GOOD, {"charge_period_start": "\x1b[31msoon\x07"})

    assert guard(app, ["kpi", str(log)]) == 0
    assert guard(app, ["kpi", str(log), "--strict"]) == 4
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "\x07" not in said.out + said.err


def test_control_sequences_in_a_files_name_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guard(app, ["kpi", str(tmp_path / "a\x1b[2J\nb.jsonl")]) == 4
    said = capsys.readouterr()
    assert "\x1b" not in said.err
    assert len(said.err.splitlines()) == 2


def test_no_input_at_all_is_a_usage_error_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard(app, ["kpi"]) == 2
    assert "finopsctl demo" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--where", "tem=x"],
        ["--month", "2026-13"],
        ["--tz", "Mars/Olympus"],
        ["--cost-basis", "billed"],
        ["--source", "litelm"],
        ["--redact", "user"],
        ["--cost-basis", "reported", "--price-date", "2026-10-01"],
        ["--since", "2026-10-02", "--month", "2026-10"],
        ["--map", "none.toml"],
        ["-f", "excel"],
    ],
)
def test_a_wrong_option_is_a_usage_error_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    log = write(tmp_path / "log.jsonl", GOOD)

    assert guard(app, ["attribution", str(log), "--by", "team", *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 2


def test_a_failed_write_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", {"model": "no-such-model", "input_tokens": 5})

    for name in ("ledger.parquet", "ledger.csv", "ledger.jsonl"):
        assert guard(app, ["normalize", str(log), "--strict", "-o", str(tmp_path / "out" / name)]) == 4
        assert guard(app, ["normalize", str(log), "-o", str(tmp_path / "out" / name)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]
