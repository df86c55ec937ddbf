"""What a report says about how much it covers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup
from ledgers import ledger

TABLE = """
day team    model requests input_tokens output_tokens service_tier reported_cost effective_cost cost
1   support a     1        100          10            standard     1.00          0.90           1.00
2   -       b     3        100          10            -            -             0.25           0.25
3   search  x     2        70           7             -            -             -              -
3   search  -     -        5            -             -            -             -              -
"""


def quality(table: str = TABLE, basis: str = "auto") -> Quality:
    return quality_of(rollup(ledger(table), {}, ()).collect(), basis)


def test_unpriced_usage_is_counted_in_requests_tokens_and_models() -> None:
    """Row 3: 2 requests, 77 tokens; row 4 says no requests: 5 tokens more."""
    found = quality()

    assert (found.unpriced_requests, found.unpriced_tokens, found.unpriced_models) == (2, 82, ("(no model)", "x"))


def test_unattributed_share_is_spend_without_a_team() -> None:
    """0.25 of 1.25."""
    assert quality().unattributed_share == pytest.approx(0.2)


def test_the_basis_split_adds_up_to_the_spend() -> None:
    assert quality().basis_split("auto") == {"reported": Decimal("1.00"), "effective": Decimal("0.25")}


def test_an_explicit_basis_is_not_split() -> None:
    assert quality(basis="list").basis_split("list") == {"list": Decimal("1.25")}


def test_only_rows_priced_by_us_can_be_assumed_standard() -> None:
    """Row 2 names no tier and is priced by us; rows 3 and 4 have no price at all."""
    assert quality().standard_tier_assumed == 1


def test_the_records_and_their_period_are_told() -> None:
    found = quality()

    assert (found.records, found.start, found.end) == (
        4,
        datetime(2026, 10, 1, tzinfo=UTC),
        datetime(2026, 10, 3, tzinfo=UTC),
    )


def test_usage_with_a_cost_that_no_rate_converts_is_not_unpriced() -> None:
    """Row 1 was billed, row 2 is priced by us: neither could be converted. Row 3 has no price."""
    lost = TABLE.replace(" 1.00\n", " -\n").replace(" 0.25\n", " -\n")

    assert quality(lost).unpriced_models == ("(no model)", "x")
    assert quality(lost, "reported").unpriced_models == ("(no model)", "b", "x")
    assert (quality(lost).unpriced_requests, quality(lost).unpriced_tokens) == (2, 82)


def test_a_cost_line_without_a_cost_is_no_unpriced_model() -> None:
    """A credit in a currency without a rate is unconverted, not unpriced."""
    assert quality("record_kind model cost\ncredit x -").unpriced_models == ()
