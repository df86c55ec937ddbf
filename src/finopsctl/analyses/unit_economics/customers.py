"""What each customer costs and pays: gross margin = (revenue - spend) / revenue.

Revenue that is for a longer span than the period asked for counts by day: an amount is divided over the days of its
span in whole pico-units, the remainder to the first days, so that the days add up to it exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.unit_economics.question import TASKS, UnitQuestion, success, unit_rows
from finopsctl.ledger.schema import MONEY, constant
from finopsctl.metrics.dimensions import TIME_DIMENSIONS
from finopsctl.metrics.figures import as_text
from finopsctl.metrics.measures import (
    REQUESTS,
    SPEND,
    SUCCESSFUL_REQUESTS,
    SUCCESSFUL_TASKS,
    known_sum,
    ratio,
    to_money,
    total,
)
from finopsctl.metrics.outcomes import Asked, local, narrowed
from finopsctl.metrics.rollup import rollup
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finopsctl.metrics.dimensions import Dimension

MEASURES = (SPEND, REQUESTS, SUCCESSFUL_REQUESTS, SUCCESSFUL_TASKS, TASKS)
_UNUSED = {"customer": pl.String(), "revenue": MONEY}


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """Customers, what they cost and what they pay.

    Args:
        rows: In the shape of all rows, most spend first; the row without a customer is spend nobody's.
        has_revenue: Whether revenue was given.
        prorated: Amounts of which only some days count.
        longer: Amounts for more days than the ledger covers, which count whole since no period was asked for.
        elsewhere: Amounts of other periods.
        undated: Amounts without a period.
        unconverted: Amounts in a currency without a rate.
        unanswered: Filters on what revenue does not know.
        unused: ``customer`` and ``revenue`` of those that pay and have no record in the ledger.
    """

    rows: pl.DataFrame
    has_revenue: bool = False
    prorated: int = 0
    longer: int = 0
    elsewhere: int = 0
    undated: int = 0
    unconverted: int = 0
    unanswered: tuple[str, ...] = ()
    unused: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_UNUSED))

    @property
    def named(self) -> pl.DataFrame:
        """The rows of customers."""
        return self.rows.filter(pl.col("customer").is_not_null())


def plan(ledger: pl.LazyFrame, question: UnitQuestion) -> pl.LazyFrame:
    """Return the lazy rollup that customers rest on."""
    keys = {"customer": pl.col("customer"), **{d.name: d.key(question.timezone) for d in _calendar(question)}}
    return rollup(ledger, keys, MEASURES)


def customers(summed: pl.DataFrame, revenue: pl.DataFrame | None, question: UnitQuestion, days: int) -> Customers:
    """Put revenue beside the spend of customers.

    Args:
        summed: The collected rollup of :func:`plan`.
        revenue: ``charge_period_start``, ``charge_period_end`` (null: no period), ``customer``, ``amount`` (in the
            currency of the spend; null: not convertible), ``plan``; None: not given.
        question: The period and the lowest margin that is fine.
        days: Whole days the ledger covers, for costs per 30 days.
    """
    dims = _calendar(question)
    keys = ["customer", *(d.name for d in dims)]
    spent = as_text(summed, dims).group_by(keys).agg(_amounts())
    paid = Customers(pl.DataFrame())
    income = pl.DataFrame(schema={**dict.fromkeys(keys, pl.String), "revenue": MONEY, "plan": pl.String})
    if revenue is not None:
        paid, income = _income(revenue, question, dims)
    both = spent.join(income, on=keys, how="full", coalesce=True, nulls_equal=True)
    nobody = pl.col("customer").is_null()
    spend = pl.col("spend").fill_null(constant(0)) if revenue is not None else pl.col("spend")
    floor = question.margin_floor
    thin = (pl.col("margin") < floor) if floor is not None else pl.lit(value=False)
    rows = (
        both.with_columns(
            spend=pl.when(pl.col("records").is_null()).then(spend).otherwise("spend").cast(MONEY),
            count=pl.when(~nobody).then(1),
        )
        .with_columns(
            cost_per=pl.when(~nobody).then(pl.col("spend").cast(pl.Float64)),
            gross_profit=pl.col("revenue") - pl.col("spend"),
            spend_30_days=pl.when(~nobody).then(ratio(pl.col("spend"), pl.lit(days)) * 30),
        )
        .with_columns(success(("task_successes", "tasks"), ("fine", "sent")))
        .with_columns(margin=pl.when(pl.col("revenue") > 0).then(ratio(pl.col("gross_profit"), pl.col("revenue"))))
        .with_columns(
            grade=pl.when(pl.col("gross_profit") < 0)
            .then(pl.lit("critical"))
            .when(thin)
            .then(pl.lit("warning"))
            .when(pl.col("margin").is_not_null())
            .then(pl.lit("good"))
        )
        .sort("spend", *keys, descending=[True, *(False for _ in keys)], nulls_last=True)
    )
    rows = rows.filter(~nobody).vstack(rows.filter(nobody)) if rows.height else rows
    unused = both.filter(pl.col("records").is_null()).group_by("customer").agg(pl.col("revenue").sum())
    return replace(paid, rows=unit_rows(rows, "customer", question), unused=unused.sort("customer"))


def with_plans(found: Customers, accounts: pl.DataFrame) -> Customers:
    """Add the plans that records name, where revenue names none: several of one customer are listed.

    Args:
        found: Customers, with the plans of the revenue file.
        accounts: ``plan`` and ``customer`` of the ledger's records.
    """
    known = accounts.drop_nulls(["plan", "customer"]).sort("plan")
    plans = known.group_by("customer").agg(said=pl.col("plan").unique(maintain_order=True).str.join(", "))
    both = found.rows.join(plans, on="customer", how="left", maintain_order="left")
    return replace(found, rows=both.with_columns(plan=pl.coalesce("plan", "said")).drop("said"))


def _calendar(question: UnitQuestion) -> tuple[Dimension, ...]:
    return tuple(d for d in question.by if d.name in TIME_DIMENSIONS)


def _amounts() -> list[pl.Expr]:
    return [
        total(SPEND).alias("spend"),
        total(REQUESTS).cast(pl.Int64).alias("requests"),
        total(SUCCESSFUL_REQUESTS).cast(pl.Int64).alias("fine"),
        total(REQUESTS, ("errors",)).cast(pl.Int64).alias("sent"),
        total(SUCCESSFUL_TASKS).cast(pl.Int64).alias("task_successes"),
        total(TASKS).cast(pl.Int64).alias("tasks"),
        pl.col("records").sum().alias("records"),
    ]


def _income(revenue: pl.DataFrame, question: UnitQuestion, dims: Sequence[Dimension]) -> tuple[Customers, pl.DataFrame]:
    """Return what was counted of the revenue, and revenue by customer and calendar dimensions."""
    asked = question.asked
    kept, unanswered = narrowed(revenue, asked)
    known = kept.filter(pl.col("amount").is_not_null())
    daily = by_day(known)
    counted_days = daily.with_columns(inside=_inside(asked))
    entries = counted_days.group_by("entry").agg(some=pl.col("inside").any(), whole=pl.col("inside").all())
    if not asked.named:
        # Where no period is asked for, an amount whose span touches the ledger's days counts whole.
        counted_days = counted_days.join(entries, on="entry").with_columns(inside="some")
    income = (
        counted_days.filter("inside")
        .group_by("customer", *(d.key(question.timezone).alias(d.name) for d in dims))
        .agg(
            revenue=to_money(pl.col("pico").sum()),
            plan=pl.col("plan").sort_by("entry").drop_nulls().last(),
        )
    )
    partly = entries.filter(pl.col("some") & ~pl.col("whole")).height
    facts = Customers(
        pl.DataFrame(),
        has_revenue=True,
        prorated=partly if asked.named else 0,
        longer=0 if asked.named else partly,
        elsewhere=entries.filter(~pl.col("some")).height,
        undated=known["charge_period_start"].null_count(),
        unconverted=kept.height - known.height,
        unanswered=unanswered,
    )
    return facts, as_text(income, dims)


def by_day(revenue: pl.DataFrame) -> pl.DataFrame:
    """Divide amounts over the days of their spans; one without a span stays one row without a day.

    Returns:
        ``entry`` (the row's number), ``customer``, ``plan``, ``charge_period_start`` and ``_end`` of the day, ``pico``
        (Int128, 1e-12 of the currency).
    """
    start, end = pl.col("charge_period_start"), pl.col("charge_period_end")
    days = (end - start).dt.total_days()
    pico = pl.col("amount").to_physical().cast(pl.Int128)
    numbered = revenue.with_row_index("entry").with_columns(
        nth=pl.when(start.is_not_null()).then(pl.int_ranges(0, days.fill_null(1))).otherwise(pl.lit([0])),
        days=days.fill_null(1).cast(pl.Int128),
        pico=pico,
    )
    shift = pl.duration(days=pl.col("nth"))
    remainder = pl.col("pico") - (pl.col("pico") // pl.col("days")) * pl.col("days")
    return numbered.explode("nth").select(
        "entry",
        "customer",
        "plan",
        charge_period_start=start + shift,
        charge_period_end=pl.when(start.is_not_null()).then(start + shift + pl.duration(days=1)),
        pico=pl.col("pico") // pl.col("days") + (pl.col("nth") < remainder).cast(pl.Int128),
    )


def _inside(asked: Asked) -> pl.Expr:
    """Tell the days of the period; what has no day is in any."""
    day = local("charge_period_start", asked.timezone)
    timeless = pl.col("charge_period_start").is_null()
    inside = (day >= asked.start) if asked.start else pl.lit(value=True)
    inside &= (day < asked.end) if asked.end else pl.lit(value=True)
    return timeless | inside.fill_null(value=False)


def table_of(found: Customers, question: UnitQuestion, top: int) -> Table:
    """Return the table people read: the ``top`` customers that cost most, and one row for the others."""
    has = {name for name in found.named.columns if found.named[name].null_count() < found.named.height}
    optional = (
        Column("revenue", "Revenue", Unit.USD),
        Column("gross_profit", "Gross profit", Unit.USD, 2),
        Column("margin", "Margin", Unit.SHARE),
        Column("success_rate", "Success rate", Unit.SHARE, 1),
        Column("grade", "Grade", Unit.GRADE),
    )
    columns = (
        Column("customer", "Customer", null="(untagged)"),
        *((Column("plan", "Plan", priority=3),) if "plan" in has else ()),
        *(d.column for d in _calendar(question)),
        Column("spend", "Spend", Unit.USD),
        *(column for column in optional if column.name in has and column.unit is not Unit.GRADE),
        Column("requests", "Requests", Unit.COUNT, 4),
        *(column for column in optional if column.name in has and column.unit is Unit.GRADE),
    )
    return Table("Customers", shortened(found.rows, top), columns, _total(found.rows, [c.name for c in columns]))


def _total(rows: pl.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    """Return what all rows add up to, the one without a customer among them: what is left after all spend."""
    sums = {name: _sum(rows, name) for name in ("spend", "revenue", "requests") if name in names}
    if revenue := sums.get("revenue"):
        profit = revenue - (sums["spend"] or 0)
        sums |= {"gross_profit": profit, "margin": float(profit / revenue) if revenue > 0 else None}
    return {name: value for name, value in sums.items() if value is not None}


def _sum(rows: pl.DataFrame, name: str) -> Any:  # noqa: ANN401 - money or a count
    return None if rows[name].null_count() == rows.height else rows[name].sum()


def shortened(rows: pl.DataFrame, top: int) -> pl.DataFrame:
    """Keep the first rows and the one without a name; the others become one row that counts them."""
    named_rows = rows.filter(pl.col("customer").is_not_null())
    if named_rows.height <= top:
        return rows
    rest = named_rows.tail(named_rows.height - top)
    sums = ("spend", "revenue", "requests", "gross_profit")
    other = rest.select(
        *(known_sum(name).cast(rows.schema[name]) for name in sums),
        other=pl.lit(rest.height, dtype=pl.Int64),
    )
    nobody = rows.filter(pl.col("customer").is_null())
    return pl.concat([named_rows.head(top), other, nobody], how="diagonal")


def findings(found: Customers, question: UnitQuestion) -> Iterator[Finding]:
    """Yield what a reader must know about customers and revenue."""
    yield from _margins(found, question)
    if found.has_revenue:
        yield from _unmatched(found, question.currency)
        yield from _left_out(found, _calendar(question))


def _margins(found: Customers, question: UnitQuestion) -> Iterator[Finding]:
    for grade, severity, code, said in (
        ("critical", Severity.CRITICAL, "negative_margin", "costs more than it pays"),
        ("warning", Severity.WARNING, "thin_margin", f"is below the margin of {question.margin_floor or 0:.0%}"),
    ):
        bad = found.rows.filter(pl.col("grade") == grade).sort("gross_profit", "customer")
        if bad.is_empty():
            continue
        sums = bad.select("customer", "spend", "revenue").iter_rows()
        names = [
            f"{who} ({money(cost, question.currency)} for {money(paid, question.currency)})" for who, cost, paid in sums
        ]
        plural = {"costs more than it pays": "cost more than they pay"}.get(said, said.replace("is ", "are ", 1))
        message = f"{counted(bad.height, f'customer {said}', f'customers {plural}')}: {some_of(names)}."
        yield Finding(severity, code, message, "", {"customers": bad["customer"].to_list()})


def _unmatched(found: Customers, currency: str) -> Iterator[Finding]:
    free = found.named.filter(pl.col("revenue").is_null())
    for code, rows, column, singular, plural in (
        ("revenue_without_usage", found.unused, "revenue", "pays and has", "pay and have"),
        ("usage_without_revenue", free, "spend", "spends and has", "spend and have"),
    ):
        if rows.is_empty():
            continue
        what = "no usage here" if column == "revenue" else "no revenue"
        names = rows["customer"].unique(maintain_order=True).to_list()
        amount = Decimal(rows[column].sum())
        who = counted(len(names), f"customer {singular}", f"customers {plural}")
        message = f"{who} {what}, {money(amount, currency)} in all: {some_of(names)}."
        yield Finding(Severity.INFO, code, message, "", {"customers": names, column: amount})


def _left_out(found: Customers, calendar: Sequence[Dimension]) -> Iterator[Finding]:
    split = f", in a row without a {calendar[0].title.lower()}" if calendar else ""
    for count, code, severity, said, hint in (
        (found.prorated, "revenue_prorated", Severity.INFO, "for more than the period: counted by its days", ""),
        (
            found.longer,
            "revenue_longer",
            Severity.WARNING,
            "for more days than the records cover, and counted whole: margins may look better than they are",
            "Name the period to count revenue by day: --month, or --since and --until.",
        ),
        (found.elsewhere, "revenue_elsewhere", Severity.INFO, "for another period and left out", ""),
        (found.undated, "revenue_undated", Severity.INFO, f"without a period: counted in full{split}", ""),
        (
            found.unconverted,
            "revenue_unconverted",
            Severity.WARNING,
            "in a currency without a rate to the report's, and in no figure",
            "Add [[exchange-rate]] tables to the configuration.",
        ),
    ):
        if count:
            message = f"{counted(count, 'amount')} of revenue {'is' if count == 1 else 'are'} {said}."
            yield Finding(severity, code, message, hint, {"amounts": count})
    if found.unanswered:
        message = f"Revenue cannot be filtered by {' and '.join(found.unanswered)}: the filter narrows the spend alone."
        yield Finding(Severity.WARNING, "revenue_not_filtered", message, "", {"where": list(found.unanswered)})
