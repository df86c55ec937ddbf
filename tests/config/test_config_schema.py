"""The example file, the JSON Schema and the listing of settings: all from the same declarations."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from finopsctl.config.example import example
from finopsctl.config.schema import json_schema, json_schema_text, reference, rows, toml
from finopsctl.config.settings import Settings, from_variables, load, variable

_COMMITTED = Path(__file__).parents[2] / "docs" / "finopsctl.schema.json"


def _load(folder: Path, text: str) -> Settings:
    (folder / "finopsctl.toml").write_text(text, "utf-8")
    return load(config=folder / "finopsctl.toml", environ={"HOME": str(folder)}, start=folder, flags={})


def _plain(value: Any) -> Any:
    """Write TOML's dates the way JSON does."""
    if isinstance(value, dict):
        return {name: _plain(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_plain(held) for held in value]
    return value.isoformat() if isinstance(value, date) else value


def _errors(text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(json_schema())
    return [error.message for error in validator.iter_errors(_plain(tomllib.loads(text)))]


def test_the_committed_schema_is_current() -> None:
    """Write it again with: finopsctl config schema -o docs/finopsctl.schema.json."""
    assert _COMMITTED.read_text("utf-8") == json_schema_text()


def test_the_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_example_switched_off_sets_nothing(tmp_path: Path) -> None:
    assert _load(tmp_path, example()) == Settings()


def test_the_example_switched_on_is_valid_and_shows_every_key(tmp_path: Path) -> None:
    text = switched_on(example())
    settings = _load(tmp_path, text)

    assert _errors(text) == []
    assert set(json_schema()["properties"]) == {name.split(".")[0] for name in settings.origins}


@pytest.mark.parametrize(
    "text",
    [
        "tpo = 3",
        'top = "3"',
        "top = 0",
        'currency = "usd"',
        'cost-basis = "lst"',
        "[[budget]]\nteam = 'a'",
        "[[budget]]\nlimit = 1\nperiod = 'weekly'",
        "[workloads]\na = 'chatt'",
        "[strategic-targets]\na = [1]",
        "[[allocation.rule]]\nname = 'x'",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(text: str) -> None:
    assert _errors(text)


@pytest.mark.parametrize(
    "text",
    [
        'cost_basis = "list"',
        "since = 2026-10-01",
        'by = "team,model"',
        "[[budget]]\nlimit = 5\n'tag:tier' = 'gold'",
        "[kpi.user-types]\npower_spend = 0.1",
        "[[allocation.rule]]\nset = { team = 'a' }\nwhen = { model = ['a', 'b'] }\nfrom = 2026-01-01",
    ],
)
def test_the_schema_accepts_what_the_reader_accepts(tmp_path: Path, text: str) -> None:
    _load(tmp_path, text)

    assert _errors(text) == []


def test_what_is_listed_is_toml_that_reads_back_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before = _load(tmp_path / "a", switched_on(example()))
    listed = "\n".join(f"{name} = {toml(value)}" for name, value, _ in rows(before) if toml(value) not in {"", "{}"})
    after = _load(tmp_path / "b", listed)

    assert {name: toml(value) for name, value, _ in rows(after)} == {
        name: toml(value) for name, value, _ in rows(before)
    }


def test_the_listing_says_where_each_value_came_from(tmp_path: Path) -> None:
    found = {
        name: (value, origin) for name, value, origin in rows(_load(tmp_path, 'top = 3\n[workloads]\n"a*" = "chat"'))
    }

    assert found["top"] == (3, "project file finopsctl.toml")
    assert found['workloads."a*"'] == ("chat", "project file finopsctl.toml")
    assert found["tz"] == ("UTC", "default")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (Decimal("1E-7"), "0.0000001"),
        ('say "hi" \\ \x1b', '"say \\"hi\\" \\\\ \\U0000001b"'),
        (("a", 1), '["a", 1]'),
        ({"a b": 1}, '{ "a b" = 1 }'),
        (date(2026, 1, 1), "2026-01-01"),
    ],
)
def test_values_are_written_as_toml(value: object, text: str) -> None:
    assert toml(value) == text


def test_every_variable_is_in_the_reference() -> None:
    text = reference()

    assert all(f"`{variable(name)}`" in text for name in from_variables())
    assert "`[[budget]]`" in text
    assert json.loads(json_schema_text())["title"] == "finopsctl configuration"


def switched_on(text: str) -> str:
    """Return an example file with every setting switched on."""
    lines = text.splitlines()
    return "\n".join(line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in lines) + "\n"
