"""Contracts: discounts, agreed rates, provisioned capacity, applied to list cost in order."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.errors import PricingError
from finopsctl.pricing import contract, rating
from finopsctl.pricing.models import Resolver
from pricing.price_files import GPT_4O, SONNET, book, rows, usd
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.pricing.book import PriceBook

CALL = {"model": "gpt-4o", "input_tokens": 1_000_000}
SEARCHES = {"consumed_quantity": 10.0, "consumed_unit": "web_search"}
CLAUDE = {"provider": "anthropic", "model": "claude-sonnet-4-6"}


@pytest.fixture
def prices(tmp_path: Path) -> PriceBook:
    azure = '[[model]]\nid = "gpt-4o"\nlike = "openai/gpt-4o-2024-08-06"\n'
    return book(tmp_path / "prices", openai=GPT_4O, anthropic=SONNET, azure=azure)


@pytest.fixture
def agreed(tmp_path: Path) -> Any:
    def load(body: str) -> tuple[contract.Contract, ...]:
        path = tmp_path / "contracts.toml"
        path.write_text("schema = 1\n" + body, encoding="utf-8")
        return contract.load(path)

    return load


def _effective(prices: PriceBook, contracts: Any, *records: dict[str, Any]) -> list[Decimal | None]:
    return rating.rate(rows(*records), Resolver(prices), contracts=contracts)["effective_cost"].to_list()


def test_without_contracts_effective_cost_is_list_cost(prices: PriceBook) -> None:
    assert _effective(prices, (), CALL, {"model": "gpt-9", "input_tokens": 1}) == [usd("2.5"), None]


def test_a_discount_is_taken_off_list_cost_in_its_period_only(prices: PriceBook, agreed: Any) -> None:
    """2.50 x (1 - 0.075) = 2.3125 in 2026, 2.50 on 2027-01-01 and by another provider."""
    terms = agreed('[[contract]]\nid = "ea"\nprovider = "openai"\nfrom = 2026-01-01\nto = 2027-01-01\ndiscount = 0.075')
    after = {**CALL, "charge_period_start": datetime(2027, 1, 1, tzinfo=UTC)}

    assert _effective(prices, terms, CALL, after, {**CALL, "provider": "azure"}) == [
        usd("2.3125"),
        usd("2.5"),
        usd("2.5"),
    ]


def test_excluded_units_keep_their_fee(prices: PriceBook, agreed: Any) -> None:
    """Tokens 2.50 -> 2.25; 10 searches 0.10 stay 0.10: 2.35. Without the exclusion 2.34."""
    spared = agreed('[[contract]]\nid = "a"\ndiscount = 0.1\nexclude_units = ["web_search"]')
    not_spared = agreed('[[contract]]\nid = "a"\ndiscount = 0.1')

    assert _effective(prices, spared, {**CALL, **SEARCHES}) == [usd("2.35")]
    assert _effective(prices, not_spared, {**CALL, **SEARCHES}) == [usd("2.34")]


def test_a_discount_rounds_half_to_even_at_the_pico_dollar(tmp_path: Path, agreed: Any) -> None:
    """Half of 1 pico is 0.5 -> 0; half of 3 pico is 1.5 -> 2."""
    prices = book(tmp_path, openai='[[model]]\nid = "m"\nrates = [ { from = 2026-01-01, input = 0.000001 } ]')
    terms = agreed('[[contract]]\nid = "a"\ndiscount = 0.5')
    calls = ({"model": "m", "input_tokens": tokens} for tokens in (1, 3))

    assert _effective(prices, terms, *calls) == [Decimal(0), usd("0.000000000002")]


def test_contracts_apply_one_after_the_other(prices: PriceBook, agreed: Any) -> None:
    """2.50 x 0.9 x 0.5 = 1.125."""
    terms = agreed('[[contract]]\nid = "a"\ndiscount = 0.1\n[[contract]]\nid = "b"\ndiscount = 0.5')

    assert _effective(prices, terms, CALL) == [usd("1.125")]


def test_agreed_rates_replace_list_rates_class_by_class(prices: PriceBook, agreed: Any) -> None:
    """1M in x 2.70/M + 1M read x the list's 0.30/M = 3.00; the batch tier keeps its list cost 1.50."""
    terms = agreed(
        '[[contract]]\nid = "a"\nprovider = "anthropic"\nmodels = ["claude-sonnet-*"]\nrates = [ { input = 2.70 } ]'
    )
    call = {**CLAUDE, "input_tokens": 1_000_000}

    assert _effective(prices, terms, {**call, "cache_read_tokens": 1_000_000}, {**call, "service_tier": "batch"}) == [
        usd("3"),
        usd("1.5"),
    ]


