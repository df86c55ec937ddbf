"""Price lines as sorted integer keys, so that a column of instants finds its lines by binary search.

An as-of join on (slot, instant) is one search in a sorted column of ``slot << 34 | seconds``; the band of a request is
one in ``group << 40 | least input tokens``. Both tables are a few thousand entries, whatever the ledger's size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.token_classes import TOKEN_CLASSES
from finopsctl.pricing.book import RATE_KEYS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence
    from datetime import datetime, time

    from finopsctl.pricing.book import RateLine, Window
    from finopsctl.pricing.timeline import Version

_SECOND_BITS = 34
_SECONDS = 2**_SECOND_BITS - 1
_CONTEXT_BITS = 40
MAX_CONTEXT = 2**_CONTEXT_BITS - 1
"""More input tokens than any threshold; larger sums are compared as this."""


class Steps:
    """Step functions of time: what a slot's value is at an instant.

    Args:
        slots: For each slot its (start, value) steps; values are indices into a table of the caller's.
    """

    def __init__(self, slots: Mapping[Any, Iterable[tuple[datetime | None, int]]]) -> None:
        self._number = {slot: number for number, slot in enumerate(slots)}
        steps = sorted(
            (number << _SECOND_BITS | (0 if start is None else max(int(start.timestamp()), 0)), value)
            for number, steps in enumerate(slots.values())
            for start, value in steps
        )
        self._keys = pl.Series([key for key, _ in steps], dtype=pl.Int64)
        self._values = pl.Series([value for _, value in steps], dtype=pl.Int64)

    def number(self, slot: Hashable) -> int | None:
        """Return the number a slot is asked for by; None: there is no such slot."""
        return self._number.get(slot)

    def at(self, slots: pl.Series, seconds: pl.Series) -> pl.Series:
        """Return each slot's value at each instant (seconds since 1970), null before its first step."""
        wanted = (slots.cast(pl.Int64) * 2**_SECOND_BITS) + seconds.clip(0, _SECONDS)
        found = _last_not_above(self._keys, wanted)
        same = self._keys.gather(found) // 2**_SECOND_BITS == slots.cast(pl.Int64)
        return self._values.gather(found).zip_with(same.fill_null(value=False), _nulls(len(slots)))


@dataclass(frozen=True, slots=True, eq=False)
class LineTables:
    """The price lines of some versions.

    Args:
        versions: As given; a version's number is its index.
        frame: One row a version: ``first_band`` (least context of its lowest band above 0), ``base`` (group of lines
            without a window), one column a window (group of that window's lines).
        windows: Clock windows by column of ``frame``.
        rates: One row a line: pico-USD per token by rate key, fallbacks filled in, and ``version``.
        lines: The lines, by number.
    """

    versions: Sequence[Version]
    frame: pl.DataFrame
    windows: Mapping[str, Window]
    rates: pl.DataFrame
    lines: Sequence[RateLine]
    keys: pl.Series

    def line(self, groups: pl.Series, context: pl.Series) -> pl.Series:
        """Return the number of the line that holds for so many input tokens, null where none does."""
        groups = groups.cast(pl.Int64)
        found = _last_not_above(self.keys, groups * 2**_CONTEXT_BITS + context.clip(0, MAX_CONTEXT))
        same = self.keys.gather(found) // 2**_CONTEXT_BITS == groups
        return found.zip_with(same.fill_null(value=False), _nulls(len(groups)))


def line_tables(versions: Sequence[Version], windows: Mapping[str, Window]) -> LineTables:
    """Number all lines of ``versions`` by group (one version and window) and least context."""
    groups: dict[tuple[int, str | None], int] = {}
    for number, version in enumerate(versions):
        for line in version.lines:
            groups.setdefault((number, line.window), len(groups))
    used = sorted({window for _, window in groups if window is not None})
    ordered = sorted(
        (
            (groups[number, line.window] * 2**_CONTEXT_BITS + line.min_ctx, number, line)
            for number, version in enumerate(versions)
            for line in version.lines
        ),
        key=lambda entry: entry[0],
    )
    frame = pl.DataFrame(
        {
            "first_band": [min((ln.min_ctx for ln in v.lines if ln.min_ctx), default=None) for v in versions],
            "base": [groups.get((number, None)) for number in range(len(versions))],
            **{window: [groups.get((number, window)) for number in range(len(versions))] for window in used},
        },
        schema=dict.fromkeys(("first_band", "base", *used), pl.Int64),
    )
    rates = pl.DataFrame(
        [[*_full_rates(line), number] for _, number, line in ordered],
        schema=dict.fromkeys((*RATE_KEYS, "version"), pl.Int64),
        orient="row",
    )
    keys = pl.Series([key for key, _, _ in ordered], dtype=pl.Int64)
    lines = [line for _, _, line in ordered]
    return LineTables(versions, frame, {name: windows[name] for name in used}, rates, lines, keys)


def _full_rates(line: RateLine) -> list[int | None]:
    return [line.rates.get(c.rate_key, line.rates.get(c.bills_as) if c.bills_as else None) for c in TOKEN_CLASSES]


def _last_not_above(keys: pl.Series, wanted: pl.Series) -> pl.Series:
    if keys.is_empty():
        return _nulls(len(wanted))
    found = keys.search_sorted(wanted.fill_null(-1), side="right").cast(pl.Int64) - 1
    return found.zip_with(found >= 0, _nulls(len(wanted)))


def _nulls(length: int) -> pl.Series:
    return pl.Series([None], dtype=pl.Int64).new_from_index(0, length)


def in_window(window: Window, instant: pl.Expr) -> pl.Expr:
    """Say whether each instant lies in the clock window, on its local clock and calendar.

    Hours are half-open; hours that pass midnight belong to the day they begin on.
    """
    local = instant.dt.convert_time_zone(window.tz)
    return pl.any_horizontal(_in_hours(window, local, start, end) for start, end in window.hours)


def _in_hours(window: Window, local: pl.Expr, start: time, end: time) -> pl.Expr:
    clock = local.dt.time()
    today = _counts(window, local.dt.date())
    if start == end:
        return today
    if str(end) == "00:00:00":
        return today & (clock >= start)
    if str(start) < str(end):
        return today & (clock >= start) & (clock < end)
    yesterday = _counts(window, local.dt.date().dt.offset_by("-1d"))
    return (today & (clock >= start)) | (yesterday & (clock < end))


def _counts(window: Window, day: pl.Expr) -> pl.Expr:
    counts = day.dt.weekday().is_in(list(window.weekdays))
    for first, last in window.exclude:
        counts &= ~day.is_between(first, last)
    return counts
