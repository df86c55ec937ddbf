"""Charts in letters: bars to the eighth of a cell, gauges whose limits line up, strips with gaps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from finopsctl.renderers import Screen, renderer_named
from finopsctl.renderers._chart_text import bars, strips
from finopsctl.renderers._format import Notation
from finopsctl.results.report import Chart, ChartKind, Column, Report, Table
from finopsctl.results.units import Unit
from renderers.charted import BUDGETS, CHARTED, DAILY, FOR_PAGES, MONTHS, TEAMS, money

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN, ASCII = Notation(), Notation(ascii_only=True)
SCREENS = {
    "80.txt": Screen(80),
    "140.txt": Screen(140),
    "80-color.txt": Screen(80, color=True),
    "40.txt": Screen(40),
    "piped.txt": Screen(),
    "piped-ascii.txt": Screen(ascii=True),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_shows_charts_like_this(name: str, golden: Callable[[str, bytes], None]) -> None:
    golden(f"renderers/charts/{name}", renderer_named("table").render(CHARTED, SCREENS[name]))


def test_markdown_shows_charts_like_this(golden: Callable[[str, bytes], None]) -> None:
    golden("renderers/charts/report.md", renderer_named("md").render(CHARTED, Screen()))


def test_a_bar_is_as_long_as_its_share_of_the_largest() -> None:
    """Of 16 cells: 100 of 100 is 16, 50 is 8; 0.01 is not zero and shows; a credit is no bar."""
    assert bars(TEAMS, PLAIN, 16) == ["█" * 16, "█" * 8, "▏", ""]
    assert bars(TEAMS, ASCII, 16) == ["#" * 16, "#" * 8, "#", ""]


def test_a_bar_is_exact_to_the_eighth_of_a_cell() -> None:
    """3 of 8 in 3 cells is 1 1/8 cells: one full block and an eighth."""
    frame = pl.DataFrame({"team": ["a", "b"], "spend": money("8", "3")})

    assert bars(replace(TEAMS, frame=frame), PLAIN, 3) == ["███", "█▏"]


def test_the_limits_of_gauges_stand_in_one_column() -> None:
    """Of 10 cells the limit is at 8: half is 4; 110 % is 8.8, 900 % goes on; without a limit there is no gauge."""
    assert bars(BUDGETS, PLAIN, 10) == ["████····|", "████████|▊", "████████|█▶", ""]
    assert bars(BUDGETS, ASCII, 10) == ["####....|", "########|#", "########|#>", ""]


def test_a_day_without_a_row_or_a_value_is_a_gap() -> None:
    """1 to 6 October: 0, 4, unknown, no row, 8, 6. Of eight heights up to 8: 0 is the 1st, 4 the 5th, 6 the 6th."""
    actual, forecast = strips(DAILY, PLAIN, 60)

    assert (actual.label, actual.marks) == ("actual", "▁▅    ")
    assert (forecast.label, forecast.marks) == ("forecast", "    █▆")
    assert actual.words == "$0.00 (2026-10-01) to $4.00 (2026-10-02)"
    assert forecast.words == "$8.00 (2026-10-05) to $6.00 (2026-10-06), $5.00 to $7.50 likely"


def test_in_ascii_heights_are_signs() -> None:
    actual, forecast = strips(DAILY, ASCII, 60)

    assert (actual.marks, forecast.marks) == (".+    ", "    @*")


def test_more_moments_than_cells_share_a_mark() -> None:
    """Ten days in five cells: the mean of two days each, 0.5 to 8.5 of at most 9."""
    days = [date(2026, 10, 1) + timedelta(days=at) for at in range(10)]
    frame = pl.DataFrame({"day": days, "n": range(10)})
    table = Table(
        "N",
        frame,
        (Column("day", "Day", Unit.DATE), Column("n", "N", Unit.COUNT)),
        chart=Chart(ChartKind.LINES, "day", "n"),
    )

    (strip,) = strips(table, PLAIN, 5)

    assert strip.marks == "▁▃▅▆█"
    assert strip.words == "0 (2026-10-01) to 9 (2026-10-10); each mark is 2 of them"


def test_the_highest_and_the_lowest_value_are_said_where_they_are_in_between() -> None:
    days = [date(2026, 10, day) for day in (1, 2, 3, 4)]
    frame = pl.DataFrame(
        {
            "day": days,
            "kind": ["actual"] * 4,
            "spend": money("2", "9", "1", "3"),
            "p10": money(*[None] * 4),
            "p90": money(*[None] * 4),
        }
    )

    (strip,) = strips(replace(DAILY, frame=frame), PLAIN, 60)

    assert strip.words == (
        "$2.00 (2026-10-01) to $3.00 (2026-10-04); lowest $1.00 (2026-10-03), highest $9.00 (2026-10-02)"
    )


def test_nothing_known_is_nothing_drawn() -> None:
    unknown = replace(DAILY, frame=DAILY.frame.with_columns(spend=pl.lit(None, pl.Decimal(38, 12))))

    assert strips(unknown, PLAIN, 60) == []
    assert strips(replace(DAILY, frame=DAILY.frame.clear()), PLAIN, 60) == []


def test_many_series_are_not_all_drawn() -> None:
    names = [f"p{at:02}" for at in range(10)]
    frame = pl.DataFrame({"month": ["2026-10"] * 10, "provider": names, "spend": money(*map(str, range(1, 11)))})

    found = strips(replace(MONTHS, frame=frame), PLAIN, 60)

    assert [strip.label for strip in found[:2]] == ["p09", "p08"]
    assert (len(found), found[-1].words) == (9, "and 2 more series")


def test_a_chart_for_pages_changes_no_text() -> None:
    without = replace(FOR_PAGES, chart=None)
    for name in ("table", "md"):
        render = renderer_named(name).render
        reports = [Report("x", "Said.", (table,)) for table in (FOR_PAGES, without)]

        assert render(reports[0], Screen(80)) == render(reports[1], Screen(80))


@pytest.mark.parametrize("name", SCREENS)
def test_no_name_of_a_log_reaches_a_screen_as_it_is(name: str) -> None:
    text = renderer_named("table").render(CHARTED, SCREENS[name]).decode()

    assert "\x1b[2J" not in text
    assert not SCREENS[name].ascii or text.isascii()


def test_lines_stay_within_the_screen() -> None:
    for width in (40, 80, 140):
        text = renderer_named("table").render(CHARTED, Screen(width)).decode()

        assert max(map(len, text.splitlines())) <= width


def test_amounts_of_a_credit_draw_nothing_but_are_there() -> None:
    table = replace(TEAMS, frame=TEAMS.frame.filter(pl.col("spend") < 0), totals={"spend": Decimal(-5)})

    text = renderer_named("table").render(Report("x", "Said.", (table,)), Screen()).decode()

    assert "-$5.00" in text
    assert "█" not in text
