"""Laws of reconciliation: causes add up to the gap, what is compared with itself agrees, order does not matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.analyses.reconciliation.prepaid import Prepaid, draw_down
from finopsctl.analyses.reconciliation.reconcile import reconcile
from finopsctl.ledger.schema import MONEY, RECORD_KIND, conform
from finopsctl.metrics.measures import to_money

if TYPE_CHECKING:
    from finopsctl.analyses.reconciliation.reconcile import Reconciliation

START = datetime(2026, 10, 28, tzinfo=UTC)
PICO = Decimal("1e-12")
amounts = st.integers(-(10**15), 10**16)
counts = st.none() | st.integers(0, 10**9)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """Return one record around the end of October: usage with tokens, or a line of money with or without a quantity."""
    kind = draw(st.sampled_from(["request", "usage", "cost", "credit"]))
    cost = draw(st.none() | amounts)
    is_usage = kind in {"request", "usage"}
    start = START + timedelta(days=draw(st.integers(0, 8)))
    is_listed = is_usage and draw(st.booleans())
    listed = draw(st.integers(0, 10**15))
    return {
        "charge_period_start": start,
        "charge_period_end": start + timedelta(days=1) if draw(st.booleans()) else None,
        "record_kind": kind,
        "provider": draw(st.sampled_from(["openai", "azure"])),
        "model": draw(st.sampled_from(["a", "b", None])),
        "project": draw(st.sampled_from(["p", "q", None])),
        "service_tier": draw(st.sampled_from(["batch", None])),
        "input_tokens": draw(counts) if is_usage else None,
        "output_tokens": draw(counts) if is_usage else None,
        "consumed_quantity": draw(st.none() | st.integers(0, 1000).map(float)),
        "consumed_unit": draw(st.sampled_from(["tokens", "images", None])) if not is_usage else None,
        "tags": draw(st.sampled_from([None, '{"line_item":"a,output"}', '{"line_item":"VAT"}']))
        if not is_usage
        else None,
        "cost": None if cost is None else cost * PICO,
        "list_cost": listed * PICO if is_listed else None,
        "list_input_cost": listed * PICO if is_listed else None,
    }


def frame(rows: list[dict[str, Any]]) -> pl.LazyFrame:
    """Return records as a ledger with ``cost``."""
    names = ("record_kind", "cost", "list_cost", "list_input_cost")
    texts = ("provider", "model", "project", "service_tier", "consumed_unit", "tags")
    instants = dict.fromkeys(("charge_period_start", "charge_period_end"), pl.Datetime("us", "UTC"))
    schema: dict[str, Any] = {
        **instants,
        **dict.fromkeys(texts, pl.String()),
        **dict.fromkeys(("input_tokens", "output_tokens"), pl.Int64()),
        "consumed_quantity": pl.Float64(),
        **dict(zip(names, (RECORD_KIND, MONEY, MONEY, MONEY), strict=True)),
    }
    built = pl.DataFrame(rows, schema=schema).lazy()
    zeros = {f"list_{part}_cost": pl.when(pl.col("list_cost").is_not_null()).then(0) for part in _REST}
    return pl.concat([conform(built.with_columns(**zeros)), built.select("cost")], how="horizontal")


_REST = ("cache_read", "cache_write", "output", "other")
ledgers = st.lists(records(), min_size=1, max_size=12)
BILL = {
    "charge_period_start": START,
    "charge_period_end": None,
    "record_kind": "cost",
    "provider": "openai",
    "cost": Decimal("1.00"),
}


def total(found: Reconciliation, column: str) -> Decimal:
    return sum(found.rows[column].to_list(), Decimal(0))


@given(ledgers, ledgers)
@settings(max_examples=12, deadline=None)
def test_the_causes_add_up_to_the_gap_to_the_last_digit(
    ours: list[dict[str, Any]], billed: list[dict[str, Any]]
) -> None:
    invoice = frame([*billed, BILL])
    found = reconcile(frame([*ours, BILL]), invoice)

    assert sum(found.causes["difference"].to_list(), Decimal(0)) == found.totals["difference"]
    assert found.totals["difference"] == found.totals["invoice"] - found.totals["ledger"]
    assert (found.rows["difference"] == found.rows["invoice"] - found.rows["ledger"]).all()
    assert sum(found.providers["difference"].to_list(), Decimal(0)) == found.totals["difference"]
    whole = invoice.select(pl.col("cost").to_physical().sum()).collect().item() * PICO
    assert found.totals["invoice"] + found.totals["invoice_not_compared"] == whole


@given(ledgers)
@settings(max_examples=8, deadline=None)
def test_every_row_has_one_cause_and_only_matched_rows_differ_by_nothing(ours: list[dict[str, Any]]) -> None:
    found = reconcile(frame([*ours, BILL]), frame([BILL]))

    keys = [name for name in found.rows.columns if name in {"provider", "month", "model", "meter", "token_class"}]
    assert ((found.rows["difference"] == 0) == (found.rows["cause"] == "matched")).all()
    assert found.rows["cause"].null_count() == 0
    assert (
        found.rows.select(*keys, "project", "service_tier", "cause")
        .filter(pl.col("cause") == "quantity")
        .is_unique()
        .all()
    )


@given(ledgers)
@settings(max_examples=8, deadline=None)
def test_what_is_compared_with_itself_agrees(ours: list[dict[str, Any]]) -> None:
    rows = [{**row, "cost": row["cost"] or Decimal(0)} for row in (*ours, BILL)]
    same = frame([row for row in rows if row["record_kind"] != "usage" or row["input_tokens"]])

    found = reconcile(same, same)

    assert set(found.rows["cause"]) == {"matched"}
    assert found.verdict.within


@given(ledgers, ledgers, st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_the_order_of_records_does_not_matter(
    ours: list[dict[str, Any]], billed: list[dict[str, Any]], random: Any
) -> None:
    first = reconcile(frame([*ours, BILL]), frame([*billed, BILL]))
    random.shuffle(ours)
    random.shuffle(billed)

    again = reconcile(frame([BILL, *ours]), frame([BILL, *billed]))

    assert again.rows.equals(first.rows)
    assert again.totals == first.totals


@given(
    st.dictionaries(st.integers(0, 60), st.integers(0, 10**15), max_size=30),
    st.lists(st.tuples(st.integers(0, 10**16), st.integers(0, 40), st.none() | st.integers(1, 60)), max_size=4),
)
@settings(max_examples=12, deadline=None)
def test_credits_are_never_overdrawn_and_what_is_used_was_spent(
    spent: dict[int, int], packs: list[tuple[int, int, int | None]]
) -> None:
    day = START.date()
    days = {"provider": "openai", "day": [day + timedelta(n) for n in spent], "pico": list(spent.values())}
    spend = pl.DataFrame(days, schema={"provider": pl.String, "day": pl.Date, "pico": pl.Int128}).select(
        "provider", "day", amount=to_money(pl.col("pico"))
    )
    credits_ = tuple(
        Prepaid(
            str(n),
            "openai",
            amount * PICO,
            day + timedelta(start),
            day + timedelta(start + length) if length else None,
        )
        for n, (amount, start, length) in enumerate(packs)
    )

    found = draw_down(spend, credits_, day + timedelta(61))

    assert (found["used"] <= found["amount"]).all()
    assert (found["balance"] <= found["amount"] - found["used"]).all()
    assert sum(found["used"].to_list(), Decimal(0)) <= sum(spent.values()) * PICO
