"""Charts: what is drawn where, read from the specifications and from the pictures themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import polars as pl
import pytest

from finopsctl.renderers._chart_bars import MOST_BARS
from finopsctl.renderers._charts import CANVASES, Picture, picture_of, svg_of
from finopsctl.renderers._format import Notation
from finopsctl.renderers._palette import BAD, GOOD, REST, SERIES, WARN
from finopsctl.results.report import Chart, ChartKind, Column, Table
from finopsctl.results.units import Unit
from renderers.board import BUDGETS, BY_TEAM, CHANGES, FORECAST, FORECAST_BY_SERIES

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = ("svg", "g", "path", "line", "rect", "text", "title", "desc")
DAYS = [date(2026, 10, day) for day in range(1, 6)]
COLUMNS = (
    Column("day", "Day", Unit.DATE),
    Column("team", "Team", null="(untagged)"),
    Column("spend", "Spend", Unit.USD),
)


def by_day(kind: ChartKind, rows: list[tuple[Any, Any, Any]], **more: Any) -> Table:
    frame = pl.DataFrame(rows, schema={"day": pl.Date, "team": pl.String, "spend": pl.Float64}, orient="row")
    return Table("Spend", frame, COLUMNS, chart=Chart(kind, "day", "spend", "team"), **more)


def picture(table: Table, **more: Any) -> Picture:
    drawn = picture_of(table, Notation(), **more)
    assert drawn is not None
    return drawn


def marks(drawn: Picture, kind: str, canvas: str = "wide") -> list[list[dict[str, Any]]]:
    """Return the rows of every layer of one kind of mark."""
    spec = next(spec for here, spec in drawn.specs if here.name == canvas)
    layers = [layer for layer in spec["layer"] if layer["mark"]["type"] == kind]
    return [layer.get("data", spec.get("data"))["values"] for layer in layers]


def texts(drawn: Picture, canvas: str = "wide") -> list[str]:
    spec = next(spec for here, spec in drawn.specs if here.name == canvas)
    return [t.text or "" for t in ET.fromstring(svg_of(spec, "T", "A", "c")).iter(f"{SVG}text")]


def test_a_moment_without_a_value_is_a_gap_in_its_line() -> None:
    """Days 1 to 5, the third unknown: two lines of two points, nothing at 3 and nothing at zero."""
    table = by_day(ChartKind.LINES, [(day, "a", None if day.day == 3 else 10.0) for day in DAYS])
    (rows,) = marks(picture(table), "line")

    assert [(row["run"], row["y"]) for row in rows] == [(0, 10.0), (0, 10.0), (1, 10.0), (1, 10.0)]
    assert date(2026, 10, 3) not in [date.fromordinal(int(row["x"]) + 719163) for row in rows]


def test_a_moment_without_a_row_is_a_gap_where_another_series_has_one() -> None:
    rows = [(day, "a", 1.0) for day in DAYS] + [(day, "b", 2.0) for day in DAYS if day.day != 3]
    (drawn,) = marks(picture(by_day(ChartKind.LINES, rows)), "line")

    assert len({row["run"] for row in drawn}) == 3


def test_a_value_between_two_gaps_is_a_dot() -> None:
    rows = [(DAYS[0], "a", 1.0), (DAYS[1], "a", None), (DAYS[2], "a", 3.0), (DAYS[3], "a", 4.0)]
    drawn = picture(by_day(ChartKind.LINES, rows))

    assert [[row["y"] for row in dots] for dots in marks(drawn, "point")] == [[1.0]]


def test_an_interval_is_a_band_and_an_expectation_a_dotted_line() -> None:
    drawn = picture(FORECAST)

    assert [key.words for key in drawn.keys] == ["Actual", "P10 to P90", "Forecast"]
    assert [key.dash for key in drawn.keys] == ["", "", "3 3"]
    (band,) = marks(drawn, "area")
    assert len(band) == 21
    assert band[0]["y"] < band[0]["y2"]


def test_lines_of_several_series_differ_in_more_than_colour() -> None:
    drawn = picture(FORECAST_BY_SERIES)

    assert [key.words for key in drawn.keys][:2] == ["Actual", "Forecast"]
    assert len({key.dash for key in drawn.keys[:2]}) == 2


def test_a_limit_that_does_not_change_goes_all_the_way_across() -> None:
    frame = pl.DataFrame({"day": DAYS, "spend": [1.0, 2.0, 3.0, 4.0, 5.0], "limit": [4.0] * 5})
    columns = (COLUMNS[0], COLUMNS[2], Column("limit", "Budget", Unit.USD))
    drawn = picture(Table("T", frame, columns, chart=Chart(ChartKind.LINES, "day", "spend", limit="limit")))

    assert marks(drawn, "rule") == [[{"y": 4.0}]]
    assert [key.words for key in drawn.keys] == ["Spend", "Budget"]


def test_parts_of_a_column_stand_on_one_another_the_largest_series_first() -> None:
    """a has 10, b 30 and (untagged) 5: b from 0 to 30, a to 40, (untagged) to 45."""
    rows = [(DAYS[0], "a", 10.0), (DAYS[0], "b", 30.0), (DAYS[0], None, 5.0)]
    drawn = picture(by_day(ChartKind.COLUMNS, rows))
    ((*parts,),) = marks(drawn, "rect")

    assert [key.words for key in drawn.keys] == ["b", "a", "(untagged)"]
    assert [(part["y"], part["y2"]) for part in parts] == [(0.0, 30.0), (30.0, 40.0), (40.0, 45.0)]


def test_negative_parts_hang_below_nothing() -> None:
    rows = [(DAYS[0], "a", 10.0), (DAYS[0], "credit", -4.0), (DAYS[0], "b", 3.0)]
    ((*parts,),) = marks(picture(by_day(ChartKind.COLUMNS, rows)), "rect")

    assert [(part["y"], part["y2"]) for part in parts] == [(0.0, 10.0), (0.0, -4.0), (10.0, 13.0)]


def test_a_row_without_a_moment_is_said_to_be_missing() -> None:
    drawn = picture(by_day(ChartKind.COLUMNS, [(DAYS[0], "a", 1.0), (None, "idle", 2.0)]))

    assert drawn.note == "1 row is not drawn, for want of a Day; the table has all."


def test_two_columns_are_no_wider_than_a_thumb() -> None:
    """64 pixels, whatever the room."""
    frame = pl.DataFrame({"month": ["2026-09", "2026-10"], "spend": [1.0, 2.0]})
    columns = (Column("month", "Month"), COLUMNS[2])
    drawn = picture(Table("T", frame, columns, chart=Chart(ChartKind.COLUMNS, "month", "spend")))
    spec = drawn.specs[-1][1]
    ((first, _),) = marks(drawn, "rect")
    domain = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]

    assert (first["x2"] - first["x"]) / (domain[1] - domain[0]) * spec["width"] == pytest.approx(64, abs=0.1)


def test_an_unknown_part_is_none() -> None:
    rows = [(DAYS[0], "a", 10.0), (DAYS[1], "a", None), (DAYS[2], "a", 2.0)]
    ((*parts,),) = marks(picture(by_day(ChartKind.COLUMNS, rows)), "rect")

    assert [part["y2"] for part in parts] == [10.0, 2.0]
    assert parts[1]["x"] - parts[0]["x"] == pytest.approx(2)


def test_sixty_series_are_the_seven_largest_and_the_rest() -> None:
    """Teams 0 to 59 spend their number: 53 to 59 are drawn, 0 to 52 add up to 52 * 53 / 2 = 1,378."""
    rows = [(DAYS[0], f"team-{n}", float(n)) for n in range(60)]
    drawn = picture(by_day(ChartKind.COLUMNS, rows))
    ((*parts,),) = marks(drawn, "rect")

    assert [key.words for key in drawn.keys] == [*(f"team-{n}" for n in range(59, 52, -1)), "(other 53)"]
    assert [key.colour for key in drawn.keys] == [*(colour.light for colour in SERIES), REST.light]
    assert parts[-1]["y2"] - parts[-1]["y"] == pytest.approx(1378)


def test_groups_the_table_put_together_count_among_the_rest() -> None:
    """Eight teams and the table's own 12 others: seven stand alone, the eighth and the 12 are 13 others."""
    rows = [(DAYS[0], f"t{n}", float(n + 1)) for n in range(8)] + [(DAYS[0], None, 100.0)]
    table = by_day(ChartKind.COLUMNS, rows)
    table = replace(table, frame=table.frame.with_columns(other=pl.Series([None] * 8 + [12])))

    assert [key.words for key in picture(table).keys][-1] == "(other 13)"


