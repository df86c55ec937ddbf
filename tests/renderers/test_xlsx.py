"""The workbook: what stands in its cells, read back from the file's own XML."""

from __future__ import annotations

import io
import re
import time
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from finopsctl.errors import ConfigError
from finopsctl.renderers import Screen, renderer_named, xlsx
from finopsctl.renderers._format import Notation
from finopsctl.results.report import Column, Context, Report, Table
from finopsctl.results.units import Unit
from renderers.nasty import NASTY, TEAMS

MONEY = pl.Decimal(38, 12)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

Cell = tuple[str | float, str]  # what stands in it, and its number format


def workbook(report: Report) -> dict[str, dict[str, Cell]]:
    """Return the sheets of a report's workbook by name: cells by address."""
    with zipfile.ZipFile(io.BytesIO(renderer_named("xlsx").render(report, Screen()))) as parts:
        documents = {name: ET.fromstring(parts.read(name)) for name in parts.namelist() if name.endswith(".xml")}
    texts = ["".join(t.text or "" for t in item.iter(f"{MAIN}t")) for item in documents["xl/sharedStrings.xml"]]
    styles = documents["xl/styles.xml"]
    codes = {item.get("numFmtId"): str(item.get("formatCode")) for item in styles.iter(f"{MAIN}numFmt")}
    formats = [codes.get(xf.get("numFmtId"), "") for xf in styles.find(f"{MAIN}cellXfs") or ()]
    names = [str(sheet.get("name")) for sheet in documents["xl/workbook.xml"].iter(f"{MAIN}sheet")]
    sheets = (documents[f"xl/worksheets/sheet{number}.xml"] for number in range(1, len(names) + 1))
    return {name: _cells(sheet, texts, formats) for name, sheet in zip(names, sheets, strict=True)}


def _cells(sheet: ET.Element, texts: list[str], formats: list[str]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for cell in sheet.iter(f"{MAIN}c"):
        value = cell.find(f"{MAIN}v")
        assert cell.find(f"{MAIN}f") is None, "a formula"
        if value is not None and value.text is not None:
            is_text = cell.get("t") == "s"
            content = texts[int(value.text)] if is_text else float(value.text)
            cells[str(cell.get("r"))] = (content, formats[int(cell.get("s") or 0)])
    return cells


def report_of(frame: pl.DataFrame, *columns: Column, **more: object) -> Report:
    return Report("attribution", "One sentence.", (Table("Spend by team", frame, columns, **more),))  # type: ignore[arg-type]


def spend(*amounts: str | None) -> pl.DataFrame:
    values = [None if amount is None else Decimal(amount) for amount in amounts]
    return pl.DataFrame({"spend": pl.Series(values, dtype=MONEY)})


def test_an_amount_is_a_number_shown_with_cents_and_kept_whole() -> None:
    """$1,243.291234 shows as $1,243.29; the cell holds all of it."""
    cells = workbook(report_of(spend("1243.291234"), Column("spend", "Spend", Unit.USD)))["Spend by team"]

    assert cells["A1"] == ("Spend", "")
    assert cells["A2"] == (1243.291234, '"$"#,##0.00;-"$"#,##0.00')


def test_an_amount_below_a_cent_is_not_shown_as_nothing() -> None:
    cells = workbook(report_of(spend("1.5", "0.00042"), Column("spend", "Spend", Unit.USD)))["Spend by team"]

    assert cells["A2"][1].startswith('"$"#,##0.00;')
    assert cells["A3"] == (0.00042, '"$"#,##0.0000;-"$"#,##0.0000')


def test_an_unknown_amount_is_a_blank_cell_and_a_missing_owner_is_named() -> None:
    frame = spend(None).with_columns(team=pl.lit(None, pl.String))
    columns = (Column("team", "Team", null="(untagged)"), Column("spend", "Spend", Unit.USD))
    cells = workbook(report_of(frame, *columns))["Spend by team"]

    assert cells["A2"] == ("(untagged)", "")
    assert "B2" not in cells


def test_fractions_counts_and_dates_are_values_under_a_format() -> None:
    """Excel counts days from 30 December 1899: 1 October 2026 is day 46,296, noon of it 46,296.5."""
    frame = pl.DataFrame(
        {"share": [0.25], "n": [48213], "day": [date(2026, 10, 1)], "seen": [datetime(2026, 10, 1, 12, tzinfo=UTC)]}
    )
    columns = (
        Column("share", "Share", Unit.SHARE),
        Column("n", "Requests", Unit.COUNT),
        Column("day", "Day", Unit.DATE),
        Column("seen", "Seen", Unit.INSTANT),
    )
    cells = workbook(report_of(frame, *columns))["Spend by team"]

    assert cells["A2"] == (0.25, "0.0%")
    assert cells["B2"] == (48213.0, "#,##0")
    assert cells["C2"] == ((date(2026, 10, 1) - date(1899, 12, 30)) / timedelta(days=1), "yyyy-mm-dd")
    assert cells["D2"] == (46296.5, "yyyy-mm-dd hh:mm")


def test_totals_are_a_last_row() -> None:
    frame = spend("1.5", "2.5").with_columns(team=pl.Series(["a", "b"]))
    columns = (Column("team", "Team"), Column("spend", "Spend", Unit.USD))
    cells = workbook(report_of(frame, *columns, totals={"spend": Decimal("4.0")}))["Spend by team"]

    assert (cells["A4"][0], cells["B4"][0]) == ("Total", 4.0)


def test_each_row_of_mixed_figures_has_the_format_of_its_unit() -> None:
    cells = workbook(NASTY)["Scorecard"]

    assert cells["B4"] == (0.2512, "0.0%")
    assert cells["B5"] == (400.0, '"$"#,##0.00"/day";-"$"#,##0.00"/day"')
    assert cells["C4"] == (0.031, '+0.0%" points";-0.0%" points";0.0%')


def test_a_name_that_looks_like_a_formula_is_text() -> None:
    """The reader of cells in this test fails on any formula."""
    cells = workbook(NASTY)["Spend by team"]

    assert cells["A7"][0] == TEAMS[5] == "=cmd()|' /C calc'!A0"
    assert cells["B5"][0] == "-2+3"


def test_a_link_in_a_log_does_not_become_a_link() -> None:
    frame = pl.DataFrame({"team": ["https://evil.example/x", "internal:Sheet1!A1", "mailto:a@b.c"]})
    document = renderer_named("xlsx").render(report_of(frame, Column("team", "Team")), Screen())

    with zipfile.ZipFile(io.BytesIO(document)) as parts:
        assert not [name for name in parts.namelist() if "sheet1.xml.rels" in name]
        assert b"hyperlink" not in parts.read("xl/worksheets/sheet1.xml")


def test_control_characters_are_spelled_out() -> None:
    cells = workbook(NASTY)["Spend by team"]

    assert cells["A6"][0] == r"esc\x1b[31m\x07 \x9b2J tab\t nl\nend"
    assert cells["A9"][0] == r"rtl \u202etxt.exe\u202c"


def test_text_longer_than_a_cell_says_that_it_is_cut() -> None:
    frame = pl.DataFrame({"team": ["x" * 40_000]})
    text = workbook(report_of(frame, Column("team", "Team")))["Spend by team"]["A2"][0]

    assert isinstance(text, str)
    assert len(text) == xlsx.LONGEST_TEXT
    assert text.endswith("xx... (cut: 40,000 characters)")


def test_a_cut_does_not_halve_a_character() -> None:
    """An emoji takes two of the units Excel counts."""
    text = xlsx.cut("😀" * 20_000)

    assert re.fullmatch(r"😀+\.\.\. \(cut: 20,000 characters\)", text)
    assert len(text.encode("utf-16-le")) <= 2 * xlsx.LONGEST_TEXT


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a/b\\c[d]?*:e", "a b c d    e"),
        ("'quoted'", "quoted"),
        ("", "Table"),
        ("about", "about (2)"),
        ("What every team spent on which model in October", "What every team spent on which"),
    ],
)
def test_a_sheet_has_a_name_excel_accepts(title: str, name: str) -> None:
    assert xlsx.sheet_name(title, ["About"]) == name


