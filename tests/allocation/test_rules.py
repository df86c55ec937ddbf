"""Ordered allocation rules: what they match, what they fill, and that they never change the money."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from finopsctl.allocation.keys import KeyMap
from finopsctl.allocation.keys import from_litellm as keys_from_litellm
from finopsctl.allocation.rules import Rule, allocate, checked, coverage, read_before_set, shadowed
from finopsctl.errors import ConfigError
from finopsctl.ledger.schema import LEDGER_SCHEMA, MONEY, conform

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def _ledger(*records: dict[str, Any]) -> pl.LazyFrame:
    """Build charges of one request each, at noon of 2 November 2026 unless a record says otherwise."""
    rows = [
        {"charge_period_start": NOON, "record_kind": "request", "record_id": str(index), "requests": 1} | record
        for index, record in enumerate(records)
    ]
    known = {name: dtype for name, dtype in LEDGER_SCHEMA.items() if any(name in row for row in rows)}
    return conform(pl.LazyFrame(rows, schema=known))


def _values(frame: pl.LazyFrame, name: str) -> list[str | None]:
    return frame.select(name).collect().to_series().to_list()


def test_without_rules_and_keys_the_same_frame_comes_back() -> None:
    ledger = _ledger({})

    assert allocate(ledger, ()) is ledger


def test_a_rule_fits_any_value_of_a_tag_and_fills_in_the_first() -> None:
    tags = json.dumps({"squad": '["red", "blue"]'})
    rule = Rule("blue squad", {"team": "{tag:squad}"}, {"tag:squad": ("blue",)})

    assert _values(allocate(_ledger({"tags": tags}), (rule,)), "team") == ["red"]


def test_a_header_names_the_team() -> None:
    ledger = _ledger({"tags": '{"x-team":"support"}'}, {"tags": '{"env":"prod"}'}, {})
    rule = Rule("header", {"team": "{header:X-Team}"})

    assert _values(allocate(ledger, [rule]), "team") == ["support", None, None]


def test_a_value_the_source_gave_stays_unless_the_rule_overwrites() -> None:
    ledger = _ledger({"team": "given", "tags": '{"x-team":"support"}'})

    assert _values(allocate(ledger, [Rule("fill", {"team": "{tag:x-team}"})]), "team") == ["given"]
    assert _values(allocate(ledger, [Rule("force", {"team": "{tag:x-team}"}, overwrite=True)]), "team") == ["support"]


def test_the_first_rule_that_matches_decides() -> None:
    ledger = _ledger({"model": "gpt-4o"}, {"model": "gpt-4o-mini"}, {"model": "claude-haiku"})
    rules = [
        Rule("mini", {"team": "small"}, {"model": ("*-mini",)}),
        Rule("gpt", {"team": "large"}, {"model": ("gpt-*",)}),
        Rule("rest", {"team": "other"}),
    ]

    assert _values(allocate(ledger, rules), "team") == ["large", "small", "other"]


def test_a_later_overwriting_rule_does_not_undo_an_earlier_decision() -> None:
    ledger = _ledger({}, {"team": "given"})
    rules = [Rule("first", {"team": "a"}), Rule("second", {"team": "b"}, overwrite=True)]

    assert _values(allocate(ledger, rules), "team") == ["a", "given"]


def test_each_dimension_is_decided_on_its_own() -> None:
    ledger = _ledger({"model": "gpt-4o", "team": "given"})
    rule = Rule("gpt", {"team": "a", "feature": "chat about {model}"}, {"model": ("gpt-4o",)})
    result = allocate(ledger, [rule])

    assert _values(result, "team") == ["given"]
    assert _values(result, "feature") == ["chat about gpt-4o"]


def test_a_rule_whose_value_is_unknown_leaves_the_dimension_to_the_next() -> None:
    ledger = _ledger({"tags": '{"x-team":"support"}'}, {"tags": '{"x-team":""}'}, {"tags": '{"x-team":null}'})
    rules = [Rule("header", {"team": "{header:x-team}"}), Rule("rest", {"team": "platform"})]

    assert _values(allocate(ledger, rules), "team") == ["support", "platform", "platform"]


def test_a_rule_sees_what_the_rules_before_it_assigned() -> None:
    ledger = _ledger({"tags": '{"x-team":"support"}'})
    rules = [
        Rule("header", {"team": "{header:x-team}"}),
        Rule("unit", {"project": "service desk"}, {"team": ("support",)}),
    ]

    assert _values(allocate(ledger, rules), "project") == ["service desk"]


def test_all_conditions_must_hold_and_one_pattern_of_each_is_enough() -> None:
    ledger = _ledger(
        {"environment": "dev", "provider": "openai"},
        {"environment": "test", "provider": "openai"},
        {"environment": "dev", "provider": "azure"},
        {"provider": "openai"},
    )
    rule = Rule("lab", {"team": "lab"}, {"environment": ("dev", "t?st"), "provider": ("openai",)})

    assert _values(allocate(ledger, [rule]), "team") == ["lab", "lab", None, None]


def test_an_empty_pattern_means_no_value_and_a_star_means_any() -> None:
    ledger = _ledger({"customer": "acme"}, {})
    rules = [
        Rule("external", {"workload": "external"}, {"customer": ("*",)}),
        Rule("internal", {"workload": "internal"}, {"customer": ("",)}),
    ]

    assert _values(allocate(ledger, rules), "workload") == ["external", "internal"]


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("claude-opus-4[1m]", "claude-opus-4[1m]", True),
        ("claude-*[1m]", "claude-opus-4[1m]", True),
        ("gpt-4.1*", "gpt-4x1-mini", False),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o*", "my-gpt-4o", False),
        ("a+b*", "a+bc", True),
        ("GPT-4o*", "gpt-4o", False),
        ("*a*a*", "line\nwith a and a", True),
    ],
)
def test_only_star_and_question_mark_are_special_and_the_whole_value_must_fit(
    pattern: str,
    text: str,
    fits: bool,  # noqa: FBT001 - a table of cases
) -> None:
    rule = Rule("rule", {"team": "hit"}, {"model": (pattern,)})

    assert _values(allocate(_ledger({"model": text}), [rule]), "team") == ["hit" if fits else None]


def test_a_rule_applies_from_its_first_instant_up_to_but_not_at_its_end() -> None:
    """In force on 2 November only: noon and midnight of the 2nd are in, midnight of the 3rd is out."""
    days = [datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC), NOON]
    ledger = _ledger(*({"charge_period_start": day} for day in [*days, datetime(2026, 11, 3, tzinfo=UTC)]))
    start, end = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)

    assert _values(allocate(ledger, [Rule("day", {"team": "t"}, start=start, end=end)]), "team") == [
        None,
        "t",
        "t",
        None,
    ]


def test_other_spellings_of_a_dimension_are_understood() -> None:
    ledger = _ledger({"feature": "chat"})
    rule = Rule("product", {"product": "assistant"}, {"use_case": ("chat",)})

    assert _values(allocate(ledger, [rule]), "project") == ["assistant"]


def test_doubled_braces_are_braces_and_record_kind_can_be_matched() -> None:
    rule = Rule("odd", {"team": "{{{model}}}"}, {"record_kind": ("request",)})

    assert _values(allocate(_ledger({"model": "m"}), [rule]), "team") == ["{m}"]


def test_tags_with_quotes_dots_and_letters_beyond_ascii_are_found() -> None:
    ledger = _ledger({"tags": '{"a.b":"dot","caf\\u00e9":"accent","q\\"q":"quote"}'})
    rule = Rule("tags", {"team": "{tag:a.b}", "user": "{tag:café}", "project": '{tag:q"q}'})

    assert allocate(ledger, [rule]).select("team", "user", "project").collect().row(0) == ("dot", "accent", "quote")


def test_the_key_map_comes_before_the_rules() -> None:
    tokens = pl.DataFrame({"token": ["h1"], "key_alias": ["bot"], "team_id": ["support"]})
    ledger = _ledger({"api_key": "h1", "tags": '{"x-team":"header"}'}, {"api_key": "h2", "tags": '{"x-team":"header"}'})
    rules = [Rule("header", {"team": "{tag:x-team}"})]

    assert _values(allocate(ledger, rules, keys_from_litellm(tokens, None)), "team") == ["support", "header"]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("r", {"team": "x"}, {"modle": ("a",)}), "'modle'"),
        (Rule("r", {"model": "x"}), "'model'"),
        (Rule("r", {"team": "{taem}"}), "'taem'"),
        (Rule("r", {"team": "{team"}), "stray '{'"),
        (Rule("r", {"team": ""}), "empty"),
        (Rule("r", {}), "assigns nothing"),
        (Rule("r", {"team": "x"}, {"tag:": ("a",)}), "names no tag"),
        (Rule("r", {"team": "x"}, start=NOON, end=NOON), "before it starts"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(rule: Rule, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        checked(rule)


def test_coverage_counts_rows_requests_and_spend_by_how_the_team_came() -> None:
    """Four rows: $1 given by the source, $2 from the key, $3 by the header rule, $4 and one unpriced row unowned."""
    tokens = pl.DataFrame({"token": ["h1"], "team_id": ["support"]})
    ledger = _ledger(
        {"team": "given", "requests": 5, "tags": '{"x-team":"a"}'},
        {"api_key": "h1"},
        {"tags": '{"x-team":"a"}'},
        {},
        {"requests": None},
    ).with_columns(cost=pl.Series(["1", "2", "3", "4", None], dtype=pl.String).cast(MONEY))
    rows = coverage(ledger, [Rule("header", {"team": "{tag:x-team}"})], keys_from_litellm(tokens, None)).rows()

    assert rows == [
        ("team", "source", None, 1, 5, Decimal(1)),
        ("team", "keys", None, 1, 1, Decimal(2)),
        ("team", "rule", "header", 1, 1, Decimal(3)),
        ("team", "unowned", None, 2, 1, Decimal(4)),
    ]


def test_a_rule_behind_a_wider_one_is_named_as_shadowed() -> None:
    wide = Rule("wide", {"team": "a"}, {"model": ("gpt-4o", "gpt-4o-mini")})
    narrow = Rule("narrow", {"team": "b"}, {"model": ("gpt-4o",), "environment": ("dev",)})
    elsewhere = Rule("elsewhere", {"project": "b"}, {"model": ("gpt-4o",)})

    assert shadowed([wide, narrow, elsewhere]) == [(narrow, wide)]
    assert shadowed([narrow, wide]) == []


def test_a_rule_is_not_shadowed_by_one_that_ended_or_may_have_no_value() -> None:
    ended = Rule("ended", {"team": "a"}, end=NOON)
    capture = Rule("capture", {"team": "{tag:x-team}"})
    later = Rule("later", {"team": "b"})

    assert shadowed([ended, capture, later]) == []


def test_a_rule_that_reads_what_a_later_one_sets_is_listed_but_plain_renames_are_not() -> None:
    reader = Rule("reader", {"project": "p"}, {"team": ("a",)})
    setter = Rule("setter", {"team": "a"}, {"model": ("m",)})
    renames = [
        Rule("one", {"project": "search"}, {"project": ("proj_1",)}, overwrite=True),
        Rule("two", {"project": "chat"}, {"project": ("proj_2",)}, overwrite=True),
    ]

    assert read_before_set([reader, setter]) == [(reader, setter, "team")]
    assert read_before_set([setter, reader]) == []
    assert read_before_set(renames) == []


_NAMES = st.sampled_from(["a", "b", "c"])
_MAYBE = st.none() | _NAMES
_RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "team": _MAYBE,
            "project": _MAYBE,
            "model": _NAMES,
            "api_key": st.none() | st.sampled_from(["h1", "h2", "bot"]),
            "tags": st.none() | _NAMES.map(lambda name: f'{{"x-team":"{name}"}}'),
            "reported_cost": st.none() | st.integers(-(10**9), 10**12).map(lambda pico: Decimal(pico).scaleb(-12)),
            "charge_period_start": st.sampled_from([NOON, datetime(2026, 12, 1, tzinfo=UTC)]),
        }
    ),
    min_size=1,
    max_size=8,
)
_PATTERNS = st.lists(st.sampled_from(["a", "b", "*", "", "?"]), min_size=1, max_size=2).map(tuple)
_RULES = st.lists(
    st.builds(
        Rule,
        name=_NAMES,
        assign=st.dictionaries(
            st.sampled_from(["team", "project", "feature"]),
            st.sampled_from(["x", "y", "{tag:x-team}", "on {model}"]),
            min_size=1,
        ),
        when=st.dictionaries(st.sampled_from(["model", "tag:x-team", "api_key"]), _PATTERNS),
        start=st.none() | st.just(NOON),
        overwrite=st.booleans(),
    ),
    max_size=4,
)
_KEYS = st.sampled_from(
    [
        None,
        keys_from_litellm(
            pl.DataFrame({"token": ["h1", "h2"], "key_alias": ["bot", None], "team_id": ["t1", "t2"]}),
            pl.DataFrame({"team_id": ["t1", "a"], "team_alias": ["Support", "Alpha"]}),
        ),
    ]
)


@settings(max_examples=25, deadline=None)
@given(_RECORDS, _RULES, _KEYS)
def test_allocation_changes_owners_only(records: list[dict[str, Any]], rules: list[Rule], keys: KeyMap | None) -> None:
    ledger = _ledger(*records)
    owners = ["team", "user", "project", "customer", "feature", "api_key"]
    before, after = ledger.collect(), allocate(ledger, rules, keys).collect()

    assert after.columns == before.columns
    assert_frame_equal(after.drop(owners), before.drop(owners))


@settings(max_examples=25, deadline=None)
@given(_RECORDS, _RULES, _KEYS)
def test_allocating_twice_is_allocating_once(
    records: list[dict[str, Any]], rules: list[Rule], keys: KeyMap | None
) -> None:
    once = allocate(_ledger(*records), rules, keys)

    assert_frame_equal(allocate(once, rules, keys).collect(), once.collect())


@settings(max_examples=25, deadline=None)
@given(_RECORDS, _RULES, _KEYS, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(
    records: list[dict[str, Any]], rules: list[Rule], keys: KeyMap | None, random: Any
) -> None:
    ledger = _ledger(*records).collect()
    order = random.sample(range(ledger.height), ledger.height)

    assert_frame_equal(
        allocate(ledger[order].lazy(), rules, keys).collect(), allocate(ledger.lazy(), rules, keys).collect()[order]
    )


@settings(max_examples=25, deadline=None)
@given(_RECORDS, _RULES, _KEYS)
def test_coverage_of_each_dimension_adds_up_to_the_ledger(
    records: list[dict[str, Any]], rules: list[Rule], keys: KeyMap | None
) -> None:
    ledger = _ledger(*records).with_columns(cost="reported_cost")
    total = ledger.select(rows=pl.len(), spend=pl.col("cost").sum()).collect().row(0)
    sums = coverage(ledger, rules, keys).group_by("dimension").agg(pl.col("rows").sum(), pl.col("spend").sum())

    assert all(row[1:] == total for row in sums.iter_rows())


_TEXTS = st.text(st.sampled_from('ab"\\\\{}:, é')) | st.sampled_from(['"a":"b"', "x-team", "{}"])
_TAGS = st.dictionaries(
    st.sampled_from(["a", "x-team", '"x-team":"b"']) | _TEXTS, _TEXTS | st.dictionaries(_NAMES, _TEXTS)
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.none() | _TAGS, min_size=1, max_size=6), st.booleans())
def test_a_tag_is_what_a_json_parser_reads(labels: list[dict[str, Any] | None], compact: bool) -> None:  # noqa: FBT001
    separators = (",", ":") if compact else None
    texts = [
        None if label is None else json.dumps(label, separators=separators, ensure_ascii=compact) for label in labels
    ]
    found = _values(
        allocate(_ledger(*({"tags": text} for text in texts)), [Rule("tag", {"team": "{tag:x-team}"})]), "team"
    )
    given_values = [(label or {}).get("x-team") for label in labels]
    expected = [None if text == "" else text for text in given_values]

    assert found == [
        json.dumps(e, separators=(",", ":"), ensure_ascii=False) if isinstance(e, dict) else e for e in expected
    ]


@settings(max_examples=25, deadline=None)
@given(_RECORDS, _RULES)
def test_the_winner_is_the_first_rule_a_plain_reading_finds(records: list[dict[str, Any]], rules: list[Rule]) -> None:
    """A second implementation, record by record in Python, for rules that read only what no rule sets."""
    ledger = _ledger(*records)
    expected = []
    for record in ledger.collect().iter_rows(named=True):
        tag = record["tags"] and record["tags"].split('"')[3]
        read = {"model": record["model"], "tag:x-team": tag, "api_key": record["api_key"]}
        team = record["team"]
        for rule in rules:
            given_value = {"{tag:x-team}": tag, "on {model}": f"on {record['model']}"}
            assigned = rule.assign.get("team")
            assigned = given_value.get(assigned, assigned) if assigned else None
            in_force = rule.start is None or record["charge_period_start"] >= rule.start
            if assigned and in_force and all(_fits(read[name], patterns) for name, patterns in rule.when.items()):
                team = assigned if rule.overwrite or team is None else team
                break
        expected.append(team)

    assert _values(allocate(ledger, rules), "team") == expected


def _fits(text: str | None, patterns: tuple[str, ...]) -> bool:
    if text is None:
        return "" in patterns
    return text in patterns or "*" in patterns or ("?" in patterns and len(text) == 1)


def test_a_rule_sets_cost_types_the_ledger_knows_only() -> None:
    with pytest.raises(ConfigError, match="'gpu' is no cost type"):
        checked(Rule("gpus", {"cost_type": "gpu"}))

    assert checked(Rule("gpus", {"cost_type": "inference"})).writes == {"cost_type"}
