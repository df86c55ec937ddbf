"""How a verdict reads: one sentence that says what was measured, of whom, and what the limit is."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

from finopsctl.policy.limits import Bound, Result
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from finopsctl.policy.limits import Verdict
    from finopsctl.policy.measured import Group
    from finopsctl.policy.naming import Figure

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP)
_DIGITS = 3
_PERCENT = frozenset({Unit.RATIO, Unit.SHARE, Unit.CHANGE})
_BEYOND = {
    Bound.MOST: "more than the {} allowed",
    Bound.LEAST: "less than the {} demanded",
    Bound.INCREASE: "more than the {} allowed after {} in the baseline",
    Bound.DECREASE: "less than the {} allowed after {} in the baseline",
}


def message(figure: Figure, group: Group, verdict: Verdict, currency: str) -> str:
    """Return one sentence on a group."""
    who = f"{figure.title} of {group.subject}" if group.subject else figure.title
    why = f" ({verdict.why.rstrip('.')})" if verdict.why else ""
    return f"{who}{figure.against}: {_fares(figure, group, verdict, currency)}{why}."


def _fares(figure: Figure, group: Group, verdict: Verdict, currency: str) -> str:
    """Return the value and how it stands to its limit."""
    if verdict.value is None:
        nothing = "nothing to judge" if verdict.result is Result.PASS else "no value"
        return "beyond any limit" if group.is_beyond else nothing
    value, limit = said(verdict.value, figure.unit, currency), verdict.limit
    if verdict.result is Result.NO_DATA or limit is None:
        return f"{value}, which cannot be judged"
    bound = said(limit, figure.unit, currency)
    if verdict.result is Result.PASS:
        return f"{value}, within the limit of {bound}"
    if verdict.bound is Bound.WARN:
        return f"{value}, a warning {'above' if verdict.value > limit else 'below'} {bound}"
    before = "" if verdict.previous is None else said(verdict.previous, figure.unit, currency)
    return f"{value}, {_BEYOND[verdict.bound].format(bound, before)}"


def said(value: Decimal, unit: Unit, currency: str) -> str:
    """Return a value as a sentence has it: ``$1,243.29``, ``12.3%``, ``+30.0%``, ``4.5 days``."""
    if unit in _PERCENT:
        return _percent(value, is_change=unit is Unit.CHANGE)
    if unit is Unit.USD:
        return money(value, currency)
    if unit is Unit.USD_PER_DAY:
        return f"{money(value, currency)} a day"
    if unit in {Unit.UNIT_PRICE, Unit.PRICE}:
        return money(value, currency) if not value or abs(value) >= 1 else _price(value, currency)
    if unit is Unit.DAYS:
        return counted(float(_plain(value, 1)), "day") if value % 1 else counted(int(value), "day")
    digits = 0 if value == value.to_integral_value() else max(2, 1 - value.adjusted())
    return f"{_rounded(value, digits):,f}"


def _price(value: Decimal, currency: str) -> str:
    """Return a price below one with three significant digits."""
    symbol = money(Decimal(0), currency).rstrip("0.")
    decimals = max(2, _DIGITS - 1 - value.adjusted())
    return f"{'-' if value < 0 else ''}{symbol}{_rounded(abs(value), decimals):f}"


def _percent(value: Decimal, *, is_change: bool) -> str:
    percent = value.scaleb(2, context=_CONTEXT)
    digits = 1 if not percent or abs(percent) >= Decimal("0.1") else max(1, 1 - percent.adjusted())
    text = f"{_rounded(percent, digits):,f}%"
    return f"+{text}" if is_change and value > 0 else text


def _plain(value: Decimal, decimals: int) -> str:
    return f"{_rounded(value, decimals):f}"


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), context=_CONTEXT)
