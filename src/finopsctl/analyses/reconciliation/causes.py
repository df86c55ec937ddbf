"""Why a ledger and an invoice differ: every gap of a key divided into causes that add up to it exactly.

All amounts are whole pico-units. For one key (provider, month, model, class of tokens, project), with L and I what
ledger and invoice say of it, in this order:

1. A credit, a tax or a rounding line is a cause of its own.
2. **cutoff**: where one month is over and its neighbour under, the smaller of the two gaps, and no more than the ledger
   has on the day at the edge, was booked on the other side of midnight.
3. A key, or a day of a provider, that one side does not have at all is **missing** there; so is what API keys and
   projects are billed for that the ledger has no row of, as far as the invoice has more.
4. **quantity** = (q_invoice - q_ledger) x L / q_ledger; **price** = the rest, (p_invoice - p_ledger) x q_invoice, which
   is **rounding** when the invoice's own digits explain it.
5. Without quantities on both sides, what the tokens of the ledger cost at list price tells a **price**; what remains is
   **rounding** or **unexplained**.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from finopsctl.analyses.reconciliation.lines import CREDIT, ROUNDING, TAX, USAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finopsctl.analyses.reconciliation.pairs import Month, Pair

MATCHED, MISSING_IN_LEDGER, MISSING_IN_INVOICE = "matched", "missing_in_ledger", "missing_in_invoice"
QUANTITY, PRICE, CUTOFF, UNEXPLAINED = "quantity", "price", "cutoff", "unexplained"
CAUSES = (
    *(QUANTITY, PRICE, MISSING_IN_LEDGER, MISSING_IN_INVOICE),
    *(CREDIT, TAX, ROUNDING, CUTOFF, UNEXPLAINED, MATCHED),
)
"""Every cause, in the order of the waterfall."""

_STEP_OF_INVOICE = frozenset({QUANTITY, PRICE, CREDIT, TAX, ROUNDING, UNEXPLAINED})
_TOLD = 10
"""A list price that leaves at most this part of a gap (one tenth) is why there is one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the answer, in pico-units: ``invoice - ledger`` is due to ``cause``."""

    pair: Pair
    month: Month
    cause: str
    ledger: int
    invoice: int

    @property
    def difference(self) -> int:
        """What the invoice has more."""
        return self.invoice - self.ledger


@dataclass(slots=True)
class _Gap:
    """What is left to explain of a key in a month, while causes are taken out of it; ``quantity`` is the ledger's."""

    month: Month
    left: int
    ledger: Fraction
    quantity: Fraction | None
    billed: Fraction | None
    parts: dict[str, int]

    def take(self, cause: str, amount: int) -> None:
        self.left -= amount
        if amount:
            self.parts[cause] = self.parts.get(cause, 0) + amount


def explain(pair: Pair, grain: int) -> Iterator[Entry]:
    """Divide the gaps of a key into causes.

    Args:
        pair: The key with its months in order.
        grain: Smallest unit of the invoice's amounts, in pico-units.
    """
    gaps = [_gap(month) for month in pair.months]
    nature = str(pair.key["nature"])
    if nature == USAGE:
        _cut_off(gaps)
    for gap in gaps:
        if nature == USAGE:
            _explain_usage(gap, grain)
        else:
            gap.take(nature, gap.left)
        if not gap.month.outside:
            yield from _entries(pair, gap)


def _gap(month: Month) -> _Gap:
    ledger, invoice = month.ledger, month.invoice
    return _Gap(
        month,
        invoice.amount - ledger.amount,
        Fraction(ledger.amount),
        None if ledger.quantity is None else Fraction(ledger.quantity),
        None if invoice.quantity is None else Fraction(invoice.quantity),
        {},
    )


def _cut_off(gaps: Sequence[_Gap]) -> None:
    """Take what was booked on the other side of a month's edge out of the gaps of both months."""
    for before, after in pairwise(gaps):
        if after.month.first_day - before.month.last_day != timedelta(days=1):
            continue
        late = after.month.ledger  # the invoice has in the month before what the ledger has on this month's first day
        early = before.month.ledger
        if before.left > 0 > after.left:
            moved = max(0, min(before.left, -after.left, late.first))
            _move(before, after, moved, late.first, late.first_quantity)
        elif before.left < 0 < after.left:
            moved = max(0, min(-before.left, after.left, early.last))
            _move(after, before, moved, early.last, early.last_quantity)


