"""``finopsctl unit-economics`` and ``kpi --outcomes``, from files to exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from book_files import write
from commands import answered, finopsctl

SAMPLE = Path(__file__).parents[2] / "sample_data"


@pytest.fixture
def charges(tmp_path: Path) -> Path:
    """Ten dollars for tickets: 4.20 a resolved one needs 42.00."""
    usage = {"feature": "ticket", "user": "ann", "customer": "acme", "charge_period_start": "2026-10-05T08:00:00Z"}
    return write(tmp_path / "usage.jsonl", {"record_id": "a", "reported_cost": "42.00", **usage})


@pytest.fixture
def outcomes(tmp_path: Path) -> Path:
    path = tmp_path / "outcomes.csv"
    path.write_text("day,use_case,outcomes,successes\n2026-10-05,ticket,10,8\n", encoding="utf-8")
    return path


def test_outcomes_among_the_inputs_and_named_give_one_answer(charges: Path, outcomes: Path) -> None:
    named = answered("unit-economics", charges, "--outcomes", outcomes)
    found = answered("unit-economics", charges, outcomes)

    assert named["schema"] == "finopsctl/unit-economics/1"
    (row,) = [r for r in named["rows"] if r["unit"] == "outcome"]
    assert (row["feature"], row["spend"], row["count"], row["cost_per"]) == ("ticket", 42, 10, 4.2)
    assert found["rows"] == named["rows"]


def test_the_scorecard_has_the_same_cost_per_outcome(charges: Path, outcomes: Path) -> None:
    (row,) = answered("kpi", charges, "--kpi", "cost_per_outcome", "--outcomes", outcomes)["rows"]

    assert (row["feature"], row["value"], row["grade"], row["numerator"]) == ("ticket", 4.2, "warning", 42)


def test_a_configured_outcomes_file_fills_the_kpi_and_targets_grade_it(charges: Path, outcomes: Path) -> None:
    config = outcomes.parent / "finopsctl.toml"
    config.write_text(
        'outcomes = "outcomes.csv"\n[kpi]\noutcome-targets = { "ticket" = 5 }\n[unit-economics]\nmargin-floor = 0.5\n',
        encoding="utf-8",
    )
    (row,) = answered("kpi", charges, "--kpi", "cost_per_outcome", "--config", config)["rows"]

    assert (row["value"], row["grade"]) == (4.2, "good")


def test_a_losing_customer_fails_the_command_where_asked_to(charges: Path) -> None:
    revenue = charges.parent / "revenue.csv"
    revenue.write_text("customer,month,amount,currency\nacme,2026-10,40,USD\n", encoding="utf-8")
    done = finopsctl("unit-economics", charges, "--revenue", revenue, "--month", "2026-10", "--fail-on", "critical")

    assert done.returncode == 3
    assert "1 customer costs more than it pays: acme ($42.00 for $40.00)." in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--outcomes", "nowhere.csv"), 4, "nowhere.csv: no such file"),
        (("--month", "2031-01"), 4, "no records from 2031-01-01"),
        (("--by", "tem"), 2, "Did you mean 'team'?"),
        (("--by", "token_class"), 2, "token_class"),
        (("--outcome", "x.csv"), 2, "--outcomes"),
    ],
)
def test_what_is_wrong_is_said_with_a_way_out(charges: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = finopsctl("unit-economics", charges, *words)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_without_the_columns_is_exit_4_and_names_them(charges: Path) -> None:
    wrong = charges.parent / "wrong.csv"
    wrong.write_text("who,when\nacme,2026-10\n", encoding="utf-8")
    done = finopsctl("unit-economics", charges, "--revenue", wrong)

    assert done.returncode == 4
    assert "lacks a customer" in done.stderr
    assert "an amount" in done.stderr


def test_tables_alone_are_no_input(outcomes: Path) -> None:
    done = finopsctl("unit-economics", outcomes)

    assert done.returncode == 4
    assert "only tables beside the ledger" in done.stderr


def test_the_sample_company_foots() -> None:
    totals = answered("unit-economics", SAMPLE, "--month", "2026-10")["totals"]

    assert totals["joined_by"] == ["feature", "trace_id"]
    for parts in (("spend_of_users", "spend_without_user"), ("spend_with_outcomes", "spend_without_outcomes")):
        assert round(totals[parts[0]] + totals[parts[1]], 8) == round(totals["spend"], 8)


def test_an_alternative_cost_without_an_exchange_rate_is_counted(tmp_path: Path) -> None:
    """Of 5 outcomes 3 are valued in euros and 2 in dollars: only the 2 are worth something, 2 x $6 - $4."""
    log = write(tmp_path / "log.jsonl", {"record_id": "a", "feature": "ticket", "reported_cost": "4"})
    table = tmp_path / "outcomes.csv"
    table.write_text(
        "day,use_case,outcomes,alternative_cost,currency\n2026-10-01,ticket,3,5,EUR\n2026-10-01,ticket,2,6,USD\n"
    )

    found = answered("unit-economics", log, table)
    said = next(f for f in found["findings"] if f["code"] == "alternative_unconverted")
    (ticket,) = (row for row in found["rows"] if row["unit"] == "outcome")

    assert (said["outcomes"], ticket["net_value"]) == (3, 8)
