"""Money by token class: what each class takes, and that nothing is lost."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.metrics.token_split import spend_by_class
from ledgers import ledger


def spends(table: str) -> dict[str | None, Decimal]:
    rows = spend_by_class(ledger(table), {}).collect().iter_rows(named=True)
    return {row["token_class"]: row["spend"] for row in rows}


def test_list_money_is_its_own_parts() -> None:
    """0.03 of input, 0.01 of output, 0.002 of fees: nothing to divide."""
    found = spends("""
    input_tokens output_tokens list_cost list_input_cost list_output_cost list_other_cost cost
    3000         100           0.042     0.03            0.01             0.002           0.042
    """)

    assert found == {"input": Decimal("0.03"), "output": Decimal("0.01"), "other": Decimal("0.002")}


def test_other_money_is_split_in_proportion_and_the_remainder_goes_to_the_largest_class() -> None:
    """10 pico over 2:1 is 6.67 and 3.33: 6 + 3, and the 1 left goes to the input, the larger part."""
    found = spends("""
    input_tokens output_tokens list_cost list_input_cost list_output_cost cost
    10           10            3         2               1                0.000000000010
    """)

    assert found == {"input": Decimal("0.000000000007"), "output": Decimal("0.000000000003")}


def test_money_without_a_list_price_is_not_split() -> None:
    found = spends("input_tokens output_tokens list_cost cost\n10 10 - 5.00")

    assert found == {None: Decimal(5), "input": 0, "output": 0}


def test_an_unpriced_row_adds_tokens_and_no_money() -> None:
    assert spends("input_tokens cost\n10 -") == {"input": 0}


def test_reasoning_shares_the_output_part_by_tokens() -> None:
    """4.00 of output over 300 visible and 100 thinking tokens: 3 and 1."""
    found = spends("""
    output_tokens reasoning_tokens list_cost list_output_cost cost
    300           100              4         4                4
    """)

    assert found == {"output": 3, "reasoning": 1}


def test_one_hour_writes_weigh_1_6_times_five_minute_writes() -> None:
    """100 x 1.25 and 100 x 2 of the input price: 13 splits into 5 and 8."""
    found = spends("""
    cache_write_tokens cache_write_1h_tokens list_cost list_cache_write_cost cost
    100                100                   13        13                    13
    """)

    assert found == {"cache_write": 5, "cache_write_1h": 8}


def test_audio_alone_is_audio_and_beside_text_is_folded_into_input() -> None:
    alone = spends("audio_input_tokens list_cost list_input_cost cost\n10 1 1 1")
    beside = spends("input_tokens audio_input_tokens list_cost list_input_cost cost\n5 10 1 1 1")

    assert alone == {"audio_input": 1}
    assert beside == {"input": 1, "audio_input": 0}


def test_tokens_served_from_the_response_cache_are_not_counted() -> None:
    rows = spend_by_class(ledger("requests cache_hits input_tokens cost\n1 1 10 0\n1 0 7 0"), {}).collect()

    assert rows["tokens"].to_list() == [7]


def test_a_row_beyond_128_bits_of_product_loses_nothing() -> None:
    """30 billion USD split 1:2 would overflow when multiplied out."""
    found = spends("""
    input_tokens output_tokens list_cost   list_input_cost list_output_cost cost
    10           10            60000000000 20000000000     40000000000      30000000000.000000000001
    """)

    assert sum(found.values()) == Decimal("30000000000.000000000001")


_MONEY = st.decimals(min_value=-1000, max_value=1000, places=12)
_PART = st.decimals(min_value=0, max_value=1000, places=12)
_TOKENS = st.integers(0, 10**12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(_MONEY, st.tuples(_PART, _PART, _PART), st.tuples(_TOKENS, _TOKENS, _TOKENS)), min_size=1))
def test_the_classes_add_up_to_the_cost_to_the_last_digit(
    rows: list[tuple[Decimal, tuple[Decimal, Decimal, Decimal], tuple[int, int, int]]],
) -> None:
    parts = "list_input_cost list_cache_write_cost list_output_cost list_cost"
    header = f"cost {parts} input_tokens cache_write_1h_tokens reasoning_tokens"
    lines = [
        " ".join(f"{x:f}" for x in (cost, *split, sum(split), *map(Decimal, tokens))) for cost, split, tokens in rows
    ]

    assert sum(spends("\n".join([header, *lines])).values()) == sum(cost for cost, _, _ in rows)