def test_sixty_lines_are_seven_and_the_rest_in_grey() -> None:
    rows = [(day, f"team-{n}", float(n)) for n in range(60) for day in DAYS]
    drawn = picture(by_day(ChartKind.LINES, rows))
    (points,) = marks(drawn, "line")

    assert drawn.keys[-1].words == "53 more"
    assert len({row["run"] for row in points}) == 60
    assert points[0]["colour"] == REST.light
    assert points[-1]["colour"] != REST.light


def test_bars_of_both_signs_share_one_zero() -> None:
    """From -512.30 to 1,240.50 the zero stands at 29.2% of the room."""
    rows = marks(picture(CHANGES), "rect")[0]
    starts = {round(row["x"], 6) for row in rows if row["x2"] - row["x"] > 2} & {round(row["x2"], 6) for row in rows}
    zero = next(iter(starts))
    end = max(row["x2"] for row in rows)

    assert zero / end == pytest.approx(512.3 / (1240.5 + 512.3), abs=1e-3)
    assert len(rows) == 10, "marketing has no value and no bar"


def test_bars_say_their_names_and_values() -> None:
    words = texts(picture(CHANGES))

    assert {"platform", "+$1,240.50", "(untagged)", "(other 14)", "-$512.30", "<script>alert(1)</script>"} <= set(words)
    assert "–" in words, "an unknown value"  # noqa: RUF001


