"""Outcomes beside spend: which of them a period counts, what each is of, and what that spent.

An outcome belongs to a use case (else to a customer, else to a team: the first of these that outcomes and ledger share
a name of). One that names a trace belongs where the trace's spend is, and a trace whose records name no use case takes
that of its outcome. The spend of a use case is all of it, failed and unfinished tasks included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.period import JANUARY, is_day_bucket
from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.dimensions import TIME_DIMENSIONS, Dimension, named, refuse_longer_buckets
from finopsctl.metrics.figures import as_text
from finopsctl.metrics.measures import to_money
from finopsctl.metrics.where import condition

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from finopsctl.ledger.period import Period

OWNERS = ("feature", "customer", "team")
"""What outcomes may be of, in the order that is tried."""

UNCONVERTED = "unconverted"
"""The column of a table beside the ledger that tells rows with an amount no rate brings to the report's currency."""

_LINKED, _SAID = "__linked", "__said"
_TEAM = "team"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a table beside the ledger is asked for.

    Args:
        period: None is everything.
        named: Whether the period was asked for; else it is the days that the ledger covers, and what only overlaps it
            counts whole.
        as_of: The first instant not seen; None: no such.
        timezone: Whose midnights bound days.
        where: Filters as typed.
        first_month: The month fiscal years begin with.
    """

    period: Period | None = None
    named: bool = True
    as_of: datetime | None = None
    timezone: str = "UTC"
    where: tuple[str, ...] = ()
    first_month: int = JANUARY

    @property
    def start(self) -> datetime | None:
        """The first instant asked for; None: no bound."""
        return self.period.start if self.period else None

    @property
    def end(self) -> datetime | None:
        """The first instant no longer asked for; None: no bound."""
        ends = [end for end in (self.period and self.period.end, self.as_of) if end]
        return min(ends, default=None)


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The rows of a table that were asked for, and what became of the others.

    Args:
        rows: Those that count.
        elsewhere: Outcomes before or after the period (where none was asked for: the days the ledger covers).
        straddling: Outcomes of a span that is only partly in the period: they cannot be cut.
        unanswered: Filters on what the table does not know; they narrow the spend alone.
    """

    rows: pl.DataFrame
    elsewhere: int = 0
    straddling: int = 0
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SpendOfOutcomes:
    """Outcomes and the spend of what they are of.

    Args:
        owner: What they are of: ``feature``, ``customer`` or ``team``.
        by: Further dimensions, those of the question that outcomes know.
        unknown: The dimensions asked for that outcomes do not know.
        rows: ``owner``, ``by``, outcomes, successes, judged (outcomes whose success is known), useful (successes, else
            outcomes), valued (of those, with an alternative cost), worth (their alternative cost), spend (null where
            nothing was spent), linked_spend and linked_outcomes (by trace), outside_spend (before the first or after
            the last outcome).
        idle: ``owner`` and ``by`` with the spend that no outcomes stand beside.
        lost_traces: Outcomes that name a trace without spend.
    """

    owner: str
    by: tuple[Dimension, ...]
    unknown: tuple[str, ...]
    rows: pl.DataFrame
    idle: pl.DataFrame
    lost_traces: int = 0


def choose(table: pl.DataFrame, asked: Asked) -> Chosen:
    """Return the outcomes of a period that pass the filters; those that only name a trace are placed by it.

    Args:
        table: ``charge_period_start``, ``charge_period_end``, ``outcomes`` and columns named as in the ledger.
        asked: The period and the filters.
    """
    filtered, unanswered = narrowed(table, asked)
    tz = asked.timezone
    start = local("charge_period_start", tz)
    end = pl.coalesce(local("charge_period_end", tz), start + pl.duration(microseconds=1))
    always = pl.lit(value=True)
    starts_in = start >= asked.start if asked.start else always
    ends_in = end <= asked.end if asked.end else always
    overlaps = (end > asked.start if asked.start else always) & (start < asked.end if asked.end else always)
    inside = pl.col("charge_period_start").is_null() | ((starts_in & ends_in) if asked.named else overlaps)
    placed = filtered.with_columns(__inside=inside.fill_null(value=False), __overlaps=overlaps.fill_null(value=False))
    out = placed.filter(~pl.col("__inside"))
    straddling = int(out.filter(pl.col("__overlaps"))["outcomes"].sum())
    elsewhere = int(out["outcomes"].sum()) - straddling
    rows = placed.filter(pl.col("__inside")).drop("__inside", "__overlaps")
    return Chosen(rows, elsewhere, straddling, unanswered)