def test_agreed_rates_price_a_model_nobody_lists(prices: PriceBook, agreed: Any) -> None:
    terms = agreed('[[contract]]\nid = "a"\nprovider = "openai"\nmodels = ["secret-*"]\nrates = [ { input = 4.00 } ]')
    found = rating.rate(rows({"model": "secret-1", "input_tokens": 1_000_000}), Resolver(prices), contracts=terms)

    assert found.select("list_cost", "effective_cost").row(0) == (None, usd("4"))


def test_agreed_rates_may_have_dates_and_bands(prices: PriceBook, agreed: Any) -> None:
    """1,000 tokens at 2.00/M; 300,000 at 1.00/M; in 2027 at 5.00/M."""
    terms = agreed(
        '[[contract]]\nid = "a"\nfrom = 2026-01-01\nrates = [ { input = 2.00 }, { over = 200_000, input = 1.00 }, '
        "{ from = 2027-01-01, input = 5.00 } ]"
    )
    later = {**CALL, "charge_period_start": datetime(2027, 1, 1, tzinfo=UTC)}

    assert _effective(prices, terms, {**CALL, "input_tokens": 1_000}, {**CALL, "input_tokens": 300_000}, later) == [
        usd("0.002"),
        usd("0.3"),
        usd("5"),
    ]


def test_provisioned_capacity_costs_nothing_per_request_and_is_counted(prices: PriceBook, agreed: Any) -> None:
    terms = agreed(
        '[[contract]]\nid = "ptu"\nprovider = "azure"\ndeployment = "gpt-4o-ptu"\n'
        'capacity = { unit = "PTU", count = 50, price_per_unit_hour = 1.00 }'
    )
    on_ptu = {"provider": "azure", "model": "azure/gpt-4o-ptu", "input_tokens": 1_000_000}
    resolver = Resolver(prices, {"azure/gpt-4o-ptu": "azure/gpt-4o"})
    found = rating.rated(rows(on_ptu, {**on_ptu, "model": "gpt-4o"}), resolver, contracts=terms)

    assert found.frame["list_cost"].to_list() == [usd("2.5"), usd("2.5")]
    assert found.frame["effective_cost"].to_list() == [Decimal(0), usd("2.5")]
    assert found.tally.capacity_requests == 1
    assert "capacity_not_allocated" in {finding.code for finding in found.tally.findings()}


def test_what_the_response_cache_served_stays_free(prices: PriceBook, agreed: Any) -> None:
    terms = agreed('[[contract]]\nid = "a"\nrates = [ { input = 9.00 } ]')

    assert _effective(prices, terms, {**CALL, "cache_hits": 1}) == [Decimal(0)]


def test_a_middleman_who_bills_has_his_own_contracts(prices: PriceBook, agreed: Any) -> None:
    terms = agreed('[[contract]]\nid = "a"\nprovider = "openai"\ndiscount = 0.5')
    through = {"model": "openai/gpt-4o", "input_tokens": 1_000_000}
    providers = ("openrouter", "litellm_proxy", "unknown")

    assert _effective(prices, terms, *({**through, "provider": name} for name in providers)) == [
        usd("2.5"),
        usd("1.25"),
        usd("1.25"),
    ]


@needs_shared
def test_the_example_contracts_load() -> None:
    terms = contract.load(EXAMPLES / "pricing" / "contracts.example.toml")

    assert [term.id for term in terms] == ["openai-ea-2026", "anthropic-committed", "azure-ptu-sweden"]
    assert terms[2].capacity == contract.Capacity("PTU", 50, Decimal("1.00"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('[[contract]]\nid = "a"\ndiscout = 0.1', "unknown key 'discout'"),
        ('[[contract]]\nid = "a"\ndiscount = 7.5', "not a fraction"),
        ('[[contract]]\nid = "a"', "changes nothing"),
        ('[[contract]]\nid = "a"\nfrom = 2027-01-01\nto = 2026-01-01\ndiscount = 0.1', "ends before it begins"),
        ("[[contract]]\ndiscount = 0.1", "id is missing"),
        ("[[contract]", "not valid TOML"),
    ],
)
def test_a_bad_contract_names_the_file_and_what_is_wrong(agreed: Any, body: str, words: str) -> None:
    with pytest.raises(PricingError, match=words) as caught:
        agreed(body)

    assert "contracts.toml" in caught.value.message
