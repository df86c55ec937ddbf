"""Each document goes to each target once, whoever runs it how often."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import finopsctl.delivery
from finopsctl.delivery import CHANNELS, channel_named, deliver
from finopsctl.delivery.memory import Memory
from finopsctl.delivery.parcel import Outlet, Parcel
from finopsctl.delivery.slack import outlet as slack
from finopsctl.errors import ConfigError, DeliveryError
from loopback import SECRET, Act, web
from parcels import NOW, no_pause, parcel

LATER = NOW + timedelta(hours=3)


def counting(calls: list[tuple[Parcel, str]], target: str = "here") -> Outlet:
    return Outlet("slack", target, "shown", lambda sent, key: calls.append((sent, key)), lambda _: "")


def test_the_same_period_is_delivered_once(tmp_path: Path) -> None:
    calls: list[tuple[Parcel, str]] = []
    memory = Memory(tmp_path / "deliveries.json")
    first = deliver(parcel(), counting(calls), memory, now=NOW)
    second = deliver(parcel(), counting(calls), memory, now=LATER)

    assert (len(calls), first.earlier, second.earlier, second.at) == (1, False, True, NOW)


def test_figures_that_changed_are_told_and_not_sent(tmp_path: Path) -> None:
    calls: list[tuple[Parcel, str]] = []
    memory = Memory(tmp_path / "deliveries.json")
    deliver(parcel(b"1"), counting(calls), memory, now=NOW)

    assert deliver(parcel(b"2"), counting(calls), memory, now=LATER).changed
    assert not deliver(parcel(b"1"), counting(calls), memory, now=LATER).changed
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("other", "target"),
    [
        (parcel(period="2026-W45"), "here"),
        (parcel(report="daily"), "here"),
        (parcel(), "there"),
    ],
)
def test_another_period_report_or_target_is_another_delivery(tmp_path: Path, other: Parcel, target: str) -> None:
    calls: list[tuple[Parcel, str]] = []
    memory = Memory(tmp_path / "deliveries.json")
    deliver(parcel(), counting(calls), memory, now=NOW)
    deliver(other, counting(calls, target), memory, now=NOW)

    assert len(calls) == 2


def test_again_sends_it_once_more_under_another_key(tmp_path: Path) -> None:
    calls: list[tuple[Parcel, str]] = []
    memory = Memory(tmp_path / "deliveries.json")
    deliver(parcel(), counting(calls), memory, now=NOW)
    receipt = deliver(parcel(), counting(calls), memory, now=LATER, again=True)

    assert (receipt.earlier, receipt.at) == (False, LATER)
    assert len({key for _, key in calls}) == 2
    assert [entry.at for entry in memory.entries()] == [LATER]


def test_what_failed_is_not_remembered_and_has_the_same_key_when_it_is_tried_again(tmp_path: Path) -> None:
    keys: list[str] = []

    def failing(_: Parcel, key: str) -> None:
        keys.append(key)
        if len(keys) == 1:
            raise DeliveryError("no")

    memory = Memory(tmp_path / "deliveries.json")
    outlet = replace(counting([]), send=failing)
    with pytest.raises(DeliveryError):
        deliver(parcel(), outlet, memory, now=NOW)

    assert memory.entries() == []
    assert not deliver(parcel(), outlet, memory, now=LATER).earlier
    assert len(keys) == 2
    assert len(set(keys)) == 1


_PROGRAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from finopsctl.delivery import deliver
from finopsctl.delivery.memory import Memory
from finopsctl.delivery.slack import outlet
from parcels import parcel
print(deliver(parcel(), outlet(sys.argv[1], "X"), Memory(Path(sys.argv[2])), now=datetime.now(UTC)).earlier)
"""


def test_two_processes_at_once_send_one_message(tmp_path: Path) -> None:
    """The server takes a moment over its answer, so that both are under way before either is done."""
    with web(Act(200, waits=0.4)) as server:
        command = [sys.executable, "-c", _PROGRAM, server.address, str(tmp_path / "state" / "deliveries.json")]
        both = [
            subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        said = sorted(process.communicate()[0].strip() for process in both)

    assert said == ["False", "True"]
    assert len(server.asked) == 1


def test_a_process_that_holds_the_file_too_long_is_told_of(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "deliveries.json", patience=0.05)
    with memory.held(), pytest.raises(DeliveryError, match="another finopsctl has been delivering"):
        deliver(parcel(), counting([]), memory, now=NOW)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": "x"}', '{"schema": "finopsctl/deliveries/1", "deliveries": [{}]}']
)
def test_a_file_of_something_else_stops_the_delivery(tmp_path: Path, text: str) -> None:
    calls: list[tuple[Parcel, str]] = []
    path = tmp_path / "deliveries.json"
    path.write_text(text)
    with pytest.raises(DeliveryError, match=r"deliveries\.json"):
        deliver(parcel(), counting(calls), Memory(path), now=NOW)

    assert calls == []
    assert path.read_text() == text


def test_nothing_is_sent_that_could_not_be_remembered(tmp_path: Path) -> None:
    calls: list[tuple[Parcel, str]] = []
    (tmp_path / "state").write_text("a file where a folder is needed")
    with pytest.raises(DeliveryError, match="could not be remembered"):
        deliver(parcel(), counting(calls), Memory(tmp_path / "state" / "deliveries.json"), now=NOW)

    assert calls == []


def test_the_file_holds_no_address_and_nothing_of_the_report(tmp_path: Path) -> None:
    with web() as server:
        deliver(parcel(), slack(server.address, "X"), Memory(tmp_path / "deliveries.json"), now=NOW)
    text = "".join(path.read_text() for path in tmp_path.iterdir())

    assert '"period": "2026-W44"' in text
    assert SECRET not in text
    assert "127.0.0.1" not in text
    assert "hello" not in text


def test_an_outlet_never_shows_its_target() -> None:
    outlet = slack(f"https://hooks.slack.com/services/{SECRET}", "X", pause=no_pause)

    assert SECRET not in f"{outlet!r} {outlet.shown} {outlet.preview(parcel())}"
    assert "https://hooks.slack.com/..." in outlet.preview(parcel())


def test_an_unknown_channel_names_the_nearest() -> None:
    with pytest.raises(ConfigError) as raised:
        channel_named("slak")

    assert "slack" in raised.value.hint
    assert [channel_named(channel.name) for channel in CHANNELS] == list(CHANNELS)


@pytest.mark.parametrize(
    ("report", "period", "name"),
    [
        ("weekly", "2026-W44", "weekly-2026-W44.json"),
        ("daily", "2026-10-31 team=a/../../etc", "daily-2026-10-31-team=a-..-..-etc.json"),
        ("monthly", "2026-10 team=\x1b[31m☃", "monthly-2026-10-team=-31m.json"),
    ],
)
def test_a_file_name_stays_in_its_folder(report: str, period: str, name: str) -> None:
    assert parcel(report=report, period=period).name == name
    assert "/" not in name


def test_every_module_here_is_a_channel_or_what_channels_share_or_the_comment_of_a_check() -> None:
    modules = {module.name for module in pkgutil.iter_modules(finopsctl.delivery.__path__)}

    assert modules - {"memory", "parcel", "github"} == {channel.name for channel in CHANNELS}
