"""``finopsctl budget``: from files to rows, exit codes and the gateway's configuration."""

from __future__ import annotations

import hmac
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from book_files import write
from finopsctl.cli.app import app
from finopsctl.cli.run import guard

SAMPLE = Path(__file__).parents[2] / "sample_data"
BUDGETS = """
[[budget]]
limit = 1000
[[budget]]
team = "support"
limit = 100
[[budget]]
team = "data"
limit = 10
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path / "log.jsonl",
        *(
            {"record_id": f"{team}{day}", "charge_period_start": f"2026-10-{day:02d}T09:00:00Z", "team": team}
            | {"reported_cost": cost}
            for team, cost in (("support", 6), ("search", 1))
            for day in range(1, 16)
        ),
    )
    (tmp_path / "budgets.toml").write_text(BUDGETS, "utf-8")


def run(*arguments: str) -> int:
    return guard(app, ["budget", *arguments])


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(*arguments, "-f", "json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return found


def test_status_lists_every_budget_worst_first(capsys: pytest.CaptureFixture[str]) -> None:
    """15 days of $6 and of $1: 90 of 100, and 105 of 1,000."""
    found = document(capsys, "status", "log.jsonl", "--budgets", "budgets.toml")

    assert found["schema"] == "finopsctl/budget/1"
    assert [(row["budget"], row["team"], row["actual"], row["status"]) for row in found["rows"]] == [
        ("support", "support", 90, "critical"),
        ("global", None, 105, "good"),
        ("data", "data", 0, "good"),
    ]
    assert found["rows"][0]["alerts"] == [{"at": Decimal("0.8"), "action": None}]
    assert found["rows"][0]["projected_p50"] is None


def test_project_adds_the_forecast_under_the_same_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """$6 a day in a month of 31 days is $186."""
    found = document(capsys, "project", "log.jsonl", "--budgets", "budgets.toml", "--team", "support")
    (row,) = found["rows"]

    assert found["schema"] == "finopsctl/budget/1"
    assert row["projected"] == 186
    assert float(row["projected_p50"]) == pytest.approx(186, rel=0.02)
    assert row["projected_p10"] <= row["projected_p50"] <= row["projected_p90"]


@pytest.mark.parametrize("question", [("--team", "support"), ("--where", "team=support")])
def test_team_is_short_for_a_filter_by_team(capsys: pytest.CaptureFixture[str], question: tuple[str, str]) -> None:
    found = document(capsys, "status", "log.jsonl", "--budgets", "budgets.toml", *question)

    assert [(row["budget"], row["actual"]) for row in found["rows"]] == [("support", 90)]
    assert found["data_quality"]["records"] == 15


def test_a_team_with_a_budget_and_no_spend_is_a_row_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "status", "log.jsonl", "--budgets", "budgets.toml", "--team", "data")

    assert [(row["budget"], row["actual"]) for row in found["rows"]] == [("data", 0)]


def test_a_team_without_a_budget_is_refused_naming_the_budgets(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "log.jsonl", "--budgets", "budgets.toml", "--team", "search") == 2
    assert capsys.readouterr().err == "error: team 'search' has no budget\nhint: Budgets: data, global, support.\n"


def test_without_budgets_it_says_where_to_put_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "log.jsonl") == 2
    assert "--budgets FILE" in capsys.readouterr().err


def test_a_filter_that_nothing_passes_is_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "log.jsonl", "--budgets", "budgets.toml", "--where", "environment=prod") == 4
    assert "no records where environment=prod" in capsys.readouterr().err


def test_as_of_chooses_the_period_and_what_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    """Five days by the 6th."""
    found = document(capsys, "status", "log.jsonl", "--budgets", "budgets.toml", "--as-of", "2026-10-06")

    assert {row["budget"]: row["actual"] for row in found["rows"]} == {"support": 30, "global": 35, "data": 0}
    assert found["as_of"] == "2026-10-06T00:00:00Z"


def test_a_period_asked_for_ends_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "status", "log.jsonl", "--budgets", "budgets.toml", "--until", "2026-10-06")

    assert {row["budget"]: row["actual"] for row in found["rows"]} == {"support": 30, "global": 35, "data": 0}


@pytest.mark.parametrize(("grade", "code"), [("critical", 3), ("warning", 3)])
def test_fail_on_ends_with_exit_code_3_at_a_status_that_bad(
    capsys: pytest.CaptureFixture[str], grade: str, code: int
) -> None:
    assert run("status", "log.jsonl", "--budgets", "budgets.toml", "--fail-on", grade) == code
    assert "support" in capsys.readouterr().err
    assert run("status", "log.jsonl", "--budgets", "budgets.toml", "--team", "data", "--fail-on", grade) == 0


def test_an_exhausted_budget_fails_at_either_grade(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "budgets.toml").write_text("[[budget]]\nlimit = 1\n", "utf-8")

    assert run("status", "log.jsonl", "--budgets", "budgets.toml", "--fail-on", "critical") == 3
    assert "global" in capsys.readouterr().err


def test_the_gateways_team_table_among_the_inputs_brings_its_budgets(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "status", str(SAMPLE), "--month", "2026-10")

    assert {row["budget"]: (row["limit"], row["set_in"]) for row in found["rows"]} == {
        "support": (14, "gateway"),
        "search": (5, "gateway"),
        "platform": (40, "gateway"),
        "data-science": (30, "gateway"),
        "marketing": (10, "gateway"),
        "checkout": (5, "gateway"),
    }
    assert found["rows"][0]["budget"] == "platform"
    assert "spend_without_budget" in [finding["code"] for finding in found["findings"]]


def test_configured_budgets_win_over_the_gateways_and_all_lists_both(capsys: pytest.CaptureFixture[str]) -> None:
    budgets = ("--budgets", str(SAMPLE / "budgets.toml"))
    won = document(capsys, "status", str(SAMPLE), *budgets)
    both = document(capsys, "status", str(SAMPLE), *budgets, "--all")

    assert len(won["rows"]) == 7
    assert [row["budget"] for row in won["rows"] if row["set_in"] == "gateway"] == ["checkout"]
    assert len(both["rows"]) == 12
    assert "platform (gateway)" in [row["budget"] for row in both["rows"]]


def test_kpi_and_budget_give_the_same_figures(capsys: pytest.CaptureFixture[str]) -> None:
    budgets = ("--budgets", str(SAMPLE / "budgets.toml"))
    stand = {row["budget"]: row for row in document(capsys, "status", str(SAMPLE), *budgets)["rows"]}
    assert guard(app, ["kpi", str(SAMPLE), *budgets, "-f", "json"]) == 0
    kpis = json.loads(capsys.readouterr().out, parse_float=Decimal)["rows"]
    of_budgets = [row for row in kpis if row.get("member_of") == "budget"]
    names = {"budget_utilization": "utilization"}

    assert {row["budget"] for row in of_budgets} == set(stand)
    for row in of_budgets:
        assert row["value"] == stand[row["budget"]][names.get(row["kpi"], row["kpi"])], row


def test_export_writes_yaml_and_says_what_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "budgets.toml").write_text(f"{BUDGETS}\n[[budget]]\nfeature = 'chat'\nlimit = 5\n", "utf-8")
    assert run("export", "--to", "litellm", "--budgets", "budgets.toml") == 0
    said = capsys.readouterr()
    found = yaml.safe_load(said.out)

    assert found["litellm_settings"] == {"max_budget": 1000, "budget_duration": "1mo"}
    assert [each["body"]["team_alias"] for each in found["finopsctl_requests"]] == ["support", "data"]
    assert said.err == "warning: Budget chat is left out: LiteLLM's configuration has no limit by feature.\n"


def test_export_takes_the_budgets_of_the_configuration_and_writes_a_file(tmp_path: Path) -> None:
    (tmp_path / "finopsctl.toml").write_text("[[budget]]\nlimit = 5\n", "utf-8")

    assert run("export", "--to", "litellm", "-o", "out.yaml") == 0
    assert yaml.safe_load((tmp_path / "out.yaml").read_text("utf-8"))["litellm_settings"]["max_budget"] == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "--to", "litelm"), "Did you mean 'litellm'?"),
        (("export", "--to", "litellm"), "there are no budgets"),
        (("status", "log.jsonl", "--fail-on", "worse"), "unknown grade 'worse'"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_way_out(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err


def test_kpi_and_budget_disagreed_about_a_filtered_team_that_stops_spending_before_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Support spends $6 on 15 days, search goes on to the 20th: support burns 90 / 20 = $4.50, and 10 last 2.2 days."""
    more = [
        {"record_id": f"late{day}", "charge_period_start": f"2026-10-{day:02d}T09:00:00Z", "team": "search"}
        | {"reported_cost": 1}
        for day in range(16, 21)
    ]
    write(Path("later.jsonl"), *more)
    asked = ("log.jsonl", "later.jsonl", "--budgets", "budgets.toml", "--where", "team=support", "-f", "json")

    assert guard(app, ["kpi", *asked, "--kpi", "days_to_exhaustion"]) == 0

    scorecard = json.loads(capsys.readouterr().out, parse_float=Decimal)["rows"]
    (status,) = document(capsys, "status", *asked[:-2])["rows"]
    lasts = {row["member"]: row["value"] for row in scorecard}

    assert float(lasts["support"]) == float(status["days_to_exhaustion"]) == pytest.approx(10 / 4.5)


