"""CSV of a report: data for programs, and harmless where a person looks at it."""

from __future__ import annotations

import polars as pl

from finopsctl.renderers import Screen
from finopsctl.renderers.csv import render
from finopsctl.results.report import Column, Report, Table

REPORT = Report(
    "attribution",
    "",
    (Table("T", pl.DataFrame({"team": ["esc\x1b[2J", "Zoë"], "spend": [1, 2]}), (Column("team", "Team"),)),),
)


def test_a_file_gets_names_as_they_are() -> None:
    assert render(REPORT, Screen()).decode() == "team,spend\nesc\x1b[2J,1\nZoë,2\n"


def test_no_name_steers_the_terminal_it_is_shown_on() -> None:
    assert render(REPORT, Screen(80)).decode() == "team,spend\nesc\\x1b[2J,1\nZoë,2\n"
