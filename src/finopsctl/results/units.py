"""How values are meant: units and grades. No formatting here."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """What a number counts. ``RATIO`` is a fraction (0.25), shown as a percentage."""

    TEXT = "text"
    USD = "usd"
    UNIT_PRICE = "unit_price"  # USD per request, per 1k tokens: significant digits, not cents
    PRICE = "price"  # a listed price: all the digits it has
    USD_PER_DAY = "usd_per_day"
    RATIO = "ratio"
    FACTOR = "factor"  # a plain quotient such as output / input tokens
    COUNT = "count"
    TOKENS = "tokens"
    DAYS = "days"
    MILLISECONDS = "ms"
    DATE = "date"
    INSTANT = "instant"
    GRADE = "grade"
    SHARE = "share"  # a fraction of a whole, shown as a percentage
    CHANGE = "change"  # relative change (0.25 = +25.0%); where the row's ``unit`` is ratio, a difference in pp
    POINTS = "points"  # difference of two fractions (0.012 = +1.2 pp)
    MIXED = "mixed"  # each row says its own unit in a column named ``unit``


class Grade(StrEnum):
    """How good a value is, best first."""

    GOOD = "good"
    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"


class Direction(StrEnum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"
    NEUTRAL = "neutral"
