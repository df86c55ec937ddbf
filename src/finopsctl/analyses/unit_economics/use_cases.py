"""Cost per outcome of each use case, against its target and against doing it without a model.

With an alternative cost ``a`` per outcome (a human's reply, manual entry): net value = a x useful outcomes - spend,
where the useful ones are the successes (all outcomes where success is not known); the spend is earned back from
``spend / a`` outcomes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.unit_economics.question import UnitQuestion, unit_rows
from finopsctl.errors import nearest
from finopsctl.metrics.kpi import RangeScale
from finopsctl.metrics.measures import ratio
from finopsctl.metrics.outcomes import UNCONVERTED, Chosen, SpendOfOutcomes, choose, spend_of_outcomes
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Table
from finopsctl.results.units import Unit
from finopsctl.results.wording import counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, eq=False)
class UseCases:
    """Outcomes and what they cost.

    Args:
        rows: In the shape of all rows, most spend first.
        found: What was joined.
        chosen: Which outcomes count.
    """

    rows: pl.DataFrame
    found: SpendOfOutcomes
    chosen: Chosen

    @property
    def matched(self) -> pl.DataFrame:
        """The rows that have spend."""
        return self.rows.filter(pl.col("spend").is_not_null())


def use_cases(ledger: pl.LazyFrame, table: pl.DataFrame, question: UnitQuestion) -> UseCases:
    """Put a cost on each use case's outcomes.

    Args:
        ledger: Ledger columns and ``cost``, filtered to the period.
        table: Outcomes, alternative costs in the currency of ``cost``.
        question: The period, dimensions and targets.
    """
    chosen = choose(table, question.asked)
    found = spend_of_outcomes(ledger, chosen.rows, question.by, question.timezone)
    spend, count, useful = pl.col("spend"), pl.col("outcomes"), pl.col("useful")
    all_judged = pl.col("judged") == count
    priced = found.rows.with_columns(
        count=count,
        cost_per=ratio(spend, count),
        success_rate=ratio(pl.col("successes"), pl.col("judged")),
        success_of=pl.when(pl.col("successes").is_not_null()).then(pl.lit("outcomes")),
        cost_per_success=pl.when(all_judged).then(ratio(spend, pl.col("successes"))),
        alternative_cost=ratio(pl.col("worth"), pl.col("valued")),
        net_value=pl.col("worth") - spend,
        joined_by=pl.when(pl.col("linked_outcomes") > 0).then(pl.lit("trace_id")).otherwise(pl.lit(found.owner)),
        linked_spend=pl.when(pl.col("linked_outcomes") > 0).then("linked_spend"),
    ).with_columns(
        saving_per_success=pl.col("alternative_cost") - ratio(spend, useful),
        roi=ratio(pl.col("net_value"), spend),
        break_even_count=ratio(spend.cast(pl.Float64), pl.col("alternative_cost")),
    )
    return UseCases(unit_rows(_graded(priced, found.owner, question), "outcome", question), found, chosen)


def _graded(rows: pl.DataFrame, owner: str, question: UnitQuestion) -> pl.DataFrame:
    scale = question.kpi("cost_per_outcome").scale
    if not isinstance(scale, RangeScale) or owner != "feature":
        return rows
    keyed = rows.with_columns(pl.col(owner).alias(scale.by))
    return keyed.with_columns(grade=scale.grade(pl.col("cost_per")), target_high=scale.high()).drop(scale.by)


def table_of(found: UseCases, question: UnitQuestion) -> Table:
    """Return the table people read."""
    dims = [d for d in (*question.by,) if d.name in {b.name for b in found.found.by}]
    owner = {"feature": "Use case", "customer": "Customer", "team": "Team"}[found.found.owner]
    has = {name for name in found.rows.columns if found.rows[name].null_count() < found.rows.height}
    optional = (
        Column("success_rate", "Success rate", Unit.SHARE),
        Column("cost_per_success", "Cost per success", Unit.UNIT_PRICE, 2),
        Column("target_high", "Target (below)", Unit.UNIT_PRICE, 3),
        Column("alternative_cost", "Alternative cost", Unit.UNIT_PRICE, 2),
        Column("net_value", "Net value", Unit.USD, 1),
        Column("break_even_count", "Outcomes to break even", Unit.COUNT, 4),
        Column("joined_by", "Matched by", priority=6),
        Column("grade", "Grade", Unit.GRADE),
    )
    columns = (
        Column(found.found.owner, owner, null="(unknown)"),
        *(d.column for d in dims),
        Column("spend", "Spend", Unit.USD),
        Column("count", "Outcomes", Unit.COUNT),
        Column("cost_per", "Cost per outcome", Unit.UNIT_PRICE),
        *(column for column in optional if column.name in has),
    )
    words = {"trace_id": "trace", "feature": "use case"}
    frame = found.rows.with_columns(pl.col("break_even_count").ceil(), pl.col("joined_by").replace(words))
    return Table("Outcomes", frame, columns)


def findings(found: UseCases, question: UnitQuestion) -> Iterator[Finding]:
    """Yield what a reader must know: what is over target, what is unmatched on either side, what was left out."""
    yield from _over_target(found, question.currency)
    yield from _unmatched(found, question.currency)
    yield from _left_out(found, question)


def _over_target(found: UseCases, currency: str) -> Iterator[Finding]:
    for row in found.rows.filter(pl.col("grade") == "warning").iter_rows(named=True):
        each, target = money(Decimal(str(row["cost_per"])), currency), money(Decimal(str(row["target_high"])), currency)
        message = f"One outcome of {row['feature']} costs {each}; the target is below {target}."
        evidence = {"feature": row["feature"], "cost_per": row["cost_per"], "target": row["target_high"]}
        yield Finding(Severity.WARNING, "outcome_over_target", message, "", evidence)
    for row in found.rows.filter(pl.col("net_value") < 0).iter_rows(named=True):
        loss = money(-row["net_value"], currency)
        name = row[found.found.owner] or "(unknown)"
        message = f"{name} costs {loss} more than its useful outcomes would cost without it."
        evidence = {found.found.owner: row[found.found.owner], "net_value": row["net_value"]}
        yield Finding(Severity.WARNING, "outcome_dearer_than_alternative", message, "", evidence)


def _unmatched(found: UseCases, currency: str) -> Iterator[Finding]:
    owner = found.found.owner
    lost = found.rows.filter(pl.col("spend").is_null())
    if lost.height:
        names = lost[owner].fill_null("(unknown)").unique(maintain_order=True).to_list()
        known = [name for name in (*found.matched[owner], *found.found.idle[owner]) if name]
        close = nearest(names[0], known)
        hint = close if close.startswith("Did you mean") else ""
        count = int(lost["count"].sum())
        what = {"feature": "use case"}.get(owner, owner)
        of_what = counted(len(names), what)
        verb = "has" if len(names) == 1 else "have"
        message = f"{of_what} with {counted(count, 'outcome')} {verb} no spend: {some_of(names)}."
        yield Finding(Severity.WARNING, "outcomes_without_spend", message, hint, {"outcomes": count, owner: names})
    if found.found.lost_traces:
        count = found.found.lost_traces
        message = f"{counted(count, 'outcome names a trace', 'outcomes name a trace')} that no record here has."
        yield Finding(Severity.WARNING, "outcome_traces_unknown", message, "", {"outcomes": count})
    idle = found.found.idle
    if idle.height:
        amount = Decimal(idle["spend"].sum())
        names = idle[owner].fill_null("(untagged)").unique(maintain_order=True).to_list()
        message = f"{money(amount, currency)} of spend has no outcomes beside it: {some_of(names)}."
        hint = "What they bring about can be counted in the outcomes file too."
        yield Finding(Severity.INFO, "spend_without_outcomes", message, hint, {"spend": amount, owner: names})


def _left_out(found: UseCases, question: UnitQuestion) -> Iterator[Finding]:
    chosen = found.chosen
    if chosen.elsewhere:
        who = counted(chosen.elsewhere, "outcome lies", "outcomes lie")
        message = f"{who} outside the period, and out of every figure."
        yield Finding(Severity.INFO, "outcomes_elsewhere", message, "", {"outcomes": chosen.elsewhere})
    if chosen.straddling:
        message = (
            f"{counted(chosen.straddling, 'outcome is', 'outcomes are')} counted for a span that is only partly in "
            "the period, and left out."
        )
        hint = "Ask for whole months, or count outcomes by day."
        yield Finding(Severity.WARNING, "outcomes_straddle", message, hint, {"outcomes": chosen.straddling})
    if UNCONVERTED in chosen.rows.columns and (count := int(chosen.rows.filter(UNCONVERTED)["outcomes"].sum())):
        who = counted(count, "outcome has", "outcomes have")
        message = f"{who} an alternative cost in a currency without a rate to the report's: it is in no figure."
        hint = "Add [[exchange-rate]] tables to the configuration."
        yield Finding(Severity.WARNING, "alternative_unconverted", message, hint, {"outcomes": count})
    if chosen.unanswered:
        said = " and ".join(chosen.unanswered)
        message = f"Outcomes cannot be filtered by {said}: the filter narrows the spend alone."
        yield Finding(Severity.WARNING, "outcomes_not_filtered", message, "", {"where": list(chosen.unanswered)})
    if found.found.unknown:
        said = ", ".join(found.found.unknown)
        message = f"Outcomes do not tell {said}: they are not split by it."
        yield Finding(Severity.INFO, "outcomes_not_split", message, "", {"by": list(found.found.unknown)})
    early = found.found.rows["outside_spend"].sum()
    if early:
        message = (
            f"{money(Decimal(early), question.currency)} of the spend of these use cases lies more than a week before "
            "the first or after the last outcome: each outcome looks dearer for it."
        )
        hint = "Ask for the period that the outcomes cover (--month, --since, --until)."
        yield Finding(Severity.WARNING, "outcomes_cover_less", message, hint, {"spend": Decimal(early)})