def _move(gains: _Gap, loses: _Gap, moved: int, edge: int, quantity: float) -> None:
    """Book ``moved`` of the ledger's edge day, which has ``edge`` for ``quantity``, to the other month."""
    if not moved:
        return
    gains.take(CUTOFF, moved)
    loses.take(CUTOFF, -moved)
    tokens = Fraction(quantity) * moved / edge
    for gap, sign in ((gains, 1), (loses, -1)):
        gap.ledger += sign * moved
        gap.quantity = None if gap.quantity is None else gap.quantity + sign * tokens


def _explain_usage(gap: _Gap, grain: int) -> None:
    ledger, invoice = gap.month.ledger, gap.month.invoice
    if not gap.left:
        return
    if not ledger.lines or not invoice.lines:
        gap.take(MISSING_IN_INVOICE if ledger.lines else MISSING_IN_LEDGER, gap.left)
        return
    _lost_days(gap)
    _unseen_owners(gap)
    bound = grain * invoice.lines // 2
    if gap.quantity is None or gap.billed is None:
        _by_list_price(gap, bound)
    elif gap.quantity > 0:
        gap.take(QUANTITY, round((gap.billed - gap.quantity) * gap.ledger / gap.quantity))
        if abs(gap.left) <= bound:
            gap.take(ROUNDING, gap.left)
        elif gap.billed:
            gap.take(PRICE, gap.left)
    if abs(gap.left) <= bound:
        gap.take(ROUNDING, gap.left)
    gap.take(UNEXPLAINED, gap.left)


def _lost_days(gap: _Gap) -> None:
    """Take out what one side has on days of which the other knows nothing at all, as far as it explains the gap."""
    ledger, invoice = gap.month.ledger, gap.month.invoice
    if gap.left > 0 and invoice.lost > 0:
        amount = min(gap.left, invoice.lost)
        gap.take(MISSING_IN_LEDGER, amount)
        if gap.billed is not None:
            gap.billed -= Fraction(invoice.lost_quantity) * amount / invoice.lost
    elif gap.left < 0 and ledger.lost > 0:
        amount = min(-gap.left, ledger.lost)
        gap.take(MISSING_IN_INVOICE, -amount)
        gap.ledger -= amount
        if gap.quantity is not None:
            gap.quantity -= Fraction(ledger.lost_quantity) * amount / ledger.lost


def _unseen_owners(gap: _Gap) -> None:
    """Take out what is billed to keys and projects that the ledger has never seen, as far as it explains the gap."""
    invoice = gap.month.invoice
    if gap.left > 0 and invoice.unseen > 0:
        amount = min(gap.left, invoice.unseen)
        gap.take(MISSING_IN_LEDGER, amount)
        if gap.billed is not None:
            gap.billed -= Fraction(invoice.unseen_quantity) * amount / invoice.unseen


def _by_list_price(gap: _Gap, bound: int) -> None:
    """Without quantities: the ledger's usage at list price is the invoice's amount when only the price differs."""
    ledger = gap.month.ledger
    if ledger.listed is None or ledger.unpriced:
        return
    by_price = ledger.listed - ledger.amount
    if abs(gap.left - by_price) <= max(bound, abs(gap.left) // _TOLD):
        gap.take(PRICE, by_price)


def _entries(pair: Pair, gap: _Gap) -> Iterator[Entry]:
    """Write a key's causes as rows: the largest carries what both sides have, the others are steps from it."""
    month, parts = gap.month, {cause: amount for cause, amount in gap.parts.items() if amount}
    if not parts:
        yield Entry(pair, month, MATCHED, month.ledger.amount, month.invoice.amount)
        return
    main = min(parts, key=lambda cause: (-abs(parts[cause]), CAUSES.index(cause)))
    ledger, invoice = month.ledger.amount, month.invoice.amount
    steps = []
    for cause in sorted(parts, key=CAUSES.index):
        if cause == main:
            continue
        amount = parts[cause]
        on_invoice = cause in _STEP_OF_INVOICE or amount > 0
        steps.append(Entry(pair, month, cause, 0 if on_invoice else -amount, amount if on_invoice else 0))
    ledger -= sum(step.ledger for step in steps)
    invoice -= sum(step.invoice for step in steps)
    yield Entry(pair, month, main, ledger, invoice)
    yield from steps
