"""Loading price files: layers, versions, errors that name the place, what the shipped catalogue must hold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from finopsctl.errors import PricingError
from finopsctl.pricing import catalog
from finopsctl.results.finding import Severity
from pricing.price_files import DEEPSEEK, GPT_4O, SONNET, book, costs, usd, write
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

MINI = """
[[model]]
id = "m"
rates = [ {{ from = 2026-01-01, {line} }} ]
"""


@needs_shared
def test_the_example_files_load_and_lint_without_a_warning() -> None:
    prices = catalog.load(base=EXAMPLES / "pricing")

    assert prices.checked == date(2026, 11, 22)
    assert prices.prices.height == 37
    assert [f for f in prices.lint() if f.severity is not Severity.INFO] == []


def test_the_shipped_catalogue_loads_and_lints_without_a_warning() -> None:
    prices = catalog.load()

    assert len(prices.models) >= 60
    assert [f.message for f in prices.lint() if f.severity is not Severity.INFO] == []


def test_a_rate_is_a_whole_number_of_pico_dollars_per_token(tmp_path: Path) -> None:
    """$2.50 per 1M tokens are 2.5e-6 USD per token, 2,500,000 pico-USD."""
    prices = book(tmp_path, openai=MINI.format(line="input = 2.50, output = 0.000001"))

    assert prices.prices["input"].item() == 2_500_000
    assert prices.prices["output"].item() == 1


def test_float_noise_is_rounded_and_said_so(tmp_path: Path) -> None:
    """1.0399999999999998 per 1M is 1,039,999.9999999998 pico: 1,040,000."""
    prices = book(tmp_path, openai=MINI.format(line="input = 1.0399999999999998"))

    assert prices.prices["input"].item() == 1_040_000
    assert [f.code for f in prices.findings] == ["rate_rounded"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("input = 0.0000005", ["input", "0.5 pico", "model m"]),
        ("inptu = 1.0", ["unknown key 'inptu'", "model m"]),
        ("input = -1", ["not a price"]),
        ("input = '1'", ["not a number"]),
        ("input = nan", ["not a price"]),
        ("input = 1, over = 5, at_least = 5", ["both over and at_least"]),
        ("input = 1, over = 'x'", ["over", "whole number"]),
        ("input = 1, window = 'peak'", ["unknown window 'peak'"]),
        ("service_tier = 'batch'", ["no rate"]),
    ],
)
def test_a_bad_price_line_names_file_model_and_key(tmp_path: Path, line: str, words: list[str]) -> None:
    with pytest.raises(PricingError) as caught:
        book(tmp_path, openai=MINI.format(line=line))

    assert all(word in caught.value.message for word in ["openai.toml", *words])


def test_an_unknown_key_is_answered_with_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(PricingError) as caught:
        book(tmp_path, openai=MINI.format(line="cache_raed = 1"))

    assert caught.value.hint == "Did you mean 'cache_read'?"


def test_two_lines_for_one_place_are_refused(tmp_path: Path) -> None:
    lines = "rates = [ { from = 2026-01-01, input = 1 }, { from = 2026-01-01T00:00:00Z, input = 2 } ]"

    with pytest.raises(PricingError, match="two price lines from 2026-01-01T00:00:00Z for standard"):
        book(tmp_path, openai=f'[[model]]\nid = "m"\n{lines}')


@pytest.mark.parametrize("start", ["'2026-01-01'", "2026-01-01T10:00:00", "1", "2026-01-01T10:00:00.5Z"])
def test_a_price_starts_on_a_day_or_an_instant_with_a_zone(tmp_path: Path, start: str) -> None:
    with pytest.raises(PricingError, match="from"):
        book(tmp_path, openai=f'[[model]]\nid = "m"\nrates = [ {{ from = {start}, input = 1 }} ]')


def test_a_later_folder_replaces_a_model_and_keeps_the_others(tmp_path: Path) -> None:
    base = write(tmp_path / "base", openai=GPT_4O)
    mine = write(
        tmp_path / "mine",
        openai='[[model]]\nid = "gpt-4o-2024-05-13"\nrates = [ { from = 2024-05-13, input = 1.00, output = 1.00 } ]\n'
        '[[model]]\nid = "my-model"\nrates = [ { from = 2026-01-01, input = 7 } ]',
    )
    prices = catalog.load([mine], base=base)

    assert costs(
        prices,
        {"model": "gpt-4o-2024-05-13", "input_tokens": 1_000_000},
        {"model": "my-model", "input_tokens": 1_000_000},
        {"model": "gpt-4o", "input_tokens": 1_000_000},
    ) == [usd("1"), usd("7"), usd("2.5")]


def test_a_later_folder_replaces_an_alias(tmp_path: Path) -> None:
    base = write(tmp_path / "base", openai=GPT_4O)
    alias = '[[alias]]\nname = "gpt-4o"\nto = [ { from = 2024-01-01, model = "gpt-4o-2024-05-13" } ]'
    prices = catalog.load([write(tmp_path / "mine", openai=alias)], base=base)

    assert costs(prices, {"model": "gpt-4o", "input_tokens": 1_000_000}) == [usd("5")]


def test_the_version_follows_the_prices_and_not_their_place(tmp_path: Path) -> None:
    one = book(tmp_path / "a", openai=GPT_4O)
    same = book(tmp_path / "b", openai="# a comment\n" + GPT_4O)
    dearer = book(tmp_path / "c", openai=GPT_4O.replace("10.00 }", "10.01 }", 1))

    assert one.version == same.version != dearer.version


def test_a_folder_that_is_not_there_is_an_error_a_user_can_fix(tmp_path: Path) -> None:
    with pytest.raises(PricingError, match="no such folder"):
        catalog.load([tmp_path / "nowhere"], base=tmp_path)


def test_broken_toml_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("provider = ", encoding="utf-8")

    with pytest.raises(PricingError, match=r"x\.toml: not valid TOML"):
        catalog.load(base=tmp_path)


def test_prices_in_another_currency_are_converted_by_the_rate_of_their_day(tmp_path: Path) -> None:
    """2 CNY at 0.14 are $0.28 per 1M; from 2026-06-01 the rate is 0.1375: $0.275."""
    prices = book(
        tmp_path,
        deepseek='currency = "CNY"\n'
        "exchange = [ { from = 2026-01-01, usd = 0.14 }, { from = 2026-06-01, usd = 0.1375 } ]\n"
        '[[model]]\nid = "m"\nrates = [ { from = 2026-01-01, input = 2.00 } ]',
    )

    assert prices.prices["input"].to_list() == [280_000, 275_000]
    assert prices.prices["from"].to_list() == [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)]


def test_another_currency_without_a_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PricingError, match="no exchange rate"):
        book(tmp_path, deepseek='currency = "CNY"\n' + MINI.format(line="input = 1"))


def test_show_gives_rates_per_million_and_the_threshold(tmp_path: Path) -> None:
    shown = catalog.show(book(tmp_path, anthropic=SONNET), "claude-sonnet-4.6")

    over = shown.filter(over=200_000).row(0, named=True)
    assert (over["input"], over["cache_write_1h"], over["service_tier"]) == (Decimal(6), Decimal(12), "standard")
    assert shown["over"].to_list().count(None) == 3


def test_show_of_an_alias_gives_every_model_it_ever_meant(tmp_path: Path) -> None:
    shown = catalog.show(book(tmp_path, openai=GPT_4O), "openai/gpt-4o")

    assert shown["model"].unique().sort().to_list() == ["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"]


def test_show_of_an_unknown_model_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(PricingError) as caught:
        catalog.show(book(tmp_path, deepseek=DEEPSEEK), "deepseek-v4-prp")

    assert caught.value.hint == "Did you mean 'deepseek-v4-pro'?"


def test_listing_has_one_row_per_model(tmp_path: Path) -> None:
    listed = catalog.listing(book(tmp_path, openai=GPT_4O, deepseek=DEEPSEEK))

    assert listed["model"].to_list() == ["deepseek-v4-pro", "gpt-4o-2024-05-13", "gpt-4o-2024-08-06"]
    assert listed["service_tiers"].to_list() == ["standard", "standard", "batch, standard"]


def test_diff_names_the_rates_that_changed(tmp_path: Path) -> None:
    before = book(tmp_path / "a", openai=GPT_4O)
    after = book(tmp_path / "b", openai=GPT_4O.replace("output = 15.00", "output = 14.00"), deepseek=DEEPSEEK)
    changes = catalog.diff(before, after)

    changed = changes.filter(change="changed").row(0, named=True)
    assert (changed["model"], changed["rate"]) == ("gpt-4o-2024-05-13", "output")
    assert (changed["before"], changed["after"]) == (Decimal(15), Decimal(14))
    assert changes.filter(change="added").height == 6
    assert catalog.diff(before, before).is_empty()
