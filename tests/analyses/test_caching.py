"""What caching saved, would save by the formula, and would save on a trace."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import polars as pl
import pytest

from finopsctl.analyses.caching import (
    CacheSavings,
    Experiment,
    PricesInForce,
    SavingsQuestion,
    estimate,
    model_prices,
    savings,
    simulate,
)
from finopsctl.analyses.caching.lifetimes import lifetime, spelt
from finopsctl.caching.provider_rules import breakpoints
from finopsctl.errors import ConfigError, PricingError
from finopsctl.metrics.dimensions import parse
from finopsctl.pricing import catalog
from finopsctl.pricing.currency import ExchangeRate
from finopsctl.pricing.models import Resolver
from ledgers import ledger
from traces import trace

TODAY = datetime(2026, 10, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)


@lru_cache(maxsize=1)
def resolver() -> Resolver:
    return Resolver(catalog.load())


def priced(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return a ledger whose cost is what its records cost at list price."""
    frame = rows.drop("cost").collect()
    prices = PricesInForce(resolver())
    return frame.with_columns(cost=prices.cost(frame).reinterpret(dtype=pl.Decimal(38, 12))).lazy()


def saved(
    table: str, by: str = "", rates: tuple[ExchangeRate, ...] = (), currency: str = "USD", **how: Any
) -> CacheSavings:
    question = SavingsQuestion(by=parse(by), currency=currency, **how)
    return savings(priced(ledger(table)), question, PricesInForce(resolver(), currency=currency, rates=rates))


HITS = """
provider model  team requests cache_hits cache_type input_tokens output_tokens
openai   gpt-4o a    1        1          exact      1000         200
openai   gpt-4o a    1        1          semantic   2000         100
openai   gpt-4o b    1        0          -          1000         200
"""
"""At 2.50 and 10.00 per million: 0.0045, 0.006 and 0.0045 USD."""

PROMPTS = """
provider  model             team requests input_tokens cache_read_tokens cache_write_tokens cache_write_1h_tokens
anthropic claude-sonnet-4-5 a    1        100          10000             0                  0
anthropic claude-sonnet-4-5 b    1        100          0                 4000               1000
"""
"""At 3.00: reads at 0.30 save 0.027; writes at 3.75 and 6.00 cost 0.003 + 0.003 more."""


def test_a_cached_response_saved_what_it_would_have_cost_less_its_look_up() -> None:
    """0.0045 + 0.006 = 0.0105, less two look-ups at 0.001."""
    found = saved(HITS, lookup_cost=Decimal("0.001"))

    assert (found.totals["gross"], found.totals["lookup"]) == (Decimal("0.0105"), Decimal("0.002"))
    assert found.totals["response_net"] == found.totals["net"] == Decimal("0.0085")
    assert found.totals["hits"] == 2


def test_responses_are_told_apart_by_the_type_of_cache() -> None:
    rows = saved(HITS).rows

    assert dict(rows.select("cache_type", "gross").iter_rows()) == {
        "semantic": Decimal("0.006"),
        "exact": Decimal("0.0045"),
    }


def test_look_ups_charged_on_all_requests_count_misses_too() -> None:
    """Three requests say whether they were a hit: 0.003; team b, which had no hit, lost 0.001."""
    found = saved(HITS, "team", lookup_cost=Decimal("0.001"), lookup_on="all")

    assert found.totals["lookup"] == Decimal("0.003")
    assert found.rows.filter(team="b").select("gross", "net").row(0) == (0, Decimal("-0.001"))


def test_prompt_caching_saved_the_discount_on_reads_less_the_premium_on_writes() -> None:
    """0.027 - 0.006 = 0.021."""
    found = saved(PROMPTS)

    (row,) = found.rows.to_dicts()
    assert (row["kind"], row["gross"], row["write_premium"]) == ("prompt", Decimal("0.027"), Decimal("0.006"))
    assert row["net"] == found.totals["prompt_net"] == Decimal("0.021")
    assert (row["read_tokens"], row["written_tokens"]) == (10_000, 5_000)


def test_a_cache_that_is_only_written_lost_money_and_the_report_says_so() -> None:
    """Team b wrote for 0.006 and read nothing."""
    found = saved(PROMPTS, "team")
    alone = saved("\n".join(line for line in PROMPTS.splitlines() if " a  " not in line))

    assert dict(found.rows.select("team", "net").iter_rows()) == {"a": Decimal("0.027"), "b": Decimal("-0.006")}
    assert [finding.code for finding in found.findings] == []
    assert [finding.code for finding in alone.findings] == ["cache_loses_money"]
    assert "LOST less than $0.01" in alone.report().headline


