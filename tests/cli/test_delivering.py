"""From a report and ``--to`` to what arrives, what is told, and the exit code."""

from __future__ import annotations

import json
import logging
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer

from finopsctl.cli.delivering import Again, DryRun, To, check_delivery, deliver_report, memory_of
from finopsctl.cli.options import Display
from finopsctl.cli.run import guard
from finopsctl.config.settings import Settings, load
from finopsctl.errors import ConfigError, DeliveryError
from finopsctl.renderers import Screen, renderer_named
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Unit
from loopback import SECRET, Act, Post, post, web

TEAMS = Table(
    "Spend by team",
    pl.DataFrame({"team": ["search", "<!channel>"], "spend": [12.5, 3.0]}),
    (Column("team", "Team"), Column("spend", "Spend", Unit.USD)),
)
WEEKLY = Report("weekly", "Two teams spent $15.50.", (TEAMS,), title="Weekly report 2026-W44")
KEY = "weekly 2026-W44"
TABLES = """
[delivery]
state = "deliveries.json"
[delivery.file]
folder = "reports"
[delivery.email]
host = "127.0.0.1"
port = {port}
security = "none"
from = "FinOps <finops@example.org>"
to = ["cfo@example.org"]
"""


def settings(folder: Path, text: str = "", port: int = 9, **flags: Any) -> Settings:
    """Return settings out of a file in ``folder``."""
    path = folder / "finopsctl.toml"
    path.write_text(TABLES.format(port=port) + text, "utf-8")
    return load(config=path, environ={"HOME": str(folder)}, start=folder, flags=flags)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that sets the address of the Slack webhook."""
    return lambda address: monkeypatch.setenv("FINOPSCTL_SLACK_WEBHOOK", address)


def test_slack_gets_the_message_once_and_the_user_is_told(
    tmp_path: Path, hook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with web() as server:
        hook(f" {server.address}\n")  # as it is pasted
        for _ in range(2):
            deliver_report(WEEKLY, KEY, settings(tmp_path), Display(), to=["slack"])
    out, err = capsys.readouterr()
    first, second = err.splitlines()

    assert server.bodies == [renderer_named("slack").render(WEEKLY, Screen())]
    assert out == ""
    assert first == "weekly 2026-W44 delivered to slack (http://127.0.0.1/...)"
    assert second.startswith("weekly 2026-W44 was already delivered to slack (http://127.0.0.1/...) on 20")
    assert second.endswith("Z; --again sends it once more")


def test_again_another_period_and_another_filter_are_sent(tmp_path: Path, hook: Any) -> None:
    with web() as server:
        hook(server.address)
        plain = settings(tmp_path)
        deliver_report(WEEKLY, KEY, plain, Display(), to=["slack"])
        deliver_report(WEEKLY, KEY, plain, Display(), to=["slack"], again=True)
        deliver_report(WEEKLY, "weekly 2026-W45", plain, Display(), to=["slack"])
        deliver_report(WEEKLY, KEY, replace(plain, where=("team=search",)), Display(), to=["slack"])

    assert len(server.asked) == 4


def test_what_failed_is_sent_by_the_next_run(tmp_path: Path, hook: Any) -> None:
    with web(Act(404), Act(200)) as server:
        hook(server.address)
        with pytest.raises(DeliveryError) as caught:
            deliver_report(WEEKLY, KEY, settings(tmp_path), Display(), to=["slack"])
        deliver_report(WEEKLY, KEY, settings(tmp_path), Display(), to=["slack"])

    assert caught.value.exit_code == 5
    assert len(server.asked) == 2


def test_one_channel_that_fails_does_not_keep_the_others_from_it(tmp_path: Path, hook: Any) -> None:
    with web(Act(404)) as server, post(Post()) as mails:
        hook(server.address)
        given = settings(tmp_path, port=mails.port)
        with pytest.raises(DeliveryError, match=r"answered 404$"):
            deliver_report(WEEKLY, KEY, given, Display(), to=["slack", "email", "file"])

    assert len(mails.mails) == 1
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["weekly-2026-W44.md"]


def test_a_mail_is_the_document_with_its_recipients(tmp_path: Path) -> None:
    with post(Post()) as server:
        for _ in range(2):
            deliver_report(WEEKLY, KEY, settings(tmp_path, port=server.port), Display(), to=["email"])

    (taken,) = server.mails

    assert b"\r\nTo: cfo@example.org\r\n" in taken
    assert b"Subject: Weekly report 2026-W44\r\n" in taken
    assert b"Two teams spent $15.50." in taken


@pytest.mark.parametrize(
    ("flag", "table", "name"),
    [
        (None, "", "weekly-2026-W44.md"),
        (None, 'format = "confluence"', "weekly-2026-W44.xhtml"),
        ("json", 'format = "confluence"', "weekly-2026-W44.json"),
        ("slack", "", "weekly-2026-W44.slack.json"),
        ("parquet", "", "weekly-2026-W44.parquet"),
    ],
)
def test_a_file_is_in_the_format_that_is_asked_for(tmp_path: Path, flag: str | None, table: str, name: str) -> None:
    chosen = settings(tmp_path).delivery
    wanted = table.partition('"')[2].rstrip('"') or None
    given = replace(settings(tmp_path), delivery=replace(chosen, file=replace(chosen.file, format=wanted)))
    deliver_report(WEEKLY, KEY, given, Display(format=flag), to=["file"])

    assert [path.name for path in (tmp_path / "reports").iterdir()] == [name]


def test_a_web_service_gets_json_and_its_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with web() as server:
        monkeypatch.setenv("FINOPSCTL_WEBHOOK", server.address)
        monkeypatch.setenv("FINOPSCTL_WEBHOOK_SECRET", "s3cret")
        deliver_report(WEEKLY, KEY, settings(tmp_path), Display(), to=["webhook"])

    (asked,) = server.asked

    assert json.loads(asked.body)["schema"] == "finopsctl/weekly/1"
    assert asked.headers["X-Finopsctl-Signature"].startswith("sha256=")


def test_a_dry_run_prints_what_would_be_sent_connects_nowhere_and_writes_nothing(
    tmp_path: Path, hook: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FINOPSCTL_SMTP_USER", "finops")
    monkeypatch.setenv("FINOPSCTL_SMTP_PASSWORD", SECRET)
    with web() as server, post(Post()) as mails:
        hook(server.address)
        given = settings(tmp_path, port=mails.port)
        deliver_report(WEEKLY, KEY, given, Display(), to=["slack", "email", "file"], dry_run=True)
    out, err = capsys.readouterr()

    assert out.startswith("POST http://127.0.0.1/...\n")
    assert "MAIL smtp://127.0.0.1/... (1 recipient)\n" in out
    assert f"WRITE {Path('reports/weekly-2026-W44.md')}\n" in out
    assert SECRET not in out + err
    assert (server.asked, mails.told) == ([], [])
    assert [path.name for path in tmp_path.iterdir()] == ["finopsctl.toml"]


def test_a_dry_run_needs_no_secret_and_says_which_one_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FINOPSCTL_SLACK_WEBHOOK", raising=False)
    deliver_report(WEEKLY, KEY, settings(tmp_path), Display(), to=["slack"], dry_run=True)

    assert capsys.readouterr().out.startswith("POST $FINOPSCTL_SLACK_WEBHOOK, which is not set\n")
    with pytest.raises(ConfigError, match="FINOPSCTL_SLACK_WEBHOOK is not set"):
        check_delivery(settings(tmp_path), Display(), to=["slack"])


def test_another_variable_may_hold_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with web() as server:
        monkeypatch.setenv("FINANCE_HOOK", server.address)
        given = settings(tmp_path, '[delivery.slack]\nurl-variable = "FINANCE_HOOK"')
        deliver_report(WEEKLY, KEY, given, Display(), to=["slack"])

    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("to", "text", "words"),
    [
        ("slak", "", "unknown channel 'slak'"),
        ("file", "", "folder is missing"),
        ("email", "", "host is missing"),
        ("webhook", "", "FINOPSCTL_WEBHOOK is not set"),
        ("file", '[delivery.file]\nfolder = "x"\nformat = "docx"', "unknown format 'docx'"),
    ],
)
def test_what_is_wrong_is_said_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, text: str, words: str
) -> None:
    monkeypatch.delenv("FINOPSCTL_WEBHOOK", raising=False)
    path = tmp_path / "finopsctl.toml"
    path.write_text(text)
    given = load(config=path, environ={"HOME": str(tmp_path)}, start=tmp_path, flags={})
    with pytest.raises(ConfigError, match=words) as caught:
        check_delivery(given, Display(), to=[to])

    assert caught.value.exit_code == 2


@pytest.mark.parametrize("act", [Act(404, body=SECRET.encode()), Act(302, {"Location": f"/{SECRET}"}), Act(200)])
def test_no_secret_is_seen_anywhere(
    act: Act, tmp_path: Path, hook: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    seen = ""
    with caplog.at_level(logging.DEBUG), web(act) as server:
        hook(server.address)
        try:
            deliver_report(WEEKLY, KEY, settings(tmp_path), Display(), to=["slack"])
        except DeliveryError as caught:
            seen = "".join(traceback.format_exception(caught)) + repr(caught.__context__)
    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())

    assert SECRET not in seen + "".join(capsys.readouterr()) + caplog.text + written


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deliver_report(WEEKLY, KEY, settings(tmp_path), Display(quiet=True), to=["file"])

    assert capsys.readouterr() == ("", "")


def test_a_command_declares_the_options_and_ends_with_exit_code_5(
    tmp_path: Path, hook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer()

    @app.command()
    def report(*, to: To = None, dry_run: DryRun = False, again: Again = False) -> None:
        deliver_report(WEEKLY, KEY, settings(tmp_path), Display(), to=to or (), dry_run=dry_run, again=again)

    with web(Act(404)) as server:
        hook(server.address)
        code = guard(app, ["--to", "slack", "--to", "file"])

    assert code == 5
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "error: http://127.0.0.1/...: the server answered 404",
        "hint: Check the address.",
    ]
    assert guard(app, ["--to", "fax"]) == 2
    assert guard(app, ["--to", "slack", "--dry-run"]) == 0


def test_what_was_delivered_is_kept_in_the_users_state_folder(tmp_path: Path) -> None:
    default = Settings()

    assert memory_of(default, {"HOME": "/home/a"}).path.as_posix() == "/home/a/.local/state/finopsctl/deliveries.json"
    assert memory_of(default, {"XDG_STATE_HOME": "/s"}).path.as_posix() == "/s/finopsctl/deliveries.json"
    assert memory_of(settings(tmp_path), {}).path == Path("deliveries.json")
