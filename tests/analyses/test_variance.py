"""The bridge: hand-computed splits, every effect alone, exact sums, words."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from math import prod
from typing import Any

import numpy as np
import pytest

from finopsctl.analyses.variance import Bridge, BridgeQuestion, Periods, bridge
from finopsctl.analyses.variance.effects import NAMES
from finopsctl.analyses.variance.shapley import shapley
from finopsctl.errors import ConfigError
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

READ, CACHED, WRITE = Decimal("0.000002"), Decimal("0.0000002"), Decimal("0.00001")
HEADER = (
    "team model service_tier requests cache_hits retries input_tokens cache_read_tokens output_tokens "
    "list_cost list_input_cost list_cache_read_cost list_cache_write_cost list_output_cost list_other_cost cost"
)


def compared(before: str, after: str, *, by: str = "", days: tuple[int, int] = (1, 1), **options: Any) -> Bridge:
    question = BridgeQuestion(by=parse(by), periods=Periods("September", "October", days), **options)
    return bridge(ledger(before), ledger(after), question)


def moved(found: Bridge) -> dict[str, Decimal]:
    """Return the effects of the total that are not 0."""
    return {name: found.totals[name] for name in NAMES if found.totals.get(name)}


def usage(  # 100 requests, 20 from the cache, 25 retries: 100 x 0.8 x 1.25 = 100 attempts
    *,
    team: str = "search",
    model: str = "m",
    tier: str = "standard",
    requests: int = 100,
    hits: int = 20,
    retries: int = 25,
    read: int = 500,
    cached: str = "0.4",
    written: int = 50,
    price: str = "1",
) -> str:
    """Return a row of a bucket, from what an attempt takes; prices of $2, $0.20 and $10 per million times ``price``."""
    attempts = Decimal(requests - hits) * (requests + retries) / requests
    tokens = [attempts * read * (1 - Decimal(cached)), attempts * read * Decimal(cached), attempts * written]
    parts = [count * rate * Decimal(price) for count, rate in zip(tokens, (READ, CACHED, WRITE), strict=True)]
    counts = " ".join(str(int(count)) for count in tokens)
    fresh, reads, answers = parts
    cost = sum(parts)
    listed = f"{cost} {fresh} {reads} 0 {answers} 0 {cost}"
    return f"{team} {model} {tier} {requests} {hits} {retries} {counts} {listed}"


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows])


def test_growth_in_requests_and_price_is_split_fairly() -> None:
    """100 requests at $1.00, then 120 at $1.10: volume 20 x 1.05 = 21.00, price 0.10 x 110 = 11.00, together 32.00."""
    found = compared("model requests cost\nm 100 100", "model requests cost\nm 120 132")

    assert moved(found) == {"volume": Decimal(21), "price": Decimal(11)}
    assert found.totals["change"] == Decimal(32)


@pytest.mark.parametrize("days", [(30, 31), (31, 10), (92, 31)])
def test_days_are_no_effect_unless_both_periods_are_whole(days: tuple[int, int]) -> None:
    """100 requests before and after: volume is 0, not the opposite of days."""
    periods = Periods("September", "October so far", days, whole=False)
    sides = ledger("model requests cost\nm 100 100"), ledger("model requests cost\nm 100 120")
    found = bridge(*sides, BridgeQuestion(periods=periods))

    assert moved(found) == {"price": Decimal(20)}
    assert found.rows["days"].to_list() == [Decimal(0)]


RETRIED = "model requests retries input_tokens output_tokens cost\nm 1 {} 1000 100 {}\nm 1 0 1000 100 1"


def test_a_retried_request_with_the_same_tokens_and_twice_the_cost_is_retries_alone() -> None:
    """One of two requests costs $2.00 instead of $1.00; what its tokens cost, and how many it has, is unchanged."""
    found = compared(RETRIED.format(0, 1), RETRIED.format(1, 2))

    assert moved(found) == {"retries": Decimal(1)}
    assert "tokens a request" not in found.report().headline


def test_a_retried_request_with_twice_the_tokens_and_cost_is_retries_alone_too() -> None:
    found = compared(RETRIED.format(0, 1), RETRIED.format(1, 2).replace("1 1 1000 100", "1 1 2000 200"))

    assert moved(found) == {"retries": Decimal(1)}


def test_retries_that_log_only_their_input_again_leave_context_and_verbosity_alone() -> None:
    found = compared(RETRIED.format(0, 1), RETRIED.format(1, 2).replace("1 1 1000 100", "1 1 2000 100"))

    assert moved(found).keys() <= {"retries", "price"}
    assert found.totals["retries"] > Decimal("0.9")


def test_three_factors_share_what_they_did_together() -> None:
    """1 request of 1 token at $1, then 2 of 2 at $2: 8 - 1 = 7, and each of three equal factors takes a third."""
    before = "model requests input_tokens cost\nm 1 1 1"
    found = compared(before, "model requests input_tokens cost\nm 2 4 8")

    assert list(moved(found)) == ["volume", "context", "price"]
    assert sorted(moved(found).values()) == [
        Decimal("2.333333333333"),
        Decimal("2.333333333333"),
        Decimal("2.333333333334"),
    ]


def test_the_split_is_the_mean_over_all_orders_of_change() -> None:
    """By definition: 3! orders, in each a factor gets what the product changes by when its turn comes."""
    old, new = (2.0, 3.0, 5.0), (7.0, 1.0, 4.0)
    by_hand = [0.0, 0.0, 0.0]
    for order in permutations(range(3)):
        now = list(old)
        for factor in order:
            before = prod(now)
            now[factor] = new[factor]
            by_hand[factor] += (prod(now) - before) / 6

    assert shapley(np.array([old]), np.array([new]))[0] == pytest.approx(by_hand, rel=1e-12)


BASE = table(usage())
OTHER = usage(model="n", read=1000)
ALONE = {
    "volume": (BASE, table(usage(requests=200, hits=40, retries=50))),
    "context": (BASE, table(usage(read=800))),
    "verbosity": (BASE, table(usage(written=90))),
    "prompt_cache": (BASE, table(usage(cached="0.6"))),
    "response_cache": (BASE, table(usage(hits=60))),
    "retries": (BASE, table(usage(retries=50))),
    "price": (BASE, table(usage(price="0.75"))),
    "service_tier": (
        BASE,
        table(
            usage(requests=60, hits=12, retries=15),
            usage(requests=40, hits=8, retries=10, tier="batch", price="0.5"),
        ),
    ),
    "model_mix": (
        table(usage(), OTHER),
        table(
            usage(requests=40, hits=8, retries=10),
            usage(model="n", read=1000, requests=160, hits=32, retries=40),
        ),
    ),
    "new_models": (BASE, table(usage(), OTHER)),
    "retired_models": (table(usage(), OTHER), BASE),
}


@pytest.mark.parametrize("name", ALONE)
def test_a_change_of_one_thing_is_that_things_effect_and_no_others(name: str) -> None:
    before, after = ALONE[name]
    found = compared(before, after)

    assert found.totals["change"] != 0
    assert moved(found) == {name: found.totals["change"]}


def test_a_longer_month_at_the_same_pace_is_an_effect_of_days() -> None:
    """3,000 requests in 30 days, 3,100 in 31: 100 a day in both; one day costs $1.00 x 100."""
    found = compared("model requests cost\nm 3000 3000", "model requests cost\nm 3100 3100", days=(30, 31))

    assert moved(found) == {"days": Decimal(100)}
    assert "unequal_periods" not in [f.code for f in found.findings]  # the effect says it


def test_days_and_requests_a_day_share_what_they_did_together() -> None:
    """30 days x 100 a day x $1 = 3,000; 31 x 120 = 3,720. Days 1 x 110 = 110, volume 20 x 30.5 = 610."""
    found = compared("model requests cost\nm 3000 3000", "model requests cost\nm 3720 3720", days=(30, 31))

    assert moved(found) == {"days": Decimal(110), "volume": Decimal(610)}


def test_a_shift_between_groups_is_mix_and_never_volume() -> None:
    """Team a pays $1 a request, b $3. 50 + 50 requests become 20 + 80: 200 -> 260, all of it mix: -30 and +90."""
    found = compared(
        "team model requests cost\na m 50 50\nb m 50 150", "team model requests cost\na m 20 20\nb m 80 240", by="team"
    )

    assert moved(found) == {"mix": Decimal(60)}
    assert found.rows.select("team", "mix").rows() == [("b", Decimal(90)), ("a", Decimal(-30))]


def test_what_teams_do_to_spend_adds_up_with_the_growth_of_the_whole() -> None:
    """Both teams double: 100 -> 200 requests and $200 -> $400, volume alone, of a 50 and of b 150."""
    before = "team model requests cost\na m 50 50\nb m 50 150"
    found = compared(before, "team model requests cost\na m 100 100\nb m 100 300", by="team")

    assert moved(found) == {"volume": Decimal(200)}
    assert dict(found.rows.select("team", "volume").iter_rows()) == {"a": Decimal(50), "b": Decimal(150)}


def test_a_team_without_a_past_is_a_change_of_mix_and_volume_not_of_price() -> None:
    """Team b joins with 50 requests at $1: the whole grows by half (+$50), a's share falls (-$50), b's rises (+$50)."""
    found = compared(
        "team model requests cost\na m 100 100", "team model requests cost\na m 100 100\nb m 50 50", by="team"
    )

    assert moved(found) == {"volume": Decimal(50)}
    assert {name for name in NAMES if found.rows[name].abs().sum()} == {"volume", "mix"}


def test_a_model_another_team_used_before_is_mix_not_a_new_model() -> None:
    before = "team model requests cost\na m 50 50\nb n 50 150"
    found = compared(before, "team model requests cost\na n 50 150\nb n 50 150", by="team")

    assert "new_models" not in moved(found)
    assert moved(found)["retired_models"] == Decimal(-50)


def test_charges_that_are_not_usage_are_other_charges() -> None:
    """Storage $10 -> $12, and a credit of $5: -$3."""
    before = ledger("record_kind cost\ncost 10")
    after = ledger("record_kind cost\ncost 12\ncredit -5")

    assert moved(bridge(before, after)) == {"other_charges": Decimal(-3)}


def test_fees_per_use_are_other_charges_and_tokens_keep_their_price() -> None:
    """1,000 tokens at $0.002 each; a web search of $1 comes with every second of 10 requests: +$5."""
    header = "model requests input_tokens list_cost list_input_cost list_other_cost cost"
    found = compared(f"{header}\nm 10 1000 2 2 0 2", f"{header}\nm 10 1000 7 2 5 7")

    assert moved(found) == {"other_charges": Decimal(5)}


def test_a_cost_basis_above_list_scales_every_unit_price() -> None:
    """Reported twice the list price in October: price, and none of it is verbosity."""
    found = compared(BASE, table(usage().rsplit(" ", 1)[0] + f" {2 * Decimal(usage().rsplit(' ', 1)[1])}"))

    assert list(moved(found)) == ["price"]


def test_usage_without_requests_is_counted_in_tokens() -> None:
    """1,000 tokens for $1, then 2,000 for $2: volume; the finding says that it is not that of requests."""
    before, after = (
        ledger(f"model input_tokens cost\nm {tokens} {cost}", record_kind="usage")
        for tokens, cost in ((1000, 1), (2000, 2))
    )
    found = bridge(before, after)

    assert moved(found) == {"volume": Decimal(1)}
    assert "volume_by_tokens" in [f.code for f in found.findings]
    assert "1,000 -> 2,000 tokens" in found.effects["reason"][0]


def test_a_rate_only_one_period_tells_has_no_effect_and_is_said_not_to_be_known() -> None:
    """Cache hits and retries of September are not known; October's 10 hits of 100 are no effect, and no error."""
    before = "model requests input_tokens output_tokens cache_read_tokens cost\nm 100 1000 10 0 100"
    after = (
        "model requests input_tokens output_tokens cache_read_tokens cache_hits retries cost\nm 100 1000 10 0 10 5 100"
    )
    found = compared(before, after)
    said = next(f for f in found.findings if f.code == "effects_unknown")

    assert moved(found) == {}
    assert said.evidence == {"effects": ["response_cache", "retries"]}


