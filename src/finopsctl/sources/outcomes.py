"""Outcomes: what the spend bought, as a helpdesk, a repository or an editorial system counts it.

One row is one outcome, or several of one day, use case and customer. Columns: a time (``day``, ``date``, ``month``,
``time``, ``timestamp``, ``charge_period_start``), what it is of (``use_case`` or ``feature``; ``team``, ``customer``,
``trace_id``), and optionally ``outcomes`` (how many; 1 unless given), ``successes`` (how many of them succeeded; or
``success``, true or false), ``alternative_cost`` (what one costs without a model, e.g. done by hand), ``currency`` (of
that; the report's unless given) and ``id``, by which a later row replaces an earlier one.
The case of column names does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import MONEY
from finopsctl.sources._facts import USAGE, as_spelled, first_text, judged, outside, own_names, span, texts, unread_time
from finopsctl.sources._rows import MAX_AMOUNT, MAX_COUNT
from finopsctl.sources._source import AT, BAD, SideTable

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

_TIMES = ("time", "timestamp", "ts", "day", "date", "month", "charge_period_start")
_ENDS = ("charge_period_end",)
_NAMES = {
    "feature": ("feature", "use_case"),
    "team": ("team",),
    "customer": ("customer", "customer_id", "tenant"),
    "trace_id": ("trace_id",),
    "currency": ("currency",),
    "id": ("id", "outcome_id"),
}
_KEYS = ("feature", "team", "customer", "trace_id")
_TELLING = frozenset({"outcomes", "successes", "alternative_cost"})
_MONEY = frozenset({"amount", "revenue"})
_RAW = pl.Schema(
    {
        **texts((*_TIMES, *_ENDS, *(alias for aliases in _NAMES.values() for alias in aliases))),
        "outcomes": pl.Int64(),
        "successes": pl.Int64(),
        "success": pl.Boolean(),
        "alternative_cost": MONEY,
    }
)


def _score(look: Probe) -> float:
    """Return 0.85 for rows with a time or a trace, what they are of, and a column that only outcomes have."""
    names = own_names(look)
    return 0.85 if names & _TELLING and not names & USAGE and not lacks(look) else 0.0


def lacks(look: Probe) -> tuple[str, ...]:
    """Return what a file would need to be read as outcomes."""
    names = own_names(look)
    missing = []
    if not names & {*_TIMES, "trace_id"}:
        missing.append("a time (day, date, month or time) or trace_id")
    if not names.intersection(alias for key in _KEYS for alias in _NAMES[key]):
        missing.append("what the outcomes are of (use_case or feature, customer, team or trace_id)")
    if names & _MONEY and not names & {*_TELLING, "success"}:
        missing.append("a column of outcomes or successes: as it stands it looks like revenue")
    return tuple(missing)


def _finish(raw: pl.DataFrame) -> pl.DataFrame:
    time = first_text(_TIMES)
    start, own_end = span(time)
    end = pl.coalesce(span(first_text(_ENDS))[0], own_end)
    frame = raw.select(
        charge_period_start=start,
        charge_period_end=end,
        **{name: first_text(aliases) for name, aliases in _NAMES.items()},
        outcomes=pl.col("outcomes").fill_null(1),
        successes=pl.coalesce(
            "successes",
            pl.when(pl.col("success")).then(pl.col("outcomes").fill_null(1)).when(~pl.col("success")).then(0),
        ),
        alternative_cost=pl.col("alternative_cost"),
        said_time=time,
        **{AT: pl.col(AT), BAD: pl.col(BAD)},
    ).with_columns(pl.col("currency").str.to_uppercase())
    nameless = pl.all_horizontal(pl.col(name).is_null() for name in _KEYS)
    timeless = pl.col("charge_period_start").is_null() & pl.col("trace_id").is_null()
    shown = pl.format("successes: {} is more than outcomes: {}", "successes", "outcomes")
    reasons = [
        unread_time("time", pl.col("said_time"), pl.col("charge_period_start")),
        pl.when(timeless).then(pl.lit("it has no time and no trace_id")),
        pl.when(pl.col("charge_period_end") <= pl.col("charge_period_start")).then(pl.lit("it ends before it starts")),
        pl.when(nameless).then(pl.lit("it names no use case, customer, team or trace")),
        outside("outcomes", 0, MAX_COUNT),
        outside("successes", 0, MAX_COUNT),
        pl.when(pl.col("successes") > pl.col("outcomes")).then(shown),
        outside("alternative_cost", 0, MAX_AMOUNT),
    ]
    return judged(frame, reasons).drop("said_time")


TABLE = SideTable(
    name="outcomes",
    title="What use cases brought about (tickets, pull requests, documents), for `unit-economics`",
    shapes=("csv", "jsonl", "json", "parquet"),
    raw=_RAW,
    score=_score,
    export=(
        "-- a time: day, date, month or time; what it is of: use_case (feature), team, customer, trace_id;\n"
        "-- optional: outcomes (1), successes (or success), alternative_cost, currency, id\n"
        "SELECT closed_on AS day, 'ticket_reply' AS use_case, team, count(*) AS outcomes,\n"
        "       sum(resolved) AS successes, 6.50 AS alternative_cost\n"
        "FROM tickets GROUP BY 1, 3    -- as CSV, JSON lines or Parquet"
    ),
    envelope=("data", "outcomes"),
    finish=_finish,
    lacks=lacks,
    adapt=as_spelled,
)
