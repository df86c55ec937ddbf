"""Lint finds what loading lets pass: gaps, dangling names, figures that look like typing errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pricing.price_files import book

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 'source = "https://example.com"\nchecked = 2026-11-22\n'


def _codes(folder: Path, body: str) -> set[str]:
    return {finding.code for finding in book(folder, openai=body).lint()}


def test_a_model_with_source_day_and_plain_rates_is_clean(tmp_path: Path) -> None:
    assert (
        _codes(tmp_path, f'[[model]]\nid = "m"\n{PAGE}rates = [ {{ from = 2026-01-01, input = 1, output = 4 }} ]')
        == set()
    )


@pytest.mark.parametrize(
    ("rates", "code"),
    [
        ("{ from = 2026-01-01, input = 1, cache_read = 2 }", "cache_read_dear"),
        ("{ from = 2026-01-01, input = 9, output = 1 }", "output_cheap"),
        ("{ from = 2026-01-01, input = 1, cache_write = 12.5 }", "cache_write_odd"),
        ("{ from = 2026-01-01, input = 1, cache_write = 2, cache_write_1h = 1.25 }", "cache_write_odd"),
        ("{ from = 2026-01-01, input = 2500, output = 10000 }", "rate_high"),
        ("{ from = 2026-01-01, over = 5, input = 1 }", "base_missing"),
        ("{ from = 2026-01-01, input = 1 }, { from = 2026-02-01, input = 1000 }", "jump"),
        ("{ from = 2026-02-01, input = 1 }, { from = 2026-01-01, input = 1 }", "order"),
        (
            "{ from = 2026-01-01, input = 1 }, { from = 2026-01-01, service_tier = 'batch', input = 2 }",
            "tier_dear",
        ),
    ],
)
def test_an_odd_figure_is_found(tmp_path: Path, rates: str, code: str) -> None:
    assert code in _codes(tmp_path, f'[[model]]\nid = "m"\n{PAGE}rates = [ {rates} ]')


def test_a_model_without_source_or_checked_day_is_found(tmp_path: Path) -> None:
    codes = _codes(tmp_path, '[[model]]\nid = "m"\nrates = [ { from = 2026-01-01, input = 1 } ]')

    assert codes == {"source_missing", "checked_missing"}


def test_an_alias_to_an_unlisted_model_is_critical(tmp_path: Path) -> None:
    assert "alias_unknown" in _codes(tmp_path, '[[alias]]\nname = "a"\nto = [ { from = 2026-01-01, model = "b" } ]')


def test_a_like_to_an_unlisted_model_is_critical(tmp_path: Path) -> None:
    assert "like_unknown" in _codes(tmp_path, f'[[model]]\nid = "m"\nlike = "anthropic/none"\n{PAGE}')


def test_a_name_with_two_owners_is_critical(tmp_path: Path) -> None:
    line = "rates = [ { from = 2026-01-01, input = 1 } ]"
    body = f'[[model]]\nid = "a"\nmatch = ["x"]\n{PAGE}{line}\n[[model]]\nid = "b"\nmatch = ["x"]\n{PAGE}{line}'

    assert _codes(tmp_path, body) == {"name_twice"}
