"""What-if: which requests move, what they cost then, and what is said about the ones that stay."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.analyses.whatif import Prices, Scenario, parsing, whatif
from finopsctl.errors import ConfigError
from finopsctl.pricing.currency import ExchangeRate
from whatif_cases import BIG, asked, ledger, play, prices, sides

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.analyses.whatif import WhatIf

CENT = Decimal("0.014")
TENTH = Decimal("0.0014")


def swapping(*texts: str, **more: Any) -> Scenario:
    return Scenario(swaps=tuple(parsing.swap(text) for text in texts), **more)


def reasons(found: WhatIf) -> dict[str, int]:
    return dict(found.outcomes[0].tally.kept.select("reason", "requests").iter_rows())


def codes(found: WhatIf) -> list[str]:
    return [finding.code for finding in found.findings]


def test_a_swap_prices_the_same_tokens_as_the_other_model(tmp_path: Path) -> None:
    """$0.014 as big, $0.0014 as small, 90 % less; the embedding is left alone."""
    found = play(tmp_path, swapping("big=small"), BIG, {"model": "vectors", "input_tokens": 10_000})

    assert sides(found) == (CENT + Decimal("0.001"), TENTH + Decimal("0.001"))
    assert found.totals["requests_moved"] == 1
    assert found.rows["model"].to_list() == ["big", "vectors"]
    assert found.rows["saving_share"].to_list() == [0.9, 0.0]
    assert found.totals["break_even_success_rate"] == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["model", "requested_model", "canonical_model"])
def test_a_swap_finds_a_model_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    call = {**BIG, name: "alias-of-big"} if name != "model" else {**BIG, "requested_model": "fast"}
    wanted = "alias-*=small" if name != "model" else "b?g=small"

    assert play(tmp_path, swapping(wanted), call).totals["requests_moved"] == 1


def test_a_request_longer_than_the_context_stays(tmp_path: Path) -> None:
    """950 in and 100 out are more than the 1,000 tokens tiny takes; 800 and 100 are not."""
    long, short = ({"model": "big", "input_tokens": size, "output_tokens": 100} for size in (950, 800))
    found = play(tmp_path, swapping("big=tiny"), long, short)

    assert (found.totals["requests_moved"], found.totals["requests_kept"]) == (1, 1)
    assert reasons(found) == {"context too long": 1}
    assert "1 request moves, 1 stays (context too long)" in found.report().headline


def test_a_record_longer_than_its_own_model_takes_is_not_held_back_by_a_context(tmp_path: Path) -> None:
    """Two million tokens are no single prompt of big, which takes 100,000: $20 become $1."""
    found = play(tmp_path, swapping("big=tiny"), {"model": "big", "input_tokens": 2_000_000})

    assert sides(found) == (Decimal(20), Decimal(1))


def test_an_embedding_does_not_go_to_a_chat_model(tmp_path: Path) -> None:
    """Of a swap of everything the embedding stays and the chat goes, from whatever provider."""
    found = play(
        tmp_path,
        swapping("*=small"),
        {"model": "vectors", "input_tokens": 10},
        {"model": "other", "provider": "anthropic", "input_tokens": 10, "cache_write_tokens": 5, "region": "eu"},
    )

    assert reasons(found) == {"embedding is not what a chat model does": 1}
    assert found.totals["requests_moved"] == 1


def test_a_request_with_a_fee_the_other_provider_does_not_list_stays(tmp_path: Path) -> None:
    call = {**BIG, "consumed_quantity": 3.0, "consumed_unit": "web_search"}
    found = play(tmp_path, swapping("big=other"), call)

    assert sides(found) == (CENT + Decimal("0.03"), CENT + Decimal("0.03"))
    assert reasons(found) == {"no fee for web_search": 1}


def test_a_model_without_a_price_at_the_time_takes_nothing(tmp_path: Path) -> None:
    found = play(tmp_path, swapping("big=young"), BIG)

    assert reasons(found) == {"young: no price at that date": 1}
    assert found.totals["saving"] == 0


def test_caches_start_cold_at_another_maker(tmp_path: Path) -> None:
    """4,000 of 5,000 tokens come from the cache. At the same maker they stay there: 1,000 x $1 + 4,000 x $0.10; at the
    other they are read anew: 5,000 x $2 a million; with the cache kept 1,000 x $2 + 4,000 x $0.20."""
    call = {"model": "big", "input_tokens": 1000, "cache_read_tokens": 4000}

    assert sides(play(tmp_path, swapping("big=small"), call))[1] == Decimal("0.0014")
    cold = play(tmp_path, swapping("big=other"), call)
    assert sides(cold)[1] == Decimal("0.01")
    assert "caches_start_cold" in codes(cold)
    assert sides(play(tmp_path, swapping("big=other", keep_cache=True), call))[1] == Decimal("0.0028")


def test_cached_tokens_without_a_rate_count_as_uncached(tmp_path: Path) -> None:
    """tiny lists no price for cache reads: 900 x $0.50 a million, though it is the same maker."""
    call = {"model": "big", "input_tokens": 100, "cache_read_tokens": 800}

    assert sides(play(tmp_path, swapping("big=tiny"), call))[1] == Decimal("0.00045")


def test_an_aggregated_record_is_split_by_the_share(tmp_path: Path) -> None:
    """Ten requests for $0.14: a quarter of the tokens at a tenth of the price, 0.75 x 0.14 + 0.25 x 0.014."""
    bucket = {
        "record_kind": "usage",
        "requests": 10,
        "model": "big",
        "input_tokens": 10_000,
        "output_tokens": 1000,
    }
    found = play(tmp_path, swapping("big=small:0.25"), bucket)

    assert sides(found) == (Decimal("0.14"), Decimal("0.1085"))
    assert (found.totals["requests_moved"], found.totals["requests_kept"]) == (2, 8)


def test_a_share_of_requests_is_the_same_requests_each_time_and_grows(tmp_path: Path) -> None:
    calls = [{**BIG, "user": str(at)} for at in range(200)]
    moved = [play(tmp_path, swapping(f"big=small:{share}"), *calls, by="user") for share in ("0.3", "0.3", "0.6")]
    users = [set(each.rows.filter(each.rows["requests_moved"] > 0)["user"]) for each in moved]

    assert users[0] == users[1]
    assert users[0] < users[2]
    assert 40 < len(users[0]) < 80


def test_routing_rules_take_requests_in_order(tmp_path: Path) -> None:
    """Short ones go to tiny, the rest of chat to small; search is in no rule."""
    rules = (parsing.route("tiny:feature=chat"), parsing.route("small:feature=chat"))
    scenario = Scenario(routes=(type(rules[0])("tiny", where=("feature=chat",), max_input_tokens=500), rules[1]))
    short = {**BIG, "input_tokens": 500, "feature": "chat"}
    found = play(tmp_path, scenario, short, {**BIG, "feature": "chat"}, {**BIG, "feature": "search"})

    assert found.outcomes[0].moves.select("to", "requests").rows() == [("tiny", 1), ("small", 1)]
    assert sides(found)[1] == Decimal("0.00045") + TENTH + CENT


def test_a_filter_limits_a_swap(tmp_path: Path) -> None:
    found = play(tmp_path, swapping("big=small:team=a"), {**BIG, "team": "a"}, {**BIG, "team": "b"}, by="team")

    assert dict(found.rows.select("team", "scenario").iter_rows()) == {"a": TENTH, "b": CENT}


def test_factors_change_tokens_and_a_range_gives_a_band(tmp_path: Path) -> None:
    """small counts 1.0 to 1.2 tokens where big counts one: 1,100 and 110 in the middle, $0.00154; $0.0014 to
    $0.00168. With twice the output on top: 110 x 2 x $4."""
    scenario = swapping("big=small", token_factors=parsing.spans(["small=1.0..1.2"], ""))
    found = play(tmp_path, scenario, BIG)

    assert sides(found)[1] == Decimal("0.00154")
    assert (found.totals["saving_low"], found.totals["saving_high"]) == (CENT - Decimal("0.00168"), CENT - TENTH)
    twice = swapping("big=small", output_factors=parsing.spans(["small=2"], ""))
    assert sides(play(tmp_path, twice, BIG))[1] == Decimal("0.0018")


def test_success_rates_compare_as_many_successes(tmp_path: Path) -> None:
    """small solves half of what big solves: twice the attempts, $0.0028. A success costs 0.014 / 0.8 = $0.0175 now and
    0.0014 / 0.4 = $0.0035 then; it pays down to a success rate of 0.8 / 10 = 8 %."""
    rates = parsing.rates(["big=0.8,small=0.4"])
    found = play(tmp_path, swapping("big=small", success_rates=rates), BIG)

    assert sides(found)[1] == Decimal("0.0028")
    assert found.totals["cost_per_success_before"] == Decimal("0.0175")
    assert found.totals["cost_per_success_after"] == Decimal("0.0035")
    assert found.totals["break_even_success_rate"] == pytest.approx(0.08)
    worse = play(tmp_path, swapping("big=small", success_rates=parsing.rates(["big=1,small=0.05"])), BIG)
    assert worse.totals["saving"] < 0


def test_a_service_tier_takes_only_what_has_a_price_there(tmp_path: Path) -> None:
    """big in batch costs half; small has no batch price."""
    found = play(tmp_path, Scenario(tiers=(parsing.tier("batch"),)), BIG, {**BIG, "model": "small"})

    assert sides(found)[1] == CENT / 2 + TENTH
    assert reasons(found) == {"no batch price for small": 1}
    assert found.totals["requests_moved"] == 1


def test_prices_of_another_date_are_the_scenarios_only(tmp_path: Path) -> None:
    """From December 2026 big costs $8 and $32: $0.0112."""
    later = Prices(prices(tmp_path / "later").resolver, datetime(2026, 12, 2, tzinfo=UTC))

    assert sides(play(tmp_path, Scenario(prices=later), BIG)) == (CENT, Decimal("0.0112"))


def test_records_older_than_any_price_are_taken_at_the_scenarios_date_on_both_sides(tmp_path: Path) -> None:
    later = Prices(prices(tmp_path / "later").resolver, datetime(2026, 11, 2, tzinfo=UTC))
    old = {**BIG, "charge_period_start": datetime(2023, 11, 16, tzinfo=UTC)}
    found = play(tmp_path, swapping("big=small", prices=later), old)

    assert sides(found) == (CENT, TENTH)
    assert "priced_at_scenario_date" in codes(found)
    assert play(tmp_path, swapping("big=small"), old).totals["unpriced_requests"] == 1


def test_prompts_are_trimmed_by_a_share_or_to_a_length(tmp_path: Path) -> None:
    """30 % of 1,000 tokens is 300 x $10 = $0.003 less; cut to 400 tokens 600 x $10 less. Cached ones shrink alike."""
    assert sides(play(tmp_path, Scenario(trims=(parsing.trim("30%"),)), BIG))[1] == CENT - Decimal("0.003")
    assert sides(play(tmp_path, Scenario(trims=(parsing.trim("400"),)), BIG))[1] == CENT - Decimal("0.006")
    cached = {"model": "big", "input_tokens": 1000, "cache_read_tokens": 3000}
    assert sides(play(tmp_path, Scenario(trims=(parsing.trim("50%"),)), cached))[1] == Decimal("0.0065")


def test_output_is_capped_where_it_is_longer(tmp_path: Path) -> None:
    """60 visible and 40 thought tokens become 30 and 20; a row of 50 stays."""
    scenario = Scenario(caps=(parsing.cap("50"),))
    thought = {"model": "big", "output_tokens": 60, "reasoning_tokens": 40}

    assert sides(play(tmp_path, scenario, thought)) == (Decimal("0.004"), Decimal("0.002"))
    assert play(tmp_path, scenario, {"model": "big", "output_tokens": 50}).totals["requests_changed"] == 0


def test_a_record_of_unknown_many_requests_is_not_capped(tmp_path: Path) -> None:
    bucket = {"record_kind": "usage", "requests": None, "model": "big", "output_tokens": 10_000}
    found = play(tmp_path, Scenario(caps=(parsing.cap("50"),)), bucket)

    assert found.totals["saving"] == 0
    assert list(reasons(found)) == ["the record does not say how many requests it stands for"]


def test_a_response_cache_charges_lookups_on_hits_or_on_all(tmp_path: Path) -> None:
    """A quarter of $0.014 is saved; look-ups cost a quarter of $0.001, or all of it."""
    hits, every = (Scenario(hits=(parsing.hits("25%", "0.001", on_all=on_all),)) for on_all in (False, True))

    assert sides(play(tmp_path, hits, BIG))[1] == Decimal("0.0105") + Decimal("0.00025")
    assert sides(play(tmp_path, every, BIG))[1] == Decimal("0.0105") + Decimal("0.001")


def test_prompt_caching_reads_one_share_and_writes_another(tmp_path: Path) -> None:
    """Of 10,000 tokens 6,000 are read at $0.20, 1,000 written at $2.50, 3,000 fresh at $2: $0.0097 instead of $0.02.
    Without a word on writes all 4,000 left are written: $0.0112. big charges no writes: 6,000 x $1 + 4,000 x $10."""
    other = {"provider": "anthropic", "model": "other", "input_tokens": 10_000}
    said, unsaid = (Scenario(prefixes=(parsing.prefix(text),)) for text in ("0.6/0.1", "60%"))

    assert sides(play(tmp_path, said, other)) == (Decimal("0.02"), Decimal("0.0097"))
    assert sides(play(tmp_path, unsaid, other))[1] == Decimal("0.0112")
    assert sides(play(tmp_path, unsaid, {"model": "big", "input_tokens": 10_000}))[1] == Decimal("0.046")


def test_prompt_caching_takes_the_share_read_elsewhere_in_the_ledger(tmp_path: Path) -> None:
    """One request reads 3,000 of 4,000: three quarters, so the other reads 3,000 x $1 and 1,000 x $10."""
    cached = {"model": "big", "input_tokens": 1000, "cache_read_tokens": 3000}
    scenario = Scenario(prefixes=(parsing.prefix("on"),))
    found = play(tmp_path, scenario, cached, {"model": "big", "input_tokens": 4000})

    assert sides(found) == (Decimal("0.053"), Decimal("0.026"))
    with pytest.raises(ConfigError, match="no request here reads from a prompt cache"):
        play(tmp_path, scenario, BIG)


def test_retries_stand_on_both_sides_and_go_on_one(tmp_path: Path) -> None:
    """Two retries cost as much again each: 3 x $0.014; half of them 2 x, none 1 x."""
    call = {**BIG, "retries": 2}
    none, half = (play(tmp_path, Scenario(retries=(parsing.retries(text),)), call) for text in ("0", "50%"))

    assert sides(none) == (3 * CENT, CENT)
    assert sides(half) == (3 * CENT, 2 * CENT)
    assert "retries_added" in codes(none)


def test_self_hosting_pays_from_so_many_output_tokens_a_day(tmp_path: Path) -> None:
    """A node costs $1 x 24 = $24 a day and writes 10 x 86,400 x 0.5 = 432,000 tokens. The API takes $0.014 for 100
    tokens of output: $24 buy 171,429. Today's 100 tokens cost $24 instead."""
    host = parsing.self_host("cost-per-hour=1,tokens-per-second=10,utilization=0.5")
    found = play(tmp_path, Scenario(self_host=host), BIG)

    assert sides(found) == (CENT, Decimal(24))
    assert found.totals["self_host"] == {
        "output_tokens_per_day": 100,
        "break_even_output_tokens_per_day": 171_429,
        "node_output_tokens_per_day": 432_000,
        "node_cost_per_day": Decimal(24),
        "nodes": 1,
        "pays_within_capacity": True,
    }


