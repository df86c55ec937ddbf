"""The colours of pages and charts, for paper and for the dark.

Series colours were searched for: any two of them, and the grey of the rest, stay apart for readers with normal
colour vision and with each kind of colour blindness, and stand out from the page at 3:1 or more (WCAG 2.2, 1.4.11).
Colours of text reach 4.5:1 (1.4.3). A chart is drawn in the colours for paper; in the dark the page's style sheet
exchanges each for its counterpart, so every colour for paper has one meaning.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour of the house.

    Args:
        name: What it is for, as the style sheet's variable is called.
        light: Its value on paper, ``#rrggbb``.
        dark: Its value in the dark.
    """

    name: str
    light: str
    dark: str


PAGE = Colour("page", "#f4f6f9", "#10151d")
PANEL = Colour("panel", "#ffffff", "#181f2a")
INK = Colour("ink", "#18212d", "#e8edf4")
MUTED = Colour("muted", "#566273", "#a3afbf")
RULE = Colour("rule", "#dde3ea", "#2f3a49")
EDGE = Colour("edge", "#7b8797", "#7d8a9c")
TRACK = Colour("track", "#e6eaf0", "#2a3443")
ACCENT = Colour("accent", "#0b4a8f", "#7db4ff")
BAND = Colour("band", "#c9d8eb", "#2c4263")

GOOD = Colour("good", "#17713f", "#4fcf8b")
WARN = Colour("warn", "#8f5a00", "#e8b23c")
BAD = Colour("bad", "#b3202f", "#ff8a90")
FAINT = Colour("faint", "#5f6b7c", "#98a5b6")

SERIES = (
    Colour("series-1", "#034586", "#5d6acc"),
    Colour("series-2", "#f95919", "#d97945"),
    Colour("series-3", "#09a658", "#76fba4"),
    Colour("series-4", "#712d50", "#fdc1fd"),
    Colour("series-5", "#296ba8", "#2aaefb"),
    Colour("series-6", "#6d5b01", "#b1d129"),
    Colour("series-7", "#a74366", "#b4523f"),
)
"""What tells lines and parts of columns apart, the first used first."""

REST = Colour("series-rest", "#8a94a3", "#8f9bac")
"""All further series together."""

COLOURS = (PAGE, PANEL, INK, MUTED, RULE, EDGE, TRACK, ACCENT, BAND, GOOD, WARN, BAD, FAINT, *SERIES, REST)
