"""Laws of budgets: whatever the spend, the limit and the day asked for, there is an answer or a clear error."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from finopsctl.analyses.budget import BudgetQuestion, BudgetStanding, project, status
from finopsctl.analyses.budget.grading import STATUSES
from finopsctl.errors import ConfigError
from finopsctl.metrics.budgets import Budget
from ledgers import ledger

LAW = settings(max_examples=25, deadline=None)
PERIODS = ("month", "quarter", "year", "1d", "7d", "30d", "24h", "2w", "1mo")

amounts = st.decimals(min_value=-50, max_value=500, places=3, allow_nan=False)
spends = st.lists(st.tuples(st.integers(0, 70), st.sampled_from("ab"), amounts), max_size=25)
limits = st.decimals(min_value=0, max_value=3000, places=2, allow_nan=False)
instants = st.datetimes(datetime(2026, 8, 20), datetime(2026, 11, 20)).map(lambda when: when.replace(tzinfo=UTC))  # noqa: DTZ001
starts = st.none() | st.dates(date(2026, 8, 1), date(2026, 12, 31))


def rows_of(spend: list[tuple[int, str, Decimal]]) -> pl.LazyFrame:
    first = date(2026, 8, 25)
    table = [f"{first + timedelta(days=day)} {team} {amount}" for day, team, amount in spend]
    return ledger("\n".join(["charge_period_start team cost", *table]), requests=1) if table else _nothing()


def _nothing() -> pl.LazyFrame:
    return ledger("charge_period_start team cost\n2026-10-01 a 1").filter(pl.lit(value=False))


@st.composite
def questions(draw: st.DrawFn) -> tuple[pl.LazyFrame, list[tuple[int, str, Decimal]], BudgetQuestion]:
    spend = draw(spends)
    budgets = tuple(
        Budget(name, draw(limits), draw(st.sampled_from(PERIODS)), scope, draw(starts))
        for name, scope in (("a", {"team": "a"}), ("all", {}), ("nobody", {"team": "c"}))
    )
    return rows_of(spend), spend, BudgetQuestion(budgets, draw(instants))


def by_name(found: BudgetStanding) -> dict[str, dict[str, Any]]:
    return {row["budget"]: row for row in found.rows.iter_rows(named=True)}


@LAW
@given(questions())
def test_every_budget_has_one_row_whatever_is_asked(
    drawn: tuple[pl.LazyFrame, list[tuple[int, str, Decimal]], BudgetQuestion],
) -> None:
    rows, _, question = drawn
    found = project(rows, question)

    assert sorted(found.rows["budget"]) == ["a", "all", "nobody"]
    assert set(found.rows["status"]) <= set(STATUSES)
    assert found.report().headline
    assert found.rows.select(pl.selectors.float()).select(pl.all().is_infinite().any()).row(0) == (False,) * len(
        found.rows.select(pl.selectors.float()).columns
    )


@LAW
@given(questions())
def test_actual_and_remaining_make_up_the_limit_to_the_last_digit(
    drawn: tuple[pl.LazyFrame, list[tuple[int, str, Decimal]], BudgetQuestion],
) -> None:
    rows, spend, question = drawn
    for name, row in by_name(status(rows, question)).items():
        until = question.as_of.replace(tzinfo=None)
        days = [
            amount
            for day, team, amount in spend
            if name in {"all", team}
            and row["period_start"] <= date(2026, 8, 25) + timedelta(days=day)
            and datetime(2026, 8, 25) + timedelta(days=day) < until  # noqa: DTZ001
        ]

        assert row["actual"] == sum(days, Decimal(0))
        assert row["actual"] + row["remaining"] == row["limit"]


@LAW
@given(questions())
def test_a_forecasts_quantiles_are_in_order_and_a_probability_is_one(
    drawn: tuple[pl.LazyFrame, list[tuple[int, str, Decimal]], BudgetQuestion],
) -> None:
    rows, _, question = drawn
    for row in by_name(project(rows, question)).values():
        ends = [row[f"projected_{q}"] for q in ("p10", "p50", "p90")]
        known = [end for end in ends if end is not None]

        assert known == sorted(known)
        assert row["overrun_probability"] is None or 0 <= row["overrun_probability"] <= 1


@LAW
@given(questions())
def test_a_budgets_period_holds_the_instant_before_as_of_once_it_has_begun(
    drawn: tuple[pl.LazyFrame, list[tuple[int, str, Decimal]], BudgetQuestion],
) -> None:
    rows, _, question = drawn
    before = (question.as_of - timedelta(microseconds=1)).date()
    for budget in question.budgets:
        row = by_name(status(rows, question))[budget.name]
        if budget.has_begun(question.as_of):
            assert row["period_start"] <= before < row["period_end"]
        else:
            assert (row["status"], row["actual"]) == ("too_early", 0)


@LAW
@given(spends, st.permutations(range(25)))
def test_the_order_of_rows_changes_nothing(spend: list[tuple[int, str, Decimal]], order: list[int]) -> None:
    assume(len(spend) > 1)
    shuffled = [spend[at] for at in order if at < len(spend)]
    question = BudgetQuestion((Budget("all", Decimal(100)),), datetime(2026, 10, 16, tzinfo=UTC))

    assert project(rows_of(spend), question).rows.equals(project(rows_of(shuffled), question).rows)


@LAW
@given(
    st.decimals(max_value=Decimal("-0.01"), allow_nan=False) | st.just(Decimal("NaN")) | st.just(Decimal("Infinity"))
)
def test_a_limit_below_zero_or_no_number_is_refused(limit: Decimal) -> None:
    with pytest.raises(ConfigError, match="budget 'b' has the limit"):
        Budget("b", limit)