def test_levers_compose_in_their_own_order(tmp_path: Path) -> None:
    """Trimmed to 500 tokens, as small, 100 output capped at 50, half of it from a response cache: (500 + 200) / 2."""
    scenario = swapping(
        "big=small",
        trims=(parsing.trim("50%"),),
        caps=(parsing.cap("50"),),
        hits=(parsing.hits("50%", None),),
    )

    assert sides(play(tmp_path, scenario, BIG))[1] == Decimal("0.00035")


def test_requests_served_by_the_gateways_cache_do_not_move(tmp_path: Path) -> None:
    found = play(tmp_path, swapping("big=small"), BIG, {**BIG, "cache_hits": 1})

    assert (found.totals["requests"], found.totals["requests_moved"]) == (2, 1)
    assert sides(found) == (CENT, TENTH)


def test_unpriced_requests_are_counted_and_in_neither_side(tmp_path: Path) -> None:
    found = play(tmp_path, swapping("big=small"), BIG, {"model": "mystery", "input_tokens": 5, "cost": Decimal(1)})

    assert found.totals["unpriced_requests"] == 1
    assert sides(found) == (CENT, TENTH)
    assert found.rows.row(1, named=True)["baseline"] is None
    assert found.totals["reported"] is None


def test_reported_cost_is_that_of_the_rows_compared(tmp_path: Path) -> None:
    found = play(tmp_path, swapping("big=small"), {**BIG, "cost": Decimal("0.02")})

    assert found.totals["reported"] == Decimal("0.02")


