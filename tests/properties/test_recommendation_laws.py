"""Laws of recommendations: every figure, and all of them together, is what what-if says of the levers named."""

from __future__ import annotations

import shlex
import tempfile
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.analyses.caching import PricesInForce, SavingsQuestion, savings
from finopsctl.analyses.whatif import Prices, Scenario, WhatIfQuestion, parsing, whatif
from finopsctl.config.whatif_scenarios import load
from finopsctl.metrics.dimensions import parse
from finopsctl.pricing.models import Resolver
from finopsctl.recommendations.question import RecommendQuestion, Shown, Thresholds
from finopsctl.recommendations.recommend import recommend
from pricing.price_files import NOON, book
from recommendation_cases import LISTS
from whatif_cases import ledger

if TYPE_CHECKING:
    from finopsctl.analyses.caching import CacheSavings
    from finopsctl.recommendations.result import Recommendations

TIERS = {"grand": "premium", "grand-lite": "standard", "mini": "budget"}
NAMES = ["a", "b", None, "bread, cake", " ends blank ", "(untagged)", "x:team=y"]

ROW = st.fixed_dictionaries(
    {
        "model": st.sampled_from([*TIERS, "nobody"]),
        "team": st.sampled_from(NAMES),
        "workload": st.sampled_from([None, "batch", "chat"]),
        "input_tokens": st.sampled_from([0, 100, 997, 5003, 20_011]),
        "output_tokens": st.sampled_from([1, 33, 250, 7001]),
        "cache_write_tokens": st.sampled_from([None, 0, 9001]),
        "cache_read_tokens": st.sampled_from([None, 0, 0, 501]),
        "retries": st.sampled_from([None, 0, 2]),
        "cache_hits": st.sampled_from([None, 0, 0, 0, 0, 0, 0, 1]),
        "service_tier": st.sampled_from([None, "batch"]),
        "day": st.integers(0, 6),
    }
)
PRICED = {"model": "mini", "team": "a", "input_tokens": 100, "output_tokens": 1, "day": 0}
ROWS = st.lists(ROW, min_size=1, max_size=30)
OPTIONS: dict[str, tuple[str, Any]] = {
    "--swap": ("swaps", parsing.swap),
    "--service-tier": ("tiers", parsing.tier),
    "--trim-input": ("trims", parsing.trim),
    "--cap-output": ("caps", parsing.cap),
    "--prompt-cache": ("prefixes", parsing.prefix),
    "--cache-hit-rate": ("hits", lambda text: parsing.hits(text, "0.0001", on_all=True)),
    "--retries": ("retries", parsing.retries),
}
LOOKUP = Decimal("0.0001")
LIMITS = Thresholds(floor=Decimal(0), premium_share=0.01, hit_rate=0.9, hit_rate_target=0.95, large_prefix=1000)


@cache
def prices() -> Prices:
    return Prices(Resolver(book(Path(tempfile.mkdtemp()), openai=LISTS)))


def rows_of(drawn: list[dict[str, Any]]) -> pl.LazyFrame:
    """Return requests; the gateway reports a hundred-thousandth of a dollar a token, which says who is large."""
    records = []
    for row in drawn:
        at = NOON + timedelta(days=row["day"])
        cost = Decimal(row["input_tokens"] + row["output_tokens"]) / 100_000
        tier = {"model_tier": TIERS.get(row["model"]), "charge_period_start": at, "cost": cost}
        records.append({name: value for name, value in row.items() if name != "day"} | tier)
    return ledger(*records)


def asked(rows: pl.LazyFrame) -> Recommendations:
    question = RecommendQuestion(
        parse("team"), prices(), LIMITS, lookup=LOOKUP, lookup_on_all=True, scenario_file="all.toml"
    )
    return recommend(rows, question, Shown(saved(rows)))


def saved(rows: pl.LazyFrame) -> CacheSavings:
    question = SavingsQuestion(parse("team,provider,model"), lookup_cost=LOOKUP, lookup_on="all")
    return savings(rows, question, PricesInForce(prices().resolver))


def named(command: str) -> Scenario:
    """Return the scenario that a command asks for."""
    words = shlex.split(command)
    option = next(word for word in words if word in OPTIONS)
    lever, read = OPTIONS[option]
    levers: dict[str, Any] = {lever: (read(words[words.index(option) + 1]),)}
    return Scenario(command, **levers)


def played(rows: pl.LazyFrame, *scenarios: Scenario) -> list[Decimal]:
    """Return the monthly saving of each scenario."""
    if not scenarios:
        return []
    found = whatif(rows, WhatIfQuestion(scenarios, prices(), compare=True))
    return [outcome.totals["monthly_saving"] for outcome in found.outcomes]


@settings(max_examples=5, deadline=None)
@given(ROWS)
def test_every_saving_is_that_of_the_levers_its_command_names(drawn: list[dict[str, Any]]) -> None:
    rows = rows_of(drawn)
    found = [row for row in asked(rows).rows.to_dicts() if row["command"].startswith("finopsctl whatif")]
    again, plain = ([row for row in found if (row["rule"] == "retries") == side] for side in (True, False))

    for some in (again, plain):
        assert [row["monthly_saving"] for row in some] == played(rows, *(named(row["command"]) for row in some))


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(ROWS)
def test_all_together_save_what_the_exported_scenario_does(drawn: list[dict[str, Any]]) -> None:
    rows = rows_of(drawn)
    found = asked(rows)
    file = Path(tempfile.mkdtemp()) / "all.toml"
    file.write_text(found.scenarios, encoding="utf-8")
    scenarios = [planned.scenario for planned in load(file)] if found.scenarios else []

    assert [found.totals["monthly_saving_combined"]] == (played(rows, *scenarios) or [Decimal(0)])


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(ROWS)
def test_giving_up_caches_that_lose_saves_what_they_are_said_to_lose(drawn: list[dict[str, Any]]) -> None:
    """Of requests with a price: what-if compares no others, but their look-ups are paid for all the same."""
    rows = rows_of([row | {"service_tier": None} for row in drawn if row["model"] != "nobody"] or [PRICED])
    losses = saved(rows).rows.group_by("team", "provider", "model", "kind").agg(pl.col("net").sum())
    lost = -Decimal(losses.filter(pl.col("net") < 0)["net"].sum() or 0)
    found = asked(rows)
    told = found.rows.filter(rule="cache_loses")["monthly_saving"].sum() or Decimal(0)

    assert abs(told - lost * 30 / found.totals["days"]) < Decimal("0.000000001")