def test_without_caches_usage_would_have_cost_actual_plus_net() -> None:
    """Three calls, two of them free: 0.0045 spent, 0.015 without; 70 % saved."""
    totals = saved(HITS).totals

    assert (totals["actual"], totals["baseline"]) == (Decimal("0.0045"), Decimal("0.015"))
    assert totals["saving_share"] == pytest.approx(0.7)


def test_what_has_no_price_counts_nothing_and_is_counted() -> None:
    found = saved(HITS.replace("gpt-4o a    1        1          exact", "nobody a    1        1          exact"))

    assert found.totals["gross"] == Decimal("0.006")
    assert found.totals["unpriced"] == 1
    assert found.rows.filter(cache_type="exact").select("gross", "net").row(0) == (None, None)
    assert "1 cached request without a price" in found.findings[0].message


def test_hits_in_daily_totals_are_said_not_to_count() -> None:
    rows = ledger("provider model requests cache_hits input_tokens\nopenai gpt-4o 10 4 9000", record_kind="usage")

    found = savings(priced(rows), SavingsQuestion(), PricesInForce(resolver()))

    assert found.rows.is_empty()
    assert [finding.code for finding in found.findings] == ["hits_in_buckets"]
    assert found.report().headline.startswith("No record shows")


def test_savings_are_in_the_reports_currency() -> None:
    """At 0.5 for a dollar, 0.0105 USD are 0.00525."""
    rate = ExchangeRate("USD", "EUR", date(2026, 1, 1), Decimal("0.5"))

    assert saved(HITS, currency="EUR", rates=(rate,)).totals["gross"] == Decimal("0.00525")


def test_savings_cannot_be_split_by_class_of_token() -> None:
    with pytest.raises(ConfigError, match="cannot be split by token_class"):
        saved(HITS, "token_class")


def test_look_ups_on_hits_pay_at_any_rate_and_on_all_from_a_rate_on() -> None:
    """0.0001 / 0.0084 = 1.19 %."""
    asked = Decimal(1000), Decimal("0.0084"), Decimal("0.01"), Decimal("0.0001")

    hits, every = estimate(*asked), estimate(*asked, "all")

    assert hits.totals["break_even_hit_rate"] == 0
    assert every.totals["break_even_hit_rate"] == pytest.approx(0.0119, abs=1e-4)
    assert (every.totals["saving"], every.findings[0].code) == (Decimal("-0.016"), "cache_loses_money")


def test_no_hit_rate_pays_for_look_ups_dearer_than_requests() -> None:
    found = estimate(Decimal(10), Decimal(1), Decimal("0.5"), Decimal(2))

    assert found.totals["break_even_hit_rate"] is None
    assert "no hit rate would pay" in found.report().headline


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (("1.5", "1", "0.5", "0"), "no number of requests"),
        (("1", "1", "1.1", "0"), "not between 0 and 1"),
        (("1", "-1", "0.5", "0"), "--cost -1 is no cost"),
        (("1e30", "1", "0.5", "0"), "too large"),
    ],
)
def test_an_estimate_of_nonsense_is_refused(numbers: tuple[str, ...], said: str) -> None:
    requests, cost, hit_rate, lookup_cost = map(Decimal, numbers)

    with pytest.raises(ConfigError, match=said):
        estimate(requests, cost, hit_rate, lookup_cost)


def test_a_models_cache_prices_are_those_of_the_catalogue() -> None:
    """3.00 fresh, 0.30 read, 3.75 and 6.00 written."""
    prices = model_prices(resolver(), "claude-sonnet-4-5", TODAY, "anthropic")

    assert (prices.read, prices.write, prices.write_1h) == (Fraction(1, 10), Fraction(5, 4), Fraction(2))


def test_a_model_may_be_named_with_its_provider() -> None:
    assert model_prices(resolver(), "openai/gpt-4o", TODAY).provider == "openai"


def test_a_model_there_is_not_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(PricingError, match="gpt-4oo") as refused:
        model_prices(resolver(), "gpt-4oo", TODAY)

    assert "gpt-4o" in refused.value.hint


def test_money_is_input_at_the_models_prices() -> None:
    """2,048 tokens at 3.00 per million are 0.006144; 1,024 of them read save 90 % of 0.003072, and writing the first
    1,024 costs 0.25 x 0.003072 more: 0.0027648 - 0.000768."""
    prices = model_prices(resolver(), "claude-sonnet-4-5", TODAY, "anthropic")

    totals = simulate(trace((0, "ab"), (1, "ab")), Experiment("anthropic", prices=prices)).totals

    assert totals["baseline"] == Decimal("0.006144")
    assert totals["saving"] == Decimal("0.0019968")
    assert totals["scenario"] == totals["baseline"] - totals["saving"]
    assert totals["input_cost_factor"] == pytest.approx(float(totals["scenario"] / totals["baseline"]))


