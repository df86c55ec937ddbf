"""Reported cost in other currencies is converted by the rate of its day, or left out and counted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from finopsctl.errors import ConfigError
from finopsctl.pricing.currency import ExchangeRate, convert
from pricing.price_files import rows, usd

EURO = [
    ExchangeRate("EUR", "USD", date(2026, 10, 1), Decimal("1.10")),
    ExchangeRate("EUR", "USD", date(2026, 11, 1), Decimal("1.20")),
]


def _row(cost: str, currency: str, moment: datetime) -> dict[str, object]:
    return {"reported_cost": usd(cost), "billing_currency": currency, "charge_period_start": moment}


def test_the_latest_rate_on_or_before_the_day_counts() -> None:
    """EUR 2.00 on 31 October x 1.10 = 2.20, on 1 November x 1.20 = 2.40; USD stays."""
    october, november = datetime(2026, 10, 31, 23, 59, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    found = convert(rows(_row("2", "EUR", october), _row("2", "eur", november), _row("2", "USD", october)), EURO)

    assert found.frame["reported_cost"].to_list() == [usd("2.2"), usd("2.4"), usd("2")]
    assert found.frame["billing_currency"].to_list() == ["USD"] * 3
    assert found.unconverted == 0


def test_a_day_before_the_first_rate_is_null_and_counted() -> None:
    early = datetime(2026, 9, 30, tzinfo=UTC)
    found = convert(rows(_row("2", "EUR", early), _row("3", "JPY", early), _row("4", "USD", early)), EURO)

    assert found.frame["reported_cost"].to_list() == [None, None, usd("4")]
    assert found.frame["billing_currency"].to_list() == ["EUR", "JPY", "USD"]
    assert (found.unconverted, found.missing) == (2, ("EUR", "JPY"))


def test_a_pair_given_the_other_way_round_is_divided_by_and_rounded_half_to_even() -> None:
    """USD 1.00 in EUR at 1.20 USD a EUR: 0.8333... -> 0.833333333333."""
    found = convert(rows(_row("1", "USD", datetime(2026, 11, 2, tzinfo=UTC))), EURO, "EUR")

    assert found.frame["reported_cost"].to_list() == [usd("0.833333333333")]


def test_conversion_is_exact_to_the_pico_unit() -> None:
    """0.000000000001 x 1.5 = 1.5 pico -> 2 (half to even); 0.000000000003 x 1.5 = 4.5 -> 4."""
    rate = [ExchangeRate("CHF", "USD", date(2026, 1, 1), Decimal("1.5"))]
    moment = datetime(2026, 11, 2, tzinfo=UTC)
    found = convert(rows(_row("0.000000000001", "CHF", moment), _row("0.000000000003", "CHF", moment)), rate)

    assert found.frame["reported_cost"].to_list() == [usd("0.000000000002"), usd("0.000000000004")]


def test_a_rate_of_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match="is not a rate"):
        ExchangeRate("EUR", "USD", date(2026, 1, 1), Decimal(0))


def test_an_amount_beyond_exact_conversion_is_refused_and_not_wrapped() -> None:
    huge = rows(_row("9" * 25, "EUR", datetime(2026, 11, 2, tzinfo=UTC)))

    with pytest.raises(ConfigError, match="too large"):
        convert(huge, EURO)
