"""Revenue: what customers pay, as billing or the accounts have it.

One row is an amount of one customer. Columns: ``customer`` (or ``customer_id``, ``tenant``), ``amount`` (or
``revenue``), optionally ``currency`` (the report's unless given) and ``plan``, and what it is for: a ``period`` or
``month`` (``2026-10``, ``2026Q4``, ``2026``), a ``day`` or ``date``, or ``start`` and ``end`` (dates, the end
exclusive). An amount without any of these counts in full in whatever period is asked for. Credit notes are negative.
The case of column names does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import MONEY
from finopsctl.sources._facts import USAGE, as_spelled, first_text, judged, outside, own_names, span, texts, unread_time
from finopsctl.sources._rows import MAX_AMOUNT
from finopsctl.sources._source import AT, BAD, SideTable

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

_CUSTOMER = ("customer", "customer_id", "tenant", "tenant_id")
_AMOUNT = ("amount", "revenue")
_PERIOD = ("period", "month", "day", "date")
_START = ("start", "period_start", "charge_period_start")
_END = ("end", "period_end", "charge_period_end")
_CURRENCY = ("currency", "billing_currency")
_ID = ("id", "invoice_id")
_RAW = pl.Schema(
    {
        **texts((*_CUSTOMER, *_PERIOD, *_START, *_END, *_CURRENCY, *_ID, "plan")),
        **dict.fromkeys(_AMOUNT, MONEY),
    }
)


def _score(look: Probe) -> float:
    """Return 0.8 for rows of a customer, an amount and a period, without anything that only usage has."""
    names = own_names(look)
    dated = names & {*_PERIOD, *_START}
    return 0.8 if dated and not names & USAGE and not lacks(look) else 0.0


def lacks(look: Probe) -> tuple[str, ...]:
    """Return what a file would need to be read as revenue."""
    names = own_names(look)
    missing = []
    if not names & set(_CUSTOMER):
        missing.append("a customer (customer, customer_id or tenant)")
    if not names & set(_AMOUNT):
        missing.append("an amount (amount or revenue)")
    if names & set(_START) and not names & {*_END, *_PERIOD}:
        missing.append("an end beside its start")
    return tuple(missing)


def _finish(raw: pl.DataFrame) -> pl.DataFrame:
    period, first, last = (first_text(names) for names in (_PERIOD, _START, _END))
    whole, until = span(period)
    start = pl.coalesce(span(first)[0], whole).dt.truncate("1d")
    end = pl.coalesce(span(last)[0], until, start.dt.offset_by("1d"))
    frame = raw.select(
        charge_period_start=start,
        charge_period_end=end,
        customer=first_text(_CUSTOMER),
        amount=pl.coalesce(_AMOUNT),
        currency=first_text(_CURRENCY).str.to_uppercase(),
        plan=first_text(("plan",)),
        id=first_text(_ID),
        said=pl.coalesce(first, period),
        said_end=last,
        openended=first.is_not_null() & pl.coalesce(last, period).is_null(),
        **{AT: pl.col(AT), BAD: pl.col(BAD)},
    )
    reasons = [
        unread_time("period", pl.col("said"), pl.col("charge_period_start")),
        unread_time("end", pl.col("said_end"), pl.col("charge_period_end")),
        pl.when(pl.col("openended")).then(pl.lit("it has a start and no end")),
        pl.when(pl.col("charge_period_end") <= pl.col("charge_period_start")).then(
            pl.lit("it ends before it starts (ends are exclusive)")
        ),
        pl.when(pl.col("customer").is_null()).then(pl.lit("it names no customer")),
        pl.when(pl.col("amount").is_null()).then(pl.lit("it has no amount")),
        outside("amount", None, MAX_AMOUNT),
    ]
    return judged(frame, reasons).drop("said", "said_end", "openended")


TABLE = SideTable(
    name="revenue",
    title="What customers pay in a period, for `unit-economics`",
    shapes=("csv", "jsonl", "json", "parquet"),
    raw=_RAW,
    score=_score,
    export=(
        "-- customer, amount (revenue); a period: month, period, day, start and end (exclusive); currency, plan, id\n"
        "SELECT customer, to_char(invoiced_for, 'YYYY-MM') AS month, sum(net) AS amount, currency, plan\n"
        "FROM invoices GROUP BY 1, 2, 4, 5    -- as CSV, JSON lines or Parquet"
    ),
    envelope=("data", "revenue"),
    finish=_finish,
    lacks=lacks,
    adapt=as_spelled,
)
