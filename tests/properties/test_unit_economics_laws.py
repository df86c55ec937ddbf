"""Laws of unit economics: nothing is lost between what is matched and what is not, whatever the order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.analyses.unit_economics import UnitQuestion, unit_economics
from finopsctl.analyses.unit_economics.customers import by_day
from finopsctl.ledger.schema import INSTANT, LEDGER_SCHEMA, MONEY
from finopsctl.metrics.dimensions import parse
from finopsctl.metrics.outcomes import spend_of_outcomes

START = datetime(2026, 10, 1, tzinfo=UTC)
NAMES = st.sampled_from([None, "a", "b", "c"])
CHARGE = st.fixed_dictionaries(
    {
        "feature": NAMES,
        "team": NAMES,
        "customer": NAMES,
        "user": NAMES,
        "trace_id": NAMES,
        "day": st.integers(0, 9),
        "cost": st.none() | st.integers(-(10**14), 10**15).map(lambda pico: Decimal(pico).scaleb(-12)),
    }
)
OUTCOME = st.fixed_dictionaries(
    {
        "feature": NAMES,
        "team": NAMES,
        "customer": NAMES,
        "trace_id": NAMES,
        "day": st.integers(0, 9),
        "outcomes": st.integers(0, 5),
    }
)
OUTCOME_COLUMNS = {
    "charge_period_start": INSTANT,
    "charge_period_end": INSTANT,
    **dict.fromkeys(("feature", "team", "customer", "trace_id", "currency", "id"), pl.String()),
    "outcomes": pl.Int64(),
    "successes": pl.Int64(),
    "alternative_cost": MONEY,
}


def charged(charges: list[dict[str, Any]]) -> pl.LazyFrame:
    rows = []
    for charge in charges:
        start = START + timedelta(days=charge["day"])
        row = {**dict.fromkeys(LEDGER_SCHEMA), **charge, "charge_period_start": start, "requests": 1}
        rows.append({**row, "record_kind": "request", "provider": "x", "source": "test", "origin": "test"})
    schema = {**LEDGER_SCHEMA, "cost": MONEY}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema).lazy()


def counted(outcomes: list[dict[str, Any]]) -> pl.DataFrame:
    rows = []
    for each in outcomes:
        start = START + timedelta(days=each["day"])
        times = {"charge_period_start": start, "charge_period_end": start + timedelta(days=1)}
        rows.append({**dict.fromkeys(OUTCOME_COLUMNS), **times, **{k: v for k, v in each.items() if k != "day"}})
    return pl.DataFrame(rows, schema=OUTCOME_COLUMNS)


@given(st.lists(CHARGE, max_size=12), st.lists(OUTCOME, max_size=8), st.sampled_from(["", "team", "day", "team,month"]))
@settings(max_examples=25, deadline=None)
def test_matched_and_unmatched_spend_are_all_spend_and_no_outcome_is_lost(
    charges: list[dict[str, Any]], outcomes: list[dict[str, Any]], by: str
) -> None:
    found = spend_of_outcomes(charged(charges), counted(outcomes), parse(by))

    spend = sum((c["cost"] for c in charges if c["cost"] is not None), Decimal(0))
    assert Decimal(found.rows["spend"].sum() or 0) + Decimal(found.idle["spend"].sum() or 0) == spend
    assert found.rows["outcomes"].sum() == sum(o["outcomes"] for o in outcomes)


@given(st.lists(CHARGE, max_size=12), st.lists(OUTCOME, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=12, deadline=None)
def test_the_order_of_rows_changes_nothing(
    charges: list[dict[str, Any]],
    outcomes: list[dict[str, Any]],
    rng: Any,
) -> None:
    once = unit_economics(charged(charges), UnitQuestion(), outcomes=counted(outcomes))
    rng.shuffle(charges)
    rng.shuffle(outcomes)
    again = unit_economics(charged(charges), UnitQuestion(), outcomes=counted(outcomes))

    assert once.rows.equals(again.rows)
    assert once.totals == again.totals


@given(st.lists(CHARGE, max_size=12))
@settings(max_examples=25, deadline=None)
def test_spend_with_and_without_a_name_is_all_spend(charges: list[dict[str, Any]]) -> None:
    totals = unit_economics(charged(charges), UnitQuestion()).totals
    if totals["spend"] is None:  # nothing is priced: not known of any part either
        assert {totals[f"spend_{part}"] for part in ("of_users", "without_user", "of_customers")} == {None}
        return

    assert totals["spend_of_users"] + totals["spend_without_user"] == totals["spend"]
    assert totals["spend_of_customers"] + totals["spend_without_customer"] == totals["spend"]


@given(st.integers(-(10**15), 10**18), st.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_the_days_of_an_amount_add_up_to_it_and_differ_by_one_at_most(pico: int, days: int) -> None:
    amount = Decimal(pico).scaleb(-12)
    row = {
        "customer": "a",
        "plan": None,
        "charge_period_start": START,
        "charge_period_end": START + timedelta(days=days),
    }
    schema = {
        "customer": pl.String(),
        "plan": pl.String(),
        "charge_period_start": INSTANT,
        "charge_period_end": INSTANT,
        "amount": MONEY,
    }
    parts = by_day(pl.DataFrame([{**row, "amount": amount}], schema=schema))["pico"].to_list()

    assert (sum(parts), len(parts)) == (pico, days)
    assert max(parts) - min(parts) <= 1
