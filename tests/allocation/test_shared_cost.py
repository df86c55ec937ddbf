"""Shared cost: what a pool costs, whom it falls on, what stays with nobody, and that nothing counts twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finopsctl.allocation.drivers import KEYS, keys
from finopsctl.allocation.pools import Capacity, Pool, Rate, Sharing, checked
from finopsctl.allocation.shared_cost import SharedCost, share, spread
from finopsctl.errors import ConfigError
from finopsctl.ledger.period import Period, between
from finopsctl.metrics.dimensions import parse
from finopsctl.metrics.figures import as_text
from finopsctl.metrics.rollup import SUMMED, rollup, summed
from ledgers import ledger

OCTOBER = between(date(2026, 10, 1), date(2026, 11, 1), "UTC", "month")
TABLE = """
team    model  requests input_tokens cost
support gpt-4o 1        300          3.00
search  gpt-4o 3        100          1.00
-       gpt-4o 9        900          8.00
"""


def shared(table: str, *pools: Pool, by: str = "team", period: Period = OCTOBER, **more: Any) -> SharedCost:
    sharing = Sharing(tuple(map(checked, pools)), period, **more)
    dims = parse(by)
    wanted = {**{d.name: d.key("UTC") for d in dims}, **keys(sharing)}
    whole = rollup(ledger(table), wanted, SUMMED).collect()
    names = [d.name for d in dims]
    return share(summed(as_text(whole, dims), [*names, *KEYS]), names, sharing)


def parts(found: SharedCost, *names: str) -> dict[Any, Decimal]:
    """Return amounts by owner (None: nobody), or by the columns named."""
    chosen = names or ("team",)
    summed_up: dict[Any, Decimal] = {}
    for row in found.rows.iter_rows(named=True):
        key = tuple(row[name] for name in chosen) if names else row["team"]
        summed_up[key] = summed_up.get(key, Decimal(0)) + row["amount"]
    return summed_up


def codes(found: SharedCost) -> list[str]:
    return [finding.code for finding in found.findings]


def test_a_monthly_cost_is_spread_by_the_driver() -> None:
    """$8: tokens 300 to 100 give 6 and 2; requests 1 to 3 give 2 and 6; spend 3 to 1 gives 6 and 2; even 4 and 4."""
    cases = {"tokens": (6, 2), "requests": (2, 6), "spend": (6, 2), "even": (4, 4)}
    for driver, (support, search) in cases.items():
        found = shared(TABLE, Pool("gateway", driver, cost=Decimal(8)))

        assert parts(found) == {"support": support, "search": search}
        assert found.outside == 8
        assert found.moved == found.replaced == 0


def test_headcount_and_fixed_shares_reach_owners_that_have_no_record() -> None:
    """Of $8, 3 of 4 people are in support and 1 in legal; fixed: 0.25 of it, the rest for nobody."""
    heads = {"support": Decimal(3), "legal": Decimal(1)}
    by_heads = shared(TABLE, Pool("gateway", "headcount", cost=Decimal(8)), headcount=heads)
    by_shares = shared(TABLE, Pool("gateway", "fixed", cost=Decimal(8), shares={"legal": Decimal("0.25")}))

    assert parts(by_heads) == {"support": 6, "legal": 2}
    assert parts(by_shares) == {"legal": 2, None: 6}
    assert codes(by_heads) == ["no_headcount"]
    assert codes(by_shares) == ["pool_unallocated"]


def test_what_does_not_divide_goes_to_the_largest_remainder_then_to_the_first_name() -> None:
    """10 pico over 1:1:1 is 3.33 each, one left, to a; over 2:1 it is 6.67 and 3.33: the one left goes to b."""
    assert spread(10, {("c",): 1, ("a",): 1, ("b",): 1}) == {("a",): 4, ("b",): 3, ("c",): 3}
    assert spread(10, {("a",): 1, ("b",): 2}) == {("a",): 3, ("b",): 7}
    assert spread(-10, {("a",): 1, ("b",): 2}) == {("a",): -3, ("b",): -7}


def test_a_record_is_in_a_pool_that_any_of_several_values_of_its_tag_fits() -> None:
    """The second of two values was overlooked. b's $2 are spread by spend outside the pool: all of it is a's."""
    table = 'team tags cost\na {} 1.00\nb {"app":["chat","search"]} 2.00'
    found = shared(table, Pool("search", "spend", {"tag:app": ("search",)}))

    assert found.moved == 2
    assert parts(found) == {"a": 2}


def test_a_rate_falls_on_whoever_made_the_requests_and_leaves_their_own_cost_where_it_is() -> None:
    """$0.50 a request: support 1, search 3, nobody 9; the pool of dear models keeps taking what it takes."""
    found = shared(TABLE, Pool("gateway", rate=Rate(Decimal("0.5"))))

    assert parts(found) == {"support": Decimal("0.5"), "search": Decimal("1.5"), None: Decimal("4.5")}
    assert found.outside == Decimal("6.5")
    assert found.moved == found.replaced == 0
    assert codes(found) == ["pool_unallocated"]


def test_a_rate_applies_to_the_requests_it_is_for_whatever_pool_their_cost_is_in() -> None:
    """Mini's two requests at $0.50 are $1.00, though the pool of a's charges takes their cost."""
    table = "team model requests cost\na mini 2 4.00\na big 3 6.00\nb big 1 1.00"
    rated = Pool("gateway", when={"model": ("mini",)}, rate=Rate(Decimal("0.5")))
    found = shared(table, Pool("mine", "even", {"model": ("mini",)}), rated)

    assert parts(found, "pool", "team") == {("mine", "a"): 2, ("mine", "b"): 2, ("gateway", "a"): 1}


def test_seconds_are_those_of_every_request_of_a_bucket_and_requests_without_any_are_counted() -> None:
    """A request of 500 ms and a bucket of 10 of 2,000 ms on average: 20.5 s x $0.10; 7 requests say no time."""
    table = "team requests latency_ms cost\na 1 500 1.00\na 10 2000 1.00\nb 7 - 1.00"
    found = shared(table, Pool("gateway", rate=Rate(per_second=Decimal("0.10"))))
    said = next(f for f in found.findings if f.code == "latency_unknown")

    assert parts(found) == {"a": Decimal("2.05")}
    assert (said.evidence["requests"], said.severity) == (7, "warning")


def test_a_credit_can_be_a_pool() -> None:
    """-$4 by spend 3 to 1."""
    table = TABLE + "finance - - - -4.00"
    found = shared(table, Pool("credit", "spend", {"team": ("finance",)}))

    assert parts(found) == {"support": -3, "search": -1}
    assert found.moved == -4


def test_charges_that_fit_leave_their_owner_and_the_first_pool_takes_them() -> None:
    """The $8 nobody owns by tokens: 6 and 2. A second pool of everything finds support's 3 and search's 1."""
    unowned = Pool("unowned", "tokens", {"team": ("",)})
    rest = Pool("rest", "even", {"model": ("gpt-*",)})
    found = shared(TABLE, unowned, rest)

    assert found.moved == 12
    assert parts(found, "pool", "team") == {("unowned", None): 8, ("rest", None): 4}
    assert parts(shared(TABLE, unowned)) == {"support": 6, "search": 2}


def test_a_driver_that_nobody_has_leaves_the_pool_unallocated_and_says_so() -> None:
    found = shared("team requests cost\na 1 2.00\nb 1 3.00", Pool("gateway", "tokens", cost=Decimal(7)))

    assert parts(found) == {None: 7}
    assert not found.rows["allocated"].any()
    assert [(f.code, f.message) for f in found.findings] == [
        ("pool_unallocated", "$7.00 of 'gateway' is given to nobody: no team it may go to has any tokens.")
    ]


@pytest.mark.parametrize(
    ("choice", "expected"), [({"only": ("search",)}, "search"), ({"but_not": ("search",)}, "support")]
)
def test_owners_may_be_named_or_left_out(choice: dict[str, Any], expected: str) -> None:
    assert parts(shared(TABLE, Pool("gateway", cost=Decimal(8), **choice))) == {expected: 8}


def test_a_driver_may_count_some_records_only() -> None:
    """Only gpt-4o-mini counts: 1 to 3 of $8, though support has far more tokens of gpt-4o."""
    table = "team model input_tokens cost\na gpt-4o 900 1\na gpt-4o-mini 1 1\nb gpt-4o-mini 3 1"
    pool = Pool("gateway", "tokens", cost=Decimal(8), measured_on={"model": ("*-mini",)})

    assert parts(shared(table, pool)) == {"a": 2, "b": 6}


def test_a_monthly_cost_is_the_same_each_day_of_its_month() -> None:
    """$31 from 16 October to 10 November: 16 of 31 days is $16, 10 of 30 days of November is 31 / 3 = $10.333..."""
    period = between(date(2026, 10, 1), date(2026, 11, 11), "UTC")
    pool = Pool("gateway", cost=Decimal(31), start=date(2026, 10, 16))

    assert shared(TABLE, pool, period=period).outside == Decimal("26.333333333333")
    assert shared(TABLE, pool).outside == 16
    assert shared(TABLE, Pool("gateway", cost=Decimal(31), end=date(2026, 10, 3))).outside == 2


GPUS = """
team    provider    requests input_tokens consumed_quantity consumed_unit cost
support self-hosted 1        3000         -                 -             0.30
search  self-hosted 1        1000         -                 -             0.10
legal   openai      1        9000         -                 -             5.00
"""


def machine(idle: str = "visible", **more: Any) -> Pool:
    """One GPU at $0.25 an hour: $186 for the 744 hours of October."""
    capacity = Capacity(Decimal(1), Decimal("0.25"), tokens_per_unit_hour=Decimal(10))
    return Pool("machine", when={"provider": ("self-hosted",)}, capacity=capacity, idle=idle, **more)


def test_a_machine_replaces_the_cost_of_what_it_serves_and_its_idle_hours_stay_visible() -> None:
    """4,000 tokens at 10 an hour: 400 of 744 hours, $100 by 3 to 1; 344 idle hours, $86. $0.40 is not counted."""
    found = shared(GPUS, machine())

    assert parts(found, "team", "part") == {("support", "shared"): 75, ("search", "shared"): 25, (None, "idle"): 86}
    assert found.outside == 186
    assert found.replaced == Decimal("0.40")
    assert codes(found) == ["idle_capacity"]
    assert "idle for 344.0 of 744.0 GPU-hours (46.2%): $86.00, kept apart" in found.findings[0].message


def test_idle_hours_may_fall_on_the_users_or_on_all() -> None:
    """$86 by 3 to 1 over the users; over all by 3 to 1 to 9."""
    users = parts(shared(GPUS, machine("users")), "team", "part")
    everyone = parts(shared(GPUS, machine("all")), "team", "part")

    assert users["support", "idle"] == Decimal("64.5")
    assert everyone["legal", "idle"] == Decimal("59.538461538461")
    assert sum(amount for (_, part), amount in everyone.items() if part == "idle") == 86


def test_logged_hours_are_believed_before_tokens() -> None:
    """support logged 62 GPU-hours, search 124: $15.50 and $31, 558 hours idle."""
    table = """
    team    provider    input_tokens consumed_quantity consumed_unit cost
    support self-hosted 9000         62                GPU-hours     0
    search  self-hosted 1            124               gpu_hours     0
    """
    found = shared(table, machine())

    assert parts(found, "team", "part") == {
        ("support", "shared"): Decimal("15.5"),
        ("search", "shared"): 31,
        (None, "idle"): Decimal("139.5"),
    }
    assert set(found.rows.filter("allocated")["unit"]) == {"GPU-Hours"}


def test_without_a_throughput_the_whole_machine_counts_as_used() -> None:
    pool = Pool("m", when={"provider": ("self-hosted",)}, capacity=Capacity(Decimal(1), Decimal("0.25")))
    found = shared(GPUS, pool)

    assert parts(found) == {"support": Decimal("139.5"), "search": Decimal("46.5")}
    assert codes(found) == ["idle_unknown"]


def test_a_machine_that_served_nobody_is_idle() -> None:
    found = shared("team provider input_tokens cost\na openai 5 1.00", machine("users"))

    assert parts(found, "team", "part") == {(None, "idle"): 186}
    assert codes(found) == ["idle_capacity", "pool_unallocated"]


def test_more_use_than_capacity_is_a_warning() -> None:
    found = shared("team provider input_tokens cost\na self-hosted 9000 1.00", machine())

    assert parts(found) == {"a": 186}
    assert codes(found) == ["over_capacity"]


def test_a_pool_that_no_record_fits_is_said() -> None:
    found = shared(TABLE, Pool("monitoring", when={"cost_type": ("monitoring",)}))

    assert (found.rows.height, codes(found)) == (0, ["pool_empty"])


def test_within_an_owner_a_pool_follows_the_same_driver() -> None:
    """$8 by tokens: a has 100 of gpt and 300 of claude, b 400 of gpt: 1, 3 and 4; by model 5 and 3."""
    table = "team model input_tokens cost\na gpt 100 1\na claude 300 1\nb gpt 400 1"
    pool = Pool("gateway", "tokens", cost=Decimal(8))

    assert parts(shared(table, pool, by="team,model"), "team", "model") == {
        ("a", "gpt"): 1,
        ("a", "claude"): 3,
        ("b", "gpt"): 4,
    }
    assert parts(shared(table, pool, by="model"), "model") == {("gpt",): 5, ("claude",): 3}


def test_a_correction_below_zero_lowers_its_owner_however_the_answer_is_split() -> None:
    """a spent 5 - 3 = 2, b 6: of $8 a gets 2, all of it for gpt."""
    table = "team model cost\na gpt 5\na claude -3\nb gpt 6"
    pool = Pool("gateway", cost=Decimal(8))

    assert parts(shared(table, pool)) == {"a": 2, "b": 6}
    assert parts(shared(table, pool, by="team,model"), "team", "model") == {("a", "gpt"): 2, ("b", "gpt"): 6}


def test_an_owner_without_spend_shares_evenly_over_its_groups() -> None:
    table = "team model cost\na gpt 0\na claude 0"
    found = shared(table, Pool("gateway", "even", cost=Decimal(8)), by="team,model")

    assert parts(found, "team", "model") == {("a", "gpt"): 4, ("a", "claude"): 4}


def test_cost_may_be_shared_over_another_dimension() -> None:
    table = "project model input_tokens cost\nx gpt 1 1\ny gpt 3 1"
    found = shared(table, Pool("gateway", "tokens", cost=Decimal(8)), by="project", over="project")

    assert parts(found, "project") == {("x",): 2, ("y",): 6}


def test_the_ratios_of_a_pool_add_up_to_one() -> None:
    found = shared("team cost\na 1\nb 1\nc 1", Pool("gateway", cost=Decimal(8)))

    assert found.rows["ratio"].sum() == 1
    assert max(found.rows["ratio"]) == Decimal("0.333333333334")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Pool("p"), "made of nothing"),
        (Pool("p", cost=Decimal(1), when={"team": ("a",)}), "not in the ledger"),
        (Pool("p", capacity=Capacity(Decimal(1), Decimal(1))), "serves records"),
        (Pool("p", cost=Decimal(1), capacity=Capacity(Decimal(1), Decimal(1))), "at once"),
        (Pool("p", cost=Decimal(1), rate=Rate(Decimal(1))), "at once"),
        (Pool("p", "tokens", rate=Rate(Decimal(1))), "no driver"),
        (Pool("p", rate=Rate(Decimal(1)), but_not=("a",)), "whoever made the requests"),
        (Pool("p", "fixed", cost=Decimal(1)), "go together"),
        (Pool("p", "fixed", cost=Decimal(1), shares={"a": Decimal(50)}), "more than 1"),
        (Pool("p", cost=Decimal(1), only=("a",), but_not=("b",)), "do not go together"),
        (Pool("p", "fixed", cost=Decimal(1), shares={"a": Decimal(1)}, only=("b",)), "is left out"),
        (Pool("p", "usage", cost=Decimal(1)), "only capacity"),
        (Pool("p", "tokns", cost=Decimal(1)), "unknown driver 'tokns'"),
        (Pool("p", when={"taem": ("a",)}), "'taem' is no dimension"),
        (Pool("p", cost=Decimal(1), start=date(2026, 2, 1), end=date(2026, 1, 1)), "before it starts"),
    ],
)
def test_a_pool_that_cannot_be_is_refused(wrong: Pool, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        checked(wrong)
