"""What every kind of chart is drawn with: a canvas of known size, series with colours, a legend, a specification."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._palette import EDGE, MUTED, RULE, SERIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt

    from finopsctl.renderers._chart_scales import Ticks

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif"
"""The reader's own font; text is given the room a wide one takes."""

TEXT = 12
"""The font size of everything written in a chart, in pixels."""

DOTTED = (3, 3)
_DASHES = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3))
_NO_TICKS = {"ticks": False, "title": None, "labelColor": MUTED.light, "labelFontSize": TEXT}


@dataclass(frozen=True, slots=True)
class Canvas:
    """The size a chart is drawn for; the page shows the one it has room for.

    Args:
        name: The style sheet's class for it.
        width: Of the whole picture, in pixels.
        height: Of the part where values are drawn over time; rows of bars take what they need.
        interactive: Whether marks tell their values to a pointer.
    """

    name: str
    width: int
    height: int
    interactive: bool = False


@dataclass(frozen=True, slots=True)
class Margin:
    """Room around what is drawn, in pixels."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend.

    Args:
        words: What it stands for.
        colour: On paper.
        shape: ``area``, ``line`` or ``tick``.
        dash: Lengths of strokes and gaps of a line.
    """

    words: str
    colour: str
    shape: str = "area"
    dash: str = ""


@dataclass(frozen=True, slots=True)
class Style:
    """How one series is drawn."""

    colour: str
    dash: tuple[int, ...]


def styles(names: Sequence[str], *, dashed: bool) -> dict[str, Style]:
    """Return how to draw each of at most as many series as there are colours."""
    return {
        name: Style(SERIES[at].light, _DASHES[at % len(_DASHES)] if dashed else _DASHES[0])
        for at, name in enumerate(names)
    }


def dash_words(dash: Sequence[int]) -> str:
    """Return a dash as SVG writes it; "" for a line without gaps."""
    return "" if dash[-1] == 0 else " ".join(map(str, dash))


def data(rows: Sequence[Mapping[str, Any]]) -> alt.Data:
    """Return rows as a chart's own data."""
    import altair as alt

    return alt.Data(values=[dict(row) for row in rows])


def horizontal(ticks: Ticks, domain: tuple[float, float]) -> alt.X:
    """Return the axis along the bottom."""
    import altair as alt

    axis = alt.Axis(
        values=list(ticks.values), labelExpr=_looked_up(ticks), grid=False, labelAlign="center", labelFlush=False,
        domainColor=EDGE.light, labelOverlap=False, labelPadding=9, **_NO_TICKS,
    )  # fmt: skip
    return alt.X("x:Q", scale=alt.Scale(domain=list(domain), nice=False, zero=False), axis=axis)


def vertical(ticks: Ticks) -> alt.Y:
    """Return the axis of values at the left, with a line across at each tick."""
    import altair as alt

    axis = alt.Axis(
        values=list(ticks.values), labelExpr=_looked_up(ticks), grid=True, gridColor=RULE.light, domain=False,
        labelOverlap=False, labelPadding=7, **_NO_TICKS,
    )  # fmt: skip
    return alt.Y("y:Q", scale=alt.Scale(domain=[ticks.start, ticks.end], nice=False, zero=False), axis=axis)


def _looked_up(ticks: Ticks) -> str:
    """Return the expression that finds a tick's words: Vega must not write numbers its own way."""
    words = ",".join(_literal(word) for word in ticks.words)
    return f"[{words}][indexof([{','.join(map(repr, ticks.values))}],datum.value)]"


def _literal(text: str) -> str:
    r"""Return text as a literal of Vega's expression language, of letters, digits and ``\uXXXX`` only."""
    units = text.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "'" + "".join(chr(c) if c < 0x80 and chr(c).isalnum() else f"\\u{c:04x}" for c in codes) + "'"


def specification(layers: Sequence[alt.Chart], canvas: Canvas, height: float, margin: Margin) -> dict[str, Any]:
    """Return the Vega-Lite specification of layers on a canvas, whose layout is ours to the pixel.

    Args:
        layers: From the back to the front; at least one.
        canvas: What it is drawn for.
        height: Of what is drawn, without margins.
        margin: Around it.
    """
    import altair as alt

    left, right = ceil(margin.left), ceil(margin.right)  # whole pixels: the parts are to add up to the whole
    chart = alt.layer(
        *layers,
        width=canvas.width - left - right,
        height=height,
        padding={"left": left, "right": right, "top": margin.top, "bottom": margin.bottom},
        background="transparent",
        autosize=alt.AutoSizeParams(type="none"),
        config=alt.Config(aria=False, font=FONT, view=alt.ViewConfig(stroke=None)),
    )
    drawn: dict[str, Any] = chart.to_dict(validate=False)  # which takes longer than drawing; tests do it
    del drawn["$schema"]  # an address, which a page that loads nothing need not name
    return drawn
