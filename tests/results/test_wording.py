"""Numbers inside sentences."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finopsctl.results.wording import counted, money, some_of


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1243.29", "USD", "$1,243.29"),
        ("-0.625", "USD", "-$0.63"),  # as tables write it: half a cent is rounded up
        ("0.125", "USD", "$0.13"),
        ("2.5", "JPY", "¥3"),
        ("-0.08", "USD", "-$0.08"),
        ("0.004", "USD", "less than $0.01"),
        ("-0.004", "USD", "more than -$0.01"),
        ("0", "USD", "$0.00"),
        ("12", "SEK", "SEK 12.00"),
        ("1200", "JPY", "¥1,200"),
    ],
)
def test_money_stands_behind_its_currency(amount: str, currency: str, text: str) -> None:
    assert money(Decimal(amount), currency) == text


def test_one_is_singular() -> None:
    assert [counted(n, "record") for n in (0, 1, 1592)] == ["0 records", "1 record", "1,592 records"]
    assert counted(2, "record is", "records are") == "2 records are"


def test_names_beyond_the_first_are_counted() -> None:
    assert some_of(["a", "b"], 2) == "a, b"
    assert some_of(["a", "b", "c"], 2) == "a, b and 1 more"
    assert some_of([], 2) == ""