def test_the_month_is_thirty_of_the_days_seen(tmp_path: Path) -> None:
    """Two days at $0.014 each: $0.42 a month, $0.042 as small."""
    days = [{**BIG, "charge_period_start": datetime(2026, 10, day, tzinfo=UTC)} for day in (1, 2)]
    totals = play(tmp_path, swapping("big=small"), *days).totals

    assert (totals["days"], totals["monthly_baseline"]) == (2, Decimal("0.42"))
    assert (totals["monthly_run_rate"], totals["monthly_saving"]) == (Decimal("0.042"), Decimal("0.378"))


def test_amounts_are_in_the_reports_currency(tmp_path: Path) -> None:
    rate = ExchangeRate("USD", "EUR", datetime(2026, 1, 1, tzinfo=UTC).date(), Decimal("0.5"))
    found = play(tmp_path, swapping("big=small"), BIG, currency="EUR", rates=(rate,))

    assert sides(found) == (CENT / 2, TENTH / 2)


def test_scenarios_stand_side_by_side(tmp_path: Path) -> None:
    scenarios = (swapping("big=small", name="small"), Scenario(name="batch", tiers=(parsing.tier("batch"),)))
    found = whatif(ledger(BIG), asked(tmp_path, *scenarios))

    assert found.rows.select("name", "baseline", "scenario").rows() == [
        ("small", CENT, TENTH),
        ("batch", CENT, CENT / 2),
    ]
    assert found.totals["name"] == "small"
    assert "The scenario 'small' saves most of 2" in found.report().headline


