"""Chargeback: what each owner is to be charged for a period, in rows finance can book, tied to the ledger.

    total charged = ledger - replaced + outside

The rows are components: an owner's direct cost, its part of each shared pool, its credits. They add up to one line an
owner. Of shared parts the columns ``allocated_*`` say how the part came about; they are the split cost allocation
columns of FOCUS 1.3 (AllocatedMethodId, AllocatedMethodDetails, AllocatedResourceId, AllocatedResourceName,
AllocatedTags) in snake case, null where nothing was split. AllocatedMethodDetails holds one element whose
AllocatedRatio adds up to 1 over the parts of a pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.allocation.drivers import CREDIT, KEYS, is_direct, keys
from finopsctl.allocation.shared_cost import share, tie
from finopsctl.errors import ConfigError
from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.dimensions import METER, TOKEN_CLASS, longest_bucket, longest_in, refuse_longer_buckets
from finopsctl.metrics.figures import as_text, collect
from finopsctl.metrics.measures import ratio
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import SUMMED, rollup, summed
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from finopsctl.allocation.pools import Sharing
    from finopsctl.allocation.shared_cost import SharedCost
    from finopsctl.ledger.period import Period
    from finopsctl.metrics.dimensions import Dimension

_PARTS = ("direct", "shared", "credits")
_AMOUNTS = (*_PARTS, "total")
_UNKNOWN = ("direct", "total", "ledger")  # what is not 0 where no record has a known cost
_NOBODY = {"idle": "(idle)", "unallocated": "(unallocated)"}
_ALLOCATED = (
    "allocated_method_id",
    "allocated_method_details",
    "allocated_resource_id",
    "allocated_resource_name",
    "allocated_tags",
)


@dataclass(frozen=True, slots=True)
class ChargebackQuestion:
    """How to charge.

    Args:
        period: What is charged for.
        by: What the charge is split by, the owner first; cost centres are looked up by the first.
        sharing: Shared cost to spread; without pools nothing is.
        cost_centres: By value of the first dimension.
        as_of: The first instant not seen.
        basis: The cost basis ``cost`` was taken on.
        currency: ISO 4217 code of ``cost``.
    """

    period: Period
    by: tuple[Dimension, ...]
    sharing: Sharing
    cost_centres: Mapping[str, str]
    as_of: datetime
    basis: str = "auto"
    currency: str = "USD"


@dataclass(frozen=True, slots=True, eq=False)
class Chargeback:
    """What is charged.

    ``rows``: the dimensions; cost_centre; period_start, period_end (dates, the end exclusive); currency; component
    (direct, shared, idle, credit, unallocated); pool; direct, shared, credits, total (each row has one of the three);
    allocated_*. ``owners``: the same by dimensions: one row each. ``pools``: how much of each pool went where.
    ``totals``: direct, shared, credits, total; ledger, replaced, outside; difference, which is 0.
    """

    rows: pl.DataFrame
    owners: pl.DataFrame
    pools: pl.DataFrame
    totals: Mapping[str, Any]
    quality: Quality
    findings: tuple[Finding, ...]
    question: ChargebackQuestion

    @property
    def difference(self) -> Decimal:
        """What is charged beyond what the ledger and the pools hold: 0, or the file must not be booked."""
        return Decimal(self.totals["difference"])

    def report(self) -> Report:
        """Return the presentable form."""
        by = self.question.by
        kept = self.owners["kept"].to_list()
        nulls = {d.name: [_NOBODY.get(why or "", d.null_label) for why in kept] for d in by}
        columns = (
            *(d.column for d in by),
            Column("cost_centre", "Cost centre"),
            Column("direct", "Direct", Unit.USD),
            Column("shared", "Shared", Unit.USD),
            Column("credits", "Credits", Unit.USD),
            Column("total", "Total", Unit.USD),
            Column("share", "Share", Unit.SHARE, 1),
        )
        title = "Charges by " + ", ".join(d.title.lower() for d in by)
        tables = [
            Table("Components", self.rows, _component_columns(by), machine_only=True),
            Table(title, self.owners, columns, {name: self.totals[name] for name in _AMOUNTS}, row_nulls=nulls),
        ]
        if not self.owners["cost_centre"].is_null().all():
            tables.append(self._centres())
        if self.pools.height:
            tables.append(Table("Shared cost", self.pools, _pool_columns(by[0])))
        return Report("chargeback", self._headline(), tuple(tables), self.totals, self.findings)

    def _centres(self) -> Table:
        """Return the charges by cost centre, those without one as a line of their own."""
        centres = _summed(self.owners, ["kept", "cost_centre"])
        nulls = [_NOBODY.get(why or "", "(no cost centre)") for why in centres["kept"]]
        columns = (
            Column("cost_centre", "Cost centre"),
            *(Column(name, name.capitalize(), Unit.USD) for name in _AMOUNTS),
            Column("share", "Share", Unit.SHARE, 1),
        )
        totals = {name: self.totals[name] for name in _AMOUNTS}
        return Table("Charges by cost centre", centres, columns, totals, row_nulls={"cost_centre": nulls})

    def _headline(self) -> str:
        currency, period, first = self.question.currency, self.question.period, self.question.by[0]
        when = f"{period.first_day:%Y-%m}" if period.unit == "month" else f"{period.first_day} to {period.last_day}"
        noun = first.title.lower()
        charged = self.owners.filter(pl.col("kept").is_null() & pl.col(first.name).is_not_null())
        amount, shared = (Decimal(charged[name].sum()) for name in ("total", "shared"))
        part = f", {money(shared, currency)} of it shared cost" if shared else ""
        if self.totals["total"] is None:
            return f"Nothing can be charged for {when}: no record has a known cost."
        what = f"{money(amount, currency)} charged to {counted(charged[first.name].n_unique(), noun)}"
        return f"{what if charged.height else 'Nothing charged'} for {when}{part}{self._not_charged()}."

    def _not_charged(self) -> str:
        """Say what nobody pays and why; nothing where everything is charged."""
        first = self.question.by[0]
        why = pl.coalesce("kept", pl.when(pl.col(first.name).is_null()).then(pl.lit("nameless")))
        sums = dict(self.owners.group_by(why.alias("why")).agg(pl.col("total").sum()).iter_rows())
        words = {"idle": "idle", "unallocated": "unallocated", "nameless": f"without a {first.title.lower()}"}
        said = [f"{money(sums[name], self.question.currency)} {word}" for name, word in words.items() if sums.get(name)]
        return f"; {' and '.join(said)} not charged" if said else ""


def _pool_columns(first: Dimension) -> tuple[Column, ...]:
    return (
        Column("pool", "Pool"),
        Column("component", "Part"),
        Column("method", "Spread by", null="(not spread)"),
        Column("amount", "Amount", Unit.USD),
        Column("allocated", "Charged", Unit.USD),
        Column("kept", "Not charged", Unit.USD),
        Column("owners", f"{first.title}s", Unit.COUNT, 1),
    )


def chargeback(ledger: pl.LazyFrame, question: ChargebackQuestion) -> Chargeback:
    """Work out what to charge.

    Args:
        ledger: Ledger columns and ``cost``, already filtered to the period.
        question: How to charge.

    Raises:
        ConfigError: No dimension, or by token class, which charges do not have.
        SourceError: A bucket longer than the calendar period asked for.
    """
    by, sharing = question.by, question.sharing
    if not by or any(d.name in {METER, TOKEN_CLASS} for d in by):
        raise ConfigError("a charge needs an owner", "For example --by team.")
    timezone, dims = question.period.timezone, [d.name for d in by]
    wanted = {**{d.name: d.key(timezone) for d in by}, **keys(sharing)}
    plan = {
        "rollup": rollup(ledger, wanted, SUMMED),
        "ledger": ledger.select(pl.col("cost").sum()),
        **({"longest": longest_bucket(ledger)} if any(d.grain for d in by) else {}),
    }
    frames = collect([plan])[0]
    refuse_longer_buckets(by, longest_in(frames))
    measured = summed(as_text(frames["rollup"], by), [*dims, *KEYS])
    spread = share(measured, dims, sharing)
    rows = _finished(_components(measured, spread, dims), question)
    owners = _owners(rows, dims)
    totals = _totals(rows, Decimal(frames["ledger"].item() or 0), spread)
    said = tie(totals["ledger"], spread, totals["total"], question.currency)
    quality = quality_of(frames["rollup"], question.basis)
    is_known = quality.spend_known or rows.height > 0
    findings = (*((said,) if is_known else ()), *_findings(owners, question), *spread.findings)
    columns = [c.name for c in _component_columns(by)]
    return Chargeback(
        rows.select(columns),
        owners,
        _pools(rows, dims[0]),
        totals if is_known else totals | dict.fromkeys(_UNKNOWN),
        quality,
        findings,
        question,
    )


def _components(measured: pl.DataFrame, spread: SharedCost, dims: Sequence[str]) -> pl.DataFrame:
    """Return one row a group and component: dims, component, pool, amount, and how it was allocated."""
    own = (
        measured.filter(is_direct() & pl.col("spend").is_not_null())
        .group_by(*dims, component=pl.when(CREDIT).then(pl.lit("credit")).otherwise(pl.lit("direct")))
        .agg(amount=pl.col("spend").sum())
    )
    nobody = pl.when(pl.col("part") == "idle").then(pl.lit("idle")).otherwise(pl.lit("unallocated"))
    given = spread.rows.with_columns(component=pl.when("allocated").then("part").otherwise(nobody))
    return pl.concat([own, given.drop("part")], how="diagonal_relaxed")


def _finished(components: pl.DataFrame, question: ChargebackQuestion) -> pl.DataFrame:
    """Add what finance needs to the components, in their order: owners by name, each with direct cost first."""
    dims, period = [d.name for d in question.by], question.period
    zero = pl.lit(0).cast(MONEY)
    column = {"direct": "direct", "credits": "credit"}
    amounts = {
        name: pl.when(pl.col("component") == what).then("amount").otherwise(zero) for name, what in column.items()
    }
    shared = pl.when(pl.col("component").is_in(["direct", "credit"])).then(zero).otherwise("amount")
    centre = (
        pl.col(dims[0]).replace_strict(dict(question.cost_centres), default=None, return_dtype=pl.String)
        if question.cost_centres
        else pl.lit(None, dtype=pl.String)
    )
    order = pl.col("component").replace_strict(
        {"direct": 0, "shared": 1, "idle": 2, "credit": 3, "unallocated": 4}, return_dtype=pl.Int8
    )
    nobody = ~pl.col("allocated").fill_null(value=True)
    return (
        components.with_columns(
            **amounts,
            shared=shared,
            total=pl.col("amount"),
            cost_centre=centre,
            period_start=pl.lit(period.first_day),
            period_end=pl.lit(period.last_day + timedelta(days=1)),
            currency=pl.lit(question.currency),
            kept=pl.when(nobody).then("component"),
        )
        .with_columns(_allocated(dims))
        .sort(nobody, *dims, order, "pool", nulls_last=True)
    )


def _allocated(dims: Sequence[str]) -> list[pl.Expr]:
    """Return the FOCUS columns of split cost allocation."""
    split = pl.col("pool").is_not_null()
    given = split & pl.col("allocated")
    name = pl.concat_str([pl.col(d).fill_null("(untagged)") for d in dims], separator=" / ")
    element = pl.struct(AllocatedRatio=pl.col("ratio").cast(pl.Float64), UsageUnit="unit", UsageQuantity="quantity")
    details = pl.struct(Elements=pl.concat_list(element), x_Pool="pool").struct.json_encode()
    tags = pl.struct(*dims, "cost_centre").struct.json_encode()
    tags = tags.str.replace_all(r',"(?:[^"\\]|\\.)*":null', "").str.replace(r'^\{"(?:[^"\\]|\\.)*":null,?', "{")
    values = (pl.col("driver"), details, name, name, tags)
    return [
        pl.when(split if column in _ALLOCATED[:2] else given).then(expression).alias(column)
        for column, expression in zip(_ALLOCATED, values, strict=True)
    ]


def _owners(rows: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
    return _summed(rows, [*dims, "kept", "cost_centre"])


def _summed(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return the amounts by some columns, with their share, most first."""
    order = ("kept", *(name for name in names if name != "kept"))
    return (
        rows.group_by(names)
        .agg(pl.col(_AMOUNTS).sum())
        .with_columns(share=ratio(pl.col("total"), pl.col("total").sum()))
        .sort("total", *order, descending=[True, *(False for _ in order)], nulls_last=True)
        .select(*names, *_AMOUNTS, "share")
    )


