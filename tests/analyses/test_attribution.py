"""Attribution: amounts that foot, rows for what is unknown, comparison, order."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.allocation.pools import Sharing
from finopsctl.analyses.attribution import Breakdown, breakdown
from finopsctl.errors import ConfigError, SourceError
from finopsctl.ledger.period import between
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

TABLE = """
day team    model       requests input_tokens output_tokens cache_hits cost
1   support gpt-4o      1        100          10            0          1.500000000001
1   support gpt-4o-mini 2        200          20            0          0.25
2   search  gpt-4o      1        300          30            0          4.00
2   -       gpt-4o      1        400          40            0          0.25
3   batch   gpt-x       7        500          50            0          -
3   search  gpt-4o      1        900          90            1          0
"""


def by(names: str, table: str = TABLE, **options: Any) -> Breakdown:
    return breakdown(ledger(table), parse(names), **options)


def column(found: Breakdown, name: str) -> list[Any]:
    return found.rows[name].to_list()


def test_the_largest_spend_comes_first_and_what_is_unpriced_last() -> None:
    found = by("team")

    assert column(found, "team") == ["search", "support", None, "batch"]
    assert column(found, "spend") == [Decimal(4), Decimal("1.750000000001"), Decimal("0.25"), None]


def test_shares_are_fractions_of_the_total() -> None:
    """4 / 6.000000000001 and so on; nothing is forced to 100 %."""
    found = by("team")

    assert column(found, "share")[0] == pytest.approx(4 / 6.000000000001)
    assert column(found, "cumulative_share")[2] == pytest.approx(1)


def test_requests_are_counted_not_rows_and_cached_tokens_are_left_out() -> None:
    """search: 2 requests, of which one was served from the cache: 330 tokens, not 1,320."""
    found = by("team")

    assert column(found, "requests") == [2, 3, 1, 7]
    assert column(found, "tokens") == [330, 330, 440, 550]


def test_the_totals_are_those_of_all_rows() -> None:
    assert by("team").totals == {"spend": Decimal("6.000000000001"), "requests": 13, "tokens": 1650}


def test_top_keeps_the_largest_and_adds_up_the_rest() -> None:
    """1.750000000001 + 0.25 of 3 groups, one of them unpriced."""
    found = by("team", top=1)

    assert column(found, "other") == [None, 3]
    assert column(found, "spend") == [Decimal(4), Decimal("2.000000000001")]


def test_a_top_of_all_rows_has_no_rest() -> None:
    assert "other" not in by("team", top=4).rows.columns


def test_two_dimensions_split_each_other() -> None:
    found = by("team,model")

    assert found.rows.select("team", "model").rows()[:2] == [("search", "gpt-4o"), ("support", "gpt-4o")]


def test_days_are_text_as_iso_writes_it() -> None:
    assert sorted(column(by("day"), "day")) == ["2026-10-01", "2026-10-02", "2026-10-03"]


def test_a_change_is_relative_and_what_is_gone_has_spent_nothing() -> None:
    """search 4.00 after 2.00: +100 %; legacy 3.00 before and nothing now: -100 %; support is new: no change."""
    before = ledger("team cost\nsearch 2.00\nlegacy 3.00")
    rows = {row["team"]: row for row in by("team", previous=before).rows.iter_rows(named=True)}

    assert rows["search"]["change"] == 1.0
    assert (rows["legacy"]["spend"], rows["legacy"]["change"]) == (0, -1.0)
    assert (rows["support"]["previous"], rows["support"]["change"]) == (None, None)


def test_the_totals_of_two_periods_are_compared() -> None:
    """6.000000000001 against 5.00."""
    totals = by("team", previous=ledger("team cost\nsearch 2.00\nlegacy 3.00")).totals

    assert totals["previous"] == Decimal(5)
    assert totals["change"] == pytest.approx(0.2)


def test_the_largest_changes_may_come_first_up_or_down() -> None:
    """legacy -2.00, support +1.70, untagged +0.25, search +0.01; what batch costs now is not known."""
    before = ledger("team cost\nsearch 3.99\nsupport 0.05\nlegacy 2.00")
    found = by("team", previous=before, sort="change")

    assert column(found, "team") == ["legacy", "support", None, "search", "batch"]
    assert column(found, "change_amount")[0] == Decimal("-2.00")


def test_the_changes_in_money_add_up_to_that_of_the_total() -> None:
    found = by("team", previous=ledger("team cost\nsearch 2.00\nlegacy 3.00"))

    assert (
        sum(filter(None, column(found, "change_amount"))) == found.totals["change_amount"] == Decimal("1.000000000001")
    )


def test_the_headline_names_the_change_and_the_largest_mover() -> None:
    """$6.00 after $5.00; legacy fell by its $3.00, more than search rose ($2.00)."""
    found = by("team", previous=ledger("team cost\nsearch 2.00\nlegacy 3.00"))

    assert found.report().headline == (
        "$6.00 spent, $1.00 more than before, in 5 groups by team; the largest is search with 66.7%, "
        "the largest change legacy with -$3.00."
    )


def test_what_top_leaves_out_changed_together() -> None:
    """legacy -3.00, support +1.75 and untagged +0.25 together: -1.00."""
    found = by("team", previous=ledger("team cost\nsearch 2.00\nlegacy 3.00"), top=1)

    assert column(found, "change_amount")[1] == Decimal("-0.999999999999")


@pytest.mark.parametrize(("order", "first"), [("requests", "batch"), ("tokens", "batch"), ("spend", "search")])
def test_rows_may_be_ordered_by_another_amount(order: str, first: str) -> None:
    assert column(by("team", sort=order), "team")[0] == first


def test_days_of_two_periods_are_not_compared() -> None:
    with pytest.raises(ConfigError, match="no day in common"):
        by("day", previous=ledger(TABLE))


@pytest.mark.parametrize("order", ["price", "change"])
def test_an_order_that_cannot_be_is_refused(order: str) -> None:
    with pytest.raises(ConfigError):
        by("team", sort=order)


def test_attribution_needs_a_dimension() -> None:
    with pytest.raises(ConfigError, match="needs a dimension"):
        by("")


def test_a_monthly_line_is_not_put_on_its_first_day() -> None:
    rows = ledger("record_kind cost\ncost 31.00", charge_period_end=datetime(2026, 11, 1, tzinfo=UTC))

    with pytest.raises(SourceError, match="31 days"):
        breakdown(rows, parse("day"))


def test_no_rows_is_no_spend() -> None:
    found = breakdown(ledger(TABLE).head(0), parse("team"))

    assert (found.rows.height, found.totals["spend"]) == (0, None)
    assert found.report().headline == "No spend by team."


def test_the_headline_names_the_largest() -> None:
    assert by("team", top=1).report().headline == (
        "$6.00 spent, in 4 groups by team; the largest is search with 66.7%."
    )


def test_the_headline_names_the_currency() -> None:
    assert by("team", currency="SEK").report().headline.startswith("SEK 6.00 spent, ")


def test_money_that_cannot_be_split_by_token_class_is_a_finding() -> None:
    found = by("token_class")

    assert [f.code for f in found.findings] == ["not_split"]
    assert column(found, "token_class")[0] is None


def test_tokens_by_class_are_exact_and_requests_have_no_class() -> None:
    rows = {row["token_class"]: row for row in by("token_class").rows.iter_rows(named=True)}

    assert (rows["input"]["tokens"], rows["output"]["tokens"], rows["input"]["requests"]) == (1500, 150, None)


def test_three_use_cases_of_the_cost_model_take_half_two_fifths_and_a_tenth() -> None:
    """500K x 0.0084 = 4,200; 300K x 0.0112 = 3,360; 200K x 0.0045 = 900 a day: 8,460, of it 49.6, 39.7, 10.6 %."""
    found = by("feature", "feature requests cost\na 500000 4200\nb 300000 3360\nc 200000 900")

    assert found.totals["spend"] == 8460
    assert [round(share * 100, 1) for share in column(found, "share")] == [49.6, 39.7, 10.6]


def test_the_published_cost_types_add_up_to_252800_not_253800() -> None:
    """40,500 + 205,000 + 2,700 + 2,030 + 2,570 = 252,800: the published total has 1,000 too much."""
    table = "cost_type cost\ntraining 8100\ninference 32400\napi 205000\nstorage 2700\nnetwork 2030\nmonitoring 2570"

    assert by("cost_type", table).totals["spend"] == 252_800


_NAMES = st.sampled_from(["a", "b", "-"])
_ROWS = st.lists(
    st.tuples(
        st.integers(1, 28),
        _NAMES,
        _NAMES,
        st.one_of(st.just("-"), st.decimals(min_value=-1000, max_value=1000, places=12).map(lambda d: f"{d:f}")),
        st.one_of(st.just("-"), st.decimals(min_value=0, max_value=1000, places=12).map(lambda d: f"{d:f}")),
        st.integers(0, 1000),
    ),
    min_size=1,
    max_size=12,
)
_HEADER = "day team model cost list_output_cost output_tokens"


def _table(rows: list[tuple[Any, ...]]) -> str:
    return "\n".join([_HEADER, *(" ".join(str(cell) for cell in row) for row in rows)])


@settings(max_examples=25, deadline=None)
@given(_ROWS, st.sampled_from(["team", "team,model", "day", "week,team", "token_class", "team,token_class", "quarter"]))
def test_every_breakdown_adds_up_to_the_total_to_the_last_digit(rows: list[tuple[Any, ...]], names: str) -> None:
    expected = sum(Decimal(row[3]) for row in rows if row[3] != "-")
    for top in (None, 1):
        found = by(names, _table(rows), top=top)

        assert found.rows["spend"].drop_nulls().sum() == expected
        assert (found.totals["spend"] or 0) == expected
        assert found.rows["tokens"].sum() == sum(row[5] for row in rows)


@settings(max_examples=12, deadline=None)
@given(_ROWS, st.sampled_from(["team,model", "token_class"]), st.integers())
def test_the_order_of_the_rows_does_not_matter(rows: list[tuple[Any, ...]], names: str, seed: int) -> None:
    shuffled = random.Random(seed).sample(rows, len(rows))

    assert by(names, _table(rows)).rows.equals(by(names, _table(shuffled)).rows)


def test_the_headline_names_the_largest_group_with_a_name_beside_what_has_none() -> None:
    """6.00 of no team, 3.00 of search, 1.00 of support."""
    found = breakdown(ledger("team cost\n- 6.00\nsearch 3.00\nsupport 1.00"), parse("team"))

    assert found.report().headline == (
        "$10.00 spent, in 3 groups by team; the largest is search with 30.0%, beside (untagged) with 60.0%."
    )


def test_what_has_no_cost_type_is_the_usage_of_models() -> None:
    found = breakdown(ledger("cost_type cost\n- 6.00\nstorage 4.00"), parse("cost_type"))

    assert found.report().headline.endswith("the largest is (model usage) with 60.0%.")


def test_what_was_not_there_before_is_new_on_the_screen_and_null_for_programs() -> None:
    """support is new; legacy is gone, and the unpriced group knows no change."""
    found = by("team", previous=ledger("team cost\nsearch 2.00\nlegacy 3.00"))
    words = dict(zip(found.rows["team"], found.report().tables[0].row_nulls["change"], strict=True))

    assert words["support"] == "new"
    assert {words[team] for team in ("search", "legacy", "batch")} == {"\N{EN DASH}"}
    assert found.rows.filter(pl.col("team") == "support")["change"].item() is None


def test_people_read_the_price_of_a_million_tokens_and_programs_that_of_one() -> None:
    """3.00 for 2 million tokens: 0.0000015 each, 1.50 the million."""
    found = breakdown(ledger("input_tokens cost\n2000000 3.00"), parse("meter"))
    machine, shown = found.report().tables

    assert machine.machine_only
    assert machine.frame["unit_price"].item() == 0.0000015
    assert shown.frame.select("unit_price", "priced").row(0) == (1.5, "1M tokens")


def test_with_shared_cost_spread_over_nothing_known_spend_is_not_known_rather_than_0() -> None:
    sharing = Sharing((), between(date(2026, 10, 1), date(2026, 11, 1), "UTC"))
    found = breakdown(ledger("team cost\nsearch -"), parse("team"), sharing=sharing)

    assert (found.totals["spend"], found.totals["ledger"]) == (None, None)
    assert found.report().headline == "No spend by team: no record has a known cost."
