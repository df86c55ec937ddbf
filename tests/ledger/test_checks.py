"""Tests of the ledger's invariants."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from finopsctl.ledger.checks import CHECKS, Failure, check, failures, findings
from finopsctl.ledger.schema import LEDGER_SCHEMA, conform
from finopsctl.results.finding import Severity

START = datetime(2026, 10, 1, tzinfo=UTC)
SOUND: dict[str, Any] = {
    "charge_period_start": START,
    "record_kind": "request",
    "record_id": "r1",
    "provider": "openai",
    "source": "litellm",
    "origin": "log.jsonl:1",
    "requests": 1,
}


def rows(*records: dict[str, Any]) -> pl.DataFrame:
    full = [{**SOUND, "record_id": f"r{i}", "origin": f"log.jsonl:{i}", **r} for i, r in enumerate(records, 1)]
    schema = {name: dtype for name, dtype in LEDGER_SCHEMA.items() if any(name in record for record in full)}
    return conform(pl.DataFrame(full, schema=schema).lazy()).collect()


def failing(*records: dict[str, Any]) -> list[str]:
    return [finding.code.removeprefix("ledger_") for finding in check(rows(*records).lazy())]


def test_a_sound_ledger_has_no_findings() -> None:
    assert failing({}, {"record_kind": "usage", "requests": 812, "input_tokens": 5, "errors": 3}) == []


def test_an_empty_ledger_has_no_findings() -> None:
    assert check(pl.LazyFrame(schema=LEDGER_SCHEMA)) == ()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("never_null", {"origin": None}),
        ("never_null", {"source": None}),
        ("never_null", {"record_kind": None}),
        ("never_null", {"charge_period_start": None}),
        ("tokens_not_negative", {"reasoning_tokens": -1}),
        ("counts_not_negative", {"retries": -1}),
        ("period_in_order", {"charge_period_end": datetime(2026, 9, 30, tzinfo=UTC)}),
        ("list_parts_add_up", {"list_cost": Decimal(1), "list_input_cost": Decimal("0.999999999999")}),
        ("list_parts_add_up", {"list_cost": Decimal(0), "list_output_cost": Decimal("0.000000000001")}),
        ("list_cost_not_negative", {"list_cost": Decimal("-0.01")}),
        ("errors_within_requests", {"errors": 2}),
        ("fallbacks_within_requests", {"fallbacks": 2}),
        ("cache_hits_within_requests", {"cache_hits": 2}),
        ("successes_within_tasks", {"tasks": 1, "task_successes": 2}),
        ("money_without_tokens", {"record_kind": "cost", "output_tokens": 1}),
        ("money_without_tokens", {"record_kind": "credit", "input_tokens": 1}),
        ("cache_hits_cost_nothing", {"cache_hits": 1, "reported_cost": Decimal("0.01")}),
        ("quantity_has_unit", {"consumed_quantity": 3.0}),
    ],
)
def test_a_row_that_breaks_an_invariant_is_found(name: str, values: dict[str, Any]) -> None:
    assert failing({}, values) == [name]


@pytest.mark.parametrize(
    "values",
    [
        {"list_cost": Decimal(3)},  # a source's own list cost, without parts
        {"list_cost": Decimal(3), "list_input_cost": Decimal(1), "list_other_cost": Decimal(2)},
        {"retries": 3},  # attempts, not requests
        {"requests": 812, "record_kind": "usage", "cache_hits": 900},  # a bucket may count otherwise
        {"record_kind": "credit", "list_cost": Decimal(-5), "reported_cost": Decimal(-5)},
        {"record_kind": "cost", "consumed_quantity": 24000.0, "consumed_unit": "tokens"},
        {"cache_hits": 1, "reported_cost": Decimal(0), "input_tokens": 900},
        {"cache_hits": 1},  # a hit whose source reports nothing
        {"requests": 0, "reported_cost": Decimal(1)},  # a gateway's own sub-call
        {"charge_period_end": START},
    ],
)
def test_what_is_allowed_fails_nothing(values: dict[str, Any]) -> None:
    assert failing(values) == []


def test_a_finding_counts_the_rows_and_names_the_first() -> None:
    (finding,) = check(rows({}, {"errors": 5}, {"errors": 7}).lazy())

    assert finding.evidence == {"check": "errors_within_requests", "count": 2, "example": "log.jsonl:2"}
    assert "2 records" in finding.message


def test_an_id_that_occurs_twice_in_one_source_is_critical() -> None:
    twice = rows({"record_id": "a"}, {"record_id": "a"}, {"record_id": "a", "source": "openai-usage"})

    (finding,) = check(twice.lazy())
    assert finding.code == "ledger_record_id_unique"
    assert finding.severity is Severity.CRITICAL
    assert finding.evidence["count"] == 1


def test_failures_of_two_parts_add_up_and_keep_the_first_example() -> None:
    first, second = failures(rows({"errors": 2})), failures(rows({}, {"errors": 3}))
    both = first["errors_within_requests"] + second["errors_within_requests"]

    assert both == Failure(2, "log.jsonl:1")
    assert findings({"errors_within_requests": both}, "log.jsonl")[0].message.startswith("log.jsonl: 2 records are")


def test_every_check_has_a_name_of_its_own() -> None:
    names = [each.name for each in CHECKS]

    assert len(names) == len(set(names))
