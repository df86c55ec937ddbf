"""The scorecard: every KPI of the catalogue, valued, graded and compared, by any dimensions.

All that is additive comes from one pass over the ledger (a rollup); quantiles and spend per user are read in the same
collect, and only when a KPI asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import ConfigError
from finopsctl.ledger.period import Period, day_end, zone
from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.budget_unpriced import unpriced
from finopsctl.metrics.budgets import Budget, budget_usage, daily_spend, fired
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.catalog import kpi as find_kpi
from finopsctl.metrics.dimensions import (
    TIME_DIMENSIONS,
    TOKEN_CLASS,
    Dimension,
    dimension,
    longest_in,
    refuse_longer_buckets,
)
from finopsctl.metrics.evaluation import MEMBER, Figures, evaluate
from finopsctl.metrics.figures import as_text, collect, plan, quantiles_of
from finopsctl.metrics.kpi import How, Kpi, KpiSettings, configured
from finopsctl.metrics.measures import ratio
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.targets import with_target
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Grade, Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NO_DIMENSIONS = frozenset({"budget", "user_type"})  # members of these are never unknown
_NOTHING_SEEN = datetime(1970, 1, 1, tzinfo=UTC)  # a ledger without rows ends before any budget begins
_SORTED = {How.QUANTILE: "quantiles", How.TRACE_QUANTILE: "traces"}  # the frames quantiles are read from
_NO_PREVIOUS = frozenset({How.BUDGET, How.OUTCOME, How.DUPLICATES})


@dataclass(frozen=True, slots=True, eq=False)
class ScorecardQuestion:
    """What to put on the scorecard.

    Args:
        by: Dimensions to split every KPI by.
        kpis: Names of the KPIs wanted, in order; empty: all.
        period: The period the ledger was filtered to; None: the days the ledger holds.
        as_of: The first instant not seen; None: the end of the last day that holds a row.
        previous_period: The period of the ledger to compare with; None: as long as ``period``.
        timezone: Whose midnight begins a day.
        basis: The cost basis ``cost`` was taken on, for the data-quality figures.
        currency: ISO 4217 code of ``cost``, for sentences.
        settings: Scales and classes from configuration.
        budgets: Limits for the budget KPIs.
        outcomes: ``outcomes`` (count) by ``feature``; None: not given.
        comparison_rates: USD per token by ledger column of the API model self-hosting is compared with.
        duplicates: Records dropped as duplicates; None: not checked.
    """

    by: tuple[Dimension, ...] = ()
    kpis: tuple[str, ...] = ()
    period: Period | None = None
    as_of: datetime | None = None
    previous_period: Period | None = None
    timezone: str = "UTC"
    basis: str = "auto"
    currency: str = "USD"
    settings: KpiSettings = field(default_factory=KpiSettings)
    budgets: Sequence[Budget] = ()
    outcomes: pl.LazyFrame | None = None
    comparison_rates: Mapping[str, Decimal] | None = None
    duplicates: int | None = None

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of the dimensions."""
        return tuple(d.name for d in self.by)


@dataclass(frozen=True, slots=True, eq=False)
class Scorecard:
    """Graded KPIs.

    ``rows``: kpi, title, the dimensions, member, value, unit, grade, target, numerator, denominator, coverage,
    usd_effect, previous and change (when compared), member_of, target_low, target_high; then one column for each kind
    of member (budget, feature, model_tier, provider, team, user_type), null but in its own rows. ``change`` is the
    difference for fractions and the relative change for everything else.
    """

    rows: pl.DataFrame
    quality: Quality
    findings: tuple[Finding, ...]
    by: tuple[Dimension, ...] = ()

    def report(self) -> Report:
        """Return the presentable form."""
        compared = (Column("previous", "Previous", Unit.MIXED, 2), Column("change", "Change", Unit.CHANGE, 1))
        members = _member_words(self.rows)
        kinds = set(self.rows["member_of"].drop_nulls())
        columns = (
            Column("title", "KPI"),
            *(d.column for d in self.by),
            *((Column(MEMBER, "Of", null=""),) if kinds - {d.name for d in self.by} else ()),
            Column("value", "Value", Unit.MIXED),
            *(compared if "change" in self.rows.columns else ()),
            Column("target", "Target", priority=1),
            Column("coverage", "Coverage", Unit.SHARE, 3),
            Column("usd_effect", "USD effect", Unit.USD, 4, null=""),
            Column("grade", "Grade", Unit.GRADE),
        )
        table = Table("Scorecard", self.rows, columns, row_nulls={MEMBER: members})
        totals = {"spend": self.quality.spend, "records": self.quality.records}
        return Report("kpi", self._headline(), (table,), totals, self.findings)

    def _headline(self) -> str:
        graded = self.rows.filter(pl.col("grade").is_not_null())
        counts = {g: graded.filter(pl.col("grade") == g.value).height for g in Grade}
        worst = graded.filter(pl.col("grade") == Grade.CRITICAL.value)["title"].unique(maintain_order=True).to_list()
        fine = counts[Grade.GOOD] + counts[Grade.OK]
        critical = f"; critical: {', '.join(worst)}" if worst else ""
        if not graded.height:
            return "Nothing to grade: no KPI with a scale has a value."
        watch = f"{counts[Grade.WARNING]} to watch"
        figures = counted(graded.height, "graded figure is", "graded figures are")
        return f"{fine} of {figures} on target, {watch}{critical}."


