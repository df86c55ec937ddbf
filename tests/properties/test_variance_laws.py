"""Laws of the bridge: it adds up, it has no direction of its own, and the order of rows means nothing to it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.analyses.variance import Bridge, BridgeQuestion, Periods, bridge
from finopsctl.analyses.variance.effects import NAMES
from finopsctl.ledger.schema import LEDGER_SCHEMA, MONEY, RECORD_KIND, conform
from finopsctl.metrics.dimensions import parse

if TYPE_CHECKING:
    import random

COUNT = st.integers(0, 5000)
KNOWN = st.one_of(st.none(), COUNT)
AMOUNT = st.decimals(Decimal(0), Decimal(10**6), places=12, allow_nan=False, allow_infinity=False)
CHARGE = st.decimals(Decimal(-1000), Decimal(1000), places=12, allow_nan=False, allow_infinity=False)
WHO = st.fixed_dictionaries(
    {
        "team": st.sampled_from(["a", "b", None]),
        "provider": st.sampled_from(["openai", "azure"]),
        "model": st.sampled_from(["m", "n", "o", None]),
        "service_tier": st.sampled_from(["standard", "batch", None]),
    }
)
USAGE = st.fixed_dictionaries(
    {
        "requests": st.one_of(st.none(), st.integers(0, 300)),
        "cache_hits": st.one_of(st.none(), st.integers(0, 300)),
        "retries": st.one_of(st.none(), st.integers(0, 50)),
        "input_tokens": KNOWN,
        "cache_read_tokens": KNOWN,
        "cache_write_tokens": KNOWN,
        "output_tokens": KNOWN,
        "parts": st.one_of(st.none(), st.lists(AMOUNT, min_size=4, max_size=4)),
        "cost": st.one_of(st.none(), AMOUNT),
    }
)
MONEY_LINE = st.fixed_dictionaries({"record_kind": st.sampled_from(["cost", "credit"]), "cost": CHARGE})
ROW = st.tuples(WHO, st.one_of(USAGE, MONEY_LINE)).map(lambda parts: {"record_kind": "request", **parts[0], **parts[1]})
ROWS = st.lists(ROW, max_size=12)
PARTS = ("list_input_cost", "list_cache_read_cost", "list_cache_write_cost", "list_output_cost")
SCHEMA = {**LEDGER_SCHEMA, "cost": MONEY, "record_kind": RECORD_KIND}


def ledger(rows: list[dict[str, Any]]) -> pl.LazyFrame:
    """Return rows as a ledger; ``parts`` are those of the list cost."""
    records = []
    for row in rows:
        record = {name: value for name, value in row.items() if name != "parts"}
        parts = row.get("parts")
        if parts:
            record |= dict(zip(PARTS, parts, strict=True), list_cost=sum(parts), list_other_cost=Decimal(0))
        records.append({**record, "source": "test"})
    names = ["cost", "record_kind", "source", *(n for n in SCHEMA if any(n in r for r in records))]
    frame = pl.DataFrame(records, schema={n: SCHEMA[n] for n in dict.fromkeys(names)}).lazy()
    return pl.concat([conform(frame), frame.select("cost")], how="horizontal")


def split(before: list[dict[str, Any]], after: list[dict[str, Any]], by: str = "team", days: int = 30) -> Bridge:
    return bridge(ledger(before), ledger(after), BridgeQuestion(by=parse(by), periods=Periods("b", "a", (30, days))))


@settings(max_examples=12, deadline=None)
@given(ROWS, ROWS, st.sampled_from(["", "team", "model", "service_tier", "team,provider"]), st.sampled_from([28, 30]))
def test_the_parts_of_every_row_and_of_the_total_add_up_to_the_change(
    before: list[dict[str, Any]], after: list[dict[str, Any]], by: str, days: int
) -> None:
    found = split(before, after, by, days)
    effects = [name for name in NAMES if name not in by.split(",")]

    for row in [*found.rows.iter_rows(named=True), found.totals]:
        assert sum((row[name] for name in effects), Decimal(0)) == row["change"] == row["actual"] - row["baseline"]
    for name in ["baseline", "actual", "change", *effects]:
        assert found.rows[name].sum() == found.totals[name]


@settings(max_examples=12, deadline=None)
@given(ROWS, ROWS)
def test_amounts_are_those_of_the_ledger(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    found = split(before, after)

    for name, rows in (("baseline", before), ("actual", after)):
        assert found.totals[name] == sum((row["cost"] for row in rows if row["cost"] is not None), Decimal(0))


@settings(max_examples=12, deadline=None)
@given(ROWS, ROWS)
def test_the_way_back_is_the_way_there_with_the_other_sign(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    there, back = split(before, after), split(after, before)
    negated = {"new_models": "retired_models", "retired_models": "new_models"}

    for name in NAMES:
        assert there.totals[name] == -back.totals[negated.get(name, name)]


@settings(max_examples=12, deadline=None)
@given(ROWS, ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(
    before: list[dict[str, Any]], after: list[dict[str, Any]], chance: random.Random
) -> None:
    first = split(before, after)
    shuffled = split(chance.sample(before, len(before)), chance.sample(after, len(after)))

    assert first.rows.equals(shuffled.rows)
    assert first.effects.equals(shuffled.effects)


@settings(max_examples=12, deadline=None)
@given(ROWS)
def test_equal_periods_have_no_effects(rows: list[dict[str, Any]]) -> None:
    found = split(rows, rows)

    assert [name for name in NAMES if found.totals[name]] == []
    assert found.totals["change"] == 0


@settings(max_examples=12, deadline=None)
@given(ROWS, ROWS)
def test_merging_groups_keeps_the_totals_and_what_models_came_and_went(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    fine, coarse = split(before, after, "team,provider"), split(before, after, "")

    for name in ("baseline", "actual", "change"):
        assert fine.totals[name] == coarse.totals[name]
    for name in ("new_models", "retired_models"):
        assert abs(fine.totals[name] - coarse.totals[name]) < Decimal("0.000001")


@settings(max_examples=12, deadline=None)
@given(ROWS, ROWS)
def test_a_total_without_groups_has_no_mix_of_groups(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    assert split(before, after, "").totals.get("mix", 0) == 0