def test_a_long_prompt_is_priced_in_its_own_context_band() -> None:
    """claude-haiku-5-5 costs 0.10 up to 100,000 input tokens and 0.50 beyond: 196 x 512 = 100,352 tokens at 0.50."""
    prices = model_prices(resolver(), "claude-haiku-5-5", datetime(2026, 11, 1, tzinfo=UTC), "anthropic")

    totals = simulate(trace((0, "x" * 196)), Experiment("anthropic", prices=prices)).totals

    assert totals["baseline"] == 100_352 * Decimal("0.0000005")


def test_a_provider_that_bills_writes_bills_them_under_the_automatic_rule_too() -> None:
    """gpt-5.6-sol: reads at 0.1, writes at 1.25. Of 2,048 tokens 1,024 are written, 1,024 read:
    1 - 0.5 x 0.9 + 0.5 x 0.25 = 0.675."""
    prices = model_prices(resolver(), "gpt-5.6-sol", TODAY, "openai")

    totals = simulate(trace((0, "ab"), (1, "ab")), Experiment("openai", prices=prices)).totals

    assert totals["input_cost_factor"] == pytest.approx(0.675)


def test_without_a_model_money_is_unknown() -> None:
    totals = simulate(trace((0, "ab")), Experiment("openai")).totals

    assert (totals["baseline"], totals["scenario"], totals["saving"]) == (None, None, None)


def test_the_default_curve_ends_where_a_cache_holds_the_whole_trace() -> None:
    """40 blocks are 20,480 tokens: 30,000 are enough."""
    rows = simulate(trace((0, "x" * 40), (1, "x" * 40)), Experiment("lru")).rows

    assert rows["capacity"].to_list() == [10_000, 20_000, 30_000, None]
    assert rows["hit_rate"].to_list() == [0, 0, 0.5, 0.5]


def test_of_several_capacities_the_totals_are_those_of_the_largest() -> None:
    found = simulate(trace((0, "ab"), (1, "ab")), Experiment("lru", (2048, 0)))

    assert found.rows["capacity"].to_list() == [0, 2048]
    assert (found.totals["capacity"], found.totals["hit_rate"]) == (2048, 0.5)


def test_the_variant_asked_for_stands_among_those_that_are_sold() -> None:
    rows = simulate(trace((0, "ab")), Experiment("anthropic", lifetime=_HOUR)).rows

    assert rows["ttl"].unique().sort().to_list() == ["1h", "5m"]
    assert rows.filter("asked").select("ttl", "breakpoints").rows() == [("1h", "end")]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"rule": "lur"}, "unknown rule 'lur'"),
        ({"rule": "openai", "capacities": (1,)}, "knows no capacity"),
        ({"rule": "lru", "places": breakpoints("blocks")}, "knows no breakpoints"),
    ],
)
def test_what_a_rule_does_not_know_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Experiment(**asked)


def test_a_lifetime_that_is_not_sold_needs_a_price() -> None:
    ten = timedelta(minutes=10)

    with pytest.raises(ConfigError, match="no known write price"):
        simulate(trace((0, "ab")), Experiment("anthropic", lifetime=ten))
    assert (
        simulate(trace((0, "ab")), Experiment("anthropic", lifetime=ten, write_price=Fraction(3, 2))).rows.height == 9
    )


@pytest.mark.parametrize("text", ["90s", "5m", "1h", "1d"])
def test_a_lifetime_reads_back_as_it_is_written(text: str) -> None:
    assert spelt(lifetime(text)) == text


@pytest.mark.parametrize("text", ["5", "m", "-5m", "5 weeks", ""])
def test_a_text_that_is_no_lifetime_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no lifetime"):
        lifetime(text)


def test_a_write_price_of_the_automatic_rule_holds_for_every_lifetime_and_discount() -> None:
    """Of 4,096 tokens 2,048 are written and 2,048 read: 1 - 0.5 x 0.5 + 0.5 x 0.25 = 0.875. A price given for writes
    was taken at the lifetime asked for alone, so that others looked better, and at no discount."""
    found = simulate(trace((0, "abcd"), (1, "abcd")), Experiment("openai", write_price=Fraction(5, 4)))

    discounts = found.report().tables[1].frame
    assert set(found.rows["write_price"]) == {1.25}
    assert set(found.rows["input_cost_factor"]) == set(discounts["at_50"]) == {0.875}


def test_a_model_sold_by_several_is_priced_by_its_maker_where_none_is_named() -> None:
    assert model_prices(resolver(), "gpt-4o", TODAY).provider == "openai"
