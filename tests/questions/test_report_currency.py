"""``--currency`` changes what a report is in, not what the amounts of the configuration are worth."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from book_files import write
from finopsctl.cli.app import app
from finopsctl.cli.run import guard

if TYPE_CHECKING:
    from pathlib import Path

RATE = '[[exchange-rate]]\nfrom = "USD"\nto = "EUR"\ndate = 2026-09-01\nrate = 0.5\n'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    usage = {"charge_period_end": "2026-11-01T00:00:00Z", "record_kind": "usage", "requests": 1000}
    write(
        tmp_path / "log.jsonl",
        {"record_id": "1", "charge_period_start": "2026-10-01T00:00:00Z", "provider": "openai", "team": "search"}
        | {**usage, "reported_cost": 8},
    )


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert guard(app, [*words, "-f", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return found


def configured(folder: Path, text: str) -> None:
    (folder / "finopsctl.toml").write_text(f"{text}\n{RATE}", "utf-8")


def test_a_platform_cost_of_620_dollars_was_shared_as_620_euros(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """$8 of direct and $620 of shared cost, two dollars a euro: 4 + 310."""
    configured(tmp_path, '[[allocation.pool]]\nname = "gateway"\ncost = 620\n')
    (row,) = answer(capsys, "attribution", "log.jsonl", "--month", "2026-10", "--currency", "EUR")["rows"]

    assert (row["direct"], row["shared"], row["spend"]) == (4, 310, 314)


def test_a_contract_prices_capacity_in_dollars_whatever_the_report_is_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 unit at $1 an hour for 31 days is $744, 372 euros; it takes the place of the $8."""
    (tmp_path / "contracts.toml").write_text(
        'schema = 1\n[[contract]]\nid = "ptu"\nprovider = "openai"\nfrom = 2026-01-01\n'
        'capacity = { unit = "PTU", count = 1, price_per_unit_hour = 1 }\n',
        "utf-8",
    )
    pool = 'name = "ptu"\ncontract = "ptu"\nwhen = { provider = "openai" }\ntokens-per-unit-hour = 1000\nidle = "all"\n'
    configured(tmp_path, f'contracts = "contracts.toml"\ncost-basis = "auto"\n[[allocation.pool]]\n{pool}')
    found = answer(capsys, "attribution", "log.jsonl", "--month", "2026-10", "--currency", "EUR")

    assert found["totals"]["spend"] == 372


def test_a_prepaid_pack_of_500_dollars_was_500_euros(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """$8 of $500 are used: 4 of 250 euros."""
    bill = {"charge_period_end": "2026-11-01T00:00:00Z", "record_kind": "cost", "reported_cost": 8}
    write(
        tmp_path / "bill.jsonl",
        {"record_id": "b", "charge_period_start": "2026-10-01T00:00:00Z", "provider": "openai", **bill},
    )
    configured(tmp_path, '[[prepaid]]\nprovider = "openai"\namount = 500\nfrom = 2026-10-01\n')
    found = answer(capsys, "reconcile", "log.jsonl", "--invoice", "bill.jsonl", "--currency", "EUR")
    (pack,) = found["prepaid_credits"]

    assert (pack["amount"], pack["used"], pack["balance"]) == (250, 4, 246)


@pytest.mark.parametrize(
    ("scale", "grade"),
    [("", "ok"), ("[kpi.scales]\ncost_per_request = [0.0079, 0.01, 0.05]\n", "ok"), ("[kpi.scales]\n", "ok")],
)
def test_eight_tenths_of_a_cent_a_request_were_good_in_euros_and_ok_in_dollars(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], scale: str, grade: str
) -> None:
    """$0.008 a request is above the limit of $0.005, and 0.004 euros are above that of 0.0025."""
    configured(tmp_path, scale)
    words = ("kpi", "log.jsonl", "--kpi", "cost_per_request")
    in_dollars, in_euros = answer(capsys, *words), answer(capsys, *words, "--currency", "EUR")

    assert [(row["value"], row["grade"]) for row in in_dollars["rows"]] == [(Decimal("0.008"), grade)]
    assert [(row["value"], row["grade"]) for row in in_euros["rows"]] == [(Decimal("0.004"), grade)]


def test_amounts_in_a_currency_without_a_rate_are_not_graded_by_dollars(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one record is billed in krona; nothing says what half a cent is in that."""
    kept = {"charge_period_end": "2026-11-01T00:00:00Z", "record_kind": "usage", "requests": 1000}
    write(
        tmp_path / "log.jsonl",
        {"record_id": "1", "charge_period_start": "2026-10-01T00:00:00Z", "provider": "openai"}
        | {**kept, "reported_cost": 8, "billing_currency": "SEK"},
    )
    rows = answer(capsys, "kpi", "log.jsonl", "--kpi", "cost_per_request", "--currency", "SEK")["rows"]

    assert [(row["value"], row["grade"]) for row in rows] == [(Decimal("0.008"), None)]
    (tmp_path / "finopsctl.toml").write_text("[kpi.scales]\ncost_per_request = [0.004, 0.01, 0.05]\n", "utf-8")
    assert guard(app, ["kpi", "log.jsonl", "--currency", "SEK"]) == 2
    assert "there is no rate from USD to SEK" in capsys.readouterr().err
