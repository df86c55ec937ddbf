"""Usage and cost of the same traffic are never added (rule D of the ledger).

Within a family of sources, for each provider and UTC day, only the finest kind of record that is loaded counts:
requests, else usage, else cost lines; of two sources of one kind, the one its format prefers. The rest is set aside,
not dropped. Cost lines of another meter (a search, a session) stay, since no token usage stands for them, unless usage
records list those uses with their fee. Records of one source are never set aside for one another. Two families
that cover one provider on the same days both count, and a finding says so with both amounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KIND_ORDER = {"request": 0, "usage": 1, "cost": 2, "credit": 3}
_KEYS = ("source", "provider", "day", "record_kind", "meter")
_METER = pl.when(pl.col("consumed_unit") != "tokens").then("consumed_unit")


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """What counts and what was set aside.

    Args:
        counted: Ledger rows that count.
        set_aside: Ledger rows that stand for traffic counted elsewhere; None when there are none.
        summary: One entry a source and kind set aside: source, record_kind, provider, days, records, reported_cost.
        findings: ``set_aside`` and ``possible_double_count``.
    """

    counted: pl.LazyFrame
    set_aside: pl.LazyFrame | None = None
    summary: tuple[Mapping[str, object], ...] = ()
    findings: tuple[Finding, ...] = ()


def settle(ledger: pl.LazyFrame, families: Mapping[str, str], precedence: Mapping[str, int]) -> Traffic:
    """Decide which rows count.

    Args:
        ledger: All rows, without duplicates.
        families: Source name to family; a source not named is a family of its own.
        precedence: Source name to its rank among the sources of its family and kind; lower counts first.
    """
    days = _by_day(ledger, families, precedence)
    aside = days.filter(_finer_elsewhere() | _metered_elsewhere())
    doubles = tuple(_double_counts(days.join(aside, on=_KEYS, how="anti", nulls_equal=True)))
    if aside.is_empty():
        return Traffic(ledger, findings=doubles)
    keys = aside.select(_KEYS).unique().lazy().with_columns(shadowed=pl.lit(True))
    marked = ledger.with_columns(day=pl.col("charge_period_start").dt.date(), meter=_METER)
    shadowed = marked.join(keys, on=list(_KEYS), how="left", nulls_equal=True, maintain_order="left")
    is_aside = pl.col("shadowed").fill_null(value=False)
    extra = ("day", "meter", "shadowed")
    summary = _summary(aside)
    return Traffic(
        shadowed.filter(~is_aside).drop(extra),
        shadowed.filter(is_aside).drop(extra),
        summary,
        (*_asides(summary), *doubles),
    )


def _by_day(ledger: pl.LazyFrame, families: Mapping[str, str], precedence: Mapping[str, int]) -> pl.DataFrame:
    """Add up what each source says of each provider and day, by kind and meter, finest kind first."""
    rank = pl.col("record_kind").cast(pl.String).replace_strict(_KIND_ORDER, return_dtype=pl.Int32) * 100
    return (
        ledger.group_by("source", "provider", "record_kind", day=pl.col("charge_period_start").dt.date(), meter=_METER)
        .agg(
            records=pl.len(),
            amount=pl.coalesce("reported_cost", "effective_cost").sum(),
            reported_cost=pl.col("reported_cost").sum(),
            fees=pl.col("list_other_cost").sum() > 0,
        )
        .with_columns(
            family=pl.col("source").replace(dict(families)),
            rank=rank + pl.col("source").replace_strict(dict(precedence), default=0, return_dtype=pl.Int32),
            line=(pl.col("record_kind") == "cost") & pl.col("meter").is_not_null(),
        )
        .sort("family", "provider", "day", "rank", "source", "meter")
        .collect(engine="streaming")
    )


def _finer_elsewhere() -> pl.Expr:
    """Tell what another source of the family says in finer records; what one source says is never twice the same."""
    day = ("family", "provider", "day")
    competes = ~pl.col("line") & (pl.col("record_kind") != "credit")
    finest = pl.col("rank").filter(competes).min().over(day)
    source = pl.col("source").filter(competes).first().over(day)
    return competes & (pl.col("rank") > finest) & (pl.col("source") != source)


def _metered_elsewhere() -> pl.Expr:
    """Tell which cost lines of a meter stand for uses that another source lists and that carry their fee already."""
    meter = ("family", "provider", "day", "meter")
    usage = pl.col("record_kind").is_in(["request", "usage"]) & pl.col("fees")
    others = usage.sum().over(meter) - usage.sum().over(*meter, "source")
    return pl.col("line") & (others > 0)


def _summary(aside: pl.DataFrame) -> tuple[Mapping[str, object], ...]:
    rows = (
        aside.group_by("source", "record_kind", "provider")
        .agg(
            days=pl.col("day").n_unique(), records=pl.col("records").sum(), reported_cost=pl.col("reported_cost").sum()
        )
        .sort("source", "record_kind", "provider")
        .with_columns(pl.col("record_kind").cast(pl.String))
    )
    return tuple(rows.iter_rows(named=True))


def _asides(summary: Iterable[Mapping[str, object]]) -> Iterable[Finding]:
    for row in summary:
        yield Finding(
            Severity.INFO,
            "set_aside",
            f"{_records(row)} ({row['provider']}, {counted(int(str(row['days'])), 'day')}) "
            "stand for traffic counted from finer records",
            "They are kept for reconciliation and not added.",
            dict(row),
            str(row["source"]),
            "Records of traffic that finer records count already: {}",
        )


def _records(row: Mapping[str, object]) -> str:
    kind = f"{row['record_kind']} record"
    return f"{counted(int(str(row['records'])), kind)} of {row['source']}"


def _double_counts(days: pl.DataFrame) -> Iterable[Finding]:
    covered = (
        days.filter(pl.col("provider") != "unknown")
        .group_by("provider", "family", maintain_order=True)
        .agg(days=pl.col("day").unique(), amount=pl.col("amount").sum(), sources=pl.col("source").unique().sort())
        .sort("provider", "family")
    )
    for _, group in covered.group_by("provider", maintain_order=True):
        rows = group.to_dicts()
        for index, first in enumerate(rows):
            for second in rows[index + 1 :]:
                both = set(first["days"]) & set(second["days"])
                if both:
                    yield _double_count(first, second, len(both))


def _double_count(first: Mapping[str, object], second: Mapping[str, object], days: int) -> Finding:
    drop = [f"--where source!={name}" for name in second["sources"]]  # type: ignore[attr-defined]
    return Finding(
        Severity.WARNING,
        "possible_double_count",
        f"{first['family']} (${first['amount']:,.2f}) and {second['family']} (${second['amount']:,.2f}) both cover "
        f"{first['provider']} on {days} days; both are counted",
        f"If they are the same traffic, drop one: {' '.join(drop)}",
        {
            "provider": first["provider"],
            "days": days,
            str(first["family"]): first["amount"],
            str(second["family"]): second["amount"],
        },
    )
