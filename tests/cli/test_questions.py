"""From the command line to the analyses: what settings and options make of a question."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from book_files import write
from finopsctl.cli.app import app
from finopsctl.cli.run import guard

if TYPE_CHECKING:
    from pathlib import Path

PRICES = """
schema = 1
provider = "example"

[[model]]
id = "reader-1"
rates = [{ from = 2026-01-01, input = 1.00, image_input = 0, output = 2.00 }]
"""
OWN_PRICES = """
schema = 1
provider = "self-hosted"

[[model]]
id = "own"
tier = "self-hosted"
rates = [{ from = 2026-01-01, input = 0.50, output = 0.50 }]
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert guard(app, [*arguments, "-f", "json"]) == 0, capsys.readouterr().err
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_a_rate_of_zero_is_a_rate_not_a_missing_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A million text tokens at $1 and a million of images for nothing: $1, as on one's own machines: 0 % saved.

    Billing the images as text would say $2 and 50 % saved.
    """
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "example.toml").write_text(PRICES)
    (tmp_path / "prices" / "self-hosted.toml").write_text(OWN_PRICES)
    (tmp_path / "finopsctl.toml").write_text('prices = "prices"\n[self-hosted]\ncompare-with = "example/reader-1"\n')
    tokens = {"input_tokens": 1_000_000, "image_input_tokens": 1_000_000}
    write(tmp_path / "log.jsonl", {"provider": "self-hosted", "model": "own", **tokens})

    found = answered(capsys, "kpi", "log.jsonl", "--kpi", "self_hosted_savings")

    assert [row["value"] for row in found["rows"]] == [0]


def test_quarters_of_the_fiscal_year_are_named_filtered_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From October: 2027Q1 is October to December 2026, after 2026Q4, July to September."""
    (tmp_path / "finopsctl.toml").write_text("fiscal-year-start = 10\n")
    days = {"2026-08-15": 1, "2026-11-15": 5}
    write(
        tmp_path / "log.jsonl",
        *({"charge_period_start": f"{day}T00:00:00Z", "reported_cost": cost} for day, cost in days.items()),
    )

    quarter = answered(capsys, "attribution", "log.jsonl", "--quarter", "2027Q1", "--compare", "previous")
    grouped = answered(capsys, "attribution", "log.jsonl", "--by", "quarter,year")
    kept = answered(capsys, "attribution", "log.jsonl", "--where", "quarter=FY2026-Q4")

    assert (quarter["totals"]["spend"], quarter["totals"]["previous"]) == (5, 1)
    assert [(row["quarter"], row["year"]) for row in grouped["rows"]] == [
        ("FY2027-Q1", "FY2027"),
        ("FY2026-Q4", "FY2026"),
    ]
    assert kept["totals"]["spend"] == 1


def test_the_way_tags_count_may_be_an_option_or_a_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """$2 of two squads: all of it red's, or $1 each."""
    write(tmp_path / "log.jsonl", {"tags": '{"squad": ["red", "blue"]}', "reported_cost": 2})
    ask = ("attribution", "log.jsonl", "--by", "tag:squad")

    first, split = answered(capsys, *ask), answered(capsys, *ask, "--tags", "split")
    monkeypatch.setenv("FINOPSCTL_TAGS", "split")

    assert [row["spend"] for row in first["rows"]] == [2]
    assert [row["spend"] for row in split["rows"]] == [1, 1]
    assert answered(capsys, *ask)["rows"] == split["rows"]


def test_a_workbook_is_written_by_its_ending(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", {"reported_cost": 2})

    assert guard(app, ["attribution", "log.jsonl", "-o", "spend.xlsx"]) == 0
    assert "xl/workbook.xml" in zipfile.ZipFile(tmp_path / "spend.xlsx").namelist()


@pytest.mark.parametrize("ending", ["xlsx", "html"])
def test_a_ledger_is_not_written_under_the_name_of_a_document_for_people(
    ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON lines in a file called .xlsx would open in no spreadsheet."""
    write(tmp_path / "log.jsonl", {"reported_cost": 2})

    assert guard(app, ["normalize", "log.jsonl", "-o", f"ledger.{ending}"]) == 2
    assert f"the ledger is not written as '{ending}'" in capsys.readouterr().err
    assert not (tmp_path / f"ledger.{ending}").exists()


def test_a_page_is_written_by_its_ending(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", {"reported_cost": 2})

    assert guard(app, ["attribution", "log.jsonl", "-o", "spend.html", "--interactive"]) == 0
    assert (tmp_path / "spend.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>\n")


def test_charts_answer_a_pointer_on_pages_only(capsys: pytest.CaptureFixture[str]) -> None:
    """Said before anything is read: there is no such log."""
    assert guard(app, ["attribution", "nothing.jsonl", "-f", "md", "--interactive"]) == 2
    assert capsys.readouterr().err == (
        "error: --interactive is for HTML pages, not for md\nhint: Add -f html or -o FILE.html.\n"
    )
