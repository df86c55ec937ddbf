"""Tags with several values: nothing counts twice, and everything stays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from finopsctl.analyses.attribution import Breakdown, breakdown
from finopsctl.errors import ConfigError
from finopsctl.metrics.dimensions import parse
from finopsctl.metrics.where import condition
from ledgers import ledger

LINES = "tags requests input_tokens cost"
BOTH, RED, NONE = '{"squad":"[\\"red\\",\\"blue\\"]"}', '{"squad":"red"}', '{"other":"x"}'


def lines(*rows: tuple[str, int, int, str]) -> str:
    return "\n".join([LINES, *(" ".join(map(str, row)) for row in rows)])


TABLE = lines((BOTH, 3, 101, "0.000000000005"), (RED, 1, 10, "1.00"), (NONE, 2, 20, "4.00"))


def by(names: str = "tag:squad", table: str = TABLE, **options: Any) -> Breakdown:
    return breakdown(ledger(table), parse(names), **options)


def amounts(found: Breakdown) -> dict[str | None, tuple[Any, ...]]:
    rows = found.rows.select("tag:squad", "spend", "requests", "tokens").rows()
    return {row[0]: row[1:] for row in rows}


def test_a_request_with_two_values_counts_under_the_first() -> None:
    """red: $1.000000000005 of 4 requests; blue has none of its own."""
    assert amounts(by()) == {
        None: (Decimal(4), 2, 20),
        "red": (Decimal("1.000000000005"), 4, 111),
    }


def test_an_even_split_leaves_what_is_over_with_the_values_that_stand_first() -> None:
    """5 pico-dollars, 3 requests and 101 tokens of two squads: 3, 2 and 51 for red, 2, 1 and 50 for blue."""
    assert amounts(by(tags="split")) == {
        None: (Decimal(4), 2, 20),
        "red": (Decimal("1.000000000003"), 3, 61),
        "blue": (Decimal("0.000000000002"), 1, 50),
    }


@pytest.mark.parametrize("way", ["first", "split"])
def test_the_totals_are_those_without_tags(way: str) -> None:
    assert by(tags=way).totals == by("team").totals


def test_a_credit_is_split_without_losing_a_pico() -> None:
    """-0.000000000003 among two: -1 and -2."""
    found = by(table=lines((BOTH, 0, 0, "-0.000000000003")), tags="split")

    assert sorted(found.rows["spend"].to_list()) == [Decimal("-0.000000000002"), Decimal("-0.000000000001")]


def test_two_tags_of_several_values_share_crosswise() -> None:
    """$1 among two squads and two tiers: four times 25 cents."""
    tags = '{"squad":"[\\"red\\",\\"blue\\"]","tier":"[\\"a\\",\\"b\\"]"}'
    found = by("tag:squad,tag:tier", lines((tags, 4, 4, "1")), tags="split")

    assert found.rows.height == 4
    assert set(found.rows["spend"].to_list()) == {Decimal("0.25")}


def test_what_carries_several_values_is_said() -> None:
    (finding,) = by(table=lines((BOTH, 3, 1, "2.50")), tags="split").findings

    assert finding.code == "several_tag_values"
    assert finding.message == "$2.50 of spend carries several values of tag:squad and is divided evenly among them."
    assert "--tags first" in finding.hint


def test_one_value_each_needs_no_finding() -> None:
    assert by(table=lines((RED, 1, 1, "1"))).findings == ()


def test_the_period_before_is_counted_the_same_way() -> None:
    """$2 then and $2 now, split evenly both times: nothing changed."""
    table = lines((BOTH, 2, 2, "2"))
    rows = by(table=table, tags="split", previous=ledger(table)).rows

    assert rows["change_amount"].to_list() == [0, 0]


def test_another_way_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be counted by 'last'"):
        by(tags="last")


@pytest.mark.parametrize(
    ("filter_", "spend"),
    [
        ("tag:squad=blue", "0.000000000005"),
        ("tag:squad=red", "1.000000000005"),
        ("tag:squad~bl*", "0.000000000005"),
        ("tag:squad!=blue", "5"),
        ("tag:squad=(untagged)", "4"),
        ("tag:squad=[red", "0"),
    ],
)
def test_a_filter_fits_when_it_fits_any_value(filter_: str, spend: str) -> None:
    wanted = condition([filter_])
    assert wanted is not None

    assert ledger(TABLE).filter(wanted).collect()["cost"].sum() == Decimal(spend)


def test_text_that_only_looks_like_a_list_is_one_value() -> None:
    table = lines(('{"squad":"[red"}', 1, 1, "1"))

    assert by(table=table, tags="split").rows["tag:squad"].to_list() == ["[red"]
