"""What the rules say of small ledgers, and what their savings come to together."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from finopsctl.analyses.caching import PricesInForce, SavingsQuestion, savings
from finopsctl.analyses.price_audit import audit
from finopsctl.analyses.whatif import Prices
from finopsctl.errors import ConfigError
from finopsctl.metrics.dimensions import parse
from finopsctl.pricing.models import Resolver
from finopsctl.recommendations.question import RecommendQuestion, Shown, Thresholds
from finopsctl.recommendations.recommend import recommend
from finopsctl.recommendations.rules import RULES
from pricing.price_files import book
from recommendation_cases import LISTS
from whatif_cases import BIG, ledger

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.recommendations.result import Recommendations

LONG = {"model": "grand", "model_tier": "premium", "input_tokens": 2000, "output_tokens": 500, "cost": Decimal("0.04")}
"""2,000 x $10 + 500 x $40 per million = $0.04; as grand-lite $0.02."""

SHORT = LONG | {"input_tokens": 400, "output_tokens": 20, "cost": Decimal("0.0048")}
"""400 x $10 + 20 x $40 per million = $0.0048; as mini $0.00048."""


def asked(folder: Path, *records: dict[str, Any], **thresholds: Any) -> Recommendations:
    """Ask for recommendations on requests of one day, by team, of workloads of any size."""
    resolver = Resolver(book(folder / "prices", openai=LISTS))
    limits = replace(Thresholds(floor=Decimal(0)), **thresholds)
    rows = ledger(*records)
    question = RecommendQuestion(parse("team"), Prices(resolver), limits)
    dims = parse("team,provider,model")
    saved = savings(rows, SavingsQuestion(dims), PricesInForce(resolver))
    return recommend(rows, question, Shown(saved, audit(rows)))


def monthly(found: Recommendations, rule: str) -> Decimal | None:
    """Return the monthly saving of a rule that spoke once."""
    amount: Decimal | None = found.rows.filter(rule=rule)["monthly_saving"].item()
    return amount


def test_a_premium_model_is_swapped_for_the_next_tier_of_its_maker(tmp_path: Path) -> None:
    """One day, $0.04 as grand, $0.02 as grand-lite: $0.02 a day, $0.60 a month."""
    found = asked(tmp_path, LONG)

    assert monthly(found, "premium_models") == Decimal("0.60")
    assert "to grand-lite" in found.rows["title"][0]


def test_premium_models_may_have_their_share(tmp_path: Path) -> None:
    """$0.04 of $0.20 is 20 %: below 30 %."""
    other = {"model": "mini", "model_tier": "budget", "input_tokens": 160_000, "output_tokens": 0}
    found = asked(tmp_path, LONG, other | {"cost": Decimal("0.16")})

    assert "premium_models" not in found.rows["rule"].to_list()


def test_a_simple_request_goes_to_a_budget_model_whatever_the_share(tmp_path: Path) -> None:
    """$0.0048 as grand, $0.00048 as mini: $0.00432 a day, $0.1296 a month."""
    found = asked(tmp_path, SHORT)

    assert monthly(found, "simple_requests") == Decimal("0.1296")
    assert "premium_models" not in found.rows["rule"].to_list()


def test_of_two_changes_to_the_same_request_the_second_acts_on_what_the_first_leaves(tmp_path: Path) -> None:
    """As grand-lite, or in grand's batch tier, $0.02 instead of $0.04: $0.60 a month each. grand-lite has no batch
    price, so both together save no more than the swap."""
    found = asked(tmp_path, LONG | {"workload": "batch"})

    assert monthly(found, "premium_models") == Decimal("0.60")
    assert monthly(found, "batch_tier") == Decimal("0.60")
    assert found.totals["monthly_saving_added"] == Decimal("1.20")
    assert found.totals["monthly_saving_combined"] == Decimal("0.60")


def test_a_cache_given_up_and_a_swap_of_the_same_requests_act_one_after_the_other(tmp_path: Path) -> None:
    """8,000 tokens written at $12.50 instead of $10 a million: $0.02 lost a day, $0.60 a month. As grand-lite the
    request costs half of $0.14, $2.10 a month less; without the cache half of $0.12: $0.08 a day, $2.40 a month."""
    written = LONG | {"cache_write_tokens": 8000, "cost": Decimal("0.14")}
    found = asked(tmp_path, written, disabled=("long_prompts",))

    assert monthly(found, "cache_loses") == Decimal("0.60")
    assert monthly(found, "premium_models") == Decimal("2.10")
    assert found.totals["monthly_saving_combined"] == Decimal("2.40")


def test_a_cache_that_loses_counts_where_nothing_else_acts(tmp_path: Path) -> None:
    """$0.60 a month as above, with the rule on premium models switched off."""
    written = LONG | {"cache_write_tokens": 8000, "cost": Decimal("0.14")}
    off = ("premium_models", "long_prompts")
    found = asked(tmp_path, written, disabled=off)

    assert found.totals["monthly_saving_combined"] == Decimal("0.60")


def test_requests_without_a_price_or_a_team_come_first_to_mind_but_save_nothing(tmp_path: Path) -> None:
    found = asked(tmp_path, LONG, BIG | {"cost": None})
    data = found.rows.filter(lever="data")

    assert data["rule"].to_list() == ["unattributed", "unpriced"]
    assert data["monthly_saving"].null_count() == 2


def test_a_price_the_gateway_has_wrong_is_a_matter_of_reporting(tmp_path: Path) -> None:
    rows = ledger(LONG).with_columns(
        reported_cost=pl.lit(Decimal("0.10")).cast(pl.Decimal(38, 12)),
        list_cost=pl.lit(Decimal("0.04")).cast(pl.Decimal(38, 12)),
    )
    resolver = Resolver(book(tmp_path / "prices", openai=LISTS))
    saved = savings(rows, SavingsQuestion(parse("team,provider,model")), PricesInForce(resolver))
    question = RecommendQuestion(parse("team"), Prices(resolver), Thresholds(floor=Decimal(0)))
    row = recommend(rows, question, Shown(saved, audit(rows))).rows.filter(rule="stale_prices").row(0, named=True)

    assert row["monthly_saving"] is None
    assert "reported as $0.10 where the list price is $0.04: $0.06 more" in row["evidence"]
    assert row["command"] == "finopsctl pricing audit"


def test_below_the_floor_a_workload_is_left_alone(tmp_path: Path) -> None:
    """$0.04 a day is $1.20 a month: at a floor of $1.20 it counts, above it does not."""
    at, above = (asked(tmp_path, LONG, floor=Decimal(floor)) for floor in ("1.20", "1.21"))

    assert monthly(at, "premium_models") == Decimal("0.60")
    assert above.totals["workloads_left_alone"] == 1
    assert above.rows.filter(pl.col("monthly_saving").is_not_null()).is_empty()


def test_names_with_commas_are_still_found_again(tmp_path: Path) -> None:
    found = asked(tmp_path, LONG | {"team": "bread, cake"})

    assert monthly(found, "premium_models") == Decimal("0.60")
    assert "'grand=grand-lite:team~bread? cake:model=grand'" in found.rows["command"][0]


def test_an_empty_ledger_has_nothing_to_recommend(tmp_path: Path) -> None:
    found = asked(tmp_path, LONG | {"model": "mini", "model_tier": "budget", "team": "a", "cost": Decimal("0.004")})

    assert found.rows.is_empty()
    assert found.report().headline == "Nothing to recommend: no signal is beyond its threshold."


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_every_rule_can_be_switched_off(tmp_path: Path, name: str) -> None:
    found = asked(tmp_path, LONG | {"workload": "batch"}, BIG | {"cost": None}, disabled=(name.replace("_", "-"),))

    assert name not in found.rows["rule"].to_list()


def test_a_rule_that_is_none_cannot_be_switched_off(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recommendation rule 'premium'"):
        asked(tmp_path, LONG, disabled=("premium",))


def test_requests_that_do_not_say_whether_they_were_retried_do_not_count_as_retried(tmp_path: Path) -> None:
    """One of 30 that say so: 3.3 %, below 5 %, whatever 10 others leave unsaid."""
    said = [SHORT | {"retries": int(at == 0)} for at in range(30)]
    found = asked(tmp_path, *said, *[SHORT] * 10)

    assert "retries" not in found.rows["rule"].to_list()


def test_where_look_ups_lose_money_nobody_is_told_to_raise_the_hit_rate_of_the_cache(tmp_path: Path) -> None:
    """$0.10 a look-up on all of 20 requests, $2.00, one hit worth $0.0048: $1.9952 a day, $59.856 a month."""
    calls = [SHORT | {"cache_hits": int(at == 0)} for at in range(20)]
    resolver, rows = Resolver(book(tmp_path / "prices", openai=LISTS)), ledger(*calls)
    look_up = SavingsQuestion(parse("team,provider,model"), lookup_cost=Decimal("0.1"), lookup_on="all")
    saved = savings(rows, look_up, PricesInForce(resolver))
    limits = Thresholds(floor=Decimal(0))
    question = RecommendQuestion(parse("team"), Prices(resolver), limits, lookup=Decimal("0.1"), lookup_on_all=True)
    found = recommend(rows, question, Shown(saved))

    assert monthly(found, "cache_loses") == Decimal("59.856")
    assert "low_hit_rate" not in found.rows["rule"].to_list()
