"""How workloads, levers and arithmetic are written in titles, evidence and commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.recommendations.question import MONTH
from finopsctl.recommendations.signals import filters
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from finopsctl.recommendations.signals import Signals


def workload(signals: Signals, row: Mapping[str, str | None]) -> str:
    """Return what a workload is called: ``support / ticket_reply``."""
    known = [str(row[name]) for name in signals.names if row[name] is not None]
    return " / ".join(known) or "untagged traffic"


def limited(value: str, place: Mapping[str, str | None]) -> str:
    """Return a lever as ``whatif`` reads it: its value and the filters it is limited by."""
    return ":".join((value, *filters(place)))


def arithmetic(signals: Signals, now: Decimal, then: Decimal) -> str:
    """Return the sum behind a monthly saving."""
    currency, saving = signals.question.currency, now - then
    parts = f"{money(now, currency)} now, {money(then, currency)} then: {money(saving, currency)}"
    return f"{parts} in {month(signals, saving)}"


def month(signals: Signals, amount: Decimal) -> str:
    """Return how an amount of the period becomes one of a month."""
    monthly = money(signals.monthly(amount), signals.question.currency)
    days = "1 day" if signals.days == 1 else f"{signals.days} days"
    return f"{days}, x {MONTH}/{signals.days} = {monthly} a month"
