"""Scenario files of what-if: each key is the option of its name, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from finopsctl.analyses.whatif import Cap, Hits, Move, Prefix, Retries, Span, Tier, Trim
from finopsctl.config.whatif_scenarios import Planned, load
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def loaded(folder: Path, text: str) -> tuple[Planned, ...]:
    path = folder / "whatif.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_every_option_has_a_key(tmp_path: Path) -> None:
    (found,) = loaded(
        tmp_path,
        """
        [[scenario]]
        name = "all"
        swap = ["gpt-4o=gpt-4o-mini:0.5:team=data", "a,b=c"]
        service-tier = "batch:feature=reports"
        trim-input = "30%"
        cap_output = [200]
        prompt-cache = "0.6/0.1"
        cache-hit-rate = 0.35
        cache-cost = 0.0001
        cache-lookups = "all"
        retries = 0
        token-factor = { c = 1.1, gpt-4o-mini = "1.0..1.2" }
        output-factor = { c = 2 }
        success-rate = { a = 0.97, c = 0.9 }
        keep-cache = true
        self-host = { cost-per-hour = 2.49, tokens_per_second = 1500, model = "llama*" }
        price-date = 2026-11-01
        price-book = "prices"
        [[scenario.route]]
        model = "small"
        share = 0.5
        where = ["feature=chat"]
        max-input-tokens = 500
        """,
    )
    scenario = found.scenario

    assert scenario.swaps == (
        Move("gpt-4o-mini", ("gpt-4o",), Decimal("0.5"), ("team=data",)),
        Move("c", ("a", "b")),
    )
    assert scenario.routes == (Move("small", (), Decimal("0.5"), ("feature=chat",), 500),)
    assert scenario.tiers == (Tier("batch", ("feature=reports",)),)
    assert scenario.trims == (Trim(Decimal("0.3")),)
    assert scenario.caps == (Cap(200),)
    assert scenario.prefixes == (Prefix(Decimal("0.6"), Decimal("0.1")),)
    assert scenario.hits == (Hits(Decimal("0.35"), Decimal("0.0001"), on_all=True),)
    assert scenario.retries == (Retries(Decimal(0)),)
    assert scenario.token_factors["gpt-4o-mini"] == Span(Decimal("1.0"), Decimal("1.2"))
    assert scenario.output_factors["c"] == Span(Decimal(2), Decimal(2))
    assert scenario.success_rates == {"a": Decimal("0.97"), "c": Decimal("0.9")}
    assert scenario.keep_cache
    assert scenario.self_host is not None
    assert (scenario.self_host.cost_per_hour, scenario.self_host.models) == (Decimal("2.49"), ("llama*",))
    assert (found.price_date, found.price_book) == ("2026-11-01", tmp_path / "prices")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[scenario]]\nname = 'a'\nswop = ['x=y']", "swop: unknown key"),
        ("[[scenario]]\nname = 'a'", "changes nothing"),
        ("[[scenario]]\nname = 'a'\nswap = 'x'", "cannot read the swap 'x'"),
        ("[[scenario]]\nname = 'a'\nsuccess-rate = { x = 0 }\ncap-output = 3", "never succeeds"),
        ("[[scenario]]\nname = 'a'\ncap-output = 3\n[[scenario]]\nname = 'a'\ncap-output = 4", "two scenarios"),
        ("[[scenarios]]\nname = 'a'", "no [[scenario]] in it"),
        ("x = 1\n[[scenario]]\nname = 'a'\ncap-output = 3", "x: unknown key"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, text)

    assert said in refused.value.message
    assert "whatif.toml" in refused.value.message
