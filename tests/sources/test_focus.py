"""FOCUS exports: every charge kept to the last digit, tokens where the SKU tells their class."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from finopsctl.sources._focus_meter import model_name, token_class, token_factor
from shared import DATA, EXAMPLES, needs_shared
from source_rows import detected, read_file

if TYPE_CHECKING:
    from pathlib import Path

CHARGE: dict[str, Any] = {
    "BilledCost": "0.0375",
    "EffectiveCost": "0.03",
    "ListCost": "0.04",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ChargeDescription": "Claude Sonnet 4 input tokens",
    "ChargePeriodStart": "2026-11-02T00:00:00Z",
    "ChargePeriodEnd": "2026-11-03T00:00:00Z",
    "ConsumedQuantity": "12.5",
    "ConsumedUnit": "1000 Tokens",
    "ProviderName": "AWS",
    "ServiceName": "Amazon Bedrock",
    "ServiceCategory": "AI and Machine Learning",
    "SkuId": "S1",
    "SkuMeter": "Input tokens",
    "SkuPriceDetails": "",
    "SubAccountId": "1",
    "SubAccountName": "NULL",
    "RegionId": "us-east-1",
    "Tags": '{"Team": "support", "env": "prod", "squad": "x"}',
}


def _csv(path: Path, *charges: dict[str, Any]) -> Path:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(charges[0]))
    writer.writeheader()
    writer.writerows(charges)
    path.write_text(sink.getvalue(), encoding="utf-8")
    return path


def _one(path: Path, **changes: Any) -> dict[str, Any]:
    rows, faults = read_file(_csv(path / "f.csv", {**CHARGE, **changes}))
    assert faults.bad == 0, faults.bad_examples
    return rows.row(0, named=True)


def _sums(rows: pl.DataFrame) -> tuple[Decimal, ...]:
    return rows.select(pl.col("reported_cost", "effective_cost", "list_cost").sum()).row(0)


@needs_shared
def test_the_sample_export_sums_to_its_published_digits() -> None:
    """1,000 charges: 997 usage without tokens, 1 credit and 2 adjustments. AWS 942, Microsoft 51, Oracle 7."""
    path = DATA / "focus_sample" / "focus_sample.csv.gz"
    rows, faults = read_file(path)

    assert (detected(path), rows.height, faults.bad, faults.odd) == ("focus", 1000, 0, 0)
    assert _sums(rows) == (Decimal("20.52022672899"), Decimal("14.97651418586"), Decimal("20.39090575119"))
    assert dict(rows["record_kind"].value_counts().rows()) == {"cost": 997, "credit": 3}
    assert dict(rows["provider"].value_counts().rows()) == {"aws": 942, "azure": 51, "oracle": 7}
    assert rows["record_id"].n_unique() == 1000
    assert "NULL" not in rows["region"].to_list() + rows["project"].to_list()


@needs_shared
@pytest.mark.parametrize(
    ("name", "count", "billed", "effective", "listed"),
    [
        ("synthetic_aws_focus_1_3_40rows", 40, "657.28293356135", "657.28293356135", "885.4505399537"),
        ("virtual_currency_pricing_model_a1", 1, "200000", "0", "200000"),
        ("virtual_currency_pricing_model_a2", 3, "0", "1230", "1230"),
        ("virtual_currency_pricing_model_b1", 1, "100000", "0", "200000"),
        ("virtual_currency_pricing_model_b2", 3, "0", "615", "1230"),
        ("virtual_currency_pricing_model_b3", 3, "0", "495", "1230"),
        ("virtual_currency_pricing_model_c", 2, "53000", "0", "53000"),
    ],
)
def test_the_specifications_examples_are_read_whole(
    name: str, count: int, billed: str, effective: str, listed: str
) -> None:
    """Token packs: 100,000 at 2 billed on purchase; usage 490 + 20 + 720 = 1,230 effective, billed 0.

    b2 at half price: 245 + 10 + 360 = 615; b3: 245 + 10 + 240 = 495. c: 3,000 overage and 50,000 for the period.
    """
    path = DATA / "fixtures" / "focus" / f"{name}.csv"
    rows, faults = read_file(path)

    assert (detected(path), rows.height, faults.bad) == ("focus", count, 0)
    assert _sums(rows) == (Decimal(billed), Decimal(effective), Decimal(listed))


@needs_shared
def test_a_purchase_of_virtual_tokens_is_no_usage() -> None:
    """The dates are 4/1/25 to 4/1/26: month, day, year."""
    rows, _ = read_file(DATA / "fixtures" / "focus" / "virtual_currency_pricing_model_a1.csv")
    row = rows.row(0, named=True)

    assert (row["record_kind"], row["input_tokens"]) == ("cost", None)
    assert (row["charge_period_start"], row["charge_period_end"]) == (
        datetime(2025, 4, 1, tzinfo=UTC),
        datetime(2026, 4, 1, tzinfo=UTC),
    )


@needs_shared
@pytest.mark.parametrize("name", ["focus_1_2.csv", "focus_1_4.csv"])
def test_both_versions_of_a_bedrock_charge_are_12_500_input_tokens(name: str) -> None:
    """12,500 tokens for 0.0375 USD; 1.4 has no ProviderName, its ServiceProviderName is AWS."""
    path = EXAMPLES / "formats" / name
    row = read_file(path)[0].row(0, named=True)

    assert detected(path) == "focus"
    assert (row["provider"], row["model"], row["record_kind"]) == ("bedrock", "Claude Sonnet 4", "usage")
    assert (row["input_tokens"], row["output_tokens"], row["reported_cost"]) == (12_500, None, Decimal("0.0375"))
    assert (row["team"], row["environment"], row["project"], row["region"]) == (
        "support",
        "prod",
        "support-prod",
        "us-east-1",
    )


@needs_shared
def test_litellms_own_export_is_requests_of_its_family() -> None:
    """12 requests for 0.11025 USD; a key, a team and a model, no tokens."""
    path = EXAMPLES / "formats" / "focus_litellm_export.csv"
    row = read_file(path)[0].row(0, named=True)

    assert detected(path) == "litellm-focus"
    assert (row["requests"], row["reported_cost"], row["record_kind"]) == (12, Decimal("0.11025"), "usage")
    assert (row["team"], row["api_key"], row["provider"]) == ("Customer Support", "support-bot-prod", "anthropic")
    assert (row["model"], row["requested_model"], row["input_tokens"]) == ("claude-sonnet-4-5", "claude-sonnet", None)


def test_a_charge_in_thousands_of_tokens_is_usage_of_its_class(tmp_path: Path) -> None:
    """12.5 x 1,000 = 12,500 input tokens; the whole list cost is the input part, so that the parts add up."""
    row = _one(tmp_path)

    assert (row["record_kind"], row["input_tokens"], row["consumed_quantity"]) == ("usage", 12_500, None)
    assert (row["list_cost"], row["list_input_cost"], row["list_output_cost"]) == (Decimal("0.04"), Decimal("0.04"), 0)
    assert (row["team"], row["environment"], row["project"]) == ("support", "prod", "1")
    assert '"squad": "x"' in row["tags"]


def test_tokens_of_a_class_not_told_stay_a_quantity(tmp_path: Path) -> None:
    row = _one(tmp_path, SkuMeter="Tokens", ChargeDescription="Claude usage")

    assert (row["record_kind"], row["consumed_quantity"], row["consumed_unit"]) == ("cost", 12.5, "1000 Tokens")
    assert row["model"] is None


@pytest.mark.parametrize("category", ["Credit", "Tax", "Adjustment", "Refund"])
def test_credits_and_taxes_are_credit_and_keep_their_sign(tmp_path: Path, category: str) -> None:
    row = _one(tmp_path, ChargeCategory=category, BilledCost="-3.5", ConsumedQuantity="", ConsumedUnit="")

    assert (row["record_kind"], row["reported_cost"]) == ("credit", Decimal("-3.5"))


@pytest.mark.parametrize(("category", "kept"), [("Tax", "tax"), ("Credit", "credit"), ("Usage", None)])
def test_a_tax_is_told_from_a_credit_by_a_tag(tmp_path: Path, category: str, kept: str | None) -> None:
    row = _one(tmp_path, ChargeCategory=category, BilledCost="-3.5", ConsumedQuantity="", ConsumedUnit="")

    assert json.loads(row["tags"]).get("charge_category") == kept


def test_a_correction_that_takes_tokens_back_keeps_its_money(tmp_path: Path) -> None:
    row = _one(tmp_path, ChargeClass="Correction", ConsumedQuantity="-12.5", BilledCost="-0.0375")

    assert (row["record_kind"], row["reported_cost"], row["input_tokens"]) == ("credit", Decimal("-0.0375"), None)


def test_costs_beyond_dollars_are_left_out_and_remarked(tmp_path: Path) -> None:
    rows, faults = read_file(_csv(tmp_path / "f.csv", {**CHARGE, "BillingCurrency": "EUR"}))

    assert rows.select("reported_cost", "billing_currency", "effective_cost", "list_cost").row(0) == (
        Decimal("0.0375"),
        "EUR",
        None,
        None,
    )
    assert faults.odd_examples == [("f.csv#2", "effective and list cost in EUR are left out")]


def test_an_amount_beyond_twelve_decimals_is_rounded_half_to_even(tmp_path: Path) -> None:
    """0.0000000000025 lies between 2e-12 and 3e-12 and goes to the even one."""
    assert _one(tmp_path, BilledCost="0.0000000000025")["reported_cost"] == Decimal("2E-12")


def test_a_date_that_is_none_and_an_amount_that_is_none_are_set_aside(tmp_path: Path) -> None:
    charges = [CHARGE, {**CHARGE, "ChargePeriodStart": "13/40/26"}, {**CHARGE, "BilledCost": "a lot"}]
    rows, faults = read_file(_csv(tmp_path / "f.csv", *charges))

    assert rows.height == 1
    assert sorted(faults.bad_examples) == [
        ("f.csv#3", "ChargePeriodStart: '13/40/26' is not a time"),
        ("f.csv#4", "BilledCost: 'a lot' is not an amount"),
    ]


def test_parquet_with_types_of_its_own_is_the_same_charge(tmp_path: Path) -> None:
    """Times, decimals and a map of tags as a cloud writes them."""
    path = tmp_path / "f.parquet"
    typed = {
        **CHARGE,
        "BilledCost": Decimal("0.0375"),
        "ChargePeriodStart": datetime(2026, 11, 2, tzinfo=UTC).replace(tzinfo=None),
        "ChargePeriodEnd": datetime(2026, 11, 3, tzinfo=UTC),
        "ConsumedQuantity": 12.5,
        "SubAccountName": None,
        "Tags": [{"key": "Team", "value": "support"}, {"key": "env", "value": "prod"}, {"key": "squad", "value": "x"}],
    }
    pl.DataFrame([typed]).write_parquet(path)
    rows, faults = read_file(path)
    expected, _ = read_file(_csv(tmp_path / "f.csv", CHARGE))

    assert (detected(path), faults.bad) == ("focus", 0)
    assert rows.drop("origin", "record_id").equals(expected.drop("origin", "record_id"))


@pytest.mark.parametrize(
    ("newer", "older", "service", "provider"),
    [
        ("", "Amazon Web Services", "Amazon EC2", "aws"),
        ("Amazon Web Services, Inc.", "x", "Amazon Bedrock", "bedrock"),
        ("", "Microsoft", "Azure OpenAI Service", "azure"),
        ("Google Cloud", "", "Vertex AI", "vertex_ai"),
        ("", "Google", "Gemini API", "google"),
        ("", "Google Cloud", "BigQuery", "gcp"),
        ("OpenAI", "", "API", "openai"),
        ("", "", "", "unknown"),
    ],
)
def test_providers_go_by_the_ledgers_names(tmp_path: Path, newer: str, older: str, service: str, provider: str) -> None:
    row = _one(tmp_path, ServiceProviderName=newer, ProviderName=older, ServiceName=service)

    assert row["provider"] == provider


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("Tokens", 1),
        ("tokens", 1),
        ("1000 Tokens", 1000),
        ("1K tokens", 1000),
        ("1M Tokens", 10**6),
        ("1,000 Tokens", 1000),
    ],
)
def test_token_units_say_how_many(unit: str, factor: int) -> None:
    assert token_factor(unit) == factor


@pytest.mark.parametrize("unit", ["Requests", "Token-Hours", "GB", "", None])
def test_other_units_are_no_tokens(unit: str | None) -> None:
    assert token_factor(unit) is None


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("Input tokens", "input_tokens"),
        ("USE1-Claude4Sonnet-output-tokens-batch", "output_tokens"),
        ("gpt 4o 0806 cached Inp regnl Tokens", "cache_read_tokens"),
        ("CacheReadInputTokenCount", "cache_read_tokens"),
        ("MP:USE1_CacheWrite1hInputTokenCount_Global-Units", "cache_write_1h_tokens"),
        ("56luna LoCo Cd Wr Fl Gl 1M Tokens", "cache_write_tokens"),
        ("Gemini 2.5 Flash Thinking Text Output", "reasoning_tokens"),
        ("Audio Input", "audio_input_tokens"),
        ("gpt-4o-0806-Outp-glbl Tokens", "output_tokens"),
        ("Provisioned throughput", None),
    ],
)
def test_token_classes_are_told_by_the_providers_words(text: str, column: str | None) -> None:
    assert token_class(text) == column


@pytest.mark.parametrize(
    ("details", "text", "model"),
    [
        (None, "Claude Sonnet 4 input tokens", "Claude Sonnet 4"),
        (None, "gpt 4o 0806 cached Inp regnl Tokens", "gpt 4o 0806"),
        (None, "Input tokens for Claude Haiku 4.5", "Claude Haiku 4.5"),
        ('{"ModelId": "amazon.nova-pro-v1:0"}', "Input tokens", "amazon.nova-pro-v1:0"),
        ("not JSON", "Input tokens", None),
    ],
)
def test_models_come_out_of_details_or_text(details: str | None, text: str, model: str | None) -> None:
    assert model_name(details, text) == model
