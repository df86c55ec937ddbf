"""One report with everything that can go wrong in it, through every renderer."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from finopsctl.renderers import RENDERERS, Renderer, Screen, renderer_named
from renderers.checks import NASTY as NAMES
from renderers.checks import report as check
from renderers.nasty import BREAKDOWN, NASTY

if TYPE_CHECKING:
    from collections.abc import Callable

SCREENS = {
    "80.txt": Screen(80),
    "140.txt": Screen(140),
    "80-color.txt": Screen(80, color=True),
    "80-ascii.txt": Screen(80, ascii=True),
    "80-wide.txt": Screen(80, wide=True),
    "40-records.txt": Screen(40),
    "piped.txt": Screen(),
    "piped-ascii.txt": Screen(ascii=True),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_shows_the_report_like_this(name: str, golden: Callable[[str, bytes], None]) -> None:
    document = renderer_named("table").render(NASTY, SCREENS[name])

    golden(f"renderers/nasty/{name}", document)


@pytest.mark.parametrize("name", ["md", "json", "jsonl", "csv", "html", "openmetrics"])
def test_a_text_format_writes_the_report_like_this(name: str, golden: Callable[[str, bytes], None]) -> None:
    document = renderer_named(name).render(NASTY, Screen())

    golden(f"renderers/nasty/report.{name}", document)


def test_parquet_gives_back_the_rows_with_their_types() -> None:
    document = renderer_named("parquet").render(NASTY, Screen())
    again = pl.read_parquet(io.BytesIO(document))

    assert again.equals(BREAKDOWN.frame, null_equal=True)
    assert again.schema == BREAKDOWN.frame.schema


def test_parquet_says_what_it_holds() -> None:
    metadata = pl.read_parquet_metadata(io.BytesIO(renderer_named("parquet").render(NASTY, Screen())))

    assert metadata["finopsctl.schema"] == "finopsctl/attribution/1"
    assert json.loads(metadata["finopsctl.context"])["cost_basis"] == "auto"
    totals = json.loads(metadata["finopsctl.totals"], parse_float=Decimal)
    assert totals["spend"] == Decimal("1123457541.813456789013")


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.name)
def test_the_same_report_gives_the_same_bytes(renderer: Renderer) -> None:
    document = check(*NAMES) if renderer.name in {"github", "gitlab", "junit"} else NASTY

    assert renderer.render(document, Screen(100)) == renderer.render(document, Screen(100))


@pytest.mark.parametrize("name", [*SCREENS])
def test_no_screen_sees_a_control_character_of_a_log(name: str) -> None:
    text = renderer_named("table").render(NASTY, SCREENS[name]).decode()
    ours = text.replace("\x1b[0m", "")
    for code in ("1", "2", "31", "32", "33"):
        ours = ours.replace(f"\x1b[{code}m", "") if SCREENS[name].color else ours

    assert not [character for character in ours if ord(character) < 0x20 and character != "\n"]
    assert not {"\x7f", "\x9b", "\u202e"} & set(ours)


def test_ascii_means_ascii() -> None:
    for name in ("table", "md"):
        assert renderer_named(name).render(NASTY, Screen(80, ascii=True)).isascii()


def test_lines_stay_within_a_screen_that_has_room_for_its_words() -> None:
    text = renderer_named("table").render(NASTY, Screen(80, ascii=True)).decode()

    assert max(map(len, text.splitlines())) <= 80
