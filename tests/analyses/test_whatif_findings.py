"""What a what-if says beside its figures: what is not compared, and names that nothing goes by."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.analyses.whatif import Prices, Scenario, SelfHost, parsing, whatif
from finopsctl.analyses.whatif.wording import headline
from finopsctl.errors import ConfigError
from finopsctl.pricing.contract import load
from finopsctl.pricing.currency import ExchangeRate
from whatif_cases import BIG, asked, ledger, play, prices, sides

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.analyses.whatif import WhatIf
    from finopsctl.results.finding import Finding

CENT = Decimal("0.014")
TENTH = Decimal("0.0014")
STORAGE = {"record_kind": "cost", "cost_type": "storage", "model": None, "effective_cost": Decimal(3), "requests": None}
CREDIT = {"record_kind": "credit", "model": None, "effective_cost": Decimal(-1), "requests": None}


def swapping(*texts: str, **more: Any) -> Scenario:
    return Scenario(swaps=tuple(parsing.swap(text) for text in texts), **more)


def said(found: WhatIf, code: str) -> list[Finding]:
    return [finding for finding in found.findings if finding.code == code]


def the(found: WhatIf, code: str) -> Finding:
    finding, *others = said(found, code)
    assert not others
    return finding


def at(folder: Path, day: datetime) -> Prices:
    return Prices(prices(folder / "dated").resolver, day)


def test_a_date_without_prices_for_most_requests_says_what_it_leaves_out(tmp_path: Path) -> None:
    """young has a price from December 2026 only. In January 2027 two requests of it cost 1,000 x $0.50 = $0.0005 each;
    at the prices of October 2026 they cannot be priced, and $0.001 of $0.0122 is on neither side: big is $0.0112."""
    when = {"charge_period_start": datetime(2027, 1, 1, tzinfo=UTC)}
    young = {**when, "model": "young", "input_tokens": 1000}
    scenario = Scenario(prices=at(tmp_path, datetime(2026, 10, 1, tzinfo=UTC)))
    found = play(tmp_path, scenario, {**BIG, **when}, young, young)

    assert sides(found) == (Decimal("0.0112"), CENT)
    names = ("left_out_requests", "left_out_tokens", "left_out", "period_spend")
    left = {"left_out_requests": 2, "left_out_tokens": 2000}
    assert {name: found.totals[name] for name in names} == {
        **left,
        "left_out": Decimal("0.001"),
        "period_spend": Decimal("0.0122"),
    }
    finding = the(found, "left_out")
    assert "2 requests and 2,000 tokens have no price under the scenario" in finding.message
    assert finding.evidence["models"] == ["young"]
    assert found.report().headline.endswith("less than $0.01 more has no price there and is not compared.")


def test_nothing_is_left_out_where_all_has_a_price_on_both_sides(tmp_path: Path) -> None:
    found = play(tmp_path, swapping("big=small"), BIG)

    assert found.totals["left_out"] == 0
    assert found.totals["period_spend"] == CENT
    assert not said(found, "left_out")
    assert not said(found, "not_compared")


def test_each_scenario_of_several_says_what_it_leaves_out(tmp_path: Path) -> None:
    young = {"model": "young", "input_tokens": 1000, "charge_period_start": datetime(2027, 1, 1, tzinfo=UTC)}
    past = Scenario("past", prices=at(tmp_path, datetime(2026, 10, 1, tzinfo=UTC)))
    found = whatif(ledger(BIG, young), asked(tmp_path, past, swapping("big=small", name="small")))

    assert found.rows.select("name", "left_out").rows() == [("past", Decimal("0.0005")), ("small", Decimal(0))]
    assert the(found, "left_out").message.startswith("past: 1 request ")


def test_charges_and_credits_are_said_not_to_be_compared(tmp_path: Path) -> None:
    """$0.014 of traffic, $3 of storage and $1 back: $2.014, of which $2 is on neither side."""
    found = play(tmp_path, swapping("big=small"), BIG, STORAGE, CREDIT)

    assert sides(found) == (CENT, TENTH)
    assert (found.totals["other_spend"], found.totals["period_spend"]) == (Decimal(2), Decimal("2.014"))
    assert the(found, "not_compared").message == (
        "Of the period's $2.01, $2.00 is not compared, since no scenario prices it: storage $3.00, credits -$1.00."
    )
    assert found.quality.spend == Decimal("2.014")


def test_charges_without_a_price_of_ours_count_as_their_source_reports_them(tmp_path: Path) -> None:
    """A line of $5 and an unpriced request that its gateway reports $0.50 for."""
    line = {**STORAGE, "effective_cost": None, "cost": Decimal(5)}
    found = play(tmp_path, swapping("big=small"), BIG, line, {"model": "mystery", "cost": Decimal("0.5")})

    assert found.totals["other_spend"] == Decimal("5.5")
    assert "storage $5.00, requests we have no price for $0.50" in the(found, "not_compared").message


def test_what_is_not_compared_is_in_the_reports_currency(tmp_path: Path) -> None:
    rate = ExchangeRate("USD", "EUR", datetime(2026, 1, 1, tzinfo=UTC).date(), Decimal("0.5"))
    found = play(tmp_path, swapping("big=small"), BIG, STORAGE, currency="EUR", rates=(rate,))

    assert (found.totals["other_spend"], found.totals["period_spend"]) == (Decimal("1.5"), Decimal("1.507"))


def test_a_request_that_a_fallback_served_stays_when_what_it_asked_for_is_swapped_for_itself(tmp_path: Path) -> None:
    """It asked for big and small served it: swapping big for big moved it back to big, at ten times the cost."""
    fallback = {**BIG, "model": "small", "requested_model": "big"}
    found = play(tmp_path, swapping("big=big"), fallback, BIG)

    assert sides(found) == (CENT + TENTH, CENT + TENTH)
    assert found.totals["requests_moved"] == 0
    assert not said(found, "nothing_moved")


def test_a_swap_of_what_was_asked_for_takes_requests_that_a_fallback_served(tmp_path: Path) -> None:
    """It asked for big and small served it for $0.0014; as other it costs 1,000 x $2 + 100 x $8 a million = $0.0028."""
    fallback = {**BIG, "model": "small", "requested_model": "big"}

    assert sides(play(tmp_path, swapping("big=other"), fallback)) == (TENTH, Decimal("0.0028"))


def test_a_swap_of_the_fallback_takes_requests_to_what_they_asked_for(tmp_path: Path) -> None:
    fallback = {**BIG, "model": "small", "requested_model": "big"}

    assert sides(play(tmp_path, swapping("small=big"), fallback)) == (TENTH, CENT)


def test_one_unknown_name_among_known_ones_is_said(tmp_path: Path) -> None:
    found = play(tmp_path, swapping("bigg,big=small"), BIG)

    assert found.totals["requests_moved"] == 1
    assert the(found, "nothing_moved").message == "no request is of bigg: swapping it for small changes nothing"
    assert the(found, "nothing_moved").hint == "Did you mean 'big'?"


def test_the_target_of_an_earlier_swap_is_no_unknown_name(tmp_path: Path) -> None:
    assert not said(play(tmp_path, swapping("big=small", "small=other"), BIG), "nothing_moved")


@pytest.mark.parametrize("tier", ["bacth", "batches"])
def test_a_service_tier_no_price_knows_is_refused(tmp_path: Path, tier: str) -> None:
    with pytest.raises(ConfigError, match=f"no price list has a service tier '{tier}'") as refused:
        play(tmp_path, Scenario(tiers=(parsing.tier(tier),)), BIG)

    assert refused.value.hint == "Did you mean 'batch'?"


def test_the_standard_tier_is_known_without_a_price_of_its_own(tmp_path: Path) -> None:
    """In batch it cost $0.007."""
    found = play(tmp_path, Scenario(tiers=(parsing.tier("standard"),)), {**BIG, "service_tier": "batch"})

    assert sides(found) == (CENT / 2, CENT)


def test_a_tier_of_a_contract_is_known(tmp_path: Path) -> None:
    """No list has a tier "night", the contract does: 1,000 + 100 tokens at $4 a million are $0.0044."""
    contract = tmp_path / "contracts.toml"
    contract.write_text(
        'schema = 1\n[[contract]]\nid = "night"\nprovider = "openai"\nmodels = ["big"]\nfrom = 2025-01-01\n'
        'rates = [ { service_tier = "night", input = 4.00, output = 4.00 } ]\n',
        encoding="utf-8",
    )
    both = Prices(prices(tmp_path).resolver, contracts=load(contract))
    question = asked(tmp_path, Scenario(tiers=(parsing.tier("night"),)), prices=both)

    assert sides(whatif(ledger(BIG), question)) == (CENT, Decimal("0.0044"))


@pytest.mark.parametrize("what", ["token_factors", "output_factors"])
def test_a_factor_of_a_model_nothing_goes_to_is_refused(tmp_path: Path, what: str) -> None:
    factor: dict[str, Any] = {what: parsing.spans(["smal=1.1"], "")}

    with pytest.raises(ConfigError, match="factor is of 'smal', and no request goes there") as refused:
        play(tmp_path, swapping("big=small", **factor), BIG)
    assert refused.value.hint == "Did you mean 'small'?"
    with pytest.raises(ConfigError) as refused:
        play(tmp_path, Scenario(trims=(parsing.trim("9%"),), **factor), BIG)
    assert refused.value.hint == "Add --swap MODEL=smal."


def test_a_success_rate_nothing_goes_by_is_said(tmp_path: Path) -> None:
    rates = parsing.rates(["big=0.9,small=0.8,smal=0.7"])
    found = play(tmp_path, swapping("big=small", success_rates=rates), BIG)

    assert the(found, "success_rate_unused").message.startswith("no request is of smal, and none goes there")
    assert the(found, "success_rate_unused").hint == "Did you mean 'small'?"


@pytest.mark.parametrize(("rates", "lacks"), [("big=0.9", "given for small"), ("small=0.9", "all that moves to small")])
def test_half_a_pair_of_success_rates_is_said_to_change_nothing(tmp_path: Path, rates: str, lacks: str) -> None:
    found = play(tmp_path, swapping("big=small", success_rates=parsing.rates([rates])), BIG)

    assert sides(found)[1] == TENTH
    assert lacks in the(found, "success_rate_missing").message


def test_the_success_rate_now_is_that_of_the_requests_that_move(tmp_path: Path) -> None:
    """Three of big at 0.9 and one of small at 0.5 go to other at 0.8: (3 x 0.9 + 0.5) / 4 = 0.8 succeed now. They cost
    3 x $0.014 + $0.0014 = $0.0434 for 3.2 successes, then 4 x $0.0028 = $0.0112 for 3.2: break-even at
    0.8 x 0.0112 / 0.0434 = 20.6 %."""
    rates = parsing.rates(["big=0.9,small=0.5,other=0.8"])
    found = play(tmp_path, swapping("big,small=other", success_rates=rates), BIG, BIG, BIG, {**BIG, "model": "small"})

    assert found.outcomes[0].moves["success_rate_before"].to_list() == [pytest.approx(0.8)]
    assert found.totals["cost_per_success_before"] == Decimal("0.0135625")
    assert found.totals["cost_per_success_after"] == Decimal("0.0035")
    assert found.totals["break_even_success_rate"] == pytest.approx(0.8 * 0.0112 / 0.0434)


@pytest.mark.parametrize(
    ("text", "culprit", "hint"),
    [
        ("big=small:team=serach", "team=serach", "Did you mean 'search'?"),
        ("big=small:team=search:feature=cat", "feature=cat", "Did you mean 'chat'?"),
        ("big=small:team~serach*", "team~serach*", ""),
        ("big=small:user=u1", "user=u1", "No request says its user."),
        ("big=small:team=search:feature=index", "team=search and feature=index", "Each of them passes some requests."),
    ],
)
def test_a_filter_that_no_request_passes_is_said(tmp_path: Path, text: str, culprit: str, hint: str) -> None:
    calls = ({**BIG, "team": "search", "feature": "chat"}, {**BIG, "team": "data", "feature": "index"})
    found = play(tmp_path, swapping(text), *calls)

    assert (the(found, "filter_passes_nothing").message, the(found, "filter_passes_nothing").hint) == (
        f"no request passes the filter {culprit}: what it limits changes nothing",
        hint,
    )
    assert not said(found, "nothing_moved")


def test_a_filter_that_only_charges_pass_is_passed_by_no_request(tmp_path: Path) -> None:
    scenario = Scenario(trims=(parsing.trim("30%:team=ops"),))

    assert said(play(tmp_path, scenario, BIG, {**STORAGE, "team": "ops"}), "filter_passes_nothing")


def test_machines_for_a_model_nobody_uses_are_said_to_take_nothing(tmp_path: Path) -> None:
    found = play(tmp_path, Scenario(self_host=SelfHost(Decimal(1), Decimal(10), models=("bigg",))), BIG)

    assert the(found, "nothing_moved").hint == "Did you mean 'big'?"


def test_a_routing_rule_that_takes_nothing_is_said(tmp_path: Path) -> None:
    rules = (parsing.route("small"), parsing.route("tiny"))

    assert the(play(tmp_path, Scenario(routes=rules), BIG), "nothing_moved").message == (
        "no priced request goes to tiny by its routing rule"
    )


def test_requests_of_the_same_model_under_a_dated_name_are_named(tmp_path: Path) -> None:
    """big-2026-09-01 is what big stands for: one row says so by its canonical name; a later version says it by its own.
    Those that another swap takes, or that are what the swap goes to, are not missed."""
    calls = [
        {**BIG, "canonical_model": "big-2026-09-01"},
        {**BIG, "model": "big-2026-09-01", "canonical_model": "big-2026-09-01"},
        {**BIG, "model": "big-2027-01-01", "canonical_model": "big-2027-01-01", "requests": 2},
        {**BIG, "model": "big-mini"},
    ]
    found = play(tmp_path, swapping("big=small"), *calls)

    assert the(found, "same_model_other_name").evidence["requests"] == {"big-2026-09-01": 1, "big-2027-01-01": 2}
    assert "big,big-2026-09-01,big-2027-01-01=small" in the(found, "same_model_other_name").hint
    assert not said(play(tmp_path, swapping("big=small", "big-2*=small"), *calls), "same_model_other_name")
    assert not said(play(tmp_path, swapping("big=big"), *calls), "same_model_other_name")


def test_a_swap_of_the_dated_name_takes_what_it_stands_for(tmp_path: Path) -> None:
    call = {**BIG, "canonical_model": "big-2026-09-01"}
    found = play(tmp_path, swapping("big-2026-09-01=small"), call)

    assert sides(found) == (CENT, TENTH)
    assert not said(found, "same_model_other_name")


def test_requests_with_images_that_move_are_counted(tmp_path: Path) -> None:
    """No price list says whether small takes images; of three requests two have some, one of them stays as it is."""
    picture = {**BIG, "image_input_tokens": 500}
    found = play(tmp_path, swapping("big=small"), BIG, picture, {**picture, "model": "other", "provider": "anthropic"})

    assert the(found, "images_move").message.startswith("1 request with images moves:")
    assert not said(play(tmp_path, swapping("big=small"), BIG), "images_move")


def test_a_request_with_audio_does_not_go_to_a_model_without_a_price_for_it(tmp_path: Path) -> None:
    """other has no rate for audio, and neither has small."""
    speech = {**BIG, "audio_input_tokens": 500}
    found = play(tmp_path, swapping("big=small"), speech)

    assert found.totals["requests_moved"] == 0


def test_a_saving_a_month_is_said_where_the_records_are_of_another_time(tmp_path: Path) -> None:
    """$0.0126 of one day are $0.378 in thirty."""
    found = play(tmp_path, swapping("big=small"), BIG)

    assert found.report().headline == (
        "Swapping big for small saves $0.01 of $0.01 (90.0%), $0.38 a month at this rate: 1 request moves."
    )


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        ("12..14", "costs $4.20 more than $14.00 (30.0%), between $2.80 and $5.60"),
        ("9..13", "costs $1.40 more than $14.00 (10.0%), a saving between -$4.20 and $1.40"),
        ("6..8", "saves $4.20 of $14.00 (30.0%), between $2.80 and $5.60"),
    ],
)
def test_the_band_of_a_cost_is_said_as_a_cost(tmp_path: Path, factor: str, words: str) -> None:
    """A thousand calls cost $14.00 as big and $1.40 as small, times as many tokens as the factor says."""
    spans = parsing.spans([f"small={factor}"], "--token-factor")
    scenario = Scenario(swaps=(parsing.swap("big=small"),), token_factors=spans)
    calls = BIG | {"requests": 1000, "record_kind": "usage", "input_tokens": 1_000_000, "output_tokens": 100_000}
    found = play(tmp_path, scenario, calls)

    assert words in headline(found)