def _pools(rows: pl.DataFrame, owner: str) -> pl.DataFrame:
    """Return how much of each pool's parts is charged and to how many owners, and how much nobody gets."""
    given = pl.col("allocated")
    part = pl.when(pl.col("component") == "unallocated").then(pl.lit("shared")).otherwise("component")
    pooled = rows.filter(pl.col("pool").is_not_null())
    return (
        pooled.group_by("pool", part.alias("component"), maintain_order=True)
        .agg(
            method=pl.col("driver").filter(given).first(),
            amount=pl.col("total").sum(),
            allocated=pl.col("total").filter(given).sum(),
            kept=pl.col("total").filter(~given).sum(),
            owners=pl.col(owner).filter(given).n_unique().cast(pl.Int64),
        )
        .sort("pool", "component", descending=[False, True])
    )


def _totals(rows: pl.DataFrame, ledger: Decimal, spread: SharedCost) -> dict[str, Any]:
    sums = rows.select(pl.col(_AMOUNTS).sum()).row(0, named=True)
    ties = {"ledger": ledger, "replaced": spread.replaced, "outside": spread.outside}
    return {**sums, **ties, "difference": sums["total"] - (ledger - spread.replaced + spread.outside)}


def _findings(owners: pl.DataFrame, question: ChargebackQuestion) -> list[Finding]:
    currency, first = question.currency, question.by[0]
    found: list[Finding] = []
    charged = owners.filter(pl.col("kept").is_null())
    lost = charged.filter(pl.col("cost_centre").is_null() & pl.col(first.name).is_not_null() & (pl.col("total") != 0))
    if lost.height and first.name == question.sharing.over:
        found.append(_without_centre(lost, first, currency))
    nobody = charged.filter(pl.col(first.name).is_null())["total"].sum()
    if nobody:
        noun = first.title.lower()
        message = f"{money(Decimal(nobody), currency)} has no {noun} and can be charged to nobody."
        hint = "Assign it with allocation rules, or make a pool of it: when = { " + f'{first.name} = "" }}.'
        found.append(Finding(Severity.WARNING, "unowned", message, hint, {"amount": Decimal(nobody)}))
    if question.as_of < question.period.end:
        message = f"The records end before the period does: {question.as_of:%Y-%m-%d} is the first day not seen."
        found.append(Finding(Severity.WARNING, "period_open", message, "Charge a period that is over."))
    return found


def _without_centre(lost: pl.DataFrame, first: Dimension, currency: str) -> Finding:
    names = lost[first.name].unique(maintain_order=True).to_list()
    amount = Decimal(lost["total"].sum())
    verb = "has" if len(names) == 1 else "have"
    owners = counted(len(names), first.title.lower())
    message = f"{owners} {verb} no cost centre, for {money(amount, currency)}: {some_of(names)}."
    hint = "Add [chargeback.cost-centres] to the configuration, or --cost-centres FILE."
    return Finding(Severity.WARNING, "no_cost_centre", message, hint, {"owners": names, "amount": amount})


def _component_columns(by: Sequence[Dimension]) -> tuple[Column, ...]:
    names = ("cost_centre", "period_start", "period_end", "currency", "component", "pool")
    return (
        *(d.column for d in by),
        *(Column(name, name.replace("_", " ").capitalize()) for name in names),
        *(Column(name, name.capitalize(), Unit.USD) for name in _AMOUNTS),
        *(Column(name, name.replace("_", " ").capitalize()) for name in _ALLOCATED),
    )
