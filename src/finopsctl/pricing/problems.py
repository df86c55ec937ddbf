"""What could not be priced and what was assumed, in a form that adds up over chunks."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROBLEM_KEYS = ("provider", "model", "service_tier", "reason")
PROBLEMS_SCHEMA = pl.Schema(
    {**dict.fromkeys(_PROBLEM_KEYS, pl.String()), "records": pl.Int64(), "requests": pl.Int64(), "tokens": pl.Int64()}
)

UNKNOWN_SNAPSHOT_PRICED = "unknown snapshot, priced as the undated model"
FEE_MISSING = "no fee for"
_SHOWN = 10


def _no_problems() -> pl.DataFrame:
    return pl.DataFrame(schema=PROBLEMS_SCHEMA)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What rating met on the way; ``a + b`` is the tally of both chunks.

    Args:
        unpriced: What has no list cost: provider, model, service_tier, reason, records, requests, tokens.
        assumed: What was priced on an assumption, same columns: unknown snapshots, uses without a listed fee.
        standard_tier_assumed: Requests without a service tier, priced as standard.
        band_unknown: Buckets that may hold requests of a dearer context band, priced at the lowest.
        band_at_stake: What those would cost more, all of them at the highest band, USD.
        capacity_requests: Requests on provisioned capacity: effective cost 0, the hours are billed apart.
    """

    unpriced: pl.DataFrame = field(default_factory=_no_problems)
    assumed: pl.DataFrame = field(default_factory=_no_problems)
    standard_tier_assumed: int = 0
    band_unknown: int = 0
    band_at_stake: Decimal = Decimal(0)
    capacity_requests: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            summed([self.unpriced, other.unpriced]),
            summed([self.assumed, other.assumed]),
            self.standard_tier_assumed + other.standard_tier_assumed,
            self.band_unknown + other.band_unknown,
            self.band_at_stake + other.band_at_stake,
            self.capacity_requests + other.capacity_requests,
        )

    def findings(self) -> tuple[Finding, ...]:
        """Return what a reader of the bill must know, worst first."""
        found = []
        if not self.unpriced.is_empty():
            worst = self.unpriced.row(0, named=True)
            requests, tokens = self.unpriced["requests"].sum(), self.unpriced["tokens"].sum()
            names = self.unpriced["model"].drop_nulls().unique(maintain_order=True).to_list()
            text = (
                f"{requests:,} requests ({tokens:,} tokens) have no list price, most of them "
                f"{worst['model'] or 'without a model'}: {worst['reason']}."
            )
            hint = "Add the model with --prices DIR, map it under deployments, or see `finopsctl pricing list`."
            found.append(Finding(Severity.WARNING, "unpriced", text, hint, {"requests": requests, "models": names}))
        if self.band_unknown:
            text = (
                f"{self.band_unknown:,} aggregated records may hold long-context requests; priced at the lowest band, "
                f"${self.band_at_stake:,.2f} at stake."
            )
            evidence = {"records": self.band_unknown, "at_stake": str(self.band_at_stake)}
            found.append(Finding(Severity.WARNING, "band_unknown", text, "Load request logs to price them.", evidence))
        found += [
            Finding(
                Severity.WARNING if row["reason"].startswith(FEE_MISSING) else Severity.INFO,
                "fee_unknown" if row["reason"].startswith(FEE_MISSING) else "unknown_snapshot",
                f"{row['provider']}/{row['model']}: {row['reason']} ({row['requests']:,} requests).",
                evidence=row,
            )
            for row in self.assumed.head(_SHOWN).iter_rows(named=True)
        ]
        if self.standard_tier_assumed:
            text = f"{self.standard_tier_assumed:,} requests do not say their service tier; priced as standard."
            found.append(
                Finding(Severity.INFO, "standard_tier_assumed", text, evidence={"requests": self.standard_tier_assumed})
            )
        if self.capacity_requests:
            text = (
                f"{self.capacity_requests:,} requests ran on provisioned capacity: their effective cost is 0, "
                "the hourly bill for the capacity is not in it."
            )
            found.append(
                Finding(Severity.INFO, "capacity_not_allocated", text, evidence={"requests": self.capacity_requests})
            )
        return tuple(found)


def summed(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up problem tables, most requests first."""
    return (
        pl.concat(frames)
        .group_by(_PROBLEM_KEYS)
        .agg(pl.col("records", "requests", "tokens").sum())
        .sort(
            "requests", "tokens", *_PROBLEM_KEYS, descending=[True, True, False, False, False, False], nulls_last=True
        )
    )


def problems(rows: pl.DataFrame, reason: str) -> pl.DataFrame:
    """Aggregate rated rows whose column ``reason`` is not null into a problem table."""
    found = rows.filter(pl.col(reason).is_not_null()).select(
        "provider",
        "model",
        "service_tier",
        reason=reason,
        records=pl.lit(1, dtype=pl.Int64),
        requests=pl.col("requests").fill_null(0),
        tokens=pl.col("tokens"),
    )
    return summed([found.cast(PROBLEMS_SCHEMA)])