def _member_words(rows: pl.DataFrame) -> list[str]:
    """Return what a null member is called in each row: an unknown team is ``(untagged)``, no member at all nothing."""
    return [dimension(of).null_label if of and of not in _NO_DIMENSIONS else "" for of in rows["member_of"]]


def scorecard(
    ledger: pl.LazyFrame,
    question: ScorecardQuestion,
    *,
    previous: pl.LazyFrame | None = None,
    unfiltered: pl.LazyFrame | None = None,
) -> Scorecard:
    """Value and grade the KPIs asked for.

    Args:
        ledger: Ledger columns and ``cost``, already filtered to the period and to ``--where``.
        question: What to show.
        previous: The same for the period to compare with.
        unfiltered: The ledger without the period filter: budgets have periods of their own. None: ``ledger``.

    Raises:
        ConfigError: An unknown KPI, or ``token_class`` among the dimensions.
        SourceError: A bucket longer than the calendar period asked for.
    """
    if TOKEN_CLASS in question.dims:
        raise ConfigError("KPIs cannot be split by token_class", hint="Use attribution --by token_class.")
    kpis = configured(_asked(question, ledger), question.settings)
    as_of = question.as_of or _end_of_data(ledger, question.timezone)
    readable = [kpi for kpi in kpis if kpi.how is not How.OUTCOME or question.outcomes is not None]
    plans = [plan(ledger, question.by, question.timezone, readable)]
    if question.budgets and any(kpi.how is How.BUDGET for kpi in kpis):
        budgets = _budgets(question)
        plans[0]["budgets"] = daily_spend(ledger if unfiltered is None else unfiltered, budgets, as_of)
    if question.outcomes is not None:
        plans[0]["outcomes"] = question.outcomes
    comparable = [kpi for kpi in kpis if kpi.how not in _NO_PREVIOUS]
    if previous is not None:
        plans.append(plan(previous, question.by, question.timezone, comparable))
    frames = collect(plans)
    refuse_longer_buckets(question.by, longest_in(frames[0]))
    now = _figures(frames[0], question, kpis, _days(question, frames[0]["rollup"], as_of), as_of)
    rows = _rows(kpis, now, question)
    if previous is not None:
        then = _figures(frames[1], question, comparable, _previous_days(question, now.days), as_of)
        rows = _compared(rows, _rows(comparable, then, question), kpis, question.dims)
    quality = quality_of(now.rollup, question.basis)
    return Scorecard(_arranged(rows, kpis, question), quality, _findings(rows, kpis, now, question), question.by)


def _asked(question: ScorecardQuestion, ledger: pl.LazyFrame) -> tuple[Kpi, ...]:
    """Return the KPIs to value: those named, without those whose members are not what is asked by."""
    wanted = tuple(find_kpi(name) for name in question.kpis) or KPIS
    asked = (kpi for kpi in wanted if _answers(kpi, question))
    priced = "intended_cost" in ledger.collect_schema()
    return tuple(replace(k, effect="fallback_effect") if priced and k.effect == "fallback_cost" else k for k in asked)


def _answers(kpi: Kpi, question: ScorecardQuestion) -> bool:
    dims = set(question.dims)
    match kpi.how:
        case How.SHARE | How.OUTCOME:
            return dims <= {kpi.member_of}
        case How.BUDGET:
            return not dims or bool(_budgets(question))
        case How.DUPLICATES:
            return not dims
        case How.PER_DAY:
            return not dims & TIME_DIMENSIONS
        case _:
            return True


def _budgets(question: ScorecardQuestion) -> list[Budget]:
    """Return the budgets that have a row: all, or those scoped by just the dimensions asked for."""
    return [b for b in question.budgets if not question.by or set(b.scope) == set(question.dims)]


