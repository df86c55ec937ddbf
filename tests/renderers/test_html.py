"""The page: what stands in it, what cannot happen in it, and that it is the report every other format shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from finopsctl.errors import ConfigError
from finopsctl.renderers import Screen, renderer_named
from finopsctl.renderers._grid import gathered, grid_of, notation_of
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Context, Look, Report, Table
from finopsctl.results.units import Direction, Unit
from renderers.board import BOARD, BY_TEAM, FIGURES
from renderers.nasty import NASTY, TEAMS

OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "nav", "figure"),
    *("figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "h1"),
    *("h2", "h3", "p", "span", "div", "ul", "li", "dl", "dt", "dd", "a", "code", "script"),
    *("svg", "g", "path", "line", "rect", "text", "desc"),
}
VOID = {"meta", "link", "br", "hr", "img", "input", "base"}
LOADING = {"src", "href", "srcset", "action", "data", "poster", "xlink:href", "formaction", "background", "ping"}
FRAGMENT = "<img src=x onerror=alert(1)>\"' </script><!-- &amp; \u2028::error::boom javascript:alert(1)"


@dataclass
class Element:
    """One element of a page: its tag, its attributes, and the text directly or further inside it."""

    tag: str
    attributes: dict[str, str]
    parents: tuple[str, ...]
    text: str = ""


@dataclass(eq=False)
class Page(HTMLParser):
    """A page taken apart by Python's own HTML parser."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(e.tag for e in self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements of a tag with these attributes."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [e for e in self.elements if e.tag == tag and wanted.items() <= e.attributes.items()]

    def one(self, tag: str, **attributes: str) -> Element:
        (only,) = self.all(tag, **attributes)
        return only

    def classed(self, name: str) -> list[Element]:
        return [e for e in self.elements if name in e.attributes.get("class", "").split()]

    @property
    def text(self) -> str:
        return " ".join(self.one("body").text.split())


def bytes_of(report: Report, *, interactive: bool = False, ascii_only: bool = False) -> bytes:
    return _rendered(report, interactive, ascii_only)


def page_of(report: Report, *, interactive: bool = False, ascii_only: bool = False) -> Page:
    return _parsed(report, interactive, ascii_only)


@cache
def _rendered(report: Report, interactive: bool, ascii_only: bool) -> bytes:  # noqa: FBT001
    """Reports do not change, so each is rendered once."""
    return renderer_named("html").render(report, Screen(interactive=interactive, ascii=ascii_only))


@cache
def _parsed(report: Report, interactive: bool, ascii_only: bool) -> Page:  # noqa: FBT001
    page = Page()
    page.feed(_rendered(report, interactive, ascii_only).decode())
    page.close()
    assert not page.open, page.open
    return page


def table_of(values: dict[str, list[Any]], *columns: Column, **more: Any) -> Table:
    return Table("Spend by team", pl.DataFrame(values), columns, **more)


def report_of(*tables: Table, **more: Any) -> Report:
    return Report("attribution", "One sentence.", tables, **more)


