"""Laws of attribution: whatever tags and meters records carry, the rows add up to the ungrouped totals."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.analyses.attribution import breakdown
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

_MONEY = st.decimals(min_value=-1000, max_value=1000, places=12).map(lambda amount: f"{amount:f}")
_VALUES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3, unique=True)
_ROWS = st.lists(
    st.tuples(
        _VALUES,
        _VALUES,
        st.sampled_from(["-", "images", "web_search", "tokens"]),
        st.integers(0, 1000),
        st.integers(0, 1000),
        st.sampled_from(["-", "0", "0.01", "7"]),
        st.sampled_from(["-", "0", "0.02", "3"]),
        st.one_of(st.just("-"), _MONEY),
    ),
    min_size=1,
    max_size=12,
)
_HEADER = "tags consumed_unit requests input_tokens list_input_cost list_other_cost cost"


def _tags(first: list[str], second: list[str]) -> str:
    several = {"x": json.dumps(first, separators=(",", ":")), "y": json.dumps(second, separators=(",", ":"))}
    return json.dumps({name: text for name, text in several.items() if text != "[]"}, separators=(",", ":"))


def _table(rows: list[tuple[Any, ...]]) -> str:
    return "\n".join([_HEADER, *(" ".join([_tags(x, y), *map(str, rest)]) for x, y, *rest in rows)])


@settings(max_examples=25, deadline=None)
@given(
    _ROWS,
    st.sampled_from(["tag:x", "tag:x,tag:y", "tag:y,model", "meter", "meter,tag:x", "token_class,tag:x"]),
    st.sampled_from(["first", "split"]),
)
def test_no_value_and_no_meter_adds_to_the_total(rows: list[tuple[Any, ...]], names: str, way: str) -> None:
    expected = sum(Decimal(row[-1]) for row in rows if row[-1] != "-")
    plain = breakdown(ledger(_table(rows)), parse("team"))
    found = breakdown(ledger(_table(rows)), parse(names), tags=way)

    assert found.rows["spend"].drop_nulls().sum() == expected
    assert found.totals == plain.totals
    assert found.rows["tokens"].sum() == plain.rows["tokens"].sum()
    if "token_class" not in names:
        assert found.rows["requests"].sum() == plain.rows["requests"].sum()


@settings(max_examples=25, deadline=None)
@given(_ROWS, _ROWS, st.sampled_from(["tag:x", "meter"]), st.sampled_from(["first", "split"]))
def test_the_changes_of_all_groups_add_up_to_the_change(
    rows: list[tuple[Any, ...]], before: list[tuple[Any, ...]], names: str, way: str
) -> None:
    """A cost that is not known counts as nothing on either side here: only groups with one have a change."""
    now, then = (_table([row if row[-1] != "-" else (*row[:-1], "0") for row in each]) for each in (rows, before))
    found = breakdown(ledger(now), parse(names), tags=way, previous=ledger(then), sort="change")
    sizes = [abs(amount) for amount in found.rows["change_amount"].to_list()]

    assert found.rows["change_amount"].sum() == found.totals["change_amount"]
    assert sizes == sorted(sizes, reverse=True)
