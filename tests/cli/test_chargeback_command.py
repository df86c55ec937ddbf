"""``chargeback`` on the command line, and what configuration says about shared cost."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.cli import run
from finopsctl.cli.app import app
from finopsctl.cli.run import guard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Shell = Callable[..., tuple[int, str, str]]

LOG = """charge_period_start,team,model,requests,input_tokens,reported_cost
2026-09-30,support,gpt-4o,1,100,1.00
2026-10-05,support,gpt-4o,1,300,3.00
2026-10-31,search,gpt-4o,3,100,1.00
2026-11-02,search,gpt-4o,1,100,9.00
"""
CONFIG = """
[[allocation.pool]]
name = "gateway"
cost = 8
driver = "tokens"

[chargeback.cost-centres]
support = "CC-1"
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Shell:
    """Return a command line in a folder with a log and a configuration: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "finopsctl.toml").write_text(CONFIG)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = guard(app, list(arguments))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def rows(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text, parse_float=Decimal)["rows"]
    return found


def test_the_file_holds_a_component_a_line(shell: Shell) -> None:
    """October: 3.00 + 1.00 direct, $8 by 300 and 100 tokens."""
    code, out, _ = shell("chargeback", "log.csv", "--month", "2026-10", "-f", "csv")
    lines = list(csv.DictReader(io.StringIO(out)))

    assert code == 0
    assert [(x["team"], x["cost_centre"], x["component"], x["direct"], x["shared"], x["total"]) for x in lines] == [
        ("search", "", "direct", "1", "0", "1"),
        ("search", "", "shared", "0", "2", "2"),
        ("support", "CC-1", "direct", "3", "0", "3"),
        ("support", "CC-1", "shared", "0", "6", "6"),
    ]


def test_the_document_ties_in_json(shell: Shell) -> None:
    document = json.loads(shell("chargeback", "log.csv", "--month", "2026-10", "-f", "json")[1])

    assert document["schema"] == "finopsctl/chargeback/1"
    assert document["totals"] == {
        "direct": 4, "shared": 8, "credits": 0, "total": 12,
        "ledger": 4, "replaced": 0, "outside": 8, "difference": 0,
    }  # fmt: skip


def test_the_month_is_the_last_whole_one(shell: Shell) -> None:
    """The log ends on 2 November."""
    assert json.loads(shell("chargeback", "log.csv", "-f", "json")[1])["period"]["start"] == "2026-10-01T00:00:00Z"


def test_another_period_may_be_named(shell: Shell) -> None:
    """Two of the thirty days of November: $8 x 2 / 30."""
    out = shell("chargeback", "log.csv", "--since", "2026-11-01", "--until", "2026-11-03", "-f", "json")[1]

    assert json.loads(out, parse_float=Decimal)["totals"]["outside"] == Decimal("0.533333333333")


def test_cost_centres_may_come_from_a_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "centres.csv").write_text("team,cost_centre\nsearch,CC-7\n")
    found = rows(shell("chargeback", "log.csv", "--cost-centres", "centres.csv", "-f", "json")[1])

    assert {row["team"]: row["cost_centre"] for row in found} == {"search": "CC-7", "support": None}


@pytest.mark.parametrize(
    ("text", "message"), [("team\na\n", "only one column"), ("team,cc\na,1\na,2\n", "'a' has two cost centres")]
)
def test_a_file_of_cost_centres_that_cannot_be_is_refused(
    shell: Shell, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "centres.csv").write_text(text)
    code, _, err = shell("chargeback", "log.csv", "--cost-centres", "centres.csv")

    assert code == 2
    assert message in err


def test_a_file_of_cost_centres_that_is_not_there_is_refused(shell: Shell) -> None:
    code, _, err = shell("chargeback", "log.csv", "--cost-centres", "nowhere.csv")

    assert (code, "nowhere.csv: no such file" in err) == (2, True)


def test_a_filter_that_leaves_teams_out_is_refused(shell: Shell) -> None:
    code, _, err = shell("chargeback", "log.csv", "--where", "team=support")

    assert code == 2
    assert "a chargeback is of every team" in err


def test_charges_that_do_not_tie_end_with_exit_code_4(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = run.answer

    def spoilt(*given: Any, **more: Any) -> Any:
        found = answer(*given, **more)
        return replace(found, totals={**found.totals, "difference": Decimal("0.01")})

    monkeypatch.setattr(run, "answer", spoilt)
    code, out, err = shell("chargeback", "log.csv")

    assert code == 4
    assert "charged to 2 teams" in out
    assert "do not tie to the ledger: 0.01 too much" in err


def test_attribution_shows_direct_and_shared_cost_that_add_up(shell: Shell) -> None:
    found = rows(shell("attribution", "log.csv", "--month", "2026-10", "-f", "json")[1])

    assert [(row["team"], row["direct"], row["shared"], row["spend"]) for row in found] == [
        ("support", 3, 6, 9),
        ("search", 1, 2, 3),
    ]


def test_a_comparison_shares_the_cost_of_both_periods(shell: Shell) -> None:
    """September: 1.00 direct and all of the $8."""
    out = shell("attribution", "log.csv", "--month", "2026-10", "--compare", "previous", "-f", "json")[1]

    assert {row["team"]: row["previous"] for row in rows(out)} == {"support": 9, "search": None}


def test_under_a_filter_attribution_shows_direct_cost_and_says_so(shell: Shell) -> None:
    document = json.loads(shell("attribution", "log.csv", "--where", "team=support", "-f", "json")[1])

    assert "shared" not in document["rows"][0]
    assert document["findings"][0]["code"] == "shared_not_spread"


def test_without_pools_attribution_is_as_it_was(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "finopsctl.toml").write_text("")
    document = json.loads(shell("attribution", "log.csv", "-f", "json")[1])

    assert not {"direct", "shared", "kept"} & set(document["rows"][0])
    assert set(document["totals"]) == {"spend", "requests", "tokens"}


def test_a_contract_gives_a_pool_its_capacity_and_its_dates(shell: Shell, tmp_path: Path) -> None:
    """10 PTU at $1 from 16 October: 16 days of 240 hours are $3,840; 400 tokens at 10 a PTU-hour use 10 of them."""
    (tmp_path / "contracts.toml").write_text(
        'schema = 1\n[[contract]]\nid = "ptu"\nmodels = ["gpt-4o"]\nfrom = 2026-10-16\n'
        'capacity = { unit = "PTU", count = 10, price_per_unit_hour = 1.00 }\n'
    )
    (tmp_path / "finopsctl.toml").write_text(
        'contracts = "contracts.toml"\n[[allocation.pool]]\nname = "ptu"\ncontract = "ptu"\n'
        'when = { model = "gpt-4o" }\ntokens-per-unit-hour = 10\n'
    )
    document = json.loads(shell("chargeback", "log.csv", "--month", "2026-10", "-f", "json")[1])

    assert document["totals"]["outside"] == 3840
    assert {(row["team"], row["component"]): row["total"] for row in document["rows"] if row["pool"]} == {
        ("search", "shared"): 10,
        (None, "idle"): 3830,
    }


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        ("cost = 8\ndriver = 'tokns'", "'tokns' is not among its values"),
        ("cost = 8\nwhen = { team = 'a' }", "a monthly cost is not in the ledger"),
        ("when = { taem = 'a' }", "'taem' is no dimension"),
        ("when = { team = 'a' }\ncontract = 'ptu'", "names a contract, but no contracts are"),
        ("cost = 8\ndriver = 'headcount'", "spread by headcount, and none is given"),
        ("cots = 8", "unknown key"),
    ],
)
def test_config_check_says_what_is_wrong_with_a_pool(shell: Shell, tmp_path: Path, pool: str, message: str) -> None:
    (tmp_path / "finopsctl.toml").write_text(f"[[allocation.pool]]\nname = 'p'\n{pool}\n")
    _, out, err = shell("config", "check")

    assert message in out + err


def test_two_pools_of_one_name_are_refused(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "finopsctl.toml").write_text(CONFIG + '[[allocation.pool]]\nname = "gateway"\ncost = 1\n')
    code, _, err = shell("chargeback", "log.csv")

    assert (code, "two pools are called 'gateway'" in err) == (2, True)


@pytest.mark.parametrize("name", ["charges.parquet", "charges.csv", "charges.json", "charges.md"])
def test_the_finance_file_may_be_written_in_any_format(shell: Shell, tmp_path: Path, name: str) -> None:
    assert shell("chargeback", "log.csv", "-o", name)[0] == 0
    assert (tmp_path / name).stat().st_size > 0