def test_retries_that_cost_nothing_have_no_effect() -> None:
    """Single requests cost $1 whether retried or not: their attempts that failed were free."""
    before = "model requests retries input_tokens cost\nm 1 0 10 1\nm 1 0 10 1\nm 1 0 10 1\nm 1 1 10 1"
    after = "model requests retries input_tokens cost\nm 1 0 10 1\nm 1 0 10 1\nm 1 2 10 1\nm 1 1 10 1"

    assert moved(compared(before, after)) == {}


def test_retries_that_cost_their_request_again_have_an_effect() -> None:
    """A retried request costs $2. One of four is retried, then two: 5 -> 6, all of it retries."""
    before = "model requests retries input_tokens cost\nm 1 0 10 1\nm 1 0 10 1\nm 1 0 10 1\nm 1 1 20 2"
    after = "model requests retries input_tokens cost\nm 1 0 10 1\nm 1 0 10 1\nm 1 1 20 2\nm 1 1 20 2"

    assert moved(compared(before, after)) == {"retries": Decimal(1)}


def test_what_the_gateways_cache_served_takes_no_tokens_of_the_provider() -> None:
    """Tokens of cached requests are what was saved: 2 requests of 10 tokens, then one of them from the cache."""
    before = "model requests cache_hits input_tokens cost\nm 1 0 10 1\nm 1 0 10 1"
    after = "model requests cache_hits input_tokens cost\nm 1 0 10 1\nm 1 1 10 0"

    assert moved(compared(before, after)) == {"response_cache": Decimal(-1)}


