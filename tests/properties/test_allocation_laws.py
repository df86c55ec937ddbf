"""Laws of shared cost: nothing is lost, order and scale do not matter, nothing spread changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.allocation.pools import Capacity, Pool, Rate, Sharing
from finopsctl.allocation.shared_cost import spread
from finopsctl.analyses.attribution import Breakdown, breakdown
from finopsctl.analyses.chargeback import ChargebackQuestion, chargeback
from finopsctl.ledger.period import between
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

OCTOBER = between(date(2026, 10, 1), date(2026, 11, 1), "UTC", "month")
HEADS = {"a": Decimal(3), "b": Decimal("1.5"), "z": Decimal(2)}

_AMOUNTS = st.integers(-(10**24), 10**24)
_WEIGHTS = st.dictionaries(
    st.tuples(st.sampled_from("abcdefg")),
    st.one_of(st.integers(0, 10**15), st.fractions(0, 1000)),
    min_size=1,
)
_MONEY = st.decimals(min_value=-1000, max_value=1000, places=12).map(lambda d: f"{d:f}")
_ROWS = st.lists(
    st.tuples(
        st.integers(1, 28),
        st.sampled_from("ab-"),
        st.sampled_from(["x", "y"]),
        st.sampled_from(["openai", "self-hosted"]),
        st.sampled_from(["request", "credit"]),
        st.one_of(st.just("-"), _MONEY),
        st.integers(0, 1000),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=10,
)
_HEADER = "day team model provider record_kind cost input_tokens requests"
_DRIVERS = st.sampled_from(["spend", "tokens", "requests", "headcount", "even"])


@st.composite
def _pools(draw: st.DrawFn) -> tuple[Pool, ...]:
    """Return some of: a platform cost, unowned spend, one model's charges, a machine with idle hours."""
    capacity = Capacity(Decimal(1), Decimal("0.123456789"), tokens_per_unit_hour=Decimal(7))
    idle = draw(st.sampled_from(["visible", "users", "all"]))
    every = [
        Pool("platform", draw(_DRIVERS), cost=Decimal("1234.56789")),
        Pool("unowned", draw(_DRIVERS), {"team": ("",)}),
        Pool("model x", draw(_DRIVERS), {"model": ("x",)}, but_not=("b",)),
        Pool("machine", "", {"provider": ("self-hosted",)}, capacity=capacity, idle=idle),
        Pool("use", when={"model": ("x",)}, rate=Rate(Decimal("0.00005"), Decimal("0.0001"))),
        Pool("fixed", "fixed", cost=Decimal("0.1"), shares={"a": Decimal("0.3"), "q": Decimal("0.4")}),
    ]
    return tuple(draw(st.lists(st.sampled_from(every), max_size=5, unique_by=lambda pool: pool.name)))


def _table(rows: list[tuple[Any, ...]]) -> str:
    return "\n".join([_HEADER, *(" ".join(str(cell) for cell in row) for row in rows)])


def _spend(rows: list[tuple[Any, ...]]) -> Decimal:
    return sum((Decimal(row[5]) for row in rows if row[5] != "-"), Decimal(0))


def _broken_down(rows: list[tuple[Any, ...]], pools: tuple[Pool, ...], by: str = "team") -> Breakdown:
    sharing = Sharing(pools, OCTOBER, HEADS)
    return breakdown(ledger(_table(rows)), parse(by), sharing=sharing)


@settings(max_examples=25, deadline=None)
@given(_AMOUNTS, _WEIGHTS)
def test_parts_add_up_to_what_is_spread(amount: int, weights: dict[Any, Fraction]) -> None:
    parts = spread(amount, weights)

    assert sum(parts.values()) == (amount if any(weights.values()) else 0)


@settings(max_examples=25, deadline=None)
@given(_AMOUNTS, _WEIGHTS, st.randoms())
def test_the_order_of_owners_does_not_matter(amount: int, weights: dict[Any, Fraction], random: Any) -> None:
    shuffled = random.sample(sorted(weights.items()), len(weights))

    assert spread(amount, dict(shuffled)) == spread(amount, weights)


