"""Tests of the column ``cost``: which amount counts, in which currency."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from book_files import content, opened, write
from finopsctl.books.cost import in_report_currency
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

BOTH = {"record_id": "both", "model": "gpt-4o", "input_tokens": 1_000_000, "reported_cost": "2.40"}
PRICED = {"record_id": "priced", "model": "gpt-4o", "input_tokens": 2_000_000}
UNKNOWN = {"record_id": "unknown", "model": "no-such-model", "input_tokens": 1}
EUROS = {"record_id": "euros", "reported_cost": "10", "billing_currency": "EUR"}


def costs(folder: Path, *records: dict[str, Any], **options: Any) -> dict[str, Decimal | None]:
    books = opened(write(folder / "log.jsonl", *records), **options)
    return dict(content(books).select("record_id", "cost").iter_rows())


@pytest.mark.parametrize(
    ("basis", "both", "priced"),
    [
        ("auto", "2.40", "5"),
        ("reported", "2.40", None),
        ("list", "2.5", "5"),
        ("effective", "2.5", "5"),
    ],
)
def test_a_basis_takes_its_column_and_auto_takes_ours_where_none_is_reported(
    tmp_path: Path, basis: str, both: str, priced: str | None
) -> None:
    """gpt-4o lists at 2.50 a million input tokens in October 2026: 2.50 and 5.00; the source reports 2.40 of one."""
    assert costs(tmp_path, BOTH, PRICED, UNKNOWN, cost_basis=basis) == {
        "both": Decimal(both),
        "priced": priced and Decimal(priced),
        "unknown": None,
    }


def test_naming_prices_asks_for_them(tmp_path: Path) -> None:
    assert costs(tmp_path, BOTH, price_date="2026-10-01") == {"both": Decimal("2.5")}


def test_reported_cost_at_prices_of_ones_own_is_a_contradiction(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="reported"):
        costs(tmp_path, BOTH, price_date="2026-10-01", cost_basis="reported")


def test_an_unknown_basis_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        costs(tmp_path, BOTH, cost_basis="billed")

    assert "effective" in caught.value.hint


def test_an_amount_in_another_currency_is_unknown_and_counted_without_a_rate(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", EUROS, BOTH)
    books = opened(log)

    assert dict(content(books).select("record_id", "cost").iter_rows())["euros"] is None
    assert books.unconverted == 1


def test_an_amount_is_converted_at_the_rate_of_its_day(tmp_path: Path) -> None:
    """10 EUR at 1.10 of 30 September, which is in force on 1 October; the rate of 2 October is not yet."""
    rates = (("EUR", "USD", date(2026, 9, 30), Decimal("1.10")), ("EUR", "USD", date(2026, 10, 2), Decimal("1.20")))

    assert costs(tmp_path, EUROS, exchange_rates=rates) == {"euros": Decimal(11)}


def test_a_report_in_euros_converts_our_prices_and_leaves_euros_alone(tmp_path: Path) -> None:
    """5.00 USD at 0.90 = 4.50 EUR."""
    rates = (("USD", "EUR", date(2026, 9, 30), Decimal("0.90")),)

    assert costs(tmp_path, EUROS, PRICED, exchange_rates=rates, currency="EUR") == {
        "euros": Decimal(10),
        "priced": Decimal("4.5"),
    }


def test_a_currency_in_small_letters_is_the_same_currency(tmp_path: Path) -> None:
    assert costs(tmp_path, {**BOTH, "billing_currency": "usd"}) == {"both": Decimal("2.40")}


@pytest.mark.parametrize(("basis", "lost"), [("auto", 2), ("reported", 1)])
def test_our_own_prices_without_a_rate_are_unconverted_too(tmp_path: Path, basis: str, lost: int) -> None:
    """A report in euros without rates: 2.40 USD reported of one call, the other only priced by us, in USD."""
    log = write(tmp_path / "log.jsonl", BOTH, PRICED, UNKNOWN, EUROS)

    assert opened(log, currency="EUR", cost_basis=basis).unconverted == lost


@pytest.mark.parametrize("basis", ["auto", "reported", "list", "effective"])
def test_a_report_of_nothing_but_amounts_without_a_rate_is_refused(tmp_path: Path, basis: str) -> None:
    """It said that nothing was spent."""
    log = write(tmp_path / "log.jsonl", BOTH, PRICED, UNKNOWN)
    rates = (("USD", "JPY", date(2026, 10, 2), Decimal(150)),)  # from the day after on

    with pytest.raises(ConfigError, match="there is no rate from USD to JPY on 2026-10-01") as caught:
        opened(log, currency="JPY", cost_basis=basis, exchange_rates=rates)

    assert "[[exchange-rate]]" in caught.value.hint


def test_records_that_nobody_priced_need_no_rate(tmp_path: Path) -> None:
    assert opened(write(tmp_path / "log.jsonl", UNKNOWN), currency="JPY").unconverted == 0


def test_an_amount_that_stands_in_no_record_is_converted_at_the_rate_of_its_day(tmp_path: Path) -> None:
    """A limit of 40 USD at 0.90 is 36 EUR; on the day before that rate there is none."""
    rates = (("USD", "EUR", date(2026, 9, 30), Decimal("0.90")),)
    request = opened(write(tmp_path / "log.jsonl", EUROS), currency="EUR", exchange_rates=rates).request

    assert in_report_currency(Decimal(40), "USD", date(2026, 10, 16), request) == Decimal(36)
    assert in_report_currency(Decimal(40), "EUR", date(2026, 9, 29), request) == Decimal(40)
    with pytest.raises(ConfigError, match="no rate from USD to EUR on 2026-09-29"):
        in_report_currency(Decimal(40), "USD", date(2026, 9, 29), request)


def test_a_reported_currency_does_not_matter_where_only_our_prices_count(tmp_path: Path) -> None:
    assert opened(write(tmp_path / "log.jsonl", EUROS, BOTH), cost_basis="list").unconverted == 0
