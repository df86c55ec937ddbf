"""Lines by meter: tokens apart from searches, images and hours, each with its quantity."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from finopsctl.analyses.attribution import Breakdown, breakdown
from finopsctl.errors import ConfigError
from finopsctl.metrics.dimensions import parse
from finopsctl.metrics.where import condition
from ledgers import ledger

MIXED = """
requests input_tokens consumed_unit consumed_quantity list_input_cost list_other_cost cost
1        1000         web_search    3                 0.01            0.03            0.08
1        500          -             -                 0.005           0               0.01
-        -            GPU-hours     2                 -               -               5.00
-        -            tokens        200               -               -               0.50
-        -            -             -                 -               -               -1.00
"""


def by(names: str, table: str = MIXED, **options: Any) -> Breakdown:
    return breakdown(ledger(table), parse(names), **options)


def line(found: Breakdown, meter: str | None) -> dict[str, Any]:
    return next(row for row in found.rows.iter_rows(named=True) if row["meter"] == meter)


def test_a_request_with_searches_is_a_line_of_tokens_and_a_line_of_searches() -> None:
    """Listed at 1 cent of tokens and 3 of searches, billed 8: 2 for the tokens, 6 for 3 searches, 2 cents each."""
    searches = line(by("meter"), "web_search")

    assert (searches["spend"], searches["quantity"], searches["unit_price"]) == (Decimal("0.06"), 3.0, 0.02)
    assert line(by("meter"), "tokens")["spend"] == Decimal("0.02") + Decimal("0.01") + Decimal("0.50")


def test_tokens_are_counted_in_requests_and_in_lines_of_money() -> None:
    """1,000 + 500 of requests and 200 of a cost line; the two requests are theirs."""
    tokens = line(by("meter"), "tokens")

    assert (tokens["quantity"], tokens["tokens"], tokens["requests"]) == (1700.0, 1500, 2)


def test_other_units_have_a_quantity_and_a_price_each() -> None:
    hours = line(by("meter"), "GPU-hours")

    assert (hours["spend"], hours["quantity"], hours["unit_price"]) == (Decimal(5), 2.0, 2.5)


def test_a_credit_has_no_meter() -> None:
    credit = line(by("meter"), None)

    assert (credit["spend"], credit["quantity"], credit["unit_price"]) == (Decimal(-1), None, None)


def test_the_lines_add_up_to_the_total() -> None:
    found = by("meter")

    assert found.rows["spend"].sum() == found.totals["spend"] == Decimal("4.59")
    assert found.rows["requests"].sum() == found.totals["requests"]
    assert found.rows["tokens"].sum() == found.totals["tokens"]


def test_without_a_list_price_a_mixed_record_is_all_tokens_but_its_searches_are_counted() -> None:
    found = by("meter", "requests input_tokens consumed_unit consumed_quantity cost\n1 10 web_search 4 1.00")

    assert line(found, "tokens")["spend"] == Decimal(1)
    assert (line(found, "web_search")["spend"], line(found, "web_search")["quantity"]) == (0, 4.0)


def test_what_the_gateway_served_from_its_cache_reached_no_meter() -> None:
    found = by("meter", "requests input_tokens cache_hits cost\n1 10 0 1\n1 90 1 0")

    assert line(found, "tokens")["quantity"] == 10.0


def test_meters_are_split_by_other_dimensions_too() -> None:
    table = "team consumed_unit consumed_quantity cost\na images 2 1\nb images 3 3"
    rows = by("team,meter", table).rows.select("team", "meter", "quantity", "unit_price").rows()

    assert rows == [("b", "images", 3.0, 1.0), ("a", "images", 2.0, 0.5)]


def test_the_row_of_all_others_has_no_quantity() -> None:
    assert by("meter", top=1).rows["quantity"].to_list()[1] is None


def test_a_meter_gone_has_spent_nothing_and_counted_nothing() -> None:
    before = ledger("consumed_unit consumed_quantity cost\nimages 7 2.00")
    gone = line(by("meter", previous=before), "images")

    assert (gone["spend"], gone["quantity"], gone["change_amount"]) == (0, 0.0, Decimal(-2))


def test_token_classes_and_meters_cannot_divide_the_same_money() -> None:
    with pytest.raises(ConfigError, match="divide the same money"):
        by("meter,token_class")


def test_records_cannot_be_filtered_by_meter() -> None:
    with pytest.raises(ConfigError, match="several meters"):
        condition(["meter=tokens"])


def test_embeddings_are_a_line_of_their_own_by_tier() -> None:
    table = "model_tier requests cost\nembedding 5 0.20\nstandard 1 0.30"

    assert by("model_tier", table).rows.select("model_tier", "spend").rows() == [
        ("standard", Decimal("0.30")),
        ("embedding", Decimal("0.20")),
    ]