def _end_of_data(ledger: pl.LazyFrame, timezone: str) -> datetime:
    last = ledger.select(pl.col("charge_period_start").max()).collect(engine="streaming").item()
    return day_end(last, timezone) if last is not None else _NOTHING_SEEN


def _days(question: ScorecardQuestion, rollup: pl.DataFrame, as_of: datetime) -> int:
    """Return the whole days from the period's start (or the first day that holds a row) to ``as_of``."""
    tz = zone(question.timezone)
    first = question.period.start if question.period else rollup["first"].min()
    if not isinstance(first, datetime):
        return 0
    end = min(as_of, question.period.end) if question.period else as_of
    return max((end.astimezone(tz).date() - first.astimezone(tz).date()).days, 0)


def _previous_days(question: ScorecardQuestion, days: int) -> int:
    return question.previous_period.days if question.previous_period else days


def _figures(
    frames: Mapping[str, pl.DataFrame], question: ScorecardQuestion, kpis: Sequence[Kpi], days: int, as_of: datetime
) -> Figures:
    by, dims = question.by, question.dims
    mishaps = frames.get("mishaps")
    users, daily = frames.get("users"), frames.get("budgets")
    costs = {how: frames[name] for how, name in _SORTED.items() if name in frames}
    quantiles = {
        how: as_text(quantiles_of(frame, by, [kpi for kpi in kpis if kpi.how is how]), by)
        for how, frame in costs.items()
    }
    return Figures(
        rollup=as_text(frames["rollup"], by),
        days=days,
        users=None if users is None else as_text(users, by),
        mishaps=None if mishaps is None else as_text(mishaps, by),
        quantiles=quantiles.get(How.QUANTILE),
        traces=quantiles.get(How.TRACE_QUANTILE),
        budgets=None if daily is None else budget_usage(daily, _budgets(question), as_of, dims),
        outcomes=frames.get("outcomes"),
        comparison_rates=question.comparison_rates,
        duplicates=question.duplicates,
        settings=question.settings,
    )


def _rows(kpis: Sequence[Kpi], figures: Figures, question: ScorecardQuestion) -> pl.DataFrame:
    """Return the rows of every KPI; one whose input is missing is a row of nulls unless split by dimensions."""
    parts = []
    for kpi in kpis:
        rows = with_target(evaluate(kpi, figures, question.dims), kpi)
        if rows.is_empty() and not question.by:
            rows = pl.DataFrame([{}], schema=rows.schema)
        parts.append(
            rows.with_columns(
                kpi=pl.lit(kpi.name),
                title=pl.lit(kpi.title),
                unit=pl.lit(kpi.json_unit),
                member_of=pl.when(_is_member(kpi)).then(pl.lit(kpi.member_of)),
            )
        )
    return pl.concat(parts) if parts else pl.DataFrame(schema=_EMPTY | dict.fromkeys(question.dims, pl.String()))


def _is_member(kpi: Kpi) -> pl.Expr:
    """Tell a member's row; of a share the unknown member is one too."""
    return pl.col("value").is_not_null() if kpi.how is How.SHARE else pl.col(MEMBER).is_not_null()


def _compared(rows: pl.DataFrame, before: pl.DataFrame, kpis: Sequence[Kpi], dims: tuple[str, ...]) -> pl.DataFrame:
    """Add ``previous`` and ``change``: a difference for fractions, relative for everything else."""
    keys = ["kpi", *dims, MEMBER]
    fractions = [kpi.name for kpi in kpis if kpi.unit is Unit.RATIO]
    value, then = pl.col("value"), pl.col("previous")
    joined = rows.join(before.select(*keys, previous="value"), on=keys, how="left", nulls_equal=True)
    change = pl.when(pl.col("kpi").is_in(fractions)).then(value - then).otherwise(ratio(value - then, then.abs()))
    return joined.with_columns(change=change)


