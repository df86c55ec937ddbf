"""Patterns and tag values that filters, budgets and allocation rules share."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.ledger.conditions import fits, matches, tag_matches, tag_value, values_in

TEXT = st.text("a.*?[]\\^ \n", max_size=5)


def _matched(texts: list[str | None], *patterns: str, glob: bool = True) -> list[bool]:
    column = pl.DataFrame({"text": texts}, schema={"text": pl.String()})
    return column.select(matches(pl.col("text"), patterns, glob=glob)).to_series().to_list()


@given(text=TEXT, pattern=TEXT.filter(bool))
@settings(max_examples=25)
def test_a_column_of_one_text_fits_what_the_text_fits(text: str, pattern: str) -> None:
    assert _matched([text], pattern) == [fits(text, [pattern])]


def test_without_globs_a_star_and_a_question_mark_mean_themselves() -> None:
    assert _matched(["a*", "ab", "*", None], "a*", "*", glob=False) == [True, False, True, False]


def test_of_no_patterns_none_fits() -> None:
    assert _matched(["a", None]) == [False, False]


@pytest.mark.parametrize("name", ["x-team", 'odd "name"', "the team's", "größe"])
def test_a_tag_is_read_whatever_its_name_holds(name: str) -> None:
    rows = pl.DataFrame({"tags": [json.dumps({name: "search"}, ensure_ascii=False), '{"other":"x"}', None]})

    assert rows.select(tag_value(name)).to_series().to_list() == ["search", None, None]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("red", ("red",)),
        ('["red","blue","red"]', ("red", "blue")),
        ('[1, true, {"k": "v"}, null, ""]', ("1", "true", '{"k":"v"}')),
        ("[red", ("[red",)),
        ("[]", ("[]",)),
        ("[null]", ("[null]",)),
    ],
)
def test_the_text_of_a_tag_stands_for_one_value_or_those_of_a_list(text: str, values: tuple[str, ...]) -> None:
    assert values_in(text) == values


def test_the_value_of_a_tag_is_the_first_of_several() -> None:
    tags = ['{"x":"[\\"red\\", \\"blue\\"]"}', '{"x":["red","blue"]}', '{"x":"[red"}', '{"x":"red"}']
    rows = pl.DataFrame({"tags": tags})

    assert rows.select(tag_value("x")).to_series().to_list() == ["red", "red", "[red", "red"]


@pytest.mark.parametrize(
    ("patterns", "glob", "expected"),
    [
        (["blue"], False, [True, False, False]),
        (["bl*"], True, [True, False, False]),
        (["bl*"], False, [False, False, False]),
        (["red"], False, [True, True, False]),
        ([""], False, [False, False, True]),
        (["*"], True, [True, True, False]),
    ],
)
def test_of_several_values_one_that_fits_is_enough(patterns: list[str], glob: bool, expected: list[bool]) -> None:  # noqa: FBT001
    rows = pl.DataFrame({"tags": ['{"x":"[\\"red\\",\\"blue\\"]"}', '{"x":"red"}', None]})

    assert rows.select(tag_matches("x", patterns, glob=glob)).to_series().to_list() == expected