def narrowed(table: pl.DataFrame, asked: Asked) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Apply the filters a table can answer; the others are returned as typed."""
    kept, unanswered = table, []
    for text in asked.where:
        test = condition([text], asked.timezone, asked.first_month)
        assert test is not None
        names = set(test.meta.root_names())
        if names <= set(table.columns) and any(table[name].null_count() < table.height for name in names):
            kept = kept.filter(test)
        else:
            unanswered.append(text)
    return kept, tuple(unanswered)


def local(name: str, timezone: str) -> pl.Expr:
    """Return an edge of a row's span in the calendar of ``timezone``: of a day or longer, the midnight of its date."""
    value = pl.col(name)
    if timezone == "UTC":
        return value
    shifted = (
        value.dt.replace_time_zone(None)
        .dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
    )
    return pl.when(is_day_bucket()).then(pl.coalesce(shifted, value)).otherwise(value)


def spend_of_outcomes(
    ledger: pl.LazyFrame, outcomes: pl.DataFrame, by: Sequence[Dimension] = (), timezone: str = "UTC"
) -> SpendOfOutcomes:
    """Put the spend of use cases beside their outcomes.

    The spend of all ``rows`` and of all ``idle`` is that of the ledger, to the last digit.

    Args:
        ledger: Ledger columns and ``cost``, filtered to the period.
        outcomes: Of the same period; ``alternative_cost`` in the currency of ``cost``.
        by: Dimensions to split by; those outcomes do not know are left out and named.
        timezone: Of calendar dimensions.

    Raises:
        SourceError: When outcomes are counted by longer spans than the calendar period asked for.
    """
    owner = _owner(ledger, outcomes)
    known = tuple(d for d in by if d.name != owner and _knows(outcomes, d))
    refuse_longer_buckets(known, _longest(outcomes))
    unknown = tuple(d.name for d in by if d.name != owner and d not in known)
    spend, links = _spend(ledger, outcomes, owner, known, timezone)
    placed = _with_teams(_placed(outcomes, links, owner), spend, owner)
    counts = as_text(_counted(placed, owner, known, timezone), known)
    keys = [owner, *(d.name for d in known)]
    both = as_text(spend, known).join(counts, on=keys, how="full", coalesce=True, nulls_equal=True)
    # What names no use case is of none, save the traces that an outcome names.
    nobody = pl.col(owner).is_null()
    money = pl.when(nobody).then(pl.when(pl.col("linked_spend") != 0).then("linked_spend")).otherwise("spend")
    rest = pl.col("spend") - pl.when(pl.col("outcomes").is_not_null()).then(money).fill_null(0)
    both = both.with_columns(outside_spend=pl.when(~nobody).then("outside_spend"))
    idle = both.select(*keys, spend=rest.cast(MONEY), left=pl.col("outcomes").is_null() | nobody)
    rows = both.filter(pl.col("outcomes").is_not_null()).with_columns(spend=money)
    lost = placed.filter(pl.col("trace_id").is_not_null() & ~pl.col(_LINKED))
    return SpendOfOutcomes(
        owner,
        known,
        unknown,
        rows.sort("spend", *keys, descending=[True, *(False for _ in keys)], nulls_last=True),
        idle.filter(pl.col("left") & (pl.col("spend") != 0))
        .drop("left")
        .sort("spend", *keys, descending=[True, *(False for _ in keys)], nulls_last=True),
        int(lost["outcomes"].sum()),
    )


def _owner(ledger: pl.LazyFrame, outcomes: pl.DataFrame) -> str:
    """Return the first dimension of which both sides share a name; without one, the first that outcomes name."""
    said = {name: outcomes[name].drop_nulls().unique().to_list() for name in OWNERS}
    named_ = [name for name in OWNERS if said[name]]
    if len(named_) > 1:
        shared = ledger.select(pl.col(name).is_in(said[name]).any() for name in named_).collect(engine="streaming")
        named_ = [name for name in named_ if shared[name].item()] or named_
    return named_[0] if named_ else OWNERS[0]


def _knows(outcomes: pl.DataFrame, dimension: Dimension) -> bool:
    """Whether outcomes can be split by it: they name some value of it, or the ledger tells their team."""
    name = "charge_period_start" if dimension.name in TIME_DIMENSIONS else dimension.name
    return name == _TEAM or (name in outcomes.columns and outcomes[name].null_count() < outcomes.height)