def test_tables_with_one_title_get_sheets_of_their_own() -> None:
    assert xlsx.sheet_name("x" * 40, ["x" * 31]) == f"{'x' * 27} (2)"


def test_rows_for_programs_have_a_sheet_with_every_column() -> None:
    """The finance file is what a spreadsheet is opened for; lists in it are JSON text."""
    frame = spend("12.5").with_columns(team=pl.lit("search"), alerts=pl.Series([[0.8]]))
    report = report_of(frame, Column("team", "Team"), machine_only=True)

    cells = workbook(report)["Spend by team"]

    assert [cells[place][0] for place in ("A1", "B1", "C1")] == ["spend", "team", "alerts"]
    assert cells["A2"] == (12.5, '"$"#,##0.00;-"$"#,##0.00')
    assert cells["B2"][0] == "search"
    assert cells["C2"][0] == "[0.8]"


def test_more_rows_than_a_sheet_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows, a heading and totals are four."""
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)

    with pytest.raises(ConfigError, match="2 rows do not fit"):
        workbook(report_of(spend("1", "2"), Column("spend", "Spend", Unit.USD)))


def test_the_sheet_about_says_what_the_figures_rest_on() -> None:
    about = workbook(NASTY)["About"]
    texts = [str(content) for content, _ in about.values()]

    assert about["B1"][0] == NASTY.headline
    assert {"2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", "auto", "2026.11.1", *NASTY.context.notes} <= set(texts)
    assert any("15 digits" in text for text in texts)
    assert r"2 requests of [bold]acme-xl[/] \x1b]0;owned\x07 have no price." in texts
    assert "Add it: finopsctl pricing update --from litellm" in texts


def test_a_report_without_a_context_has_a_sheet_about_as_well() -> None:
    report = Report("kpis", "Nothing.", (), context=Context())

    assert workbook(report)["About"]["B1"][0] == "Nothing."


def test_the_currency_of_the_report_stands_before_its_amounts() -> None:
    assert xlsx.number_format(Unit.USD, Notation("EUR"), 2) == '"€"#,##0.00;-"€"#,##0.00'


@pytest.mark.slow
def test_two_seconds_later_the_bytes_are_the_same() -> None:
    """A zip file tells time in steps of two seconds."""
    before = renderer_named("xlsx").render(NASTY, Screen())
    time.sleep(2.1)

    assert renderer_named("xlsx").render(NASTY, Screen()) == before


def test_without_the_extra_the_way_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finopsctl.renderers.find_spec", lambda _name: None)

    with pytest.raises(ConfigError, match="needs xlsxwriter") as raised:
        renderer_named("xlsx")

    assert raised.value.hint == "pip install 'finopsctl[xlsx]'"
