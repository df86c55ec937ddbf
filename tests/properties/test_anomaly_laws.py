"""What holds for anomalies whatever the rows: flat is usual, scale and order carry over, history never breaks them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.analyses.anomalies.detection import anomalies
from finopsctl.analyses.anomalies.question import AnomalyQuestion
from finopsctl.analyses.anomalies.rules import RULES
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

if TYPE_CHECKING:
    import random

    from finopsctl.analyses.anomalies.result import Anomalies

FIRST, DAYS = date(2026, 8, 1), 45
END = datetime.combine(FIRST + timedelta(days=DAYS), datetime.min.time(), UTC)

spend = st.lists(
    st.tuples(
        st.integers(0, DAYS - 1),
        st.sampled_from(["search", "support", "-"]),
        st.sampled_from(["chat", "mail"]),
        st.integers(0, 400),
    ),
    min_size=1,
    max_size=80,
)
Charges = list[tuple[int, str, str, int]]


def rows_of(charges: Charges, factor: int = 1) -> pl.LazyFrame:
    lines = [
        f"{FIRST + timedelta(days=at)} {team} {feature} m 1 {cost * factor}" for at, team, feature, cost in charges
    ]
    return ledger("day team feature model requests cost\n" + "\n".join(lines))


def found(rows: pl.LazyFrame, **options: Any) -> Anomalies:
    return anomalies(rows, AnomalyQuestion(end=END, by=parse("team"), **options))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 3))
def test_a_flat_series_has_no_anomalies(cents: int, each_day: int) -> None:
    charges = [(at, "search", "chat", cents) for at in range(DAYS) for _ in range(each_day)]

    assert found(rows_of(charges)).rows.is_empty()


@settings(max_examples=12, deadline=None)
@given(spend, st.sampled_from([2, 8, 64]))
def test_money_and_floors_scaled_together_find_the_same(charges: Charges, factor: int) -> None:
    """Factors are powers of two, so that floating point scales exactly."""
    dearer = tuple(replace(rule, floor=rule.floor * factor) for rule in RULES)
    once = found(rows_of(charges)).rows
    scaled = found(rows_of(charges, factor), rules=dearer, critical_excess=10.0 * factor).rows
    same = ["start", "end", "team", "rule", "severity", "score", "cause"]

    assert scaled.select(same).equals(once.select(same))
    assert scaled["value"].to_list() == [value * factor for value in once["value"]]


@settings(max_examples=12, deadline=None)
@given(spend, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(charges: Charges, chance: random.Random) -> None:
    shuffled = list(charges)
    chance.shuffle(shuffled)

    assert found(rows_of(shuffled)).rows.equals(found(rows_of(charges)).rows)


@settings(max_examples=12, deadline=None)
@given(spend, st.integers(1, 400))
def test_more_history_never_turns_into_an_error(charges: Charges, before: int) -> None:
    older = ledger(f"day team requests cost\n{FIRST - timedelta(days=before)} search 1 3", feature="chat", model="m")

    found(pl.concat([rows_of(charges), older]))


@settings(max_examples=12, deadline=None)
@given(spend)
def test_an_excess_is_value_less_expected_and_its_parts_are_no_more(charges: Charges) -> None:
    for row in found(rows_of(charges)).rows.iter_rows(named=True):
        parts = sum((part["excess"] for part in row["contributors"]), Decimal(0))

        assert row["excess"] == row["value"] - row["expected"]
        assert row["start"] < row["end"]
        assert all(part["excess"] * row["excess"] > 0 for part in row["contributors"])
        assert len(row["contributors"]) > 1 or abs(parts) > 0
