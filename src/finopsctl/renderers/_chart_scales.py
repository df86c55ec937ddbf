"""Where the ticks of a chart stand and what they say: round numbers, moments, and the room their words take.

A browser may set text in another font than the one a chart was laid out with. Widths are therefore those of a wide
one, so that words drawn in any common font stay inside the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from finopsctl.renderers._format import format_value
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.renderers._format import Notation

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_BELOW = Decimal("0.04")  # of what is drawn, left free below the least negative value
_STRIDES = (1, 2, 3, 7, 14, 28, 56)  # weeks, where every day has no room
_GREAT = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"))
_SHORTENED = {Unit.USD, Unit.UNIT_PRICE, Unit.PRICE, Unit.COUNT, Unit.TOKENS, Unit.FACTOR}
_NARROW, _WIDE = frozenset("iljtfrI.,:;|'!()[]{}/ "), frozenset("mwMWQOGDHNCUAKXVYBRE@%&#–—…")  # noqa: RUF001
_EM = {True: 0.42, False: 0.66}
_WIDEST, _IDEOGRAPH = 1.0, 1.1
_GAP = 14  # pixels between two labels of one axis


@dataclass(frozen=True, slots=True)
class Ticks:
    """The marks of an axis.

    Args:
        values: Where they stand.
        words: What each says.
        start: Where the axis begins, at or before the first.
        end: Where it ends.
    """

    values: tuple[float, ...]
    words: tuple[str, ...]
    start: float
    end: float


def text_width(text: str, size: float) -> float:
    """Return how many pixels ``text`` takes at most at a font size of ``size`` pixels."""
    return size * sum(map(_em, text))


def _em(letter: str) -> float:
    if east_asian_width(letter) in "WF" or ord(letter) > 0x1F000:
        return _IDEOGRAPH
    return _WIDEST if letter in _WIDE else _EM[letter in _NARROW]


def cut(text: str, room: float, size: float) -> str:
    """Return ``text`` with its middle left out where it is wider than ``room`` pixels: both ends tell names apart."""
    if text_width(text, size) <= room:
        return text
    keep = len(text) - 1
    while keep > 2 and text_width(_without_middle(text, keep), size) > room:
        keep -= 1
    return _without_middle(text, keep)


def _without_middle(text: str, keep: int) -> str:
    tail = keep // 3
    return f"{text[: keep - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


def amounts(values: Sequence[float], unit: Unit, notation: Notation, most: int = 5) -> Ticks:
    """Return round ticks from nothing (or the least, below it) to the greatest of ``values``.

    Args:
        values: What is drawn, at least its extremes.
        unit: What they count.
        notation: Currency and alphabet of the words.
        most: How many ticks there may be above nothing, about.
    """
    low, high = Decimal(repr(min([0.0, *values]))), Decimal(repr(max([0.0, *values])))
    if low == high:
        return Ticks((0.0,), (format_value(0, unit, notation, 0),), 0.0, 1.0)
    step = _step((high - low) / most)
    last = high // step + (high % step != 0)
    start = low - (high - low) * _BELOW  # no room for a tick that nothing reaches
    ticks = [step * number for number in range(int(start / step), int(last) + 1)]
    words = tuple(_tick_words(ticks, step, unit, notation))
    return Ticks(tuple(map(float, ticks)), words, float(start if low else 0), float(ticks[-1]))


def _step(least: Decimal) -> Decimal:
    power = Decimal(1).scaleb(least.adjusted())
    return next(step * power for step in _STEPS if step * power >= least)


def _tick_words(ticks: Sequence[Decimal], step: Decimal, unit: Unit, notation: Notation) -> list[str]:
    """Return what ticks say: no more decimals than they need, millions and more with a letter."""
    greatest = max(map(abs, ticks))
    by, letter = next((great for great in _GREAT if greatest >= great[0]), (Decimal(1), ""))
    if unit not in _SHORTENED:
        by, letter = Decimal(1), ""
    finest = (step / by).normalize().as_tuple().exponent
    percent = 2 if unit in {Unit.RATIO, Unit.SHARE, Unit.CHANGE, Unit.POINTS} else 0
    decimals = max(0, -int(finest) - percent)
    return [format_value(tick / by, unit, notation, decimals) + (letter if tick else "") for tick in ticks]


def as_moment(value: object) -> datetime | None:
    """Return a date, a moment or a text like ``2026-10-01`` as a moment in UTC; None for anything else."""
    if isinstance(value, str) and len(value) == len("2026-10-01"):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None


def position(moment: datetime) -> float:
    """Return a moment as days since 1970."""
    return (moment - _EPOCH) / _DAY


def closest(positions: Sequence[float]) -> float:
    """Return the least distance between neighbours among sorted positions; 1 where there are none."""
    return min((after - before for before, after in pairwise(positions)), default=1.0)


def moment_words(moments: Sequence[datetime]) -> list[str]:
    """Return what to call moments on an axis: ``Oct 1``, with the hour where it matters; the year where it changes."""
    whole_days = all(not (m.hour or m.minute or m.second) for m in moments)
    one_day = not whole_days and len({m.date() for m in moments}) == 1
    words, year = [], None
    for moment in moments:
        day = f"{moment:%b} {moment.day}"
        words.append(f"{moment:%H:%M}" if one_day else day if whole_days else f"{day} {moment:%H:%M}")
        if moment.year != year and not one_day:
            words[-1] = f"{day}, {moment.year}" if whole_days else words[-1]
        year = moment.year
    return words


def along(positions: Sequence[float], words: Sequence[str], room: float, size: float) -> Ticks:
    """Return those of the named positions that have room for their names on an axis.

    Args:
        positions: Where things stand, in order; at least one.
        words: What each is called.
        room: Pixels from the first to the last.
        size: The font size.
    """
    start, end = positions[0], positions[-1]
    scale = room / (end - start or 1)
    widest = max(text_width(word, size) for word in words) + _GAP
    spacing = room / max(1, len(positions) - 1)
    needed = widest / spacing if spacing else 1
    stride = next((s for s in _STRIDES if s >= needed), int(needed) + 1)
    chosen, until = list[int](), float("-inf")
    for at in range(0, len(positions), stride):
        half = text_width(words[at], size) / 2
        here = (positions[at] - start) * scale
        if here - half >= until:
            chosen.append(at)
            until = here + half + _GAP
    return Ticks(tuple(positions[at] for at in chosen), tuple(words[at] for at in chosen), start, end)
