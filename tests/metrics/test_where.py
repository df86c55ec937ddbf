"""Filters: what a condition keeps."""

from __future__ import annotations

import polars as pl
import pytest

from finopsctl.errors import ConfigError
from finopsctl.metrics.where import condition
from ledgers import ledger

TABLE = """
team    model        environment
support gpt-4o       prod
search  gpt-4.1-mini dev
support claude-x     -
-       gpt-4o       dev
"""


def kept(*filters: str) -> list[int]:
    found = condition(filters)
    assert found is not None
    return ledger(TABLE).with_row_index().filter(found).collect()["index"].to_list()


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        (["team=support"], [0, 2]),
        (["use_case="], [0, 1, 2, 3]),
        (["team=support,search"], [0, 1, 2]),
        (["team=support", "environment=prod"], [0]),
        (["model~gpt-4*"], [0, 1, 3]),
        (["model~gpt-4?"], [0, 3]),
        (["model!~gpt-4*"], [2]),
        (["environment!=dev"], [0, 2]),
        (["team="], [3]),
        (["team=(untagged)"], [3]),
        (["team!="], [0, 1, 2]),
        (["team=support,"], [0, 2, 3]),
        (["day=2026-10-01"], [0, 1, 2, 3]),
        (["model=gpt-4*"], []),
    ],
)
def test_a_filter_keeps_the_rows_it_describes(filters: list[str], rows: list[int]) -> None:
    assert kept(*filters) == rows


def test_a_dot_in_a_glob_is_a_dot() -> None:
    assert kept("model~gpt-4.*") == [1]


def test_no_filter_is_no_condition() -> None:
    assert condition([]) is None


def test_a_condition_is_never_null() -> None:
    found = condition(["team!=support"])
    assert found is not None

    assert ledger(TABLE).select(found.is_null().any()).collect().item() is False


@pytest.mark.parametrize("text", ["team", "=x", ""])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot read the filter"):
        condition([text])


def test_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown dimension 'taem'"):
        condition(["taem=x"])


def test_token_class_is_no_property_of_a_record() -> None:
    with pytest.raises(ConfigError, match="several token classes"):
        condition(["token_class=input"])


def test_a_tag_may_be_filtered_by() -> None:
    found = condition(["tag:cost-centre=42"])
    rows = ledger("requests\n1", tags='{"cost-centre":"42"}')
    assert found is not None

    assert rows.filter(found).select(pl.len()).collect().item() == 1
