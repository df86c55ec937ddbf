"""How one value is written for people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from finopsctl.renderers._format import Notation, decimals_for, format_value, grade
from finopsctl.results.units import Unit

USD = Notation()
ASCII = Notation(ascii_only=True)


def shown(value: object, unit: Unit, notation: Notation = USD) -> str:
    return format_value(value, unit, notation)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1243.29"), "$1,243.29"),
        (Decimal("0.125"), "$0.13"),  # half up
        (Decimal("0.01"), "$0.01"),
        (Decimal("0.009999"), "<$0.01"),
        (Decimal("-0.004"), ">-$0.01"),
        (Decimal("-3.1"), "-$3.10"),
        (Decimal(0), "$0.00"),
        (1_000_000_000, "$1,000,000,000.00"),
        (Decimal("99999999999999999999999999.999"), "$100,000,000,000,000,000,000,000,000.00"),
    ],
)
def test_money_has_cents_and_is_never_shown_as_zero_unless_it_is(value: object, text: str) -> None:
    assert shown(value, Unit.USD) == text


def test_other_currencies_have_their_own_sign_and_smallest_coin() -> None:
    assert shown(Decimal("-3.1"), Unit.USD, Notation("EUR")) == "-€3.10"
    assert shown(Decimal("3.1"), Unit.USD, Notation("CHF")) == "CHF 3.10"
    assert shown(Decimal("1234.5"), Unit.USD, Notation("JPY")) == "¥1,235"
    assert shown(Decimal("0.4"), Unit.USD, Notation("JPY")) == "<¥1"
    assert shown(Decimal("3.1"), Unit.USD, Notation("EUR", ascii_only=True)) == "EUR 3.10"


def test_unit_prices_have_three_significant_digits() -> None:
    assert shown(Decimal("0.00000412345"), Unit.UNIT_PRICE) == "$0.00000412"
    assert shown(Decimal("0.002"), Unit.UNIT_PRICE) == "$0.00200"
    assert shown(Decimal("12.5"), Unit.UNIT_PRICE) == "$12.50"


def test_unit_prices_of_a_column_share_the_precision_of_the_smallest() -> None:
    """0.075 needs four decimals for three digits, so that 15 is written with four as well."""
    decimals = decimals_for(Unit.UNIT_PRICE, [Decimal(15), Decimal("0.075"), None, Decimal(0)], USD)

    assert decimals == 4
    assert format_value(Decimal(15), Unit.UNIT_PRICE, USD, decimals) == "$15.0000"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "25.0%"),
        (0.0, "0.0%"),
        (1.0, "100.0%"),
        (0.00042, "0.04%"),
        (0.00001, "<0.01%"),
        (-0.00001, ">-0.01%"),
        (0.9995, "99.95%"),
        (0.99999, ">99.99%"),
        (12.5, "1,250.0%"),
        (-0.25, "-25.0%"),
    ],
)
def test_ratios_are_percentages_that_do_not_round_to_nothing_or_everything(value: float, text: str) -> None:
    assert shown(value, Unit.RATIO) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.25, Unit.CHANGE, "+25.0%"),
        (-0.031, Unit.CHANGE, "-3.1%"),
        (-0.00001, Unit.CHANGE, "0.0%"),
        (10, Unit.CHANGE, "+1,000.0%"),
        (70.92, Unit.CHANGE, "\N{MULTIPLICATION SIGN}72"),
        (0.012, Unit.POINTS, "+1.2 pp"),
        (-0.0004, Unit.POINTS, "-0.04 pp"),
        (48_213, Unit.COUNT, "48,213"),
        (10**12, Unit.TOKENS, "1,000,000,000,000"),
        (2.5, Unit.COUNT, "2.5"),
        (0.25, Unit.FACTOR, "0.25"),
        (0.0123, Unit.FACTOR, "0.012"),
        (12.5, Unit.DAYS, "12.5 days"),
        (1, Unit.DAYS, "1 day"),
        (840.4, Unit.MILLISECONDS, "840 ms"),
        (400, Unit.USD_PER_DAY, "$400.00/day"),
        (date(2026, 10, 1), Unit.DATE, "2026-10-01"),
        (datetime(2026, 10, 1, 12, 30, tzinfo=UTC), Unit.INSTANT, "2026-10-01 12:30Z"),
        (datetime(2026, 10, 1, 12, 30, 0, 5, tzinfo=UTC), Unit.INSTANT, "2026-10-01 12:30Z"),
        (datetime(2026, 10, 1, tzinfo=UTC), Unit.DATE, "2026-10-01"),
        (datetime(2026, 9, 1, 16, tzinfo=UTC), Unit.DATE, "2026-09-01 16:00Z"),
        (Decimal("2.125"), Unit.PRICE, "$2.125"),
        (Decimal("0.02"), Unit.PRICE, "$0.0200"),
        (Decimal(15), Unit.PRICE, "$15.00"),
        (["a", "b"], Unit.TEXT, "a, b"),
        (True, Unit.TEXT, "yes"),
        (7, Unit.TEXT, "7"),
    ],
)
def test_each_unit_has_one_way_of_writing(value: object, unit: Unit, text: str) -> None:
    assert shown(value, unit) == text


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_no_value_is_no_text(value: object) -> None:
    assert not shown(value, Unit.USD)


def test_grades_say_their_word_beside_their_glyph() -> None:
    assert [grade(value, USD) for value in ("good", "ok", "warning", "critical", None, "no_data")] == [
        "● GOOD",
        "● OK",
        "▲ WARN",
        "■ CRIT",
        "○ N/A",
        "○ NO DATA",
    ]
    assert grade("critical", ASCII) == "X CRIT"


def test_names_show_their_control_characters() -> None:
    assert shown("a\x1b[2J\nb\x9b\u202e", Unit.TEXT) == r"a\x1b[2J\nb\x9b\u202e"
    assert shown("日本 → €", Unit.TEXT, ASCII) == r"\u65e5\u672c -> EUR "
