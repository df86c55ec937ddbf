"""Chargeback: components that add up to owners, a total that ties, cost centres, the FOCUS columns."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from finopsctl.allocation.pools import Capacity, Pool, Sharing
from finopsctl.analyses.chargeback import Chargeback, ChargebackQuestion, chargeback
from finopsctl.errors import ConfigError
from finopsctl.ledger.period import between
from finopsctl.metrics.dimensions import parse
from finopsctl.results.wording import money
from ledgers import ledger

OCTOBER = between(date(2026, 10, 1), date(2026, 11, 1), "UTC", "month")
TABLE = """
team    record_kind provider    requests input_tokens cost
support request     openai      1        300          3.00
search  request     openai      3        100          1.00
search  credit      openai      -        -            -0.25
support request     self-hosted 1        10           0.50
-       request     openai      9        900          8.00
"""
GATEWAY = Pool("gateway", "tokens", cost=Decimal(40), but_not=("sales",))
UNOWNED = Pool("unowned", "requests", {"team": ("",)})
MACHINE = Pool(
    "machine",
    when={"provider": ("self-hosted",)},
    capacity=Capacity(Decimal(1), Decimal("0.125"), tokens_per_unit_hour=Decimal(1)),
)
CENTRES = {"support": "CC-1"}


def charged(*pools: Pool, table: str = TABLE, by: str = "team", centres: dict[str, str] | None = None) -> Chargeback:
    question = ChargebackQuestion(
        OCTOBER, parse(by), Sharing(pools, OCTOBER), CENTRES if centres is None else centres, OCTOBER.end
    )
    return chargeback(ledger(table), question)


def lines(found: Chargeback, *names: str) -> list[tuple[Any, ...]]:
    return found.rows.select(*names).rows()


def messages(found: Chargeback, code: str) -> list[str]:
    return [finding.message for finding in found.findings if finding.code == code]


def test_without_pools_the_charges_are_the_ledger() -> None:
    """3.50 + 1.00 - 0.25 + 8.00 = 12.25; the credit stands apart and the 8.00 of no team stays visible."""
    found = charged()

    assert found.owners.select("team", "direct", "shared", "credits", "total").rows() == [
        (None, 8, 0, 0, 8),
        ("support", Decimal("3.5"), 0, 0, Decimal("3.5")),
        ("search", 1, 0, Decimal("-0.25"), Decimal("0.75")),
    ]
    assert messages(found, "ties_to_ledger") == ["The ledger's $12.25 is the $12.25 shown: difference 0."]
    assert messages(found, "unowned") == ["$8.00 has no team and can be charged to nobody."]


def test_pools_are_components_beside_the_direct_cost() -> None:
    """$40 by 310 and 100 tokens; $8.00 by 2 and 3 requests. What the machine is not for stays direct."""
    found = charged(GATEWAY, UNOWNED)

    assert lines(found, "team", "component", "pool", "total") == [
        ("search", "direct", None, 1),
        ("search", "shared", "gateway", Decimal("9.756097560976")),
        ("search", "shared", "unowned", Decimal("4.8")),
        ("search", "credit", None, Decimal("-0.25")),
        ("support", "direct", None, Decimal("3.5")),
        ("support", "shared", "gateway", Decimal("30.243902439024")),
        ("support", "shared", "unowned", Decimal("3.2")),
    ]
    assert found.totals["total"] == Decimal("52.25")
    assert found.difference == 0


def test_idle_capacity_is_a_line_of_its_own_and_what_it_serves_costs_nothing_beside_it() -> None:
    """744 hours at $0.125 are $93; 10 used, $1.25; the record's own $0.50 is left out: 12.25 - 0.50 + 93 = 104.75."""
    found = charged(MACHINE)

    assert lines(found, "team", "component", "total")[-1] == (None, "idle", Decimal("91.75"))
    assert ("support", "shared", Decimal("1.25")) in lines(found, "team", "component", "total")
    assert found.totals["total"] == Decimal("104.75")
    assert (
        "$12.25, minus $0.50 that capacity stands for, plus $93.00 that no log" in messages(found, "ties_to_ledger")[0]
    )
    assert found.pools.select("component", "amount", "allocated", "kept").rows() == [
        ("shared", Decimal("1.25"), Decimal("1.25"), 0),
        ("idle", Decimal("91.75"), 0, Decimal("91.75")),
    ]


def test_each_row_has_its_amount_in_one_column_and_the_month_around_it() -> None:
    row = charged(GATEWAY).rows.row(1, named=True)

    assert (row["direct"], row["shared"], row["credits"]) == (0, row["total"], 0)
    assert (row["period_start"], row["period_end"], row["currency"]) == (date(2026, 10, 1), date(2026, 11, 1), "USD")


def test_the_columns_of_focus_say_how_a_shared_part_came_about() -> None:
    """support has 310 of 410 tokens: 0.756097560976 of the pool."""
    rows = {(r["team"], r["component"]): r for r in charged(GATEWAY).rows.iter_rows(named=True)}
    row = rows["support", "shared"]

    assert row["allocated_method_id"] == "tokens"
    assert json.loads(row["allocated_method_details"]) == {
        "Elements": [{"AllocatedRatio": 0.756097560976, "UsageUnit": "Tokens", "UsageQuantity": 310}],
        "x_Pool": "gateway",
    }
    assert (row["allocated_resource_id"], row["allocated_resource_name"]) == ("support", "support")
    assert json.loads(row["allocated_tags"]) == {"team": "support", "cost_centre": "CC-1"}
    assert json.loads(rows["search", "shared"]["allocated_tags"]) == {"team": "search"}


