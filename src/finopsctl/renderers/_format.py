"""One value, one string: the same on screen and in text files.

Money is ``$1,243.29`` and ``<$0.01``; prices per unit share one precision a column, with at least three significant
digits, listed prices with all the digits they have; fractions are percentages; rates change in percentage points,
amounts in percent, above +1,000 % by a factor; counts have all their digits; moments are in UTC, to the minute.
Rounding is half up, away from zero; money and shares that are not zero are never shown as zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

from finopsctl.renderers._machine_text import encode, instant, number
from finopsctl.renderers._visible import visible
from finopsctl.results.units import Unit
from finopsctl.results.wording import SYMBOLS, WITHOUT_MINOR_UNIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_CONTEXT = Context(prec=80, rounding=ROUND_HALF_UP)
_ONE_PERCENT = Decimal("0.01")
_TENFOLD = 10
_FINEST = 12  # money is exact to this many decimals

_GRADES: dict[str, tuple[str, str, str]] = {  # value: glyph, ASCII glyph, word
    "good": ("●", "+", "GOOD"),
    "ok": ("●", "+", "OK"),
    "pass": ("●", "+", "PASS"),
    "warning": ("▲", "!", "WARN"),
    "critical": ("■", "X", "CRIT"),
    "exhausted": ("■", "X", "EXHAUSTED"),
    "fail": ("■", "X", "FAIL"),
    "": ("○", "-", "N/A"),
}
_OTHER_GRADE = ("○", "-")


@dataclass(frozen=True, slots=True)
class Notation:
    """What a document's strings have in common.

    Args:
        currency: ISO 4217 code of every amount of money.
        ascii_only: Write nothing outside ASCII.
    """

    currency: str = "USD"
    ascii_only: bool = False

    def text(self, value: str) -> str:
        """Return text as it may be shown."""
        return visible(value, ascii_only=self.ascii_only)

    @property
    def symbol(self) -> str:
        """What stands before an amount."""
        symbol = SYMBOLS.get(self.currency, f"{self.currency} ")
        return f"{self.currency} " if self.ascii_only and not symbol.isascii() else symbol

    @property
    def minor_digits(self) -> int:
        """How many decimals the currency's smallest coin has."""
        return 0 if self.currency in WITHOUT_MINOR_UNIT else 2


def format_value(value: Any, unit: Unit, notation: Notation, decimals: int | None = None) -> str:  # noqa: ANN401
    """Return the string for ``value``, or "" when it is null or not a number.

    Args:
        value: A value out of a frame: None, text, number, Decimal, date, moment, list or mapping.
        unit: What it counts; ``MIXED`` is resolved by the caller.
        notation: Currency and alphabet.
        decimals: The precision its column agreed on (:func:`decimals_for`); by default what this value alone needs.
    """
    if unit is Unit.GRADE:
        return grade(value, notation)
    if is_null(value):
        return ""
    if unit in {Unit.DATE, Unit.INSTANT} and isinstance(value, datetime):
        return _moment(value, unit)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return notation.text(_words(value))
    write = _NUMBERS.get(unit)
    if write is None:
        return number(value)
    amount = as_decimal(value)
    return write(amount, notation, decimals_for(unit, (amount,), notation) if decimals is None else decimals)


def decimals_for(unit: Unit, values: Iterable[Any], notation: Notation) -> int:
    """Return how many decimals a column of ``values`` in ``unit`` is shown with."""
    sizes = [
        abs(as_decimal(value)) for value in values if isinstance(value, int | float | Decimal) and not is_null(value)
    ]
    least = min((size for size in sizes if size), default=Decimal(1))
    match unit:
        case Unit.USD | Unit.USD_PER_DAY:
            decimals = notation.minor_digits
        case Unit.UNIT_PRICE:
            decimals = max(notation.minor_digits, 2 - least.adjusted())
        case Unit.PRICE:
            decimals = max(notation.minor_digits, 2 - least.adjusted(), *(_digits(size) for size in sizes))
        case Unit.FACTOR:
            decimals = max(2, 1 - least.adjusted())
        case Unit.RATIO:
            decimals = 2 if any(0 < size < _ONE_PERCENT or 0 < 1 - size < _ONE_PERCENT for size in sizes) else 1
        case Unit.POINTS:
            decimals = 2 if least < _ONE_PERCENT / 10 else 1
        case Unit.SHARE | Unit.CHANGE:
            decimals = 1
        case _:
            decimals = 0 if all(size == size.to_integral_value() for size in sizes) else 1
    return min(decimals, _FINEST)