def test_top_adds_up_the_rest(tmp_path: Path) -> None:
    calls = ({**BIG, "team": team, "input_tokens": size} for team, size in (("a", 3000), ("b", 2000), ("c", 1000)))
    found = play(tmp_path, swapping("big=small"), *calls, by="team", top=1)

    assert found.rows["other"].to_list() == [None, 2]
    assert found.rows["baseline"].sum() == found.totals["baseline"]


def test_an_unknown_model_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no price list has the model 'smal'") as refused:
        play(tmp_path, swapping("big=smal"), BIG)

    assert refused.value.hint == "Did you mean 'small'?"


def test_a_swap_of_a_model_nobody_uses_is_said(tmp_path: Path) -> None:
    found = play(tmp_path, swapping("bigg=small"), BIG)

    assert [finding.hint for finding in found.findings if finding.code == "nothing_moved"] == ["Did you mean 'big'?"]


@pytest.mark.parametrize("by", ["token_class", "meter"])
def test_records_are_not_divided(tmp_path: Path, by: str) -> None:
    with pytest.raises(ConfigError, match="whole records"):
        play(tmp_path, swapping("big=small"), BIG, by=by)


def test_no_lever_is_no_scenario(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="changes nothing"):
        play(tmp_path, Scenario(), BIG)