def test_all_requests_from_the_cache_are_the_response_caches_doing() -> None:
    before = "model requests cache_hits input_tokens cost\nm 10 0 100 5"
    after = "model requests cache_hits input_tokens cost\nm 10 10 100 0"

    assert moved(compared(before, after)) == {"response_cache": Decimal(-5)}


def test_cost_of_what_was_not_counted_is_other_charges_and_the_sum_still_holds() -> None:
    """A cached request that is billed all the same has no attempt to divide by."""
    before = "model requests cache_hits input_tokens cost\nm 10 0 100 5"
    after = "model requests cache_hits input_tokens cost\nm 10 10 100 2"
    found = compared(before, after)

    assert moved(found) == {"response_cache": Decimal(-5), "other_charges": Decimal(2)}


def test_rows_are_by_change_and_top_adds_up_the_rest() -> None:
    before = "team model requests cost\na m 1 1\nb m 1 1\nc m 1 1"
    found = compared(before, "team model requests cost\na m 1 2\nb m 1 5\nc m 1 0.5", by="team", top=1)

    assert found.rows.select("team", "change", "other").rows() == [("b", Decimal(4), None), (None, Decimal("0.5"), 2)]
    assert found.totals["change"] == Decimal("4.5")


def test_service_tiers_as_groups_leave_no_effect_of_that_name() -> None:
    before, after = ALONE["service_tier"]
    found = compared(before, after, by="service_tier")

    assert moved(found) == {"mix": found.totals["change"]}
    assert found.rows.columns.count("service_tier") == 1


