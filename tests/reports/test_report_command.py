"""``finopsctl report``: names, formats, what no input can tell, and records that are late."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

import pytest

import finopsctl.reports
from book_files import write
from commands import document, told
from finopsctl.reports import REPORTS

if TYPE_CHECKING:
    from pathlib import Path

    from reports.conftest import Ask

NAMES = [kind.name for kind in REPORTS]


def test_every_report_is_in_the_registry() -> None:
    modules = [m.name for m in pkgutil.iter_modules(finopsctl.reports.__path__) if not m.name.startswith("_")]

    assert sorted(modules) == sorted(NAMES)


def test_a_filter_that_nothing_passes_is_named(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, "report", "weekly", log, "--where", "team=nobody")

    assert (code, "where team=nobody" in err) == (4, True)


@pytest.mark.parametrize("name", NAMES)
def test_no_report_shows_an_empty_table(name: str, ask: Ask) -> None:
    """Nor does any figure stand alone: a cost per request has the success rate beside it."""
    found = ask("report", name)

    header = {"rows", "totals", "findings", "schema", "period", "as_of", "currency", "cost_basis", "price_book"}
    assert [key for key, rows in found.items() if key not in header and not rows] == []
    names = {row["figure"] for row in found["rows"]}
    assert {"cost_per_request", "success_rate"} <= names


def test_a_slip_names_the_nearest_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "report", "weeekly") == (
        2,
        "",
        "error: there is no report 'weeekly'\nhint: Did you mean 'weekly'?\n",
    )


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, "report")

    assert code == 2
    assert all(name in err for name in NAMES)


@pytest.mark.parametrize("name", ["executive", "engineering", "product", "daily"])
def test_what_nobody_has_a_price_for_is_no_zero(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    log = write(tmp_path / "log.jsonl", {"charge_period_start": "2026-10-05T10:00:00Z", "model": "x", "requests": 1})

    code, out, _ = told(capsys, "report", name, str(log))

    assert code == 0
    assert out.startswith("No spend is known ")
    assert "$0" not in out.split("·")[0]
    assert "nothing to show" not in out


@pytest.mark.parametrize("name", ["executive", "product", "daily"])
def test_a_bill_of_a_whole_month_has_no_days_to_show(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record is of 2 September to 2 October: it is in no single day, which is said, and all else is told."""
    monkeypatch.chdir(tmp_path)
    span = {"charge_period_start": "2026-09-02T00:00:00Z", "charge_period_end": "2026-10-02T00:00:00Z"}
    log = write(tmp_path / "log.jsonl", {**span, "requests": 9, "user": "ann", "team": "a", "reported_cost": "9"})

    code, out, _ = told(capsys, "report", name, str(log), "--since", "2026-09-02", "--until", "2026-09-03")

    assert code == 0
    assert out.startswith("$9.00 spent on 2 September 2026")


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_file_is_said_to_be_empty(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")

    code, _, err = told(capsys, "report", name, "empty.jsonl")

    assert code == 4
    assert "the file is empty" in err


def test_a_report_is_not_compared_with_a_file(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, "report", "weekly", log, "--compare", log)

    assert code == 2
    assert "a report is compared with a period" in err


def test_it_can_be_compared_with_another_month(ask: Ask) -> None:
    """19 to 25 October, $28, against all of September, $90."""
    spend = ask("report", "weekly", "--compare", "2026-09")["rows"][0]

    assert (spend["value"], spend["previous"]) == (28, 90)


def test_late_records_are_a_finding_where_the_time_is_known(ask: Ask) -> None:
    """The newest record is of 9:00 on 31 October: six minutes are more than five, and less than ten."""
    words = ("report", "daily", "--now", "2026-10-31T09:06:00Z", "--as-of", "2026-11-01")

    late = [f for f in ask(*words)["findings"] if f["code"] == "pipeline_lag"]
    in_time = [f for f in ask(*words, "--lag", "10m")["findings"] if f["code"] == "pipeline_lag"]

    assert [(f["severity"], f["lag_seconds"]) for f in late] == [("warning", 360)]
    assert in_time == []


def test_a_length_of_time_has_a_unit(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, "report", "daily", log, "--lag", "5")

    assert (code, "is no length of time" in err) == (2, True)


def test_a_dry_run_is_of_a_delivery(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, "report", "daily", log, "--dry-run")

    assert (code, "Add --to CHANNEL." in err) == (2, True)


def test_a_delivery_is_named_by_report_and_period(
    log: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = tmp_path / "finopsctl.toml"
    config.write_text('[delivery.file]\nfolder = "out/"\n', encoding="utf-8")

    code, out, err = told(capsys, "report", "weekly", log, "--config", str(config), "--to", "file", "-f", "md")

    assert (code, out) == (0, "")
    assert "weekly 2026-W43" in err
    (written,) = (tmp_path / "out").iterdir()
    assert "2026-W43" in written.name
    assert written.read_text(encoding="utf-8").startswith("$28.00 spent from 19 to 25 October 2026")


@pytest.mark.parametrize("form", ["md", "csv", "jsonl", "table"])
def test_text_formats_show_the_key_figures(log: str, capsys: pytest.CaptureFixture[str], form: str) -> None:
    code, out, _ = told(capsys, "report", "weekly", log, "-f", form)

    assert code == 0
    assert "Cost per request" in out


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_binary_formats_are_written_to_files(
    log: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"weekly.{form}"

    assert told(capsys, "report", "weekly", log, "-o", str(path)) == (0, "", "")
    assert path.stat().st_size > 1_000


def test_where_nothing_could_be_judged_the_number_of_anomalies_is_unknown_and_no_zero(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One day has no history; nor does its log say which requests failed, and one of two has no price."""
    monkeypatch.chdir(tmp_path)
    known = {"charge_period_start": "2026-10-05T10:00:00Z", "model": "x", "requests": 1, "reported_cost": "2"}
    log = write(tmp_path / "log.jsonl", known, {**known, "reported_cost": None, "record_id": "b"})

    found = document(capsys, "report", "daily", str(log))
    shown = told(capsys, "report", "daily", str(log), "-f", "md")[1]

    anomalies = next(row for row in found["rows"] if row["figure"] == "anomalies")
    assert anomalies["value"] is None
    assert "success rate" in {f["what"] for f in found["findings"] if f["code"] == "not_in_report"}
    assert "without 1 request that has no price." in shown


def test_a_day_of_credits_has_no_shares_and_no_negative_spending(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$1 of search less $3 of credits is -$2: a share of that would say that search has -50 %."""
    monkeypatch.chdir(tmp_path)
    day = {"charge_period_start": "2026-10-05T10:00:00Z", "requests": 1}
    credit = {**day, "team": "finance", "reported_cost": "-3", "record_id": "c", "charge_category": "Credit"}
    log = write(tmp_path / "log.jsonl", {**day, "team": "search", "reported_cost": "1"}, credit)

    out = told(capsys, "report", "daily", str(log))[1]

    assert out.startswith("Credits exceed charges by $2.00 on 5 October 2026")
    assert "Share" not in out


@pytest.mark.parametrize("name", NAMES)
def test_the_cost_basis_is_said_once_beside_the_key_figures(
    name: str, log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notes at the end say it again with its shares; no table repeats it."""
    out = told(capsys, "report", name, log, "-f", "md")[1]

    assert out.count("cost basis auto: as the sources report it") == 1
    assert out.lower().count("cost basis") == 2


def test_two_months_are_a_table_and_three_are_a_chart(
    log: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    august = {"charge_period_start": "2026-08-05T10:00:00Z", "requests": 1, "reported_cost": "2", "model": "gpt-4o"}
    more = write(tmp_path / "august.jsonl", {**august, "provider": "openai"})

    two = told(capsys, "report", "executive", log, "-f", "md")[1]
    three = told(capsys, "report", "executive", log, str(more), "-f", "md")[1]

    assert "| 2026-09 |" in two
    assert "(2026-08) to $124.00 (2026-10)" in three


def test_the_headline_of_the_executive_report_is_short(ask: Ask, log: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What was spent, what of the budget is used, where it is heading: no drivers, no anomalies."""
    seen = ("--as-of", "2026-10-16")
    headline = told(capsys, "report", "executive", log, "--budgets", "budgets.toml", *seen, "-f", "md")[1]

    assert headline.split("\n", 1)[0] == (
        "$60.00 spent from 1 to 15 October 2026, 33.3% more than from 16 to 30 September 2026. 30.0% of the $200.00 "
        "budget is used, but support at 150.0% is critical. October 2026 is expected to end at "
        f"${ask('forecast', *seen)['totals']['projected']:.2f}."
    )


def test_without_anything_to_compare_with_the_executive_report_still_has_its_cost_drivers(ask: Ask) -> None:
    """September is the first month there is: ann's find and bob's reply, $60 and $30."""
    found = ask("report", "executive", "--month", "2026-09")

    assert "what_drove_the_change" not in found
    assert [(row["team"], row["feature"], row["model"], row["spend"]) for row in found["top_cost_drivers"]] == [
        ("search", "find", "gpt-4o", 60),
        ("support", "reply", "gpt-4o", 30),
    ]


@pytest.mark.parametrize("name", ["executive", "engineering", "product"])
def test_a_time_before_all_records_is_told_before_prices_are_looked_up(
    name: str, log: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The model to compare the company's own machines with has no price in 2020 yet, which is beside the point."""
    config = tmp_path / "finopsctl.toml"
    config.write_text('[self-hosted]\ncompare-with = "gpt-4.1-mini"\n', encoding="utf-8")

    code, _, err = told(capsys, "report", name, log, "--config", str(config), "--as-of", "2020-01-01")

    assert code == 4
    assert "They hold records from 2026-09-01 to 2026-10-31." in err