def test_a_prompt_cache_given_up_counts_its_tokens_as_plain_input_where_the_filter_says(tmp_path: Path) -> None:
    """2,000 tokens read at $1 and 1,000 in at $10 a million: $0.012; all at $10 $0.03, $0.018 more, for one team."""
    call = {"model": "big", "input_tokens": 1000, "cache_read_tokens": 2000}
    found = play(
        tmp_path,
        Scenario(prefixes=(parsing.prefix("off:team=a"),)),
        call | {"team": "a"},
        call | {"team": "b"},
        {"model": "big", "input_tokens": 1000, "team": "a"},
    )

    assert sides(found) == (Decimal("0.034"), Decimal("0.052"))
    assert found.totals["requests_changed"] == 1


def test_a_prompt_cache_given_up_and_begun_anew_is_only_the_new_one(tmp_path: Path) -> None:
    """3,000 tokens, half of them read at $1, half at $10 a million: $0.0165, whatever was read before."""
    levers = (parsing.prefix("off"), parsing.prefix("0.5/0"))
    found = play(tmp_path, Scenario(prefixes=levers), {"model": "big", "input_tokens": 1000, "cache_read_tokens": 2000})

    assert sides(found) == (Decimal("0.012"), Decimal("0.0165"))


@pytest.mark.parametrize(("on_all", "paid"), [(False, "0.01"), (True, "0.02")])
def test_a_response_cache_given_up_saves_its_lookups_and_pays_for_what_it_answered(
    tmp_path: Path, paid: str, *, on_all: bool
) -> None:
    """A cent a look-up, on the hit or on both; the hit costs $0.014 at the provider, as the other does now."""
    lever = parsing.hits("off", "0.01", on_all=on_all)
    found = play(tmp_path, Scenario(hits=(lever,)), BIG | {"cache_hits": 1}, BIG | {"cache_hits": 0}, BIG)

    assert sides(found) == (2 * CENT + Decimal(paid), 3 * CENT)
    assert codes(found) == ["lookups_added"]


def test_what_a_cache_given_up_had_answered_moves_with_the_rest(tmp_path: Path) -> None:
    """Nothing while it answered, as small $0.0014 instead of $0.014."""
    levers: dict[str, Any] = {"hits": (parsing.hits("off", None),)}
    found = play(tmp_path, swapping("big=small", **levers), BIG | {"cache_hits": 1})

    assert sides(found) == (Decimal(0), TENTH)
    assert found.totals["requests_moved"] == 1


def test_what_has_no_price_without_the_cache_stays_answered(tmp_path: Path) -> None:
    call = {"model": "nobody", "input_tokens": 10, "cache_hits": 1}
    found = play(tmp_path, Scenario(hits=(parsing.hits("off", None),)), call)

    assert sides(found) == (Decimal(0), Decimal(0))
    assert reasons(found) == {"no price without the cache": 1}
