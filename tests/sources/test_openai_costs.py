from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from finopsctl.sources._openai_cost_lines import parse_line
from report_files import read_content, read_path
from shared import DATA, EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

DAY = 1793577600
"""2026-11-02T00:00:00Z."""


def line(value: object, line_item: str | None = None, currency: str = "usd", **fields: Any) -> dict[str, Any]:
    amount = {"value": value, "currency": currency}
    return {"object": "organization.costs.result", "amount": amount, "line_item": line_item, **fields}


def page(*results: dict[str, Any], start: int = DAY) -> dict[str, Any]:
    bucket = {"object": "bucket", "start_time": start, "end_time": start + 86400, "results": list(results)}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


@needs_shared
def test_a_token_line_is_money_with_its_model_and_quantity() -> None:
    """24,000 input tokens of gpt-4o for 0.06 USD on 2 November 2026."""
    row = read_path(EXAMPLES / "formats/openai_costs.json").row()

    assert row["reported_cost"] == Decimal("0.06")
    assert (row["record_kind"], row["billing_currency"], row["provider"]) == ("cost", "USD", "openai")
    assert (row["model"], row["consumed_quantity"], row["consumed_unit"]) == ("gpt-4o-2024-08-06", 24000.0, "tokens")
    assert row["project"] == "proj_test"
    assert row["charge_period_start"] == datetime(2026, 11, 2, tzinfo=UTC)
    assert row["charge_period_end"] == datetime(2026, 11, 3, tzinfo=UTC)
    assert "requests" not in row
    assert "input_tokens" not in row


@needs_shared
def test_the_documented_page_is_six_cents_of_an_unknown_meter() -> None:
    done = read_path(DATA / "fixtures/openai/costs.json")

    assert done.source == "openai-costs"
    assert done.values("reported_cost") == [Decimal("0.06")]
    assert done.values("consumed_unit") == [None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.06, "0.06"),
        ("0.100000000001", "0.100000000001"),
        ("0.060000000000000000000000000000", "0.06"),
        ("0E-6176", "0"),
        ("1E+2", "100"),
        (1e-7, "0.0000001"),
        (3, "3"),
        ("0.0000000000015", "0.000000000002"),
        ("0.0000000000025", "0.000000000002"),
    ],
)
def test_amounts_as_numbers_or_text_are_exact_and_round_half_to_even(
    tmp_path: Path, value: object, expected: str
) -> None:
    assert read_content(tmp_path, page(line(value))).values("reported_cost") == [Decimal(expected)]


def test_a_number_with_more_digits_than_a_float_holds_loses_none(tmp_path: Path) -> None:
    text = json.dumps(page(line(0, "gpt-4o, input"))).replace('"value": 0', '"value": 1234567.123456789012')

    assert read_content(tmp_path, text).values("reported_cost") == [Decimal("1234567.123456789012")]


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=12))
@settings(max_examples=25, deadline=None)
def test_every_amount_of_twelve_decimals_is_kept(tmp_path_factory: pytest.TempPathFactory, amount: Decimal) -> None:
    done = read_content(tmp_path_factory.mktemp("costs"), page(line(f"{amount:f}")))

    assert done.values("reported_cost") == [amount]


@pytest.mark.parametrize("value", ["many", "1e30", "NaN", "-", [1]])
def test_an_amount_that_is_none_is_set_aside_and_the_rest_counts(tmp_path: Path, value: object) -> None:
    done = read_content(tmp_path, page(line(value), line(0.5)))

    assert done.values("reported_cost") == [Decimal("0.5")]
    assert len(done.bad) == 1
    assert "is not an amount" in done.bad[0]


def test_a_line_without_an_amount_counts_as_unknown_and_is_remarked(tmp_path: Path) -> None:
    result = {"object": "organization.costs.result", "line_item": "gpt-4o, input", "quantity": 5}
    done = read_content(tmp_path, page(result))

    assert done.values("reported_cost") == [None]
    assert done.odd == ["it has no amount"]


@pytest.mark.parametrize(
    ("value", "line_item", "kind"),
    [
        (-1.5, "gpt-4o, input", "credit"),
        (-5, "Promotional credit", "credit"),
        (2, "VAT", "credit"),
        (2, "gpt-4o, input", "cost"),
        (0, None, "cost"),
    ],
)
def test_money_given_back_is_a_credit(tmp_path: Path, value: float, line_item: str | None, kind: str) -> None:
    done = read_content(tmp_path, page(line(value, line_item)))

    assert done.values("record_kind") == [kind]
    assert done.values("reported_cost") == [Decimal(str(value))]


def test_euros_are_kept_as_euros(tmp_path: Path) -> None:
    row = read_content(tmp_path, page(line(1.25, currency="eur"))).row()

    assert (row["reported_cost"], row["billing_currency"]) == (Decimal("1.25"), "EUR")