def grade(value: str | None, notation: Notation) -> str:
    """Return a grade or status as glyph and word; null is ``N/A``."""
    known = _GRADES.get(value or "")
    if known:
        return f"{known[1] if notation.ascii_only else known[0]} {known[2]}"
    return f"{_OTHER_GRADE[notation.ascii_only]} {notation.text(str(value)).replace('_', ' ').upper()}"


def is_null(value: Any) -> bool:  # noqa: ANN401
    """Tell whether there is no value: None, NaN, infinity."""
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def as_decimal(value: float | Decimal) -> Decimal:
    """Return a number as the decimal it prints as."""
    return value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)


def _words(value: Any) -> str:  # noqa: ANN401
    match value:
        case bool():
            return "yes" if value else "no"
        case date():
            return instant(value)
        case str():
            return value
        case list() | tuple() if all(isinstance(item, str) for item in value):
            return ", ".join(value)
        case _:
            return encode(value)


def _moment(value: datetime, unit: Unit) -> str:
    """Return a moment to the minute, in UTC; a date that starts at midnight as that day."""
    utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if unit is Unit.DATE and not (utc.hour or utc.minute or utc.second):
        return f"{utc:%Y-%m-%d}"
    return f"{utc:%Y-%m-%d %H:%M}Z"


def _digits(value: Decimal) -> int:
    """Return how many decimals a number has, without trailing zeros."""
    exponent = value.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), context=_CONTEXT)


def _plain(value: Decimal, decimals: int) -> str:
    rounded = _rounded(value, decimals)
    return f"{rounded or abs(rounded):,f}"


def _money(value: Decimal, notation: Notation, decimals: int) -> str:
    smallest = Decimal(1).scaleb(-decimals)
    if 0 < abs(value) < smallest:
        return f"{'<' if value > 0 else '>-'}{notation.symbol}{smallest:f}"
    return f"{'-' if value < 0 else ''}{notation.symbol}{_plain(abs(value), decimals)}"


def _money_per_day(value: Decimal, notation: Notation, decimals: int) -> str:
    return f"{_money(value, notation, decimals)}/day"


def _percent(value: Decimal, _notation: Notation, decimals: int) -> str:
    percent = value.scaleb(2, context=_CONTEXT)
    smallest = Decimal(1).scaleb(-decimals)
    if 0 < abs(percent) < smallest:
        return f"{'<' if percent > 0 else '>-'}{smallest:f}%"
    if percent < 100 and _rounded(percent, decimals) == 100:
        return f">{100 - smallest:f}%"
    return f"{_plain(percent, decimals)}%"


def _signed(value: Decimal, decimals: int) -> str:
    text = _plain(value.scaleb(2, context=_CONTEXT), decimals)
    return text if value <= 0 or not text.strip("0.") else f"+{text}"


def _change(value: Decimal, notation: Notation, decimals: int) -> str:
    """Return a relative change; above +1,000 % as the factor it is, since nobody reads +7,092.0 %."""
    if value > _TENFOLD:
        return notation.text(f"\N{MULTIPLICATION SIGN}{_plain(value + 1, 0)}")
    return f"{_signed(value, decimals)}%"


def _points(value: Decimal, _notation: Notation, decimals: int) -> str:
    return f"{_signed(value, decimals)} pp"


def _count(value: Decimal, _notation: Notation, decimals: int) -> str:
    return _plain(value, decimals)


def _days(value: Decimal, _notation: Notation, decimals: int) -> str:
    return f"{_plain(value, decimals)} {'day' if decimals == 0 and abs(value) == 1 else 'days'}"


def _milliseconds(value: Decimal, _notation: Notation, decimals: int) -> str:
    return f"{_plain(value, 0 if abs(value) >= 10 else decimals)} ms"


_NUMBERS: dict[Unit, Callable[[Decimal, Notation, int], str]] = {
    Unit.USD: _money,
    Unit.UNIT_PRICE: _money,
    Unit.PRICE: _money,
    Unit.USD_PER_DAY: _money_per_day,
    Unit.RATIO: _percent,
    Unit.SHARE: _percent,
    Unit.CHANGE: _change,
    Unit.POINTS: _points,
    Unit.FACTOR: _count,
    Unit.COUNT: _count,
    Unit.TOKENS: _count,
    Unit.DAYS: _days,
    Unit.MILLISECONDS: _milliseconds,
}
