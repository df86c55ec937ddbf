"""The colours: contrast as WCAG 2.2 measures it, and series that stay apart for colour-blind readers.

Contrast is (L1 + 0.05) / (L2 + 0.05) of relative luminances (WCAG 2.2, definitions). Colour blindness is simulated in
linear RGB by the matrices of Machado, Oliveira and Fernandes (2009), severity 1; distances are those of Oklab
(Ottosson 2020), times 100: about 2 can just be told apart side by side.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from finopsctl.renderers import _palette as p

SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(np.dot([0.2126, 0.7152, 0.0722], linear(colour))) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def distance(one: str, other: str, sight: str) -> float:
    seen = (np.clip(np.array(SIGHT[sight]) @ linear(colour), 0, 1) for colour in (one, other))
    here, there = (np.array(TO_LAB) @ np.cbrt(np.array(TO_CONES) @ colour) for colour in seen)
    return 100 * float(np.linalg.norm(here - there))


def test_contrast_is_measured_as_the_standard_does() -> None:
    """Black on white is 21:1 by definition; #767676 is the lightest grey on white with 4.5:1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", [p.PAGE, p.PANEL], ids=lambda colour: colour.name)
@pytest.mark.parametrize(
    "text", [p.INK, p.MUTED, p.ACCENT, p.GOOD, p.WARN, p.BAD, p.FAINT], ids=lambda colour: colour.name
)
def test_text_can_be_read(text: p.Colour, ground: p.Colour, scheme: str) -> None:
    assert contrast(getattr(text, scheme), getattr(ground, scheme)) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("drawn", [*p.SERIES, p.REST, p.EDGE, p.INK, p.MUTED], ids=lambda colour: colour.name)
def test_what_is_drawn_stands_out(drawn: p.Colour, scheme: str) -> None:
    assert contrast(getattr(drawn, scheme), getattr(p.PANEL, scheme)) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_no_two_series_look_alike(sight: str, scheme: str) -> None:
    colours = [getattr(colour, scheme) for colour in (*p.SERIES, p.REST)]

    assert min(distance(*pair, sight) for pair in combinations(colours, 2)) > 9


def test_a_colour_for_paper_has_one_meaning() -> None:
    """In the dark each is exchanged for its counterpart: two of the same would be one."""
    light = [colour.light for colour in p.COLOURS]

    assert len(set(light)) == len(light)
    assert not {colour.light for colour in p.COLOURS} & {colour.dark for colour in p.COLOURS}
