"""``normalize`` on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.cli.app import app
from finopsctl.cli.run import guard

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LOG = (
    '{"charge_period_start": "2026-09-03T00:00:00Z", "requests": 1, "reported_cost": "1"}\n'
    '{"charge_period_start": "2026-10-03T00:00:00Z", "requests": 1, "reported_cost": "2"}\n'
)


def test_a_period_in_the_configuration_does_not_keep_a_ledger_from_being_partitioned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "finopsctl.toml").write_text('last = "mtd"\n')
    (tmp_path / "log.jsonl").write_text(LOG)

    assert guard(app, ["normalize", "log.jsonl", "-o", "ledger", "--partition", "month"]) == 0
    assert sorted(folder.name for folder in (tmp_path / "ledger").glob("month=*")) == ["month=2026-09", "month=2026-10"]
    assert guard(app, ["normalize", "log.jsonl", "-o", "other", "--partition", "month", "--last", "mtd"]) == 2