@pytest.mark.parametrize("name", ["day", "month", "token_class"])
def test_what_two_periods_do_not_share_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        compared(BASE, BASE, by=name)


def test_the_headline_names_the_largest_effect_with_its_reason() -> None:
    """812 x 30 and 1,020 x 30 requests at $0.01: 243.60 -> 306.00, +25.6 %."""
    found = compared("model requests cost\nm 24360 243.60", "model requests cost\nm 30600 306.00", days=(30, 30))

    assert found.sentence == (
        "Spend rose $62.40 (+25.6%) from September to October; the largest effect is volume: +$62.40, "
        "812 -> 1,020 requests a day (+25.6%)."
    )


def test_the_headline_names_the_group_that_changed_most() -> None:
    found = compared(
        "team model requests cost\na m 1 1\n- m 1 1", "team model requests cost\na m 1 2\n- m 1 5", by="team"
    )

    assert found.sentence.startswith(
        "Spend rose $5.00 (+250.0%) from September to October, most at (untagged) (+$4.00);"
    )


def test_nothing_changed_is_a_sentence_too() -> None:
    found = compared(BASE, BASE)

    assert found.sentence == "Spend is unchanged from September to October: $0.11."
    assert found.effects.is_empty()


def test_effects_that_cancel_out_are_still_told() -> None:
    """Half the requests at twice the price: -$75 of volume, +$75 of price."""
    found = compared("model requests cost\nm 100 100", "model requests cost\nm 50 100")

    assert moved(found) == {"volume": Decimal(-75), "price": Decimal(75)}
    assert found.sentence.startswith("Spend is unchanged from September to October; the largest effect is volume:")


