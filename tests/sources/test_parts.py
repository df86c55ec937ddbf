"""What several sources share: tags as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from finopsctl.sources._parts import tags_json


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["a", "b"], '["a", "b"]'),
        (["a", "", None, "a", "b"], '["a", "b"]'),
        (["a"], "a"),
        ([7], "7"),
        ({"k": 1}, '{"k": 1}'),
    ],
)
def test_a_label_of_several_values_is_a_list_without_repeats_and_of_one_the_value(value: Any, text: str) -> None:
    found = tags_json({"x": value})

    assert found is not None
    assert json.loads(found) == {"x": text}


@pytest.mark.parametrize("value", [None, "", [], [None, ""], {}])
def test_a_label_without_a_value_is_none(value: Any) -> None:
    assert tags_json({"x": value}) is None