def hash_of(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


HOSTILE = report_of(
    table_of(
        {"team": [FRAGMENT, "b"], "spend": [2.0, 1.0], "grade": [FRAGMENT, "ok"]},
        Column("team", FRAGMENT, null=FRAGMENT),
        Column("spend", "Spend", Unit.USD),
        Column("grade", "Grade", Unit.GRADE),
        basis=FRAGMENT,
    ),
    replace(BY_TEAM, title=FRAGMENT, frame=BY_TEAM.frame.with_columns(team=pl.lit(FRAGMENT))),
    replace(FIGURES, frame=FIGURES.frame.with_columns(figure=pl.lit(FRAGMENT), target=pl.lit(FRAGMENT))),
    title=FRAGMENT,
    findings=(Finding(Severity.WARNING, "x", FRAGMENT, FRAGMENT, {"name": FRAGMENT}),),
    context=Context(
        {
            "period": {"start": None, "end": None, "timezone": FRAGMENT},
            "currency": FRAGMENT,
            "cost_basis": FRAGMENT,
            "price_book": {"version": FRAGMENT, "checked": FRAGMENT},
            "inputs": [{"path": FRAGMENT, "source": FRAGMENT, "records": 1}],
            "data_quality": {"unpriced_requests": 1, "unpriced_models": [FRAGMENT]},
        },
        (FRAGMENT,),
    ),
)


@pytest.mark.parametrize("interactive", [False, True], ids=["static", "interactive"])
@pytest.mark.parametrize("report", [NASTY, BOARD, HOSTILE], ids=["nasty", "board", "hostile"])
def test_no_name_becomes_an_element_or_an_attribute(report: Report, interactive: bool) -> None:  # noqa: FBT001
    page = page_of(report, interactive=interactive)
    attributes = {name for element in page.elements for name in element.attributes}

    assert {element.tag for element in page.elements} <= OURS
    assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert len(page.all("script")) == (1 if not interactive or report is NASTY else 3)


@pytest.mark.parametrize("report", [BOARD, HOSTILE], ids=["board", "hostile"])
@pytest.mark.parametrize("interactive", [False, True], ids=["static", "interactive"])
def test_the_page_names_no_address_to_load_anything_from(report: Report, interactive: bool) -> None:  # noqa: FBT001
    """``xmlns`` is a name that looks like an address; hints and names are text."""
    page = page_of(report, interactive=interactive)
    named = {value for e in page.elements for name, value in e.attributes.items() if name in LOADING}
    style = page.one("style").text

    assert all(value.startswith("#") for value in named)
    assert "url(" not in style
    assert "@import" not in style
    assert not page.all("base")
    assert not [e for e in page.all("meta") if e.attributes.get("http-equiv", "").lower() == "refresh"]
    shown = [e for e in page.elements if e.tag not in {"script", "svg"}]
    assert not [value for e in shown for value in e.attributes.values() if "http:" in value or "https:" in value]


def test_the_policy_of_a_page_lets_nothing_run_and_nothing_load() -> None:
    page = page_of(BOARD)
    policy = page.elements[3]

    assert policy.attributes["http-equiv"] == "Content-Security-Policy"
    assert policy.attributes["content"] == (
        f"default-src 'none'; style-src {hash_of(page.one('style').text)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_an_interactive_page_runs_the_script_in_it_and_no_other() -> None:
    page = page_of(BOARD, interactive=True)
    script = next(e.text for e in page.all("script") if "type" not in e.attributes)
    policy = page.elements[3].attributes["content"]

    assert f"script-src {hash_of(script)};" in policy
    assert "unsafe" not in policy


def test_an_interactive_page_holds_what_each_picture_is_drawn_from() -> None:
    page = page_of(BOARD, interactive=True)
    specs = json.loads(page.one("script", id="finopsctl-charts").text)
    boxes = [e.attributes["data-chart"] for e in page.elements if "data-chart" in e.attributes]

    assert sorted(specs) == sorted(boxes)
    assert len(specs) == 4 * 3
    assert all("told" in json.dumps(spec) for name, spec in specs.items() if name.startswith("chart-3"))


def test_a_page_without_charts_is_interactive_without_a_script() -> None:
    assert bytes_of(NASTY, interactive=True) == bytes_of(NASTY)


@pytest.mark.parametrize("report", [NASTY, BOARD, HOSTILE], ids=["nasty", "board", "hostile"])
def test_the_page_holds_the_json_document_byte_for_byte(report: Report) -> None:
    """Signs that HTML reads are escaped in the page: undone, the text is the one ``-f json`` writes."""
    embedded = page_of(report).one("script", id="finopsctl-report", type="application/json").text
    document = renderer_named("json").render(report, Screen()).decode()
    plain = re.sub(r"\\u00(3c|3e|26)", lambda found: chr(int(found[1], 16)), embedded)

    assert plain == document
    assert not set("<>&\u2028\u2029") & set(embedded)
    assert json.loads(embedded, parse_float=str) == json.loads(document, parse_float=str)


@pytest.mark.parametrize("report", [NASTY, BOARD], ids=["nasty", "board"])
def test_every_word_and_number_of_a_table_is_on_the_page(report: Report) -> None:
    text = page_of(report).text
    notation = notation_of(report, ascii_only=False)
    grids = [grid_of(table, notation) for table in report.for_people]
    words = {w for grid in grids for c in grid.columns for w in (*c.cells, c.total) if w and grid.height}

    assert [word for word in words if " ".join(word.split()) not in text] == []
    assert [f.message for f in gathered(report.findings) if notation.text(f.message) not in text] == []
    assert " ".join(report.headline.split()) in text
    assert all(note in text for note in report.context.notes)


def test_control_characters_of_a_log_are_spelled_out() -> None:
    document = bytes_of(NASTY).decode()
    controls = [c for c in document if ord(c) < 0x20 and c != "\n"]

    assert r"esc\x1b[31m\x07 \x9b2J tab\t nl\nend" in page_of(NASTY).text
    assert not controls
    assert not {"\x7f", "\x9b", "\u202e"} & set(document)


def test_a_row_is_headed_by_its_name_and_a_column_by_its_title() -> None:
    page = page_of(NASTY)
    heads = [e for e in page.all("th") if "tbody" in e.parents]

    assert [e.text for e in page.all("th", scope="col")][:4] == ["Team", "Model", "Spend", "Share of spend"]
    assert {e.attributes["scope"] for e in heads} == {"row"}
    assert TEAMS[0] in [e.text for e in heads]
    assert "(other 12)" in [e.text for e in heads]
    assert "(untagged)" in [e.text for e in heads]
    assert [e.text for e in page.all("th") if "tfoot" in e.parents] == ["Total"]


def test_a_wide_table_scrolls_in_a_box_a_keyboard_reaches() -> None:
    boxes = page_of(NASTY).classed("scroll")

    assert [(e.attributes["role"], e.attributes["tabindex"]) for e in boxes] == [("region", "0")] * 2
    assert boxes[0].attributes["aria-label"] == "Spend by team: table"


def test_a_key_figure_is_a_tile_with_grade_target_and_change() -> None:
    """12% more spend is bad news, and says so beside its colour."""
    tile = page_of(BOARD).classed("tile")[0]

    assert " ".join(tile.text.split()) == "Spend €48,213.42 ● OK +12.0% (worse) Target<= $50,000"
    assert tile.attributes["class"] == "tile edge-good"


def test_a_key_figure_without_a_value_says_so() -> None:
    tile = page_of(BOARD).classed("tile")[4]

    assert " ".join(tile.text.split()) == "Success rate – ○ N/A – Target>= 99.9%"  # noqa: RUF001


def test_figures_without_a_number_are_a_table() -> None:
    names = table_of({"team": ["a"]}, Column("team", "Team"), look=Look.FIGURES)

    assert [e.text for e in page_of(report_of(names)).all("th")] == ["Team", "a"]


def test_colour_never_speaks_alone() -> None:
    """Whatever is toned has a glyph and a word, or a sign."""
    toned = [e.text for tone in ("good", "warn", "bad") for e in page_of(BOARD).classed(tone)]

    assert len(toned) > 20
    assert [text for text in toned if not re.match(r"\s*[●▲■○+<-]", text)] == []


def test_the_data_of_a_chart_is_behind_it_and_beside_a_table_with_rows() -> None:
    page = page_of(BOARD)
    folded = [e for e in page.all("table") if "details" in e.parents]

    assert [e.text for e in page.all("summary")] == ["Data of this chart (61 rows)", "Data of this chart (310 rows)"]
    assert len(folded) == 2
    assert len(page.all("table")) == 4
    assert "open" not in page.all("details")[0].attributes


def test_each_chart_is_named_and_described() -> None:
    page = page_of(BOARD)
    pictures = page.all("svg", role="img")
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    titles = {e.attributes["id"]: e.text for e in (*page.all("title"), *page.all("desc")) if "id" in e.attributes}

    assert len(pictures) == 4 * 3
    assert sorted(ids) == sorted(set(ids))
    for picture in pictures:
        title, about = picture.attributes["aria-labelledby"].split()
        assert titles[title]
        assert titles[about].endswith("The table holds every value.")
    assert titles["chart-3-wide-about"].startswith("Columns: Spend by team, 2026-10-01 to 2026-10-31, 10 series.")


def test_what_the_figures_rest_on_is_on_the_page() -> None:
    """The period ends at midnight in Berlin, which is 23:00 of the day before in UTC."""
    page = page_of(BOARD)
    facts = [" ".join(e.text.split()) for e in page.all("div") if e.parents[-1] == "dl" and "basis" not in e.attributes]

    assert " ".join(page.classed("kicker")[0].text.split()) == (
        "finopsctl2026-10-01 to 2026-10-31 (Europe/Berlin)as of 2026-11-01EURcost basis auto"
    )
    assert "Cost basisauto€40,000.10 reported€8,213.32 effective" in facts
    assert "Pricescatalogue 2026.11.1, checked 2026-11-01" in facts
    assert "Records48,213" in facts
    assert "Unpriced, in no amount7 requests, 42,681 tokensmistral-brioche-preview" in facts
    assert "Without a team2.0% of spend" in facts
    assert "and 2 more" in next(text for text in facts if text.startswith("Inputs"))
    assert FIGURES.basis in page.text


def test_findings_stand_worst_first_with_what_to_do() -> None:
    listed = [
        " ".join(e.text.split()) for e in page_of(BOARD).all("li") if "section" in e.parents and "What" not in e.text
    ]
    said = [text for text in listed if text.startswith(("■ CRIT ", "▲ WARN ", "○ INFO "))]

    assert [text[:6] for text in said] == ["■ CRIT", "▲ WARN", "○ INFO"]
    assert said[0].endswith("Budget platform is 112.1% used.→ finopsctl budget export --to litellm")


def test_a_page_says_its_language_and_has_landmarks() -> None:
    page = page_of(BOARD)

    assert page.one("html").attributes == {"lang": "en"}
    assert [len(page.all(tag)) for tag in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    assert [e.text for e in page.all("title") if "head" in e.parents] == [BOARD.title]
    links = {e.attributes["href"].lstrip("#") for e in page.all("a")}
    assert links <= {e.attributes["id"] for e in page.all("section")}


@pytest.mark.parametrize(
    ("report", "name"),
    [
        (report_of(table_of({"team": ["a"]}, Column("team", "Team"))), "Attribution"),
        (Report("kpi", "None.", ()), "KPI"),
        (Report("unit-economics", "None.", ()), "Unit economics"),
        (report_of(title="October"), "October"),
    ],
)
def test_a_page_is_called_as_its_report_or_its_command(report: Report, name: str) -> None:
    assert page_of(report).one("h1").text == name


def test_an_empty_table_says_so() -> None:
    page = page_of(report_of(table_of({"team": list[str]()}, Column("team", "Team"))))

    assert [e.text for e in page.classed("nothing")] == ["Spend by team: nothing to show."]
    assert not page.all("table")


def test_a_report_without_tables_and_context_is_a_page() -> None:
    assert page_of(Report("kpis", "Nothing.", ())).classed("lead")[0].text == "Nothing."


def test_ascii_means_ascii_and_the_same_report() -> None:
    for interactive in (False, True):
        document = bytes_of(BOARD, ascii_only=True, interactive=interactive)
        page = page_of(BOARD, ascii_only=True, interactive=interactive)

        assert document.isascii()
        assert json.loads(page.one("script", id="finopsctl-report").text)["currency"] == "EUR"
    script = next(e.text for e in page.all("script") if "type" not in e.attributes)
    assert hash_of(script) in page.elements[3].attributes["content"]


def test_rows_for_programs_alone_are_in_the_json_only() -> None:
    page = page_of(report_of(table_of({"team": ["only-for-programs"]}, Column("team", "Team"), machine_only=True)))
    body = page.text.replace(page.one("script").text, "")

    assert "only-for-programs" in page.one("script").text
    assert "only-for-programs" not in body.split("finopsctl-report")[0]


def test_without_the_extra_the_way_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finopsctl.renderers.find_spec", lambda name: None if name == "vl_convert" else name)

    with pytest.raises(ConfigError, match="needs vl_convert") as raised:
        renderer_named("html")

    assert raised.value.hint == "pip install 'finopsctl[html]'"


def test_the_page_is_imported_without_what_draws_it() -> None:
    program = "import finopsctl.renderers.html, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert not {"altair", "vl_convert", "jinja2", "markupsafe", "rich"} & set(done.stdout.split())


def test_a_page_without_charts_loads_nothing_that_draws() -> None:
    program = (
        "import sys; from renderers.nasty import NASTY; from finopsctl.renderers import Screen, html; "
        "html.render(NASTY, Screen()); print(*sys.modules)"
    )
    tests = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=tests)

    assert not {"altair", "vl_convert"} & set(done.stdout.split())


@pytest.mark.slow
def test_another_process_writes_the_same_bytes() -> None:
    """Nothing in a page hangs on the order of a set or on what was drawn before."""
    program = (
        "import hashlib; from renderers.board import BOARD; from finopsctl.renderers import Screen, html; "
        "print(hashlib.sha256(html.render(BOARD, Screen(interactive=True))).hexdigest())"
    )
    tests = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=tests)
    bytes_of(report_of(BY_TEAM))

    assert done.stdout.strip() == sha256(bytes_of(BOARD, interactive=True)).hexdigest()


def test_the_better_direction_is_that_of_the_row() -> None:
    figures = table_of(
        {"figure": ["a", "b"], "value": [1.0, 2.0], "change": [0.1, 0.1]},
        Column("figure", "Figure"),
        Column("value", "Value", Unit.COUNT),
        Column("change", "Change", Unit.CHANGE),
        look=Look.FIGURES,
        row_good=(Direction.UP, Direction.DOWN),
    )

    assert [e.text for e in page_of(report_of(figures)).classed("change")] == ["+10.0% (better)", "+10.0% (worse)"]