def test_what_is_not_split_has_no_allocation_columns_and_what_nobody_gets_names_no_resource() -> None:
    rows = charged(MACHINE).rows
    direct, idle = rows.row(0, named=True), rows.row(rows.height - 1, named=True)

    assert [direct[name] for name in direct if name.startswith("allocated_")] == [None] * 5
    assert (idle["allocated_method_id"], idle["allocated_resource_id"], idle["allocated_tags"]) == (
        "tokens",
        None,
        None,
    )


def test_a_team_without_a_cost_centre_is_charged_and_said() -> None:
    found = charged()

    assert found.owners.filter(team="search")["cost_centre"].to_list() == [None]
    assert messages(found, "no_cost_centre") == ["1 team has no cost centre, for $0.75: search."]
    assert messages(charged(centres={"support": "CC-1", "search": "CC-2"}), "no_cost_centre") == []


def test_charges_may_be_split_further() -> None:
    found = charged(by="team,provider")

    assert found.owners.select("team", "provider", "cost_centre", "direct").rows()[1:3] == [
        ("support", "openai", "CC-1", 3),
        ("search", "openai", None, 1),
    ]


def test_a_month_that_is_not_over_is_a_warning() -> None:
    question = ChargebackQuestion(OCTOBER, parse("team"), Sharing((), OCTOBER), CENTRES, OCTOBER.start)
    found = chargeback(ledger(TABLE), question)

    assert messages(found, "period_open") == [
        "The records end before the period does: 2026-10-01 is the first day not seen."
    ]


def test_unpriced_usage_has_no_amount_and_does_not_break_the_tie() -> None:
    found = charged(table="team requests cost\nsupport 1 -\nsearch 1 2.00")

    assert found.owners["team"].to_list() == ["search"]
    assert found.difference == 0
    assert found.quality.unpriced_requests == 1


def test_usage_of_which_nothing_is_priced_is_not_charged_with_zero() -> None:
    found = charged(table="team requests input_tokens cost\nb 1 10 -")

    assert [found.totals[name] for name in ("direct", "total", "ledger")] == [None, None, None]
    assert found.difference == 0
    assert found.report().headline == "Nothing can be charged for 2026-10: no record has a known cost."


def test_nothing_to_charge_is_no_charge() -> None:
    question = ChargebackQuestion(OCTOBER, parse("team"), Sharing((GATEWAY,), OCTOBER), {}, OCTOBER.end)
    found = chargeback(ledger(TABLE).head(0), question)

    assert found.owners.select("team", "kept", "total").rows() == [(None, "unallocated", 40)]
    assert found.difference == 0


@pytest.mark.parametrize("by", ["token_class", ""])
def test_a_charge_needs_an_owner(by: str) -> None:
    with pytest.raises(ConfigError, match="needs an owner"):
        charged(by=by)


def test_the_headline_counts_owners_and_names_the_month() -> None:
    assert charged(GATEWAY, UNOWNED).report().headline == (
        "$52.25 charged to 2 teams for 2026-10, $48.00 of it shared cost."
    )


def test_a_total_that_does_not_tie_is_not_hidden() -> None:
    found = charged()

    assert replace(found, totals={**found.totals, "difference": Decimal("0.01")}).difference == Decimal("0.01")


def test_the_headline_says_what_nobody_pays() -> None:
    """Capacity that lay idle is kept apart, and 8.00 has no team: neither is in what the two teams pay."""
    found = charged(MACHINE)
    charges = Decimal(found.owners.filter(pl.col("kept").is_null() & pl.col("team").is_not_null())["total"].sum())
    idle = found.owners.filter(pl.col("kept") == "idle")["total"].item()

    assert found.report().headline == (
        f"{money(charges)} charged to 2 teams for 2026-10, {money(found.totals['shared'] - idle)} of it shared cost; "
        f"{money(idle)} idle and $8.00 without a team not charged."
    )


def test_spend_without_any_owner_is_charged_to_nobody() -> None:
    assert charged(table="team cost\n- 8.00").report().headline == (
        "Nothing charged for 2026-10; $8.00 without a team not charged."
    )


def test_owners_without_a_cost_centre_have_a_line_of_their_own() -> None:
    """support, CC-1, is charged 3.50; search 1.00 - 0.25; 8.00 has no team."""
    found = charged(table=TABLE.replace("-       request     openai      9        900          8.00", ""))
    centres = next(table for table in found.report().tables if table.title == "Charges by cost centre")

    assert centres.frame.select("cost_centre", "total").rows() == [("CC-1", Decimal("3.5")), (None, Decimal("0.75"))]
    assert centres.row_nulls["cost_centre"][1] == "(no cost centre)"
    assert "Charges by cost centre" not in [table.title for table in charged(centres={}).report().tables]


def test_a_pool_counts_the_owners_it_is_charged_to_and_idle_capacity_is_spread_by_nothing() -> None:
    found = charged(MACHINE, by="team,provider")

    assert found.pools.select("component", "owners", "method").rows() == [
        ("shared", 1, "tokens"),
        ("idle", 0, None),
    ]