@pytest.mark.parametrize(
    ("line_item", "unit", "model", "meter"),
    [
        ("gpt-4o-2024-08-06, input", "tokens", "gpt-4o-2024-08-06", "tokens"),
        ("gpt-4o-mini-2024-07-18, cached input", None, "gpt-4o-mini-2024-07-18", "tokens"),
        ("gpt-5.6-sol, cache writes", None, "gpt-5.6-sol", "tokens"),
        ("gpt-5.6-luna, input_tokens", None, "gpt-5.6-luna", "tokens"),
        ("gpt-image-2.5-flare image, output", None, "gpt-image-2.5-flare", "tokens"),
        ("gpt-image-2.5-sunburst text, cached input", None, "gpt-image-2.5-sunburst", "tokens"),
        ("omni-moderation-latest, input", None, "omni-moderation-latest", "tokens"),
        ("ft:gpt-4o:acme::7qTVM5AR, output", None, "ft:gpt-4o:acme::7qTVM5AR", "tokens"),
        ("gpt-4o tokens", None, "gpt-4o", "tokens"),
        ("gpt-4o", None, "gpt-4o", None),
        ("text-embedding-3-small", "tokens", "text-embedding-3-small", "tokens"),
        ("gpt-4o-2024-08-06, training", None, "gpt-4o-2024-08-06", "training_token"),
        ("whisper-1, audio", "duration_minutes", "whisper-1", "second"),
        ("dall-e-3", "images", "dall-e-3", "image"),
        ("tts-1", "characters", "tts-1", "character"),
        ("web search tool calls", None, None, "web_search"),
        ("Web search tool calls", "calls", None, "web_search"),
        ("assistants api | file search", None, None, "file_search"),
        ("File Search storage", None, None, "file_search_storage"),
        ("Vector storage", "gibibyte_hours", None, "gibibyte_hour"),
        ("code interpreter sessions", None, None, "code_interpreter_session"),
        ("tokens", None, None, "tokens"),
        ("Something new", None, None, None),
        ("", None, None, None),
        (None, None, None, None),
    ],
)
def test_a_line_text_gives_its_model_and_meter(
    line_item: str | None, unit: str | None, model: str | None, meter: str | None
) -> None:
    parsed = parse_line(line_item, unit)

    assert (parsed.model, parsed.consumed_unit) == (model, meter)


def test_prefixes_and_suffixes_of_a_line_are_tier_workload_and_band() -> None:
    priority = parse_line("priority | gpt-5.6-sol, output, long context", None)

    assert (priority.model, priority.service_tier, priority.context_band) == ("gpt-5.6-sol", "priority", "long context")
    assert parse_line("evals | gpt-4o-mini-2024-07-18, output", None).workload == "eval"
    assert parse_line("gpt-4o, output", None).service_tier is None


def test_quantities_come_in_the_unit_that_is_named(tmp_path: Path) -> None:
    """2 thousand tokens are 2,000; 3 minutes are 180 seconds; a quantity of an unknown meter is left out."""
    done = read_content(
        tmp_path,
        page(
            line(1, "gpt-4o, input", quantity=2, quantity_unit="1000_tokens"),
            line(1, "whisper-1, audio", quantity="3.0", quantity_unit="duration_minutes"),
            line(1, "Something new", quantity=4),
        ),
    )

    assert done.values("consumed_quantity") == [2000.0, 180.0, None]
    assert done.values("consumed_unit") == ["tokens", "second", None]


def test_training_and_storage_are_costs_of_their_own_type(tmp_path: Path) -> None:
    done = read_content(
        tmp_path, page(line(1, "gpt-4o, training"), line(1, "Vector storage"), line(1, "gpt-4o, input"))
    )

    assert done.values("cost_type") == ["training", "storage", "api"]


def test_a_result_of_another_kind_is_set_aside_by_name(tmp_path: Path) -> None:
    done = read_content(tmp_path, page(line(1), {"object": "organization.other.result"}))

    assert done.rows.height == 1
    assert done.bad == ["'organization.other.result' is no costs result: give it as a file of its own"]


@pytest.mark.parametrize("how", ["lines", "pages", "array", "gzip"])
def test_every_container_gives_the_same_rows_and_ids(tmp_path: Path, how: str) -> None:
    pages = [page(line("0.1", "gpt-4o, input"), line(2, "é")), page(line(0.25), start=DAY + 86400)]
    buckets = [bucket for each in pages for bucket in each["data"]]
    content = {
        "lines": "\n".join(map(json.dumps, pages)).encode(),
        "pages": "".join(json.dumps(each, indent=2) for each in pages).encode(),
        "array": json.dumps(buckets).encode(),
        "gzip": gzip.compress(json.dumps({"object": "page", "data": buckets}).encode()),
    }
    one = read_content(tmp_path, {"object": "page", "data": buckets}, "one")
    other = read_content(tmp_path, content[how], "other")

    assert one.values("reported_cost") == [Decimal("0.1"), Decimal(2), Decimal("0.25")]
    assert other.faults.bad == 0
    assert_frame_equal(one.rows.drop("origin"), other.rows.drop("origin"))