@settings(max_examples=25, deadline=None)
@given(_AMOUNTS, _WEIGHTS, st.fractions(Fraction(1, 1000), 1000).filter(bool))
def test_the_unit_of_the_driver_does_not_matter(amount: int, weights: dict[Any, Fraction], factor: Fraction) -> None:
    assert spread(amount, {key: weight * factor for key, weight in weights.items()}) == spread(amount, weights)


@settings(max_examples=25, deadline=None)
@given(_AMOUNTS, _WEIGHTS)
def test_no_part_is_further_than_a_unit_from_its_proportion(amount: int, weights: dict[Any, Fraction]) -> None:
    whole = sum(map(Fraction, weights.values()))
    for key, part in spread(amount, weights).items():
        assert abs(part - amount * Fraction(weights[key]) / whole) < 1


@settings(max_examples=25, deadline=None)
@given(_AMOUNTS, _WEIGHTS)
def test_what_is_owed_and_what_is_due_are_spread_alike(amount: int, weights: dict[Any, Fraction]) -> None:
    assert spread(-amount, weights) == {key: -part for key, part in spread(amount, weights).items()}


@settings(max_examples=25, deadline=None)
@given(_ROWS, _pools(), st.sampled_from(["team", "team,model", "model", "day", "provider,team"]))
def test_spend_is_the_ledger_less_what_is_replaced_plus_what_is_outside(
    rows: list[tuple[Any, ...]], pools: tuple[Pool, ...], by: str
) -> None:
    found = _broken_down(rows, pools, by)
    totals = found.totals

    if totals["spend"] is None:  # nothing is priced and nothing spread: unknown, not 0
        assert (totals["ledger"], totals["direct"], _spend(rows)) == (None, None, Decimal(0))
        assert found.rows["spend"].is_null().all()
        return
    assert totals["ledger"] == _spend(rows)
    assert found.rows["spend"].drop_nulls().sum() == totals["ledger"] - totals["replaced"] + totals["outside"]
    assert totals["spend"] == totals["direct"] + totals["shared"]


@settings(max_examples=25, deadline=None)
@given(_ROWS, _pools())
def test_an_owner_pays_the_same_however_the_answer_is_split(
    rows: list[tuple[Any, ...]], pools: tuple[Pool, ...]
) -> None:
    whole = _broken_down(rows, pools).rows.select("team", "kept", "spend")
    split = _broken_down(rows, pools, "team,model").rows.group_by("team", "kept").agg(spend="spend")
    again = {(team, kept): sum(filter(None, spend), Decimal(0)) for team, kept, spend in split.iter_rows()}

    assert {(team, kept): spend or 0 for team, kept, spend in whole.iter_rows()} == again


@settings(max_examples=25, deadline=None)
@given(_ROWS)
def test_spreading_nothing_changes_nothing(rows: list[tuple[Any, ...]]) -> None:
    plain = breakdown(ledger(_table(rows)), parse("team"))
    zero = _broken_down(rows, (Pool("nothing", "requests", cost=Decimal(0)),))

    assert zero.rows.select(plain.rows.columns).equals(plain.rows)


@settings(max_examples=25, deadline=None)
@given(_ROWS, _pools(), st.sampled_from(["team", "project", "team,model"]))
def test_a_chargeback_ties_and_agrees_with_the_showback(
    rows: list[tuple[Any, ...]], pools: tuple[Pool, ...], by: str
) -> None:
    question = ChargebackQuestion(OCTOBER, parse(by), Sharing(pools, OCTOBER, HEADS), {}, OCTOBER.end)
    found = chargeback(ledger(_table(rows)), question)
    shown = _broken_down(rows, pools, by)

    assert found.difference == 0
    assert found.totals["total"] == shown.totals["spend"]
    assert found.rows["total"].sum() == found.owners["total"].sum()