def _arranged(rows: pl.DataFrame, kpis: Sequence[Kpi], question: ScorecardQuestion) -> pl.DataFrame:
    """Order rows as the catalogue has them, then by dimensions, then largest member first; budgets as given."""
    order = {kpi.name: place for place, kpi in enumerate(kpis)}
    place = pl.col("kpi").replace_strict(order, return_dtype=pl.Int64, default=None)
    dims = question.dims
    totals = [kpi.name for kpi in kpis if kpi.how is How.PER_USER]
    is_total = pl.col(MEMBER).is_null() & pl.col("kpi").is_in(totals)
    budgets = [kpi.name for kpi in kpis if kpi.how is How.BUDGET]
    given = {budget.name: float(at) for at, budget in enumerate(question.budgets)}
    turn = pl.col(MEMBER).replace_strict(given, return_dtype=pl.Float64, default=None)
    size = pl.when(pl.col("kpi").is_in(budgets)).then(turn).otherwise(-pl.col("numerator").cast(pl.Float64))
    ordered = rows.sort(place, *dims, ~is_total, size, MEMBER, nulls_last=True)
    compared = ("previous", "change") if "change" in rows.columns else ()
    kinds = sorted({kpi.member_of for kpi in kpis if kpi.member_of} - set(dims))
    members = [pl.when(pl.col("member_of") == kind).then(MEMBER).alias(kind) for kind in kinds]
    return ordered.select("kpi", "title", *dims, MEMBER, *_VALUES, *compared, "member_of", *_TARGETS, *members)


_VALUES = ("value", "unit", "grade", "target", "numerator", "denominator", "coverage", "usd_effect")
_TARGETS = ("target_low", "target_high")
_EMPTY = pl.Schema(
    {
        **dict.fromkeys(("kpi", "title", MEMBER, "unit", "grade", "target", "member_of"), pl.String()),
        **dict.fromkeys(("numerator", "denominator", "usd_effect"), MONEY),
        **dict.fromkeys(("value", "coverage", "target_low", "target_high"), pl.Float64()),
    }
)


def _findings(
    rows: pl.DataFrame, kpis: Sequence[Kpi], figures: Figures, question: ScorecardQuestion
) -> tuple[Finding, ...]:
    found = []
    for kpi in kpis:
        own = rows.filter(pl.col("kpi") == kpi.name)
        found += _missing(kpi, figures) if own["value"].is_null().all() else []
        found += _effect(kpi, own, question.currency)
        found += _alerts(own, question.budgets) if kpi.name == "budget_utilization" else []
    if figures.budgets is not None:
        found += unpriced(figures.budgets)
    return tuple(found)


def _missing(kpi: Kpi, figures: Figures) -> list[Finding]:
    """Say why a KPI has no value: no input for it, or no whole day yet."""
    budgets = figures.budgets if kpi.how is How.BUDGET else None
    if budgets is not None and budgets.height and budgets["actual"].is_null().all():
        return []  # that none of their records has a price is a finding of its own
    given = kpi.how is How.PER_DAY or budgets is not None
    if given and (not figures.days or kpi.how is How.BUDGET):
        gist = "No value yet for {}: nothing burns yet, or the period has no whole day yet."
        message, evidence = gist.replace("{}", kpi.title), {"kpi": kpi.name}
        return [Finding(Severity.INFO, "too_early", message, "", evidence, kpi.title, gist)]
    gist = f"No value for {{}}: needs {kpi.needs}."
    message, evidence = gist.replace("{}", kpi.title), {"kpi": kpi.name, "needs": kpi.needs}
    return [Finding(Severity.INFO, "kpi_needs", message, f"finopsctl explain {kpi.name}", evidence, kpi.title, gist)]


def _alerts(own: pl.DataFrame, budgets: Sequence[Budget]) -> list[Finding]:
    """Return one finding per budget for the highest alert level it has reached; how bad that is, its grade says."""
    used = dict(own.select(MEMBER, "value").iter_rows())
    grades = dict(own.select(MEMBER, "grade").iter_rows())
    found = []
    for budget in budgets:
        alerts = fired(budget, used.get(budget.name))
        if not alerts:
            continue
        top = alerts[-1]
        severity = Severity.CRITICAL if grades[budget.name] == Grade.CRITICAL.value else Severity.WARNING
        message = f"Budget {budget.name} is {used[budget.name]:,.1%} used: the alert at {top.at:.0%} has fired."
        evidence = {"budget": budget.name, "utilization": used[budget.name], "at": top.at}
        found.append(Finding(severity, "budget_alert", message, top.action, evidence))
    return found


def _effect(kpi: Kpi, own: pl.DataFrame, currency: str) -> list[Finding]:
    if not kpi.effect or not own["usd_effect"].sum():
        return []
    amount = Decimal(own["usd_effect"].sum())
    said = {
        "retry_cost": ("retry_waste", "Retries cost about {}: each pays for its request again."),
        "fallback_effect": ("fallback_effect", "Fallback models cost {} more than the models asked for."),
        "fallback_cost": (
            "fallback_spend",
            "Fallback models served requests worth {}; what the models asked for would have cost is not known.",
        ),
    }
    code, words = said[kpi.effect]
    return [
        Finding(Severity.INFO, code, words.format(money(amount, currency)), evidence={"kpi": kpi.name, "usd": amount})
    ]
