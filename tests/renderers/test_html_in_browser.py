"""The page as a browser shows it: nothing asked for, nothing refused, nothing cut, on a desk, on a phone, on paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from commands import finopsctl
from finopsctl.renderers import Screen, renderer_named
from finopsctl.renderers._palette import COLOURS
from finopsctl.reports import REPORTS
from finopsctl.results.report import Chart, ChartKind, Column, Long, Report, Table
from finopsctl.results.units import Unit
from renderers.board import BOARD, BUDGETS, BY_TEAM, CHANGES, FORECAST_BY_SERIES
from renderers.browser import CHROMIUM, Browser, start
from renderers.nasty import NASTY

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.slow,
]

SAMPLE = Path(__file__).parents[2] / "sample_data"
LONG = "WWWW-" * 30

WORST = Report(
    "report",
    f"One sentence with a name in it that has no blank: {LONG}.",
    (
        replace(
            BY_TEAM,
            title=f"{LONG} by day",
            frame=BY_TEAM.frame.with_columns(
                team=pl.lit(LONG) + pl.col("team").fill_null("none"), spend=pl.col("spend") * 10**9
            ),
        ),
        replace(CHANGES, frame=CHANGES.frame.with_columns(team=pl.lit(LONG), change=pl.col("change") * -1e12)),
        replace(BUDGETS, frame=BUDGETS.frame.with_columns(budget=pl.lit(LONG), projected=1e12, limit=1.5e12)),
        Table(
            "By name",
            pl.DataFrame({"model": [LONG, "a", "b" * 60], "tokens": [1e15, 2e14, None]}),
            (Column("model", "Model"), Column("tokens", "Tokens", Unit.TOKENS)),
            chart=Chart(ChartKind.COLUMNS, "model", "tokens"),
        ),
    ),
    title=LONG,
)  # fmt: skip

PAGES = {"nasty": NASTY, "board": replace(BOARD, tables=(*BOARD.tables, FORECAST_BY_SERIES)), "worst": WORST}

CLIPPED = """[...document.querySelectorAll("body *")].filter((e) => {
  const style = getComputedStyle(e);
  return e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1 && style.display !== "inline" &&
    !["auto", "scroll"].includes(style.overflowX) && !e.closest("svg, .unseen, script");
}).map((e) => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 60)}`)"""

OUTSIDE = """[...document.querySelectorAll("svg[role=img] text")].filter((t) => {
  const text = t.getBoundingClientRect(), picture = t.closest("svg").getBoundingClientRect();
  return text.width && (text.left < picture.left - 0.5 || text.right > picture.right + 0.5 ||
    text.top < picture.top - 0.5 || text.bottom > picture.bottom + 0.5);
}).map((t) => t.textContent)"""

OVERLAPPING = """[...document.querySelectorAll("svg[role=img]")].flatMap((svg) => {
  const texts = [...svg.querySelectorAll("text")].map((t) => [t.textContent, t.getBoundingClientRect()]);
  return texts.flatMap(([a, p], i) => texts.slice(i + 1).filter(([, q]) => p.width && q.width &&
    p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 3 && q.top < p.bottom - 3)
    .map(([b]) => `${a} | ${b}`));
})"""


SCROLLING = """[...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth + 1)
  .map((e) => e.textContent.slice(0, 60))"""

LIVE = f"document.querySelectorAll('.canvas > svg g.root').length === {5 * 3}"  # pictures have no classes


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    started = start(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return every page as a file, still and interactive."""
    folder = tmp_path_factory.mktemp("pages")
    paths: dict[str, Path] = {}
    for name, report in PAGES.items():
        for kind, screen in (("", Screen()), ("-live", Screen(interactive=True))):
            paths[name + kind] = folder / f"{name}{kind}.html"
            paths[name + kind].write_bytes(renderer_named("html").render(report, screen))
    return paths


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 768, 390, 360])
@pytest.mark.parametrize("name", [*PAGES, "board-live"])
def test_a_page_fits_its_window_and_asks_for_nothing(
    browser: Browser, files: dict[str, Path], name: str, width: int, dark: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    browser.open(files[name], width=width, dark=dark)
    browser.wait(LIVE if name.endswith("-live") else "true")

    assert browser.value("innerWidth") == width
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value(CLIPPED) == []
    assert browser.value(OUTSIDE) == []
    assert browser.value(OVERLAPPING) == []
    assert browser.complaints() == []
    assert browser.requests() == [files[name].as_uri()]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the six reports of the sample company as pages."""
    folder = tmp_path_factory.mktemp("reports")
    config = SAMPLE / "finopsctl.example.toml"
    seen = ("--config", config, "--as-of", "2026-10-27")
    paths = {kind.name: folder / f"{kind.name}.html" for kind in REPORTS}
    for name, path in paths.items():
        done = finopsctl("report", name, SAMPLE, *seen, "-o", path, folder=folder)
        assert done.returncode == 0, done.stderr
    return paths


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", [kind.name for kind in REPORTS])
def test_a_report_is_clipped_nowhere_and_on_a_desk_no_table_scrolls(
    browser: Browser, reports: dict[str, Path], name: str, width: int, dark: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    browser.open(reports[name], width=width, dark=dark)

    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value(CLIPPED) == []
    assert browser.value(OUTSIDE) == []
    assert browser.value(OVERLAPPING) == []
    assert browser.complaints() == []
    assert browser.requests() == [reports[name].as_uri()]
    if width == 1280:
        assert browser.value(SCROLLING) == []


def test_long_prose_before_the_last_column_does_not_push_it_off_the_page(browser: Browser, tmp_path: Path) -> None:
    row = {"rule": "gateway prices are list prices", "of": "openai / gpt-5.6-luna", "value": 3.75, "status": "waived"}
    frame = pl.DataFrame([{**row, "note": "waived until 2026-12-31: the gateway's old price is corrected soon. " * 3}])
    columns = (
        *(Column("rule", "Rule"), Column("of", "Of"), Column("value", "Value", Unit.CHANGE)),
        *(Column("note", "Note", long=Long.WRAP), Column("status", "Result", Unit.GRADE)),
    )
    path = tmp_path / "check.html"
    path.write_bytes(renderer_named("html").render(Report("check", "", (Table("Checks", frame, columns),)), Screen()))
    browser.open(path, width=1080)

    assert browser.value("[...document.querySelectorAll('.scroll')].every((e) => e.scrollWidth <= e.clientWidth)")


def test_every_chart_is_drawn_once_for_the_width_there_is(browser: Browser, files: dict[str, Path]) -> None:
    shown = "[...document.querySelectorAll('.canvas')].filter((e) => e.offsetWidth).map((e) => e.classList[1])"
    for width, canvas in ((1280, "wide"), (768, "middle"), (390, "narrow")):
        browser.open(files["board"], width=width)

        assert browser.value(shown) == [canvas] * 5


def test_text_in_a_chart_is_not_shrunk_below_what_can_be_read(browser: Browser, files: dict[str, Path]) -> None:
    """Charts are drawn for 318, 600 and 1028 pixels; in between they shrink, to no less than nine tenths."""
    scale = (
        "Math.min(...[...document.querySelectorAll('svg[role=img]')].filter((s) => s.clientWidth)"
        ".map((s) => s.clientWidth / s.viewBox.baseVal.width))"
    )
    for width in (1280, 1024, 980, 900, 768, 700, 600, 390, 360):
        browser.open(files["board"], width=width)

        assert browser.value(scale) > 0.89


def test_in_the_dark_nothing_keeps_a_colour_of_paper(browser: Browser, files: dict[str, Path]) -> None:
    light = {colour.light for colour in COLOURS} - {colour.dark for colour in COLOURS}
    painted = """[...new Set([...document.querySelectorAll("svg *")].flatMap((e) => {
      const style = getComputedStyle(e); return [style.fill, style.stroke]; }))]"""
    for name in ("board", "board-live"):
        browser.open(files[name], width=1280, dark=True)
        browser.wait(LIVE if name.endswith("-live") else "true")
        colours = {_hex(text) for text in browser.value(painted)}

        assert len(colours) > 10
        assert not colours & light


def _hex(text: str) -> str:
    parts = text.removeprefix("rgb(").rstrip(")").split(", ")
    return "#" + "".join(f"{int(part):02x}" for part in parts) if text.startswith("rgb(") else text


def test_an_interactive_chart_tells_a_pointer_what_it_points_at(browser: Browser, files: dict[str, Path]) -> None:
    browser.open(files["board-live"], width=1280)
    browser.wait(LIVE)
    bar = """(() => { const bar = document.querySelector("#part-4 .wide .mark-rect path");
      bar.scrollIntoView({block: "center", behavior: "instant"}); const box = bar.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2]; })()"""
    x, y = browser.value(bar)
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    tip: dict[str, Any] = browser.value(
        "(({hidden, textContent}) => ({hidden, textContent}))(document.querySelector('.tip'))"
    )

    assert tip == {"hidden": False, "textContent": "platform · +€1,240.50"}
    assert browser.complaints() == []


def test_an_interactive_page_whose_script_may_not_run_keeps_its_pictures(
    browser: Browser, files: dict[str, Path]
) -> None:
    browser.open(files["board-live"], width=1280, scripts=False)

    assert browser.value("document.querySelectorAll('svg[role=img] > desc').length") == 5 * 3


def test_data_behind_a_chart_opens(browser: Browser, files: dict[str, Path]) -> None:
    browser.open(files["board"], width=390)
    browser.value("document.querySelector('summary').click()")

    assert browser.value("document.querySelector('details').open")
    assert browser.value("document.documentElement.scrollWidth") <= 390


def test_a_printed_page_is_cut_nowhere_and_leaves_the_data_of_charts_out(
    browser: Browser, files: dict[str, Path]
) -> None:
    """On A4 between margins there are 184 mm, 695 pixels; a wide table turns the paper."""
    browser.open(files["board"], width=695)
    browser.call("Emulation.setEmulatedMedia", media="print", features=[])

    assert browser.value("document.documentElement.scrollWidth") <= 695
    assert browser.value(CLIPPED) == []
    assert browser.value("document.querySelector('details').offsetHeight") == 0
    assert browser.value("document.querySelector('nav').offsetHeight") == 0
    assert browser.paper().startswith(b"%PDF")
    browser.call("Emulation.setEmulatedMedia", media="", features=[])
