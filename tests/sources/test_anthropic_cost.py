from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from report_files import read_content, read_path
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path


def page(*results: dict[str, Any]) -> dict[str, Any]:
    bucket = {"starting_at": "2026-11-02T00:00:00Z", "ending_at": "2026-11-03T00:00:00Z", "results": list(results)}
    return {"data": [bucket], "has_more": False, "next_page": None}


def cost(amount: object, **fields: Any) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD", "cost_type": "tokens", **fields}


@needs_shared
def test_amounts_are_cents() -> None:
    """ "123.78912" cents of tokens are 1.2378912 USD; "10" cents of web search are 0.10 USD."""
    done = read_path(EXAMPLES / "formats/anthropic_cost_report.json")

    assert done.values("reported_cost") == [Decimal("1.2378912"), Decimal("0.10")]
    assert done.values("consumed_unit") == ["tokens", "web_search"]
    assert done.values("model") == ["claude-sonnet-4-5-20250929", None]
    assert done.values("context_band") == ["0-200k", None]
    assert done.values("project") == ["wrkspc_test", "wrkspc_test"]
    assert done.values("record_kind") == ["cost", "cost"]
    assert done.values("input_tokens") == [None, None]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("123.45", "1.2345"),
        (186, "1.86"),
        ("1E+2", "1"),
        ("0.00000000005", "0.000000000000"),
        ("0.00000000015", "0.000000000002"),
        ("99999999999.9999999999", "999999999.999999999999"),
        (" 5 ", "0.05"),
    ],
)
def test_cents_become_dollars_without_loss_to_twelve_decimals(tmp_path: Path, amount: object, expected: str) -> None:
    assert read_content(tmp_path, page(cost(amount))).values("reported_cost") == [Decimal(expected)]


def test_money_given_back_is_a_credit(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(cost("-250.5")))

    assert done.values("record_kind") == ["credit"]
    assert done.values("reported_cost") == [Decimal("-2.505")]


def test_an_ungrouped_amount_has_no_meter_and_no_model(tmp_path: Path) -> None:
    done = read_content(tmp_path, page({"amount": "100", "currency": "USD", "cost_type": None, "model": None}))

    assert done.values("reported_cost") == [Decimal(1)]
    assert done.values("consumed_unit") == [None]


def test_code_execution_and_sessions_are_meters_of_their_own(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(*(cost("1", cost_type=kind) for kind in ("code_execution", "session_usage"))))

    assert done.values("consumed_unit") == ["code_execution", "session_usage"]


@pytest.mark.parametrize("amount", ["many", "1e40", "-"])
def test_an_amount_that_is_none_is_set_aside(tmp_path: Path, amount: str) -> None:
    done = read_content(tmp_path, page(cost(amount), cost("5")))

    assert done.values("reported_cost") == [Decimal("0.05")]
    assert done.bad == [f"amount: '{amount}' is not an amount"]


def test_a_line_without_an_amount_is_remarked(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(cost(None)))

    assert done.values("reported_cost") == [None]
    assert done.odd == ["it has no amount"]


def test_euros_are_kept_as_euros(tmp_path: Path) -> None:
    assert read_content(tmp_path, page(cost("1", currency="eur"))).values("billing_currency") == ["EUR"]