def test_a_scorecard_of_a_month_without_records_is_an_error_that_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """It ended in an overflow of dates."""
    assert guard(app, ["kpi", "log.jsonl", "--budgets", "budgets.toml", "--month", "2027-03"]) == 4
    assert "no records from 2027-03-01" in capsys.readouterr().err


def hashed(name: str) -> str:
    """Return what a name is redacted to under the key ``long enough``."""
    return "h:" + hmac.digest(b"long enough", name.encode(), "sha256").hex()[:16]


@pytest.mark.parametrize(
    "command",
    [("budget", "status", "log.jsonl"), ("variance", "log.jsonl", "--compare", "budget"), ("kpi", "log.jsonl")],
)
def test_budgets_of_redacted_teams_were_shown_in_clear(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("FINOPSCTL_REDACT_KEY", "long enough")

    assert guard(app, [*command, "--budgets", "budgets.toml", "--redact", "team", "-f", "json"]) == 0

    shown = capsys.readouterr().out

    assert hashed("support") in shown
    assert '"support"' not in shown
    assert '"data"' not in shown


def test_budgets_of_redacted_teams_matched_none_of_their_spend(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPSCTL_REDACT_KEY", "long enough")
    found = document(capsys, "status", "log.jsonl", "--budgets", "budgets.toml", "--redact", "team")

    assert {row["budget"]: row["actual"] for row in found["rows"]} == {
        hashed("support"): 90,
        "global": 105,
        hashed("data"): 0,
    }


def test_gateway_budgets_of_redacted_teams_are_redacted_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPSCTL_REDACT_KEY", "long enough")
    Path("teams.csv").write_text(
        "team_id,team_alias,max_budget,budget_duration,budget_reset_at,spend,models,blocked\n"
        't1,support,100,1mo,2026-11-01T00:00:00Z,7,"{}",false\n'
    )

    assert run("status", "log.jsonl", "teams.csv", "--redact", "team", "-f", "json") == 0

    document_text = capsys.readouterr().out
    (row,) = json.loads(document_text, parse_float=Decimal)["rows"]

    assert (row["budget"], row["team"], row["actual"]) == (hashed("support"), hashed("support"), 90)
    assert '"support"' not in document_text


def test_a_budget_for_a_pattern_of_redacted_names_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPSCTL_REDACT_KEY", "long enough")
    Path("wild.toml").write_text('[[budget]]\nlimit = 5\nteam = "sup*"\n')

    assert run("status", "log.jsonl", "--budgets", "wild.toml", "--redact", "team") == 2
    assert "redacted names fit no pattern" in capsys.readouterr().err


RATE = '[[exchange-rate]]\nfrom = "USD"\nto = "EUR"\ndate = 2026-09-01\nrate = 0.9\n'


def test_limits_are_converted_as_the_spend_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """$90 of $100 are 81.00 of 90.00 euros: 90 % either way."""
    (tmp_path / "finopsctl.toml").write_text(RATE, "utf-8")
    found = document(capsys, "status", "log.jsonl", "--budgets", "budgets.toml", "--currency", "EUR")
    support = found["rows"][0]

    assert (support["budget"], support["limit"], support["actual"]) == ("support", 90, 81)
    assert support["utilization"] == Decimal("0.9")


def test_a_limit_in_a_currency_without_a_rate_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "finopsctl.toml").write_text("[[budget]]\nlimit = 5\ncurrency = 'SEK'\n", "utf-8")

    assert run("status", "log.jsonl") == 2
    assert "there is no rate from SEK to USD on 2026-10-15" in capsys.readouterr().err


def test_a_report_of_spend_that_no_rate_converts_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """It said that nothing was spent and all was good."""
    assert run("status", "log.jsonl", "--budgets", "budgets.toml", "--currency", "EUR") == 2
    assert "there is no rate from USD to EUR" in capsys.readouterr().err


def test_the_gateways_limits_are_dollars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "finopsctl.toml").write_text(f"currency = 'EUR'\n{RATE}", "utf-8")
    (tmp_path / "teams.csv").write_text(
        "team_id,team_alias,max_budget,budget_duration,budget_reset_at,spend,models,blocked\n"
        't1,support,100,1mo,2026-11-01T00:00:00Z,7,"{}",false\n'
    )
    (row,) = document(capsys, "status", "log.jsonl", "teams.csv")["rows"]

    assert (row["limit"], row["actual"]) == (90, 81)