REASONS = {
    "context": "m: 500 -> 800 input tokens a request",
    "verbosity": "m: 50 -> 90 output tokens a request",
    "prompt_cache": "m: 40.0% -> 60.0% of input read from the prompt cache",
    "response_cache": "m: 20.0% -> 60.0% of requests served from the response cache",
    "retries": "m: 25.0% -> 50.0% retries per request",
    "price": "m: -25.0% for the same usage",
    "service_tier": "m: 0.0% -> 40.0% of requests in a service tier other than standard",
    "model_mix": "n 50.0% -> 80.0% of requests",
    "new_models": "n $0.18",
    "retired_models": "n $0.18",
}


@pytest.mark.parametrize("name", REASONS)
def test_every_effect_has_its_reason(name: str) -> None:
    found = compared(*ALONE[name])

    assert found.effects["reason"].to_list() == [REASONS[name]]


def test_a_share_is_of_all_usage_and_not_of_the_models_that_told_the_effect() -> None:
    """Only m counts no requests, and there a's tokens go from all to none. Of all tokens a keeps 20 of 100."""
    header = "record_kind team model requests input_tokens cost"
    found = compared(
        f"{header}\nusage a m - 80 80\nusage a n 2 20 1",
        f"{header}\nusage b m - 80 160\nusage a n 2 20 1",
        by="team",
    )

    assert dict(found.effects.select("effect", "reason").iter_rows()) == {"mix": "b 0.0% -> 80.0% of tokens"}


def test_tokens_name_the_models_they_are_of_where_others_count_requests() -> None:
    header = "record_kind model requests input_tokens cost"
    found = compared(f"{header}\nusage m - 80 80\nusage n 2 20 1", f"{header}\nusage m - 160 160\nusage n 2 20 1")

    assert found.effects.row(0, named=True)["reason"] == "80 -> 160 tokens of m (+100.0%)"


def test_a_figure_of_one_group_names_group_and_provider() -> None:
    """Two providers serve m; only the one of search changed."""
    header = "team provider model requests input_tokens cost"
    found = compared(
        f"{header}\nsearch p m 1 100 100\nsupport q m 1 100 100",
        f"{header}\nsearch p m 1 200 200\nsupport q m 1 100 100",
        by="team",
    )

    assert found.effects["reason"].to_list() == ["p/m at search: 100 -> 200 input tokens a request"]


def test_the_columns_of_effects_are_ordered_by_what_they_move_in_the_rows() -> None:
    """Everything costs $1: mix is nothing in total, and moves each row by more than volume, which is $10."""
    found = compared(
        "team model requests cost\na m 50 50\nb m 50 50", "team model requests cost\na m 20 20\nb m 90 90", by="team"
    )
    columns = [c.name for c in found.report().for_people[0].columns]

    assert found.effects["effect"].to_list() == ["volume"]
    assert columns[-2:] == ["mix", "volume"]


def test_usage_without_a_price_in_the_baseline_is_said() -> None:
    found = compared("model requests cost\nm 1 1\nx 3 -", "model requests cost\nm 1 1")
    said = next(f for f in found.findings if f.code == "baseline_unpriced")

    assert said.evidence == {"models": ["x"]}


def test_the_first_table_has_the_rows_and_people_see_the_effects() -> None:
    report = compared(BASE, table(usage(read=800))).report()

    assert report.command == "variance"
    assert report.tables[0].frame.columns == ["baseline", "actual", "change", *NAMES]
    assert [t.title for t in report.for_people] == ["Effects"]
    assert report.for_people[0].frame["title"].to_list() == ["September", "Context"]