def _with_teams(outcomes: pl.DataFrame, spend: pl.DataFrame, owner: str) -> pl.DataFrame:
    """Fill in the team of outcomes that name none, where only one team spends on what they are of."""
    if _TEAM not in spend.columns or owner == _TEAM:
        return outcomes
    only = (
        spend.filter(pl.col(owner).is_not_null())
        .group_by(owner)
        .agg(__teams=pl.col(_TEAM).n_unique(), __team=pl.col(_TEAM).first())
        .filter(pl.col("__teams") == 1)
    )
    filled = outcomes.join(only, on=owner, how="left")
    return filled.with_columns(pl.coalesce(_TEAM, "__team").alias(_TEAM)).drop("__teams", "__team")


def _longest(outcomes: pl.DataFrame) -> timedelta | None:
    longest = outcomes.select((pl.col("charge_period_end") - pl.col("charge_period_start")).max()).item()
    return longest if isinstance(longest, timedelta) else None


def _spend(
    ledger: pl.LazyFrame, outcomes: pl.DataFrame, owner: str, by: Sequence[Dimension], timezone: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return spend by owner and dimensions, and by linked trace and owner."""
    traces = (
        outcomes.filter(pl.col("trace_id").is_not_null())
        .group_by("trace_id")
        .agg(pl.col(owner).drop_nulls().sort().first().alias(_SAID))
    )
    rows = ledger.filter(pl.col("cost").is_not_null())
    if traces.height:
        rows = rows.join(traces.lazy().with_columns(pl.lit(value=True).alias(_LINKED)), on="trace_id", how="left")
    else:
        rows = rows.with_columns(pl.lit(None, pl.String).alias(_SAID), pl.lit(value=False).alias(_LINKED))
    rows = rows.with_columns(pl.coalesce(owner, _SAID).alias(owner), pl.col(_LINKED).fill_null(value=False))
    keys = {owner: pl.col(owner), **{d.name: d.key(timezone) for d in by}}
    cost = pl.col("cost")
    spend = rows.group_by(named(keys)).agg(
        spend=cost.sum(),
        linked_spend=cost.filter(_LINKED).sum(),
        outside_spend=cost.filter(_outside(outcomes)).sum(),
    )
    links = rows.filter(_LINKED).group_by("trace_id", owner).agg(linked=cost.sum())
    collected = pl.collect_all([spend, links], engine="streaming")
    return collected[0], collected[1]


def _outside(outcomes: pl.DataFrame) -> pl.Expr:
    """Tell the rows more than a week before the first or after the last day that has an outcome."""
    first = outcomes["charge_period_start"].min()
    ends = outcomes.select(pl.max_horizontal(pl.coalesce("charge_period_end", "charge_period_start")).max()).item()
    if first is None:
        return pl.lit(value=False)
    start = pl.col("charge_period_start")
    return (start < pl.lit(first) - 7 * _DAY) | (start >= pl.lit(ends) + 7 * _DAY)


def _placed(outcomes: pl.DataFrame, links: pl.DataFrame, owner: str) -> pl.DataFrame:
    """Give each outcome the owner its trace's spend has: its own if that is one, else the one that spent most."""
    if links.is_empty():
        return outcomes.with_columns(pl.lit(value=False).alias(_LINKED))
    most = links.sort("linked", owner, descending=[True, False], nulls_last=True).unique("trace_id", keep="first")
    own = links.select("trace_id", owner, __own=pl.lit(value=True))
    found = outcomes.join(
        most.select("trace_id", pl.col(owner).alias(_SAID), pl.lit(value=True).alias(_LINKED)),
        on="trace_id",
        how="left",
    ).join(own, on=["trace_id", owner], how="left", nulls_equal=True)
    moved = pl.col(_LINKED).is_not_null() & pl.col("__own").is_null()
    return found.with_columns(
        pl.when(moved).then(_SAID).otherwise(owner).alias(owner), pl.col(_LINKED).fill_null(value=False)
    ).drop(_SAID, "__own")


def _counted(outcomes: pl.DataFrame, owner: str, by: Sequence[Dimension], timezone: str) -> pl.DataFrame:
    keys = {owner: pl.col(owner), **{d.name: d.key(timezone) for d in by}}
    count, judged = pl.col("outcomes"), pl.col("successes").is_not_null()
    useful = pl.coalesce("successes", "outcomes")
    has_price = pl.col("alternative_cost").is_not_null()
    pico = pl.col("alternative_cost").to_physical() * useful.cast(pl.Int128)
    return outcomes.group_by(named(keys)).agg(
        outcomes=count.sum(),
        successes=pl.when(judged.any()).then(pl.col("successes").sum()),
        judged=count.filter(judged).sum(),
        useful=useful.sum(),
        valued=useful.filter(has_price).sum(),
        worth=pl.when(has_price.any()).then(to_money(pico.filter(has_price).sum())),
        linked_outcomes=count.filter(_LINKED).sum(),
    )