def test_a_first_day_is_refused_since_budgets_have_periods_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "log.jsonl", "--budgets", "budgets.toml", "--since", "2026-10-10") == 2
    assert "--as-of" in capsys.readouterr().err


def test_a_month_means_as_of_its_end_and_the_report_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    more = {"record_id": "late", "charge_period_start": "2026-11-03T09:00:00Z", "team": "support", "reported_cost": 6}
    write(Path("later.jsonl"), more)
    asked = ("log.jsonl", "later.jsonl", "--budgets", "budgets.toml")
    found = document(capsys, "status", *asked, "--until", "2026-10-10")

    assert found["as_of"] == "2026-10-10T00:00:00Z"
    assert found["period"]["end"] == "2026-10-10T00:00:00Z"
    assert found["rows"] == document(capsys, "status", *asked, "--as-of", "2026-10-10")["rows"]


def test_fail_on_follows_the_projection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """$7 a day of $210: half is used, and $217 are expected."""
    (tmp_path / "budgets.toml").write_text("[[budget]]\nlimit = 210\n", "utf-8")

    assert run("status", "log.jsonl", "--budgets", "budgets.toml", "--as-of", "2026-10-16", "--fail-on", "warning") == 3
    (tmp_path / "budgets.toml").write_text("[[budget]]\nlimit = 216.5\n", "utf-8")
    assert run("project", "log.jsonl", "--budgets", "budgets.toml", "--fail-on", "critical") == 3
    assert "global (critical)" in capsys.readouterr().err


def test_no_money_is_a_float_in_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    """$6 and $1 on 15 of 31 days."""
    for row in document(capsys, "project", "log.jsonl", "--budgets", "budgets.toml")["rows"]:
        for name in ("projected", "projected_p10", "projected_p50", "projected_p90", "burn_rate", "burn_rate_7d"):
            assert row[name] == round(row[name], 6), name