def test_more_rows_than_a_picture_holds_are_said() -> None:
    frame = pl.DataFrame({"team": [f"t{n}" for n in range(60)], "spend": [float(n) for n in range(60)]})
    drawn = picture(Table("T", frame, COLUMNS[1:], chart=Chart(ChartKind.BARS, "team", "spend")))

    assert len(marks(drawn, "rect")[0]) in {MOST_BARS, MOST_BARS - 1}
    assert drawn.note == "The first 20 of 60 are drawn; the table has all."


def test_a_gauge_has_the_colour_of_its_grade_and_ends_at_160_percent() -> None:
    """Of 40, 104.83 is 262%: it ends where the picture does, and the words say how much it is."""
    drawn = picture(BUDGETS)
    _, bars = marks(drawn, "rect")
    room = max(row["x2"] for row in bars)

    assert [row["colour"] for row in bars] == [BAD.light, WARN.light, GOOD.light, BAD.light]
    assert bars[0]["x2"] == room
    assert bars[1]["x2"] / room == pytest.approx(102_810 / 125_000 / 1.6)
    assert "$104.83 of $40.00  ■ EXHAUSTED" in texts(drawn)
    assert drawn.note == "A bar ends at 160% of its limit, however far its value goes."


def test_all_limits_of_gauges_stand_at_one_place() -> None:
    marked = [row["x"] for row in marks(picture(BUDGETS), "rule")[-1]]

    assert len(marked) == 5
    assert len({round(x, 6) for x in marked}) == 1


def test_spend_of_a_limit_of_nothing_is_beyond_it() -> None:
    frame = pl.DataFrame({"budget": ["lab", "idle"], "limit": [0.0, 0.0], "spend": [1.0, 0.0]})
    columns = (Column("budget", "Budget"), Column("limit", "Limit", Unit.USD), COLUMNS[2])
    drawn = picture(Table("T", frame, columns, chart=Chart(ChartKind.GAUGES, "budget", "spend", limit="limit")))
    track, bars = marks(drawn, "rect")

    assert bars[0]["x2"] == track[0]["x2"]
    assert drawn.note


@pytest.mark.parametrize("kind", ChartKind)
def test_no_rows_and_no_values_are_no_picture(kind: ChartKind) -> None:
    nothing = by_day(kind, [])
    unknown = by_day(kind, [(DAYS[0], "a", None)])

    assert picture_of(nothing, Notation()) is None
    assert picture_of(unknown, Notation()) is None
    assert picture_of(replace(nothing, chart=None), Notation()) is None


@pytest.mark.parametrize("kind", ChartKind)
@pytest.mark.parametrize(
    "rows",
    [
        [(DAYS[0], "a", 5.0)],
        [(DAYS[0], "a", 0.0), (DAYS[1], "a", 0.0)],
        [(DAYS[0], "a", -5.0), (DAYS[1], "b", -1.0)],
        [(DAYS[0], "a", 1e-9), (DAYS[1], "b", 1e15)],
        [(None, "a", 1.0), (DAYS[1], None, 1.0)],
    ],
    ids=["one", "zero", "negative", "far apart", "undated"],
)
def test_whatever_the_values_are_a_picture_is_drawn(kind: ChartKind, rows: list[tuple[Any, Any, Any]]) -> None:
    drawn = picture(by_day(kind, rows))
    for canvas, spec in drawn.specs:
        root = ET.fromstring(svg_of(spec, "Title", drawn.about, "c"))

        assert root.get("viewBox", "").startswith(f"0 0 {canvas.width} ")
        assert "NaN" not in ET.tostring(root, encoding="unicode")
        assert list(root.iter(f"{SVG}path")) or list(root.iter(f"{SVG}line"))


@pytest.mark.parametrize("table", [FORECAST, FORECAST_BY_SERIES, BY_TEAM, CHANGES, BUDGETS], ids=lambda t: t.title)
def test_what_is_drawn_is_valid_vega_lite(table: Table) -> None:
    """Validation is off where pages are made, for it takes longer than drawing."""
    for _, spec in picture(table, interactive=True).specs:
        alt.Chart.from_dict(spec)


def test_a_picture_is_text_and_shapes_and_nothing_that_acts() -> None:
    name = """<script>alert(1)</script> & "quotes" 'x' ]]> role="x" 日本 \U0001f600"""
    rows = [(DAYS[0], name, 2.0), (DAYS[1], name, 3.0)]
    drawn = picture(by_day(ChartKind.BARS, rows))
    _, spec = drawn.specs[-1]
    svg = svg_of(spec, name, name, "c1")
    root = ET.fromstring(svg)

    assert {element.tag for element in root.iter()} <= {SVG + tag for tag in DRAWN}
    assert {
        a for e in root.iter() for a in e.attrib if a.startswith("on") or "href" in a or a in {"style", "class"}
    } == set()
    assert [e.get("id") for e in root.iter() if e.get("id")] == ["c1-title", "c1-about"]
    assert root.get("role") == "img"
    assert [e.text for e in root.iter(f"{SVG}title")] == [name]
    assert "<script" not in svg


def test_drawing_one_chart_leaves_the_next_as_it_would_have_been() -> None:
    def drawn(table: Table) -> list[str]:
        return [svg_of(spec, "T", "A", "c") for _, spec in picture(table).specs]

    first = drawn(BY_TEAM)
    drawn(FORECAST)

    assert drawn(BY_TEAM) == first


def test_axes_speak_the_currency_and_the_calendar() -> None:
    drawn = picture_of(BY_TEAM, Notation("EUR"))
    assert drawn is not None
    words = texts(drawn)

    assert [word for word in words if word.startswith("€")] == ["€0", "€200", "€400", "€600", "€800"]
    assert [word for word in words if word.startswith("Oct")][:2] == ["Oct 1, 2026", "Oct 4"]


def test_weeks_and_months_stand_one_after_the_other() -> None:
    frame = pl.DataFrame({"week": ["2026-W40", "2026-W41"], "spend": [1.0, 2.0]})
    columns = (Column("week", "Week"), COLUMNS[2])
    drawn = picture(Table("T", frame, columns, chart=Chart(ChartKind.COLUMNS, "week", "spend")))

    assert {"2026-W40", "2026-W41"} <= set(texts(drawn))


def test_a_mark_answers_a_pointer_on_interactive_pages_only() -> None:
    still, live = (str(picture(BY_TEAM, interactive=on).specs) for on in (False, True))

    assert "told" not in still
    assert "2026-10-01 · platform · $100.00" in live


def test_a_column_people_do_not_see_can_be_drawn() -> None:
    frame = pl.DataFrame({"team": ["a"], "raw": [1.5]})
    drawn = picture(Table("T", frame, (Column("team", "Team"),), chart=Chart(ChartKind.BARS, "team", "raw")))

    assert drawn.axes == "Raw by team"


def test_there_is_a_picture_for_a_phone_a_sheet_and_a_desk() -> None:
    assert [canvas.name for canvas, _ in picture(BY_TEAM).specs] == [canvas.name for canvas in CANVASES]
